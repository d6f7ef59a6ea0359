#include "report/row.h"

#include <string.h>

#include "base/region.h"
#include "core/transaction.h"
#include "mail/message.h"

const struct name row_case_names[] = {
    { ROW_REPORTED, "reported" },
    { ROW_NOT_JUDGED, "not_judged" },
    { ROW_NO_RECORD, "no_record" },
    { ROW_UNDECIDED, "undecided" },
    { ROW_DEFERRED, "deferred" },
    { ROW_NOT_WANTED, "not_wanted" },
    { ROW_LEFT_OUT, "left_out" },
    { 0, NULL },
};

/* --- texts ---------------------------------------------------------------- */

/* T in REGION, anything but printable ASCII as '?'. */
static const char *words(struct region *region, struct text t)
{
    char *copy = text_dup(region, t);

    if (!copy)
        return "";
    for (size_t i = 0; i < t.len; i++)
        if (copy[i] < 0x20 || copy[i] > 0x7e)
            copy[i] = '?';
    return copy;
}

/* T, or as much of it as MAX octets hold up to before a SEPARATOR. */
static struct text whole_parts(struct text t, size_t max, char separator)
{
    if (t.len <= max)
        return t;
    for (size_t i = max; i > 0; i--)
        if (t.data[i] == separator)
            return text_head(t, i);
    return (struct text){ NULL, 0 };
}

const char *row_uris(struct region *region, struct text t)
{
    return words(region, whole_parts(t, ROW_URIS_MAX, ','));
}

static const char *comment(struct region *region, const char *s)
{
    return words(region, whole_parts(text_of(s), ROW_COMMENT_MAX, ' '));
}

/* A reason as human result.  One with a dot or an at sign may hold a name that
 * an SPF macro made of somebody's local part: it stays here. */
static const char *human(struct region *region, const char *reason)
{
    struct text t = text_of(reason);

    if (t.len > ROW_HUMAN_MAX || text_find(t, '.') < t.len || text_find(t, '@') < t.len)
        return "";
    return words(region, t);
}

/* --- the message ---------------------------------------------------------- */

bool row_has_mailto(struct text uris)
{
    while (uris.len > 0) {
        size_t comma = text_find(uris, ',');

        if (text_starts_nocase(text_trim(text_head(uris, comma)), TEXT("mailto:")))
            return true;
        uris = text_tail(uris, comma + 1);
    }
    return false;
}

static enum row_case case_of(const struct judgement *j, const struct ip_address *client)
{
    const struct dmarc_outcome *d = j->dmarc;

    if (j->origin != ORIGIN_OUTSIDE || client->family == IP_NONE)
        return ROW_NOT_JUDGED;
    if (j->verdict.action == ACTION_TEMPFAIL || !d)
        return ROW_DEFERRED;
    if (d->result == RESULT_NONE)
        return ROW_NO_RECORD;
    if ((d->result != RESULT_PASS && d->result != RESULT_FAIL) || !d->record ||
        !d->policy_domain || !d->from_domain)
        return ROW_UNDECIDED;
    if (!row_has_mailto(d->record->rua))
        return ROW_NOT_WANTED;
    return j->unreported ? ROW_LEFT_OUT : ROW_REPORTED;
}

/* The domain of all recipients, or "". */
static const char *recipients_domain(const struct message *message)
{
    const struct recipient *first = message->recipients;

    for (const struct recipient *r = first; r; r = r->next)
        if (strcmp(r->path.domain, first->path.domain) != 0)
            return "";
    return first ? first->path.domain : "";
}

static void take_policy(struct row *row, struct region *region, const struct dmarc_outcome *d)
{
    const struct dmarc_record *r = d->record;

    row->policy = (struct row_policy){
        .domain = d->policy_domain,
        .p = r->p,
        .has_sp = r->has_sp,
        .has_np = r->has_np,
        .sp = r->sp,
        .np = r->np,
        .strict_dkim = r->strict_dkim,
        .strict_spf = r->strict_spf,
        .testing = r->testing,
        .psd = r->psd,
        .discovery = d->discovery,
        .fo = r->fo.len <= ROW_OPTIONS_MAX ? words(region, r->fo) : "",
        .rua = row_uris(region, r->rua),
        .ruf = row_uris(region, r->ruf),
    };
}

static void take_reason(struct row *row, struct region *region, const struct verdict *v)
{
    if (v->override == OVERRIDE_NONE)
        return;
    row->reasons[row->reason_count++] = (struct row_reason){
        .type = v->override,
        .comment = v->override_is_named ? "" : comment(region, v->override_comment),
    };
}

static void take_spf(struct row *row, struct region *region, const struct spf_identity *spf)
{
    row->spf.domain = spf ? spf->domain : "";
    row->spf.result = spf ? spf->result : RESULT_NONE;
    row->spf.human = spf ? human(region, spf->reason) : "";
}

/* --- signatures ----------------------------------------------------------- */

enum rank { RANK_AUTHOR, RANK_ALIGNED, RANK_PASSED, RANK_REST, RANK_COUNT };

static enum rank rank_of(enum result result, const char *domain, const struct dmarc_outcome *d)
{
    if (result != RESULT_PASS)
        return RANK_REST;
    if (strcmp(domain, d->from_domain) == 0)
        return RANK_AUTHOR;
    if (!d->record->strict_dkim && d->organizational_domain &&
        domain_is_within(domain, d->organizational_domain))
        return RANK_ALIGNED;
    return RANK_PASSED;
}

/* How much of the body is unsigned differs from message to message: rows of one
 * kind would not merge. */
static const char *dkim_human(struct region *region, const struct finding *f)
{
    for (const struct detail *detail = f->details; detail; detail = detail->next)
        if (strcmp(detail->name, "unsigned_octets") == 0 && detail->number > 0)
            return "part of the body is not signed";
    return human(region, f->reason);
}

/* The signatures of RANK, in the order of the message. */
static void take_signatures(struct row *row, struct region *region, const struct judgement *j,
                            enum rank rank)
{
    for (const struct finding *f = j->findings->first; f; f = f->next) {
        struct text d = finding_get(f, "header.d"), s = finding_get(f, "header.s");
        const char *domain;

        if (f->method != METHOD_DKIM || d.len == 0 || s.len == 0)
            continue;
        domain = words(region, d);
        if (rank_of(f->result, domain, j->dmarc) != rank)
            continue;
        if (row->dkim_count == ROW_DKIM_MAX)
            return;
        row->dkim[row->dkim_count++] = (struct row_dkim){
            .domain = domain,
            .selector = words(region, s),
            .result = f->result,
            .human = dkim_human(region, f),
        };
    }
}

enum row_case row_of(struct row *row, struct region *region, const struct judgement *j,
                     const struct ip_address *client, int64_t now)
{
    enum row_case found = case_of(j, client);

    if (found != ROW_REPORTED)
        return found;
    memset(row, 0, sizeof *row);
    row->time = now;
    row->source = *client;
    row->header_from = j->dmarc->from_domain;
    row->envelope_from = j->message->mail_from.domain;
    row->envelope_to = recipients_domain(j->message);
    take_policy(row, region, j->dmarc);
    row->disposition = j->verdict.disposition;
    row->dkim_aligned = j->dmarc->aligned_dkim;
    row->spf_aligned = j->dmarc->aligned_spf;
    take_reason(row, region, &j->verdict);
    for (int rank = RANK_AUTHOR; rank < RANK_COUNT; rank++)
        take_signatures(row, region, j, (enum rank)rank);
    take_spf(row, region, j->spf);
    return found;
}
