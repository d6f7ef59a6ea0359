#include "auth/crypt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/region.h"

/* Decodes all of DER by one of the two encodings; NULL when it does not fit. */
static EVP_PKEY *decode(struct text der)
{
    const unsigned char *start = (const unsigned char *)der.data;
    const unsigned char *at = start;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);

    if (!key) {
        at = start;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
    }
    if (key && at != start + der.len) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static unsigned exponent_bits(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    unsigned bits = 0;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
        bits = (unsigned)BN_num_bits(e);
    BN_free(e);
    return bits;
}

/* KEY as SubjectPublicKeyInfo in REGION. */
static bool encode(struct region *region, const EVP_PKEY *key, struct text *spki)
{
    unsigned char *octets = NULL;
    int len = i2d_PUBKEY(key, &octets);
    char *copy;

    if (len <= 0)
        return false;
    copy = region_alloc(region, (size_t)len);
    if (copy) {
        memcpy(copy, octets, (size_t)len);
        *spki = (struct text){ copy, (size_t)len };
    }
    OPENSSL_free(octets);
    return copy != NULL;
}

bool crypt_rsa_key_read(struct region *region, struct text der, struct crypt_rsa_key *rsa)
{
    EVP_PKEY *key;
    bool ok = false;

    *rsa = (struct crypt_rsa_key){ .bits = 0 };
    if (der.len == 0)
        return false;
    key = decode(der);
    if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        rsa->bits = (unsigned)EVP_PKEY_get_bits(key);
        rsa->exponent_bits = exponent_bits(key);
        ok = encode(region, key, &rsa->spki);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}
