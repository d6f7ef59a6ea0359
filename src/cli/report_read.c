/* report_read.c: `vidimus report read`: aggregate reports that others sent us.
 *
 * Each FILE is a report as XML, packed with gzip or zip, or the mail that
 * brought it.  What cannot be read is told, and does not keep the others out. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/region.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/report.h"
#include "cli/tell.h"
#include "report/attachment.h"
#include "report/pack.h"
#include "report/summary.h"

static const char help[] =
    "usage: vidimus report read [--json] FILE...\n\n"
    "Adds up aggregate reports that others sent: who sends in our name, and does it\n"
    "pass?  FILE is a report (.xml, .xml.gz, .zip) or the mail that brought it; - is\n"
    "standard input.\n\n"
    "      --json  print one JSON object\n"
    "  -h, --help  print this\n\n"
    "Exit status: 0 all were read; 64 usage; 65 at least one is no report; 66 no such\n"
    "file.\n";

enum { FILE_MAX = 64 * 1024 * 1024, XML_MAX = 64 * 1024 * 1024, SCHEMA = 1, WHY_SIZE = 512 };

struct failure {
    const char *file;
    char why[WHY_SIZE];
    struct failure *next;
};

struct reading {
    struct region *region;
    struct summary *summary;
    struct failure *failures, **failures_end;
    int status;
};

/* --- files -------------------------------------------------------------- */

static void fail(struct reading *r, const char *file, const char *why, int status)
{
    struct failure *f = region_alloc(r->region, sizeof *f);

    fprintf(stderr, "vidimus report read: %s: %s\n", file, why);
    if (r->status == EX_OK)
        r->status = status;
    if (!f)
        return;
    f->file = file;
    snprintf(f->why, sizeof f->why, "%s", why);
    *r->failures_end = f;
    r->failures_end = &f->next;
}

static void add_xml(struct reading *r, const char *file, struct text xml)
{
    char error[FEEDBACK_ERROR_SIZE];

    switch (summary_add(r->summary, xml, error)) {
    case SUMMARY_ADDED:
        return;
    case SUMMARY_TWICE:
        fprintf(stderr, "vidimus report read: %s: the same report again, not counted\n", file);
        return;
    case SUMMARY_REFUSED:
        fail(r, file, error, EX_DATAERR);
        return;
    }
}

/* Unpacks OCTETS of KIND as far as need be, and adds them. */
static void add_attachment(struct reading *r, const char *file, enum attachment_kind kind,
                           struct text octets)
{
    struct octets plain = { NULL, 0 };
    const char *why = NULL;

    switch (kind) {
    case ATTACHMENT_GZIP:
        why = unpack_gzip(octets, XML_MAX, &plain);
        break;
    case ATTACHMENT_ZIP:
        why = unpack_zip(octets, XML_MAX, &plain);
        break;
    case ATTACHMENT_XML:
        add_xml(r, file, octets);
        return;
    case ATTACHMENT_OTHER:
        why = "it is no report";
        break;
    }
    if (why)
        fail(r, file, why, EX_DATAERR);
    else
        add_xml(r, file, (struct text){ plain.data, plain.len });
    free(plain.data);
}

static void add_octets(struct reading *r, const char *file, struct text octets)
{
    enum attachment_kind kind = attachment_kind(octets);
    struct region *mail = region_new(0);
    const char *why = NULL;

    if (kind == ATTACHMENT_OTHER && mail) {
        why = attachment_find(mail, octets, &octets);
        kind = attachment_kind(octets);
    }
    if (why)
        fail(r, file, why, EX_DATAERR);
    else
        add_attachment(r, file, kind, octets);
    region_free(mail);
}

static void add_file(struct reading *r, const char *file)
{
    const char *name = strcmp(file, "-") == 0 ? NULL : file;
    struct text octets;

    if (!file_read(name, FILE_MAX, &octets)) {
        fail(r, file, strerror(errno), EX_NOINPUT);
        return;
    }
    add_octets(r, file, octets);
    free((char *)octets.data);
}

