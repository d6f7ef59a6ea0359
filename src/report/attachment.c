#include "report/attachment.h"

#include <stdbool.h>
#include <string.h>

#include "auth/base64.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"

enum { DEPTH_MAX = 5, PARTS_MAX = 200, BOUNDARY_MAX = 70 /* RFC 2046 §5.1.1 */ };

static const char no_report[] = "the mail holds no report";
static const char out_of_memory[] = "out of memory";

/* A mail or a part of one. */
struct entity {
    struct text content_type;
    struct text encoding; /* Content-Transfer-Encoding */
    struct text body;
};

struct search {
    struct region *region;
    unsigned parts;
    struct text found;
};

/* --- kinds -------------------------------------------------------------- */

enum attachment_kind attachment_kind(struct text octets)
{
    struct text start = text_trim(text_head(octets, 256));

    if (octets.len >= 2 && memcmp(octets.data, "\x1f\x8b", 2) == 0)
        return ATTACHMENT_GZIP;
    if (octets.len >= 4 && memcmp(octets.data, "PK\3\4", 4) == 0)
        return ATTACHMENT_ZIP;
    if (text_starts_nocase(start, TEXT("\xef\xbb\xbf")))
        start = text_tail(start, 3);
    if (text_starts_nocase(start, TEXT("<?xml")) || text_starts_nocase(start, TEXT("<feedback")))
        return ATTACHMENT_XML;
    return ATTACHMENT_OTHER;
}

/* --- header ------------------------------------------------------------- */

/* The next line of C, without its end; folds are lines of their own. */
static struct text next_line(struct cursor *c)
{
    struct text rest = cursor_rest(c);
    struct text line = text_head(rest, text_find(rest, '\n'));

    c->at += line.len < rest.len ? line.len + 1 : line.len;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* The value of a field with its folds, when LINE begins a field called NAME. */
static bool field_value(struct text line, const char *name, const char *end, struct text *value)
{
    size_t length = strlen(name);

    if (!text_starts_nocase(line, text_of(name)) || line.len <= length ||
        line.data[length] != ':')
        return false;
    *value = (struct text){ line.data + length + 1, (size_t)(end - line.data) - length - 1 };
    return true;
}

/* Reads the header of OCTETS; what is left is the body. */
static void entity_read(struct text octets, struct entity *e)
{
    struct cursor c = cursor_over(octets);
    struct text line = next_line(&c);

    *e = (struct entity){ .content_type = TEXT("text/plain") };
    while (line.len > 0) {
        struct text first = line;
        const char *end;

        do {
            end = line.data + line.len;
            line = next_line(&c);
        } while (line.len > 0 && octet_is_wsp(line.data[0]));
        field_value(first, "Content-Type", end, &e->content_type);
        field_value(first, "Content-Transfer-Encoding", end, &e->encoding);
    }
    e->body = cursor_rest(&c);
}

static bool is_boundary_char(char c)
{
    return !octet_is_control(c) && c != ' ' && c != ';' && c != '"';
}

static bool is_not_quote(char c)
{
    return c != '"' && !octet_is_control(c);
}

/* The parameter of a multipart's Content-Type; empty: there is none to use. */
static struct text boundary_of(struct text content_type)
{
    static const struct text name = { "boundary=", sizeof "boundary=" - 1 };
    struct text value = { NULL, 0 };

