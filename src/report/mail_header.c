#include "report/mail_header.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/region.h"
#include "core/session.h"
#include "core/snapshot.h"
#include "core/transaction.h"

enum { HEADER_MAX = 65536 };

/* --- fields --------------------------------------------------------------- */

void mail_field(struct mail_fields *fields, const char *name, const char *value)
{
    fields->items[fields->count].name = name;
    fields->items[fields->count++].value = value;
}

const char *mail_words(struct region *region, const char *format, ...)
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

const char *mail_date(struct region *region, int64_t seconds)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)seconds;
    struct tm tm = { 0 };

    gmtime_r(&t, &tm);
    return mail_words(region, "%s, %02d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday],
                      tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                      tm.tm_sec);
}

void mail_begin(struct mail_fields *f, struct region *region, const struct reporter *reporter,
                const char *address, int64_t now)
{
    mail_field(f, "Date", mail_date(region, now));
    mail_field(f, "From", mail_words(region, "<%s>", reporter->email));
    mail_field(f, "To", mail_words(region, "<%s>", address));
    mail_field(f, "Auto-Submitted", "auto-generated");
    mail_field(f, "MIME-Version", "1.0");
}

/* --- signing -------------------------------------------------------------- */

/* What our milter would add: the message goes through the same core. */
static void feed_body(struct transaction *t, FILE *body)
{
    char chunk[16384];
    size_t len;

    rewind(body);
    while ((len = fread(chunk, 1, sizeof chunk, body)) > 0)
        transaction_body(t, (struct text){ chunk, len });
}

static bool take_signatures(const struct judgement *j, struct region *region,
                            struct mail_fields *f)
{
    bool found = false;

    for (const struct plan_step *s = j->plan.steps; s; s = s->next)
        if (s->kind == PLAN_INSERT && strcmp(s->name, "DKIM-Signature") == 0 &&
            f->count < MAIL_FIELDS_MAX) {
            const char *value = text_dup(region, text_of(s->value));

            mail_field(f, "DKIM-Signature", value ? value : "");
            found = true;
        }
    return found;
}

static bool sign(struct mail_fields *f, struct region *region, FILE *body,
                 const struct reporter *reporter, int64_t now)
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
                          text_of(mail_words(region, " %s", f->items[i].value)));
    if (t) {
        transaction_end_of_header(t);
        feed_body(t, body);
        good = take_signatures(transaction_end(t), region, f);
    }
    transaction_free(t);
    session_free(session);
    return good;
}

/* --- text ----------------------------------------------------------------- */

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
static const char *header_text(const struct mail_fields *f, size_t signatures,
                               struct region *region)
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

static const char *fail(char *error, size_t error_size, const char *why)
{
    snprintf(error, error_size, "%s", why);
    return NULL;
}

const char *mail_header(struct mail_fields *f, struct region *region,
                        const struct reporter *reporter, FILE *body, int64_t now, char *error,
                        size_t error_size)
{
    const size_t own = f->count;
    const char *text;

    if (reporter->sign && !sign(f, region, body, reporter, now))
        return fail(error, error_size, "no key signs it: `reports { sign }` wants a `sign` "
                                       "section for the domain of `email`");
    text = header_text(f, own, region);
    if (!text || region_failed(region))
        return fail(error, error_size, "out of memory");
    return text;
}
