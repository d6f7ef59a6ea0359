#include "milter/status.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/names.h"
#include "milter/inflight.h"
#include "milter/key_watch.h"
#include "milter/running.h"

static const struct name counter_names[] = {
    { COUNTER_CONNECTIONS, "connections" },
    { COUNTER_MESSAGES, "messages" },
    { COUNTER_ABORTED, "aborted" },
    { COUNTER_AT_MAIL, "refused_at_mail" },
    { COUNTER_AUTHENTICATED, "authenticated" },
    { COUNTER_OWN, "own" },
    { COUNTER_TRUSTED, "trusted" },
    { COUNTER_SIGNED, "signed" },
    { COUNTER_UNSIGNED, "unsigned" },
    { COUNTER_SIGN_FAULTS, "sign_faults" },
    { COUNTER_SEALED, "sealed" },
    { COUNTER_INSERTED, "fields_inserted" },
    { COUNTER_DELETED, "fields_deleted" },
    { COUNTER_HELD, "held" },
    { COUNTER_MEMORY, "memory_failures" },
    { COUNTER_MTA_FAILED, "mta_failures" },
    { COUNTER_RELOADS_OK, "reloads" },
    { COUNTER_RELOADS_FAILED, "reloads_failed" },
    { 0, NULL },
};

static struct {
    const char *config_file;
    int64_t started_ms, started;
} process = { .config_file = "" };

void status_begin(const char *config_file, int64_t started_ms)
{
    process.config_file = config_file;
    process.started_ms = started_ms;
    process.started = clock_epoch() - (clock_ms() - started_ms) / 1000;
}

void status_take(struct status *s)
{
    *s = (struct status){
        .version = PACKAGE_VERSION,
        .config_file = process.config_file,
        .pid = getpid(),
        .started = process.started,
        .uptime_ms = clock_ms() - process.started_ms,
        .in_flight = inflight_count(),
        .oldest_ms = inflight_oldest_ms(),
    };
    key_watch_count(&s->keys, &s->keys_missing);
    counters_read(&s->counts);
    reporting_count(&s->reports);
    running_count_dns(&s->dns);
}

/* S as a JSON string; control octets are escaped, others pass as they are. */
static void print_string(struct buf *out, const char *s)
{
    buf_char(out, '"');
    for (; *s; s++) {
        if (octet_is_control(*s))
            buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else if (*s == '"' || *s == '\\')
            buf_printf(out, "\\%c", *s);
        else
            buf_char(out, *s);
    }
    buf_char(out, '"');
}

static void print_number(struct buf *out, const char *name, uint64_t value)
{
    buf_printf(out, ",\"%s\":%" PRIu64, name, value);
}

static uint64_t sum(const uint64_t *numbers, size_t count)
{
    uint64_t all = 0;

    for (size_t i = 0; i < count; i++)
        all += numbers[i];
    return all;
}

static void print_verdicts(struct buf *out, const struct counts *counts)
{
    buf_add(out, ",\"verdicts\":{");
    for (int i = 0; i < ACTION_COUNT; i++)
        buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "", name_of(action_names, i),
                   sum(counts->verdicts[i], RULE_COUNT));
    buf_char(out, '}');
}

/* An object of those of the COUNT numbers that are not zero, by their names. */
static void print_some(struct buf *out, const struct name *names, const uint64_t *numbers,
                       int count)
{
    const char *separator = "";

    buf_char(out, '{');
    for (int i = 0; i < count; i++) {
        if (numbers[i] == 0)
            continue;
        buf_printf(out, "%s\"%s\":%" PRIu64, separator, name_of(names, i), numbers[i]);
        separator = ",";
    }
    buf_char(out, '}');
}

static void print_reasons(struct buf *out, const struct counts *counts)
{
    buf_add(out, ",\"reasons\":{");
    for (int i = 0; i < ACTION_COUNT; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", name_of(action_names, i));
        print_some(out, verdict_rule_names, counts->verdicts[i], RULE_COUNT);
    }
    buf_char(out, '}');
}

static void print_results(struct buf *out, const struct counts *counts)
{
    buf_add(out, ",\"results\":{");
    for (int i = 0; i < METHOD_COUNT; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", name_of(method_names, i));
        print_some(out, result_names, counts->results[i], RESULT_COUNT);
    }
    buf_char(out, '}');
}

