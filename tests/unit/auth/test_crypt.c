/* Unit tests of auth/crypt.c and auth/key_cache.c.  The signatures are of the
 * digest of "abc", made by another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base64.h"
#include "auth/crypt.h"
#include "auth/key_cache.h"
#include "../../lib/region_fixture.h"

#define RSA_KEY \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTOGL5GP6ggp+hxJ8mqABP+IstXtlM3glI8nvNDvvK" \
    "V9NbW+4cBHm7OJoYgNcqh1DbJtnIAK9Zzptl3iYNeKVgT5pc48d6cFWoqnRmR+fm6gKZO3tbbi61ORu4" \
    "8cCND3PybrXnlYf36YnE1YgbNLR5BaLOdcFBXOgPnmdR/HFZrwIDAQAB"
#define RSA_SIGNATURE \
    "UrlvCCJYtFJibqN4NI1ZoKKtcn5MWIlF1HGnHIba9pIq+Lyxuralswy7K8Z4y3+S/NrCBnjmG69Hztz1" \
    "SxusOSx95w1buFgQH7Wy/H02ROK3yH3bo1ZrujQSi59Lhiso8K4JaYGWmHEiJz7QCyH6+qe/6oarXmG/" \
    "zJA6GHUoS8A="
/* By the same key: PSS padding, and another hash. */
#define RSA_PSS_SIGNATURE \
    "PUZwCfF2/LNQQRRblMOF4AutfVWumI4K3CB/I6M3lzHPfIYAjiFfDt1J09cwT9AHZYBWT2nJ9OACjXKI" \
    "JN+IlC3HkktdBToe8uK2B9//UMPFFfTBGE1p8yUdn84N+SqQ76k+CYywjTHCp0xaxhrAcclIkN+pWSYQ" \
    "zh5Lo/oPO7U="
#define RSA_SHA512_SIGNATURE \
    "iCcfyURpekt4kP+MVLQjrzWf0aXrxRZ65iSDJc4/8+mBrXaAlSr4DwKpnuplS8kQTc9V6aJwliINFpTs" \
    "m3fLX4z5toJmlJy63RZJ3rOb5MNEnaqzDlizzTPuPMWUYEqAwpuoIsIpmZyQf0pcTl9fy58yJM/QnWFC" \
    "Yy4pJxIVpDc="
#define ED25519_KEY "jm5aHM3yFblv2Brcm5ukDZUqVm5o7tbzg3va4FFVSwQ="
#define ED25519_SIGNATURE \
    "zhnsSQYdBwu+pSpy+/0/BWUu9jtb4yaXl/xde0LMn08IKlJY1c67kPDBQO7pIFBt69J+Tiuznh2N4JRZ" \
    "NznRBg=="

static struct text octets_of(const char *base64)
{
    struct text out;

    assert_true(base64_decode(region, text_of(base64), &out));
    return out;
}

/* ---- SHA-256 */

static void check_value(const char *hex, const sha256_value value)
{
    char got[2 * SHA256_OCTETS + 1];

    for (size_t i = 0; i < SHA256_OCTETS; i++)
        snprintf(got + 2 * i, 3, "%02x", value[i]);
    assert_string_equal(got, hex);
}