/* --- for people --------------------------------------------------------- */

static const char *day(int64_t seconds, char out[16])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (seconds <= 0 || !gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        strcpy(out, "?");
    return out;
}

/* "1 message", "2 messages". */
static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void tell_reports(const struct teller *t, const struct summary *summary)
{
    size_t count;
    const struct summary_report *reports = summary_reports(summary, &count);
    char from[16], to[16];

    for (size_t i = 0; i < count; i++)
        tell(t, 0, "%s tells of %s (p=%s) from %s to %s: %" PRIu64 " message%s",
             told(t, reports[i].org_name), told(t, reports[i].domain), told(t, reports[i].policy),
             day(reports[i].begin, from), day(reports[i].end, to), reports[i].messages,
             plural(reports[i].messages));
}

/* The part of NUMBER in ALL, in percent, never rounded up to all. */
static unsigned percent(uint64_t number, uint64_t all)
{
    return all ? (unsigned)((double)number * 100.0 / (double)all) : 0;
}

static void tell_domain(const struct teller *t, const struct summary_source *sources, size_t count)
{
    uint64_t messages = 0, passed = 0;

    for (size_t i = 0; i < count; i++) {
        messages += sources[i].counts.messages;
        passed += sources[i].counts.passed;
    }
    fprintf(t->out, "\n%s: %" PRIu64 " message%s, %" PRIu64 " pass (%u %%), %" PRIu64 " fail\n",
            told(t, sources[0].domain), messages, plural(messages), passed,
            percent(passed, messages), messages - passed);
    fprintf(t->out, "  %-39s %8s %8s %8s %8s %8s %8s\n", "source", "messages", "DKIM", "SPF",
            "fail", "spam", "refused");
}

static void tell_source(const struct teller *t, const struct summary_source *s)
{
    const struct summary_counts *c = &s->counts;
    char ip[IP_TEXT_SIZE];

    fprintf(t->out,
            "  %-39s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
            "\n",
            s->address.family == IP_NONE ? "(no address)" : ip_format(&s->address, ip),
            c->messages, c->dkim, c->spf, c->messages - c->passed,
            c->dispositions[SUMMARY_QUARANTINE], c->dispositions[SUMMARY_REJECT]);
    for (size_t i = 0; i < s->signer_count; i++)
        fprintf(t->out, "    signed by %s\n", told(t, s->signers[i]));
    if (s->sender.len > 0)
        fprintf(t->out, "    may send for %s (SPF)\n", told(t, s->sender));
    if (c->overridden)
        fprintf(t->out, "    %" PRIu64 " message%s treated by the receiver's own rules\n",
                c->overridden, plural(c->overridden));
}

/* How many of SOURCES have the domain of the first. */
static size_t same_domain(const struct summary_source *sources, size_t count)
{
    size_t n = 1;

    while (n < count && text_equal(sources[n].domain, sources[0].domain))
        n++;
    return n;
}

static void tell_summary(struct reading *r)
{
    const struct teller t = { .out = stdout, .region = r->region };
    const struct summary_counts *total = summary_total(r->summary);
    size_t count;
    const struct summary_source *sources = summary_sources(r->summary, &count);
    uint64_t told_of = 0;

    tell_reports(&t, r->summary);
    for (size_t i = 0, n; sources && i < count; i += n) {
        n = same_domain(sources + i, count - i);
        tell_domain(&t, sources + i, n);
        for (size_t j = i; j < i + n; j++) {
            tell_source(&t, &sources[j]);
            told_of += sources[j].counts.messages;
        }
    }
    if (told_of < total->messages)
        printf("\nand %" PRIu64 " messages of further sources\n", total->messages - told_of);
}

/* --- JSON --------------------------------------------------------------- */

static json_t *text_json(const struct reading *r, struct text t)
{
    const struct teller teller = { .region = r->region };

    return text_is_utf8(t) ? json_stringn(t.len ? t.data : "", t.len)
                           : json_string(told(&teller, t));
}

