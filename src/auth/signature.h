/* signature.h: a parsed DKIM-Signature field (RFC 6376 §3.5), by our own strict
 * parser, and its two relatives of ARC (RFC 8617 §4.1.2, §4.1.3).  No engine
 * sees a field that was refused here.
 */
#ifndef VIDIMUS_AUTH_SIGNATURE_H
#define VIDIMUS_AUTH_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "base/text.h"
#include "mail/canonicalise.h"
#include "mail/domain.h"

struct message;

struct region;

enum { SIGNED_NAMES_MAX = 256, SIGNATURE_OCTETS_MAX = 16384 };

/* What differs is which tags there are and what they must hold. */
enum signature_kind { SIGNATURE_DKIM, SIGNATURE_ARC_MESSAGE, SIGNATURE_ARC_SEAL };

enum { ARC_INSTANCE_MAX = 50 }; /* RFC 8617 §4.2.1 */

enum signature_algorithm { SIGN_RSA_SHA256, SIGN_RSA_SHA1, SIGN_ED25519_SHA256 };
enum chain_status { CHAIN_NONE, CHAIN_FAIL, CHAIN_PASS };

extern const struct name signature_algorithm_names[]; /* "rsa-sha256", … */
extern const struct name chain_status_names[];        /* "none", "fail", "pass" */

struct signature {
    enum signature_algorithm algorithm;
    bool has_canon; /* c=; without it, simple/simple */
    enum canonicalisation header_canon, body_canon;
    domain_name domain;   /* d= */
    domain_name selector; /* s= */
    domain_name identity_domain; /* of i=, or d= */
    struct text *signed_names;   /* h=, as written, trimmed */
    size_t signed_name_count;
    bool signs_from;
    struct text hash;      /* bh= decoded */
    struct text value;     /* b= decoded */
    struct text value_b64; /* b= as written, FWS removed: header.b takes 8 of it */
    struct text hole;      /* in the field: b= as written, with all FWS around it,
                              which is what the signature does not sign (§3.7) */
    struct text copies;    /* z= as written; for people */
    bool has_length;       /* l= */
    uint64_t length;
    bool has_timestamp, has_expiry;
    uint64_t timestamp, expiry; /* t=, x= */
    unsigned instance;         /* i= of ARC, 1..50; 0: not there */
    enum chain_status chain;   /* cv= of a seal */
};

/* Parses the field body T into *SIGNATURE (allocations in REGION).  NULL on
 * success, else a static reason in words ("duplicate tag", "From not signed").
 * Domain and selector are filled where they could be read ("" otherwise), so
 * that the finding can name them. */
const char *signature_parse(struct region *region, struct text t, struct signature *signature);

/* The same for any kind.  Of ARC's: v= is no tag, i= is the instance (it may
 * stand outside the list, so its absence is the caller's matter), only
 * rsa-sha256, From may be unsigned, names in h= may be empty (they name no
 * field and are dropped).  A seal has no body, no h=, and relaxed fields. */
const char *signature_parse_kind(struct region *region, enum signature_kind kind, struct text t,
                                 struct signature *signature);

/* position (RFC 8617 §3.9): 1*2DIGIT, 1 to 50. */
bool signature_instance(struct text t, unsigned *instance);

/* The DNS name of its key: "s._domainkey.d"; false when too long. */
bool signature_key_name(const struct signature *signature, domain_name out);

/* Whether it covers a field that we do not hold in full: it cannot be verified. */
bool signature_signs_cut_field(const struct signature *signature, const struct message *message);

#endif
