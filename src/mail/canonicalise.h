/* canonicalise.h: the canonical forms of header fields and body that DKIM and
 * ARC sign (RFC 6376 §3.4).
 *
 * Streams into a sink: nothing is stored, whatever the length.  Only SP and TAB
 * are white space, only CRLF ends a line; a bare CR or LF is content like any
 * other octet, NUL too.  How a body is cut into chunks makes no difference.
 */
#ifndef VIDIMUS_MAIL_CANONICALISE_H
#define VIDIMUS_MAIL_CANONICALISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"
#include "base/text.h"

struct field;

enum canonicalisation { CANON_SIMPLE, CANON_RELAXED };
enum { CANONICALISATIONS = 2 };

extern const struct name canonicalisation_names[]; /* "simple", "relaxed" */

/* Where canonical octets go, in pieces of any length. */
struct octet_sink {
    void (*take)(void *context, struct text octets);
    void *context;
};

/* ---- body (§3.4.3, §3.4.4) */

struct canon_body {
    enum canonicalisation canon;
    struct octet_sink sink;
    uint64_t line_ends; /* CRLFs held back: they count if something follows */
    bool cr;            /* a CR held back behind them: half a CRLF, or content */
    bool content;       /* something other than line ends came */
    bool blanks;        /* relaxed: white space held back: SP, or the end of a line */
    bool blanks_cr;     /* relaxed: a CR behind that white space */
};

void canon_body_init(struct canon_body *body, enum canonicalisation canon, struct octet_sink sink);
void canon_body_add(struct canon_body *body, struct text chunk);

/* No more will come: gives out the last line end, where there is one. */
void canon_body_end(struct canon_body *body);

/* ---- header fields (§3.4.1, §3.4.2) */

/* FIELD with its CRLF. */
void canon_field(enum canonicalisation canon, const struct field *field, struct octet_sink sink);

/* FIELD, a signature, as it signs itself: without HOLE, the value of its b= (a
 * part of its value; surrounding white space included), and without a CRLF
 * (§3.7). */
void canon_signature_field(enum canonicalisation canon, const struct field *field,
                           struct text hole, struct octet_sink sink);

#endif