static void print_overrides(struct buf *out, const struct counts *counts)
{
    buf_add(out, ",\"overrides\":");
    print_some(out, override_reason_names, counts->overrides, OVERRIDE_COUNT);
    buf_add(out, ",\"would\":");
    print_some(out, action_names, counts->would, ACTION_COUNT);
}

static void print_bounds(struct buf *out, const struct counts *counts)
{
    buf_add(out, ",\"bounds\":");
    print_some(out, bound_names, counts->bounds, BOUND_COUNT);
}

static void print_dns(struct buf *out, const struct resolver_counters *dns)
{
    buf_printf(out, ",\"dns\":{\"questions\":%" PRIu64, dns->questions);
    print_number(out, "queries", dns->queries);
    print_number(out, "asked_again", dns->asked_again);
    print_number(out, "cache_hits", dns->cache_hits);
    print_number(out, "merged", dns->merged);
    print_number(out, "timeouts", dns->timeouts);
    print_number(out, "tempfails", dns->tempfails);
    print_number(out, "in_flight", dns->in_flight);
    buf_char(out, '}');
}

static void print_spool(struct buf *out, const struct reporting_counters *reports)
{
    const struct spool_counters *spool = &reports->spool;

    buf_printf(out, ",\"spool\":{\"enabled\":%s", reports->enabled ? "true" : "false");
    buf_printf(out, ",\"failing\":%s", spool->failing ? "true" : "false");
    print_number(out, "rows", spool->written);
    print_number(out, "lost", spool->lost);
    print_number(out, "waiting", spool->queued);
    print_number(out, "octets", spool->octets);
    print_number(out, "segments", spool->segments_closed);
    print_number(out, "stuck_ms", (uint64_t)spool->stuck_ms);
    buf_add(out, ",\"messages\":{");
    for (int i = 0; i < ROW_CASE_COUNT; i++)
        buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "", name_of(row_case_names, i),
                   reports->messages[i]);
    buf_add(out, "}}");
}

static void print_failures(struct buf *out, const struct reporting_counters *reports)
{
    const struct failure_counters *failures = &reports->failures;

    buf_printf(out, ",\"failures\":{\"enabled\":%s", reports->failure ? "true" : "false");
    print_number(out, "written", failures->written);
    print_number(out, "automatic", failures->automatic);
    print_number(out, "limited", failures->limited);
    print_number(out, "lost", failures->lost);
    print_number(out, "waiting", failures->waiting);
    buf_char(out, '}');
}

static void print_histogram(struct buf *out, const char *name, const struct histogram *h)
{
    uint64_t below = 0;

    buf_printf(out, "\"%s\":{\"count\":%" PRIu64, name, histogram_count(h));
    print_number(out, "sum_us", h->sum_us);
    buf_add(out, ",\"below_us\":{");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        below += h->counts[i];
        buf_printf(out, "%s\"%" PRId64 "\":%" PRIu64, i ? "," : "", histogram_bound_us(i), below);
    }
    buf_add(out, "}}");
}

static void print_latency(struct buf *out, const struct status *s)
{
    buf_add(out, ",\"latency\":{");
    print_histogram(out, "end_of_message", &s->counts.end_of_message);
    buf_char(out, ',');
    print_histogram(out, "dns_wait", &s->counts.dns_wait);
    buf_char(out, ',');
    print_histogram(out, "dns_query", &s->dns.latency);
    buf_char(out, '}');
}

void status_json(struct buf *out, const struct status *s)
{
    buf_add(out, "{\"schema\":1,\"version\":");
    print_string(out, s->version);
    buf_add(out, ",\"config\":");
    print_string(out, s->config_file);
    print_number(out, "pid", (uint64_t)s->pid);
    print_number(out, "uptime", (uint64_t)(s->uptime_ms / 1000));
    for (int i = 0; i < COUNTER_COUNT; i++)
        print_number(out, name_of(counter_names, i), s->counts.counters[i]);
    print_number(out, "in_flight", s->in_flight);
    print_number(out, "oldest_ms", (uint64_t)s->oldest_ms);
    print_number(out, "keys", s->keys);
    print_number(out, "keys_missing", s->keys_missing);
    print_verdicts(out, &s->counts);
    print_reasons(out, &s->counts);
    print_results(out, &s->counts);
    print_overrides(out, &s->counts);
    print_bounds(out, &s->counts);
    print_dns(out, &s->dns);
    print_latency(out, s);
    print_spool(out, &s->reports);
    print_failures(out, &s->reports);
    buf_add(out, "}\n");
}
