/* report_show.c: what the store holds, for people: `vidimus report status`, `list`,
 * `show`, `domains`, `purge`. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/ip.h"
#include "base/log.h"
#include "base/region.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/report_tool.h"
#include "config/config.h"
#include "report/failure_sender.h"
#include "report/segment.h"

enum { SCHEMA = 1, DAYS_SHOWN = 30, LISTED_MAX = 10000, ERROR_SIZE = 512 };

/* What a list is printed into: lines, or an array. */
struct output {
    const struct report_tool *tool;
    json_t *array; /* NULL: lines */
    uint64_t count;
};

static int print_json(const struct report_tool *tool, json_t *object)
{
    bool printed = object && json_dumpf(object, stdout, JSON_INDENT(1)) == 0 &&
                   putchar('\n') != EOF && fflush(stdout) == 0;

    json_decref(object);
    return printed ? EX_OK : report_tool_fail(tool, "cannot write", EX_IOERR);
}

static int print_array(const struct output *out, const char *name)
{
    return print_json(out->tool, json_pack("{s:i, s:o}", "schema", SCHEMA, name, out->array));
}

static const char *state_name(const struct store_report *report)
{
    return name_of(report_state_names, (int)report->state);
}

/* --- status ------------------------------------------------------------- */

struct waiting {
    size_t segments;
    uint64_t octets;
    size_t failures;
};

static void count_spool(const struct report_tool *tool, struct waiting *waiting)
{
    struct region *region = region_new(0);
    char error[ERROR_SIZE];
    struct segment *segments;
    size_t count = 0;

    *waiting = (struct waiting){ 0 };
    if (region && segment_list(tool->config->reports.spool, region, &segments, &count, error,
                               sizeof error))
        for (size_t i = 0; i < count; i++)
            waiting->octets += segments[i].octets;
    waiting->segments = count;
    (void)failures_count(tool->config->reports.spool, &waiting->failures, error, sizeof error);
    region_free(region);
}

static int status_json(const struct report_tool *tool, const struct store_status *s,
                       const struct waiting *w)
{
    json_t *reports = json_object();

    for (int i = 0; i <= REPORT_GIVEN_UP; i++)
        json_object_set_new(reports, name_of(report_state_names, i),
                            json_integer((json_int_t)s->reports[i]));
    return print_json(tool,
                      json_pack("{s:i, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "schema", SCHEMA, "reports",
                                reports, "messages", (json_int_t)s->messages, "oldest_due",
                                (json_int_t)s->oldest_due, "segments_imported",
                                (json_int_t)s->segments, "segments_waiting",
                                (json_int_t)w->segments, "octets_waiting", (json_int_t)w->octets,
                                "failures_waiting", (json_int_t)w->failures));
}

static int show_status(const struct report_tool *tool)
{
    struct store_status s;
    struct waiting w;
    char due[UTC_SIZE];

    if (!store_status(tool->store, &s))
        return report_tool_store_failed(tool);
    count_spool(tool, &w);
    if (tool->as_json)
        return status_json(tool, &s, &w);
    printf("spool: %zu segments, %" PRIu64 " octets wait for import\n", w.segments, w.octets);
    if (w.failures)
        printf("failure reports: %zu wait to be sent\n", w.failures);
    printf("store: %" PRIu64 " messages, %" PRIu64 " segments imported\n", s.messages, s.segments);
    for (int i = 0; i <= REPORT_GIVEN_UP; i++)
        printf("  %-10s %" PRIu64 " reports\n", name_of(report_state_names, i), s.reports[i]);
    if (s.oldest_due)
        printf("oldest due since %s UTC\n", utc_time(s.oldest_due, due));
    return EX_OK;
}

int report_status(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report status",
        .help = "usage: vidimus report status [-c FILE] [--json]\n\n"
                "Tells how many rows wait for import, and reports for what.\n",
    };
    bool done;
    int status = report_tool_open(&tool, argc, argv, REPORT_JSON, true, false, &done);

    if (!done)
        status = show_status(&tool);
    report_tool_close(&tool);
    return status;
}

