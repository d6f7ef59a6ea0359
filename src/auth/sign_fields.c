#include "auth/sign_fields.h"

#include "auth/header_hash.h"
#include "auth/signature.h"
#include "base/region.h"
#include "mail/message.h"

enum coverage {
    COVER_EACH, /* those that are there; more may join them */
    COVER_ONCE, /* if there is one, nobody may add a second */
    COVER_ALONE /* neither may one be added where there is none */
};

/* Sendmail adds after us: From, Date, Message-Id and their Resent- forms; To,
 * where nobody is named as recipient (NoRecipientAction); MIME-Version and
 * Content-* to 8-bit text without MIME-Version, and leaves its body as it is.
 * Postfix adds To likewise (undisclosed_recipients_header), and for remote clients
 * (always_add_missing_headers) From, Date and Message-Id.  Lists add Sender and
 * List-*; that one adds a Reply-To is what its oversigning is to tell. */
static const struct rule {
    const char *name;
    enum coverage coverage;
    const char *added; /* NULL: no MTA adds it; "": one does where it is absent,
                          else only where that field is absent too */
} rules[] = {
    { "From", COVER_ALONE, "" },
    { "Sender", COVER_ONCE, NULL },
    { "Reply-To", COVER_ALONE, NULL },
    { "Subject", COVER_ALONE, NULL },
    { "Date", COVER_ALONE, "" },
    { "Message-ID", COVER_ALONE, "" },
    { "To", COVER_ALONE, "" },
    { "Cc", COVER_ALONE, NULL },
    { "In-Reply-To", COVER_ONCE, NULL },
    { "References", COVER_ONCE, NULL },
    { "MIME-Version", COVER_ALONE, "" },
    { "Content-Type", COVER_ALONE, "MIME-Version" },
    { "Content-Transfer-Encoding", COVER_ALONE, "MIME-Version" },
    { "Content-Disposition", COVER_EACH, NULL },
    { "Content-Description", COVER_EACH, NULL },
    { "Content-ID", COVER_EACH, NULL },
    { "Resent-Date", COVER_EACH, "" },
    { "Resent-From", COVER_EACH, "" },
    { "Resent-Sender", COVER_EACH, "" },
    { "Resent-To", COVER_EACH, "" },
    { "Resent-Cc", COVER_EACH, "" },
    { "Resent-Message-ID", COVER_EACH, "" },
    { "List-Id", COVER_EACH, NULL },
    { "List-Help", COVER_EACH, NULL },
    { "List-Unsubscribe", COVER_EACH, NULL }, /* RFC 8058 §4 wants it and its Post signed */
    { "List-Unsubscribe-Post", COVER_EACH, NULL },
    { "List-Subscribe", COVER_EACH, NULL },
    { "List-Post", COVER_EACH, NULL },
    { "List-Owner", COVER_EACH, NULL },
    { "List-Archive", COVER_EACH, NULL },
    { "Autocrypt", COVER_EACH, NULL },
    { "BIMI-Selector", COVER_EACH, NULL },
    { "Feedback-ID", COVER_EACH, NULL },
};

enum { RULES = sizeof rules / sizeof rules[0] };

/* "X-" fields are not among them: filters add, change and delete them at will.
 * But one may be asked for by name, since some mailers' duties have it signed. */
static const char *const never[] = {
    "Return-Path",
    "Received",
    "Received-SPF",
    "Delivered-To",
    "Bcc",
    "Resent-Bcc",
    "Apparently-To",
    "Content-Length",
    "Lines",
    "Status",
    "Authentication-Results",
    "DKIM-Signature",
    "DKIM2-Signature",
    "DomainKey-Signature",
    "Message-Instance",
    "BIMI-Indicator",
    "BIMI-Location",
};

/* ftext without ';', which would end h= (RFC 6376 §3.5) */
static bool is_name_octet(char c)
{
    return c > ' ' && c < '\x7f' && c != ':' && c != ';';
}

bool sign_may_cover(struct text name)
{
    if (name.len == 0 || !text_all(name, is_name_octet) || text_starts_nocase(name, TEXT("ARC-")))
        return false;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (text_equal_nocase(name, text_of(never[i])))
            return false;
    return true;
}

bool sign_fields_add(struct sign_fields *fields, struct text name, size_t times)
{
    if (times > SIGNED_NAMES_MAX - fields->count)
        return false;
    for (size_t i = 0; i < times; i++)
        fields->names[fields->count++] = name;
    return true;
}

static bool has_name(const struct text *names, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(names[i], name))
            return true;
    return false;
}

/* Whether an MTA may yet add the field of RULE, of which there is none. */
static bool may_be_added(const struct rule *rule, const struct header_index *header)
{
    return rule->added && header_index_count(header, text_of(rule->added)) == 0;
}

/* How often h= names a field that stands COUNT times. */
static size_t times(const struct rule *rule, enum coverage coverage, size_t count,
                    const struct header_index *header)
{
    switch (coverage) {
    case COVER_EACH:
        return count;
    case COVER_ONCE:
        return count > 0 ? count + 1 : 0;
    case COVER_ALONE:
        return count == 0 && may_be_added(rule, header) ? 0 : count + 1;
    }
    return count;
}

bool sign_fields_usual(struct text name, bool alone)
{
    for (size_t i = 0; i < RULES; i++)
        if (text_equal_nocase(name, text_of(rules[i].name)))
            return !alone || rules[i].coverage == COVER_ALONE;
    return false;
}

/* Those of MORE that no rule names. */
static bool add_more(const struct header_index *header, const struct text *more, size_t count,
                     struct sign_fields *out)
{
    for (size_t i = 0; i < count; i++)
        if (sign_may_cover(more[i]) && !sign_fields_usual(more[i], false) &&
            !has_name(more, i, more[i]) &&
            !sign_fields_add(out, more[i], header_index_count(header, more[i]) + 1))
            return false;
    return true;
}

static const char too_many[] = "too many fields to sign", no_memory[] = "out of memory";

static bool init(struct sign_fields *fields, struct region *region)
{
    *fields = (struct sign_fields){
        region_array(region, SIGNED_NAMES_MAX, sizeof fields->names[0]), 0
    };
    return fields->names;
}

const char *sign_fields_choose(struct region *region, const struct header_index *header,
                               const struct text *more, size_t count, struct sign_fields *out)
{
    if (!init(out, region))
        return no_memory;
    for (size_t i = 0; i < RULES; i++) {
        struct text name = text_of(rules[i].name);
        enum coverage coverage = has_name(more, count, name) ? COVER_ALONE : rules[i].coverage;
        size_t wanted = times(&rules[i], coverage, header_index_count(header, name), header);

        if (!sign_fields_add(out, name, wanted))
            return too_many;
    }
    return add_more(header, more, count, out) ? NULL : too_many;
}

const char *sign_fields_list(struct region *region, struct text list, struct sign_fields *out)
{
    struct text rest = list;

    if (!init(out, region))
        return no_memory;
    while (rest.len > 0) {
        struct text name = text_head(rest, text_find(rest, ':'));

        if (!sign_fields_add(out, text_trim(name), 1))
            return too_many;
        rest = text_tail(rest, name.len + 1);
    }
    return NULL;
}

static void note_cut(void *context, const struct field *field)
{
    bool *cut = context;

    *cut |= field->cut;
}

const char *sign_fields_judge(const struct sign_fields *fields, struct header_index *header)
{
    bool cut = false;

    header_select(header, fields->names, fields->count, NULL, note_cut, &cut);
    return cut ? "field to sign too long" : NULL;
}
