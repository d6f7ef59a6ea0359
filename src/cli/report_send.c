/* report_send.c: `vidimus report send`: due reports to the MTA, or into files for
 * people to see. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/region.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/report_failures.h"
#include "cli/report_tool.h"
#include "config/config.h"
#include "core/snapshot.h"
#include "report/sender.h"
#include "report/submit.h"

enum { ERROR_SIZE = 512, PATH_SIZE = 4096, MINUTE_S = 60 };

static const char help[] =
    "usage: vidimus report send [-c FILE] [--dry-run] [--to FILE|DIR] [--resolver A@PORT]\n"
    "                           [--zone FILE]\n\n"
    "Sends the reports of days that are over to those who asked for them, and the failure\n"
    "reports that wait.  Forgets reports of days 60 days ago and more that are done with.\n\n"
    "      --dry-run   send nothing and note nothing; tell what would go\n"
    "      --to PLACE  likewise, and write the mails: into a directory, one file each,\n"
    "                  or into one file, one after the other, as an mbox\n"
    "      --zone FILE, --resolver A@PORT  whom to ask whether a report is wanted\n"
    "      --now EPOCH as at this time, in seconds since 1970\n\n"
    "Exit status: 0 nothing is left to send now; 75 something must be tried again later\n"
    "(by the next run); 69 no store; 78 configuration.\n";

struct run {
    struct report_tool *tool;
    struct sender sender;
    struct snapshot *snapshot;
    FILE *mbox; /* --to FILE */
    bool into_directory;
    bool on_terminal;
    uint64_t by_state[REPORT_GIVEN_UP + 1]; /* reports, as they ended now */
    uint64_t mails;
    int64_t started_ms;
    struct { /* the rate */
        time_t minute;
        unsigned mails;
    } sent;
};

/* A run may take hours: a claim lasts from now, not from when it began. */
static int64_t now_of(const struct run *r)
{
    return r->tool->now + (clock_ms() - r->started_ms) / 1000;
}

/* --- where mails go ------------------------------------------------------- */

/* Not more than the rate allows: waits for the next minute. */
static void keep_rate(struct run *r)
{
    time_t now = time(NULL);

    if (r->sent.minute != now / MINUTE_S)
        r->sent.mails = 0;
    else if (r->sent.mails >= r->tool->config->reports.rate)
        sleep((unsigned)(MINUTE_S - now % MINUTE_S));
    r->sent.minute = time(NULL) / MINUTE_S;
    r->sent.mails++;
}

static int by_mta(void *context, const char *address, const char *header, struct report_mail *mail,
                  char *error, size_t error_size)
{
    struct run *r = context;
    const struct submission submission = {
        .how = r->tool->config->reports.submit,
        .from = r->sender.reporter.email,
        .to = address,
        .header = header,
        .body = mail->body,
    };
    char why[SUBMIT_ERROR_SIZE];
    enum submit_result result;

    keep_rate(r);
    result = submit_mail(&submission, why);
    snprintf(error, error_size, "%s", why);
    r->mails += result == SUBMIT_TAKEN;
    return (int)result;
}

/* Copies header and body; in an mbox with LF line ends, as files have them. */
static bool write_mail(FILE *out, const char *header, FILE *body)
{
    int c;

    for (; *header; header++)
        if (*header != '\r')
            putc(*header, out);
    rewind(body);
    while ((c = getc(body)) != EOF)
        if (c != '\r')
            putc(c, out);
    return !ferror(body) && fflush(out) == 0 && !ferror(out);
}

static bool into_file(struct run *r, const char *address, const char *header,
                      struct report_mail *mail)
{
    char path[PATH_SIZE];
    FILE *out = r->mbox;
    bool good;

    if (r->mbox)
        fprintf(r->mbox, "From %s Thu Jan  1 00:00:00 1970\n", r->sender.reporter.email);
    else if (snprintf(path, sizeof path, "%s/%s!%s.eml", r->tool->to, mail->file_name, address) <
             (int)sizeof path)
        out = fopen(path, "w");
    good = out && write_mail(out, header, mail->body);
    if (r->mbox)
        putc('\n', r->mbox);
    else if (out && fclose(out) != 0)
        good = false;
    return good;
}

static int for_show(void *context, const char *address, const char *header,
                    struct report_mail *mail, char *error, size_t error_size)
{
    struct run *r = context;

