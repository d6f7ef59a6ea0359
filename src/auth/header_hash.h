/* header_hash.h: which header fields a signature covers, and their digest
 * (RFC 6376 §3.7, §5.4.2).
 *
 * The fields of a message are put in order by name once, for all signatures of
 * DKIM and ARC: what one signature costs grows with its h= and what it signs,
 * not with the header.  Signatures in a row that cover the same fields share
 * their digest.
 */
#ifndef VIDIMUS_AUTH_HEADER_HASH_H
#define VIDIMUS_AUTH_HEADER_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/crypt.h"
#include "auth/signature.h"
#include "base/text.h"
#include "mail/canonicalise.h"

struct field;
struct message;
struct region;

struct header_index;

/* The fields that MESSAGE holds now, in its region, which they must outlive.
 * NULL: memory (the region latches). */
struct header_index *header_index_new(const struct message *message);

/* The COUNT FIELDS of a header as it will leave, from the top: some of a message
 * deleted, others inserted (field_inserted()).  FIELDS itself is not kept. */
struct header_index *header_index_of(struct region *region, const struct field *const *fields,
                                     size_t count);

/* How many fields are called NAME. */
size_t header_index_count(const struct header_index *index, struct text name);

/* A field that a message may hold once (RFC 5322 §3.6, RFC 2045 §3), and that
 * stands in it more often than a signature covers it. */
struct header_surplus {
    const char *name;
    size_t present, covered;
};

/* Signatures are checked from the last field up, people read the first: a
 * second Subject on top of the signed one is anybody's (RFC 6376 §8.15).  One
 * that was never signed is the signer's choice.  False when there is none. */
bool header_surplus(const struct header_index *index, const struct signature *signature,
                    struct header_surplus *surplus);

/* Gives VISIT the fields that NAMES select, in that order: of several fields of
 * one name the last first (§5.4.2); a name more often than there are fields
 * selects nothing.  OWN, the signature field itself, is never selected. */
void header_select(struct header_index *index, const struct text *names, size_t count,
                   const struct field *own, void (*visit)(void *context, const struct field *f),
                   void *context);

/* The digest that SIGNATURE, in field OWN, signs: its selected fields, then OWN
 * without the value of b=.  OWN may be one that is not in the header yet.  The
 * names in SIGNATURE must live as long as INDEX.  False for memory (the region
 * latches). */
bool header_hash(struct header_index *index, const struct signature *signature,
                 const struct field *own, sha256_value out);

#endif
