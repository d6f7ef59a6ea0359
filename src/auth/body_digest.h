/* body_digest.h: all digests of one body that any signature wants, by one pass.
 *
 * DKIM and ARC say what they want before the body comes; wishes that are alike
 * share a digest.  Each canonical form is made once, and digests of one form
 * that differ in length (l=) are values that one running digest had on its
 * way.  So a hundred signatures cost little more than one, and memory does not
 * depend on the body.
 */
#ifndef VIDIMUS_AUTH_BODY_DIGEST_H
#define VIDIMUS_AUTH_BODY_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/crypt.h"
#include "base/text.h"
#include "mail/canonicalise.h"

struct region;

struct body_digest {
    enum canonicalisation canon;
    bool has_length;
    uint64_t length;
    /* known at the end */
    bool complete;      /* the body has that many octets: value holds */
    sha256_value value;
    uint64_t total;     /* octets of the whole canonical body */
    struct body_digest *next; /* private */
};

struct body_digests;

/* In REGION; NULL: memory. */
struct body_digests *body_digests_new(struct region *region);

/* A wish for the SHA-256 of the first *LENGTH canonical octets (NULL: of all).
 * Before the first body_digests_add().  Lives as long as the region; NULL:
 * memory (the region latches). */
const struct body_digest *body_digests_want(struct body_digests *digests,
                                            enum canonicalisation canon, const uint64_t *length);

/* Whether anything was wanted: else the body is of no use here. */
bool body_digests_wanted(const struct body_digests *digests);

void body_digests_add(struct body_digests *digests, struct text chunk);

/* The body is over: all wishes hold their values.  A second call does nothing. */
void body_digests_end(struct body_digests *digests);

#endif
