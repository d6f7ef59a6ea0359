/* key_record.h: DKIM key records (RFC 6376 §3.6.1), our strict parser. */
#ifndef VIDIMUS_AUTH_KEY_RECORD_H
#define VIDIMUS_AUTH_KEY_RECORD_H

#include <stdbool.h>

#include "auth/signature.h"
#include "base/text.h"

struct region;

enum key_type { KEY_RSA, KEY_ED25519 };

struct key_record {
    enum key_type type;
    struct text text;  /* the record as published */
    struct text key;   /* p= decoded */
    unsigned bits;     /* of an RSA modulus, 256 for ed25519 */
    bool testing;      /* t=y */
    bool same_domain;  /* t=s: i= must equal d= */
    bool sha1, sha256; /* allowed by h= */
};

/* Parses the record T.  NULL on success, else a static reason ("key revoked",
 * "not for email", …). */
const char *key_record_parse(struct region *region, struct text t, struct key_record *record);

/* Whether RECORD may verify SIGNATURE: type, hash, t=s.  NULL or the reason. */
const char *key_record_refuses(const struct key_record *record, const struct signature *signature);

#endif
