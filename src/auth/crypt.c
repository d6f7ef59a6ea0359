#include "auth/crypt_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"

/* Small pieces are gathered: a call into libcrypto costs more than they do. */
enum { GATHER_OCTETS = 1024, GATHER_PIECE_MAX = 256 };

struct crypt_digest {
    struct region *region;
    EVP_MD_CTX *running;
    EVP_MD_CTX *scratch; /* for values in between; NULL until the first */
    size_t gathered;
    char gather[GATHER_OCTETS];
};

void crypt_stays_at_exit(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

/* ---- SHA-256 */

static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

/* Once for the process: fetching it anew would cost more than digesting a header. */
static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

const EVP_MD *crypt_sha256(void)
{
    pthread_once(&sha256_once, fetch_sha256);
    return sha256;
}

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

/* A context that goes with REGION; NULL: the region has latched. */
static EVP_MD_CTX *context_new(struct region *region)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (!context) {
        region_fail(region);
        return NULL;
    }
    return region_on_free(region, free_context, context) ? context : NULL;
}

struct crypt_digest *crypt_digest_new(struct region *region)
{
    struct crypt_digest *digest = region_alloc(region, sizeof *digest);

    if (!digest)
        return NULL;
    digest->region = region;
    digest->running = context_new(region);
    if (!digest->running)
        return NULL;
    if (!crypt_sha256() || !EVP_DigestInit_ex2(digest->running, crypt_sha256(), NULL)) {
        region_fail(region);
        return NULL;
    }
    return digest;
}

/* A context that could not be copied is a broken one, which libcrypto would follow. */
static void update(struct crypt_digest *digest, struct text octets)
{
    if (region_failed(digest->region))
        return;
    if (!EVP_DigestUpdate(digest->running, octets.data, octets.len))
        region_fail(digest->region);
}

static void digest_gathered(struct crypt_digest *digest)
{
    if (digest->gathered > 0)
        update(digest, (struct text){ digest->gather, digest->gathered });
    digest->gathered = 0;
}

void crypt_digest_add(struct crypt_digest *digest, struct text octets)
{
    if (octets.len > GATHER_OCTETS - digest->gathered || octets.len > GATHER_PIECE_MAX)
        digest_gathered(digest);
    if (octets.len > GATHER_PIECE_MAX) {
        update(digest, octets);
    } else if (octets.len > 0) {
        memcpy(digest->gather + digest->gathered, octets.data, octets.len);
        digest->gathered += octets.len;
    }
}

static void take(void *context, struct text octets)
{
    crypt_digest_add(context, octets);
}

struct octet_sink crypt_digest_sink(struct crypt_digest *digest)
{
    return (struct octet_sink){ take, digest };
}

void crypt_digest_copy(struct crypt_digest *to, struct crypt_digest *from)
{
    digest_gathered(from);
    to->gathered = 0;
    if (region_failed(from->region) || !EVP_MD_CTX_copy_ex(to->running, from->running))
        region_fail(to->region);
}

void crypt_digest_value(struct crypt_digest *digest, sha256_value out)
{
    memset(out, 0, SHA256_OCTETS);
    digest_gathered(digest);
    if (!digest->scratch)
        digest->scratch = context_new(digest->region);
    if (region_failed(digest->region))
        return;
    if (!EVP_MD_CTX_copy_ex(digest->scratch, digest->running) ||
        !EVP_DigestFinal_ex(digest->scratch, out, NULL))
        region_fail(digest->region);
}

bool crypt_keyed_hash(struct text key, struct text octets, sha256_value out)
{
    size_t len = 0;

    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.data, key.len,
                     (const unsigned char *)octets.data, octets.len, out, SHA256_OCTETS, &len) &&
           len == SHA256_OCTETS;
}

/* ---- keys */

/* Decodes all of DER by one of the two encodings; NULL when it does not fit. */
static EVP_PKEY *decode_rsa(struct text der)
{
    const unsigned char *start = (const unsigned char *)der.data;
    const unsigned char *at = start;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);

    if (!pkey) {
        at = start;
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
    }
    if (pkey && (at != start + der.len || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return pkey;
}

/* The encodings of the y coordinates of the points whose order divides 8, those
 * that are not reduced included; the sign of x is the top bit. */
static const unsigned char small_order[][ED25519_KEY_OCTETS] = {
    { 0x00 },
    { 0x01 },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
      0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
      0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
      0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
      0x03, 0x7a },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0x7f },
    { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0x7f },
    { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0x7f },
};

