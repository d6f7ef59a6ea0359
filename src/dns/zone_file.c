/* zone_file.c: reads master-file text into a zone (RFC 1035 §5.1).
 *
 *   entry     = [owner] [TTL] [class] TYPE RDATA | directive
 *   directive = "$ORIGIN" name | "$TTL" ttl | "$FAULT" glob TYPE kind
 *
 * Types are those of dns_type_names.  Relative names take the origin, which is
 * the root at first.  A character-string over 255 octets is split.  The first
 * error ends the reading: what is not understood is never skipped.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "dns/zone_private.h"

enum {
    RDATA_MAX = 65535,
    STRING_MAX = 255,
    GLOB_MAX = 512,
    DEFAULT_TTL = 300,
    TTL_MAX = 0x7fffffff
};

enum token_kind { TOKEN_WORD, TOKEN_QUOTED, TOKEN_LINE_END, TOKEN_FILE_END, TOKEN_BAD };

struct token {
    enum token_kind kind;
    struct text raw; /* escapes as written */
};

struct reader {
    struct cursor input;
    unsigned line;
    unsigned parentheses; /* open ones: line ends are blanks meanwhile */
    struct token token;   /* the current one */

    struct zone *zone;
    struct dns_name origin;
    struct dns_name owner; /* of the entry before; len 0: none yet */
    uint32_t ttl;

    uint8_t rdata[RDATA_MAX]; /* of the current entry */
    size_t rdata_len;

    const char *file_name;
    char *error;
    size_t error_size;
};

static bool fail(struct reader *r, const char *message)
{
    snprintf(r->error, r->error_size, "%s:%u: %s", r->file_name, r->line, message);
    r->token.kind = TOKEN_BAD;
    return false;
}

/* Lexer */

static bool is_word_octet(char c)
{
    return !octet_is_wsp(c) && c != '\r' && c != '\n' && c != ';' && c != '(' && c != ')' &&
           c != '"' && c != '\0';
}

/* The octets of a quoted string or a word, up to what ends them; a backslash
 * keeps the next octet from ending it. */
static bool skip_octets(struct cursor *c, bool quoted)
{
    while (!cursor_done(c) && (quoted ? *c->at != '"' && *c->at != '\n' : is_word_octet(*c->at))) {
        if (cursor_take(c, '\\') && (cursor_done(c) || *c->at == '\n'))
            return false;
        c->at++;
    }
    return true;
}

static bool read_quoted(struct reader *r)
{
    const char *start = r->input.at;

    if (!skip_octets(&r->input, true) || cursor_peek(&r->input) != '"')
        return fail(r, "string without closing quote");
    r->token = (struct token){ TOKEN_QUOTED, cursor_since(&r->input, start) };
    r->input.at++;
    return true;
}

static bool read_word(struct reader *r)
{
    const char *start = r->input.at;

    if (!skip_octets(&r->input, false))
        return fail(r, "backslash at the end of a line");
    if (r->input.at == start)
        return fail(r, "unexpected character");
    r->token = (struct token){ TOKEN_WORD, cursor_since(&r->input, start) };
    return true;
}

static bool read_file_end(struct reader *r)
{
    if (r->parentheses > 0)
        return fail(r, "missing )");
    r->token = (struct token){ .kind = TOKEN_FILE_END };
    return true;
}

static void skip_comment(struct cursor *c)
{
    while (!cursor_done(c) && *c->at != '\n')
        c->at++;
}

/* Goes to the next token; false when there is none that can be read. */
static bool advance(struct reader *r)
{
    for (;;) {
        int c = cursor_peek(&r->input);

        if (c < 0)
            return read_file_end(r);
        if (c == ';') {
            skip_comment(&r->input);
            continue;
        }
        if (c == '\n' && r->parentheses == 0) {
            r->token = (struct token){ .kind = TOKEN_LINE_END };
            return true; /* not taken: the entry after counts the line */
        }
        if (c == ')' && r->parentheses == 0)
            return fail(r, ") without (");
        if (c == '"' || !strchr(" \t\r\n()", c) || c == '\0') {
            if (!cursor_take(&r->input, '"'))
                return read_word(r);
            return read_quoted(r);
        }
        r->line += c == '\n';
        r->parentheses += c == '(';
        r->parentheses -= c == ')';
        r->input.at++;
    }
}

static bool at_end(const struct reader *r)
{
    return r->token.kind == TOKEN_LINE_END || r->token.kind == TOKEN_FILE_END;
}