/* --- list --------------------------------------------------------------- */

static json_t *report_json(const struct store_report *r)
{
    return json_pack("{s:s, s:s, s:I, s:i, s:s, s:I, s:I, s:I, s:I, s:i, s:s}", "report_id",
                     r->report_id, "domain", r->policy.domain, "day", (json_int_t)r->day, "part",
                     (int)r->part, "state", state_name(r), "messages", (json_int_t)r->messages,
                     "records", (json_int_t)r->records, "due", (json_int_t)r->due, "changed",
                     (json_int_t)r->changed, "attempts", (int)r->attempts, "why", r->why);
}

static void list_one(void *context, const struct store_report *r)
{
    struct output *out = context;
    char day[UTC_SIZE], why[LOG_QUOTED_MAX];

    out->count++;
    if (out->array) {
        json_array_append_new(out->array, report_json(r));
        return;
    }
    if (out->count == 1)
        printf("%-10s  %-10s  %8s  %-26s %s\n", "day", "state", "messages", "report", "domain");
    printf("%-10s  %-10s  %8" PRIu64 "  %-26s %s", utc_day(r->day, day), state_name(r),
           r->messages, r->report_id, r->policy.domain);
    if (*r->why)
        printf("  %s", log_quote(text_of(r->why), why));
    putchar('\n');
}

/* "YYYY-MM-DD" as its first second. */
static bool parse_day(const char *text, int64_t *seconds)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    *seconds = end && !*end ? (int64_t)timegm(&tm) : -1;
    return *seconds >= 0;
}

/* --since, or what is usual. */
static int since(const struct report_tool *tool, int64_t *from)
{
    *from = tool->now - (int64_t)DAYS_SHOWN * DAY_S;
    if (tool->since && !parse_day(tool->since, from))
        return report_tool_fail(tool, "--since wants a day, YYYY-MM-DD", EX_USAGE);
    return EX_OK;
}

static int list(const struct report_tool *tool)
{
    struct output out = { .tool = tool };
    struct store_filter filter = { .state = -1, .domain = tool->domain, .most = LISTED_MAX };
    int status = since(tool, &filter.from);

    if (status != EX_OK)
        return status;
    out.array = tool->as_json ? json_array() : NULL;
    if (!store_list(tool->store, &filter, list_one, &out)) {
        json_decref(out.array);
        return report_tool_store_failed(tool);
    }
    if (out.count == LISTED_MAX)
        fprintf(stderr, "vidimus report list: these are the newest %d; --since and --domain "
                        "choose others\n", LISTED_MAX);
    return out.array ? print_array(&out, "reports") : EX_OK;
}

int report_list(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report list",
        .help = "usage: vidimus report list [-c FILE] [--domain NAME] [--since YYYY-MM-DD] [--json]\n\n"
                "Lists reports, newest first (default: of the last 30 days).\n",
    };
    bool done;
    int status =
        report_tool_open(&tool, argc, argv, REPORT_JSON | REPORT_FILTER, true, false, &done);

    if (!done)
        status = list(&tool);
    report_tool_close(&tool);
    return status;
}

/* --- domains ------------------------------------------------------------ */

static void domain_one(void *context, const struct store_domain *d)
{
    struct output *out = context;
    char day[UTC_SIZE];

    if (out->array) {
        json_array_append_new(out->array,
                              json_pack("{s:s, s:I, s:I, s:I}", "domain", d->domain, "messages",
                                        (json_int_t)d->messages, "reports",
                                        (json_int_t)d->reports, "last_day",
                                        (json_int_t)d->last_day));
        return;
    }
    if (out->count++ == 0)
        printf("%8s  %8s  %-10s  %s\n", "messages", "reports", "last day", "domain");
    printf("%8" PRIu64 "  %8" PRIu64 "  %-10s  %s\n", d->messages, d->reports,
           utc_day(d->last_day, day), d->domain);
}

