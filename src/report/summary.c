#include "report/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "mail/domain.h"

enum { BUCKETS = 16384, REPORTS_MAX = 10000 };

const struct name summary_disposition_names[] = {
    { SUMMARY_NONE, "none" },
    { SUMMARY_NONE, "pass" },
    { SUMMARY_QUARANTINE, "quarantine" },
    { SUMMARY_REJECT, "reject" },
    { SUMMARY_OTHER, "other" },
    { 0, NULL },
};

struct entry {
    struct summary_source source;
    struct entry *next; /* in its bucket */
};

struct summary {
    struct region *region;
    struct entry *buckets[BUCKETS];
    size_t source_count;
    struct summary_counts total;
    struct summary_report *reports;
    size_t report_count;
};

/* --- one report is read twice: to see that it is whole, then to add it ----- */

struct adding {
    struct summary *summary;
    const struct feedback_head *head;
    uint64_t messages;
};

struct summary *summary_new(struct region *region)
{
    struct summary *s = region_alloc(region, sizeof *s);

    if (!s)
        return NULL;
    s->region = region;
    s->reports = region_array(region, REPORTS_MAX, sizeof *s->reports);
    return s->reports ? s : NULL;
}

/* --- sources ------------------------------------------------------------ */

static uint32_t hash_octets(uint32_t hash, const void *octets, size_t len)
{
    const unsigned char *at = octets;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 16777619u; /* FNV-1a */
    return hash;
}

static bool is_of(const struct summary_source *s, const char *domain, const struct ip_address *ip)
{
    return text_equal(s->domain, text_of(domain)) &&
           (ip->family == s->address.family && (ip->family == IP_NONE || ip_equal(ip, &s->address)));
}

/* The source, new if need be; NULL: there are too many, or memory. */
static struct summary_source *find_source(struct summary *s, const char *domain,
                                          const struct ip_address *ip)
{
    uint32_t hash = hash_octets(2166136261u, domain, strlen(domain));
    struct entry **bucket, *e;

    hash = hash_octets(hash, ip->octets, sizeof ip->octets);
    bucket = &s->buckets[hash % BUCKETS];
    for (e = *bucket; e; e = e->next)
        if (is_of(&e->source, domain, ip))
            return &e->source;
    e = s->source_count < SUMMARY_SOURCES_MAX ? region_alloc(s->region, sizeof *e) : NULL;
    if (!e)
        return NULL;
    e->source.domain = text_of(text_dup(s->region, text_of(domain)));
    e->source.address = *ip;
    e->next = *bucket;
    *bucket = e;
    s->source_count++;
    return &e->source;
}

static bool passes(struct text result)
{
    return text_equal_nocase(result, TEXT("pass"));
}

static void count_row(struct summary_counts *counts, const struct feedback_row *row)
{
    int disposition = SUMMARY_OTHER;

    name_value(summary_disposition_names, row->disposition, &disposition);
    counts->messages += row->count;
    counts->dispositions[disposition] += row->count;
    counts->passed += passes(row->dkim) || passes(row->spf) ? row->count : 0;
    counts->dkim += passes(row->dkim) ? row->count : 0;
    counts->spf += passes(row->spf) ? row->count : 0;
    counts->overridden += row->reason.len > 0 ? row->count : 0;
}

/* NAME as a domain is compared, or as it stands when it is none. */
static void domain_of(struct text name, domain_name out)
{
    size_t len = name.len < sizeof(domain_name) ? name.len : sizeof(domain_name) - 1;

    if (domain_normalise(name, out))
        return;
    if (len)
        memcpy(out, name.data, len);
    out[len] = '\0';
}

static void note_signer(struct summary *s, struct summary_source *source, struct text domain)
{
    domain_name name;

    domain_of(domain, name);
    for (size_t i = 0; i < source->signer_count; i++)
        if (text_equal(source->signers[i], text_of(name)))
            return;
    if (source->signer_count < SUMMARY_SIGNERS_MAX)
        source->signers[source->signer_count++] = text_of(text_dup(s->region, text_of(name)));
}

