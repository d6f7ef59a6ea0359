/* survey_spf.c: the SPF records that an evaluation may need, all of them: which
 * client asks decides how many it does (RFC 7208 §4.6.4). */
#include <math.h>
#include <string.h>

#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "cli/survey.h"

/* RECORDS: looked at in all, whatever a tree says.  WIDE: more addresses than an
 * organization has. */
enum { RECORDS_MAX = 60, DEPTH_MAX = 16, WIDE_ADDRESSES = 1 << 20 };

struct tree {
    struct aspect *a;
    struct region *region;
    unsigned lookups, voids, records, v6_networks;
    double v4_addresses;
    unsigned depth;
    const char *above[DEPTH_MAX]; /* the records that led here */
    bool ended; /* by an "all", of the domain's own record or where it redirects to */
};

static void see_record(struct tree *t, const char *domain, const char *how, bool own);

static double addresses_of(unsigned prefix)
{
    return ldexp(1, 32 - (int)prefix);
}

static const char *shown(const struct tree *t, struct text text)
{
    return quoted(&t->a->survey->teller, text);
}

/* The name that TERM of the record at DOMAIN asks for; false: that depends on the
 * message, or is no name. */
static bool target_of(struct tree *t, const char *domain, const struct spf_domain_spec *spec,
                      domain_name out)
{
    if (spec->text.len == 0) {
        strcpy(out, domain);
        return true;
    }
    if (spec->macros) {
        aspect_fact(t->a, t->depth + 1, "%s depends on the message", shown(t, spec->text));
        return false;
    }
    if (spf_target_name(spec->text, out) && spf_is_host_name(out))
        return true;
    aspect_judge(t->a, GRADE_WRONG, "name a domain there", "%s is no domain name",
                 shown(t, spec->text));
    return false;
}

static void note_void(struct tree *t, const char *name, const char *type)
{
    t->voids++;
    aspect_judge(t->a, GRADE_ADVICE, "take the term out, or publish what it asks for",
                 "%s has no %s record: a void lookup", name, type);
}

/* ---- terms that ask */

/* The addresses of NAME, each with its network; how many there are. */
static size_t see_addresses(struct tree *t, const struct spf_term *term, const char *name)
{
    const struct dns_answer *v4 = survey_ask(t->a, name, DNS_A);
    const struct dns_answer *v6 = survey_ask(t->a, name, DNS_AAAA);

    if (!v4 || !v6)
        return 1;
    if (term->result == RESULT_PASS) {
        t->v4_addresses += (double)v4->count * addresses_of(term->prefix4);
        t->v6_networks += (unsigned)v6->count;
    }
    return v4->count + v6->count;
}

static void see_mx(struct tree *t, const struct spf_term *term, const char *name)
{
    const struct dns_answer *answer = survey_ask(t->a, name, DNS_MX);

    if (!answer)
        return;
    if (answer->count == 0)
        note_void(t, name, "MX");
    if (answer->count > SPF_EXCHANGES_MAX)
        aspect_judge(t->a, GRADE_WRONG, "list networks by ip4 and ip6 in place of mx",
                     "mx: %s has %zu MX hosts, and %d are allowed: permerror", name,
                     answer->count, (int)SPF_EXCHANGES_MAX);
    for (size_t i = 0; i < answer->count && i < SPF_EXCHANGES_MAX; i++)
        if (spf_is_host_name(answer->records[i].mx.exchange))
            (void)see_addresses(t, term, answer->records[i].mx.exchange);
}

static void see_include(struct tree *t, const char *name)
{
    t->depth++;
    see_record(t, name, "include ", false);
    t->depth--;
}

static void see_asking_term(struct tree *t, const char *domain, const struct spf_term *term)
{
    domain_name name;

    t->lookups++;
    if (term->mechanism == MECHANISM_PTR) {
        aspect_judge(t->a, GRADE_ADVICE, "list networks by ip4 and ip6 in its place (RFC 7208, 5.5)",
                     "ptr in the record of %s: slow, and not relied on by many receivers", domain);
        return;
    }
    if (!target_of(t, domain, &term->target, name))
        return;
    if (term->mechanism == MECHANISM_INCLUDE)
        see_include(t, name);
    else if (term->mechanism == MECHANISM_MX)
        see_mx(t, term, name);
    else if (see_addresses(t, term, name) == 0)
        note_void(t, name, "address");
}

/* ---- records */

static void see_all(struct tree *t, const char *domain, const struct spf_term *term, bool own)
{
    t->ended |= own;
    if (term->result == RESULT_PASS)
        aspect_judge(t->a, GRADE_WRONG, "end the record with -all or ~all",
                     "+all in the record of %s: everybody may send as %s", domain,
                     t->a->survey->domain);
    else if (own && term->result == RESULT_NEUTRAL)
        aspect_judge(t->a, GRADE_ADVICE, "end the record with -all or ~all",
                     "?all: the record says nothing about other hosts");
}

