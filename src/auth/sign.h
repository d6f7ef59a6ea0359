/* sign.h: DKIM signing (RFC 6376 §5, 8301, 8463).
 *
 * When the header is complete a signature says what it wants of the body; when
 * the body is over it is made.  All signatures of a message share one header
 * index and one pass over the body (body_digest.h).  There is no l=.
 *
 * Which fields are signed: those of a list (RFC 6376 §5.4.1: what a
 * reader sees and what a mail program acts upon), each as often as it stands
 * there; and once more ("oversigned"), so that nobody can add another, if it is
 * one that may stand once and that no MTA adds later.  Never signed: trace
 * fields, Return-Path, Bcc, Authentication-Results, ARC-*, DKIM-Signature.
 */
#ifndef VIDIMUS_AUTH_SIGN_H
#define VIDIMUS_AUTH_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Whether NAME may be signed at all (RFC 6376 §5.4.1, RFC 8617 §4.1.2); for configuration checks. */
bool sign_may_cover(struct text name);

#endif
