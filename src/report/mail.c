#include "report/mail.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "auth/base64.h"
#include "base/buf.h"
#include "base/region.h"
#include "report/aggregate.h"
#include "report/pack.h"

enum {
    LINE_PLAIN = 57, /* octets that make 76 of base64 */
    LINE_PACKED = 76,
    PIECE_OCTETS = LINE_PLAIN * 512
};

static bool fail(char error[SQL_ERROR_SIZE], const char *why)
{
    snprintf(error, SQL_ERROR_SIZE, "%s", why);
    return false;
}

/* --- sinks: XML, gzip, base64, file --------------------------------------- */

struct base64_file {
    FILE *out;
    size_t len;
    bool failed;
    char piece[PIECE_OCTETS];
};

static void write_piece(struct base64_file *f)
{
    struct region *region = region_new(0);
    struct text packed = { NULL, 0 };

    if (region)
        packed = base64_encode(region, (struct text){ f->piece, f->len });
    if (f->len > 0 && packed.len == 0)
        f->failed = true;
    for (; packed.len > 0; packed = text_tail(packed, LINE_PACKED))
        if (fprintf(f->out, "%.*s\r\n", TEXT_ARGS(text_head(packed, LINE_PACKED))) < 0)
            f->failed = true;
    region_free(region);
    f->len = 0;
}

static void take_plain(void *context, struct text octets)
{
    struct base64_file *f = context;

    while (octets.len > 0) {
        struct text some = text_head(octets, PIECE_OCTETS - f->len);

        memcpy(f->piece + f->len, some.data, some.len);
        f->len += some.len;
        octets = text_tail(octets, some.len);
        if (f->len == PIECE_OCTETS)
            write_piece(f);
    }
}

struct xml_sink {
    struct packer *packer;
    uint64_t octets;
};

static void take_xml(void *context, struct text octets)
{
    struct xml_sink *x = context;

    x->octets += octets.len;
    packer_add(x->packer, octets);
}

static void add_record(void *context, const struct row *row, uint64_t count)
{
    aggregate_add(context, row, count);
}

static int64_t last_second(const struct store_report *report)
{
    return report->day + DAY_S - 1;
}

/* The XML of REPORT into SINK. */
static bool write_xml(struct store *store, const struct store_report *report,
                      const struct reporter *reporter, struct xml_sink *sink,
                      char error[SQL_ERROR_SIZE])
{
    char report_id[REPORT_ID_SIZE + DOMAIN_MAX + 2];
    const struct aggregate_head head = {
        .org_name = reporter->org_name,
        .email = reporter->email,
        .extra_contact = reporter->contact,
        .report_id = report_id,
        .begin = report->day,
        .end = last_second(report),
        .policy = &report->policy,
    };
    struct aggregate *aggregate;
    bool good;

    snprintf(report_id, sizeof report_id, "%s@%s", report->report_id, reporter->domain);
    aggregate = aggregate_new(&head, (struct octet_sink){ take_xml, sink });
    good = aggregate && store_records(store, report->id, add_record, aggregate);
    if (aggregate && !good)
        fail(error, store_error(store));
    if (!aggregate_end(aggregate) && good)
        good = fail(error, "out of memory");
    if (!aggregate)
        fail(error, "out of memory");
    return good;
}

/* --- body --------------------------------------------------------------- */

static const char *utc_day(int64_t seconds, char out[16])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        *out = '\0';
    return out;
}

static void write_words(FILE *out, const char *boundary, const struct store_report *report,
                        const struct reporter *reporter)
{
    char day[16];

    fprintf(out,
            "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
            "This is a DMARC aggregate report (RFC 9990) about mail that %s\r\n"
            "received on %s (UTC) with %s\r\nin the From field.\r\n\r\n"
            "Messages: %" PRIu64 "\r\n\r\n",
            boundary, reporter->domain, utc_day(report->day, day), report->policy.domain,
            report->messages);
}

