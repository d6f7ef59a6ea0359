/* crypt_signer.c: private keys, and signing.
 *
 * libcrypto's own decoders leave the DER of a key behind in freed memory.  So
 * the numbers are taken out here, and every copy is wiped. */
#include "auth/crypt_private.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"

enum {
    PEM_OCTETS_MAX = 65536,
    SIGNATURE_MAX = RSA_BITS_MAX / 8,
    ED25519_SIGNATURE_OCTETS = 64
};

struct crypt_signer {
    enum key_type type;
    unsigned bits;
    EVP_PKEY *handle;
    _Atomic unsigned references;
};

/* ---- DER */

/* RSAPrivateKey (RFC 8017 §A.1.2): its integers after the version. */
static const char *const rsa_parts[] = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_D,
    OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

enum { RSA_PARTS = sizeof rsa_parts / sizeof rsa_parts[0] };

/* The numbers of one RSA key, which go wiped. */
struct rsa_numbers {
    BIGNUM *part[RSA_PARTS];
};

static void wipe_integer(ASN1_TYPE *value)
{
    if (value->type == V_ASN1_INTEGER)
        OPENSSL_cleanse(value->value.integer->data, (size_t)value->value.integer->length);
    ASN1_TYPE_free(value);
}

static void free_numbers(struct rsa_numbers *numbers)
{
    for (size_t i = 0; i < RSA_PARTS; i++)
        BN_clear_free(numbers->part[i]);
}

/* The version, 0 (there are no further primes), and the parts. */
static bool take_numbers(const ASN1_SEQUENCE_ANY *sequence, struct rsa_numbers *numbers)
{
    if (sk_ASN1_TYPE_num(sequence) != RSA_PARTS + 1)
        return false;
    for (int i = 0; i <= RSA_PARTS; i++) {
        const ASN1_TYPE *value = sk_ASN1_TYPE_value(sequence, i);
        const ASN1_INTEGER *integer = value->value.integer;

        if (value->type != V_ASN1_INTEGER)
            return false;
        if (i == 0 && ASN1_INTEGER_get(integer) != 0)
            return false;
        if (i == 0)
            continue;
        numbers->part[i - 1] = BN_secure_new();
        if (!numbers->part[i - 1] || !ASN1_INTEGER_to_BN(integer, numbers->part[i - 1]) ||
            BN_is_negative(numbers->part[i - 1]))
            return false;
    }
    return true;
}

/* All of DER as RSAPrivateKey. */
static bool read_numbers(struct text der, struct rsa_numbers *numbers)
{
    const unsigned char *start = (const unsigned char *)der.data, *at = start;
    ASN1_SEQUENCE_ANY *sequence = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)der.len);
    bool taken = sequence && at == start + der.len && take_numbers(sequence, numbers);

    sk_ASN1_TYPE_pop_free(sequence, wipe_integer);
    return taken;
}

static EVP_PKEY *make_rsa(const struct rsa_numbers *numbers)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    bool pushed = builder && context;

    for (size_t i = 0; pushed && i < RSA_PARTS; i++)
        pushed = OSSL_PARAM_BLD_push_BN(builder, rsa_parts[i], numbers->part[i]);
    if (pushed)
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params && EVP_PKEY_fromdata_init(context) > 0)
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/* ---- what a PEM block may hold: a key, or NULL with *WHY */

static const char no_memory[] = "out of memory";
static const char damaged[] = "is damaged", unknown_type[] = "is of a type that DKIM does not know";

static const char *judge_rsa(const struct rsa_numbers *numbers)
{
    int bits = BN_num_bits(numbers->part[0]), exponent_bits = BN_num_bits(numbers->part[1]);

    if (bits < RSA_BITS_MIN)
        return "is an RSA key of less than 1024 bits";
    if (bits > RSA_BITS_MAX)
        return "is an RSA key of more than 8192 bits";
    if (exponent_bits < RSA_EXPONENT_BITS_MIN || exponent_bits > RSA_EXPONENT_BITS_MAX)
        return "is an RSA key with an exponent that verifiers refuse";
    return NULL;
}

/* RSAPrivateKey */
static EVP_PKEY *read_pkcs1(struct text der, const char **why)
{
    struct rsa_numbers numbers = { { NULL } };
    EVP_PKEY *pkey = NULL;

    *why = read_numbers(der, &numbers) ? judge_rsa(&numbers) : damaged;
    if (!*why) {
        pkey = make_rsa(&numbers);
        *why = pkey ? NULL : damaged;
    }
    free_numbers(&numbers);
    return pkey;
}

