/* dkim_guard.h: what libopendkim may be shown.
 *
 * Beyond our strict parsers: text that is fine by RFC 6376 but that the library
 * (2.11.0~beta2) reads differently, cuts short, or is not safe with.  What the
 * guard keeps back is not judged: permerror, DKIM_REASON_ENGINE.
 */
#ifndef VIDIMUS_AUTH_DKIM_GUARD_H
#define VIDIMUS_AUTH_DKIM_GUARD_H

#include <stdbool.h>

#include "auth/dkim.h"

/* FIELD is read alike by both sides: no NUL (it ends the text), no VT, FF or
 * bare CR (it takes them for blanks), a name that it takes. */
bool guard_dkim_field(const struct field *field);

/* FIELD's label may be handed over: of blanks before the colon, it takes SP but
 * not HTAB.  Only for simple canonicalisation is that more than the name. */
bool guard_dkim_label(const struct field *field);

/* C's field may be handed over as a signature. */
bool guard_dkim_candidate(const struct dkim_candidate *c);

/* The library would take C's own field for one that h= names: it goes by the
 * name alone, from the last field up, where RFC 6376 §3.5 excludes it. */
bool guard_dkim_signs_itself(const struct dkim_candidate *c);

/* A and B must not share a handle: different l= (only one is safe), or one key
 * name with maybe two keys (it would use the first for both). */
bool guard_dkim_disturb(const struct signature *a, const struct signature *b);

#endif