/* The part behind the dot of the report's id tells reports of one day apart. */
static const char *unique_part(const struct store_report *report)
{
    const char *dot = strchr(report->report_id, '.');

    return dot ? dot + 1 : report->report_id;
}

static void write_part_header(FILE *out, const struct report_mail *mail)
{
    fprintf(out,
            "--%s\r\nContent-Type: application/gzip;\r\n\tname=\"%s\"\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            "Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n\r\n",
            mail->boundary, mail->file_name, mail->file_name);
}

static bool write_attachment(struct report_mail *mail, struct store *store,
                             const struct store_report *report, const struct reporter *reporter,
                             char error[SQL_ERROR_SIZE])
{
    static struct base64_file lines; /* the command line has one thread */
    struct xml_sink sink;
    bool good;

    lines = (struct base64_file){ .out = mail->body };
    sink = (struct xml_sink){ .packer = packer_new((struct octet_sink){ take_plain, &lines }) };
    good = sink.packer && write_xml(store, report, reporter, &sink, error);
    if (!packer_end(sink.packer) && (good || !sink.packer))
        good = fail(error, "out of memory");
    write_piece(&lines);
    mail->xml_octets = sink.octets;
    if (lines.failed && good)
        good = fail(error, strerror(errno));
    return good;
}

bool report_mail_open(struct report_mail *mail, struct region *region, struct store *store,
                      const struct store_report *report, const struct reporter *reporter,
                      char error[SQL_ERROR_SIZE])
{
    struct buf name;

    *mail = (struct report_mail){ .body = tmpfile() };
    if (!mail->body)
        return fail(error, strerror(errno));
    snprintf(mail->boundary, sizeof mail->boundary, "=_vidimus_%s", unique_part(report));
    buf_init(&name, region, 4 * DOMAIN_MAX);
    buf_printf(&name, "%s!%s!%" PRId64 "!%" PRId64 "!%s.xml.gz", reporter->domain,
               report->policy.domain, report->day, last_second(report), unique_part(report));
    mail->file_name = buf_str(&name);
    if (!mail->file_name) {
        report_mail_close(mail);
        return fail(error, "out of memory");
    }
    write_words(mail->body, mail->boundary, report, reporter);
    write_part_header(mail->body, mail);
    if (!write_attachment(mail, store, report, reporter, error)) {
        report_mail_close(mail);
        return false;
    }
    fprintf(mail->body, "\r\n--%s--\r\n", mail->boundary);
    if (fflush(mail->body) == 0 && !ferror(mail->body))
        return true;
    fail(error, strerror(errno));
    report_mail_close(mail);
    return false;
}

void report_mail_close(struct report_mail *mail)
{
    if (mail->body)
        fclose(mail->body);
    mail->body = NULL;
}

/* --- header ------------------------------------------------------------- */

/* The subject's words are RFC 9990's, §3.5.2; folded, names may be long. */
const char *report_mail_header(struct report_mail *mail, struct region *region,
                               const struct store_report *report,
                               const struct reporter *reporter, const char *address, int64_t now,
                               char error[SQL_ERROR_SIZE])
{
    struct mail_fields f = { 0 };

    mail_begin(&f, region, reporter, address, now);
    mail_field(&f, "Subject",
               mail_words(region, "Report Domain: %s\n\tSubmitter: %s\n\tReport-ID: <%s@%s>",
                          report->policy.domain, reporter->domain, report->report_id,
                          reporter->domain));
    mail_field(&f, "Message-ID",
               mail_words(region, "<%s.%" PRId64 "@%s>", report->report_id, now,
                          reporter->domain));
    mail_field(&f, "Content-Type",
               mail_words(region, "multipart/mixed;\n\tboundary=\"%s\"", mail->boundary));
    return mail_header(&f, region, reporter, mail->body, now, error, SQL_ERROR_SIZE);
}