static void see_term(struct tree *t, const char *domain, const struct spf_term *term, bool own)
{
    if (spf_mechanism_asks(term->mechanism)) {
        see_asking_term(t, domain, term);
    } else if (term->mechanism == MECHANISM_ALL) {
        see_all(t, domain, term, own);
    } else if (term->result == RESULT_PASS) {
        if (term->mechanism == MECHANISM_IP4)
            t->v4_addresses += addresses_of(term->network.prefix);
        else
            t->v6_networks++;
    }
}

static void see_terms(struct tree *t, const char *domain, const struct spf_record *record, bool own)
{
    domain_name name;

    for (size_t i = 0; i < record->count; i++)
        see_term(t, domain, &record->terms[i], own);
    if (spf_record_has_all(record) || record->redirect.text.len == 0)
        return;
    t->lookups++;
    if (!target_of(t, domain, &record->redirect, name)) {
        t->ended = true; /* somewhere that is not known */
        return;
    }
    t->depth++;
    see_record(t, name, "redirect ", own);
    t->depth--;
}

/* Whether what SELECTION and ANSWER say is one record; judges, else. */
static bool is_one(struct tree *t, const char *domain, const struct dns_answer *answer,
                   enum spf_selection selection)
{
    if (selection == RECORD_ONE)
        return true;
    if (selection == RECORD_MANY) {
        aspect_judge(t->a, GRADE_WRONG, "make one record of them", "several SPF records at %s: "
                     "permerror", domain);
    } else if (t->depth > 0) {
        t->voids += answer->count == 0;
        aspect_judge(t->a, GRADE_WRONG, "take it out: it is not there any more",
                     "%s has no SPF record: permerror", domain);
    } else {
        aspect_judge(t->a, GRADE_ADVICE, "publish one: \"v=spf1 mx -all\" if the MX hosts send, "
                                         "\"v=spf1 -all\" if nobody does",
                     "no SPF record");
    }
    return false;
}

static bool is_loop(const struct tree *t, const char *domain)
{
    for (unsigned i = 0; i < t->depth; i++)
        if (strcmp(t->above[i], domain) == 0)
            return true;
    return false;
}

/* Whether the tree goes on at DOMAIN. */
static bool goes_on(struct tree *t, const char *domain)
{
    if (is_loop(t, domain)) {
        aspect_judge(t->a, GRADE_WRONG, "take it out", "%s leads back to itself: permerror", domain);
        return false;
    }
    if (t->depth < DEPTH_MAX && t->records++ < RECORDS_MAX)
        return true;
    aspect_fact(t->a, t->depth, "%s: not looked at: there are too many records", domain);
    return false;
}

static void see_record(struct tree *t, const char *domain, const char *how, bool own)
{
    const struct dns_answer *answer;
    struct spf_record record;
    struct text text;
    const char *error;

    if (!goes_on(t, domain))
        return;
    t->above[t->depth] = domain;
    answer = survey_ask(t->a, domain, DNS_TXT);
    if (!answer || !is_one(t, domain, answer, spf_record_select(answer, &text)))
        return;
    aspect_fact(t->a, t->depth, "%s%s: %s", how, domain, shown(t, text));
    error = spf_record_parse(t->region, text, &record);
    if (error)
        aspect_judge(t->a, GRADE_WRONG, "correct the record", "%s: permerror: %s", domain, error);
    else
        see_terms(t, domain, &record, own);
}

/* ---- the whole */

static void judge_limits(struct tree *t)
{
    if (t->lookups > SPF_TERMS_MAX)
        aspect_judge(t->a, GRADE_WRONG, "take includes out, or list their networks",
                     "%u terms ask the DNS, and %d are allowed: permerror for those who come far "
                     "enough", t->lookups, (int)SPF_TERMS_MAX);
    else
        aspect_fact(t->a, 0, "%u of %d terms that ask the DNS", t->lookups, (int)SPF_TERMS_MAX);
    if (t->voids > SPF_VOIDS_MAX)
        aspect_judge(t->a, GRADE_WRONG, "take the terms out that find nothing",
                     "%u of them find nothing, and %d may: permerror", t->voids,
                     (int)SPF_VOIDS_MAX);
    aspect_fact(t->a, 0, "%.0f IPv4 addresses and %u IPv6 networks may send", t->v4_addresses,
                t->v6_networks);
    if (t->v4_addresses > WIDE_ADDRESSES)
        aspect_judge(t->a, GRADE_ADVICE, "list the networks of your own senders alone",
                     "so many addresses belong to others, too");
}

void survey_spf(struct survey *survey)
{
    struct tree t = { .a = survey_aspect(survey, "SPF"), .region = survey->teller.region };

    if (!t.a)
        return;
    see_record(&t, survey->domain, "", true);
    if (!t.a->lines || (t.a->lines->judged && !t.a->lines->next))
        return; /* there is no record */
    judge_limits(&t);
    if (!t.ended && t.a->grade < GRADE_UNKNOWN)
        aspect_judge(t.a, GRADE_ADVICE, "end the record with -all or ~all",
                     "no \"all\": the record says nothing about other hosts");
    aspect_number(t.a, "lookups", t.lookups);
    aspect_number(t.a, "voids", t.voids);
    aspect_number(t.a, "ipv4-addresses", t.v4_addresses);
}
