/* dkim_diagnose.h: what was done to the header of a message whose DKIM signature
 * fails: for people who want to know, after everything is judged.
 *
 * Takes guesses and the copies in z= back, one or two at a time, and verifies
 * again: what makes the signature good is what happened.  That costs up to
 * DIAGNOSIS_TRIES_MAX verifications, so the daemon does not ask. */
#ifndef VIDIMUS_AUTH_DKIM_DIAGNOSE_H
#define VIDIMUS_AUTH_DKIM_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/header_guess.h"

struct dkim_candidate;
struct message;
struct region;

enum { DIAGNOSIS_TRIES_MAX = 80, DIAGNOSIS_EDITS_MAX = 16 };

enum diagnosis_kind {
    DIAGNOSIS_NONE,   /* nothing that was tried makes the signature good */
    DIAGNOSIS_INTACT, /* the signed fields are as they were */
    DIAGNOSIS_PROVEN, /* without the edits the signature is good */
    DIAGNOSIS_COPIES  /* the edits tell z= from the message, but do not suffice */
};

struct dkim_diagnosis {
    enum diagnosis_kind kind;
    size_t count;
    struct header_edit edits[DIAGNOSIS_EDITS_MAX];
};

/* Whether anything can be said about CANDIDATE: it fails and its key is there. */
bool can_diagnose_dkim(const struct dkim_candidate *candidate);

/* Of MESSAGE, all of whose fields are there.  Texts live in REGION or in the
 * message. */
void diagnose_dkim(struct region *region, const struct message *message,
                   const struct dkim_candidate *candidate, struct dkim_diagnosis *diagnosis);

#endif
