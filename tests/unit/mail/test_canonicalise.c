/* Unit tests of mail/canonicalise.c: RFC 6376's own examples, its edge cases by
 * hand, and generated bodies against a second implementation that is slow and
 * plain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "mail/canonicalise.h"
#include "../../lib/plain_canon.h"
#include "../../lib/message_fixture.h"

enum { ROOM = 1 << 16 };

/* What a sink got. */
static char got[ROOM];
static size_t got_len;

static void take(void *context, struct text octets)
{
    (void)context;
    assert_true(octets.len > 0 && octets.len <= ROOM - got_len);
    memcpy(got + got_len, octets.data, octets.len);
    got_len += octets.len;
}

static const struct octet_sink sink = { take, NULL };

/* ---- bodies */

/* Feeds BODY, cut after each of the positions whose bit is set in CUTS. */
static void feed(enum canonicalisation canon, struct text body, uint64_t cuts)
{
    struct canon_body c;
    size_t start = 0;

    got_len = 0;
    canon_body_init(&c, canon, sink);
    for (size_t i = 0; i < body.len; i++)
        if (i < 64 && (cuts >> i & 1)) {
            canon_body_add(&c, (struct text){ body.data + start, i + 1 - start });
            start = i + 1;
        }
    canon_body_add(&c, text_tail(body, start));
    canon_body_end(&c);
}

static void check_body(enum canonicalisation canon, struct text body, struct text expected,
                       uint64_t cuts)
{
    feed(canon, body, cuts);
    if (!text_equal((struct text){ got, got_len }, expected))
        fail_msg("%s of \"%.*s\" (%zu octets, cuts %llx): \"%.*s\", not \"%.*s\"",
                 name_of(canonicalisation_names, (int)canon), TEXT_ARGS(body), body.len,
                 (unsigned long long)cuts, (int)got_len, got, TEXT_ARGS(expected));
}

static void check_plain(struct text body, uint64_t cuts)
{
    static char expected[ROOM];

    for (int i = 0; i < CANONICALISATIONS; i++) {
        enum canonicalisation canon = (enum canonicalisation)i;
        size_t len = plain_body(canon, body, expected);

        check_body(canon, body, (struct text){ expected, len }, cuts);
    }
}

static const struct {
    struct text body, simple, relaxed;
} bodies[] = {
    /* §3.4.5 */
    { TEXT(" C \r\nD \t E\r\n\r\n\r\n"), TEXT(" C \r\nD \t E\r\n"), TEXT(" C\r\nD E\r\n") },
    { TEXT(""), TEXT("\r\n"), TEXT("") },
    { TEXT("\r\n"), TEXT("\r\n"), TEXT("") },
    { TEXT("\r\n\r\n\r\n"), TEXT("\r\n"), TEXT("") },
    { TEXT("a"), TEXT("a\r\n"), TEXT("a\r\n") },
    { TEXT("a\r\n"), TEXT("a\r\n"), TEXT("a\r\n") },
    { TEXT("a\r\n\r\n"), TEXT("a\r\n"), TEXT("a\r\n") },
    { TEXT("\r\na"), TEXT("\r\na\r\n"), TEXT("\r\na\r\n") },
    { TEXT("a\r\n\r\n\r\nb"), TEXT("a\r\n\r\n\r\nb\r\n"), TEXT("a\r\n\r\n\r\nb\r\n") },
    { TEXT("a \t b"), TEXT("a \t b\r\n"), TEXT("a b\r\n") },
    { TEXT("a \t\r\n"), TEXT("a \t\r\n"), TEXT("a\r\n") },
    { TEXT("a \t"), TEXT("a \t\r\n"), TEXT("a\r\n") },
    { TEXT("\ta"), TEXT("\ta\r\n"), TEXT(" a\r\n") },
    { TEXT(" "), TEXT(" \r\n"), TEXT("") },
    { TEXT(" \r\n\t\r\n"), TEXT(" \r\n\t\r\n"), TEXT("") },
    { TEXT("a\r\n \r\n"), TEXT("a\r\n \r\n"), TEXT("a\r\n") },
    { TEXT("a\r\n \r\nb"), TEXT("a\r\n \r\nb\r\n"), TEXT("a\r\n\r\nb\r\n") },
    /* bare CR and LF are content */
    { TEXT("\r"), TEXT("\r\r\n"), TEXT("\r\r\n") },
    { TEXT("\n"), TEXT("\n\r\n"), TEXT("\n\r\n") },
    { TEXT("a\r"), TEXT("a\r\r\n"), TEXT("a\r\r\n") },
    { TEXT("a\r\n\r"), TEXT("a\r\n\r\r\n"), TEXT("a\r\n\r\r\n") },
    { TEXT("a\r\r\n"), TEXT("a\r\r\n"), TEXT("a\r\r\n") },
    { TEXT("a \rb"), TEXT("a \rb\r\n"), TEXT("a \rb\r\n") },
    { TEXT("a \r"), TEXT("a \r\r\n"), TEXT("a \r\r\n") },
    { TEXT("a \r\r\n"), TEXT("a \r\r\n"), TEXT("a \r\r\n") },
    { TEXT("a \n"), TEXT("a \n\r\n"), TEXT("a \n\r\n") },
    { TEXT("a\n\nb\n"), TEXT("a\n\nb\n\r\n"), TEXT("a\n\nb\n\r\n") },
    { TEXT("\n\r\n"), TEXT("\n\r\n"), TEXT("\n\r\n") },
    /* other octets that isspace() knows, and NUL */
    { TEXT("a\v\f b"), TEXT("a\v\f b\r\n"), TEXT("a\v\f b\r\n") },
    { TEXT("\0\r\n\0"), TEXT("\0\r\n\0\r\n"), TEXT("\0\r\n\0\r\n") },
    { TEXT("\240 \240"), TEXT("\240 \240\r\n"), TEXT("\240 \240\r\n") },
};

