#include "cli/explain.h"

#include "auth/dkim.h"
#include "auth/spf.h"
#include "base/ip.h"
#include "base/region.h"
#include "cli/advice.h"
#include "cli/explain_part.h"
#include "core/session.h"
#include "core/transaction.h"
#include "dns/scope.h"
#include "mail/message.h"

/* --- what came ---------------------------------------------------------- */

static const char *const sender_words[] = {
    [PATH_ADDRESS] = "",
    [PATH_NULL] = "<> (the null sender: SPF looks at the HELO name)",
    [PATH_LOCAL] = "without a domain",
    [PATH_LITERAL] = "at an address literal: no domain to check",
    [PATH_MALFORMED] = "malformed: no identity is taken from it",
};

static void line(const struct teller *teller, const char *key, struct text value)
{
    tell(teller, STEP_INDENT, "%-12s %s", key, value.len > 0 ? told(teller, value) : "(none)");
}

static void tell_sender(const struct teller *teller, const struct path *sender)
{
    if (sender->kind == PATH_ADDRESS)
        line(teller, "MAIL FROM", text_of(sender->domain));
    else
        tell(teller, STEP_INDENT, "%-12s %s", "MAIL FROM", sender_words[sender->kind]);
}

static void tell_author(const struct teller *teller, const struct author *author)
{
    for (size_t i = 0; i < author->count; i++)
        line(teller, "author", text_of(author->domains[i]));
    if (author->status != AUTHOR_OK)
        tell(teller, STEP_INDENT, "%-12s %s", "From field",
             name_of(author_status_names, (int)author->status));
}

static void tell_message(const struct explanation *x)
{
    const struct judgement *j = x->judgement;
    const struct teller *teller = &x->teller;
    char ip[IP_TEXT_SIZE];

    tell(teller, 0, "What came");
    line(teller, "client", text_of(ip_format(&x->session->client, ip)));
    if (*j->client_name)
        line(teller, "its name", text_of(j->client_name));
    line(teller, "HELO", x->session->helo);
    tell_sender(teller, &j->message->mail_from);
    tell_author(teller, j->author);
    if (*j->list.domain)
        tell(teller, STEP_INDENT, "%-12s %s, %s", "list", told(teller, text_of(j->list.domain)),
             j->list.is_signed ? "signed by the list's own domain"
                               : "not signed by the list's domain");
    if (j->message->fields_capped)
        tell(teller, STEP_INDENT, "more than %d header fields: the rest was not looked at",
             (int)MESSAGE_FIELDS_MAX);
}

/* --- checks ------------------------------------------------------------- */

/* What no sentence tells. */
static void tell_detail(const struct teller *teller, const struct detail *d)
{
    switch (d->kind) {
    case DETAIL_NUMBER:
        tell(teller, DETAIL_INDENT, "%s: %lld", d->name, d->number);
        break;
    case DETAIL_TEXT:
        tell(teller, DETAIL_INDENT, "%s: %s", d->name, told(teller, d->text));
        break;
    case DETAIL_BOOL:
        tell(teller, DETAIL_INDENT, "%s: %s", d->name, d->number ? "yes" : "no");
        break;
    }
}

static void tell_details(const struct explanation *x, const struct finding *f, size_t *signatures)
{
    const struct dkim_verifier *dkim = x->judgement->dkim;

    switch (f->method) {
    case METHOD_SPF:
        explain_spf(x, f);
        return;
    case METHOD_DKIM:
        if (dkim && *signatures < verify_dkim_count(dkim))
            explain_dkim(x, verify_dkim_candidate(dkim, (*signatures)++));
        for (const struct detail *d = f->details; d; d = d->next)
            if (text_equal(text_of(d->name), TEXT("not_evaluated")))
                tell(&x->teller, DETAIL_INDENT, "%lld more signatures were not looked at "
                                                "(dkim { max-signatures })", d->number);
        return;
    case METHOD_DMARC: /* has a section of its own */
        return;
    case METHOD_AUTH:
    case METHOD_IPREV:
    case METHOD_ARC:
        break;
    }
    for (const struct detail *d = f->details; d; d = d->next)
        tell_detail(&x->teller, d);
}

/* "spf=fail smtp.mailfrom=example.org" */
static void tell_result(const struct teller *teller, const struct finding *f)
{
    fprintf(teller->out, "  %s=%s", name_of(method_names, (int)f->method),
            name_of(result_names, (int)f->result));
    for (const struct property *p = f->properties; p; p = p->next)
        fprintf(teller->out, " %s=%s", p->name, told(teller, p->value));
    fputc('\n', teller->out);
}

static void tell_findings(const struct explanation *x)
{
    const struct judgement *j = x->judgement;
    const struct teller *teller = &x->teller;
    size_t signatures = 0;

    fputc('\n', teller->out);
    tell(teller, 0, "Checks");
    if (!j->findings->first)
        tell(teller, STEP_INDENT, "none: mail of this origin is not judged");
    for (const struct finding *f = j->findings->first; f; f = f->next) {
        const char *todo = advice_for(f);

        tell_result(teller, f);
        if (f->reason)
            tell(teller, DETAIL_INDENT, "why: %s", f->reason);
        tell_details(x, f, &signatures);
        if (todo)
            tell(teller, DETAIL_INDENT, "what to do: %s", todo);
    }
    if (j->spf && j->spf->explanation)
        tell(teller, STEP_INDENT, "the SPF domain explains: %s",
             quoted(teller, text_of(j->spf->explanation)));
}

/* --- ARC ---------------------------------------------------------------- */

