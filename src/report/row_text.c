/* row_text.c: a row as one line of text, and back.
 *
 *     CRC SP VERSION SP LENGTH SP key=value *(SP key=value) LF
 *
 * One table of fields drives both ways.  The reader believes nothing that the
 * checksum does not cover, and then still checks every value.
 */
#include "report/row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "mail/domain.h"
#include "report/crc32.h"

enum {
    LINE_VERSION = 1,
    CRC_DIGITS = 8,
    LENGTH_DIGITS = 6,
    HEAD_OCTETS = CRC_DIGITS + LENGTH_DIGITS + 4 /* the version's digit, three blanks */
};

enum kind {
    KIND_TIME,    /* int64_t */
    KIND_ADDRESS, /* struct ip_address */
    KIND_DOMAIN,  /* const char *, a normalised name; "" is not written */
    KIND_WORDS,   /* const char *, printable; "" is not written */
    KIND_ENUM,    /* by .names; with .has only where that bool is true */
    KIND_BOOL,    /* by .names */
    KIND_REASON,  /* type/comment, repeated */
    KIND_DKIM,    /* result/domain/selector/human, repeated */
    KIND_SPF      /* result/domain/human */
};

struct field {
    const char *key;
    enum kind kind;
    size_t offset;
    const struct name *names;
    size_t has; /* offset of a bool; 0: always there */
    bool required;
};

static const struct name alignment_names[] = { { false, "r" }, { true, "s" }, { 0, NULL } };
static const struct name yes_names[] = { { false, "n" }, { true, "y" }, { 0, NULL } };
static const struct name outcome_names[] = { { false, "fail" }, { true, "pass" }, { 0, NULL } };
static const struct name psd_names[] = {
    { PSD_UNKNOWN, "u" },
    { PSD_YES, "y" },
    { PSD_NO, "n" },
    { 0, NULL },
};

#define AT(member) .offset = offsetof(struct row, member)

