/* crypt.h: what uses libcrypto: SHA-256, HMAC, public keys, whether a signature is
 * good (crypt.c); private keys, and signing (crypt_signer.c).
 *
 * Failures of libcrypto itself (memory) latch the region, so that no result
 * comes of them.
 */
#ifndef VIDIMUS_AUTH_CRYPT_H
#define VIDIMUS_AUTH_CRYPT_H

#include <stdbool.h>

#include "base/text.h"
#include "mail/canonicalise.h"

struct region;

enum {
    SHA256_OCTETS = 32,
    RSA_BITS_MIN = 1024, /* RFC 8301 §3.2 */
    RSA_BITS_MAX = 8192, /* beyond, verifying is an attack on our time */
    RSA_EXPONENT_BITS_MIN = 2, /* with 1 as exponent anybody signs */
    RSA_EXPONENT_BITS_MAX = 33,
    ED25519_KEY_OCTETS = 32,
    ED25519_KEY_BITS = 256
};

/* For a process whose threads may still live when it exits, before all others: then
 * libcrypto takes nothing away from under them. */
void crypt_stays_at_exit(void);

/* ---- SHA-256 */

typedef unsigned char sha256_value[SHA256_OCTETS];

struct crypt_digest;

/* A running digest in REGION; NULL: the region has latched. */
struct crypt_digest *crypt_digest_new(struct region *region);
void crypt_digest_add(struct crypt_digest *digest, struct text octets);

/* DIGEST (not NULL) as a sink. */
struct octet_sink crypt_digest_sink(struct crypt_digest *digest);

/* TO goes on from where FROM stands, which goes on too. */
void crypt_digest_copy(struct crypt_digest *to, struct crypt_digest *from);

/* The value for what was added so far; more may be added after. */
void crypt_digest_value(struct crypt_digest *digest, sha256_value out);

/* HMAC-SHA-256 (RFC 2104) of OCTETS with KEY.  False when libcrypto fails. */
bool crypt_keyed_hash(struct text key, struct text octets, sha256_value out);

/* ---- public keys */

enum key_type { KEY_RSA, KEY_ED25519 };

/* Immutable and shared between threads. */
struct crypt_key {
    enum key_type type;
    unsigned bits;          /* of the modulus; 256 for Ed25519 */
    unsigned exponent_bits; /* RSA */
    struct text octets;     /* what it was read from */
    /* private to crypt.c */
    struct evp_pkey_st *handle;
    _Atomic(struct evp_pkey_ctx_st *) spare; /* of the last RSA verification; or NULL */
    _Atomic unsigned references;
};

/* Reads a key.  RSA: DER, SubjectPublicKeyInfo (what everybody publishes) or
 * bare RSAPublicKey (what RFC 6376 §3.6.1 says), with nothing behind it; judges
 * no length.  Ed25519: the 32 octets of RFC 8463 §4, but none of the points of
 * small order, under which anybody signs.  NULL for anything else, or for memory
 * (REGION latches; nothing else is of it).  This is slow: key_cache.h. */
struct crypt_key *crypt_key_new(struct region *region, enum key_type type, struct text octets);
struct crypt_key *crypt_key_ref(struct crypt_key *key);
void crypt_key_unref(struct crypt_key *key); /* NULL allowed */

/* KEY as others publish it: RSA as SubjectPublicKeyInfo, Ed25519 as its 32
 * octets.  False for memory (the region latches). */
bool crypt_key_publish(struct region *region, const struct crypt_key *key, struct text *out);

/* Whether SIGNATURE by KEY is one of DIGEST: RSASSA-PKCS1-v1_5 with SHA-256
 * (RFC 6376 §3.3.2) or PureEdDSA over the digest (RFC 8463 §3). */
bool crypt_verify(struct region *region, struct crypt_key *key, const sha256_value digest,
                  struct text signature);

/* ---- private keys */

/* A private key, immutable and shared between threads.  Its octets are wiped when
 * the last reference goes, and never printed. */
struct crypt_signer;

/* Reads PEM (PKCS#8 or PKCS#1, not encrypted) that holds one RSA or Ed25519
 * private key and nothing else that counts: other text and public keys beside it
 * do not.  RSA within RSA_BITS_MIN and RSA_BITS_MAX.  The caller wipes PEM.  NULL
 * with *WHY, static words that go on from the name of the file ("is encrypted",
 * "is a public key", "is of a type that DKIM does not know", …). */
struct crypt_signer *crypt_signer_new(struct text pem, const char **why);

/* A new key; BITS of an RSA modulus (ignored for Ed25519).  NULL: libcrypto. */
struct crypt_signer *crypt_signer_generate(enum key_type type, unsigned bits);
struct crypt_signer *crypt_signer_ref(struct crypt_signer *signer);
void crypt_signer_unref(struct crypt_signer *signer); /* NULL allowed */

enum key_type crypt_signer_type(const struct crypt_signer *signer);
unsigned crypt_signer_bits(const struct crypt_signer *signer); /* as crypt_key.bits */

/* What p= of its key record holds, before base64 (crypt_key_publish()).  False
 * for memory (the region latches). */
bool crypt_signer_publish(struct region *region, const struct crypt_signer *signer,
                          struct text *out);

/* SIGNER as PEM (PKCS#8), NUL-terminated, on the heap; the caller hands it to
 * crypt_wipe_free().  NULL: memory. */
char *crypt_signer_pem(const struct crypt_signer *signer);

/* Wipes LEN octets of heap memory that held a secret, and frees it. */
void crypt_wipe_free(void *secret, size_t len);

/* Signs DIGEST as crypt_verify() has it, into the region.  False when libcrypto
 * fails (the region does not latch: an unsigned message is no disaster). */
bool crypt_sign(struct region *region, const struct crypt_signer *signer,
                const sha256_value digest, struct text *out);

#endif