static void bodies_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (uint64_t cuts = 0; cuts >> bodies[i].body.len == 0; cuts++) {
            check_body(CANON_SIMPLE, bodies[i].body, bodies[i].simple, cuts);
            check_body(CANON_RELAXED, bodies[i].body, bodies[i].relaxed, cuts);
        }
}

/* Every body of up to SHORT_LENGTH octets that matter, at every cut. */
static void every_short_body(void **state)
{
    enum { SHORT_LENGTH = 6 };
    static const char octets[] = { ' ', '\t', '\r', '\n', 'a' };
    char body[SHORT_LENGTH];
    size_t bodies_of_length = 1;

    (void)state;
    for (size_t len = 0; len <= SHORT_LENGTH; len++) {
        for (size_t code = 0; code < bodies_of_length; code++) {
            size_t rest = code;

            for (size_t i = 0; i < len; i++, rest /= sizeof octets)
                body[i] = octets[rest % sizeof octets];
            for (uint64_t cuts = 0; cuts >> len == 0; cuts++)
                check_plain((struct text){ body, len }, cuts);
        }
        bodies_of_length *= sizeof octets;
    }
}

/* A fixed sequence: the same bodies each time. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Long enough that blocks of 16 and 64 octets meet everything at every offset. */
static void generated_bodies(void **state)
{
    static const char often[] = "  \t\r\n\n\rabc";
    static const char seldom[] = "abcdefghijklmnopqrstuvwxyz 0123456789   +/=\r\n\t";
    static const char rarely[] = "abcdefghijklmnopqrstuvwxyz0123456789+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "  \t\r\n";
    static const struct text kinds[] = { { often, sizeof often - 1 },
                                         { seldom, sizeof seldom - 1 },
                                         { rarely, sizeof rarely - 1 } };
    uint32_t seed = 1;
    char body[300];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t len = next_random(&seed) % sizeof body;
        struct text from = kinds[round % 3];

        for (size_t i = 0; i < len; i++) {
            body[i] = from.data[next_random(&seed) % from.len];
            if (body[i] == '\r' && i + 1 < len && next_random(&seed) % 8)
                body[++i] = '\n';
        }
        check_plain((struct text){ body, len },
                    (uint64_t)next_random(&seed) << 40 ^ next_random(&seed));
    }
}

/* ---- fields */

static const struct field *field_of(struct text label, struct text value)
{
    const struct field *field = message_add_field(message, label, value);

    assert_non_null(field);
    return field;
}

