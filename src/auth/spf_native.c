/* spf_native.c: the SPF engine of our own: check_host() (RFC 7208 §4).
 *
 * Record parser, macro expansion, and the walk, which asks the DNS and holds
 * the limits, do the rest; here is the order of evaluation.  An include goes
 * one level deeper, and each counts as a term, so that the ten terms bound the
 * depth too.  Once the walk has stopped, its outcome stands and every question
 * is refused: all that is left to do is to return.
 */
#include <string.h>

#include "auth/spf.h"
#include "auth/spf_explanation.h"
#include "auth/spf_macro.h"
#include "auth/spf_pointer.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "base/text.h"

enum {
    TRAIL_MAX = SPF_RECORDS_MAX + 1, /* includes and redirects, and a term */
    TRAIL_TEXT_MAX = 2048            /* a longer trail is not told */
};

/* One check_host(): the record of <domain>, or where its redirects led. */
struct place {
    domain_name domain;
    struct spf_record record;
    const struct spf_term *decided; /* the directive that matched; NULL: none did */
    bool named; /* terms that name the client have been started */
};

/* A term that led to the result. */
struct step {
    const char *before; /* "redirect=", or "" */
    struct text text;
};

struct evaluation {
    struct spf_walk walk;
    size_t depth;
    struct step trail[TRAIL_MAX];
};

static enum result check_host(struct evaluation *e, struct place *place);

static void step(struct evaluation *e, const char *before, struct text text)
{
    if (e->depth < TRAIL_MAX)
        e->trail[e->depth++] = (struct step){ before, text };
}

/* --- target names --- */

static const char *validated(void *context, const char *domain)
{
    struct evaluation *e = context;

    return spf_pointer_name(&e->walk, domain);
}

/* SPEC, expanded, maybe into ROOM; <domain> where there is none.  Empty when
 * nothing can match. */
static struct text expand(struct evaluation *e, const struct place *place,
                          const struct spf_domain_spec *spec, struct spf_expansion *room)
{
    struct spf_macros macros = { e->walk.request, place->domain, validated, e };

    if (spec->text.len == 0)
        return text_of(place->domain);
    if (!spec->macros)
        return spec->text;
    if (!spf_expand_name(&macros, spec->text, room))
        return (struct text){ NULL, 0 };
    return spf_expansion_text(room);
}

/* At the first TERM of its record that names the client starts all of these: no
 * prefetch could, before that name was known. */
static void start_named(struct evaluation *e, struct place *place, const struct spf_term *term)
{
    const struct spf_macros macros = { e->walk.request, place->domain, validated, e };

    if (place->named || !term->target.macros || !spf_macro_uses(term->target.text, 'p'))
        return;
    place->named = true;
    spf_prefetch_named(&macros, &place->record);
}

/* --- mechanisms (§5) --- */

/* Whether the client is among the addresses of ANSWER (NULL: the walk has
 * stopped).  Of what was not seen nobody can say that it does not match. */
static bool holds_client(struct evaluation *e, const struct spf_term *term,
                         const struct dns_answer *answer)
{
    if (!answer)
        return false;
    if (spf_answer_holds(answer, &e->walk.request->client, term->prefix4, term->prefix6))
        return true;
    if (answer->capped)
        spf_walk_limit(&e->walk, "too many addresses");
    return false;
}

static bool match_a(struct evaluation *e, const struct spf_term *term, struct text target)
{
    return holds_client(e, term, spf_walk_term(&e->walk, target, spf_walk_family(&e->walk)));
}

static bool match_mx(struct evaluation *e, const struct spf_term *term, struct text target)
{
    const struct dns_answer *mx = spf_walk_term(&e->walk, target, DNS_MX);

    for (size_t i = 0; mx && i < mx->count; i++) {
        const char *exchange = mx->records[i].mx.exchange;

        if (exchange[0] && holds_client(e, term, spf_walk_exchange(&e->walk, exchange)))
            return true;
    }
    return false;
}

static bool match_ptr(struct evaluation *e, struct text target)
{
    const struct dns_answer *pointers = spf_walk_pointer_term(&e->walk);
    domain_name name;

    return pointers && spf_target_name(target, name) &&
           spf_pointer_within(&e->walk, pointers, name);
}

