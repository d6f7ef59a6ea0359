/* failure_text.c: the file of a failure that waits for sending, and back.
 *
 *     "vidimus-failure" SP VERSION SP CRC LF
 *     *( key "=" value LF )
 *     LF
 *     header
 *
 * Of values, '%' and what is not printable ASCII is %XX.  The checksum is of all after
 * the first line: against a torn file.  The reader checks every value all the same, for
 * they become header fields of a mail.
 */
#include "report/failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/domain.h"
#include "report/crc32.h"

enum { FILE_VERSION = 1 };

#define MAGIC "vidimus-failure"

enum kind {
    KIND_TIME,    /* int64_t */
    KIND_ADDRESS, /* struct ip_address */
    KIND_DOMAIN,  /* const char *, a normalised name; "" is not written */
    KIND_WORDS,   /* const char *, printable; "" is not written */
    KIND_FOLDED,  /* likewise, with LF TAB */
    KIND_ENUM,    /* by .names */
    KIND_BOOL     /* likewise */
};

struct line {
    const char *key;
    enum kind kind;
    size_t offset;
    const struct name *names;
    bool required;
};

static const struct name outcome_names[] = { { false, "fail" }, { true, "pass" }, { 0, NULL } };

#define AT(member) .offset = offsetof(struct failure, member)

static const struct line lines[] = {
    { "time", KIND_TIME, AT(time), .required = true },
    { "source_ip", KIND_ADDRESS, AT(source), .required = true },
    { "type", KIND_ENUM, AT(type), failure_type_names, true },
    { "delivery", KIND_ENUM, AT(delivery), failure_delivery_names, true },
    { "dkim", KIND_BOOL, AT(dkim_aligned), outcome_names, true },
    { "spf", KIND_BOOL, AT(spf_aligned), outcome_names, true },
    { "reported_domain", KIND_DOMAIN, AT(reported_domain), .required = true },
    { "policy_domain", KIND_DOMAIN, AT(policy_domain), .required = true },
    { "ruf", KIND_WORDS, AT(ruf), .required = true },
    { "mail_from", KIND_WORDS, AT(mail_from) },
    { "results", KIND_FOLDED, AT(results) },
    { "dkim_domain", KIND_DOMAIN, AT(dkim_domain) },
    { "dkim_selector", KIND_WORDS, AT(dkim_selector) },
    { "spf_domain", KIND_DOMAIN, AT(spf_domain) },
    { "spf_record", KIND_WORDS, AT(spf_record) },
    { "served", KIND_WORDS, AT(served) },
};

enum { LINE_COUNT = sizeof lines / sizeof lines[0] };

_Static_assert(sizeof(enum failure_type) == sizeof(int) &&
                   sizeof(enum failure_delivery) == sizeof(int),
               "enums are read and written through int");

/* --- what a value may be ------------------------------------------------------ */

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool is_domain(const char *s)
{
    domain_name name;

    return domain_normalise(text_of(s), name) && strcmp(name, s) == 0;
}

/* Lines of printable ASCII, each but the first with a TAB and something behind it. */
static bool is_folded(const char *s)
{
    for (const char *at = s; *at; at++)
        if (*at == '\n' ? at == s || at[1] != '\t' || !is_printable(at[2])
                        : *at != '\t' && !is_printable(*at))
            return false;
    return true;
}

static bool fits(enum kind kind, const char *s)
{
    switch (kind) {
    case KIND_DOMAIN:
        return is_domain(s);
    case KIND_WORDS:
        return text_all(text_of(s), is_printable);
    case KIND_FOLDED:
        return is_folded(s);
    case KIND_TIME:
    case KIND_ADDRESS:
    case KIND_ENUM:
    case KIND_BOOL:
        return true;
    }
    return false;
}

/* Fields that can stand in a mail: a name, a colon, lines of printable ASCII, and
 * nothing but that. */
static bool is_header(struct text t)
{
    bool at_start = true, in_name = true;

    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (at_start)
            in_name = c != '\t';
        if (at_start && ((c == '\t' && i == 0) || c == '\n' || c == ':'))
            return false;
        at_start = c == '\n';
        if (in_name && (c == ' ' || c == '\t' || c == '\n'))
            return false;
        if (in_name && c == ':')
            in_name = false;
        if (!is_printable(c) && c != '\t' && c != '\n')
            return false;
    }
    return at_start;
}

/* --- writing ------------------------------------------------------------------ */

static void put_words(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (is_printable(*s) && *s != '%')
            buf_char(out, *s);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
    }
}

static void put_value(struct buf *out, const struct line *line, const char *at)
{
    char ip[IP_TEXT_SIZE];
    int number;

    switch (line->kind) {
    case KIND_TIME:
        buf_printf(out, "%" PRId64, *(const int64_t *)(const void *)at);
        break;
    case KIND_ADDRESS:
        buf_add(out, ip_format((const struct ip_address *)(const void *)at, ip));
        break;
    case KIND_DOMAIN:
    case KIND_WORDS:
    case KIND_FOLDED:
        put_words(out, *(const char *const *)(const void *)at);
        break;
    case KIND_ENUM:
        memcpy(&number, at, sizeof number);
        buf_add(out, name_of(line->names, number));
        break;
    case KIND_BOOL:
        buf_add(out, name_of(line->names, *(const bool *)at));
        break;
    }
}

static bool is_text(enum kind kind)
{
    return kind == KIND_DOMAIN || kind == KIND_WORDS || kind == KIND_FOLDED;
}

