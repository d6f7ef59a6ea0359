/* signing.h: whether our own mail is signed, by which keys, and what becomes of it
 * if not (RFC 6376 §5).
 *
 * Our own is what comes from an authenticated client, from sign-networks, or from
 * this host.  Never signed is what carries an Authentication-Results field of ours,
 * in whatever spelling: a content filter or a list manager hands it back, and who
 * wrote it we do not know.  From a client who is not trusted such a field is
 * forged; the message then goes unsigned all the same, but require-alignment holds
 * for it, or the field would be a way around it.
 *
 * What is at fault decides.  The message (two From fields, …): `unsignable` says
 * whether it is sent unsigned or refused.  We (a key that could not be loaded, or
 * that libcrypto does not sign with): mail is never refused for good; with
 * `unsignable = reject` or require-alignment, whose point is that nothing leaves
 * unsigned, it is deferred until the key is right again, else it is sent unsigned.
 * Without memory it is deferred like any other message. */
#ifndef VIDIMUS_CORE_SIGNING_H
#define VIDIMUS_CORE_SIGNING_H

#include "auth/signer.h"
#include "base/names.h"
#include "core/keyring.h"
#include "core/leaving.h"
#include "core/plan.h"
#include "core/verdict.h"

struct dkim_signing;

enum signing_state {
    SIGNING_NOT_ASKED,   /* not our own mail, or nothing is configured */
    SIGNING_SIGNED,
    SIGNING_HAS_RESULTS, /* carries our own A-R field */
    SIGNING_NO_RULE,     /* for the author */
    SIGNING_NO_KEY,      /* the rules have no active one */
    SIGNING_KEY_MISSING, /* the active ones could not be loaded */
    SIGNING_UNSIGNABLE,  /* the message is at fault */
    SIGNING_REFUSED,     /* could be signed, but is refused (require-alignment) */
    SIGNING_FAILED       /* the keys did not sign */
};

extern const struct name signing_state_names[]; /* "not-asked", "signed", … */

struct signing {
    enum signing_state state;
    const char *why; /* in words, it is not signed, or not by all keys; else NULL */
    size_t count;    /* of signatures made; before the end, to be made */
    struct signing_signature {
        const struct sign_rule *rule;
        struct signer signer;
        const char *value; /* of the field */
        /* private */
        const char *author; /* the domain that led to the rule */
        struct dkim_signing *making;
    } signatures[SIGNERS_MAX];
    /* private */
    struct signer signers[SIGNERS_MAX]; /* all that the rules give for the authors */
    size_t signer_count;
};

/* The header is complete: decides, and says what is wanted of the body.  Memory
 * failure latches the message's region. */
void signing_begin(struct signing *signing, const struct leaving *message);

/* The body is over: makes the signatures, or changes VERDICT, of a message that
 * would be accepted. */
void signing_end(struct signing *signing, const struct leaving *message, struct verdict *verdict);

/* Inserts what was made. */
void signing_insert(const struct signing *signing, const struct leaving *message,
                    struct plan *plan);

/* Whether a key of ours is at fault: the administrator must act. */
bool signing_is_fault(const struct signing *signing);

#endif