static int domains(const struct report_tool *tool)
{
    struct output out = { .tool = tool };
    int64_t from;
    int status = since(tool, &from);

    if (status != EX_OK)
        return status;
    out.array = tool->as_json ? json_array() : NULL;
    if (!store_domains(tool->store, from, domain_one, &out)) {
        json_decref(out.array);
        return report_tool_store_failed(tool);
    }
    return out.array ? print_array(&out, "domains") : EX_OK;
}

int report_domains(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report domains",
        .help = "usage: vidimus report domains [-c FILE] [--since YYYY-MM-DD] [--json]\n\n"
                "Tells how much mail was seen of which domain that asks for reports.\n",
    };
    bool done;
    int status =
        report_tool_open(&tool, argc, argv, REPORT_JSON | REPORT_FILTER, true, false, &done);

    if (!done)
        status = domains(&tool);
    report_tool_close(&tool);
    return status;
}

/* --- show --------------------------------------------------------------- */

struct shown {
    struct output out;
    json_t *report, *deliveries;
    int64_t id; /* 0: not found */
};

static void show_report(void *context, const struct store_report *r)
{
    struct shown *s = context;
    char day[UTC_SIZE], at[UTC_SIZE], why[LOG_QUOTED_MAX];

    s->id = r->id;
    if (s->out.array) {
        s->report = report_json(r);
        json_object_set_new(s->report, "rua", json_string(r->policy.rua));
        return;
    }
    printf("report   %s\ndomain   %s (p=%s)\nday      %s UTC, part %u\n", r->report_id,
           r->policy.domain, name_of(dmarc_policy_names, (int)r->policy.p), utc_day(r->day, day),
           r->part);
    printf("messages %" PRIu64 " in %" PRIu64 " records\nstate    %s since %s, %u attempts\n",
           r->messages, r->records, state_name(r), utc_time(r->changed, at), r->attempts);
    if (*r->why)
        printf("why      %s\n", log_quote(text_of(r->why), why));
    if (r->state == REPORT_DUE)
        printf("next try %s\n", utc_time(r->due, at));
    printf("rua      %s\n", log_quote(text_of(r->policy.rua), why));
}

static void show_delivery(void *context, const struct store_delivery *d)
{
    struct shown *s = context;
    const char *state = name_of(delivery_state_names, (int)d->state);
    char at[UTC_SIZE], why[LOG_QUOTED_MAX];

    if (s->out.array)
        json_array_append_new(s->deliveries,
                              json_pack("{s:s, s:s, s:I, s:s}", "address", d->address, "state",
                                        state, "changed", (json_int_t)d->changed, "why", d->why));
    else
        printf("to       %s: %s at %s %s\n", d->address, state, utc_time(d->changed, at),
               *d->why ? log_quote(text_of(d->why), why) : "");
}

static json_t *reasons_json(const struct row *row)
{
    json_t *array = json_array();

    for (size_t i = 0; i < row->reason_count; i++)
        json_array_append_new(
            array, json_pack("{s:s, s:s}", "type",
                             name_of(override_reason_names, (int)row->reasons[i].type), "comment",
                             row->reasons[i].comment));
    return array;
}

static json_t *signatures_json(const struct row *row)
{
    json_t *array = json_array();

    for (size_t i = 0; i < row->dkim_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s}", "domain",
                                               row->dkim[i].domain, "selector",
                                               row->dkim[i].selector, "result",
                                               name_of(result_names, (int)row->dkim[i].result),
                                               "human_result", row->dkim[i].human));
    return array;
}

/* The words of RFC 9990, but that the aligned results are true or false. */
static void record_json(struct shown *s, const struct row *row, uint64_t count)
{
    json_t *one;
    char ip[IP_TEXT_SIZE];

    one = json_pack("{s:s, s:I, s:s, s:b, s:b, s:o, s:s, s:s, s:o}", "source_ip",
                    ip_format(&row->source, ip), "count", (json_int_t)count, "disposition",
                    name_of(disposition_names, (int)row->disposition), "dkim",
                    (int)row->dkim_aligned, "spf", (int)row->spf_aligned, "reasons",
                    reasons_json(row), "header_from", row->header_from, "envelope_from",
                    row->envelope_from, "auth_dkim", signatures_json(row));
    if (one && *row->spf.domain)
        json_object_set_new(one, "auth_spf",
                            json_pack("{s:s, s:s, s:s}", "domain", row->spf.domain, "result",
                                      name_of(result_names, (int)row->spf.result),
                                      "human_result", row->spf.human));
    json_array_append_new(s->out.array, one);
}

