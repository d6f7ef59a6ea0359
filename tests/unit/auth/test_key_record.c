/* Unit tests of auth/key_record.c and of what auth/crypt.c reads for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/key_record.h"
#include "dns/answer.h"
#include "../../lib/region_fixture.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

#define RSA_1024 \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTOGL5GP6ggp+hxJ8mqABP+IstXtlM3glI8nvNDvvK" \
    "V9NbW+4cBHm7OJoYgNcqh1DbJtnIAK9Zzptl3iYNeKVgT5pc48d6cFWoqnRmR+fm6gKZO3tbbi61ORu4" \
    "8cCND3PybrXnlYf36YnE1YgbNLR5BaLOdcFBXOgPnmdR/HFZrwIDAQAB"
/* The same key as bare RSAPublicKey. */
#define RSA_1024_BARE \
    "MIGJAoGBANM4YvkY/qCCn6HEnyaoAE/4iy1e2UzeCUjye80O+8pX01tb7hwEebs4mhiA1yqHUNsm2cgA" \
    "r1nOm2XeJg14pWBPmlzjx3pwVaiqdGZH5+bqApk7e1tuLrU5G7jxwI0Pc/JuteeVh/fpicTViBs0tHkF" \
    "os51wUFc6A+eZ1H8cVmvAgMBAAE="
#define RSA_768 \
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALTwRDElvDhEnFvHm02no4aJRTolc1MpJ2SyYUOwyBuMg/sK" \
    "o/J/bJBQAS9pgIp1hUpTEuzGrMNAp5mrtRGqz+cv4jTa42auTUonM50BH56uOPhI1keJOvHEQ78Q3ioH" \
    "tQIDAQAB"
/* RSA_1024 with 1 as its exponent. */
#define RSA_EXPONENT_1 \
    "MIGHAoGBANM4YvkY/qCCn6HEnyaoAE/4iy1e2UzeCUjye80O+8pX01tb7hwEebs4mhiA1yqHUNsm2cgA" \
    "r1nOm2XeJg14pWBPmlzjx3pwVaiqdGZH5+bqApk7e1tuLrU5G7jxwI0Pc/JuteeVh/fpicTViBs0tHkF" \
    "os51wUFc6A+eZ1H8cVmvAgEB"
