/* body_length.h: how long a canonical body is (RFC 6376 §3.4.3, §3.4.4).
 *
 * For l=: libopendkim stops counting where the signed part ends, and what is
 * behind it is what we must know.  Constant memory, linear time.
 */
#ifndef VIDIMUS_AUTH_BODY_LENGTH_H
#define VIDIMUS_AUTH_BODY_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/signature.h"
#include "base/text.h"

struct body_length {
    enum canonicalisation canon;
    uint64_t total;   /* of the lines that are certain to count */
    uint64_t line;    /* of the current line so far */
    uint64_t empties; /* empty lines: they count if a line follows */
    bool cr;          /* a CR came: end of line, or content */
    bool blanks;      /* white space came: one SP if the line goes on (relaxed) */
};

void body_length_init(struct body_length *length, enum canonicalisation canon);
void body_length_add(struct body_length *length, struct text chunk);

/* The octets of the whole canonical body.  Nothing may be added after it. */
uint64_t body_length_end(struct body_length *length);

#endif