static bool has_small_order(const unsigned char point[ED25519_KEY_OCTETS])
{
    const size_t last = ED25519_KEY_OCTETS - 1;

    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        if (memcmp(point, small_order[i], last) == 0 &&
            (point[last] & 0x7f) == small_order[i][last])
            return true;
    return false;
}

static EVP_PKEY *decode_ed25519(struct text octets)
{
    const unsigned char *point = (const unsigned char *)octets.data;

    if (octets.len != ED25519_KEY_OCTETS || has_small_order(point))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, octets.len);
}

/* Takes libcrypto's errors back: whether memory was among them.  It answers as for a
 * bad key or signature then. */
static bool take_errors(void)
{
    bool memory = false;

    for (unsigned long error; (error = ERR_get_error()) != 0;)
        memory |= ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    return memory;
}

/* Whether libcrypto reads what certainly is a key.  It does not when memory ran out
 * while it made itself ready, once and for all, and then takes every key for a bad one. */
static bool libcrypto_reads_keys(void)
{
    static const unsigned char key[] = {
        0x30, 0x5c, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
        0x05, 0x00, 0x03, 0x4b, 0x00, 0x30, 0x48, 0x02, 0x41, 0x00, 0xd0, 0xf3, 0x3f, 0xe6, 0xbb,
        0x19, 0x2c, 0xd1, 0xc3, 0xb4, 0x2e, 0x1b, 0xf6, 0xd4, 0x0d, 0x9f, 0xf9, 0xd7, 0xb5, 0x39,
        0xe0, 0x6b, 0x44, 0xf5, 0x23, 0xf8, 0xd6, 0x2e, 0x87, 0x97, 0xf5, 0x29, 0x1b, 0x50, 0x40,
        0xe2, 0x46, 0x02, 0xc9, 0xda, 0xf9, 0x2e, 0xa5, 0x2b, 0x7a, 0x4d, 0xf4, 0xe0, 0xd1, 0xca,
        0x36, 0x53, 0x6c, 0xd9, 0x91, 0x5c, 0x58, 0x0a, 0x10, 0x49, 0x6c, 0x9f, 0x35, 0x87, 0x02,
        0x03, 0x01, 0x00, 0x01
    };
    EVP_PKEY *pkey = decode_rsa((struct text){ (const char *)key, sizeof key });
    bool read = pkey != NULL;

    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return read;
}

static EVP_PKEY *decode_once(enum key_type type, struct text octets)
{
    switch (type) {
    case KEY_RSA:
        return decode_rsa(octets);
    case KEY_ED25519:
        return decode_ed25519(octets);
    }
    return NULL;
}

static EVP_PKEY *decode(struct region *region, enum key_type type, struct text octets)
{
    EVP_PKEY *pkey = octets.len > 0 ? decode_once(type, octets) : NULL;

    if (pkey || octets.len == 0)
        return pkey;
    if (take_errors() || !libcrypto_reads_keys())
        region_fail(region);
    else /* it lacks memory without a word, too: is the key still a bad one? */
        pkey = decode_once(type, octets);
    ERR_clear_error();
    return pkey;
}

/* The length of a number of PKEY; false: libcrypto had no memory to tell.  (Of itself
 * EVP_PKEY_get_bits() would make it 0: a key too short.) */
static bool number_bits(const EVP_PKEY *pkey, const char *name, unsigned *bits)
{
    BIGNUM *number = NULL;
    bool known = EVP_PKEY_get_bn_param(pkey, name, &number) == 1;

    *bits = known ? (unsigned)BN_num_bits(number) : 0;
    BN_free(number);
    return known;
}

static bool measure(struct crypt_key *key)
{
    if (key->type == KEY_RSA)
        return number_bits(key->handle, OSSL_PKEY_PARAM_RSA_N, &key->bits) &&
               number_bits(key->handle, OSSL_PKEY_PARAM_RSA_E, &key->exponent_bits);
    key->bits = ED25519_KEY_BITS;
    return true;
}

struct crypt_key *crypt_key_new(struct region *region, enum key_type type, struct text octets)
{
    EVP_PKEY *pkey = decode(region, type, octets);
    struct crypt_key *key = pkey ? malloc(sizeof *key + octets.len) : NULL;
    char *copy;

