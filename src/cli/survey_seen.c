/* survey_seen.c: the selectors that stored mail of a domain is signed with. */
#include <string.h>

#include "base/region.h"
#include "cli/mailstore.h"
#include "cli/survey.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "mail/taglist.h"

struct reading {
    struct survey *survey;
    struct region *region; /* of this message */
};

static void note(struct survey *s, const char *selector)
{
    const char *copy;

    for (size_t i = 0; i < s->seen_count; i++)
        if (strcmp(s->seen[i], selector) == 0)
            return;
    copy = text_dup(s->teller.region, text_of(selector));
    if (copy && s->seen_count < SURVEY_SELECTORS_MAX)
        s->seen[s->seen_count++] = copy;
}

static void on_field(void *context, struct text label, struct text value)
{
    const struct reading *r = context;
    const struct text *domain, *selector;
    const struct field *field;
    struct taglist tags;
    domain_name name;

    if (!text_equal_nocase(text_trim(label), TEXT("DKIM-Signature")))
        return;
    field = field_inserted(r->region, label, value); /* with the folding of the wire */
    if (!field || taglist_parse(field->value, true, &tags) != TAGLIST_OK)
        return;
    domain = taglist_get(&tags, "d");
    selector = taglist_get(&tags, "s");
    if (domain && selector && domain_normalise(*domain, name) && strcmp(name, r->survey->domain) == 0 &&
        domain_normalise(*selector, name))
        note(r->survey, name);
}

static void read_message(struct survey *survey, struct text message)
{
    struct reading reading = { survey, region_new(0) };

    if (reading.region)
        eml_fields(message, on_field, &reading);
    region_free(reading.region);
}

bool survey_mail(struct survey *survey, const char *path)
{
    struct mailstore *store = mailstore_open(path);
    struct stored_message message;

    if (!store)
        return false;
    while (mailstore_next(store, &message))
        if (!message.fault)
            read_message(survey, message.octets);
    mailstore_close(store);
    return true;
}