    if (!text_starts_nocase(text_trim(content_type), TEXT("multipart/")))
        return value;
    for (size_t i = 1; i + name.len < content_type.len; i++) {
        struct cursor c = cursor_over(text_tail(content_type, i + name.len));
        char before = content_type.data[i - 1];

        if (!(before == ';' || octet_is_wsp(before) || before == '\n') ||
            !text_starts_nocase(text_tail(content_type, i), name))
            continue;
        value = cursor_take(&c, '"') ? cursor_run(&c, is_not_quote)
                                     : cursor_run(&c, is_boundary_char);
        break;
    }
    return value.len <= BOUNDARY_MAX ? value : (struct text){ NULL, 0 };
}

/* --- decoding (RFC 2045 §6) ----------------------------------------------- */

/* One octet or soft line end that "=" at AT begins; how many octets it took. */
static size_t quoted_octet(struct text rest, struct buf *out)
{
    int high = rest.len > 2 ? octet_hex(rest.data[1]) : -1;
    int low = rest.len > 2 ? octet_hex(rest.data[2]) : -1;

    if (high >= 0 && low >= 0) {
        buf_char(out, (char)(high << 4 | low));
        return 3;
    }
    if (rest.len > 1 && rest.data[1] == '\n')
        return 2;
    if (rest.len > 2 && rest.data[1] == '\r' && rest.data[2] == '\n')
        return 3;
    buf_char(out, '=');
    return 1;
}

static bool quoted_printable(struct region *region, struct text t, struct text *out)
{
    struct buf buf;

    buf_init(&buf, region, t.len + 1);
    while (t.len > 0) {
        struct text plain = text_head(t, text_find(t, '='));

        buf_text_add(&buf, plain);
        t = text_tail(t, plain.len);
        if (t.len > 0)
            t = text_tail(t, quoted_octet(t, &buf));
    }
    *out = buf_text(&buf);
    return !buf_failed(&buf);
}

static bool decode(struct region *region, const struct entity *e, struct text *out)
{
    struct text encoding = text_trim(e->encoding);

    if (text_equal_nocase(encoding, TEXT("base64")))
        return base64_decode(region, text_trim(e->body), out);
    if (text_equal_nocase(encoding, TEXT("quoted-printable")))
        return quoted_printable(region, e->body, out);
    *out = e->body;
    return true;
}

/* --- parts -------------------------------------------------------------- */

static bool search_entity(struct search *s, struct text octets, unsigned depth);

/* Whether LINE ends a part: "--boundary", or its last: "--boundary--". */
static bool is_delimiter(struct text line, struct text boundary, bool *last)
{
    struct text rest;

    if (line.len < boundary.len + 2 || memcmp(line.data, "--", 2) != 0 ||
        memcmp(line.data + 2, boundary.data, boundary.len) != 0)
        return false;
    rest = text_tail(line, boundary.len + 2);
    *last = rest.len >= 2 && rest.data[0] == '-' && rest.data[1] == '-';
    return *last || text_trim(rest).len == 0;
}

/* The parts of BODY, until one holds the report. */
static bool search_parts(struct search *s, struct text body, struct text boundary, unsigned depth)
{
    struct cursor c = cursor_over(body);
    const char *part = NULL;
    bool last = false;

    while (!last && !cursor_done(&c)) {
        const char *line_start = c.at;

        if (!is_delimiter(next_line(&c), boundary, &last))
            continue;
        if (part && search_entity(s, (struct text){ part, (size_t)(line_start - part) }, depth))
            return true;
        part = c.at;
    }
    /* A mail that was cut off: its last part may be whole. */
    return !last && part &&
           search_entity(s, (struct text){ part, (size_t)(c.at - part) }, depth);
}

static bool search_entity(struct search *s, struct text octets, unsigned depth)
{
    struct entity e;
    struct text boundary, decoded;

    if (depth > DEPTH_MAX || s->parts++ > PARTS_MAX)
        return false;
    entity_read(octets, &e);
    boundary = boundary_of(e.content_type);
    if (boundary.len > 0)
        return search_parts(s, e.body, boundary, depth + 1);
    if (!decode(s->region, &e, &decoded))
        return false;
    if (text_starts_nocase(text_trim(e.content_type), TEXT("message/rfc822")))
        return search_entity(s, decoded, depth + 1);
    if (attachment_kind(decoded) == ATTACHMENT_OTHER)
        return false;
    s->found = decoded;
    return true;
}

const char *attachment_find(struct region *region, struct text eml, struct text *octets)
{
    struct search s = { .region = region };

    if (!search_entity(&s, eml, 0))
        return region_failed(region) ? out_of_memory : no_report;
    *octets = s.found;
    return NULL;
}
