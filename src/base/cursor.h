/* cursor.h: a bounded reader over octets, the base of every parser.
 *
 * Parsers are pull parsers named after the grammar production they accept:
 * `static bool dot_atom(struct cursor *c, struct text *out)`.  A production
 * that does not match leaves the cursor where it was.  Nothing here reads
 * past `end`, whatever the octets are.
 */
#ifndef VIDIMUS_BASE_CURSOR_H
#define VIDIMUS_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct cursor {
    const char *at;
    const char *end;
};

static inline struct cursor cursor_over(struct text t)
{
    return (struct cursor){ t.data, t.len ? t.data + t.len : t.data };
}

static inline bool cursor_done(const struct cursor *c) { return c->at == c->end; }

/* The next octet as 0..255, or -1 at the end. */
static inline int cursor_peek(const struct cursor *c)
{
    return c->at == c->end ? -1 : (unsigned char)*c->at;
}

/* Takes the octet WANTED if it is next. */
static inline bool cursor_take(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Takes the longest run of octets for which ACCEPT is true (maybe none). */
static inline struct text cursor_run(struct cursor *c, bool (*accept)(char))
{
    const char *start = c->at, *at = start;

    while (at != c->end && accept(*at))
        at++;
    c->at = at;
    return (struct text){ start, (size_t)(c->at - start) };
}

/* What was read since START (a saved `at` of the same cursor). */
static inline struct text cursor_since(const struct cursor *c, const char *start)
{
    return (struct text){ start, (size_t)(c->at - start) };
}

static inline struct text cursor_rest(const struct cursor *c)
{
    return (struct text){ c->at, (size_t)(c->end - c->at) };
}

#endif