static bool need_word(struct reader *r, const char *what)
{
    char message[64];

    if (r->token.kind == TOKEN_WORD)
        return true;
    if (r->token.kind == TOKEN_BAD)
        return false;
    snprintf(message, sizeof message, "%s expected", what);
    return fail(r, message);
}

/* One octet, maybe escaped: \X or \DDD.  ESCAPED tells which. */
static bool take_octet(struct cursor *c, char *octet, bool *escaped)
{
    unsigned value = 0;

    *escaped = cursor_take(c, '\\');
    if (cursor_done(c))
        return false;
    if (!*escaped || !octet_is_digit(*c->at)) {
        *octet = *c->at++;
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (cursor_done(c) || !octet_is_digit(*c->at))
            return false;
        value = value * 10 + (unsigned)(*c->at++ - '0');
    }
    *octet = (char)(unsigned char)value;
    return value <= 255;
}

/* Names and numbers */

static bool read_labels(struct cursor *c, struct dns_name *name, bool *absolute)
{
    char label[LABEL_MAX];
    size_t len = 0;

    while (!cursor_done(c)) {
        bool escaped;
        char octet;

        if (!take_octet(c, &octet, &escaped))
            return false;
        if (octet == '.' && !escaped) {
            if (!dns_name_add_label(name, (struct text){ label, len }))
                return false;
            len = 0;
            *absolute = cursor_done(c);
        } else {
            if (len == sizeof label)
                return false;
            label[len++] = octet;
        }
    }
    return *absolute || dns_name_add_label(name, (struct text){ label, len });
}

/* The name in the current token. */
static bool read_name(struct reader *r, struct dns_name *name)
{
    struct cursor c = cursor_over(r->token.raw);
    bool absolute = false;

    if (!need_word(r, "name"))
        return false;
    if (text_equal(r->token.raw, TEXT("@"))) {
        *name = r->origin;
        return true;
    }
    *name = (struct dns_name){ 0 };
    if (text_equal(r->token.raw, TEXT(".")))
        return dns_name_close(name);
    if (!read_labels(&c, name, &absolute) ||
        !(absolute ? dns_name_close(name) : dns_name_add_name(name, &r->origin)))
        return fail(r, "bad name");
    return true;
}

static unsigned unit_seconds(char c)
{
    static const struct {
        char unit;
        unsigned seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == octet_lower(c))
            return units[i].seconds;
    return 0;
}

/* "3600" or "1h30m". */
static bool parse_ttl(struct text t, uint32_t *ttl)
{
    struct cursor c = cursor_over(t);
    unsigned long long total = 0;

    while (!cursor_done(&c)) {
        struct text digits = cursor_run(&c, octet_is_digit);
        unsigned long long value;
        unsigned unit = 1;

        if (!text_to_uint(digits, TTL_MAX, &value))
            return false;
        if (!cursor_done(&c) && (unit = unit_seconds(*c.at++)) == 0)
            return false;
        total += value * unit;
        if (total > TTL_MAX)
            return false;
    }
    *ttl = (uint32_t)total;
    return t.len > 0;
}

/* RDATA: each reader starts at its first token and leaves the first after. */

static bool put(struct reader *r, const void *octets, size_t len)
{
    if (len > RDATA_MAX - r->rdata_len)
        return fail(r, "record too long");
    memcpy(r->rdata + r->rdata_len, octets, len);
    r->rdata_len += len;
    return true;
}

static bool put_number(struct reader *r, unsigned max, size_t octets, const char *what)
{
    unsigned long long value;
    uint8_t wire[2];

    if (!need_word(r, what))
        return false;
    if (!text_to_uint(r->token.raw, max, &value))
        return fail(r, "number out of range");
    wire[0] = (uint8_t)(value >> 8);
    wire[1] = (uint8_t)value;
    return put(r, wire + sizeof wire - octets, octets) && advance(r);
}

static bool put_name(struct reader *r)
{
    struct dns_name name;

    return read_name(r, &name) && put(r, name.octets, name.len) && advance(r);
}

static bool put_address(struct reader *r, int family, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t octets[16];

    if (!need_word(r, "address"))
        return false;
    if (r->token.raw.len >= sizeof text)
        return fail(r, "bad address");
    memcpy(text, r->token.raw.data, r->token.raw.len);
    text[r->token.raw.len] = '\0';
    if (inet_pton(family, text, octets) != 1)
        return fail(r, "bad address");
    return put(r, octets, size) && advance(r);
}

