/* Unit tests of auth/crypt_signer.c: which files hold a key, and that what it
 * signs is what verifiers want.  The files are the fuzzer's seeds. */
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
#include "../../lib/load_file.h"
#include "../../lib/region_fixture.h"
#include "../../lib/rfc_keys.h"

/* The public halves (RFC 8463 §A.2). */
#define RFC_RSA_PUBLIC \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd" \
    "OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4h" \
    "stT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
#define RFC_ED25519_PUBLIC "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* ---- reading */

static const char damaged[] = "is damaged";
static const char unknown_type[] = "is of a type that DKIM does not know";
static const char public[] = "is a public key";
static const char bad_exponent[] = "is an RSA key with an exponent that verifiers refuse";

static const struct {
    const char *file;
    const char *why; /* NULL: it is a key, of … */
    unsigned bits;
} files[] = {
    { "rsa1024.pem", NULL, 1024 },
    { "rsa1024-pkcs1.pem", NULL, 1024 },
    { "ed25519.pem", NULL, 256 },
    { "crlf.pem", NULL, 1024 },
    { "beside-its-public-key.pem", NULL, 1024 },
    { "two-keys.pem", "holds more than one private key", 0 },
    { "rsa768.pem", "is an RSA key of less than 1024 bits", 0 },
    { "rsa16384.pem", "is an RSA key of more than 8192 bits", 0 },
    { "rsa-exponent-1.pem", bad_exponent, 0 },
    { "rsa-exponent-long.pem", bad_exponent, 0 },
    { "encrypted-pkcs8.pem", "is encrypted", 0 },
    { "encrypted-pkcs1.pem", "is encrypted", 0 },
    { "openssh.pem", "is in the format of OpenSSH", 0 },
    { "public.pem", public, 0 },
    { "public-pkcs1.pem", public, 0 },
    { "certificate.pem", "holds no private key", 0 },
    { "ec-sec1.pem", unknown_type, 0 },
    { "ec-pkcs8.pem", unknown_type, 0 },
    { "ed448.pem", unknown_type, 0 },
    { "x25519.pem", unknown_type, 0 },
    { "rsa-pss.pem", unknown_type, 0 },
    { "empty", "is empty", 0 },
    { "bare-seed", "is not in PEM form", 0 },
    { "der", "is not in PEM form", 0 },
    { "long-label.pem", "is not in PEM form", 0 },
    { "cut.pem", damaged, 0 },
    { "not-base64.pem", damaged, 0 },
    { "der-and-more.pem", damaged, 0 },
    { "ed25519-short.pem", damaged, 0 },
    { "ed25519-and-more.pem", damaged, 0 },
    { "rsa-nested.pem", damaged, 0 },
    { "rsa-version-1.pem", damaged, 0 },
    { "rsa-three-primes.pem", damaged, 0 },
    { "rsa-seven-numbers.pem", damaged, 0 },
    { "rsa-negative.pem", damaged, 0 },
    /* whole, but of numbers that do not belong together */
    { "rsa-wrong-everything.pem", damaged, 0 },
    { "rsa-wrong-modulus.pem", damaged, 0 },
    { "rsa-even-modulus.pem", damaged, 0 },
    { "rsa-zero-primes.pem", damaged, 0 },
};

static void check_file(size_t i)
{
    const char *top = getenv("top_srcdir");
    char path[4096];
    const char *why = "none told";
    struct crypt_signer *signer;
    struct text pem;

    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/crypt_signer/%s", top ? top : ".",
             files[i].file);
    pem = load_file(path);
    signer = crypt_signer_new(pem, &why);
    free((char *)pem.data);
    if (!files[i].why != !why || (why && strcmp(why, files[i].why) != 0))
        fail_msg("%s: %s", files[i].file, why ? why : "is a key");
    assert_true(!signer == !!why);
    if (signer)
        assert_int_equal(crypt_signer_bits(signer), files[i].bits);
    crypt_signer_unref(signer);
}

static void tells_keys_from_other_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        check_file(i);
}

static void refuses_long_files(void **state)
{
    size_t len = 1 << 20;
    char *octets = malloc(len);
    const char *why;

    (void)state;
    memset(octets, '-', len);
    assert_null(crypt_signer_new((struct text){ octets, len }, &why));
    assert_string_equal(why, "is too long for a key");
    free(octets);
}

/* ---- signing */

static struct crypt_signer *signer_of(const char *pem)
{
    const char *why = NULL;
    struct crypt_signer *signer = crypt_signer_new(text_of(pem), &why);

    if (!signer)
        fail_msg("%s", why);
    return signer;
}