static void check_field(struct text label, struct text value, struct text simple,
                        struct text relaxed)
{
    const struct field *field = field_of(label, value);

    got_len = 0;
    canon_field(CANON_SIMPLE, field, sink);
    if (!text_equal((struct text){ got, got_len }, simple))
        fail_msg("simple: \"%.*s\"", (int)got_len, got);
    got_len = 0;
    canon_field(CANON_RELAXED, field, sink);
    if (!text_equal((struct text){ got, got_len }, relaxed))
        fail_msg("relaxed: \"%.*s\"", (int)got_len, got);
}

static void fields_by_hand(void **state)
{
    (void)state;
    /* §3.4.5 */
    check_field(TEXT("A"), TEXT(" X"), TEXT("A: X\r\n"), TEXT("a:X\r\n"));
    check_field(TEXT("B "), TEXT(" Y\t\r\n\tZ  "), TEXT("B : Y\t\r\n\tZ  \r\n"),
                TEXT("b:Y Z\r\n"));
    check_field(TEXT("Subject"), TEXT(""), TEXT("Subject:\r\n"), TEXT("subject:\r\n"));
    check_field(TEXT("Subject"), TEXT(" "), TEXT("Subject: \r\n"), TEXT("subject:\r\n"));
    check_field(TEXT("Subject"), TEXT("\r\n a"), TEXT("Subject:\r\n a\r\n"),
                TEXT("subject:a\r\n"));
    check_field(TEXT("S"), TEXT(" a\r\n  \r\n b"), TEXT("S: a\r\n  \r\n b\r\n"),
                TEXT("s:a b\r\n"));
    check_field(TEXT("S"), TEXT(" a \t b\t"), TEXT("S: a \t b\t\r\n"), TEXT("s:a b\r\n"));
    check_field(TEXT("S"), TEXT(" a\rb \r"), TEXT("S: a\rb \r\r\n"), TEXT("s:a\rb \r\r\n"));
    check_field(TEXT("S"), TEXT(" a\0b\v"), TEXT("S: a\0b\v\r\n"), TEXT("s:a\0b\v\r\n"));
    check_field(TEXT("X-Long-Name-That-Takes-More-Than-The-Sixty-Four-Octets-Of-One-Piece-A"),
                TEXT("1"),
                TEXT("X-Long-Name-That-Takes-More-Than-The-Sixty-Four-Octets-Of-One-Piece-A:1\r\n"),
                TEXT("x-long-name-that-takes-more-than-the-sixty-four-octets-of-one-piece-a:1\r\n"));
}

static void check_hole(struct text value, size_t start, size_t len, struct text simple,
                       struct text relaxed)
{
    const struct field *field = field_of(TEXT("D"), value);
    struct text hole = { field->value.data + start, len };

    got_len = 0;
    canon_signature_field(CANON_SIMPLE, field, hole, sink);
    if (!text_equal((struct text){ got, got_len }, simple))
        fail_msg("simple: \"%.*s\"", (int)got_len, got);
    got_len = 0;
    canon_signature_field(CANON_RELAXED, field, hole, sink);
    if (!text_equal((struct text){ got, got_len }, relaxed))
        fail_msg("relaxed: \"%.*s\"", (int)got_len, got);
}

static void signatures_lose_their_value(void **state)
{
    (void)state;
    check_hole(TEXT(" b= x y ; c=1"), 3, 5, TEXT("D: b=; c=1"), TEXT("d:b=; c=1"));
    check_hole(TEXT(" c=1;  b=xy"), 9, 2, TEXT("D: c=1;  b="), TEXT("d:c=1; b="));
    check_hole(TEXT(" c=1; b="), 8, 0, TEXT("D: c=1; b="), TEXT("d:c=1; b="));
    /* white space on both sides of the hole is one run */
    check_hole(TEXT("a  xy  b"), 3, 2, TEXT("D:a    b"), TEXT("d:a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_by_hand),
        cmocka_unit_test(every_short_body),
        cmocka_unit_test(generated_bodies),
        cmocka_unit_test(fields_by_hand),
        cmocka_unit_test(signatures_lose_their_value),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