static bool match_exists(struct evaluation *e, struct text target)
{
    const struct dns_answer *answer = spf_walk_term(&e->walk, target, DNS_A);

    return answer && answer->count > 0;
}

/* §5.2: only a pass matches; errors have stopped the walk. */
static bool match_include(struct evaluation *e, struct text target)
{
    struct place there = { .decided = NULL };

    if (target.len == 0) { /* counts, and finds nothing */
        spf_walk_term(&e->walk, target, DNS_TXT);
        return false;
    }
    return spf_walk_target(&e->walk, target, there.domain, &there.record) &&
           check_host(e, &there) == RESULT_PASS;
}

static bool matches(struct evaluation *e, struct place *place, const struct spf_term *term)
{
    struct spf_expansion room;
    struct text target;

    if (!spf_mechanism_asks(term->mechanism))
        return spf_term_matches(term, &e->walk.request->client);
    start_named(e, place, term);
    target = expand(e, place, &term->target, &room);
    switch (term->mechanism) {
    case MECHANISM_A:
        return match_a(e, term, target);
    case MECHANISM_MX:
        return match_mx(e, term, target);
    case MECHANISM_PTR:
        return match_ptr(e, target);
    case MECHANISM_EXISTS:
        return match_exists(e, target);
    case MECHANISM_INCLUDE:
        return match_include(e, target);
    case MECHANISM_ALL:
    case MECHANISM_IP4:
    case MECHANISM_IP6:
        break;
    }
    return false;
}

/* --- check_host() --- */

/* The first directive that matches (§4.6.2); NULL: none, or the walk stopped. */
static const struct spf_term *first_match(struct evaluation *e, struct place *place)
{
    size_t depth = e->depth;

    for (size_t i = 0; i < place->record.count && !e->walk.stopped; i++) {
        const struct spf_term *term = &place->record.terms[i];

        step(e, "", term->text);
        if (matches(e, place, term) && !e->walk.stopped)
            return term;
        e->depth = depth;
    }
    return NULL;
}

/* §6.1: the record that it names takes the place of this one. */
static bool redirect(struct evaluation *e, struct place *place)
{
    struct spf_expansion room;
    struct place there = { .decided = NULL };

    step(e, "redirect=", place->record.redirect.text);
    if (!spf_walk_target(&e->walk, expand(e, place, &place->record.redirect, &room), there.domain,
                         &there.record))
        return false;
    *place = there;
    return true;
}

static enum result check_host(struct evaluation *e, struct place *place)
{
    do {
        place->decided = first_match(e, place);
        if (place->decided)
            return place->decided->result;
        if (e->walk.stopped)
            return e->walk.outcome->result;
        if (place->record.redirect.text.len == 0)
            return RESULT_NEUTRAL;
    } while (redirect(e, place));
    return e->walk.outcome->result;
}

/* --- the outcome --- */

static const char *trail_text(const struct evaluation *e)
{
    struct buf out;

    buf_init(&out, e->walk.request->region, TRAIL_TEXT_MAX);
    for (size_t i = 0; i < e->depth; i++) {
        buf_add(&out, i > 0 ? " > " : "");
        buf_add(&out, e->trail[i].before);
        buf_text_add(&out, e->trail[i].text);
    }
    return buf_str(&out);
}

static void settle(struct evaluation *e, const struct place *place, enum result result)
{
    struct spf_outcome *outcome = e->walk.outcome;

    outcome->result = result;
    if (place->decided)
        outcome->mechanism = text_dup(e->walk.request->region, place->decided->text);
    if (e->depth > 1)
        outcome->trail = trail_text(e);
    if (result == RESULT_FAIL)
        outcome->explanation = spf_explanation_ask(&e->walk, place->domain, &place->record);
}

static void evaluate(const struct spf_request *request, struct spf_outcome *outcome)
{
    struct evaluation e = { .depth = 0 };
    struct place place = { .decided = NULL };
    enum result result;

    spf_walk_begin(&e.walk, request, outcome);
    if (!spf_walk_first(&e.walk, &place.record))
        return;
    memcpy(place.domain, request->domain, strlen(request->domain) + 1);
    result = check_host(&e, &place);
    if (!e.walk.stopped)
        settle(&e, &place, result);
}

const struct spf_engine spf_engine_native = { "native", evaluate };
