#include "report/failure_mail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "report/failure.h"

enum { FOLD_OCTETS = 70, LINE_MAX_OCTETS = 990, QUOTED_MAX = 32768 };

/* --- feedback report ---------------------------------------------------------- */

/* TEXT with its LF as CRLF. */
static void put_lines(FILE *out, struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n')
            putc('\r', out);
        putc(text.data[i], out);
    }
}

static void put_field(FILE *out, const char *name, const char *value)
{
    if (!*value)
        return;
    fprintf(out, "%s: ", name);
    put_lines(out, text_of(value));
    fputs("\r\n", out);
}

/* S as a quoted-string, folded at its blanks; NULL: it does not fit into lines. */
static const char *quoted(struct region *region, const char *s)
{
    struct buf out;
    size_t column = 0;

    buf_init(&out, region, QUOTED_MAX);
    buf_char(&out, '"');
    for (; *s; s++, column++) {
        if (*s == ' ' && column > FOLD_OCTETS) {
            buf_char(&out, '\n');
            column = 0;
        }
        if (*s == '"' || *s == '\\')
            buf_char(&out, '\\');
        buf_char(&out, *s);
        if (column > LINE_MAX_OCTETS / 2)
            return NULL;
    }
    buf_char(&out, '"');
    return buf_str(&out);
}

/* RFC 6591 §3.2.5. */
static void put_spf(FILE *out, struct region *region, const struct failure *failure)
{
    const char *record = *failure->spf_record ? quoted(region, failure->spf_record) : NULL;

    if (!record)
        return;
    fprintf(out, "SPF-DNS: txt : %s :\r\n ", failure->spf_domain);
    put_lines(out, text_of(record));
    fputs("\r\n", out);
}

static const char *alignment(const struct failure *failure)
{
    if (failure->dkim_aligned)
        return failure->spf_aligned ? "none" : "spf";
    return failure->spf_aligned ? "dkim" : "dkim, spf";
}

static void put_feedback(FILE *out, struct region *region, const struct failure *failure)
{
    char ip[IP_TEXT_SIZE];

    put_field(out, "Feedback-Type", "auth-failure");
    put_field(out, "Version", "1");
    put_field(out, "User-Agent", "vidimus/" PACKAGE_VERSION);
    put_field(out, "Auth-Failure", name_of(failure_type_names, (int)failure->type));
    put_field(out, "Authentication-Results", failure->results);
    put_field(out, "Identity-Alignment", alignment(failure));
    put_field(out, "Reported-Domain", failure->reported_domain);
    put_field(out, "Source-IP", ip_format(&failure->source, ip));
    put_field(out, "Original-Mail-From",
              *failure->mail_from ? mail_words(region, "<%s>", failure->mail_from) : "");
    put_field(out, "Arrival-Date", mail_date(region, failure->time));
    put_field(out, "Delivery-Result", name_of(failure_delivery_names, (int)failure->delivery));
    if (*failure->dkim_domain) {
        put_field(out, "DKIM-Domain", failure->dkim_domain);
        put_field(out, "DKIM-Identity", mail_words(region, "@%s", failure->dkim_domain));
        put_field(out, "DKIM-Selector", failure->dkim_selector);
    }
    put_spf(out, region, failure);
}

/* --- body --------------------------------------------------------------------- */


static void put_words(FILE *out, struct region *region, const struct failure *failure,
                      const struct reporter *reporter)
{
    char ip[IP_TEXT_SIZE];

    fprintf(out,
            "This is a DMARC failure report (RFC 9991) about a message that\r\n%s received from\r\n"
            "%s on %s\r\nwith %s in the From field.\r\n\r\n"
            "Local parts of addresses are replaced (RFC 6590); names, comments and\r\n"
            "the body are left out.\r\n",
            reporter->domain, ip_format(&failure->source, ip), mail_date(region, failure->time),
            failure->reported_domain);
}

static void put_part(struct report_mail *mail, const char *type)
{
    fprintf(mail->body, "--%s\r\nContent-Type: %s\r\n\r\n", mail->boundary, type);
}

bool failure_mail_open(struct report_mail *mail, struct region *region,
                       const struct failure *failure, const char *id,
                       const struct reporter *reporter, char *error, size_t error_size)
{
    *mail = (struct report_mail){ .body = tmpfile() };
    snprintf(mail->boundary, sizeof mail->boundary, "=_vidimus_%s", id);
    mail->file_name = mail_words(region, "failure!%s!%s", failure->policy_domain, id);
    if (mail->body) {
        put_part(mail, "text/plain; charset=us-ascii");
        put_words(mail->body, region, failure, reporter);
        fputs("\r\n", mail->body);
        put_part(mail, "message/feedback-report");
        put_feedback(mail->body, region, failure);
        fputs("\r\n", mail->body);
        put_part(mail, "text/rfc822-headers");
        put_lines(mail->body, failure->header);
        fprintf(mail->body, "\r\n--%s--\r\n", mail->boundary);
    }
    if (mail->body && fflush(mail->body) == 0 && !ferror(mail->body) && !region_failed(region))
        return true;
    snprintf(error, error_size, "%s", region_failed(region) ? "out of memory" : strerror(errno));
    report_mail_close(mail);
    return false;
}

const char *failure_mail_header(struct report_mail *mail, struct region *region,
                                const struct failure *failure, const char *id,
                                const struct reporter *reporter, const char *address, int64_t now,
                                char *error, size_t error_size)
{
    struct mail_fields f = { 0 };

    mail_begin(&f, region, reporter, address, now);
    mail_field(&f, "Subject",
               mail_words(region, "DMARC failure report for\n\t%s", failure->reported_domain));
    mail_field(&f, "Message-ID", mail_words(region, "<failure.%s@%s>", id, reporter->domain));
    mail_field(&f, "Content-Type",
               mail_words(region,
                          "multipart/report; report-type=feedback-report;\n\tboundary=\"%s\"",
                          mail->boundary));
    return mail_header(&f, region, reporter, mail->body, now, error, error_size);
}