static void put_line(struct buf *out, const struct line *line, const struct failure *failure)
{
    const char *at = (const char *)failure + line->offset;
    const char *s = is_text(line->kind) ? *(const char *const *)(const void *)at : "-";

    if (!line->required && !*s)
        return;
    if (!fits(line->kind, s) || strlen(s) >= FAILURE_VALUE_MAX)
        out->failed = true;
    buf_printf(out, "%s=", line->key);
    put_value(out, line, at);
    buf_char(out, '\n');
}

void failure_write(struct buf *out, const struct failure *failure)
{
    struct buf body;

    buf_init(&body, out->region, FAILURE_OCTETS_MAX - 64);
    for (size_t i = 0; i < LINE_COUNT; i++)
        put_line(&body, &lines[i], failure);
    buf_char(&body, '\n');
    if (failure->header.len > 0 && !is_header(failure->header))
        body.failed = true;
    buf_text_add(&body, failure->header);
    if (buf_failed(&body) || failure->time < 0 || failure->source.family == IP_NONE) {
        out->failed = true;
        return;
    }
    buf_printf(out, MAGIC " %d %08" PRIx32 "\n", FILE_VERSION, crc32_of(buf_text(&body)));
    buf_text_add(out, buf_text(&body));
}

/* --- reading ------------------------------------------------------------------ */

static struct text cut(struct text *rest, char separator)
{
    size_t at = text_find(*rest, separator);
    struct text head = text_head(*rest, at);

    *rest = text_tail(*rest, at + 1);
    return head;
}

static int hex_digit(char c)
{
    if (octet_is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL: no such value, or memory. */
static const char *unescaped(struct region *region, struct text t)
{
    char *out = t.len < FAILURE_VALUE_MAX * 3 ? text_dup(region, t) : NULL;
    size_t len = 0;

    for (size_t i = 0; out && i < t.len; i++) {
        int high, low;

        out[len] = t.data[i];
        if (t.data[i] == '%') {
            high = i + 2 < t.len ? hex_digit(t.data[i + 1]) : -1;
            low = high >= 0 ? hex_digit(t.data[i + 2]) : -1;
            if (low < 0)
                return NULL;
            out[len] = (char)(high * 16 + low);
            i += 2;
        }
        if (out[len++] == '\0')
            return NULL;
    }
    if (out)
        out[len] = '\0';
    return len < FAILURE_VALUE_MAX ? out : NULL;
}

static bool take_text(struct region *region, struct text t, enum kind kind, const char **out)
{
    *out = unescaped(region, t);
    return *out && **out && fits(kind, *out);
}

static bool take_value(struct region *region, struct text t, const struct line *line, char *at)
{
    unsigned long long time;
    int number;

    switch (line->kind) {
    case KIND_TIME:
        if (!text_to_uint(t, INT64_MAX / 2, &time))
            return false;
        *(int64_t *)(void *)at = (int64_t)time;
        return true;
    case KIND_ADDRESS:
        return ip_parse(t, (struct ip_address *)(void *)at);
    case KIND_DOMAIN:
    case KIND_WORDS:
    case KIND_FOLDED:
        return take_text(region, t, line->kind, (const char **)(void *)at);
    case KIND_ENUM:
        if (!name_value(line->names, t, &number))
            return false;
        memcpy(at, &number, sizeof number);
        return true;
    case KIND_BOOL:
        if (!name_value(line->names, t, &number))
            return false;
        *(bool *)at = number != 0;
        return true;
    }
    return false;
}

static size_t line_named(struct text key)
{
    size_t i = 0;

    while (i < LINE_COUNT && !text_equal(text_of(lines[i].key), key))
        i++;
    return i;
}

/* A key that we do not know is of a vidimus after us. */
static bool take_lines(struct region *region, struct text *rest, struct failure *failure)
{
    bool seen[LINE_COUNT] = { false };

    while (rest->len > 0 && rest->data[0] != '\n') {
        struct text value = cut(rest, '\n');
        size_t equals = text_find(value, '='), i = line_named(text_head(value, equals));

        if (equals == value.len)
            return false;
        if (i == LINE_COUNT)
            continue;
        if (seen[i] || !take_value(region, text_tail(value, equals + 1), &lines[i],
                                   (char *)failure + lines[i].offset))
            return false;
        seen[i] = true;
    }
    for (size_t i = 0; i < LINE_COUNT; i++)
        if (lines[i].required && !seen[i])
            return false;
    return true;
}

static void clear(struct failure *failure)
{
    *failure = (struct failure){ .header = { NULL, 0 } };
    for (size_t i = 0; i < LINE_COUNT; i++)
        if (is_text(lines[i].kind))
            *(const char **)(void *)((char *)failure + lines[i].offset) = "";
}

enum failure_reading failure_read(struct region *region, struct text t, struct failure *failure)
{
    struct text rest = t, head = cut(&rest, '\n');
    unsigned long long version;
    char crc[9];

    clear(failure);
    if (t.len > FAILURE_OCTETS_MAX || !text_equal(cut(&head, ' '), TEXT(MAGIC)) ||
        !text_to_uint(cut(&head, ' '), UINT32_MAX, &version))
        return FAILURE_READ_DAMAGED;
    if (version > FILE_VERSION)
        return FAILURE_READ_NEWER;
    snprintf(crc, sizeof crc, "%08" PRIx32, crc32_of(rest));
    if (version != FILE_VERSION || !text_equal(head, text_of(crc)) ||
        !take_lines(region, &rest, failure) || rest.len == 0)
        return FAILURE_READ_DAMAGED;
    failure->header = text_tail(rest, 1);
    if (failure->header.len > 0 && !is_header(failure->header))
        return FAILURE_READ_DAMAGED;
    return FAILURE_READ_OK;
}
