#include "report/failure.h"

#include <string.h>

#include "auth/authres.h"
#include "auth/key_record.h"
#include "auth/spf.h"
#include "auth/spf_record.h"
#include "base/buf.h"
#include "base/region.h"
#include "core/transaction.h"
#include "dns/scope.h"
#include "mail/message.h"
#include "report/redact_header.h"
#include "report/row.h"

const struct name failure_type_names[] = {
    { FAILURE_DMARC, "dmarc" },
    { FAILURE_SIGNATURE, "signature" },
    { FAILURE_REVOKED, "revoked" },
    { FAILURE_SPF, "spf" },
    { 0, NULL },
};

const struct name failure_delivery_names[] = {
    { FAILURE_DELIVERED, "delivered" },
    { FAILURE_POLICY, "policy" },
    { FAILURE_REJECT, "reject" },
    { 0, NULL },
};

/* --- what failed ------------------------------------------------------------- */

/* A temporary error is no failure: nothing is wrong with the message. */
static bool is_failure(enum result result)
{
    switch (result) {
    case RESULT_FAIL:
    case RESULT_SOFTFAIL:
    case RESULT_POLICY:
    case RESULT_NEUTRAL:
    case RESULT_PERMERROR:
        return true;
    case RESULT_NONE:
    case RESULT_PASS:
    case RESULT_TEMPERROR:
        return false;
    }
    return false;
}

static bool is_aligned(const struct dmarc_outcome *d, const char *domain, bool strict)
{
    if (strcmp(domain, d->from_domain) == 0)
        return true;
    return !strict && d->organizational_domain &&
           domain_is_within(domain, d->organizational_domain);
}

/* The signature that the report is about: the first that failed, of an aligned domain if
 * there is one (RFC 9991 §4); NULL: none failed. */
static const struct finding *failed_signature(const struct judgement *j)
{
    const struct finding *first = NULL;

    for (const struct finding *f = j->findings->first; f; f = f->next) {
        domain_name domain;

        if (f->method != METHOD_DKIM || !is_failure(f->result))
            continue;
        if (domain_normalise(finding_get(f, "header.d"), domain) &&
            is_aligned(j->dmarc, domain, j->dmarc->record->strict_dkim))
            return f;
        if (!first)
            first = f;
    }
    return first;
}

static bool is_revoked(const struct finding *signature)
{
    return signature->reason && strcmp(signature->reason, KEY_RECORD_REVOKED) == 0;
}

static bool spf_failed(const struct judgement *j)
{
    return j->spf && *j->spf->domain && is_failure(j->spf->result) &&
           j->spf->result != RESULT_NEUTRAL;
}

/* --- fo= --------------------------------------------------------------------- */

struct wishes {
    bool all, any, dkim, spf; /* 0, 1, d, s */
};

/* 0 and 1 exclude each other: of both the one that asks for less.  What is not known
 * is ignored; if nothing is left, the default holds. */
static struct wishes wishes_of(struct text fo)
{
    struct wishes w = { 0 };

    while (fo.len > 0) {
        size_t colon = text_find(fo, ':');
        struct text option = text_trim(text_head(fo, colon));

        w.all = w.all || text_equal(option, TEXT("0"));
        w.any = w.any || text_equal(option, TEXT("1"));
        w.dkim = w.dkim || text_equal_nocase(option, TEXT("d"));
        w.spf = w.spf || text_equal_nocase(option, TEXT("s"));
        fo = text_tail(fo, colon + 1);
    }
    if (!w.any && !w.dkim && !w.spf)
        w.all = true;
    if (w.all)
        w.any = false;
    return w;
}

static bool is_asked_for(const struct judgement *j, enum failure_type *type)
{
    const struct wishes w = wishes_of(j->dmarc->record->fo);
    bool dkim = j->dmarc->aligned_dkim, spf = j->dmarc->aligned_spf;

    const struct finding *signature = w.dkim ? failed_signature(j) : NULL;

    *type = FAILURE_DMARC;
    if ((w.all && !dkim && !spf) || (w.any && (!dkim || !spf)))
        return true;
    *type = signature && is_revoked(signature) ? FAILURE_REVOKED : FAILURE_SIGNATURE;
    if (signature)
        return true;
    *type = FAILURE_SPF;
    return w.spf && spf_failed(j);
}

/* --- mails that nobody may answer --------------------------------------------- */

/* The type of Content-Type VALUE is multipart/report: bounces, receipts, reports. */
static bool is_report(struct text value)
{
    struct text type = text_trim(text_head(value, text_find(value, ';')));

    return text_starts_nocase(type, TEXT("multipart/report")) ||
           text_starts_nocase(type, TEXT("message/feedback-report")) ||
           text_starts_nocase(type, TEXT("message/delivery-status"));
}

static bool is_automatic(const struct message *message)
{
    for (const struct field *f = message->fields; f; f = f->next) {
        if (field_is(f, TEXT("Content-Type")) && is_report(f->value))
            return true;
        if (field_is(f, TEXT("Auto-Submitted")) &&
            !text_equal_nocase(text_trim(text_head(f->value, text_find(f->value, ';'))),
                               TEXT("no")))
            return true;
    }
    return message->mail_from.kind == PATH_NULL || message->fields_capped;
}

/* --- whether ------------------------------------------------------------------- */

/* RFC 9991 §2; and what stands right below the root is nobody's alone, whatever its
 * record says. */