/* FIPS 180-4 examples; a value in between does not disturb. */
static void digests(void **state)
{
    struct crypt_digest *digest = crypt_digest_new(region);
    sha256_value value;

    (void)state;
    assert_non_null(digest);
    crypt_digest_value(digest, value);
    check_value("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", value);
    crypt_digest_add(digest, TEXT("a"));
    crypt_digest_add(digest, TEXT(""));
    crypt_digest_add(digest, TEXT("bc"));
    crypt_digest_value(digest, value);
    check_value("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", value);
    crypt_digest_add(digest, TEXT("dbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    crypt_digest_value(digest, value);
    check_value("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", value);
}

/* A million times "a", in pieces of every length. */
static void digests_in_pieces(void **state)
{
    enum { TOTAL = 1000000, PIECE_MAX = 1500 };
    struct crypt_digest *digest = crypt_digest_new(region);
    struct octet_sink sink;
    char piece[PIECE_MAX];
    sha256_value value;
    size_t left = TOTAL;

    (void)state;
    assert_non_null(digest);
    sink = crypt_digest_sink(digest);
    memset(piece, 'a', sizeof piece);
    for (size_t i = 0; left > 0; i++) {
        size_t len = i % (PIECE_MAX + 1) < left ? i % (PIECE_MAX + 1) : left;

        sink.take(sink.context, (struct text){ piece, len });
        left -= len;
    }
    crypt_digest_value(digest, value);
    check_value("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", value);
}

/* ---- signatures */

static void digest_of(const char *text, sha256_value out)
{
    struct crypt_digest *digest = crypt_digest_new(region);

    assert_non_null(digest);
    crypt_digest_add(digest, text_of(text));
    crypt_digest_value(digest, out);
}

static bool verifies(enum key_type type, const char *key_text, const char *signed_text,
                     struct text signature)
{
    struct crypt_key *key = crypt_key_new(region, type, octets_of(key_text));
    sha256_value digest;
    bool ok;

    assert_non_null(key);
    digest_of(signed_text, digest);
    ok = crypt_verify(region, key, digest, signature);
    crypt_key_unref(key);
    return ok;
}

/* Good, bad in each single octet, cut and grown. */
static void check_signature(enum key_type type, const char *key, const char *base64)
{
    struct text good = octets_of(base64);
    char *octets = region_alloc(region, good.len + 1);

    memcpy(octets, good.data, good.len);
    assert_true(verifies(type, key, "abc", good));
    assert_false(verifies(type, key, "abd", good));
    for (size_t i = 0; i < good.len; i += 7) {
        octets[i] ^= 1;
        assert_false(verifies(type, key, "abc", (struct text){ octets, good.len }));
        octets[i] ^= 1;
    }
    assert_true(verifies(type, key, "abc", (struct text){ octets, good.len }));
    assert_false(verifies(type, key, "abc", (struct text){ octets, good.len + 1 }));
    assert_false(verifies(type, key, "abc", (struct text){ octets, good.len - 1 }));
    assert_false(verifies(type, key, "abc", (struct text){ octets, 1 }));
}

static void signatures(void **state)
{
    (void)state;
    check_signature(KEY_RSA, RSA_KEY, RSA_SIGNATURE);
    check_signature(KEY_ED25519, ED25519_KEY, ED25519_SIGNATURE);
    assert_false(verifies(KEY_RSA, RSA_KEY, "abc", octets_of(RSA_PSS_SIGNATURE)));
    assert_false(verifies(KEY_RSA, RSA_KEY, "abc", octets_of(RSA_SHA512_SIGNATURE)));
    assert_false(verifies(KEY_RSA, RSA_KEY, "abc", octets_of(ED25519_SIGNATURE)));
    assert_false(verifies(KEY_ED25519, ED25519_KEY, "abc", octets_of(RSA_SIGNATURE)));
}

/* ---- keys */

/* Little-endian, as RFC 8032 encodes: 0, 1, p-1, p, p+1 and the two of order 8. */
static const char *const small_order[] = {
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "7P///////////////////////////////////////38=",
    "7f///////////////////////////////////////38=",
    "7v///////////////////////////////////////38=",
    "JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU=",
    "xxdqcD1N2E+6PAt2DRBnDyogU/osOczGTsf9d5KsA3o=",
};

static void points_of_small_order_are_no_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        struct text point = octets_of(small_order[i]);
        char *octets = region_alloc(region, point.len);

        assert_null(crypt_key_new(region, KEY_ED25519, point));
        memcpy(octets, point.data, point.len);
        octets[point.len - 1] = (char)(octets[point.len - 1] | '\x80');
        assert_null(crypt_key_new(region, KEY_ED25519, (struct text){ octets, point.len }));
    }
}