#define ED25519 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static const struct {
    struct text record;
    const char *reason; /* NULL: accepted */
} records[] = {
    { OF("v=DKIM1; k=rsa; p=" RSA_1024), NULL },
    { OF("p=" RSA_1024), NULL },
    { OF("p=" RSA_1024_BARE), NULL },
    { OF(" v = DKIM1 ;p=" RSA_1024 " ; "), NULL },
    { OF("v=DKIM1; k=ed25519; p=" ED25519), NULL },
    { OF("v=DKIM1; k=ed25519; p=11qYAYKx CrfVS/7TyWQHOg7hcvPa\tpiMlrwIaaPcHURo="), NULL },
    { OF("v=DKIM1; n=gr\xc3\xbc" "n; g=*; unknown=x; p=" RSA_1024), NULL },
    { OF("v=DKIM1; h=sha256 : sha1; s=other : email; t=y:s:x; p=" RSA_1024), NULL },
    { OF("v=DKIM1; s=*; p=" RSA_1024), NULL },
    { OF("v=DKIM2; p=" RSA_1024), "key record: unknown version" },
    { OF("v=dkim1; p=" RSA_1024), "key record: unknown version" },
    { OF("k=rsa; v=DKIM1; p=" RSA_1024), "key record: v= is not first" },
    { OF("v=DKIM1; k=dsa; p=" RSA_1024), "key record: unknown key type" },
    { OF("v=DKIM1; k=; p=" RSA_1024), "key record: unknown key type" },
    { OF("v=DKIM1; s=tlsrpt; p=" RSA_1024), "key is not for email" },
    { OF("v=DKIM1; s=; p=" RSA_1024), "key is not for email" },
    { OF("v=DKIM1; s=emails; p=" RSA_1024), "key is not for email" },
    { OF("v=DKIM1; p="), "key revoked" },
    { OF("v=DKIM1; p= ;"), "key revoked" },
    { OF("v=DKIM1; k=rsa"), "key record: no key (p=)" },
    { OF("v=DKIM1; P=" RSA_1024), "key record: no key (p=)" },
    { OF("v=DKIM1; p=" RSA_1024 "; p=" RSA_1024), "key record: syntax error" },
    { OF("v=DKIM1; p=" RSA_1024 ";; n=x"), "key record: syntax error" },
    { OF("v=DKIM1; n=\001; p=" RSA_1024), "key record: syntax error" },
    { OF("v=DKIM1; n=\0; p=" RSA_1024), "key record: syntax error" },
    { OF("hello"), "key record: syntax error" },
    { OF(""), "key record: syntax error" },
    { OF("v=DKIM1; p=*"), "key record: invalid base64 (p=)" },
    { OF("v=DKIM1; p=aGVsbG8="), "key record: not an RSA key" },
    { OF("v=DKIM1; p=AAAA" RSA_1024), "key record: not an RSA key" },
    { OF("v=DKIM1; k=rsa; p=" ED25519), "key record: not an RSA key" },
    { OF("v=DKIM1; k=rsa; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
      "key record: not an RSA key" },
    { OF("v=DKIM1; p=" RSA_768), "RSA key too short" },
    { OF("v=DKIM1; p=" RSA_EXPONENT_1), "RSA exponent too small" },
    { OF("v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
      "key record: not an Ed25519 key" }, /* of small order */
    { OF("v=DKIM1; k=ed25519; p=" RSA_1024), "key record: not an Ed25519 key" },
    { OF("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ=="),
      "key record: not an Ed25519 key" },
};

static void accepts_and_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct key_record record;
        const char *reason = key_record_parse(region, records[i].record, &record);

        if ((reason == NULL) != (records[i].reason == NULL) ||
            (reason && strcmp(reason, records[i].reason) != 0))
            fail_msg("%.*s: %s", TEXT_ARGS(records[i].record), reason ? reason : "accepted");
    }
}

static void reads_every_tag(void **state)
{
    struct key_record record;

    (void)state;
    assert_null(key_record_parse(region, TEXT("v=DKIM1; h=sha1; t=y; p=" RSA_1024), &record));
    assert_int_equal(record.type, KEY_RSA);
    assert_int_equal(record.bits, 1024);
    assert_true(record.testing && record.sha1);
    assert_false(record.same_domain || record.sha256);

    assert_null(key_record_parse(region, TEXT("k=ed25519; t=s; p=" ED25519), &record));
    assert_int_equal(record.type, KEY_ED25519);
    assert_int_equal(record.bits, 256);
    assert_int_equal(record.key->octets.len, 32);
    assert_true(record.same_domain && record.sha1 && record.sha256);
    assert_false(record.testing);
}

/* Both encodings of one key are published as the same octets. */
static void bare_key_is_wrapped(void **state)
{
    struct key_record spki, bare;
    struct text published, published_bare;

    (void)state;
    assert_null(key_record_parse(region, TEXT("p=" RSA_1024), &spki));
    assert_null(key_record_parse(region, TEXT("p=" RSA_1024_BARE), &bare));
    assert_true(crypt_key_publish(region, spki.key, &published));
    assert_true(crypt_key_publish(region, bare.key, &published_bare));
    assert_true(text_equal(published, spki.key->octets));
    assert_true(text_equal(published, published_bare));
}

static void shortness_is_measured(void **state)
{
    struct key_record record;

    (void)state;
    assert_non_null(key_record_parse(region, TEXT("p=" RSA_768), &record));
    assert_int_equal(record.bits, 768);
}