/* CurvePrivateKey (RFC 8410 §7): an OCTET STRING in its own encoding. */
static EVP_PKEY *read_curve_key(struct text der, const char **why)
{
    static const unsigned char head[] = { V_ASN1_OCTET_STRING, ED25519_KEY_OCTETS };
    EVP_PKEY *pkey = NULL;

    if (der.len == sizeof head + ED25519_KEY_OCTETS && memcmp(der.data, head, sizeof head) == 0)
        pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
                                            (const unsigned char *)der.data + sizeof head,
                                            ED25519_KEY_OCTETS);
    *why = pkey ? NULL : damaged;
    return pkey;
}

/* PrivateKeyInfo (RFC 5208 §5) */
static EVP_PKEY *read_pkcs8(struct text der, const char **why)
{
    const unsigned char *start = (const unsigned char *)der.data, *at = start, *octets;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    const ASN1_OBJECT *algorithm;
    EVP_PKEY *pkey = NULL;
    struct text inner;
    int len;

    *why = damaged;
    if (info && at == start + der.len &&
        PKCS8_pkey_get0(&algorithm, &octets, &len, NULL, info) && len > 0) {
        inner = (struct text){ (const char *)octets, (size_t)len };
        *why = unknown_type;
        if (OBJ_obj2nid(algorithm) == NID_rsaEncryption)
            pkey = read_pkcs1(inner, why);
        else if (OBJ_obj2nid(algorithm) == NID_ED25519)
            pkey = read_curve_key(inner, why);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

/* Blocks that hold a private key, of any kind. */
static const struct key_block {
    const char *label;
    EVP_PKEY *(*read)(struct text der, const char **why); /* NULL: not for us */
    const char *why;
} key_blocks[] = {
    { "PRIVATE KEY", read_pkcs8, NULL },
    { "RSA PRIVATE KEY", read_pkcs1, NULL },
    { "ENCRYPTED PRIVATE KEY", NULL, "is encrypted" },
    { "EC PRIVATE KEY", NULL, unknown_type },
    { "DSA PRIVATE KEY", NULL, unknown_type },
    { "OPENSSH PRIVATE KEY", NULL, "is in the format of OpenSSH" },
};

/* ---- PEM */

struct pem_block {
    char *label, *header;
    unsigned char *der;
    long len;
};

static void free_block(struct pem_block *block)
{
    OPENSSL_secure_free(block->label);
    OPENSSL_secure_free(block->header);
    OPENSSL_secure_clear_free(block->der, (size_t)block->len);
}

/* What the blocks so far held. */
struct reading {
    unsigned keys; /* private ones */
    EVP_PKEY *pkey;
    const char *why;
};

static EVP_PKEY *read_key_block(const struct key_block *kind, const struct pem_block *block,
                                const char **why)
{
    *why = kind->why;
    if (strstr(block->header, "ENCRYPTED")) /* RFC 1421 §4.6.1.1 */
        *why = "is encrypted";
    if (*why)
        return NULL;
    return kind->read((struct text){ (const char *)block->der, (size_t)block->len }, why);
}

/* A private key beside another is a mistake: nobody knows which one counts. */
static void take_block(struct reading *reading, const struct pem_block *block)
{
    for (size_t i = 0; i < sizeof key_blocks / sizeof key_blocks[0]; i++) {
        if (strcmp(block->label, key_blocks[i].label) != 0)
            continue;
        if (reading->keys++ == 0)
            reading->pkey = read_key_block(&key_blocks[i], block, &reading->why);
        else
            reading->why = "holds more than one private key";
        return;
    }
    if (reading->keys == 0 && !reading->why)
        reading->why = strstr(block->label, "PUBLIC KEY") ? "is a public key"
                                                          : "holds no private key";
}

static struct reading read_pem(struct text pem)
{
    struct reading reading = { 0, NULL, pem.len == 0 ? "is empty" : "is too long for a key" };
    BIO *bio = NULL;
    struct pem_block block;

    if (pem.len > 0 && pem.len <= PEM_OCTETS_MAX)
        bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (!bio)
        return reading;
    reading.why = NULL;
    while (PEM_read_bio_ex(bio, &block.label, &block.header, &block.der, &block.len,
                           PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)) {
        take_block(&reading, &block);
        free_block(&block);
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        reading.why = damaged;
    else if (reading.keys == 0 && !reading.why)
        reading.why = "is not in PEM form";
    BIO_free(bio);
    return reading;
}

/* ---- signing: the octets of the signature, 0 when it failed */

static size_t sign_rsa(EVP_PKEY *pkey, const sha256_value digest, unsigned char *out)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    size_t len = SIGNATURE_MAX;

    if (!context || EVP_PKEY_sign_init(context) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) <= 0 ||
        EVP_PKEY_CTX_set_signature_md(context, crypt_sha256()) <= 0 ||
        EVP_PKEY_sign(context, out, &len, digest, SHA256_OCTETS) <= 0)
        len = 0;
    EVP_PKEY_CTX_free(context);
    return len;
}

static size_t sign_ed25519(EVP_PKEY *pkey, const sha256_value digest, unsigned char *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = ED25519_SIGNATURE_OCTETS;

    if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) <= 0 ||
        EVP_DigestSign(context, out, &len, digest, SHA256_OCTETS) <= 0)
        len = 0;
    EVP_MD_CTX_free(context);
    return len;
}