static void keys_of_other_types(void **state)
{
    struct text rsa = octets_of(RSA_KEY), ed25519 = octets_of(ED25519_KEY);

    (void)state;
    assert_null(crypt_key_new(region, KEY_ED25519, rsa));
    assert_null(crypt_key_new(region, KEY_RSA, ed25519));
    assert_null(crypt_key_new(region, KEY_ED25519, text_head(ed25519, 31)));
    assert_null(crypt_key_new(region, KEY_RSA, text_head(rsa, rsa.len - 1)));
    assert_null(crypt_key_new(region, KEY_RSA, (struct text){ NULL, 0 }));
    assert_null(crypt_key_new(region, KEY_ED25519, (struct text){ NULL, 0 }));
}

/* ---- the cache */

static void the_cache_shares_keys(void **state)
{
    struct crypt_key *a = key_cache_get(region, KEY_RSA, octets_of(RSA_KEY));
    struct crypt_key *b = key_cache_get(region, KEY_RSA, octets_of(RSA_KEY));
    struct crypt_key *other = key_cache_get(region, KEY_ED25519, octets_of(ED25519_KEY));

    (void)state;
    assert_non_null(a);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, other);
    assert_int_equal(a->bits, 1024);
    assert_int_equal(other->bits, 256);
    assert_null(key_cache_get(region, KEY_RSA, TEXT("no key")));
    assert_null(key_cache_get(region, KEY_RSA, octets_of(ED25519_KEY)));
    crypt_key_unref(a);
    crypt_key_unref(b);
    crypt_key_unref(other);
}

/* Keys far beyond its bound; one that is held stays whole. */
static void the_cache_is_bounded(void **state)
{
    struct crypt_key *held = key_cache_get(region, KEY_RSA, octets_of(RSA_KEY));
    struct crypt_key *again;
    char octets[ED25519_KEY_OCTETS] = { 2 };

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        memcpy(octets + 8, &i, sizeof i);
        crypt_key_unref(key_cache_get(region, KEY_ED25519, (struct text){ octets, sizeof octets }));
    }
    assert_int_equal(held->bits, 1024);
    again = key_cache_get(region, KEY_RSA, octets_of(RSA_KEY));
    assert_ptr_not_equal(again, held);
    assert_true(text_equal(again->octets, held->octets));
    crypt_key_unref(held);
    crypt_key_unref(again);
}

static void *use_cache(void *arg)
{
    struct region *own = region_new(0);
    struct text key, signature;
    struct crypt_digest *digest = crypt_digest_new(own);
    sha256_value value;
    size_t good = 0;

    (void)arg;
    crypt_digest_add(digest, TEXT("abc"));
    crypt_digest_value(digest, value);
    base64_decode(own, text_of(RSA_KEY), &key);
    base64_decode(own, text_of(RSA_SIGNATURE), &signature);
    for (unsigned i = 0; i < 200; i++) {
        struct crypt_key *shared = key_cache_get(own, KEY_RSA, key);
        char octets[ED25519_KEY_OCTETS] = { 3 };

        good += crypt_verify(own, shared, value, signature);
        crypt_key_unref(shared);
        memcpy(octets + 8, &i, sizeof i);
        crypt_key_unref(key_cache_get(own, KEY_ED25519, (struct text){ octets, sizeof octets }));
    }
    region_free(own);
    return good == 200 ? NULL : "failed";
}

static void threads_share_the_cache(void **state)
{
    pthread_t threads[4];
    void *failure;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(digests_in_pieces),
        cmocka_unit_test(signatures),
        cmocka_unit_test(points_of_small_order_are_no_keys),
        cmocka_unit_test(keys_of_other_types),
        cmocka_unit_test(the_cache_shares_keys),
        cmocka_unit_test(the_cache_is_bounded),
        cmocka_unit_test(threads_share_the_cache),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
