/* Unit tests of auth/body_digest.c: what a set of digests gives is what each of
 * them gives alone over the canonical body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "auth/body_digest.h"
#include "../../lib/region_fixture.h"

static const struct text body = TEXT("Hello,\r\n\r\nthis  is \t text. \r\n.\r\nBye\r\n\r\n\r\n");
static const struct text simple = TEXT("Hello,\r\n\r\nthis  is \t text. \r\n.\r\nBye\r\n");
static const struct text relaxed = TEXT("Hello,\r\n\r\nthis is text.\r\n.\r\nBye\r\n");

static void feed(struct body_digests *digests, struct text data, size_t step)
{
    for (size_t at = 0; at < data.len; at += step)
        body_digests_add(digests, text_head(text_tail(data, at), step));
    body_digests_end(digests);
}

/* D is the digest of the first LENGTH octets of CANONICAL. */
static void check_digest(const struct body_digest *d, struct text canonical, uint64_t length)
{
    struct crypt_digest *plain = crypt_digest_new(region);
    sha256_value value;

    assert_non_null(d);
    assert_int_equal(d->total, canonical.len);
    assert_true(d->complete == (length <= canonical.len));
    if (!d->complete)
        return;
    crypt_digest_add(plain, text_head(canonical, (size_t)length));
    crypt_digest_value(plain, value);
    assert_memory_equal(d->value, value, SHA256_OCTETS);
}

static void every_length_at_once(void **state)
{
    enum { LENGTHS = 45 }; /* some beyond the body */

    (void)state;
    for (size_t step = 1; step <= body.len; step++) {
        struct body_digests *digests = body_digests_new(region);
        const struct body_digest *wanted[2][LENGTHS], *whole[2];

        for (uint64_t i = 0; i < LENGTHS; i++) { /* in no order */
            uint64_t length = i * 17 % LENGTHS;

            wanted[0][length] = body_digests_want(digests, CANON_SIMPLE, &length);
            wanted[1][length] = body_digests_want(digests, CANON_RELAXED, &length);
        }
        whole[0] = body_digests_want(digests, CANON_SIMPLE, NULL);
        whole[1] = body_digests_want(digests, CANON_RELAXED, NULL);
        feed(digests, body, step);
        for (uint64_t length = 0; length < LENGTHS; length++) {
            check_digest(wanted[0][length], simple, length);
            check_digest(wanted[1][length], relaxed, length);
        }
        check_digest(whole[0], simple, simple.len);
        check_digest(whole[1], relaxed, relaxed.len);
    }
}

static void only_limited_ones(void **state)
{
    struct body_digests *digests = body_digests_new(region);
    const uint64_t none = 0, some = 5, too_many = UINT64_MAX;
    const struct body_digest *a, *b, *c;

    (void)state;
    a = body_digests_want(digests, CANON_RELAXED, &none);
    b = body_digests_want(digests, CANON_RELAXED, &some);
    c = body_digests_want(digests, CANON_RELAXED, &too_many);
    feed(digests, body, 7);
    check_digest(a, relaxed, none);
    check_digest(b, relaxed, some);
    check_digest(c, relaxed, too_many);
}

static void equal_wishes_share(void **state)
{
    struct body_digests *digests = body_digests_new(region);
    const uint64_t five = 5, also_five = 5, six = 6;
    const struct body_digest *d;

    (void)state;
    assert_false(body_digests_wanted(digests));
    d = body_digests_want(digests, CANON_SIMPLE, &five);
    assert_true(body_digests_wanted(digests));
    assert_ptr_equal(d, body_digests_want(digests, CANON_SIMPLE, &also_five));
    assert_ptr_not_equal(d, body_digests_want(digests, CANON_SIMPLE, &six));
    assert_ptr_not_equal(d, body_digests_want(digests, CANON_RELAXED, &five));
    d = body_digests_want(digests, CANON_SIMPLE, NULL);
    assert_ptr_equal(d, body_digests_want(digests, CANON_SIMPLE, NULL));
}

static void empty_bodies(void **state)
{
    struct body_digests *digests = body_digests_new(region);
    const uint64_t none = 0;
    const struct body_digest *s, *r, *s0, *r0;

    (void)state;
    s = body_digests_want(digests, CANON_SIMPLE, NULL);
    r = body_digests_want(digests, CANON_RELAXED, NULL);
    s0 = body_digests_want(digests, CANON_SIMPLE, &none);
    r0 = body_digests_want(digests, CANON_RELAXED, &none);
    body_digests_end(digests);
    body_digests_end(digests); /* does nothing */
    check_digest(s, TEXT("\r\n"), 2);
    check_digest(r, TEXT(""), 0);
    check_digest(s0, TEXT("\r\n"), 0);
    check_digest(r0, TEXT(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_at_once),
        cmocka_unit_test(only_limited_ones),
        cmocka_unit_test(equal_wishes_share),
        cmocka_unit_test(empty_bodies),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
