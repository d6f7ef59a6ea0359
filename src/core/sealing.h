/* sealing.h: whether an ARC set is put on a message that passes through, and the
 * set (RFC 8617 §5.1).
 *
 * Sealed is mail from outside that is accepted, and mail that a content filter or
 * a list manager of ours hands back (from a trusted client, with an
 * Authentication-Results field of ours): never what was written here.  Of these,
 * what is for the recipients that the configuration names; and what is handed back
 * with a seal that it got for that when it came: a list sends it on to others.
 *
 * cv= is what the chain was when the message came to us.  For mail from outside
 * that is what was found now.  For mail that is handed back it is what our field
 * says (arc=): filters and lists change messages, and what they do within our
 * house breaks no chain, if the newest signature is ours again.  So a chain that
 * our field calls intact, or that was begun here (arc=none), is sealed with cv=pass
 * as long as its structure holds, though the last signature fails now.  Only where
 * our field tells nothing of ARC the chain is validated as it stands.
 *
 * The ARC-Authentication-Results field says what our Authentication-Results field
 * says: the one that is added now, or those that stay, merged.
 *
 * It has memory of its own: whatever goes wrong, the message goes on without. */
#ifndef VIDIMUS_CORE_SEALING_H
#define VIDIMUS_CORE_SEALING_H

#include "auth/seal.h"
#include "auth/signer.h"
#include "base/names.h"
#include "core/leaving.h"
#include "core/plan.h"

struct arc_outcome;
struct arc_verifier;
struct findings;

enum sealing_state {
    SEALING_NOT_ASKED, /* for these recipients, of that origin, or at all */
    SEALING_SEALED,
    SEALING_NO_KEY,    /* active, RSA, and loaded */
    SEALING_NOT_SEALED
};

extern const struct name sealing_state_names[]; /* "not-asked", "sealed", … */

struct sealing {
    enum sealing_state state;
    const char *why;        /* in words, unless it is sealed */
    struct signer signer;   /* of a state other than NOT_ASKED and NO_KEY */
    unsigned instance;      /* of the set */
    enum chain_status chain; /* cv= */
    /* private */
    struct region *region;
    struct arc_sealing *making;
    struct arc_verifier *verifier; /* NULL: others have validated the chain */
    struct arc_chain *chain_seen;  /* as it stands, without validation */
};

/* The header is complete: decides, and says what is wanted of the body.  VALIDATED:
 * the owner has the chain of mail from outside validated anyway. */
void sealing_begin(struct sealing *sealing, const struct leaving *message, bool validated);

/* The body is over, and PLAN otherwise complete: seals the message as it leaves that,
 * and has the set inserted.  FINDINGS are what the field that PLAN inserts tells;
 * NULL: it inserts none.  ARC: the chain's validation, if there was one. */
void sealing_end(struct sealing *sealing, const struct leaving *message,
                 const struct findings *findings, const struct arc_outcome *arc,
                 struct plan *plan);

/* The message is refused: there is nothing to seal. */
void sealing_drop(struct sealing *sealing);

#endif