static bool read_a(struct reader *r)
{
    return put_address(r, AF_INET, 4);
}

static bool read_aaaa(struct reader *r)
{
    return put_address(r, AF_INET6, 16);
}

static bool read_mx(struct reader *r)
{
    return put_number(r, 65535, 2, "preference") && put_name(r);
}

static bool put_string(struct reader *r)
{
    struct cursor c = cursor_over(r->token.raw);

    do {
        uint8_t string[1 + STRING_MAX] = { 0 };
        bool escaped;
        char octet;

        while (string[0] < STRING_MAX && !cursor_done(&c)) {
            if (!take_octet(&c, &octet, &escaped))
                return fail(r, "bad escape");
            string[++string[0]] = (uint8_t)octet;
        }
        if (!put(r, string, 1u + string[0]))
            return false;
    } while (!cursor_done(&c));
    return advance(r);
}

static bool read_txt(struct reader *r)
{
    if (at_end(r))
        return fail(r, "string expected");
    while (r->token.kind == TOKEN_WORD || r->token.kind == TOKEN_QUOTED)
        if (!put_string(r))
            return false;
    return true;
}

static int hex_digit(char c)
{
    if (octet_is_digit(c))
        return c - '0';
    c = octet_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool put_hex(struct reader *r)
{
    struct text t = r->token.raw;

    if (t.len % 2 != 0)
        return fail(r, "odd number of hexadecimal digits");
    for (size_t i = 0; i < t.len; i += 2) {
        int high = hex_digit(t.data[i]), low = hex_digit(t.data[i + 1]);
        uint8_t octet;

        if (high < 0 || low < 0)
            return fail(r, "bad hexadecimal digit");
        octet = (uint8_t)(high * 16 + low);
        if (!put(r, &octet, 1))
            return false;
    }
    return advance(r);
}

static bool read_tlsa(struct reader *r)
{
    if (!put_number(r, 255, 1, "usage") || !put_number(r, 255, 1, "selector") ||
        !put_number(r, 255, 1, "matching type") || !need_word(r, "hexadecimal data"))
        return false;
    while (r->token.kind == TOKEN_WORD)
        if (!put_hex(r))
            return false;
    return true;
}

static bool read_rdata(struct reader *r, enum dns_type type)
{
    r->rdata_len = 0;
    switch (type) {
    case DNS_A:
        return read_a(r);
    case DNS_AAAA:
        return read_aaaa(r);
    case DNS_CNAME:
    case DNS_PTR:
        return put_name(r);
    case DNS_MX:
        return read_mx(r);
    case DNS_TXT:
        return read_txt(r);
    case DNS_TLSA:
        return read_tlsa(r);
    }
    return false;
}

/* Entries */

static bool need_line_end(struct reader *r)
{
    if (r->token.kind == TOKEN_BAD)
        return false;
    return at_end(r) || fail(r, "unexpected text at the end of the entry");
}

/* [TTL] [class] TYPE, the first two in any order; leaves the first of RDATA. */
static bool read_type(struct reader *r, uint32_t *ttl, enum dns_type *type)
{
    bool ttl_seen = false, class_seen = false;
    int value;

    for (;;) {
        if (!need_word(r, "record type"))
            return false;
        if (!class_seen && text_equal_nocase(r->token.raw, TEXT("IN"))) {
            class_seen = true;
        } else if (!ttl_seen && parse_ttl(r->token.raw, ttl)) {
            ttl_seen = true;
        } else if (name_value(dns_type_names, r->token.raw, &value)) {
            *type = (enum dns_type)value;
            return advance(r);
        } else {
            return fail(r, "unknown record type");
        }
        if (!advance(r))
            return false;
    }
}

static bool read_record(struct reader *r, bool has_owner)
{
    uint32_t ttl = r->ttl;
    enum dns_type type = DNS_TXT;

    if (has_owner && !(read_name(r, &r->owner) && advance(r)))
        return false;
    if (r->owner.len == 0)
        return fail(r, "record without a name");
    if (!read_type(r, &ttl, &type) || !read_rdata(r, type) || !need_line_end(r))
        return false;
    return zone_add(r->zone, &r->owner, type, ttl, &(struct dns_rdata){ r->rdata, r->rdata_len }) ||
           fail(r, "out of memory");
}

static bool read_origin(struct reader *r)
{
    struct dns_name origin;

    if (!read_name(r, &origin))
        return false;
    r->origin = origin;
    return advance(r);
}

static bool read_default_ttl(struct reader *r)
{
    if (!need_word(r, "TTL"))
        return false;
    if (!parse_ttl(r->token.raw, &r->ttl))
        return fail(r, "bad TTL");
    return advance(r);
}

/* The origin behind a relative glob. */
static bool add_origin(const struct reader *r, char glob[GLOB_MAX], size_t *len)
{
    const uint8_t *label = r->origin.octets;

    for (; *label; label += 1 + *label) {
        if (*len + 1 + *label > GLOB_MAX)
            return false;
        if (*len > 0)
            glob[(*len)++] = '.';
        memcpy(glob + *len, label + 1, *label);
        *len += *label;
    }
    return true;
}

/* A name in which '*' stands for any octets; relative ones take the origin. */
static bool read_glob(struct reader *r, char glob[GLOB_MAX], size_t *len)
{
    struct cursor c = cursor_over(r->token.raw);
    bool escaped = false;

    *len = 0;
    if (!need_word(r, "name"))
        return false;
    if (text_equal(r->token.raw, TEXT("@")))
        return add_origin(r, glob, len) && advance(r);
    while (!cursor_done(&c))
        if (*len == GLOB_MAX || !take_octet(&c, &glob[(*len)++], &escaped))
            return fail(r, "bad name");
    if (*len > 0 && glob[*len - 1] == '.' && !escaped)
        (*len)--;
    else if (!add_origin(r, glob, len))
        return fail(r, "bad name");
    return advance(r);
}

static bool read_fault_type(struct reader *r, unsigned *type)
{
    int value;

    if (!need_word(r, "record type"))
        return false;
    if (text_equal(r->token.raw, TEXT("*")) || text_equal_nocase(r->token.raw, TEXT("ANY")))
        value = 0;
    else if (!name_value(dns_type_names, r->token.raw, &value))
        return fail(r, "unknown record type");
    *type = (unsigned)value;
    return advance(r);
}

static bool read_fault(struct reader *r)
{
    static const struct name kinds[] = {
        { DNS_FAILURE_TIMEOUT, "timeout" },
        { DNS_FAILURE_SERVFAIL, "servfail" },
        { 0, NULL },
    };
    char glob[GLOB_MAX];
    unsigned type = 0;
    size_t len;
    int kind;

    if (!read_glob(r, glob, &len) || !read_fault_type(r, &type) ||
        !need_word(r, "timeout or servfail"))
        return false;
    if (!name_value(kinds, r->token.raw, &kind))
        return fail(r, "timeout or servfail expected");
    if (!zone_add_fault(r->zone, (struct text){ glob, len }, type, (enum dns_failure)kind))
        return fail(r, "out of memory");
    return advance(r);
}

static bool read_directive(struct reader *r)
{
    static const struct {
        const char *name;
        bool (*read)(struct reader *r);
    } directives[] = {
        { "$ORIGIN", read_origin }, { "$TTL", read_default_ttl }, { "$FAULT", read_fault }
    };

    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (text_equal_nocase(r->token.raw, text_of(directives[i].name)))
            return advance(r) && directives[i].read(r) && need_line_end(r);
    return fail(r, "unknown directive");
}

/* One line (more when parentheses hold it together), its end not included. */
static bool read_entry(struct reader *r)
{
    int first = cursor_peek(&r->input);
    bool has_owner = first >= 0 && !octet_is_wsp((char)first);

    if (!advance(r))
        return false;
    if (at_end(r))
        return true;
    if (has_owner && r->token.kind == TOKEN_WORD && r->token.raw.data[0] == '$')
        return read_directive(r);
    return read_record(r, has_owner);
}

struct zone *zone_read(struct text text, const char *file_name, char *error, size_t error_size)
{
    struct reader *r = calloc(1, sizeof *r);
    struct zone *zone = zone_new();
    bool good = r && zone;

    if (!good)
        snprintf(error, error_size, "%s: out of memory", file_name);
    if (good) {
        r->input = cursor_over(text);
        r->line = 1;
        r->zone = zone;
        r->ttl = DEFAULT_TTL;
        r->file_name = file_name;
        r->error = error;
        r->error_size = error_size;
        dns_name_close(&r->origin);
    }
    while (good && !cursor_done(&r->input)) {
        good = read_entry(r);
        if (good && cursor_take(&r->input, '\n'))
            r->line++;
    }
    free(r);
    if (good)
        return zone;
    zone_free(zone);
    return NULL;
}
