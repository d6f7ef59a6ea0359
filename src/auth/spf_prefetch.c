/* spf_prefetch.c: asks early for what an SPF evaluation will ask.
 *
 * Each answer starts the questions that it leads to, on the thread that brings
 * it, so nobody waits and the evaluation finds its answers in the scope.  Only
 * a hint: what goes wrong here goes unnoticed, and the evaluation asks again.
 * Budgets bound the whole tree.  The evaluation goes down into an include before
 * it looks at the next, and may match before it has counted ten terms where all
 * of them would be more; here they come by levels.  So each record knows how many
 * terms come before it at least: what is beyond the ten is not asked, which also
 * bounds the depth to which callbacks that come at once nest.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf.h"
#include "auth/spf_macro.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"

enum { TERMS_MAX = 2 * SPF_TERMS_MAX };

struct prefetch {
    atomic_uint references; /* one a step under way, one for spf_prefetch() */
    atomic_int terms;       /* budgets: what is left, or below zero */
    atomic_int questions;
    struct spf_request request; /* what it points to stands below */
    domain_name domain, helo;
    char local_part[];
};

/* A question whose answer leads on.  The scope calls back once in any case. */
struct step {
    struct prefetch *prefetch;
    unsigned terms;   /* counted when the evaluation gets there, at least */
    domain_name name; /* that was asked for; of PTR records, see pointers_known() */
};

/* A record whose terms are looked at. */
struct place {
    struct prefetch *prefetch;
    unsigned terms;
    struct spf_macros macros;
};

typedef void step_done(void *context, const struct dns_answer *answer);

static void unref(struct prefetch *prefetch)
{
    if (atomic_fetch_sub(&prefetch->references, 1) != 1)
        return;
    dns_scope_unref(prefetch->request.dns);
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
        dns_scope_start(prefetch->request.dns, name, type, NULL, NULL);
}

/* Asks for NAME; its answer comes to DONE with a step that tells about ABOUT and
 * TERMS. */
static void ask_about(struct prefetch *prefetch, const char *name, enum dns_type type,
                      step_done *done, const char *about, unsigned terms)
{
    struct step *step;

    if (!take(&prefetch->questions))
        return;
    step = malloc(sizeof *step);
    if (!step) {
        dns_scope_fail(prefetch->request.dns);
        return;
    }
    atomic_fetch_add(&prefetch->references, 1);
    step->prefetch = prefetch;
    step->terms = terms;
    memcpy(step->name, about, strlen(about) + 1);
    dns_scope_start(prefetch->request.dns, name, type, done, step);
}

static void ask_then(const struct place *place, const char *name, enum dns_type type,
                     step_done *done)
{
    ask_about(place->prefetch, name, type, done, name, place->terms);
}