static void note_identities(struct summary *s, struct summary_source *source,
                            const struct feedback_row *row)
{
    domain_name name;

    for (size_t i = 0; i < row->dkim_count; i++)
        if (passes(row->dkim_results[i].result))
            note_signer(s, source, row->dkim_results[i].domain);
    if (source->sender.len > 0 || !passes(row->spf_result))
        return;
    domain_of(row->spf_domain, name);
    source->sender = text_of(text_dup(s->region, text_of(name)));
}

static void add_row(void *context, const struct feedback_row *row)
{
    struct adding *a = context;
    struct summary_source *source;
    domain_name domain;

    domain_of(row->header_from, domain);
    a->messages += row->count;
    count_row(&a->summary->total, row);
    source = find_source(a->summary, domain, &row->source);
    if (!source)
        return;
    count_row(&source->counts, row);
    note_identities(a->summary, source, row);
}

/* --- reports ------------------------------------------------------------ */

static void keep_head(void *context, const struct feedback_head *head)
{
    struct adding *a = context;

    a->head = head;
}

static void ignore_row(void *context, const struct feedback_row *row)
{
    (void)context;
    (void)row;
}

static bool is_known(const struct summary *s, const struct feedback_head *head)
{
    for (size_t i = 0; i < s->report_count; i++)
        if (text_equal(s->reports[i].report_id, head->report_id) &&
            text_equal(s->reports[i].org_name, head->org_name))
            return true;
    return false;
}

static void note_report(struct summary *s, const struct adding *a)
{
    s->reports[s->report_count++] = (struct summary_report){
        .org_name = a->head->org_name,
        .report_id = a->head->report_id,
        .domain = a->head->domain,
        .policy = a->head->p,
        .begin = a->head->begin,
        .end = a->head->end,
        .messages = a->messages,
    };
}

enum summary_added summary_add(struct summary *s, struct text xml, char error[FEEDBACK_ERROR_SIZE])
{
    struct adding a = { .summary = s };
    struct feedback_reader look = { &a, keep_head, ignore_row };
    struct feedback_reader add = { &a, keep_head, add_row };

    if (s->report_count == REPORTS_MAX) {
        strcpy(error, "there are too many reports for one summary");
        return SUMMARY_REFUSED;
    }
    if (!feedback_read(s->region, xml, &look, error))
        return SUMMARY_REFUSED;
    if (is_known(s, a.head))
        return SUMMARY_TWICE;
    if (!feedback_read(s->region, xml, &add, error))
        return SUMMARY_REFUSED;
    note_report(s, &a);
    return SUMMARY_ADDED;
}

const struct summary_report *summary_reports(const struct summary *s, size_t *count)
{
    *count = s->report_count;
    return s->reports;
}

/* --- what it comes to ----------------------------------------------------- */

static int compare_counts(uint64_t a, uint64_t b)
{
    return a > b ? -1 : a < b;
}

static int compare_sources(const void *left, const void *right)
{
    const struct summary_source *a = left, *b = right;
    int order = strcmp(a->domain.data, b->domain.data);

    if (order == 0)
        order = compare_counts(a->counts.messages - a->counts.passed,
                               b->counts.messages - b->counts.passed);
    if (order == 0)
        order = compare_counts(a->counts.messages, b->counts.messages);
    return order ? order : memcmp(&a->address, &b->address, sizeof a->address);
}

const struct summary_source *summary_sources(struct summary *s, size_t *count)
{
    struct summary_source *sources = region_array(s->region, s->source_count + 1, sizeof *sources);

    *count = 0;
    for (size_t i = 0; sources && i < BUCKETS; i++)
        for (const struct entry *e = s->buckets[i]; e; e = e->next)
            if (e->source.domain.data)
                sources[(*count)++] = e->source;
    if (sources)
        qsort(sources, *count, sizeof *sources, compare_sources);
    return sources;
}

const struct summary_counts *summary_total(const struct summary *s)
{
    return &s->total;
}
