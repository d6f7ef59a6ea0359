/* signature.h: a parsed DKIM-Signature field (RFC 6376 §3.5), by our own strict
 * parser.  Shared by the DKIM engines (and ARC later): no engine sees a field
 * that signature_parse() refused.
 */
#ifndef VIDIMUS_AUTH_SIGNATURE_H
#define VIDIMUS_AUTH_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "base/text.h"
#include "mail/domain.h"

struct region;

enum { SIGNED_NAMES_MAX = 256, SIGNATURE_OCTETS_MAX = 16384 };

enum signature_algorithm { SIGN_RSA_SHA256, SIGN_RSA_SHA1, SIGN_ED25519_SHA256 };
enum canonicalisation { CANON_SIMPLE, CANON_RELAXED };

extern const struct name signature_algorithm_names[]; /* "rsa-sha256", … */
extern const struct name canonicalisation_names[];    /* "simple", "relaxed" */

struct signature {
    enum signature_algorithm algorithm;
    enum canonicalisation header_canon, body_canon;
    domain_name domain;   /* d= */
    domain_name selector; /* s= */
    domain_name identity_domain; /* of i=, or d= */
    struct text *signed_names;   /* h=, as written, trimmed */
    size_t signed_name_count;
    struct text hash;      /* bh= decoded */
    struct text value;     /* b= decoded */
    struct text value_b64; /* b= as written, FWS removed: header.b takes 8 of it */
    bool has_length;       /* l= */
    uint64_t length;
    bool has_timestamp, has_expiry;
    uint64_t timestamp, expiry; /* t=, x= */
};

/* Parses the field body T into *SIGNATURE (allocations in REGION).  NULL on
 * success, else a static reason in words ("duplicate tag", "From not signed").
 * Domain and selector are filled where they could be read ("" otherwise), so
 * that the finding can name them. */
const char *signature_parse(struct region *region, struct text t, struct signature *signature);

/* The DNS name of its key: "s._domainkey.d"; false when too long. */
bool signature_key_name(const struct signature *signature, domain_name out);

#endif
