#include "mail/canonicalise.h"

#include <stdint.h>
#include <string.h>

#include "mail/message.h"

const struct name canonicalisation_names[] = {
    { CANON_SIMPLE, "simple" },
    { CANON_RELAXED, "relaxed" },
    { 0, NULL },
};

static void give(const struct octet_sink *sink, struct text octets)
{
    if (octets.len > 0)
        sink->take(sink->context, octets);
}

/* ---- body: line ends at the end
 *
 * Both forms end here: the last line ends of the body are held back, and one
 * CRLF takes their place. */

static void give_held(struct canon_body *b)
{
    static const struct text many =
        TEXT("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n");

    while (b->line_ends > 0) {
        size_t count = b->line_ends < many.len / 2 ? (size_t)b->line_ends : many.len / 2;

        give(&b->sink, text_head(many, count * 2));
        b->line_ends -= count;
    }
    if (b->cr)
        give(&b->sink, TEXT("\r"));
    b->cr = false;
}

/* Takes from the front of CHUNK what continues the line ends held back. */
static struct text hold_front(struct canon_body *b, struct text chunk)
{
    size_t i = 0;

    if (b->cr && chunk.len > 0 && chunk.data[0] == '\n') {
        b->cr = false;
        b->line_ends++;
        i = 1;
    }
    if (b->cr && chunk.len > 0)
        return chunk;
    while (chunk.len - i >= 2 && chunk.data[i] == '\r' && chunk.data[i + 1] == '\n') {
        b->line_ends++;
        i += 2;
    }
    if (chunk.len - i == 1 && chunk.data[i] == '\r') {
        b->cr = true;
        i++;
    }
    return text_tail(chunk, i);
}

/* Takes the line ends, whole or half, from the end of CHUNK. */
static struct text hold_end(struct canon_body *b, struct text chunk)
{
    if (chunk.data[chunk.len - 1] == '\r') {
        b->cr = true;
        chunk.len--;
    }
    while (chunk.len >= 2 && chunk.data[chunk.len - 2] == '\r' &&
           chunk.data[chunk.len - 1] == '\n') {
        b->line_ends++;
        chunk.len -= 2;
    }
    return chunk;
}

static void hold_line_ends(struct canon_body *b, struct text chunk)
{
    chunk = hold_front(b, chunk);
    if (chunk.len == 0)
        return;
    give_held(b);
    give(&b->sink, hold_end(b, chunk));
    b->content = true;
}

/* ---- body: white space (relaxed)
 *
 * Most white space is a single SP before a word, and stays.  Many octets at a
 * time tell whether there is any other; where there is, some octets are copied
 * one by one. */

enum { REDUCED_OCTETS = 256 };

/* As many octets as the processor compares at once, or as the compiler makes of it
 * where there is no such thing. */
typedef unsigned char octets __attribute__((vector_size(16)));

static octets load(const char *at)
{
    octets loaded;

    memcpy(&loaded, at, sizeof loaded);
    return loaded;
}

static bool any(octets found)
{
    uint64_t halves[sizeof found / sizeof(uint64_t)];

    memcpy(halves, &found, sizeof found);
    return (halves[0] | halves[1]) != 0;
}

/* Where, of the octets AT, white space does not stay: each SP is looked at with
 * what stands behind it. */
static octets blanks_at(const char *at)
{
    octets here = load(at), next = load(at + 1);

    return (octets)(((here == ' ') & ((next == ' ') | (next == '\t') | (next == '\r'))) |
                    (here == '\t'));
}

/* A SP that stays as it is: something other than white space or a line end
 * follows.  What follows the last octet is unknown. */
static bool stays(struct text t, size_t i)
{
    return t.data[i] == ' ' && i + 1 < t.len && !octet_is_wsp(t.data[i + 1]) &&
           t.data[i + 1] != '\r';
}

/* Position of the first white space that does not stay, or T.len. */
static size_t find_blanks(struct text t)
{
    enum { STEP = sizeof(octets) };
    size_t i = 0;

    while (i + 4 * STEP < t.len &&
           !any(blanks_at(t.data + i) | blanks_at(t.data + i + STEP) |
                blanks_at(t.data + i + 2 * STEP) | blanks_at(t.data + i + 3 * STEP)))
        i += 4 * STEP;
    while (i + STEP < t.len && !any(blanks_at(t.data + i)))
        i += STEP;
    while (i < t.len && (!octet_is_wsp(t.data[i]) || stays(t, i)))
        i++;
    return i;
}

static void put_octet(char *out, size_t *len, char c)
{
    out[(*len)++] = c;
}

/* The white space held back, now that C follows it. */
static void decide_blanks(struct canon_body *b, char c, char *out, size_t *len)
{
    if (!b->blanks_cr || c != '\n')
        put_octet(out, len, ' ');
    if (b->blanks_cr)
        put_octet(out, len, '\r');
    b->blanks = b->blanks_cr = false;
}