    *error = '\0';
    if (r->tool->to && !into_file(r, address, header, mail)) {
        snprintf(error, error_size, "%s: %s", r->tool->to, strerror(errno));
        return SUBMIT_LATER;
    }
    r->mails++;
    return SUBMIT_TAKEN;
}

/* --- what is told --------------------------------------------------------- */

static void show_progress(const struct run *r)
{
    uint64_t done = 0;

    for (int i = 0; i <= REPORT_GIVEN_UP; i++)
        done += r->by_state[i];
    fprintf(stderr, "\r%" PRIu64 " reports, %" PRIu64 " mails", done, r->mails);
}

/* One line for each report; for each destination of one that did not get it. */
static void tell(void *context, const struct sender_event *e)
{
    struct run *r = context;
    char why[LOG_QUOTED_MAX], day[UTC_SIZE];

    log_quote(text_of(e->why), why);
    utc_day(e->report->day, day);
    if (e->destination && r->tool->dry_run)
        printf("%s %s %" PRIu64 " messages to %s: %s\n", day, e->report->policy.domain,
               e->report->messages, e->destination->address, e->taken ? "would go" : why);
    else if (e->destination && !e->taken)
        log_line(LOG_LEVEL_WARN, "report=%s domain=%s day=%s to=%s sent=no why=%s",
                 e->report->report_id, e->report->policy.domain, day, e->destination->address,
                 why);
    if (e->destination)
        return;
    r->by_state[e->state]++;
    if (e->state == REPORT_GIVEN_UP)
        log_line(LOG_LEVEL_FAULT, "report=%s domain=%s day=%s given up after a week: why=%s",
                 e->report->report_id, e->report->policy.domain, day, why);
    if (r->tool->dry_run && e->state == REPORT_UNWANTED)
        printf("%s %s %" PRIu64 " messages: not sent: %s\n", day, e->report->policy.domain,
               e->report->messages, why);
    if (r->on_terminal)
        show_progress(r);
}

/* --- sending ------------------------------------------------------------ */

static int send_due(struct run *r)
{
    struct store *store = r->tool->store;

    if (!store_close_days(store, r->tool->now))
        return report_tool_store_failed(r->tool);
    for (;;) {
        struct region *region = region_new(0);
        struct store_report report;
        enum store_claim claimed = STORE_CLAIM_FAILED;
        bool good = false;

        if (region)
            claimed = store_claim(store, now_of(r), SENDER_LEASE_S, region, &report);
        if (claimed == STORE_CLAIMED)
            good = sender_send(&r->sender, &report, now_of(r));
        region_free(region);
        if (claimed == STORE_NONE_DUE)
            return EX_OK;
        if (!good)
            return report_tool_store_failed(r->tool);
    }
}

/* What was done with long ago; else the store would grow for ever. */
static int forget_old(const struct run *r)
{
    int64_t before = r->tool->now - (int64_t)REPORT_DAYS_KEPT * DAY_S;
    uint64_t count;

    return store_purge(r->tool->store, before, before, &count) ? EX_OK
                                                               : report_tool_store_failed(r->tool);
}

/* --- for show ----------------------------------------------------------- */

struct shown {
    struct run *run;
    struct region *region; /* of the reports */
    struct store_report *reports;
    size_t count, room;
};

static void copy_policy(struct region *region, struct row_policy *p)
{
    p->domain = text_dup(region, text_of(p->domain));
    p->fo = text_dup(region, text_of(p->fo));
    p->rua = text_dup(region, text_of(p->rua));
    p->ruf = text_dup(region, text_of(p->ruf));
}

static void keep(void *context, const struct store_report *report)
{
    struct shown *s = context;
    bool over = report->state == REPORT_DUE ||
                (report->state == REPORT_COLLECTING &&
                 store_day_is_over(report->day, s->run->tool->now));
    struct store_report *copy;

    if (!over || report->due > s->run->tool->now)
        return;
    if (s->count == s->room) {
        struct store_report *more =
            region_array(s->region, s->room ? 2 * s->room : 64, sizeof *more);

        if (!more)
            return;
        if (s->count)
            memcpy(more, s->reports, s->count * sizeof *more);
        s->reports = more;
        s->room = s->room ? 2 * s->room : 64;
    }
    copy = &s->reports[s->count++];
    *copy = *report;
    copy->why = "";
    copy_policy(s->region, &copy->policy);
}

