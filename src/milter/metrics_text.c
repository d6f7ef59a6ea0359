#include "milter/metrics_text.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/names.h"
#include "milter/status.h"

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM, KIND_INFO };

/* OpenMetrics has a kind of its own for what never changes. */
static const char *const plain_kinds[] = { "counter", "gauge", "histogram", "gauge" };
static const char *const open_kinds[] = { "counter", "gauge", "histogram", "info" };
static const char *const suffixes[] = { "_total", "", "", "_info" };

struct writer {
    struct buf *out;
    enum metrics_format format;
    const char *family;
    enum kind kind;
};

const char *metrics_media_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* Begins the family vidimus_NAME. */
static void family(struct writer *w, enum kind kind, const char *name, const char *help)
{
    bool open = w->format == METRICS_OPENMETRICS;
    const char *suffix = open ? "" : suffixes[kind];

    w->family = name;
    w->kind = kind;
    buf_printf(w->out, "# HELP vidimus_%s%s %s\n", name, suffix, help);
    buf_printf(w->out, "# TYPE vidimus_%s%s %s\n", name, suffix,
               (open ? open_kinds : plain_kinds)[kind]);
}

static void sample(struct writer *w, uint64_t value)
{
    buf_printf(w->out, "vidimus_%s%s %" PRIu64 "\n", w->family, suffixes[w->kind], value);
}

static void labelled(struct writer *w, const char *label, const char *value, uint64_t number)
{
    buf_printf(w->out, "vidimus_%s%s{%s=\"%s\"} %" PRIu64 "\n", w->family, suffixes[w->kind], label,
               value, number);
}

static void one(struct writer *w, enum kind kind, const char *name, const char *help,
                uint64_t value)
{
    family(w, kind, name, help);
    sample(w, value);
}

/* Microseconds as seconds, with all their digits. */
static void seconds(struct buf *out, uint64_t us)
{
    buf_printf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void histogram(struct writer *w, const char *name, const char *help,
                      const struct histogram *h)
{
    uint64_t below = 0;

    family(w, KIND_HISTOGRAM, name, help);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += h->counts[i];
        buf_printf(w->out, "vidimus_%s_bucket{le=\"", name);
        if (i < HISTOGRAM_BUCKETS - 1)
            seconds(w->out, (uint64_t)histogram_bound_us(i));
        else
            buf_add(w->out, "+Inf");
        buf_printf(w->out, "\"} %" PRIu64 "\n", below);
    }
    buf_printf(w->out, "vidimus_%s_count %" PRIu64 "\nvidimus_%s_sum ", name, below, name);
    seconds(w->out, h->sum_us);
    buf_char(w->out, '\n');
}

/* --- families ------------------------------------------------------------- */

/* Rows of one family stand together; the first has its help. */
static const struct counter_row {
    enum counter counter;
    const char *family;
    const char *label, *value; /* NULL: no label */
    const char *help;
} rows[] = {
    { COUNTER_CONNECTIONS, "connections", NULL, NULL, "SMTP connections that the MTA told of." },
    { COUNTER_MESSAGES, "messages", NULL, NULL, "Messages that came to their end." },
    { COUNTER_ABORTED, "messages_aborted", NULL, NULL, "Messages given up before their end." },
    { COUNTER_AT_MAIL, "refused_at_mail", NULL, NULL, "Senders refused at MAIL FROM." },
    { COUNTER_AUTHENTICATED, "unjudged", "origin", "authenticated",
      "Messages of our own or of trusted hosts, which are not judged." },
    { COUNTER_OWN, "unjudged", "origin", "own", NULL },
    { COUNTER_TRUSTED, "unjudged", "origin", "trusted", NULL },
    { COUNTER_SIGNED, "outgoing", "signed", "yes", "Messages of our own, by what became of them." },
    { COUNTER_UNSIGNED, "outgoing", "signed", "no", NULL },
    { COUNTER_SIGN_FAULTS, "sign_faults", NULL, NULL,
      "Messages that a key of ours did not sign or seal." },
    { COUNTER_SEALED, "sealed", NULL, NULL, "Messages that got an ARC seal." },
    { COUNTER_INSERTED, "field_changes", "change", "inserted", "Header fields changed." },
    { COUNTER_DELETED, "field_changes", "change", "deleted", NULL },
    { COUNTER_HELD, "held", NULL, NULL, "Messages put into the quarantine of the MTA." },
    { COUNTER_MTA_FAILED, "mta_failures", NULL, NULL,
      "Replies or changes that the MTA did not take." },
    { COUNTER_RELOADS_OK, "reloads", "result", "ok", "Reloads of the configuration." },
    { COUNTER_RELOADS_FAILED, "reloads", "result", "failed", NULL },
};

static void write_counters(struct writer *w, const struct counts *counts)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = counts->counters[rows[i].counter];

        if (rows[i].help)
            family(w, KIND_COUNTER, rows[i].family, rows[i].help);
        if (rows[i].label)
            labelled(w, rows[i].label, rows[i].value, value);
        else
            sample(w, value);
    }
}

static void write_bounds(struct writer *w, const struct counts *counts)
{
    family(w, KIND_COUNTER, "bounds_hit", "Messages that reached a bound.");
    for (int i = 0; i < BOUND_COUNT; i++)
        labelled(w, "bound", name_of(bound_names, i), counts->bounds[i]);
    labelled(w, "bound", "memory", counts->counters[COUNTER_MEMORY]);
}

