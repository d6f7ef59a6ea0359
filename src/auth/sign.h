/* sign.h: DKIM signing (RFC 6376 §5, 8301, 8463).
 *
 * When the header is complete a signature says what it wants of the body; when
 * the body is over it is made.  All signatures of a message share one header
 * index and one pass over the body (body_digest.h).  There is no l=.
 *
 * Which fields are signed: sign_fields.h.  Not for a message of which fields were
 * not stored (message.h: fields_capped).
 */
#ifndef VIDIMUS_AUTH_SIGN_H
#define VIDIMUS_AUTH_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/sign_fields.h"
#include "auth/signer.h"
#include "base/text.h"
#include "mail/canonicalise.h"

struct body_digests;
struct header_index;
struct region;

struct sign_params {
    struct region *region;
    struct header_index *header; /* as the message will leave */
    struct body_digests *bodies; /* fed by the caller */
    enum canonicalisation header_canon, body_canon;
    const char *identity;        /* i=, "@sub.example.org" or "u@example.org"; NULL: none */
    uint64_t lifetime;           /* seconds from NOW to x=; 0: no x= */
    const struct text *more_fields; /* further fields to sign and oversign, */
    size_t more_field_count;        /* where they may be signed at all */
    int64_t now;
};

struct dkim_signing;

/* A signature by SIGNER that is to be made.  NULL: memory (the region latches). */
struct dkim_signing *sign_dkim_new(const struct sign_params *params, const struct signer *signer);

/* The body is over (body_digests_end()): the value of a DKIM-Signature field,
 * without leading blank, folded with LF TAB as plan.h has it.  NULL when it
 * could not be made; the region has latched if it was memory. */
const char *sign_dkim_finish(struct dkim_signing *signing);

/* Why it could not be made ("more than one From field", …), in words; else NULL. */
const char *sign_dkim_fault(const struct dkim_signing *signing);

#endif
