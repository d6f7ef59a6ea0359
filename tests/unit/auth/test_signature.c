/* Unit tests of auth/signature.c and auth/base64.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/base64.h"
#include "auth/signature.h"
#include "base/buf.h"
#include "../../lib/region_fixture.h"

#define OF(literal) { literal, sizeof(literal) - 1 }
#define BH "bh=tXFePI82nWx/6AVD05YY0xQSmKbgI+32qLKw8d52faI="

/* A good field around EXTRA. */
#define WITH(extra) \
    OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From:To; " BH "; b=Zm9v; " extra)

static void reads_every_tag(void **state)
{
    struct signature s;
    domain_name key;
    static const char *const names[] = { "from", "To", "X-Odd!#" };

    (void)state;
    assert_null(signature_parse(
        region,
        TEXT(" v=1; a=ed25519-sha256; c=relaxed/simple;\r\n\td=Example.ORG; s=Sel.2026;\r\n"
             " h=from :\r\n To: X-Odd!#; i=\"a b\"@mail.example.org; l=0123; q=x/y : dns/txt;\r\n"
             " t=1700000000; x=1700000001; z=From:any|thing; " BH ";\r\n b=Zm\r\n\t9vYm Fy;"),
        &s));
    assert_int_equal(s.algorithm, SIGN_ED25519_SHA256);
    assert_int_equal(s.header_canon, CANON_RELAXED);
    assert_int_equal(s.body_canon, CANON_SIMPLE);
    assert_string_equal(s.domain, "example.org");
    assert_string_equal(s.selector, "sel.2026");
    assert_string_equal(s.identity_domain, "mail.example.org");
    assert_int_equal(s.signed_name_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(text_equal(s.signed_names[i], text_of(names[i])));
    assert_int_equal(s.hash.len, 32);
    assert_true(text_equal(s.value, TEXT("foobar")));
    assert_true(text_equal(s.value_b64, TEXT("Zm9vYmFy")));
    assert_true(s.has_length && s.has_timestamp && s.has_expiry);
    assert_true(s.length == 123);
    assert_true(s.timestamp == 1700000000);
    assert_true(s.expiry == 1700000001);
    assert_true(signature_key_name(&s, key));
    assert_string_equal(key, "sel.2026._domainkey.example.org");
}

static void defaults(void **state)
{
    struct signature s;

    (void)state;
    assert_null(signature_parse(region, (struct text)WITH(""), &s));
    assert_int_equal(s.header_canon, CANON_SIMPLE);
    assert_int_equal(s.body_canon, CANON_SIMPLE);
    assert_string_equal(s.identity_domain, "example.org");
    assert_false(s.has_length || s.has_timestamp || s.has_expiry);
    assert_null(signature_parse(region, (struct text)WITH("c=relaxed"), &s));
    assert_int_equal(s.header_canon, CANON_RELAXED);
    assert_int_equal(s.body_canon, CANON_SIMPLE);
}

static const struct {
    struct text field;
    const char *reason; /* NULL: accepted */
} fields[] = {
    { WITH(""), NULL },
    { WITH("unknown=anything; _x"), "syntax error" },
    { WITH("unknown=anything; n0_t= a b c ;\r\n "), NULL },
    { WITH("t=1; t=1"), "duplicate tag" },
    { WITH("T=1; t=1"), NULL },
    { WITH("; t=1"), "syntax error" },
    { WITH("x\0=1"), "syntax error" },
    { WITH("y=\0"), "syntax error" },
    { WITH("y=\177"), "syntax error" },
    { WITH("y=a\rb"), "syntax error" },
    { OF(""), "syntax error" },
    /* every tag that must be there */
    { OF("a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b=Zm9v"), "no version (v=)" },
    { OF("v=1; d=example.org; s=sel; h=From; " BH "; b=Zm9v"), "no algorithm (a=)" },
    { OF("v=1; a=rsa-sha256; s=sel; h=From; " BH "; b=Zm9v"), "no domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; h=From; " BH "; b=Zm9v"), "no selector (s=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; " BH "; b=Zm9v"), "no list of names (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; b=Zm9v"), "no body hash (bh=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; " BH), "no signature value (b=)" },
    /* v= */
    { OF("v=2; a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b=Zm9v"),
      "unknown version (v=)" },
    { OF("v=; a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b=Zm9v"),
      "unknown version (v=)" },
    { OF("v=01; a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b=Zm9v"),
      "unknown version (v=)" },
    /* a= */
    { OF("v=1; a=rsa-sha1; d=example.org; s=sel; h=From; bh=Zm9v; b=Zm9v"), NULL },
    { OF("v=1; a=rsa-sha512; d=example.org; s=sel; h=From; " BH "; b=Zm9v"),
      "unknown algorithm (a=)" },
    /* d= */
    { OF("v=1; a=rsa-sha256; d=org; s=sel; h=From; " BH "; b=Zm9v"), "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=; s=sel; h=From; " BH "; b=Zm9v"), "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=example.org.; s=sel; h=From; " BH "; b=Zm9v"),
      "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=a.org'b.example; s=sel; h=From; " BH "; b=Zm9v"),
      "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=a.org(b.example; s=sel; h=From; " BH "; b=Zm9v"),
      "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=example. org; s=sel; h=From; " BH "; b=Zm9v"),
      "invalid domain (d=)" },
    { OF("v=1; a=rsa-sha256; d=b\xc3\xbc" "cher.example; s=sel; h=From; " BH "; b=Zm9v"), NULL },
    /* s= */
    { OF("v=1; a=rsa-sha256; d=example.org; s=; h=From; " BH "; b=Zm9v"),
      "invalid selector (s=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=a..b; h=From; " BH "; b=Zm9v"),
      "invalid selector (s=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=a b; h=From; " BH "; b=Zm9v"),
      "invalid selector (s=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=a\0.b; h=From; " BH "; b=Zm9v"), "syntax error" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=a\r\n.b; h=From; " BH "; b=Zm9v"), "syntax error" },
    /* h= */
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=FROM; " BH "; b=Zm9v"), NULL },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=To; " BH "; b=Zm9v"),
      "From not signed (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=X-From:Fromm; " BH "; b=Zm9v"),
      "From not signed (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=; " BH "; b=Zm9v"),
      "invalid list of names (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From:; " BH "; b=Zm9v"),
      "invalid list of names (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From::To; " BH "; b=Zm9v"),
      "invalid list of names (h=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From:To Cc; " BH "; b=Zm9v"),
      "invalid list of names (h=)" },
    /* b=, bh= */
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b="),
      "invalid signature value (b=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; " BH "; b=Zm9v*"),
      "invalid signature value (b=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=; b=Zm9v"),
      "invalid body hash (bh=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=Zm9v; b=Zm9v"),
      "invalid body hash (bh=)" },
    { OF("v=1; a=rsa-sha256; d=example.org; s=sel; h=From; "
         "bh=tXFePI82nWx/6AVD05YY0xQSmKbgI+32qLKw8d52faIA; b=Zm9v"),
      "invalid body hash (bh=)" },
    /* c= */
    { WITH("c=relaxed/relaxed"), NULL },
    { WITH("c="), "unknown canonicalisation (c=)" },
    { WITH("c=relaxed/"), "unknown canonicalisation (c=)" },
    { WITH("c=/relaxed"), "unknown canonicalisation (c=)" },
    { WITH("c=relaxed/relaxed/relaxed"), "unknown canonicalisation (c=)" },
    { WITH("c=nofws"), "unknown canonicalisation (c=)" },
    /* i= */
    { WITH("i=@example.org"), NULL },
    { WITH("i=a=40b@EXAMPLE.org"), NULL },
    { WITH("i=\"a@b\"@sub.example.org"), NULL },
    { WITH("i=\"a\\\"b\"@sub.example.org"), NULL },
    { WITH("i=a@\r\n\texample.org"), NULL },
    { WITH("i=a@xexample.org"), "identity outside the domain (i=)" },
    { WITH("i=a@org"), "identity outside the domain (i=)" },
    { WITH("i=a@example.com"), "identity outside the domain (i=)" },
    { WITH("i=example.org"), "invalid identity (i=)" },
    { WITH("i="), "invalid identity (i=)" },
    { WITH("i=@"), "invalid identity (i=)" },
    { WITH("i=a@b@example.org"), "invalid identity (i=)" },
    { WITH("i=\"a@example.org"), "invalid identity (i=)" },
    { WITH("i=\"a\\\"@example.org"), "invalid identity (i=)" },
    { WITH("i=a(b)@example.org"), "invalid identity (i=)" },
    /* l=, t=, x= */
    { WITH("l=0"), NULL },
    { WITH("l=1111111111222222222233333333334444444444555555555566666666667777777777888888"),
      NULL },
    { WITH("l=11111111112222222222333333333344444444445555555555666666666677777777778888889"),
      "invalid length (l=)" },
    { WITH("l="), "invalid length (l=)" },
    { WITH("l=-1"), "invalid length (l=)" },
    { WITH("l=1 2"), "invalid length (l=)" },
    { WITH("t=123456789012"), NULL },
    { WITH("t=1234567890123"), "invalid time (t=)" },
    { WITH("t=0x1"), "invalid time (t=)" },
    { WITH("x=+1"), "invalid time (x=)" },
    { WITH("t=5; x=6"), NULL },
    { WITH("t=5; x=5"), "expires before it was made (x=)" },
    { WITH("t=5; x=4"), "expires before it was made (x=)" },
    /* q= */
    { WITH("q=dns/txt"), NULL },
    { WITH("q=http : dns/txt"), NULL },
    { WITH("q=dns"), "unknown query method (q=)" },
    { WITH("q="), "invalid query method (q=)" },
};