static void show_record(void *context, const struct row *row, uint64_t count)
{
    struct shown *s = context;
    char ip[IP_TEXT_SIZE];

    if (s->out.array) {
        record_json(s, row, count);
        return;
    }
    if (s->out.count++ == 0)
        printf("\n%8s  %-39s  %-10s  %-4s  %-4s  %s\n", "messages", "source", "done", "dkim",
               "spf", "from");
    printf("%8" PRIu64 "  %-39s  %-10s  %-4s  %-4s  %s\n", count, ip_format(&row->source, ip),
           name_of(disposition_names, (int)row->disposition), row->dkim_aligned ? "pass" : "fail",
           row->spf_aligned ? "pass" : "fail", row->header_from);
}

static int show(const struct report_tool *tool)
{
    const struct store_filter filter = { .state = -1, .report_id = tool->argument };
    struct shown s = { .out.tool = tool };
    bool good;

    if (!tool->argument)
        return cli_usage(tool->command, "which report? `vidimus report list' has their ids");
    if (tool->as_json) {
        s.out.array = json_array();
        s.deliveries = json_array();
    }
    good = store_list(tool->store, &filter, show_report, &s);
    if (good && s.id)
        good = store_deliveries(tool->store, s.id, show_delivery, &s) &&
               store_records(tool->store, s.id, show_record, &s);
    if (good && s.id && s.report) {
        json_object_set_new(s.report, "schema", json_integer(SCHEMA));
        json_object_set_new(s.report, "deliveries", s.deliveries);
        json_object_set_new(s.report, "rows", s.out.array);
        return print_json(tool, s.report);
    }
    json_decref(s.report);
    json_decref(s.deliveries);
    json_decref(s.out.array);
    if (!good)
        return report_tool_store_failed(tool);
    return s.id ? EX_OK : report_tool_fail(tool, "there is no such report", EX_DATAERR);
}

int report_show(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report show",
        .help = "usage: vidimus report show [-c FILE] [--json] REPORT\n\n"
                "Tells all about one report: what was seen from whom, to whom it went, and what\n"
                "failed and why.\n",
    };
    bool done;
    int status =
        report_tool_open(&tool, argc, argv, REPORT_JSON | REPORT_ARGUMENT, true, false, &done);

    if (!done)
        status = show(&tool);
    report_tool_close(&tool);
    return status;
}

/* --- purge -------------------------------------------------------------- */

static int purge(const struct report_tool *tool)
{
    const int64_t usual = tool->now - (int64_t)REPORT_DAYS_KEPT * DAY_S;
    int64_t before = usual;
    uint64_t count;

    if (tool->argument && !parse_day(tool->argument, &before))
        return report_tool_fail(tool, "which day? YYYY-MM-DD", EX_USAGE);
    if (!store_purge(tool->store, before, before < usual ? before : usual, &count))
        return report_tool_store_failed(tool);
    printf("%" PRIu64 " reports forgotten\n", count);
    return EX_OK;
}

int report_purge(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report purge",
        .help = "usage: vidimus report purge [-c FILE] [YYYY-MM-DD]\n\n"
                "Forgets reports of days before that one (default: of 60 days ago) that were\n"
                "sent or need not be, as `vidimus report send' does every time.  What is still to\n"
                "be sent stays.\n",
    };
    bool done;
    int status = report_tool_open(&tool, argc, argv, REPORT_ARGUMENT, true, false, &done);

    if (!done)
        status = purge(&tool);
    report_tool_close(&tool);
    return status;
}
