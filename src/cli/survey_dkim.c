/* survey_dkim.c: the DKIM keys of a domain.  Nobody can ask for all of them: looked at
 * are the selectors given, those of our own keys and of mail, and else what is usual. */
#include <string.h>
#include <strings.h>

#include "auth/key_record.h"
#include "cli/survey.h"
#include "config/config.h"

enum { GOOD_FROM = 2048, USELESS_BELOW = 1024 }; /* bits of an RSA key (RFC 8301) */

enum why {
    WANTED, /* given by hand, or of a key of ours: its record has to be there */
    SEEN,   /* in mail, which may be old */
    GUESSED
};

/* What is looked at, each once. */
struct selectors {
    size_t count;
    struct {
        const char *name;
        enum why why;
    } items[3 * SURVEY_SELECTORS_MAX];
};

static const char *const usual[] = { "default", "dkim", "mail", "s1", "s2", "k1", "k2", "k3",
                                     "selector1", "selector2", "google", "20230601", "smtp",
                                     "key1", "key2", "mx", "ed25519", "rsa" };

static void see_key(struct aspect *a, const char *selector, const struct key_record *key)
{
    aspect_fact(a, 0, "%s: %s, %u bits%s%s", selector, key->type == KEY_RSA ? "RSA" : "Ed25519",
                key->bits, key->testing ? ", t=y" : "", key->same_domain ? ", t=s" : "");
    if (key->type == KEY_RSA && key->bits < USELESS_BELOW)
        aspect_judge(a, GRADE_WRONG, "make a key of 2048 bits (vidimus keygen)",
                     "%s: %u bits are no key: receivers ignore it (RFC 8301)", selector, key->bits);
    else if (key->type == KEY_RSA && key->bits < GOOD_FROM)
        aspect_judge(a, GRADE_ADVICE, "make a key of 2048 bits (vidimus keygen)",
                     "%s: %u bits are few", selector, key->bits);
    if (!key->sha256)
        aspect_judge(a, GRADE_WRONG, "leave h= out of the record", "%s: h= does not allow SHA-256, "
                     "and nothing else verifies (RFC 8301)", selector);
    if (key->testing)
        aspect_judge(a, GRADE_ADVICE, "take t=y out once the signatures verify",
                     "%s: t=y says that you are testing", selector);
}

static void miss(struct aspect *a, const char *selector, const char *name, enum why why)
{
    if (why == WANTED)
        aspect_judge(a, GRADE_WRONG, "publish the record of the key (vidimus domain --keys "
                                     "shows it for keys of ours), or do not sign with it",
                     "%s: no record at %s", selector, name);
    else if (why == SEEN)
        aspect_fact(a, 0, "%s: seen in mail; no record (any more)", selector);
}

/* The records at SELECTOR; false: there is none. */
static bool see_selector(struct aspect *a, const char *selector, enum why why)
{
    struct survey *s = a->survey;
    const struct dns_answer *answer;
    struct key_record key;
    const char *refusal;
    domain_name name;
    char label[DOMAIN_MAX + sizeof "._domainkey"];

    snprintf(label, sizeof label, "%s._domainkey", selector);
    if (!survey_name(label, s->domain, name))
        return false;
    answer = survey_ask(a, name, DNS_TXT);
    if (!answer || answer->count == 0) {
        if (answer)
            miss(a, selector, name, why);
        return false;
    }
    if (answer->count > 1)
        aspect_judge(a, GRADE_WRONG, "leave one: what receivers do with several is not defined",
                     "%s: %zu TXT records at %s", selector, answer->count, name);
    refusal = key_record_parse(s->teller.region, answer->records[0].data, &key);
    if (refusal && strstr(refusal, "revoked"))
        aspect_fact(a, 0, "%s: revoked (p= is empty)", selector);
    else if (refusal)
        aspect_judge(a, GRADE_WRONG, "correct the record", "%s: %s: %s", selector, refusal,
                     quoted(&s->teller, answer->records[0].data));
    else
        see_key(a, selector, &key);
    return true;
}

/* Whether KEY of RULE signs as DOMAIN. */
static bool signs_as(const struct sign_rule *rule, const struct key_source *key,
                     const char *domain)
{
    const char *signs = strcmp(key->domain, "%") == 0 ? rule->pattern : key->domain;

    return key->state == KEY_ACTIVE && strcmp(signs, domain) == 0;
}

static void add(struct selectors *to, const char *name, enum why why)
{
    for (size_t i = 0; i < to->count; i++)
        if (strcasecmp(to->items[i].name, name) == 0)
            return;
    if (to->count == sizeof to->items / sizeof to->items[0])
        return;
    to->items[to->count].name = name;
    to->items[to->count++].why = why;
}

static void add_all(struct selectors *to, const char *const *names, size_t count, enum why why)
{
    for (size_t i = 0; i < count; i++)
        add(to, names[i], why);
}

/* Of our own active keys that sign as the domain. */
static void add_own(struct selectors *to, const struct survey *s)
{
    for (size_t i = 0; i < s->config->sign_rule_count; i++) {
        const struct sign_rule *rule = &s->config->sign_rules[i];

        for (size_t k = 0; k < rule->key_count; k++)
            if (signs_as(rule, &rule->keys[k], s->domain))
                add(to, rule->keys[k].selector, WANTED);
    }
}

/* RFC 8020: what lies under a name that does not exist does not exist. */
static bool there_are_none(struct aspect *a)
{
    domain_name name;
    const struct dns_answer *answer;

    if (!survey_name("_domainkey", a->survey->domain, name))
        return true;
    answer = survey_ask(a, name, DNS_TXT);
    return answer && answer->status == DNS_NXDOMAIN;
}

void survey_dkim(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "DKIM");
    struct selectors selectors = { .count = 0 };
    size_t found = 0;

    if (!a)
        return;
    add_all(&selectors, survey->selectors, survey->selector_count, WANTED);
    add_own(&selectors, survey);
    add_all(&selectors, survey->seen, survey->seen_count, SEEN);
    if (selectors.count == 0 && !there_are_none(a))
        add_all(&selectors, usual, sizeof usual / sizeof *usual, GUESSED);
    for (size_t i = 0; i < selectors.count; i++)
        found += see_selector(a, selectors.items[i].name, selectors.items[i].why);
    if (found == 0 && a->grade < GRADE_UNKNOWN)
        aspect_judge(a, GRADE_ADVICE, "sign, or give the selectors that do: --selector NAME (s= of "
                                      "a DKIM-Signature field), or --seen with mail",
                     "no key found");
    aspect_number(a, "keys", (double)found);
}
