/* crypt.h: the one place that uses libcrypto. */
#ifndef VIDIMUS_AUTH_CRYPT_H
#define VIDIMUS_AUTH_CRYPT_H

#include <stdbool.h>

#include "base/text.h"

struct region;

enum {
    RSA_BITS_MIN = 1024, /* RFC 8301 §3.2 */
    RSA_BITS_MAX = 8192, /* beyond, verifying is an attack on our time */
    RSA_EXPONENT_BITS_MAX = 33,
    ED25519_KEY_OCTETS = 32,
    ED25519_KEY_BITS = 256
};

struct crypt_rsa_key {
    struct text spki; /* SubjectPublicKeyInfo, DER, in the region */
    unsigned bits;    /* of the modulus */
    unsigned exponent_bits;
};

/* Reads an RSA public key in DER: SubjectPublicKeyInfo (what everybody
 * publishes) or bare RSAPublicKey (what RFC 6376 §3.6.1 says).  False when it is
 * neither, when octets follow it, or for memory (the region latches).  Judges
 * no length. */
bool crypt_rsa_key_read(struct region *region, struct text der, struct crypt_rsa_key *key);

#endif
