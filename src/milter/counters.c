#include "milter/counters.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/names.h"
#include "core/transaction.h"
#include "dns/resolver.h"
#include "mail/message.h"
#include "milter/reporting.h"

enum { METHOD_COUNT = METHOD_DMARC + 1, RESULT_COUNT = RESULT_PERMERROR + 1 };
enum { ACTION_COUNT = ACTION_REJECT + 1 };

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
    { COUNTER_FIELDS_CAPPED, "field_limit" },
    { COUNTER_DNS_CAPPED, "question_limit" },
    { COUNTER_MEMORY, "memory_failures" },
    { COUNTER_MTA_FAILED, "mta_failures" },
    { COUNTER_RELOADS_OK, "reloads" },
    { COUNTER_RELOADS_FAILED, "reloads_failed" },
    { 0, NULL },
};

static atomic_uint_least64_t counters[COUNTER_COUNT];
static atomic_uint_least64_t actions[ACTION_COUNT];
static atomic_uint_least64_t results[METHOD_COUNT][RESULT_COUNT];

static void add(atomic_uint_least64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static uint64_t get(atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void counter_add(enum counter counter, uint64_t by)
{
    add(&counters[counter], by);
}

static void count_origin(enum origin origin)
{
    switch (origin) {
    case ORIGIN_OUTSIDE:
        break;
    case ORIGIN_AUTHENTICATED:
        counter_add(COUNTER_AUTHENTICATED, 1);
        break;
    case ORIGIN_OWN:
        counter_add(COUNTER_OWN, 1);
        break;
    case ORIGIN_TRUSTED:
        counter_add(COUNTER_TRUSTED, 1);
        break;
    }
}

static void count_leaving(const struct judgement *judgement)
{
    const struct signing *signing = judgement->signing;
    const struct sealing *sealing = judgement->sealing;

    if (signing)
        counter_add(signing->state == SIGNING_SIGNED ? COUNTER_SIGNED : COUNTER_UNSIGNED, 1);
    if (sealing && sealing->state == SEALING_SEALED)
        counter_add(COUNTER_SEALED, 1);
    if ((signing && signing_is_fault(signing)) || (sealing && sealing->state == SEALING_NO_KEY))
        counter_add(COUNTER_SIGN_FAULTS, 1);
}

void counters_judgement(const struct judgement *judgement)
{
    add(&actions[judgement->verdict.action], 1);
    count_origin(judgement->origin);
    count_leaving(judgement);
    if (judgement->message && judgement->message->fields_capped)
        counter_add(COUNTER_FIELDS_CAPPED, 1);
    if (judgement->dns.limit_hit)
        counter_add(COUNTER_DNS_CAPPED, 1);
    if (!judgement->findings)
        return;
    for (const struct finding *f = judgement->findings->first; f; f = f->next)
        add(&results[f->method][f->result], 1);
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

static void print_actions(struct buf *out)
{
    buf_add(out, ",\"verdicts\":{");
    for (int i = 0; i < ACTION_COUNT; i++)
        buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "", name_of(action_names, i),
                   get(&actions[i]));
    buf_char(out, '}');
}

static void print_results(struct buf *out)
{
    buf_add(out, ",\"results\":{");
    for (int method = 0; method < METHOD_COUNT; method++) {
        const char *separator = "";

        buf_printf(out, "%s\"%s\":{", method ? "," : "", name_of(method_names, method));
        for (int result = 0; result < RESULT_COUNT; result++) {
            uint64_t value = get(&results[method][result]);

            if (value == 0)
                continue;
            buf_printf(out, "%s\"%s\":%" PRIu64, separator, name_of(result_names, result), value);
            separator = ",";
        }
        buf_char(out, '}');
    }
    buf_char(out, '}');
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

void counters_print(struct buf *out, const struct gauges *gauges,
                    const struct resolver_counters *dns,
                    const struct reporting_counters *reports)
{
    buf_add(out, "{\"schema\":1,\"version\":");
    print_string(out, gauges->version);
    buf_add(out, ",\"config\":");
    print_string(out, gauges->config_file);
    print_number(out, "pid", (uint64_t)gauges->pid);
    print_number(out, "uptime", (uint64_t)(gauges->uptime_ms / 1000));
    for (int i = 0; i < COUNTER_COUNT; i++)
        print_number(out, name_of(counter_names, i), get(&counters[i]));
    print_number(out, "in_flight", gauges->in_flight);
    print_number(out, "oldest_ms", (uint64_t)gauges->oldest_ms);
    print_number(out, "keys", gauges->keys);
    print_number(out, "keys_missing", gauges->keys_missing);
    print_actions(out);
    print_results(out);
    print_dns(out, dns);
    print_spool(out, reports);
    print_failures(out, reports);
    buf_add(out, "}\n");
}