static json_t *counts_json(const struct summary_counts *c)
{
    json_t *dispositions = json_object();

    for (int i = 0; i < SUMMARY_DISPOSITIONS; i++)
        json_object_set_new(dispositions, name_of(summary_disposition_names, i),
                            json_integer((json_int_t)c->dispositions[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "messages", (json_int_t)c->messages,
                     "pass", (json_int_t)c->passed, "fail",
                     (json_int_t)(c->messages - c->passed), "dkim", (json_int_t)c->dkim, "spf",
                     (json_int_t)c->spf, "overridden", (json_int_t)c->overridden, "dispositions",
                     dispositions);
}

static json_t *source_json(const struct reading *r, const struct summary_source *s)
{
    json_t *object = counts_json(&s->counts), *signers = json_array();
    char ip[IP_TEXT_SIZE];

    for (size_t i = 0; i < s->signer_count; i++)
        json_array_append_new(signers, text_json(r, s->signers[i]));
    json_object_set_new(object, "header_from", text_json(r, s->domain));
    json_object_set_new(object, "source_ip", s->address.family == IP_NONE
                                                 ? json_null()
                                                 : json_string(ip_format(&s->address, ip)));
    json_object_set_new(object, "signed_by", signers);
    json_object_set_new(object, "spf_domain", s->sender.len ? text_json(r, s->sender) : json_null());
    return object;
}

static json_t *report_json(const struct reading *r, const struct summary_report *report)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "org_name",
                     text_json(r, report->org_name), "report_id", text_json(r, report->report_id),
                     "domain", text_json(r, report->domain), "p", text_json(r, report->policy),
                     "begin", (json_int_t)report->begin, "end", (json_int_t)report->end,
                     "messages", (json_int_t)report->messages);
}

static json_t *failures_json(const struct reading *r)
{
    json_t *array = json_array();

    for (const struct failure *f = r->failures; f; f = f->next)
        json_array_append_new(array, json_pack("{s:o, s:o}", "file", text_json(r, text_of(f->file)),
                                               "why", text_json(r, text_of(f->why))));
    return array;
}

static bool print_json(struct reading *r)
{
    size_t report_count, source_count;
    const struct summary_report *reports = summary_reports(r->summary, &report_count);
    const struct summary_source *sources = summary_sources(r->summary, &source_count);
    json_t *report_array = json_array(), *source_array = json_array(), *root;
    bool printed;

    for (size_t i = 0; i < report_count; i++)
        json_array_append_new(report_array, report_json(r, &reports[i]));
    for (size_t i = 0; i < source_count; i++)
        json_array_append_new(source_array, source_json(r, &sources[i]));
    root = json_pack("{s:i, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "total",
                     counts_json(summary_total(r->summary)), "sources", source_array, "reports",
                     report_array, "unreadable", failures_json(r));
    printed = root && json_dumpf(root, stdout, JSON_INDENT(1)) == 0 && putchar('\n') != EOF;
    json_decref(root);
    return printed;
}

/* --- the command -------------------------------------------------------- */

static int read_files(char **files, int count, bool as_json)
{
    struct reading r = { .region = region_new(0) };

    r.failures_end = &r.failures;
    r.summary = r.region ? summary_new(r.region) : NULL;
    for (int i = 0; r.summary && i < count; i++)
        add_file(&r, files[i]);
    if (r.summary && !as_json)
        tell_summary(&r);
    else if (r.summary && !print_json(&r))
        r.status = EX_IOERR;
    if (!r.summary || region_failed(r.region)) {
        fputs("vidimus report read: out of memory\n", stderr);
        r.status = EX_OSERR;
    }
    region_free(r.region);
    return fflush(stdout) == 0 ? r.status : EX_IOERR;
}

int report_read(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool as_json = false;
    int status = EX_OK;

    while (cli_option(argc, argv, "h", options, help, &status) != -1)
        as_json = true;
    if (status != EX_OK)
        return status;
    if (optind == argc)
        return cli_usage("report read", "which FILE?");
    return read_files(argv + optind, argc - optind, as_json);
}
