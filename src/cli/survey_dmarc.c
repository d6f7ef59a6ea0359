/* survey_dmarc.c: the DMARC policy of a domain, as receivers find it (RFC 9989 §4.10),
 * and BIMI, which rests on it. */
#include <string.h>

#include "auth/dmarc_walk.h"
#include "base/region.h"
#include "cli/survey.h"
#include "mail/taglist.h"
#include "report/destination.h"

/* What a tag means; VALUE NULL: whatever its value is. */
static const struct {
    const char *tag, *value, *meaning;
} meanings[] = {
    { "p", "none", "mail that fails is treated as any other" },
    { "p", "quarantine", "mail that fails is suspicious: into the spam folder" },
    { "p", "reject", "mail that fails is to be refused" },
    { "sp", "none", "the same for subdomains: as any other" },
    { "sp", "quarantine", "for subdomains: suspicious" },
    { "sp", "reject", "for subdomains: to be refused" },
    { "np", "none", "for subdomains that do not exist: as any other" },
    { "np", "quarantine", "for subdomains that do not exist: suspicious" },
    { "np", "reject", "for subdomains that do not exist: to be refused" },
    { "adkim", "r", "a DKIM signature of the same organization counts" },
    { "adkim", "s", "only a DKIM signature of the author domain itself counts" },
    { "aspf", "r", "a MAIL FROM of the same organization counts" },
    { "aspf", "s", "only a MAIL FROM of the author domain itself counts" },
    { "t", "y", "testing: receivers apply the next milder policy" },
    { "t", "n", "not testing" },
    { "psd", "y", "a public suffix: others register below it" },
    { "psd", "n", "the organizational domain is here" },
    { "psd", "u", "the tree walk finds the organizational domain" },
    { "rua", NULL, "who gets the daily reports" },
    { "ruf", NULL, "who gets reports of single failures" },
    { "fo", NULL, "which failures are reported" },
};

/* Of RFC 7489 alone. */
static const char *const historic[] = { "pct", "rf", "ri" };

static bool is_tag(struct text name, const char *tag)
{
    return text_equal_nocase(name, text_of(tag));
}

static bool is_historic(struct text name)
{
    for (size_t i = 0; i < sizeof historic / sizeof *historic; i++)
        if (is_tag(name, historic[i]))
            return true;
    return false;
}

static void explain_tag(struct aspect *a, const struct tag *tag)
{
    const struct teller *to = &a->survey->teller;
    bool known = false;

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!is_tag(tag->name, meanings[i].tag))
            continue;
        known = true;
        if (!meanings[i].value || text_equal_nocase(tag->value, text_of(meanings[i].value))) {
            aspect_fact(a, 1, "%s=%s: %s", told(to, tag->name), told(to, tag->value),
                        meanings[i].meaning);
            return;
        }
    }
    if (known)
        aspect_judge(a, GRADE_WRONG, "correct the value: receivers ignore it", "%s=%s means nothing",
                     told(to, tag->name), told(to, tag->value));
    else if (is_historic(tag->name))
        aspect_judge(a, GRADE_ADVICE, "take it out", "%s= is not used any more (RFC 9989)",
                     told(to, tag->name));
    else
        aspect_judge(a, GRADE_ADVICE, "take it out, or correct its name",
                     "%s= is no tag of DMARC", told(to, tag->name));
}

static void explain_tags(struct aspect *a, const struct dmarc_record *record)
{
    const struct taglist *tags = survey_tags(a->survey, record->text);

    for (size_t i = 0; tags && i < tags->count; i++)
        if (!is_tag(tags->tags[i].name, "v"))
            explain_tag(a, &tags->tags[i]);
}

/* ---- records */

/* What stands at NAME beside one good record. */
static void see_records(struct aspect *a, const char *name)
{
    const struct teller *to = &a->survey->teller;
    const struct dns_answer *answer;
    unsigned records = 0;
    domain_name query;

    if (!dmarc_query_name(name, query) || !(answer = survey_ask(a, query, DNS_TXT)))
        return;
    for (size_t i = 0; i < answer->count; i++) {
        struct text text = answer->records[i].data;
        struct dmarc_record record;
        enum dmarc_record_kind kind = dmarc_record_parse(text, &record);

        records += kind != DMARC_RECORD_NONE;
        if (kind == DMARC_RECORD_INVALID)
            aspect_judge(a, GRADE_WRONG, "correct the record: receivers ignore all of it",
                         "%s: %s: a tag stands twice", query, quoted(to, text));
        else if (kind == DMARC_RECORD_UNUSABLE)
            aspect_judge(a, GRADE_WRONG, "give it p=none, p=quarantine or p=reject",
                         "%s: %s: no valid policy", query, quoted(to, text));
    }
    if (records > 1)
        aspect_judge(a, GRADE_WRONG, "leave one of them: with several, receivers take none",
                     "%u DMARC records at %s", records, query);
}

static void see_destinations(struct aspect *a, const char *policy_domain, const char *tag,
                             enum destination_tag which, struct text uris)
{
    struct region *region = a->survey->teller.region;
    const char *text = text_dup(region, uris);
    struct destination found[DESTINATIONS_MAX];
    size_t count;

