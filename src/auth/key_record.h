/* key_record.h: DKIM key records (RFC 6376 §3.6.1), our strict parser, and which
 * of those at one name may verify a signature. */
#ifndef VIDIMUS_AUTH_KEY_RECORD_H
#define VIDIMUS_AUTH_KEY_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/crypt.h"
#include "auth/signature.h"
#include "base/text.h"

struct dns_answer;
struct region;

struct key_record {
    enum key_type type;
    struct text text;  /* the record as published */
    struct crypt_key *key; /* p=; held by the region */
    unsigned bits;     /* of an RSA modulus, 256 for ed25519 */
    bool testing;      /* t=y */
    bool same_domain;  /* t=s: i= must equal d= */
    bool sha1, sha256; /* allowed by h= */
};

/* The reason for a record with an empty p=: failure reports have a word for it. */
#define KEY_RECORD_REVOKED "key revoked"

/* Parses the record T.  NULL on success, else a static reason (KEY_RECORD_REVOKED,
 * "not for email", …). */
const char *key_record_parse(struct region *region, struct text t, struct key_record *record);

/* Whether RECORD may verify SIGNATURE: type, hash, t=s.  NULL or the reason. */
const char *key_record_refuses(const struct key_record *record, const struct signature *signature);

/* What stands at one key name is undefined when it is more than one record (RFC
 * 6376 §3.6.2.2): each that may verify the signature is tried. */
enum { KEY_CHOICE_MAX = 5 }; /* records looked at */

struct key_choice {
    struct key_record keys[KEY_CHOICE_MAX]; /* usable, in the order of the answer */
    size_t count;
    const char *refusal; /* why the first record is of no use; NULL if count > 0 */
    unsigned bits;       /* of the first usable, else the first record; 0: unknown */
};

/* The records of ANSWER that may verify SIGNATURE.  With none in the answer:
 * "no key".  Not for a failed answer. */
void key_choose(struct region *region, const struct dns_answer *answer,
                const struct signature *signature, struct key_choice *choice);

/* Takes out RSA keys shorter than BITS. */
void key_choice_drop_short(struct key_choice *choice, unsigned bits);

/* The first key of CHOICE by which SIGNATURE is one of DIGEST, or NULL. */
const struct key_record *key_choice_verify(struct region *region, const struct key_choice *choice,
                                           const struct signature *signature,
                                           const sha256_value digest);

#endif