static enum dns_type family(const struct prefetch *prefetch)
{
    return prefetch->request.client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

static void exchanges_known(void *context, const struct dns_answer *answer)
{
    struct step *step = context;

    for (size_t i = 0; i < answer->count && answer->count <= SPF_EXCHANGES_MAX; i++)
        if (answer->records[i].mx.exchange[0])
            ask(step->prefetch, answer->records[i].mx.exchange, family(step->prefetch));
    step_free(step);
}

/* The addresses of the client's names that could be one within NAME, or of all
 * when NAME is "". */
static void pointers_known(void *context, const struct dns_answer *answer)
{
    struct step *step = context;

    for (size_t i = 0; i < answer->count && i < SPF_POINTERS_MAX; i++)
        if (!step->name[0] || domain_is_within(answer->records[i].name, step->name))
            dns_scope_start(step->prefetch->request.dns, answer->records[i].name,
                            family(step->prefetch), NULL, NULL);
    step_free(step);
}

static void ask_reverse(struct prefetch *prefetch, const char *within)
{
    char reverse[IP_REVERSE_SIZE];

    ip_reverse_name(&prefetch->request.client, reverse);
    ask_about(prefetch, reverse, DNS_PTR, pointers_known, within, 0);
}

static void record_known(void *context, const struct dns_answer *answer);

/* The name that SPEC asks for.  False when there is none, or none yet: then what
 * the macro p needs is asked. */
static bool target_name(const struct place *place, const struct spf_domain_spec *spec,
                        domain_name out)
{
    struct spf_expansion expansion;

    if (!spec->macros)
        return spf_target_name(spec->text.len > 0 ? spec->text : text_of(place->macros.domain),
                               out);
    if (spf_expand_name(&place->macros, spec->text, &expansion))
        return spf_target_name(spf_expansion_text(&expansion), out);
    if (spf_macro_uses(spec->text, 'p'))
        ask_reverse(place->prefetch, "");
    return false;
}

static void start_term(const struct place *place, const struct spf_term *term)
{
    struct prefetch *prefetch = place->prefetch;
    domain_name name;

    if (place->terms > SPF_TERMS_MAX || !take(&prefetch->terms) ||
        !target_name(place, &term->target, name))
        return;
    switch (term->mechanism) {
    case MECHANISM_INCLUDE:
        ask_then(place, name, DNS_TXT, record_known);
        break;
    case MECHANISM_A:
        ask(prefetch, name, family(prefetch));
        break;
    case MECHANISM_MX:
        ask_then(place, name, DNS_MX, exchanges_known);
        break;
    case MECHANISM_PTR:
        ask_reverse(prefetch, name);
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

static void start_redirect(const struct place *place, const struct spf_record *record)
{
    domain_name name;

    if (record->redirect.text.len > 0 && place->terms <= SPF_TERMS_MAX &&
        take(&place->prefetch->terms) && target_name(place, &record->redirect, name))
        ask_then(place, name, DNS_TXT, record_known);
}

/* The terms up to the first that is known to match: none after it is asked. */
static void start_terms(struct place *place, const struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];

        if (spf_term_matches(term, &place->prefetch->request.client))
            return;
        if (!spf_mechanism_asks(term->mechanism))
            continue;
        place->terms++;
        start_term(place, term);
    }
    place->terms++;
    start_redirect(place, record);
}

static void record_known(void *context, const struct dns_answer *answer)
{
    struct step *step = context;
    struct place place = {
        .prefetch = step->prefetch,
        .terms = step->terms,
        .macros = { .request = &step->prefetch->request, .domain = step->name },
    };
    struct region *region = region_new(0);
    struct spf_record record;
    struct text text;

    if (region && spf_record_select(answer, &text) == RECORD_ONE &&
        !spf_record_parse(region, text, &record))
        start_terms(&place, &record);
    if (!region || region_failed(region))
        dns_scope_fail(step->prefetch->request.dns);
    region_free(region);
    step_free(step);
}

static struct prefetch *prefetch_new(const struct spf_request *request)
{
    struct prefetch *prefetch = calloc(1, sizeof *prefetch + request->local_part.len);

    if (!prefetch) {
        dns_scope_fail(request->dns);
        return NULL;
    }
    atomic_init(&prefetch->references, 1);
    atomic_init(&prefetch->terms, TERMS_MAX);
    atomic_init(&prefetch->questions, SPF_QUESTIONS_MAX);
    prefetch->request = *request;
    prefetch->request.region = NULL;
    prefetch->request.receiver = NULL; /* for explanations, as `now` */
    dns_scope_ref(request->dns);
    memcpy(prefetch->domain, request->domain, strlen(request->domain) + 1);
    prefetch->request.domain = prefetch->domain;
    if (request->helo) {
        memcpy(prefetch->helo, request->helo, strlen(request->helo) + 1);
        prefetch->request.helo = prefetch->helo;
    }
    memcpy(prefetch->local_part, request->local_part.data, request->local_part.len);
    prefetch->request.local_part.data = prefetch->local_part;
    return prefetch;
}

void spf_prefetch(const struct spf_request *request)
{
    struct prefetch *prefetch = prefetch_new(request);

    if (!prefetch)
        return;
    ask_about(prefetch, request->domain, DNS_TXT, record_known, request->domain, 0);
    unref(prefetch);
}

void spf_prefetch_named(const struct spf_macros *macros, const struct spf_record *record)
{
    struct prefetch *prefetch = prefetch_new(macros->request);
    struct place place = { .prefetch = prefetch, .macros = *macros };

    if (!prefetch)
        return;
    for (size_t i = 0; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];

        if (spf_term_matches(term, &macros->request->client))
            break;
        if (term->target.macros && spf_macro_uses(term->target.text, 'p'))
            start_term(&place, term);
    }
    unref(prefetch);
}
