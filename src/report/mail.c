#include "report/mail.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "auth/base64.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/region.h"
#include "core/session.h"
#include "core/snapshot.h"
#include "core/transaction.h"
#include "report/aggregate.h"
#include "report/pack.h"

enum {
    HEADER_MAX = 65536,
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
    struct packer *packer; /* or */
    FILE *file;
    uint64_t octets;
    bool failed;
};

static void take_xml(void *context, struct text octets)
{
    struct xml_sink *x = context;

    x->octets += octets.len;
    if (x->packer)
        packer_add(x->packer, octets);
    else if (fwrite(octets.data, 1, octets.len, x->file) != octets.len)
        x->failed = true;
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
    return good && !sink->failed;
}

bool report_mail_xml(struct store *store, const struct store_report *report,
                     const struct reporter *reporter, FILE *out, char error[SQL_ERROR_SIZE])
{
    struct xml_sink sink = { .file = out };
    bool good = write_xml(store, report, reporter, &sink, error);

    if (sink.failed)
        fail(error, strerror(errno));
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

enum { FIELDS_MAX = 16 };

/* Fields with values as plan.h has them: folded with LF TAB, no leading blank. */
struct fields {
    size_t count;
    struct {
        const char *name, *value;
    } items[FIELDS_MAX];
};

static void add_field(struct fields *fields, const char *name, const char *value)
{
    fields->items[fields->count].name = name;
    fields->items[fields->count++].value = value;
}

__attribute__((format(printf, 2, 3)))
static const char *words(struct region *region, const char *format, ...)
{
    struct buf buf;
    va_list args;
    char text[2048];

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&buf, region, sizeof text);
    buf_add(&buf, text);
    return buf_str(&buf) ? buf_str(&buf) : "";
}

/* RFC 5322 §3.3, in UTC, whatever the locale. */
static const char *date(struct region *region, int64_t now)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)now;
    struct tm tm = { 0 };

    gmtime_r(&t, &tm);
    return words(region, "%s, %02d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
                 months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* The subject's words are RFC 9990's, §3.5.2; folded, names may be long. */
static void fill(struct fields *f, struct region *region, const struct report_mail *mail,
                 const struct store_report *report, const struct reporter *reporter,
                 const char *address, int64_t now)
{
    add_field(f, "Date", date(region, now));
    add_field(f, "From", words(region, "<%s>", reporter->email));
    add_field(f, "To", words(region, "<%s>", address));
    add_field(f, "Subject",
              words(region, "Report Domain: %s\n\tSubmitter: %s\n\tReport-ID: <%s@%s>",
                    report->policy.domain, reporter->domain, report->report_id,
                    reporter->domain));
    add_field(f, "Message-ID",
              words(region, "<%s.%" PRId64 "@%s>", report->report_id, now, reporter->domain));
    add_field(f, "Auto-Submitted", "auto-generated");
    add_field(f, "MIME-Version", "1.0");
    add_field(f, "Content-Type",
              words(region, "multipart/mixed;\n\tboundary=\"%s\"", mail->boundary));
}

/* What our milter would add: the message goes through the same core. */
static void feed_body(struct transaction *t, FILE *body)
{
    char chunk[16384];
    size_t len;

    rewind(body);
    while ((len = fread(chunk, 1, sizeof chunk, body)) > 0)
        transaction_body(t, (struct text){ chunk, len });
}

static bool take_signatures(const struct judgement *j, struct region *region, struct fields *f)
{
    bool found = false;

    for (const struct plan_step *s = j->plan.steps; s; s = s->next)
        if (s->kind == PLAN_INSERT && strcmp(s->name, "DKIM-Signature") == 0 &&
            f->count < FIELDS_MAX) {
            const char *value = text_dup(region, text_of(s->value));

            add_field(f, "DKIM-Signature", value ? value : "");
            found = true;
        }
    return found;
}

static bool sign(struct fields *f, struct region *region, FILE *body,
                 const struct reporter *reporter, int64_t now, char error[SQL_ERROR_SIZE])
{
    const struct ip_address here = { .family = IP_NONE };
    struct session *session = session_new(reporter->sign, &here);
    struct transaction *t = NULL;
    size_t count = f->count;
    bool good = false;

    if (session)
        t = transaction_begin(session, reporter->sign, text_of(reporter->email), NULL, now);
    for (size_t i = 0; t && i < count; i++)
        transaction_field(t, text_of(f->items[i].name),
                          text_of(words(region, " %s", f->items[i].value)));
    if (t) {
        transaction_end_of_header(t);
        feed_body(t, body);
        good = take_signatures(transaction_end(t), region, f);
    }
    transaction_free(t);
    session_free(session);
    return good || fail(error, "no key signs it: `reports { sign }` wants a `sign` section for the "
                               "domain of `email`");
}

static void write_field(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s: ", name);
    for (; *value; value++) {
        if (*value == '\n')
            buf_char(out, '\r');
        buf_char(out, *value);
    }
    buf_add(out, "\r\n");
}

/* The fields from SIGNATURES on stand on top. */
static const char *header_text(const struct fields *f, size_t signatures, struct region *region)
{
    struct buf buf;

    buf_init(&buf, region, HEADER_MAX);
    for (size_t i = signatures; i < f->count; i++)
        write_field(&buf, f->items[i].name, f->items[i].value);
    for (size_t i = 0; i < signatures; i++)
        write_field(&buf, f->items[i].name, f->items[i].value);
    buf_add(&buf, "\r\n");
    return buf_str(&buf);
}

const char *report_mail_header(struct report_mail *mail, struct region *region,
                               const struct store_report *report,
                               const struct reporter *reporter, const char *address, int64_t now,
                               char error[SQL_ERROR_SIZE])
{
    struct fields f = { 0 };
    const char *text;
    size_t own;

    fill(&f, region, mail, report, reporter, address, now);
    own = f.count;
    if (reporter->sign && !sign(&f, region, mail->body, reporter, now, error))
        return NULL;
    text = header_text(&f, own, region);
    if (!text || region_failed(region))
        fail(error, "out of memory");
    return region_failed(region) ? NULL : text;
}
