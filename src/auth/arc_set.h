/* arc_set.h: the ARC fields of a message as sets, and whether these are a chain
 * (RFC 8617 §4.2, §5.2 steps 1 to 3).  No DNS, no cryptography.
 *
 * The first field or rule that is broken breaks the chain for good: what comes
 * after it is not looked at.  Only of a chain without fault may a part of a set
 * be followed without asking whether it is there.
 */
#ifndef VIDIMUS_AUTH_ARC_SET_H
#define VIDIMUS_AUTH_ARC_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/signature.h"

struct field;
struct octet_sink;
struct region;

/* In the order in which a seal covers them (RFC 8617 §5.1.1). */
enum arc_part { ARC_RESULTS, ARC_MESSAGE_SIGNATURE, ARC_SEAL };

enum { ARC_PARTS = ARC_SEAL + 1 };

extern const struct name arc_part_names[]; /* the names of the fields */

struct arc_set {
    const struct field *fields[ARC_PARTS]; /* NULL: missing */
    struct text results;      /* the assessment: what follows "i=N;" */
    struct signature message; /* of the ARC-Message-Signature */
    struct signature seal;
};

struct arc_chain {
    struct region *region; /* lent */
    size_t field_count;    /* ARC fields that came; 0: no chain */
    unsigned newest;       /* the highest instance, N, as far as it is a chain */
    unsigned highest;      /* the highest that a field names, whatever is wrong */
    unsigned newest_seal;  /* the highest that a seal names, and… */
    bool ended;            /* …whether it says cv=fail: nobody seals after that (§5.1) */
    struct arc_set *sets[ARC_INSTANCE_MAX + 1]; /* by instance; NULL: none */

    const char *fault;         /* why it is no chain; NULL: it is one so far */
    enum arc_part fault_part;  /* the field at fault… */
    unsigned fault_instance;   /* …and its instance, 0: unknown */
};

/* Gives SINK the fields of SET in the form that seals sign (§5.1.1); its own seal
 * as it signs itself, if it is UNFINISHED. */
void arc_set_canon(const struct arc_set *set, bool unfinished, const struct octet_sink *sink);

void arc_chain_init(struct arc_chain *chain, struct region *region);

/* A field has arrived; others than ARC's are ignored.  Returns the signature
 * that it holds (in the region), or NULL. */
const struct signature *arc_chain_field(struct arc_chain *chain, const struct field *field);

/* All fields are there: notes what breaks the structure.  False with a fault. */
bool arc_chain_end(struct arc_chain *chain);

/* Notes a fault; the first one stays. */
void arc_chain_break(struct arc_chain *chain, enum arc_part part, unsigned instance,
                     const char *fault);

#endif