static void digest_of(const char *text, sha256_value out)
{
    struct crypt_digest *digest = crypt_digest_new(region);

    assert_non_null(digest);
    crypt_digest_add(digest, text_of(text));
    crypt_digest_value(digest, out);
}

/* By SIGNER's own public half, as it would stand in DNS. */
static bool verifies(const struct crypt_signer *signer, const sha256_value digest,
                     struct text signature)
{
    struct crypt_key *key;
    struct text published;
    bool good;

    assert_true(crypt_signer_publish(region, signer, &published));
    key = crypt_key_new(region, crypt_signer_type(signer), published);
    assert_non_null(key);
    assert_int_equal(key->bits, crypt_signer_bits(signer));
    good = crypt_verify(region, key, digest, signature);
    crypt_key_unref(key);
    return good;
}

static void check_signer(const struct crypt_signer *signer)
{
    struct text signature;
    sha256_value digest, other;

    digest_of("abc", digest);
    digest_of("abd", other);
    assert_true(crypt_sign(region, signer, digest, &signature));
    assert_true(verifies(signer, digest, signature));
    assert_false(verifies(signer, other, signature));
}

static void check_published(const char *pem, const char *public_half)
{
    struct crypt_signer *signer = signer_of(pem);
    struct text published;

    assert_true(crypt_signer_publish(region, signer, &published));
    assert_true(text_equal(base64_encode(region, published), text_of(public_half)));
    check_signer(signer);
    crypt_signer_unref(signer);
}

static void publishes_what_the_rfc_does(void **state)
{
    (void)state;
    check_published(RFC_RSA_PEM, RFC_RSA_PUBLIC);
    check_published(RFC_ED25519_PEM, RFC_ED25519_PUBLIC);
}

static void generates_and_writes(void **state)
{
    static const struct { enum key_type type; unsigned bits; } kinds[] = {
        { KEY_RSA, 2048 }, { KEY_ED25519, 256 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct crypt_signer *made = crypt_signer_generate(kinds[i].type, kinds[i].bits);
        struct crypt_signer *read;
        struct text a, b;
        char *pem;

        assert_non_null(made);
        assert_int_equal(crypt_signer_type(made), kinds[i].type);
        assert_int_equal(crypt_signer_bits(made), kinds[i].bits);
        check_signer(made);
        pem = crypt_signer_pem(made);
        assert_true(text_starts_nocase(text_of(pem), TEXT("-----BEGIN PRIVATE KEY-----\n")));
        read = signer_of(pem);
        crypt_wipe_free(pem, strlen(pem));
        assert_true(crypt_signer_publish(region, made, &a));
        assert_true(crypt_signer_publish(region, read, &b));
        assert_true(text_equal(a, b));
        crypt_signer_unref(made);
        crypt_signer_unref(read);
    }
}

static void a_signer_lives_as_long_as_its_references(void **state)
{
    struct crypt_signer *signer = signer_of(RFC_ED25519_PEM);

    (void)state;
    crypt_signer_unref(crypt_signer_ref(signer));
    check_signer(signer);
    crypt_signer_unref(signer);
    crypt_signer_unref(NULL);
    crypt_wipe_free(NULL, 0);
}

/* ---- threads */

static void *sign_often(void *arg)
{
    struct crypt_signer *signer = arg;
    struct region *own = region_new(0);
    sha256_value digest = { 0 };
    struct crypt_key *key;
    struct text published, signature;
    size_t good = 0;

    crypt_signer_publish(own, signer, &published);
    key = crypt_key_new(own, crypt_signer_type(signer), published);
    for (unsigned char i = 0; i < 50; i++) {
        struct crypt_signer *held = crypt_signer_ref(signer);

        digest[0] = i;
        good += crypt_sign(own, held, digest, &signature) &&
                crypt_verify(own, key, digest, signature);
        crypt_signer_unref(held);
    }
    crypt_key_unref(key);
    region_free(own);
    return good == 50 ? NULL : "failed";
}

static void threads_share_a_signer(void **state)
{
    const char *const pems[] = { RFC_RSA_PEM, RFC_ED25519_PEM };
    pthread_t threads[4];
    void *failure;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct crypt_signer *signer = signer_of(pems[k]);

        for (size_t i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, sign_often, signer), 0);
        for (size_t i = 0; i < 4; i++) {
            pthread_join(threads[i], &failure);
            assert_null(failure);
        }
        crypt_signer_unref(signer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_keys_from_other_files),
        cmocka_unit_test(refuses_long_files),
        cmocka_unit_test(publishes_what_the_rfc_does),
        cmocka_unit_test(generates_and_writes),
        cmocka_unit_test(a_signer_lives_as_long_as_its_references),
        cmocka_unit_test(threads_share_a_signer),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