static void tell_set(const struct teller *teller, const struct arc_set *set, unsigned instance)
{
    const struct signature *seal = &set->seal;

    if (!set->fields[ARC_SEAL]) {
        tell(teller, STEP_INDENT, "%2u  no seal", instance);
        return;
    }
    tell(teller, STEP_INDENT, "%2u  sealed by %s (selector %s), who found the chain: %s", instance,
         seal->domain, seal->selector, name_of(chain_status_names, (int)seal->chain));
    if (set->fields[ARC_RESULTS])
        tell(teller, DETAIL_INDENT, "he saw: %s", quoted(teller, text_trim(set->results)));
}

static void tell_arc(const struct explanation *x)
{
    const struct arc_outcome *arc = x->judgement->arc;
    const struct arc_chain *chain = arc ? arc->chain : NULL;

    if (!chain || chain->newest == 0)
        return;
    fputc('\n', x->teller.out);
    tell(&x->teller, 0, "ARC chain, newest seal first: %s",
         name_of(result_names, (int)arc->result));
    for (unsigned i = chain->newest; i >= 1; i--)
        if (chain->sets[i])
            tell_set(&x->teller, chain->sets[i], i);
    if (arc->oldest_pass)
        tell(&x->teller, STEP_INDENT,
             "not changed since sealer %u had it; he or one before him changed it",
             arc->oldest_pass);
}

/* --- what follows ------------------------------------------------------- */

static void tell_step(const struct teller *teller, const struct plan_step *step)
{
    switch (step->kind) {
    case PLAN_DELETE:
        tell(teller, STEP_INDENT, "delete %s number %zu", step->name, step->index);
        break;
    case PLAN_INSERT:
        fprintf(teller->out, "  insert at %zu: %s: %s\n", step->index, step->name, step->value);
        break;
    case PLAN_HOLD:
        tell(teller, STEP_INDENT, "hold in the MTA's quarantine: %s", step->value);
        break;
    }
}

static void tell_verdict(const struct explanation *x)
{
    const struct verdict *v = &x->judgement->verdict;
    const struct teller *teller = &x->teller;

    fputc('\n', teller->out);
    tell(teller, 0, "Verdict: %s", name_of(action_names, (int)v->action));
    tell(teller, STEP_INDENT, "why: %s", v->reason);
    if (v->override != OVERRIDE_NONE)
        tell(teller, STEP_INDENT, "the policy was not followed: %s",
             name_of(override_reason_names, (int)v->override));
    if (v->override_comment)
        tell(teller, STEP_INDENT, "because: %s", v->override_comment);
    if (v->would > v->action)
        tell(teller, STEP_INDENT, "if it were enforced in full: %s",
             name_of(action_names, (int)v->would));
    if (v->reply.code)
        tell(teller, STEP_INDENT, "reply: %u %s %s", v->reply.code, v->reply.enhanced,
             v->reply.text);
    for (const struct plan_step *step = x->judgement->plan.steps; step; step = step->next)
        tell_step(teller, step);
}

/* --- DNS ---------------------------------------------------------------- */

static void tell_dns_record(const struct teller *teller, enum dns_type type,
                            const struct dns_record *r)
{
    struct ip_address address;
    char ip[IP_TEXT_SIZE];

    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        address = ip_from_octets(type == DNS_A ? IP_V4 : IP_V6, r->address);
        tell(teller, DETAIL_INDENT, "%s", ip_format(&address, ip));
        break;
    case DNS_CNAME:
    case DNS_PTR:
        tell(teller, DETAIL_INDENT, "%s", r->name);
        break;
    case DNS_MX:
        tell(teller, DETAIL_INDENT, "%u %s", (unsigned)r->mx.preference,
             told(teller, text_of(*r->mx.exchange ? r->mx.exchange : ".")));
        break;
    case DNS_TXT:
        tell(teller, DETAIL_INDENT, "%s", quoted(teller, r->data));
        break;
    case DNS_TLSA:
        tell(teller, DETAIL_INDENT, "(%zu octets)", r->data.len);
        break;
    }
}

static void tell_lookup(void *context, const char *name, const struct dns_answer *answer)
{
    const struct teller *teller = context;

    tell(teller, STEP_INDENT, "%-5s %s: %s%s%s%s%s%s%s",
         name_of(dns_type_names, (int)answer->type), told(teller, text_of(name)),
         name_of(dns_status_names, (int)answer->status), answer->why ? ", " : "",
         answer->why ? answer->why : "", answer->secure ? ", secure" : "",
         answer->through_cname ? ", through a CNAME" : "",
         answer->refused ? ", malformed records left out" : "", answer->capped ? ", cut" : "");
    for (size_t i = 0; i < answer->count; i++)
        tell_dns_record(teller, answer->type, &answer->records[i]);
}

static void tell_dns(const struct explanation *x)
{
    const struct dns_scope_usage *usage = &x->judgement->dns;
    struct teller teller = x->teller;

    fputc('\n', teller.out);
    tell(&teller, 0, "DNS: %u questions, waited %lld ms%s", usage->questions,
         (long long)usage->waited_ms,
         usage->limit_hit ? ", more were refused (resolver { questions })" : "");
    dns_scope_each(x->session->dns, tell_lookup, &teller);
    dns_scope_each(x->dns, tell_lookup, &teller);
}

bool explain(const struct session *session, const struct judgement *j, struct dns_scope *dns,
             FILE *out)
{
    struct explanation x = { { .out = out, .region = region_new(0) }, session, j, dns };
    bool done;

    if (!x.teller.region)
        return false;
    tell_message(&x);
    tell_findings(&x);
    tell_arc(&x);
    explain_dmarc(&x);
    explain_leaving(&x);
    tell_verdict(&x);
    tell_dns(&x);
    done = !region_failed(x.teller.region);
    region_free(x.teller.region);
    return done;
}