/* RFC 9990's words where it has one. */
static const struct field fields[] = {
    { "time", KIND_TIME, AT(time), .required = true },
    { "source_ip", KIND_ADDRESS, AT(source), .required = true },
    { "header_from", KIND_DOMAIN, AT(header_from), .required = true },
    { "envelope_from", KIND_DOMAIN, AT(envelope_from) },
    { "envelope_to", KIND_DOMAIN, AT(envelope_to) },
    { "domain", KIND_DOMAIN, AT(policy.domain), .required = true },
    { "p", KIND_ENUM, AT(policy.p), dmarc_policy_names, .required = true },
    { "sp", KIND_ENUM, AT(policy.sp), dmarc_policy_names, offsetof(struct row, policy.has_sp) },
    { "np", KIND_ENUM, AT(policy.np), dmarc_policy_names, offsetof(struct row, policy.has_np) },
    { "adkim", KIND_BOOL, AT(policy.strict_dkim), alignment_names, .required = true },
    { "aspf", KIND_BOOL, AT(policy.strict_spf), alignment_names, .required = true },
    { "testing", KIND_BOOL, AT(policy.testing), yes_names, .required = true },
    { "psd", KIND_ENUM, AT(policy.psd), psd_names, .required = true },
    { "discovery_method", KIND_ENUM, AT(policy.discovery), dmarc_discovery_names,
      .required = true },
    { "fo", KIND_WORDS, AT(policy.fo) },
    { "rua", KIND_WORDS, AT(policy.rua), .required = true },
    { "ruf", KIND_WORDS, AT(policy.ruf) },
    { "disposition", KIND_ENUM, AT(disposition), disposition_names, .required = true },
    { "dkim", KIND_BOOL, AT(dkim_aligned), outcome_names, .required = true },
    { "spf", KIND_BOOL, AT(spf_aligned), outcome_names, .required = true },
    { "reason", KIND_REASON, .names = override_reason_names },
    { "auth_dkim", KIND_DKIM, .names = result_names },
    { "auth_spf", KIND_SPF, .names = result_names },
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

_Static_assert(sizeof(enum dmarc_policy) == sizeof(int) &&
                   sizeof(enum disposition) == sizeof(int) && sizeof(enum dmarc_psd) == sizeof(int),
               "enums are read and written through int");

static bool *flag_at(struct row *row, size_t offset)
{
    return (bool *)((char *)row + offset);
}

static bool has_flag(const struct row *row, size_t offset)
{
    return *(const bool *)((const char *)row + offset);
}

/* --- what a value may be -------------------------------------------------- */

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool is_name_octet(char c)
{
    return (c >= 'a' && c <= 'z') || octet_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* A normalised name, as the checksum vouches that we wrote one. */
static bool is_name(struct text t)
{
    return t.len > 0 && t.len <= DOMAIN_MAX && text_all(t, is_name_octet);
}

/* RFC 9990's SPFResultType and DKIMResultType. */
static bool is_result_of(enum kind kind, enum result result)
{
    return kind == KIND_SPF || result != RESULT_SOFTFAIL;
}

/* --- writing -------------------------------------------------------------- */

static void refuse(struct buf *out)
{
    out->failed = true;
}

/* What ends a value, or begins an escape, is written as %XX. */
static void put_words(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (!is_printable(*s))
            refuse(out);
        else if (*s == ' ' || *s == '%')
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
        else
            buf_char(out, *s);
    }
}

static void put_name(struct buf *out, const char *name)
{
    if (!is_name(text_of(name)))
        refuse(out);
    buf_add(out, name);
}

static void put_key(struct buf *out, const struct field *field)
{
    buf_printf(out, " %s=", field->key);
}

static void put_address(struct buf *out, const struct ip_address *ip)
{
    char text[IP_TEXT_SIZE];

    if (ip->family == IP_NONE)
        refuse(out);
    buf_add(out, ip_format(ip, text));
}

static void put_result(struct buf *out, const struct field *field, enum result result)
{
    if (!is_result_of(field->kind, result))
        refuse(out);
    buf_printf(out, "%s/", name_of(field->names, (int)result));
}

static void put_reasons(struct buf *out, const struct field *field, const struct row *row)
{
    for (size_t i = 0; i < row->reason_count; i++) {
        put_key(out, field);
        if (row->reasons[i].type == OVERRIDE_NONE)
            refuse(out);
        buf_printf(out, "%s/", name_of(field->names, (int)row->reasons[i].type));
        put_words(out, row->reasons[i].comment);
    }
}

static void put_signatures(struct buf *out, const struct field *field, const struct row *row)
{
    for (size_t i = 0; i < row->dkim_count; i++) {
        put_key(out, field);
        put_result(out, field, row->dkim[i].result);
        put_name(out, row->dkim[i].domain);
        buf_char(out, '/');
        put_name(out, row->dkim[i].selector);
        buf_char(out, '/');
        put_words(out, row->dkim[i].human);
    }
}

static void put_spf(struct buf *out, const struct field *field, const struct row *row)
{
    if (!*row->spf.domain)
        return;
    put_key(out, field);
    put_result(out, field, row->spf.result);
    put_name(out, row->spf.domain);
    buf_char(out, '/');
    put_words(out, row->spf.human);
}

static void put_field(struct buf *out, const struct field *field, const struct row *row)
{
    const void *at = (const char *)row + field->offset;
    const char *text;
    int number;

    switch (field->kind) {
    case KIND_TIME:
        put_key(out, field);
        buf_printf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case KIND_ADDRESS:
        put_key(out, field);
        put_address(out, at);
        break;
    case KIND_DOMAIN:
    case KIND_WORDS:
        text = *(const char *const *)at;
        if (!*text && field->required)
            refuse(out);
        if (!*text)
            break;
        put_key(out, field);
        if (field->kind == KIND_DOMAIN)
            put_name(out, text);
        else
            put_words(out, text);
        break;
    case KIND_ENUM:
        if (field->has && !has_flag(row, field->has))
            break;
        memcpy(&number, at, sizeof number);
        put_key(out, field);
        buf_add(out, name_of(field->names, number));
        break;
    case KIND_BOOL:
        put_key(out, field);
        buf_add(out, name_of(field->names, *(const bool *)at));
        break;
    case KIND_REASON:
        put_reasons(out, field, row);
        break;
    case KIND_DKIM:
        put_signatures(out, field, row);
        break;
    case KIND_SPF:
        put_spf(out, field, row);
        break;
    }
}

/* The head is of fixed width: its numbers are filled in when they are known. */
static void fill_head(char *line, size_t len)
{
    char head[HEAD_OCTETS + 1];
    struct text checked = { line + CRC_DIGITS + 1, len - CRC_DIGITS - 1 };

    snprintf(head, sizeof head, "%0*d %d %0*zu", CRC_DIGITS, 0, LINE_VERSION, LENGTH_DIGITS,
             len - HEAD_OCTETS);
    memcpy(line, head, strlen(head));
    snprintf(head, sizeof head, "%0*" PRIx32, CRC_DIGITS, crc32_of(checked));
    memcpy(line, head, CRC_DIGITS);
}

void row_write(struct buf *out, const struct row *row)
{
    size_t start = out->len;

    if (row->reason_count > ROW_REASONS_MAX || row->dkim_count > ROW_DKIM_MAX || row->time < 0)
        refuse(out);
    buf_printf(out, "%*s", HEAD_OCTETS - 1, "");
    for (size_t i = 0; i < FIELD_COUNT && !buf_failed(out); i++)
        put_field(out, &fields[i], row);
    if (out->len - start >= ROW_LINE_MAX)
        refuse(out);
    if (buf_failed(out))
        return;
    fill_head(out->data + start, out->len - start);
    buf_char(out, '\n');
}

/* --- reading -------------------------------------------------------------- */

/* A piece of the line, which reading changes. */
struct piece {
    char *data;
    size_t len;
};

static struct text text_of_piece(struct piece p)
{
    return (struct text){ p.data, p.len };
}

/* Takes what stands before the first SEPARATOR off P, which may be all of it. */
static struct piece cut(struct piece *p, char separator)
{
    size_t at = text_find(text_of_piece(*p), separator);
    struct piece taken = { p->data, at };
    size_t skip = at < p->len ? at + 1 : at;

    p->data += skip;
    p->len -= skip;
    return taken;
}

static int hex_digit(char c)
{
    if (octet_is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes %XX in place and ends the text with NUL: there is always one octet
 * behind a piece that belongs to nobody (a separator, or the line's end). */
static bool take_words(struct piece p, const char **out)
{
    size_t len = 0;

    for (size_t i = 0; i < p.len; i++) {
        char c = p.data[i];

        if (c == '%') {
            int high = i + 2 < p.len ? hex_digit(p.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(p.data[i + 2]) : -1;

            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (!is_printable(c))
            return false;
        p.data[len++] = c;
    }
    p.data[len] = '\0';
    *out = p.data;
    return true;
}

static bool take_name(struct piece p, const char **out)
{
    if (!is_name(text_of_piece(p)))
        return false;
    p.data[p.len] = '\0';
    *out = p.data;
    return true;
}

static bool take_enum(struct piece p, const struct name *names, int *out)
{
    for (; names->name; names++)
        if (text_equal(text_of(names->name), text_of_piece(p))) {
            *out = names->value;
            return true;
        }
    return false;
}

static bool take_time(struct piece p, int64_t *out)
{
    unsigned long long number;

    if (!text_to_uint(text_of_piece(p), INT64_MAX, &number))
        return false;
    *out = (int64_t)number;
    return true;
}

static bool take_result(struct piece p, const struct field *field, enum result *out)
{
    int number;

    if (!take_enum(p, field->names, &number) || !is_result_of(field->kind, (enum result)number))
        return false;
    *out = (enum result)number;
    return true;
}

static bool take_reason(struct piece p, const struct field *field, struct row *row)
{
    struct row_reason *reason = &row->reasons[row->reason_count];
    int number;

    if (row->reason_count == ROW_REASONS_MAX || !take_enum(cut(&p, '/'), field->names, &number) ||
        number == OVERRIDE_NONE || !take_words(p, &reason->comment))
        return false;
    reason->type = (enum override_reason)number;
    row->reason_count++;
    return true;
}

static bool take_signature(struct piece p, const struct field *field, struct row *row)
{
    struct row_dkim *dkim = &row->dkim[row->dkim_count];

    if (row->dkim_count == ROW_DKIM_MAX || !take_result(cut(&p, '/'), field, &dkim->result) ||
        !take_name(cut(&p, '/'), &dkim->domain) || !take_name(cut(&p, '/'), &dkim->selector) ||
        !take_words(p, &dkim->human))
        return false;
    row->dkim_count++;
    return true;
}

static bool take_spf(struct piece p, const struct field *field, struct row *row)
{
    return take_result(cut(&p, '/'), field, &row->spf.result) &&
           take_name(cut(&p, '/'), &row->spf.domain) && take_words(p, &row->spf.human);
}

static bool take_field(struct piece p, const struct field *field, struct row *row)
{
    char *at = (char *)row + field->offset;
    int number;

    switch (field->kind) {
    case KIND_TIME:
        return take_time(p, (int64_t *)(void *)at);
    case KIND_ADDRESS:
        return ip_parse(text_of_piece(p), (struct ip_address *)(void *)at);
    case KIND_DOMAIN:
        return take_name(p, (const char **)(void *)at);
    case KIND_WORDS:
        return p.len > 0 && take_words(p, (const char **)(void *)at);
    case KIND_ENUM:
        if (!take_enum(p, field->names, &number))
            return false;
        memcpy(at, &number, sizeof number);
        if (field->has)
            *flag_at(row, field->has) = true;
        return true;
    case KIND_BOOL:
        if (!take_enum(p, field->names, &number))
            return false;
        *(bool *)at = number != 0;
        return true;
    case KIND_REASON:
        return take_reason(p, field, row);
    case KIND_DKIM:
        return take_signature(p, field, row);
    case KIND_SPF:
        return take_spf(p, field, row);
    }
    return false;
}

static bool repeats(const struct field *field)
{
    return field->kind == KIND_REASON || field->kind == KIND_DKIM;
}

/* The number of the field called KEY, or FIELD_COUNT. */
static size_t field_named(struct piece key)
{
    size_t i = 0;

    while (i < FIELD_COUNT && !text_equal(text_of(fields[i].key), text_of_piece(key)))
        i++;
    return i;
}

/* key=value *(SP key=value).  A key that we do not know is of a vidimus after us. */
static bool take_body(struct piece body, struct row *row)
{
    bool seen[FIELD_COUNT] = { false };

    while (body.len > 0) {
        struct piece value = cut(&body, ' ');
        struct piece key = cut(&value, '=');
        size_t i = field_named(key);

        if (value.data == key.data + key.len)
            return false; /* no '=' */
        if (i == FIELD_COUNT)
            continue;
        if ((seen[i] && !repeats(&fields[i])) || !take_field(value, &fields[i], row))
            return false;
        seen[i] = true;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (fields[i].required && !seen[i])
            return false;
    return true;
}

static bool crc_is(struct piece digits, struct piece checked)
{
    char wanted[CRC_DIGITS + 1];

    snprintf(wanted, sizeof wanted, "%0*" PRIx32, CRC_DIGITS, crc32_of(text_of_piece(checked)));
    return text_equal(text_of_piece(digits), text_of(wanted));
}

static void clear(struct row *row)
{
    *row = (struct row){ .envelope_from = "", .envelope_to = "" };
    row->policy.fo = row->policy.ruf = "";
    row->spf.domain = row->spf.human = "";
}

enum row_reading row_read(char *line, size_t len, struct row *row)
{
    struct piece rest = { line, len };
    struct piece crc = cut(&rest, ' ');
    unsigned long long version, length;

    clear(row);
    if (len >= ROW_LINE_MAX || !crc_is(crc, rest) ||
        !text_to_uint(text_of_piece(cut(&rest, ' ')), UINT32_MAX, &version))
        return ROW_READ_DAMAGED;
    if (version != LINE_VERSION)
        return version > LINE_VERSION ? ROW_READ_NEWER : ROW_READ_DAMAGED;
    if (!text_to_uint(text_of_piece(cut(&rest, ' ')), ROW_LINE_MAX, &length) ||
        length != rest.len)
        return ROW_READ_DAMAGED;
    return take_body(rest, row) ? ROW_READ_OK : ROW_READ_DAMAGED;
}
