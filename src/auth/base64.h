/* base64.h: base64 as DKIM writes it (RFC 6376 §2.10; RFC 4648 §4). */
#ifndef VIDIMUS_AUTH_BASE64_H
#define VIDIMUS_AUTH_BASE64_H

#include <stdbool.h>

#include "base/text.h"

struct region;

/* T without folding white space, in REGION; empty when memory is exhausted
 * (the region latches). */
struct text base64_unfold(struct region *region, struct text t);

/* Decodes T, white space ignored, into OUT (in REGION).  Padding may be left
 * out (the grammar of RFC 6376 allows it) but must be right where it stands,
 * and the bits after the last octet must be zero: one value, one meaning.
 * False for anything else, or memory (the region latches). */
bool base64_decode(struct region *region, struct text t, struct text *out);

/* Encodes T, with padding, in REGION; empty when memory is exhausted. */
struct text base64_encode(struct region *region, struct text t);

#endif