static void accepts_and_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct signature s;
        const char *reason = signature_parse(region, fields[i].field, &s);

        if ((reason == NULL) != (fields[i].reason == NULL) ||
            (reason && strcmp(reason, fields[i].reason) != 0))
            fail_msg("%.*s: %s", TEXT_ARGS(fields[i].field), reason ? reason : "accepted");
    }
}

/* What can be read is kept for the finding, whatever else is wrong. */
static void keeps_domain_and_selector(void **state)
{
    struct signature s;

    (void)state;
    assert_non_null(signature_parse(region, TEXT("v=8; d=example.org; s=sel"), &s));
    assert_string_equal(s.domain, "example.org");
    assert_string_equal(s.selector, "sel");
    assert_non_null(signature_parse(region, TEXT("v=1; d=a\"b.example; s=sel"), &s));
    assert_string_equal(s.domain, "");
}

static const char *parse_with_names(size_t names, const char *name)
{
    struct signature s;
    struct buf buf;

    buf_init(&buf, region, 100000);
    buf_add(&buf, "v=1; a=rsa-sha256; d=example.org; s=sel; " BH "; b=Zm9v; h=From");
    for (size_t i = 1; i < names; i++) {
        buf_char(&buf, ':');
        buf_add(&buf, name);
    }
    return signature_parse(region, buf_text(&buf), &s);
}

