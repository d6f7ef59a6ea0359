/* explain_spf.c: the records that one evaluation asked for, in the order in which
 * it did, read again from the answers that the message's scope remembers. */
#include "auth/finding.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "cli/explain_part.h"
#include "core/session.h"
#include "dns/scope.h"

static const struct detail *detail_of(const struct finding *f, const char *name)
{
    for (const struct detail *d = f->details; d; d = d->next)
        if (text_equal(text_of(d->name), text_of(name)))
            return d;
    return NULL;
}

static struct text text_detail(const struct finding *f, const char *name)
{
    const struct detail *d = detail_of(f, name);

    return d ? d->text : (struct text){ NULL, 0 };
}

static long long number_detail(const struct finding *f, const char *name)
{
    const struct detail *d = detail_of(f, name);

    return d ? d->number : 0;
}

/* The walk, told once more. */
struct replay {
    const struct explanation *x;
    struct text path; /* domains not told yet, '>' between them */
};

static struct text next_domain(const struct replay *r)
{
    return text_head(r->path, text_find(r->path, '>'));
}

/* Whether TARGET, of an include or a redirect, is where the walk went next; what
 * a macro gives is not asked again. */
static bool leads_on(const struct replay *r, const struct spf_domain_spec *target)
{
    domain_name name;

    return r->path.len > 0 && target->text.len > 0 &&
           (target->macros || (spf_target_name(target->text, name) &&
                               text_equal(text_of(name), next_domain(r))));
}

/* The one SPF record at NAME; false: there is none, or not one alone. */
static bool record_at(const struct replay *r, struct text name, struct text *record)
{
    domain_name domain;
    const struct dns_answer *answer;

    if (!domain_normalise(name, domain))
        return false;
    answer = dns_scope_lookup(r->x->dns, domain, DNS_TXT);
    return !dns_failed(answer) && spf_record_select(answer, record) == RECORD_ONE;
}

/* The records that RECORD, told at DEPTH, leads to: up to the term that ends it
 * whatever the DNS says. */
static void tell_record(struct replay *r, const char *how, unsigned depth);

static void follow(struct replay *r, const struct spf_record *record, unsigned depth)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];

        if (term->mechanism == MECHANISM_INCLUDE && leads_on(r, &term->target))
            tell_record(r, "include ", depth + 1);
        if (spf_term_matches(term, &r->x->session->client))
            return;
    }
    if (leads_on(r, &record->redirect))
        tell_record(r, "redirect ", depth + 1);
}

static void tell_record(struct replay *r, const char *how, unsigned depth)
{
    const struct teller *teller = &r->x->teller;
    struct text domain = next_domain(r), text;
    struct spf_record record;

    r->path = text_tail(r->path, domain.len + 1);
    if (!record_at(r, domain, &text)) {
        tell(teller, DETAIL_INDENT + 2 * depth, "%s%s: no record that can be used", how,
             told(teller, domain));
        return;
    }
    tell(teller, DETAIL_INDENT + 2 * depth, "%s%s: %s", how, told(teller, domain),
         quoted(teller, text));
    if (depth < SPF_RECORDS_MAX && !spf_record_parse(teller->region, text, &record))
        follow(r, &record, depth);
}

/* The trail: what matched in each record on the way, " > " between. */
static void tell_decision(const struct explanation *x, const struct finding *f)
{
    const struct teller *teller = &x->teller;
    struct text mechanism = text_detail(f, "mechanism"), trail = text_detail(f, "trail");

    if (trail.len > 0)
        tell(teller, DETAIL_INDENT, "decided by %s", quoted(teller, trail));
    else if (mechanism.len > 0)
        tell(teller, DETAIL_INDENT, "decided by %s", quoted(teller, mechanism));
    else if (f->result == RESULT_NEUTRAL)
        tell(teller, DETAIL_INDENT, "no term matches this client, and the record ends without "
                                    "\"all\"");
}

void explain_spf(const struct explanation *x, const struct finding *f)
{
    struct replay replay = { x, text_detail(f, "path") };

    for (const char *how = ""; replay.path.len > 0; how = "then ")
        tell_record(&replay, how, 0);
    tell_decision(x, f);
    if (f->result != RESULT_NONE)
        tell(&x->teller, DETAIL_INDENT,
             "%lld of %d terms that ask the DNS, %lld of %d that found nothing; engine: %s",
             number_detail(f, "lookups"), (int)SPF_TERMS_MAX, number_detail(f, "voids"),
             (int)SPF_VOIDS_MAX, told(&x->teller, text_detail(f, "engine")));
}