/* OUT has SIGNATURE_MAX octets. */
static size_t sign_digest(const struct crypt_signer *signer, const sha256_value digest,
                          unsigned char *out)
{
    size_t len = 0;

    switch (signer->type) {
    case KEY_RSA:
        len = sign_rsa(signer->handle, digest, out);
        break;
    case KEY_ED25519:
        len = sign_ed25519(signer->handle, digest, out);
        break;
    }
    ERR_clear_error();
    return len;
}

bool crypt_sign(struct region *region, const struct crypt_signer *signer,
                const sha256_value digest, struct text *out)
{
    unsigned char *octets = region_alloc(region, SIGNATURE_MAX);
    size_t len = octets ? sign_digest(signer, digest, octets) : 0;

    *out = (struct text){ (const char *)octets, len };
    return len > 0;
}

/* ---- signers */

/* Takes PKEY over; NULL: memory. */
static struct crypt_signer *signer_over(EVP_PKEY *pkey)
{
    struct crypt_signer *signer = pkey ? malloc(sizeof *signer) : NULL;
    bool rsa = pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;

    if (!signer) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    *signer = (struct crypt_signer){
        .type = rsa ? KEY_RSA : KEY_ED25519,
        .bits = rsa ? (unsigned)EVP_PKEY_get_bits(pkey) : ED25519_KEY_BITS,
        .handle = pkey,
        .references = 1,
    };
    return signer;
}

/* NULL when what SIGNER signs verifies by its own public half: else its numbers do
 * not belong together, and every message would carry a broken signature. */
static const char *judge_consistency(const struct crypt_signer *signer)
{
    static const sha256_value digest = { 1 };
    struct region *region = region_new(0);
    struct crypt_key *key = NULL;
    struct text published, signature;
    bool good = false, known;

    if (region && crypt_signer_publish(region, signer, &published))
        key = crypt_key_new(region, signer->type, published);
    if (key && crypt_sign(region, signer, digest, &signature))
        good = crypt_verify(region, key, digest, signature);
    known = region && !region_failed(region);
    crypt_key_unref(key);
    region_free(region);
    if (!known)
        return no_memory;
    return good ? NULL : damaged;
}

struct crypt_signer *crypt_signer_new(struct text pem, const char **why)
{
    struct reading reading = read_pem(pem);
    struct crypt_signer *signer;

    ERR_clear_error();
    if (reading.why) {
        EVP_PKEY_free(reading.pkey);
        *why = reading.why;
        return NULL;
    }
    signer = signer_over(reading.pkey);
    *why = signer ? judge_consistency(signer) : no_memory;
    if (*why) {
        crypt_signer_unref(signer);
        return NULL;
    }
    return signer;
}

struct crypt_signer *crypt_signer_generate(enum key_type type, unsigned bits)
{
    EVP_PKEY *pkey = NULL;

    switch (type) {
    case KEY_RSA:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
        break;
    case KEY_ED25519:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    ERR_clear_error();
    return signer_over(pkey);
}

struct crypt_signer *crypt_signer_ref(struct crypt_signer *signer)
{
    signer->references++;
    return signer;
}

void crypt_signer_unref(struct crypt_signer *signer)
{
    if (!signer || --signer->references > 0)
        return;
    EVP_PKEY_free(signer->handle); /* wipes */
    free(signer);
}

enum key_type crypt_signer_type(const struct crypt_signer *signer)
{
    return signer->type;
}

unsigned crypt_signer_bits(const struct crypt_signer *signer)
{
    return signer->bits;
}

bool crypt_signer_publish(struct region *region, const struct crypt_signer *signer,
                          struct text *out)
{
    return crypt_publish(region, signer->type, signer->handle, out);
}

char *crypt_signer_pem(const struct crypt_signer *signer)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data, *pem = NULL;
    long len;

    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, signer->handle, NULL, NULL, 0, NULL, NULL)) {
        len = BIO_get_mem_data(bio, &data);
        pem = len > 0 ? calloc(1, (size_t)len + 1) : NULL;
        if (pem)
            memcpy(pem, data, (size_t)len);
    }
    BIO_free(bio);
    ERR_clear_error();
    return pem;
}

void crypt_wipe_free(void *secret, size_t len)
{
    if (secret)
        OPENSSL_cleanse(secret, len);
    free(secret);
}
