/* spf_prefetch.c: asks early for what an SPF evaluation will ask.
 *
 * Each answer starts the questions that it leads to, on the thread that brings
 * it, so nobody waits and the evaluation finds its answers in the scope.  Only
 * a hint: what goes wrong here goes unnoticed, and the evaluation asks again.
 * Budgets hold the bounds of the evaluation (spf_walk.h) over the whole tree,
 * so also the depth to which callbacks that come at once nest.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"

struct prefetch {
    atomic_uint references; /* one a step under way, one for spf_prefetch() */
    atomic_int terms;       /* budgets: what is left, or below zero */
    atomic_int questions;
    struct dns_scope *dns;
    struct ip_address client;
};

/* A question whose answer leads on.  The scope calls back once in any case. */
struct step {
    struct prefetch *prefetch;
    domain_name name;
};

typedef void step_done(void *context, const struct dns_answer *answer);

static void unref(struct prefetch *prefetch)
{
    if (atomic_fetch_sub(&prefetch->references, 1) != 1)
        return;
    dns_scope_unref(prefetch->dns);
    free(prefetch);
}

static void step_free(struct step *step)
{
    unref(step->prefetch);
    free(step);
}

static bool take(atomic_int *budget)
{
    return atomic_fetch_sub(budget, 1) > 0;
}

/* A question whose answer leads to nothing. */
static void ask(struct prefetch *prefetch, const char *name, enum dns_type type)
{
    if (take(&prefetch->questions))
        dns_scope_start(prefetch->dns, name, type, NULL, NULL);
}

static void ask_then(struct prefetch *prefetch, const char *name, enum dns_type type,
                     step_done *done)
{
    struct step *step;

    if (!take(&prefetch->questions) || !(step = malloc(sizeof *step)))
        return;
    atomic_fetch_add(&prefetch->references, 1);
    step->prefetch = prefetch;
    memcpy(step->name, name, strlen(name) + 1);
    dns_scope_start(prefetch->dns, name, type, done, step);
}

static enum dns_type family(const struct prefetch *prefetch)
{
    return prefetch->client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

static void exchanges_known(void *context, const struct dns_answer *answer)
{
    struct step *step = context;

    for (size_t i = 0; i < answer->count && answer->count <= SPF_EXCHANGES_MAX; i++)
        if (answer->records[i].mx.exchange[0])
            ask(step->prefetch, answer->records[i].mx.exchange, family(step->prefetch));
    step_free(step);
}

static void ask_reverse(struct prefetch *prefetch)
{
    char reverse[IP_REVERSE_SIZE];

    ask(prefetch, ip_reverse_name(&prefetch->client, reverse), DNS_PTR);
}

static void record_known(void *context, const struct dns_answer *answer);

/* Names with macros need the evaluator. */
static void start_term(struct prefetch *prefetch, const char *domain, const struct spf_term *term)
{
    const struct spf_domain_spec *target = &term->target;
    domain_name name;

    if (!spf_mechanism_asks(term->mechanism) || !take(&prefetch->terms) || target->macros ||
        !spf_target_name(target->text.len > 0 ? target->text : text_of(domain), name))
        return;
    switch (term->mechanism) {
    case MECHANISM_INCLUDE:
        ask_then(prefetch, name, DNS_TXT, record_known);
        break;
    case MECHANISM_A:
        ask(prefetch, name, family(prefetch));
        break;
    case MECHANISM_MX:
        ask_then(prefetch, name, DNS_MX, exchanges_known);
        break;
    case MECHANISM_PTR:
        ask_reverse(prefetch);
        break;
    case MECHANISM_EXISTS:
        ask(prefetch, name, DNS_A);
        break;
    case MECHANISM_ALL:
    case MECHANISM_IP4:
    case MECHANISM_IP6:
        break;
    }
}

static void start_redirect(struct prefetch *prefetch, const struct spf_record *record)
{
    domain_name name;

    if (record->redirect.text.len > 0 && !record->redirect.macros && take(&prefetch->terms) &&
        spf_target_name(record->redirect.text, name))
        ask_then(prefetch, name, DNS_TXT, record_known);
}

/* The terms up to the first that is known to match: none after it is asked. */
static void start_terms(struct prefetch *prefetch, const char *domain,
                        const struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        if (spf_term_matches(&record->terms[i], &prefetch->client))
            return;
        start_term(prefetch, domain, &record->terms[i]);
    }
    start_redirect(prefetch, record);
}

static void record_known(void *context, const struct dns_answer *answer)
{
    struct step *step = context;
    struct region *region = region_new(0);
    struct spf_record record;
    struct text text;

    if (region && spf_record_select(answer, &text) == RECORD_ONE &&
        !spf_record_parse(region, text, &record))
        start_terms(step->prefetch, step->name, &record);
    region_free(region);
    step_free(step);
}

void spf_prefetch(struct dns_scope *dns, const char *domain, const struct ip_address *client)
{
    struct prefetch *prefetch;

    if (client->family == IP_NONE || !(prefetch = calloc(1, sizeof *prefetch)))
        return;
    atomic_init(&prefetch->references, 1);
    atomic_init(&prefetch->terms, SPF_TERMS_MAX);
    atomic_init(&prefetch->questions, SPF_QUESTIONS_MAX);
    prefetch->dns = dns_scope_ref(dns);
    prefetch->client = *client;
    ask_then(prefetch, domain, DNS_TXT, record_known);
    unref(prefetch);
}
