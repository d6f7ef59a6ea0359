#include "cli/explain.h"

#include <string.h>

#include "base/ip.h"
#include "base/log.h"
#include "cli/advice.h"
#include "core/session.h"
#include "core/transaction.h"
#include "dns/scope.h"
#include "mail/message.h"

/* Network text, made safe for a terminal. */
static void put_text(FILE *out, struct text t)
{
    char quoted[LOG_QUOTED_MAX];

    fputs(log_quote(t, quoted), out);
}

/* The same without a bound: for records, which are looked at as a whole. */
static void put_record_text(FILE *out, struct text t)
{
    fputc('"', out);
    for (size_t i = 0; i < t.len; i++) {
        unsigned char octet = (unsigned char)t.data[i];

        if (octet < ' ' || octet > '~')
            fprintf(out, "\\%03o", (unsigned)octet);
        else
            fputc(octet, out);
    }
    fputc('"', out);
}

static void line(FILE *out, const char *key, struct text value)
{
    fprintf(out, "  %-12s ", key);
    if (value.len > 0)
        put_text(out, value);
    else
        fputs("(none)", out);
    fputc('\n', out);
}

/* --- what came ---------------------------------------------------------- */

static const char *const sender_words[] = {
    [PATH_ADDRESS] = "",
    [PATH_NULL] = "<> (the null sender: SPF looks at the HELO name)",
    [PATH_LOCAL] = "without a domain",
    [PATH_LITERAL] = "at an address literal: no domain to check",
    [PATH_MALFORMED] = "malformed: no identity is taken from it",
};

static void tell_message(const struct session *session, const struct judgement *j, FILE *out)
{
    const struct path *sender = &j->message->mail_from;
    char ip[IP_TEXT_SIZE];

    fputs("What came\n", out);
    line(out, "client", text_of(ip_format(&session->client, ip)));
    if (*j->client_name)
        line(out, "its name", text_of(j->client_name));
    line(out, "HELO", session->helo);
    if (sender->kind == PATH_ADDRESS)
        line(out, "MAIL FROM", text_of(sender->domain));
    else
        fprintf(out, "  %-12s %s\n", "MAIL FROM", sender_words[sender->kind]);
    for (size_t i = 0; i < j->author->count; i++)
        line(out, "author", text_of(j->author->domains[i]));
    if (j->author->status != AUTHOR_OK)
        fprintf(out, "  %-12s %s\n", "From field", name_of(author_status_names,
                                                          (int)j->author->status));
    if (*j->list.domain) {
        line(out, "list", text_of(j->list.domain));
        fprintf(out, "  %-12s %s\n", "", j->list.is_signed ? "signed by the list's own domain"
                                                           : "not signed by the list's domain");
    }
    if (j->message->fields_capped)
        fprintf(out, "  more than %d header fields: the rest was not looked at\n",
                (int)MESSAGE_FIELDS_MAX);
}

/* --- DNS ---------------------------------------------------------------- */

static void put_record(FILE *out, enum dns_type type, const struct dns_record *r)
{
    char ip[IP_TEXT_SIZE];
    struct ip_address address;

    fputs("      ", out);
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        address = ip_from_octets(type == DNS_A ? IP_V4 : IP_V6, r->address);
        fputs(ip_format(&address, ip), out);
        break;
    case DNS_CNAME:
    case DNS_PTR:
        fputs(r->name, out);
        break;
    case DNS_MX:
        fprintf(out, "%u ", (unsigned)r->mx.preference);
        put_text(out, text_of(*r->mx.exchange ? r->mx.exchange : "."));
        break;
    case DNS_TXT:
        put_record_text(out, r->data);
        break;
    case DNS_TLSA:
        fprintf(out, "(%zu octets)", r->data.len);
        break;
    }
    fputc('\n', out);
}

static void tell_lookup(void *context, const char *name, const struct dns_answer *answer)
{
    FILE *out = context;

    fprintf(out, "  %-5s ", name_of(dns_type_names, (int)answer->type));
    put_text(out, text_of(name));
    fprintf(out, ": %s", name_of(dns_status_names, (int)answer->status));
    if (answer->why)
        fprintf(out, " (%s)", answer->why);
    if (answer->secure)
        fputs(", secure", out);
    if (answer->through_cname)
        fputs(", through a CNAME", out);
    if (answer->refused)
        fprintf(out, ", %u malformed records left out", answer->refused);
    if (answer->capped)
        fputs(", cut", out);
    fputc('\n', out);
    for (size_t i = 0; i < answer->count; i++)
        put_record(out, answer->type, &answer->records[i]);
}

static void tell_dns(const struct session *session, const struct judgement *j,
                     struct dns_scope *dns, FILE *out)
{
    fprintf(out, "\nDNS: %u questions, waited %lld ms%s\n", j->dns.questions,
            (long long)j->dns.waited_ms,
            j->dns.limit_hit ? ", more were refused (resolver { questions })" : "");
    dns_scope_each(session->dns, tell_lookup, out);
    dns_scope_each(dns, tell_lookup, out);
}

/* --- checks ------------------------------------------------------------- */

static void put_detail(FILE *out, const struct detail *d)
{
    fprintf(out, "      %s: ", d->name);
    switch (d->kind) {
    case DETAIL_NUMBER:
        fprintf(out, "%lld", d->number);
        break;
    case DETAIL_TEXT:
        put_text(out, d->text);
        break;
    case DETAIL_BOOL:
        fputs(d->number ? "yes" : "no", out);
        break;
    }
    fputc('\n', out);
}

