/* arc.h: validation of ARC chains (RFC 8617 §5.2).
 *
 * The fields are taken as they arrive, so key lookups start early; the body is
 * digested by what DKIM shares.  Whatever goes wrong, DNS included, breaks the
 * chain: the result is none, pass or fail, and the reason tells which.
 */
#ifndef VIDIMUS_AUTH_ARC_H
#define VIDIMUS_AUTH_ARC_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/arc_set.h"
#include "auth/finding.h"

struct body_digests;
struct dns_scope;
struct field;
struct header_index;
struct ip_address;
struct message;

struct arc_params {
    struct dns_scope *dns;
    struct body_digests *bodies; /* shared with DKIM, fed by the caller */
    /* Keys (but for the first few) are asked for while the scope counts fewer
     * questions: a chain may name a hundred, and must leave some to DMARC. */
    unsigned questions_max;
    unsigned clock_skew; /* seconds that x= may be off */
    int64_t now;
};

struct arc_outcome {
    enum result result; /* none, pass, fail */
    const struct arc_chain *chain; /* of a pass: every set whole */
    unsigned oldest_pass; /* of a pass: the oldest AMS that verifies; 0: all do */
    uint64_t unsigned_octets; /* of the body, beyond l= of the newest AMS */
    const char *surplus;      /* a field of which it covers fewer than there are; or NULL */
};

struct arc_verifier;

/* A verifier in MESSAGE's region; NULL: memory. */
struct arc_verifier *arc_verifier_new(struct message *message, const struct arc_params *params);

/* A field has arrived (as stored in the message). */
void arc_verifier_field(struct arc_verifier *verifier, const struct field *field);

/* All fields are there, in HEADER: says what it wants of the body.  NULL
 * (memory) leaves the chain unjudged. */
void arc_verifier_end_of_header(struct arc_verifier *verifier, struct header_index *header);

/* The body has been digested to its end.  Waits for the newest signature's key if those
 * of more than a few depend on it: to be called before other checks wait, so that these
 * are asked meanwhile.  May be left out. */
void arc_verifier_end_of_body(struct arc_verifier *verifier);

/* Likewise: waits for keys, verifies, appends the
 * finding, with CLIENT (IP_NONE: unknown) as smtp.remote-ip. */
void check_arc(struct findings *findings, struct arc_verifier *verifier,
               const struct ip_address *client, struct arc_outcome *outcome);

#endif