static int show_due(struct run *r)
{
    const struct store_filter filter = { .state = -1 };
    struct shown s = { .run = r, .region = region_new(0) };
    bool good = s.region && store_list(r->tool->store, &filter, keep, &s);

    for (size_t i = 0; good && !region_failed(s.region) && i < s.count; i++)
        good = sender_try(&r->sender, &s.reports[i], r->tool->now);
    if (s.region && region_failed(s.region))
        good = false;
    region_free(s.region);
    return good ? EX_OK : report_tool_store_failed(r->tool);
}

/* --- the command -------------------------------------------------------- */

static struct resolver *make_resolver(const struct report_tool *tool, char *error, size_t size)
{
    const char *servers[] = { tool->resolver, NULL };

    if (tool->zone)
        return resolver_new_zone(tool->zone, error, size);
    return resolver_configured(tool->config, tool->resolver
                                                 ? servers
                                                 : tool->config->resolver.servers.items,
                               error, size);
}

static int open_place(struct run *r)
{
    struct stat st;

    if (!r->tool->to)
        return EX_OK;
    r->tool->dry_run = true;
    r->into_directory = stat(r->tool->to, &st) == 0 && S_ISDIR(st.st_mode);
    if (r->into_directory)
        return EX_OK;
    r->mbox = fopen(r->tool->to, "w");
    return r->mbox ? EX_OK : report_tool_fail(r->tool, strerror(errno), EX_CANTCREAT);
}

static int prepare(struct run *r)
{
    const struct config *config = r->tool->config;
    const char *email = config->reports.email;
    char error[ERROR_SIZE];
    int status = open_place(r);

    if (status != EX_OK)
        return status;
    if (!*email)
        return report_tool_fail(r->tool, "reports { email } is not set: who sends them?", EX_CONFIG);
    r->sender.resolver = make_resolver(r->tool, error, sizeof error);
    if (!r->sender.resolver)
        return report_tool_fail(r->tool, error, EX_UNAVAILABLE);
    r->sender.reporter.email = email;
    r->sender.reporter.domain = strchr(email, '@') + 1;
    r->sender.reporter.org_name =
        *config->reports.org_name ? config->reports.org_name : r->sender.reporter.domain;
    r->sender.reporter.contact = config->reports.contact;
    if (!config->reports.sign)
        return EX_OK;
    r->snapshot = snapshot_new(config_ref(r->tool->config), resolver_ref(r->sender.resolver), NULL,
                               error, sizeof error);
    r->sender.reporter.sign = r->snapshot;
    return r->snapshot ? EX_OK : report_tool_fail(r->tool, error, EX_CONFIG);
}

static int run(struct run *r)
{
    int status = prepare(r);

    if (status == EX_OK)
        status = r->tool->dry_run ? show_due(r) : send_due(r);
    if (status == EX_OK && !r->tool->dry_run)
        status = forget_old(r);
    if (r->on_terminal)
        fputs("\n", stderr);
    if (status == EX_OK)
        printf("%" PRIu64 " mails %s; reports: %" PRIu64 " sent, %" PRIu64 " later, %" PRIu64
               " unwanted, %" PRIu64 " given up\n",
               r->mails, r->tool->dry_run ? "would go" : "sent", r->by_state[REPORT_SENT],
               r->by_state[REPORT_DUE], r->by_state[REPORT_UNWANTED],
               r->by_state[REPORT_GIVEN_UP]);
    if (status == EX_OK && r->by_state[REPORT_DUE])
        status = EX_TEMPFAIL;
    status = report_failures(r->tool, &r->sender, status);
    snapshot_unref(r->snapshot);
    resolver_unref(r->sender.resolver);
    if (r->mbox && fclose(r->mbox) != 0)
        status = report_tool_fail(r->tool, strerror(errno), EX_IOERR);
    return status;
}

int report_send(int argc, char **argv)
{
    struct report_tool tool = { .command = "report send", .help = help };
    struct run r = { .tool = &tool,
                     .on_terminal = isatty(STDERR_FILENO),
                     .started_ms = clock_ms() };
    bool done;
    int status = report_tool_open(&tool, argc, argv, REPORT_DRY_RUN | REPORT_DNS, true, false,
                                  &done);

    r.sender.store = tool.store;
    r.sender.config = tool.config;
    r.sender.context = &r;
    r.sender.tell = tell;
    r.sender.submit = tool.dry_run || tool.to ? for_show : by_mta;
    if (!done)
        status = run(&r);
    report_tool_close(&tool);
    return status;
}