    if (uris.len == 0 || !text)
        return;
    count = destinations_find(region, a->survey->dns, policy_domain, which, text, found);
    if (count == 0)
        aspect_judge(a, GRADE_WRONG, "write mailto: and an address", "%s= names no address", tag);
    for (size_t i = 0; i < count; i++) {
        const char *address = told(&a->survey->teller, text_of(found[i].address));

        if (found[i].state == DESTINATION_READY)
            aspect_fact(a, 1, "%s: reports go to %s", tag, address);
        else if (found[i].state == DESTINATION_LATER)
            aspect_judge(a, GRADE_UNKNOWN, "try again later", "%s: %s: %s", tag, address,
                         found[i].why);
        else
            aspect_judge(a, GRADE_WRONG, "have its domain publish "
                         "\"YOURS._report._dmarc.THEIRS TXT v=DMARC1\" (RFC 9990, 4), or name an "
                         "address of your own",
                         "%s: no reports go to %s: %s", tag, address, found[i].why);
    }
}

/* ---- policy */

static void judge_policy(struct aspect *a, const struct dmarc_record *record, bool inherited)
{
    enum dmarc_policy policy = inherited && record->has_sp ? record->sp : record->p;
    bool for_all = policy != DMARC_NONE && !record->testing;

    if (!inherited && record->has_sp && record->sp == DMARC_NONE && policy != DMARC_NONE) {
        aspect_judge(a, GRADE_ADVICE, "take sp=none out", "any name below the domain may be used "
                     "by anybody");
        for_all = false;
    }
    if (policy == DMARC_NONE)
        aspect_judge(a, GRADE_ADVICE, "read the reports until your own mail passes; then "
                     "p=quarantine, then p=reject", "the policy is none: forged mail is delivered");
    else if (record->testing)
        aspect_judge(a, GRADE_ADVICE, "take t=y out when the reports look right",
                     "testing: the policy is not applied in full");
    else
        aspect_fact(a, 0, "policy: %s", name_of(dmarc_policy_names, (int)policy));
    if (record->rua.len == 0)
        aspect_judge(a, GRADE_ADVICE, "add rua=mailto:ADDRESS", "nobody gets reports: you will not "
                     "see who uses the domain");
    a->survey->enforced = for_all;
}

static const struct dmarc_level *applying_level(const struct survey *s,
                                                const struct dmarc_walk *walk)
{
    const struct dmarc_level *own = dmarc_walk_at(walk, s->domain);
    const char *organization = dmarc_walk_organization(walk);

    if (own && own->usable)
        return own;
    own = organization ? dmarc_walk_at(walk, organization) : NULL;
    return own && own->usable ? own : dmarc_walk_public_suffix(walk);
}

static void tell_walk(struct aspect *a, const struct dmarc_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        const struct dmarc_level *level = &walk->levels[i];

        aspect_fact(a, 0, "asked _dmarc.%s: %s", level->name,
                    level->record ? quoted(&a->survey->teller, level->record->text) : "no record");
        see_records(a, level->name);
    }
    if (dmarc_walk_organization(walk))
        aspect_fact(a, 0, "organizational domain: %s", dmarc_walk_organization(walk));
}

void survey_dmarc(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "DMARC");
    const struct dmarc_level *level;
    struct dmarc_walk walk;

    if (!a)
        return;
    dmarc_walk_run(&walk, survey->teller.region, survey->dns, survey->domain);
    tell_walk(a, &walk);
    if (walk.failed) {
        aspect_judge(a, GRADE_UNKNOWN, "try again later", "DNS: %s", walk.why ? walk.why : "failed");
        return;
    }
    level = applying_level(survey, &walk);
    if (!level) {
        aspect_judge(a, GRADE_ADVICE, "publish \"v=DMARC1; p=none; rua=mailto:ADDRESS\" at _dmarc, "
                     "and read the reports", "no record applies: anybody may use the domain");
        return;
    }
    aspect_fact(a, 0, "the record of %s applies", level->name);
    explain_tags(a, level->record);
    judge_policy(a, level->record, strcmp(level->name, survey->domain) != 0);
    see_destinations(a, level->name, "rua", DESTINATION_RUA, level->record->rua);
    see_destinations(a, level->name, "ruf", DESTINATION_RUF, level->record->ruf);
}

/* ---- BIMI */

void survey_bimi(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "BIMI");
    const struct text *logo;
    struct text record;
    domain_name name;

    if (!survey_name("default._bimi", survey->domain, name) ||
        !survey_record(a, name, "v=BIMI1", &record))
        return;
    logo = survey_tag(survey, record, "l");
    if (!logo)
        aspect_judge(a, GRADE_WRONG, "add l=https://ADDRESS, or an empty l= to decline",
                     "l= (the logo) is missing");
    else if (logo->len > 0 && !text_starts_nocase(*logo, TEXT("https://")))
        aspect_judge(a, GRADE_WRONG, "have it fetched by https", "l= is no https address");
    if (!survey->enforced)
        aspect_judge(a, GRADE_WRONG, "p=quarantine or p=reject, and no sp=none",
                     "no logo is shown without a DMARC policy that is enforced");
}