/* Every pair of a name in ONES and one in OTHERS, from the table NUMBERS. */
static void pairs(struct writer *w, const char *one_label, const struct name *ones,
                  const char *other_label, const struct name *others, const uint64_t *numbers)
{
    for (const struct name *a = ones; a->name; a++)
        for (const struct name *b = others; b->name; b++)
            buf_printf(w->out, "vidimus_%s_total{%s=\"%s\",%s=\"%s\"} %" PRIu64 "\n", w->family,
                       one_label, a->name, other_label, b->name, *numbers++);
}

static void write_verdicts(struct writer *w, const struct counts *counts)
{
    family(w, KIND_COUNTER, "verdicts", "Messages by what became of them and the rule behind it.");
    pairs(w, "action", action_names, "rule", verdict_rule_names, counts->verdicts[0]);
    family(w, KIND_COUNTER, "results", "Results of the checks, as in Authentication-Results.");
    pairs(w, "method", method_names, "result", result_names, counts->results[0]);
    family(w, KIND_COUNTER, "overrides",
           "Messages by why the policy of their domain was not followed to the letter.");
    for (int i = OVERRIDE_NONE + 1; i < OVERRIDE_COUNT; i++)
        labelled(w, "reason", name_of(override_reason_names, i), counts->overrides[i]);
    family(w, KIND_COUNTER, "would", "Messages that would have suffered more if it were enforced.");
    for (int i = ACTION_ACCEPT + 1; i < ACTION_COUNT; i++)
        labelled(w, "action", name_of(action_names, i), counts->would[i]);
}

static void write_dns(struct writer *w, const struct resolver_counters *dns)
{
    one(w, KIND_COUNTER, "dns_questions", "DNS questions of messages and keys.", dns->questions);
    one(w, KIND_COUNTER, "dns_queries", "Questions that went to a name server.", dns->queries);
    one(w, KIND_COUNTER, "dns_cache_hits", "Questions answered from memory.", dns->cache_hits);
    one(w, KIND_COUNTER, "dns_merged", "Questions that joined one on its way.", dns->merged);
    one(w, KIND_COUNTER, "dns_retries", "Queries asked again after SERVFAIL.", dns->asked_again);
    one(w, KIND_COUNTER, "dns_timeouts", "Queries without an answer in time.", dns->timeouts);
    one(w, KIND_COUNTER, "dns_failures", "Queries that failed, timeouts among them.",
        dns->tempfails);
    one(w, KIND_GAUGE, "dns_queries_in_flight", "Queries on their way now.", dns->in_flight);
}

static void write_spool(struct writer *w, const struct reporting_counters *reports)
{
    const struct spool_counters *spool = &reports->spool;

    one(w, KIND_GAUGE, "spool_enabled", "Whether rows for DMARC reports are written.",
        reports->enabled);
    one(w, KIND_GAUGE, "spool_failing", "Whether the spool cannot be written now.",
        spool->failing);
    one(w, KIND_COUNTER, "spool_rows", "Rows written into the spool.", spool->written);
    one(w, KIND_COUNTER, "spool_lost_rows", "Rows that no room or disk was found for.",
        spool->lost);
    one(w, KIND_GAUGE, "spool_waiting_rows", "Rows in memory that wait to be written.",
        spool->queued);
    one(w, KIND_GAUGE, "spool_size_bytes", "Size of the spool on disk.", spool->octets);
    family(w, KIND_COUNTER, "report_messages", "Messages by what they are to aggregate reports.");
    for (int i = 0; i < ROW_CASE_COUNT; i++)
        labelled(w, "case", name_of(row_case_names, i), reports->messages[i]);
}

static void write_failures(struct writer *w, const struct failure_counters *failures)
{
    family(w, KIND_COUNTER, "failure_reports", "Failures that a domain wanted to hear of.");
    labelled(w, "outcome", "written", failures->written);
    labelled(w, "outcome", "automatic", failures->automatic);
    labelled(w, "outcome", "limited", failures->limited);
    labelled(w, "outcome", "lost", failures->lost);
}

static void write_process(struct writer *w, const struct status *s)
{
    family(w, KIND_INFO, "build", "The running version.");
    buf_printf(w->out, "vidimus_build_info{version=\"%s\"} 1\n", s->version);
    one(w, KIND_GAUGE, "start_time_seconds", "When the daemon started, since 1970.",
        (uint64_t)s->started);
    one(w, KIND_GAUGE, "messages_in_flight", "Messages being judged now.", s->in_flight);
    family(w, KIND_GAUGE, "oldest_message_seconds", "Age of the oldest judgement that runs.");
    buf_printf(w->out, "vidimus_%s ", w->family);
    seconds(w->out, (uint64_t)s->oldest_ms * 1000);
    buf_char(w->out, '\n');
    one(w, KIND_GAUGE, "keys", "Active keys that were looked for in DNS.", s->keys);
    one(w, KIND_GAUGE, "keys_missing", "Active keys that DNS does not have, or not right.",
        s->keys_missing);
}

void metrics_write(struct buf *out, enum metrics_format format, const struct status *s)
{
    struct writer w = { .out = out, .format = format };

    write_process(&w, s);
    write_counters(&w, &s->counts);
    write_bounds(&w, &s->counts);
    write_verdicts(&w, &s->counts);
    write_dns(&w, &s->dns);
    histogram(&w, "end_of_message_seconds", "From the end of a message to its reply.",
              &s->counts.end_of_message);
    histogram(&w, "dns_wait_seconds", "What a message waited for DNS, in all.",
              &s->counts.dns_wait);
    histogram(&w, "dns_query_seconds", "From a query to its end.", &s->dns.latency);
    write_spool(&w, &s->reports);
    write_failures(&w, &s->reports.failures);
    if (format == METRICS_OPENMETRICS)
        buf_add(out, "# EOF\n");
}