static void refuses_signatures(void **state)
{
    const struct signature rsa = { .algorithm = SIGN_RSA_SHA256,
                                   .domain = "example.org",
                                   .identity_domain = "example.org" };
    struct signature sub = rsa, sha1 = rsa, ed25519 = rsa;
    struct key_record key = { .type = KEY_RSA, .sha1 = true, .sha256 = true };

    (void)state;
    strcpy(sub.identity_domain, "mail.example.org");
    sha1.algorithm = SIGN_RSA_SHA1;
    ed25519.algorithm = SIGN_ED25519_SHA256;

    assert_null(key_record_refuses(&key, &rsa));
    assert_null(key_record_refuses(&key, &sub));
    assert_null(key_record_refuses(&key, &sha1));
    assert_non_null(key_record_refuses(&key, &ed25519));
    key.same_domain = true;
    assert_null(key_record_refuses(&key, &rsa));
    assert_non_null(key_record_refuses(&key, &sub));
    key.sha256 = false;
    assert_non_null(key_record_refuses(&key, &rsa));
    assert_null(key_record_refuses(&key, &sha1));
    key = (struct key_record){ .type = KEY_ED25519, .sha256 = true };
    assert_null(key_record_refuses(&key, &ed25519));
    assert_non_null(key_record_refuses(&key, &rsa));
    assert_non_null(key_record_refuses(&key, &sha1));
}

/* The records of an answer, and what may be done with them. */
static const struct {
    const char *records[8];
    size_t usable;
    unsigned bits;
    const char *refusal;
} answers[] = {
    { { NULL }, 0, 0, "no key" },
    { { "p=" RSA_1024 }, 1, 1024, NULL },
    { { "p=" }, 0, 0, "key revoked" },
    { { "p=" RSA_768, "p=" }, 0, 768, "RSA key too short" },
    { { "p=", "p=" RSA_1024 }, 1, 1024, NULL },
    { { "hello", "k=ed25519; p=" ED25519, "p=" RSA_1024 }, 1, 1024, NULL },
    { { "p=" RSA_1024, "p=" RSA_1024_BARE }, 2, 1024, NULL },
    { { "p=", "p=", "p=", "p=", "p=" RSA_1024 }, 1, 1024, NULL },
    { { "p=", "p=", "p=", "p=", "p=", "p=" RSA_1024 }, 0, 0, "key revoked" },
};

static void several_records(void **state)
{
    const struct signature rsa = { .algorithm = SIGN_RSA_SHA256 };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct dns_record published[8];
        struct dns_answer answer = { .status = DNS_OK, .type = DNS_TXT, .records = published };
        struct key_choice choice;

        for (; answers[i].records[answer.count]; answer.count++)
            published[answer.count].data = text_of(answers[i].records[answer.count]);
        key_choose(region, &answer, &rsa, &choice);
        if (choice.count != answers[i].usable || choice.bits != answers[i].bits)
            fail_msg("%zu: %zu usable, %u bits", i, choice.count, choice.bits);
        if (answers[i].refusal)
            assert_string_equal(choice.refusal, answers[i].refusal);
        else
            assert_null(choice.refusal);
        key_choice_drop_short(&choice, 2048);
        assert_int_equal(choice.count, 0);
    }
}

static void no_records(void **state)
{
    const struct signature rsa = { .algorithm = SIGN_RSA_SHA256 };
    const struct dns_answer answer = { .status = DNS_NXDOMAIN };
    struct key_choice choice;

    (void)state;
    key_choose(region, &answer, &rsa, &choice);
    assert_int_equal(choice.count, 0);
    assert_string_equal(choice.refusal, "no key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_and_refuses), cmocka_unit_test(reads_every_tag),
        cmocka_unit_test(bare_key_is_wrapped), cmocka_unit_test(shortness_is_measured),
        cmocka_unit_test(refuses_signatures), cmocka_unit_test(several_records),
        cmocka_unit_test(no_records),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