    if (!pkey)
        return NULL;
    if (!key) {
        region_fail(region);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    copy = (char *)(key + 1);
    memcpy(copy, octets.data, octets.len);
    *key = (struct crypt_key){
        .type = type,
        .octets = { copy, octets.len },
        .handle = pkey,
        .references = 1,
    };
    if (!measure(key)) {
        region_fail(region);
        crypt_key_unref(key);
        key = NULL;
    }
    ERR_clear_error();
    return key;
}

struct crypt_key *crypt_key_ref(struct crypt_key *key)
{
    key->references++;
    return key;
}

void crypt_key_unref(struct crypt_key *key)
{
    if (!key || --key->references > 0)
        return;
    EVP_PKEY_CTX_free(key->spare);
    EVP_PKEY_free(key->handle);
    free(key);
}

static bool publish_rsa(struct region *region, const EVP_PKEY *pkey, struct text *out)
{
    unsigned char *at, *spki;
    int len = i2d_PUBKEY(pkey, NULL);

    spki = at = len > 0 ? region_alloc(region, (size_t)len) : NULL;
    if (!spki || i2d_PUBKEY(pkey, &at) != len) {
        region_fail(region);
        return false;
    }
    *out = (struct text){ (const char *)spki, (size_t)len };
    return true;
}

static bool publish_ed25519(struct region *region, const EVP_PKEY *pkey, struct text *out)
{
    unsigned char *point = region_alloc(region, ED25519_KEY_OCTETS);
    size_t len = ED25519_KEY_OCTETS;

    if (!point || !EVP_PKEY_get_raw_public_key(pkey, point, &len)) {
        region_fail(region);
        return false;
    }
    *out = (struct text){ (const char *)point, len };
    return true;
}

bool crypt_publish(struct region *region, enum key_type type, const EVP_PKEY *pkey,
                   struct text *out)
{
    bool done = type == KEY_RSA ? publish_rsa(region, pkey, out)
                                : publish_ed25519(region, pkey, out);

    ERR_clear_error();
    return done;
}

bool crypt_key_publish(struct region *region, const struct crypt_key *key, struct text *out)
{
    return crypt_publish(region, key->type, key->handle, out);
}

/* ---- signatures: 1 good, 0 or less bad, MEMORY for a failure of libcrypto */

enum { MEMORY = -100 };

static EVP_PKEY_CTX *rsa_verifier_new(const struct crypt_key *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->handle, NULL);

    if (context && EVP_PKEY_verify_init(context) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
        EVP_PKEY_CTX_set_signature_md(context, crypt_sha256()) > 0)
        return context;
    EVP_PKEY_CTX_free(context);
    return NULL;
}

/* To set up a context costs as much as half a verification: one stays with its key,
 * for the next that comes while nobody else has it. */
static int verify_rsa(struct crypt_key *key, const sha256_value digest, struct text signature)
{
    EVP_PKEY_CTX *context = atomic_exchange(&key->spare, NULL);
    int outcome = MEMORY;

    if (!context)
        context = rsa_verifier_new(key);
    if (context)
        outcome = EVP_PKEY_verify(context, (const unsigned char *)signature.data, signature.len,
                                  digest, SHA256_OCTETS);
    EVP_PKEY_CTX_free(atomic_exchange(&key->spare, context));
    return outcome;
}

static int verify_ed25519(const struct crypt_key *key, const sha256_value digest,
                          struct text signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int outcome = MEMORY;

    if (context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->handle) > 0)
        outcome = EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.len,
                                   digest, SHA256_OCTETS);
    EVP_MD_CTX_free(context);
    return outcome;
}

bool crypt_verify(struct region *region, struct crypt_key *key, const sha256_value digest,
                  struct text signature)
{
    int outcome = MEMORY;

    switch (key->type) {
    case KEY_RSA:
        outcome = verify_rsa(key, digest, signature);
        break;
    case KEY_ED25519:
        outcome = verify_ed25519(key, digest, signature);
        if (outcome == 0) /* so it says without memory, too: is it still a bad one? */
            outcome = verify_ed25519(key, digest, signature);
        break;
    }
    if (take_errors() && outcome != 1)
        outcome = MEMORY;
    if (outcome == MEMORY)
        region_fail(region);
    return outcome == 1;
}