/* T octet by octet, to OUT, which has room for two more than T.  Returns the
 * octets there. */
static size_t reduce(struct canon_body *b, struct text t, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (octet_is_wsp(c) && !b->blanks_cr) {
            b->blanks = true;
        } else if (b->blanks && !b->blanks_cr && c == '\r') {
            b->blanks_cr = true;
        } else {
            if (b->blanks)
                decide_blanks(b, c, out, &len);
            if (octet_is_wsp(c))
                b->blanks = true;
            else
                put_octet(out, &len, c);
        }
    }
    return len;
}

static void reduce_blanks(struct canon_body *b, struct text t)
{
    char out[REDUCED_OCTETS + 2];

    while (t.len > 0) {
        size_t run = b->blanks ? 0 : find_blanks(t);
        struct text part = text_head(text_tail(t, run), REDUCED_OCTETS);

        hold_line_ends(b, text_head(t, run));
        hold_line_ends(b, (struct text){ out, reduce(b, part, out) });
        t = text_tail(t, run + part.len);
    }
}

void canon_body_init(struct canon_body *body, enum canonicalisation canon, struct octet_sink sink)
{
    *body = (struct canon_body){ .canon = canon, .sink = sink };
}

void canon_body_add(struct canon_body *body, struct text chunk)
{
    switch (body->canon) {
    case CANON_SIMPLE:
        hold_line_ends(body, chunk);
        break;
    case CANON_RELAXED:
        reduce_blanks(body, chunk);
        break;
    }
}

void canon_body_end(struct canon_body *b)
{
    if (b->blanks_cr) /* a bare CR is content, so the SP before it stays */
        hold_line_ends(b, TEXT(" \r"));
    if (b->cr) { /* content too, and its line has no end */
        give_held(b);
        b->content = true;
    }
    if (b->content || b->canon == CANON_SIMPLE)
        give(&b->sink, TEXT("\r\n"));
}

/* ---- header fields, simple */

static void field_simple(const struct field *field, struct octet_sink sink)
{
    give(&sink, field->label);
    give(&sink, TEXT(":"));
}

/* ---- header fields, relaxed */

static void name_relaxed(struct text name, const struct octet_sink *sink)
{
    char lower[64];

    for (size_t i = 0, count; i < name.len; i += count) {
        count = name.len - i < sizeof lower ? name.len - i : sizeof lower;
        for (size_t k = 0; k < count; k++)
            lower[k] = octet_lower(name.data[i + k]);
        give(sink, (struct text){ lower, count });
    }
    give(sink, TEXT(":"));
}

/* A value on its way: white space is given out when something follows it. */
struct value {
    const struct octet_sink *sink;
    bool begun;  /* something was given out: white space before it counts for nothing */
    bool blanks;
};

static bool is_crlf(struct text t, size_t i)
{
    return t.data[i] == '\r' && i + 1 < t.len && t.data[i + 1] == '\n';
}

/* The octets from START on that are neither white space nor a CRLF. */
static size_t word_length(struct text t, size_t start)
{
    size_t i = start;

    while (i < t.len && !octet_is_wsp(t.data[i]) && !is_crlf(t, i))
        i++;
    return i - start;
}

/* Unfolds (CRLF goes), and makes each run of white space one SP. */
static void value_relaxed(struct value *v, struct text t)
{
    for (size_t i = 0; i < t.len;) {
        size_t word = word_length(t, i);

        if (word > 0) {
            if (v->blanks && v->begun)
                give(v->sink, TEXT(" "));
            give(v->sink, (struct text){ t.data + i, word });
            v->begun = true;
            v->blanks = false;
            i += word;
        } else if (octet_is_wsp(t.data[i])) {
            v->blanks = true;
            i++;
        } else {
            i += 2;
        }
    }
}

static void field_parts(enum canonicalisation canon, const struct field *field, struct text head,
                        struct text tail, struct octet_sink sink)
{
    struct value value = { .sink = &sink };

    switch (canon) {
    case CANON_SIMPLE:
        field_simple(field, sink);
        give(&sink, head);
        give(&sink, tail);
        break;
    case CANON_RELAXED:
        name_relaxed(field->name, &sink);
        value_relaxed(&value, head);
        value_relaxed(&value, tail);
        break;
    }
}

void canon_field(enum canonicalisation canon, const struct field *field, struct octet_sink sink)
{
    field_parts(canon, field, field->value, (struct text){ NULL, 0 }, sink);
    give(&sink, TEXT("\r\n"));
}

void canon_signature_field(enum canonicalisation canon, const struct field *field,
                           struct text hole, struct octet_sink sink)
{
    size_t start = (size_t)(hole.data - field->value.data);

    field_parts(canon, field, text_head(field->value, start),
                text_tail(field->value, start + hole.len), sink);
}
