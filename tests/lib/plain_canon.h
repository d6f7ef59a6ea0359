/* plain_canon.h: canonicalisation by the letter of RFC 6376 §3.4, over whole
 * texts, slow and plain: what the streaming one must agree with. */
#ifndef VIDIMUS_TESTS_PLAIN_CANON_H
#define VIDIMUS_TESTS_PLAIN_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "mail/canonicalise.h"

/* Octets that OUT needs beyond those of the text. */
enum { PLAIN_EXTRA = 8 };

static inline bool plain_is_crlf(const char *data, size_t len, size_t i)
{
    return i + 1 < len && data[i] == '\r' && data[i + 1] == '\n';
}

/* White space at the ends of lines goes, other runs become one SP. */
static inline size_t plain_blanks(struct text in, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < in.len;) {
        size_t end = i;

        while (end < in.len && octet_is_wsp(in.data[end]))
            end++;
        if (end == i) {
            out[n++] = in.data[i++];
        } else {
            if (end < in.len && !plain_is_crlf(in.data, in.len, end))
                out[n++] = ' ';
            i = end;
        }
    }
    return n;
}

/* BODY to OUT; returns the octets there. */
static inline size_t plain_body(enum canonicalisation canon, struct text body, char *out)
{
    size_t n = body.len;

    if (canon == CANON_RELAXED)
        n = plain_blanks(body, out);
    else if (n > 0)
        memcpy(out, body.data, n);
    while (n >= 2 && plain_is_crlf(out, n, n - 2))
        n -= 2;
    if (n > 0 || canon == CANON_SIMPLE) {
        out[n++] = '\r';
        out[n++] = '\n';
    }
    return n;
}

/* The field "X:" VALUE to OUT, relaxed, without its CRLF.  UNFOLDED: room for
 * the octets of VALUE. */
static inline size_t plain_field(struct text value, char *unfolded, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < value.len; i++)
        if (plain_is_crlf(value.data, value.len, i))
            i++;
        else
            unfolded[len++] = value.data[i];
    memcpy(out, "x:", 2);
    while (len > 0 && octet_is_wsp(*unfolded)) {
        unfolded++;
        len--;
    }
    return 2 + plain_blanks((struct text){ unfolded, len }, out + 2);
}

#endif