static void tell_finding(const struct finding *f, FILE *out)
{
    const char *todo = advice_for(f);

    fprintf(out, "  %s=%s", name_of(method_names, (int)f->method),
            name_of(result_names, (int)f->result));
    for (const struct property *p = f->properties; p; p = p->next) {
        fprintf(out, " %s=", p->name);
        put_text(out, p->value);
    }
    fputc('\n', out);
    if (f->reason)
        fprintf(out, "      why: %s\n", f->reason);
    for (const struct detail *d = f->details; d; d = d->next)
        put_detail(out, d);
    if (todo)
        fprintf(out, "      what to do: %s\n", todo);
}

static void tell_findings(const struct judgement *j, FILE *out)
{
    fputs("\nChecks\n", out);
    if (!j->findings->first)
        fputs("  none: mail of this origin is not judged\n", out);
    for (const struct finding *f = j->findings->first; f; f = f->next)
        tell_finding(f, out);
    if (j->spf && j->spf->explanation) {
        fputs("  the SPF domain explains: ", out);
        put_text(out, text_of(j->spf->explanation));
        fputc('\n', out);
    }
}

/* --- ARC ---------------------------------------------------------------- */

static void tell_set(const struct arc_set *set, unsigned instance, FILE *out)
{
    const struct signature *seal = &set->seal;

    if (!set->fields[ARC_SEAL]) {
        fprintf(out, "  %2u  no seal\n", instance);
        return;
    }
    fprintf(out, "  %2u  sealed by %s (selector %s), who found the chain: %s\n", instance,
            seal->domain, seal->selector, name_of(chain_status_names, (int)seal->chain));
    if (!set->fields[ARC_RESULTS])
        return;
    fputs("      he saw: ", out);
    put_record_text(out, text_trim(set->results));
    fputc('\n', out);
}

static void tell_arc(const struct judgement *j, FILE *out)
{
    const struct arc_chain *chain = j->arc ? j->arc->chain : NULL;

    if (!chain || chain->newest == 0)
        return;
    fprintf(out, "\nARC chain, newest seal first: %s\n",
            name_of(result_names, (int)j->arc->result));
    for (unsigned i = chain->newest; i >= 1; i--)
        if (chain->sets[i])
            tell_set(chain->sets[i], i, out);
    if (j->arc->oldest_pass)
        fprintf(out, "  not changed since sealer %u had it; he or one before him changed it\n",
                j->arc->oldest_pass);
}

/* --- DMARC -------------------------------------------------------------- */

static void tell_alignment(const char *method, const char *identifier, FILE *out)
{
    if (identifier)
        fprintf(out, "  %s: %s passes and belongs to the author domain\n", method, identifier);
    else
        fprintf(out, "  %s: nothing that passes belongs to the author domain\n", method);
}

static const char *const source_words[] = {
    [DMARC_SOURCE_P] = "p of the author domain's own record",
    [DMARC_SOURCE_SP] = "sp: the author domain is a subdomain without a record",
    [DMARC_SOURCE_NP] = "np: the author domain does not exist",
    [DMARC_SOURCE_PSD] = "the record of the public suffix above",
};

static void tell_dmarc(const struct judgement *j, FILE *out)
{
    const struct dmarc_outcome *d = j->dmarc;

    if (!d)
        return;
    fprintf(out, "\nDMARC (%s)\n",
            d->discovery == DMARC_PSL ? "Public Suffix List" : "DNS tree walk");
    for (size_t i = 0; i < d->query_count; i++)
        fprintf(out, "  asked %s\n", d->queries[i]);
    if (d->record) {
        fprintf(out, "  record at %s: ", d->policy_domain);
        put_record_text(out, d->record->text);
        fputc('\n', out);
    } else {
        fputs("  no record applies\n", out);
    }
    if (d->organizational_domain)
        line(out, "organization", text_of(d->organizational_domain));
    tell_alignment("SPF", d->aligned_spf, out);
    tell_alignment("DKIM", d->aligned_dkim, out);
    if (d->has_policy)
        fprintf(out, "  policy %s (%s%s)\n", name_of(dmarc_policy_names, (int)d->policy),
                source_words[d->policy_source], d->testing ? "; t=y makes it milder" : "");
}

/* --- what follows ------------------------------------------------------- */

static void tell_step(const struct plan_step *step, FILE *out)
{
    switch (step->kind) {
    case PLAN_DELETE:
        fprintf(out, "  delete %s number %zu\n", step->name, step->index);
        break;
    case PLAN_INSERT:
        fprintf(out, "  insert at %zu: %s: %s\n", step->index, step->name, step->value);
        break;
    case PLAN_HOLD:
        fprintf(out, "  hold in the MTA's quarantine: %s\n", step->value);
        break;
    }
}

static void tell_verdict(const struct judgement *j, FILE *out)
{
    const struct verdict *v = &j->verdict;

    fprintf(out, "\nVerdict: %s\n", name_of(action_names, (int)v->action));
    fprintf(out, "  why: %s\n", v->reason);
    if (v->override != OVERRIDE_NONE)
        fprintf(out, "  the policy was not followed: %s\n",
                name_of(override_reason_names, (int)v->override));
    if (v->override_comment)
        fprintf(out, "  because: %s\n", v->override_comment);
    if (v->reply.code)
        fprintf(out, "  reply: %u %s %s\n", v->reply.code, v->reply.enhanced, v->reply.text);
    for (const struct plan_step *step = j->plan.steps; step; step = step->next)
        tell_step(step, out);
}

void explain(const struct session *session, const struct judgement *j, struct dns_scope *dns,
             FILE *out)
{
    tell_message(session, j, out);
    tell_dns(session, j, dns, out);
    tell_findings(j, out);
    tell_arc(j, out);
    tell_dmarc(j, out);
    tell_verdict(j, out);
}
