/* Unit tests of mail/path.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/path.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

static const struct {
    struct text raw;
    enum path_kind kind;
    const char *local_part;
    const char *domain;
} paths[] = {
    { OF("<user@example.org>"), PATH_ADDRESS, "user", "example.org" },
    { OF("user@example.org"), PATH_ADDRESS, "user", "example.org" },
    { OF(" < user@Example.ORG\t> "), PATH_ADDRESS, "user", "example.org" },
    { OF("<a..b.@example.org.>"), PATH_ADDRESS, "a..b.", "example.org" },
    { OF("<SRS0=HHH=TT=a.org=u@b.org>"), PATH_ADDRESS, "SRS0=HHH=TT=a.org=u", "b.org" },
    { OF("<a/b+c'd!e%f#g|h@b.org>"), PATH_ADDRESS, "a/b+c'd!e%f#g|h", "b.org" },
    { OF("<\"a b\"@b.org>"), PATH_ADDRESS, "\"a b\"", "b.org" },
    { OF("<\"a@b>\\\"c\"@b.org>"), PATH_ADDRESS, "\"a@b>\\\"c\"", "b.org" },
    { OF("<\"a;b spf=pass\"@b.org>"), PATH_ADDRESS, "\"a;b spf=pass\"", "b.org" },
    { OF("<a b@b.org>"), PATH_ADDRESS, "a b", "b.org" },
    { OF("<j\xc3\xb6rg@b\xc3\xbc"
         "cher.example>"),
      PATH_ADDRESS, "j\xc3\xb6rg", "xn--bcher-kva.example" },
    { OF("<@x.org,@y.org:u@d.org>"), PATH_ADDRESS, "u", "d.org" },
    { OF("@legitimate.com,@any.com:'any@attack.com"), PATH_ADDRESS, "'any", "attack.com" },
    { OF("<@example.net>"), PATH_ADDRESS, "", "example.net" },
    { OF("<>"), PATH_NULL, "", "" },
    { OF(" < > "), PATH_NULL, "", "" },
    { OF(""), PATH_NULL, "", "" },
    { OF("<postmaster>"), PATH_LOCAL, "postmaster", "" },
    { OF("root"), PATH_LOCAL, "root", "" },
    { OF("<a@[192.0.2.1]>"), PATH_LITERAL, "a", "" },
    { OF("<a@[IPv6:2001:db8::1]>"), PATH_LITERAL, "a", "" },
    /* malformed */
    { OF("<(any@legitimate.com>"), PATH_MALFORMED, "", "" },
    { OF("(any@legitimate.com"), PATH_MALFORMED, "", "" },
    { OF("<any@legitimate.com(a.attack.com>"), PATH_MALFORMED, "", "" },
    { OF("<any@legitimate.com'@any.attack.com>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<\"a@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<\"a\"b@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a\"b\"@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<\"a\\\"@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a\\@b@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org"), PATH_MALFORMED, "", "" },
    { OF("a@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<<a@b.org>>"), PATH_MALFORMED, "", "" },
    { OF("<"), PATH_MALFORMED, "", "" },
    { OF(">"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org> SIZE=1"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org><c@d.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@>"), PATH_MALFORMED, "", "" },
    { OF("<@>"), PATH_MALFORMED, "", "" },
    { OF("<@x.org:>"), PATH_MALFORMED, "", "" },
    { OF("<a@ b.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b..org>"), PATH_MALFORMED, "", "" },
    { OF("<a@.>"), PATH_MALFORMED, "", "" },
    { OF("<a@[192.0.2.1>"), PATH_MALFORMED, "", "" },
    { OF("<a@[]>"), PATH_MALFORMED, "", "" },
    { OF("<a@[192.0.2.1].org>"), PATH_MALFORMED, "", "" },
    { OF("<a@192.0.2.1]>"), PATH_MALFORMED, "", "" },
    { OF("<a\r@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org\r>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org>\r\n"), PATH_MALFORMED, "", "" },
    { OF("<\"a\rb\"@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<\"a\\\rb\"@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<a\0@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b.org\0.c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a\xff@b.org>"), PATH_MALFORMED, "", "" },
    { OF("<a@b\xff.org>"), PATH_MALFORMED, "", "" },
    { OF("<a;b@c.org>"), PATH_MALFORMED, "", "" },
    { OF("<a:b@c.org>"), PATH_MALFORMED, "", "" },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct path path;

        path_parse(paths[i].raw, &path);
        if (path.kind != paths[i].kind || strcmp(path.domain, paths[i].domain) != 0 ||
            !text_equal(path.local_part, text_of(paths[i].local_part)))
            fail_msg("%s: kind %d, local part %.*s, domain %s", paths[i].raw.data, path.kind,
                     TEXT_ARGS(path.local_part), path.domain);
    }
}

/* SPF must say none for these, not ask DNS (RFC 7208 §4.3). */
static void domain_that_dns_cannot_hold(void **state)
{
    char raw[100] = "a@";
    struct path path;

    (void)state;
    memset(raw + 2, 'x', LABEL_MAX);
    strcpy(raw + 2 + LABEL_MAX, ".example.com");
    path_parse(text_of(raw), &path);
    assert_int_equal(path.kind, PATH_ADDRESS);
    memset(raw + 2, 'x', LABEL_MAX + 1);
    strcpy(raw + 2 + LABEL_MAX + 1, ".example.com");
    path_parse(text_of(raw), &path);
    assert_int_equal(path.kind, PATH_MALFORMED);
    assert_string_equal(path.domain, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(domain_that_dns_cannot_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