static bool is_public(const struct dmarc_outcome *d)
{
    return d->record->psd == PSD_YES || d->policy_source == DMARC_SOURCE_PSD ||
           domain_labels(d->policy_domain) < 2;
}

static bool has_decided(const struct dmarc_outcome *d)
{
    return d && (d->result == RESULT_PASS || d->result == RESULT_FAIL) && d->record &&
           d->policy_domain && d->from_domain;
}

enum failure_case failure_wanted(const struct judgement *j, const struct ip_address *client,
                                 enum failure_type *type)
{
    if (j->origin != ORIGIN_OUTSIDE || client->family == IP_NONE || !j->message ||
        j->verdict.action == ACTION_TEMPFAIL || j->unreported || !has_decided(j->dmarc))
        return FAILURE_NONE;
    if (!row_has_mailto(j->dmarc->record->ruf) || is_public(j->dmarc) || !is_asked_for(j, type))
        return FAILURE_NONE;
    return is_automatic(j->message) ? FAILURE_AUTOMATIC : FAILURE_REPORTED;
}

/* --- what ---------------------------------------------------------------------- */

/* T in REGION, if it is short, printable ASCII; else "". */
static const char *words(struct region *region, struct text t)
{
    const char *copy;

    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] < 0x20 || t.data[i] > 0x7e)
            return "";
    copy = t.len > 0 && t.len < FAILURE_VALUE_MAX ? text_dup(region, t) : "";
    return copy ? copy : "";
}

static const char *redacted(struct region *region, const struct redactor *redactor,
                            struct text local_part, const char *domain)
{
    char shown[REDACTED_SIZE];
    struct buf out;

    buf_init(&out, region, REDACTED_SIZE + DOMAIN_MAX + 1);
    buf_printf(&out, "%s@%s", redact_local_part(redactor, local_part, shown), domain);
    return buf_failed(&out) ? "" : buf_str(&out);
}

/* A reason may hold a name that an SPF macro made of a local part. */
static const char *harmless(const char *reason)
{
    struct text t = text_of(reason);

    return text_find(t, '.') < t.len || text_find(t, '@') < t.len ? NULL : reason;
}

/* The results as our field has them, but for local parts and doubtful reasons. */
static const char *results(struct region *region, const struct redactor *redactor,
                           const struct judgement *j)
{
    struct findings shown;
    struct buf plain, out;

    findings_init(&shown, region);
    for (const struct finding *f = j->findings->first; f; f = f->next) {
        struct finding *copy = findings_add(&shown, f->method, f->result, harmless(f->reason));

        if (copy)
            copy->properties = f->properties;
    }
    buf_init(&plain, region, FAILURE_VALUE_MAX / 2);
    buf_init(&out, region, FAILURE_VALUE_MAX);
    authres_write(&plain, j->authserv_id, &shown);
    redact_addresses(&out, redactor, buf_text(&plain));
    return buf_failed(&plain) || buf_failed(&out) || out.len == 0 ? "" : buf_str(&out);
}

static void take_signature(struct failure *failure, struct region *region,
                           const struct judgement *j)
{
    const struct finding *f = failed_signature(j);
    domain_name domain;

    if (!f || (failure->type == FAILURE_DMARC && failure->dkim_aligned) ||
        !domain_normalise(finding_get(f, "header.d"), domain))
        return;
    failure->dkim_domain = words(region, text_of(domain));
    failure->dkim_selector = words(region, finding_get(f, "header.s"));
}

/* The record that SPF began with.  It was asked for, so the answer is there. */
static void take_spf(struct failure *failure, struct region *region, const struct judgement *j,
                     struct dns_scope *dns)
{
    struct text record;

    if (!dns || !spf_failed(j) || (failure->type == FAILURE_DMARC && failure->spf_aligned))
        return;
    if (spf_record_select(dns_scope_lookup(dns, j->spf->domain, DNS_TXT), &record) != RECORD_ONE)
        return;
    failure->spf_domain = j->spf->domain;
    failure->spf_record = words(region, record);
}

static enum failure_delivery delivery_of(enum action action)
{
    switch (action) {
    case ACTION_ACCEPT:
    case ACTION_TEMPFAIL:
        return FAILURE_DELIVERED;
    case ACTION_QUARANTINE:
        return FAILURE_POLICY;
    case ACTION_REJECT:
        return FAILURE_REJECT;
    }
    return FAILURE_DELIVERED;
}

bool failure_fill(struct failure *failure, struct region *region, const struct judgement *j,
                  struct dns_scope *dns, const struct redactor *redactor, bool subject)
{
    const struct path *from = &j->message->mail_from;
    const char *header;

    failure->delivery = delivery_of(j->verdict.action);
    failure->dkim_aligned = j->dmarc->aligned_dkim;
    failure->spf_aligned = j->dmarc->aligned_spf;
    failure->reported_domain = j->dmarc->from_domain;
    failure->policy_domain = j->dmarc->policy_domain;
    failure->ruf = row_uris(region, j->dmarc->record->ruf);
    failure->mail_from = from->kind == PATH_ADDRESS
                             ? redacted(region, redactor, from->local_part, from->domain) : "";
    failure->results = results(region, redactor, j);
    failure->dkim_domain = failure->dkim_selector = "";
    failure->spf_domain = failure->spf_record = failure->served = "";
    take_signature(failure, region, j);
    take_spf(failure, region, j, dns);
    header = redact_header(region, redactor, j->message->fields, subject);
    failure->header = text_of(header);
    return header && !region_failed(region);
}