static void bounds(void **state)
{
    (void)state;
    assert_null(parse_with_names(SIGNED_NAMES_MAX, "To"));
    assert_string_equal(parse_with_names(SIGNED_NAMES_MAX + 1, "To"), "too many names (h=)");
    assert_string_equal(parse_with_names(20000, "To"), "field too long");
}

static void key_name_bounds(void **state)
{
    struct signature s = { .domain = "example.org" };
    domain_name out;

    (void)state;
    memset(s.selector, 'a', 230);
    assert_true(signature_key_name(&s, out));
    assert_int_equal(strlen(out), DOMAIN_MAX);
    memset(s.selector, 'a', 231);
    assert_false(signature_key_name(&s, out));
    assert_string_equal(out, "");
}

static void base64(void **state)
{
    static const struct {
        struct text in, out;
        bool ok;
    } rows[] = {
        { OF(""), OF(""), true },
        { OF("Zg=="), OF("f"), true },
        { OF("Zg"), OF("f"), true },
        { OF("Zm8="), OF("fo"), true },
        { OF("Zm9v"), OF("foo"), true },
        { OF(" Z\r\n\tm9v "), OF("foo"), true },
        { OF("AP+/"), OF("\0\xff\xbf"), true },
        { OF("Zh"), OF(""), false },   /* bits left over */
        { OF("Z"), OF(""), false },
        { OF("Zg="), OF(""), false },
        { OF("Zg==="), OF(""), false },
        { OF("Zm9v===="), OF(""), false },
        { OF("Zm9vZ==="), OF(""), false },
        { OF("Zg==Zg=="), OF(""), false },
        { OF("Zm-_"), OF(""), false },
        { OF("Zm9\0"), OF(""), false },
        { OF("="), OF(""), false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text out = { NULL, 0 };

        if (base64_decode(region, rows[i].in, &out) != rows[i].ok ||
            (rows[i].ok && !text_equal(out, rows[i].out)))
            fail_msg("row %zu: %.*s", i, TEXT_ARGS(rows[i].in));
    }
    assert_true(text_equal(base64_encode(region, TEXT("")), TEXT("")));
    assert_true(text_equal(base64_encode(region, TEXT("f")), TEXT("Zg==")));
    assert_true(text_equal(base64_encode(region, TEXT("fo")), TEXT("Zm8=")));
    assert_true(text_equal(base64_encode(region, TEXT("\0\xff\xbf")), TEXT("AP+/")));
}

static void memory_runs_out(void **state)
{
    struct region *small = region_new(16);
    struct signature s;

    (void)state;
    assert_non_null(signature_parse(small, (struct text)WITH(""), &s));
    assert_true(region_failed(small));
    region_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_tag),
        cmocka_unit_test(defaults),
        cmocka_unit_test(accepts_and_refuses),
        cmocka_unit_test(keeps_domain_and_selector),
        cmocka_unit_test(bounds),
        cmocka_unit_test(key_name_bounds),
        cmocka_unit_test(base64),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
