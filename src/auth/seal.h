/* seal.h: ARC sealing (RFC 8617 §5.1).
 *
 * The set goes on top of the message as the plan will leave it, last of all: an
 * AMS in relaxed form over what sign_fields.h chooses and the DKIM-Signature fields,
 * a seal over all sets, or over this one alone where the chain was broken (§5.1.2).
 * Whatever goes wrong gives no set, and nothing else changes.  Not for a message
 * of which fields were not stored (message.h: fields_capped).
 */
#ifndef VIDIMUS_AUTH_SEAL_H
#define VIDIMUS_AUTH_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/arc_set.h"
#include "auth/signer.h"
#include "base/text.h"

struct body_digests;
struct header_index;
struct region;

struct seal_params {
    struct region *region;
    const struct signer *signer;    /* an RSA key: ARC knows rsa-sha256 only */
    struct body_digests *bodies;    /* fed by the caller */
    const struct text *more_fields; /* further fields that the AMS covers */
    size_t more_field_count;
    const char *fields;             /* h= of the AMS exactly so, "from:to:…"; NULL: our choice,
                                       and more_fields */
    int64_t now;
};

struct arc_sealing;

/* The header is complete: a set is wanted.  NULL: memory (the region latches). */
struct arc_sealing *seal_arc_new(const struct seal_params *params);

struct seal_input {
    const struct arc_chain *chain; /* what arrived */
    enum chain_status status;      /* its validation: cv= */
    const char *authserv_id;
    const char *results;           /* of the AAR, after "i=N; authserv-id;": our results merged,
                                      folded with LF TAB */
    struct header_index *header;   /* as the plan will leave it, our own DKIM-Signature included */
};

struct arc_set_text { /* values as sign.h has them, in the order in which they are inserted on top */
    const char *results, *message_signature, *seal;
};

/* The body is over (body_digests_end()): makes the set.  False with *WHY, words: a
 * chain that ended with cv=fail already, fifty sets, a chain that was not
 * validated, a field that cannot be covered, libcrypto; memory (the region has
 * latched). */
bool seal_arc_finish(struct arc_sealing *sealing, const struct seal_input *input,
                     struct arc_set_text *set, const char **why);

#endif
