/* Unit tests of mail/domain.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/domain.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

static const struct {
    struct text in;
    const char *out; /* NULL: refused */
} names[] = {
    { OF("example.org"), "example.org" },
    { OF("EXAMPLE.Org"), "example.org" },
    { OF("example.org."), "example.org" },
    { OF("org"), "org" },
    { OF("_dmarc.example.org"), "_dmarc.example.org" },
    { OF("-a-.b-.c"), "-a-.b-.c" },
    { OF("1.2.3.4"), "1.2.3.4" },
    { OF("xn--bcher-kva.example"), "xn--bcher-kva.example" },
    { OF("XN--BCHER-KVA.example"), "xn--bcher-kva.example" },
    { OF("b\xc3\xbc"
         "cher.example"), "xn--bcher-kva.example" },
    { OF("B\xc3\x9c"
         "CHER.Example"), "xn--bcher-kva.example" },
    { OF("bu\xcc\x88"
         "cher.example"), "xn--bcher-kva.example" },
    { OF("fa\xc3\x9f.de"), "xn--fa-hia.de" }, /* non-transitional */
    { OF("_dmarc.b\xc3\xbc"
         "cher.example."), "_dmarc.xn--bcher-kva.example" },
    { OF("\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"),
      "xn--r8jz45g.xn--zckzah" },
    { OF(""), NULL },
    { OF("."), NULL },
    { OF(".org"), NULL },
    { OF("a..org"), NULL },
    { OF("a.org.."), NULL },
    { OF("a b.org"), NULL },
    { OF(" a.org"), NULL },
    { OF("a.org\n"), NULL },
    { OF("a\0.org"), NULL },
    { OF("b\xc3\xbc\0.org"), NULL },
    { OF("b\xc3\xbc\n.org"), NULL },
    { OF("b\xc3\xbc..org"), NULL },
    { OF("[192.0.2.1]"), NULL },
    { OF("a@b.org"), NULL },
    { OF("\xef\xbd\x81\xef\xbc\xa0\xef\xbd\x82.org"), NULL }, /* wide "a@b" */
    { OF("a'b.org"), NULL },
    { OF("a,b.org"), NULL },
    { OF("a\\046b.org"), NULL },
    { OF("xn--.org"), NULL },
    { OF("xn--a-.org"), NULL },
    { OF("xn--a_b.org"), NULL },
    { OF("\xff.org"), NULL },
    { OF("b\xfc"
         "cher.example"), NULL },          /* Latin-1 */
    { OF("\xed\xa0\x80.org"), NULL },     /* surrogate */
    { OF("\xc0\xae.org"), NULL },         /* long form of '.' */
    { OF("a\xe2\x80\xae.org"), NULL },    /* right-to-left override */
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        domain_name out = "untouched";
        bool ok = domain_normalise(names[i].in, out);

        if (ok != (names[i].out != NULL) || strcmp(out, ok ? names[i].out : "") != 0)
            fail_msg("%s: %s", names[i].in.data, ok ? out : "refused");
    }
}

static void lengths(void **state)
{
    char text[2000];
    domain_name out;

    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(domain_normalise((struct text){ text, LABEL_MAX }, out));
    assert_false(domain_normalise((struct text){ text, LABEL_MAX + 1 }, out));
    for (size_t i = 60; i < sizeof text; i += 61)
        text[i] = '.';
    assert_true(domain_normalise((struct text){ text, DOMAIN_MAX }, out));
    assert_int_equal(strlen(out), DOMAIN_MAX);
    assert_false(domain_normalise((struct text){ text, DOMAIN_MAX + 1 }, out));
    assert_string_equal(out, "");
    text[DOMAIN_MAX] = '.';
    assert_true(domain_normalise((struct text){ text, DOMAIN_MAX + 1 }, out));
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    for (size_t len = 2; len <= sizeof text; len += 2)
        domain_normalise((struct text){ text, len }, out);
    assert_false(domain_normalise((struct text){ text, sizeof text }, out));
}

static void labels(void **state)
{
    (void)state;
    assert_int_equal(domain_labels(""), 0);
    assert_int_equal(domain_labels("org"), 1);
    assert_int_equal(domain_labels("a.b.org"), 3);
    assert_string_equal(domain_parent("a.b.org"), "b.org");
    assert_null(domain_parent("org"));
    assert_null(domain_parent(""));
    assert_string_equal(domain_last_labels("a.b.org", 2), "b.org");
    assert_string_equal(domain_last_labels("a.b.org", 3), "a.b.org");
    assert_string_equal(domain_last_labels("a.b.org", 9), "a.b.org");
    assert_string_equal(domain_last_labels("a.b.org", 0), "");
}

static void within(void **state)
{
    (void)state;
    assert_true(domain_is_within("example.org", "example.org"));
    assert_true(domain_is_within("a.b.example.org", "example.org"));
    assert_false(domain_is_within("badexample.org", "example.org"));
    assert_false(domain_is_within("example.org", "a.example.org"));
    assert_false(domain_is_within("example.org", ""));
    assert_false(domain_is_within("", "org"));
    assert_false(domain_is_within("example.org.net", "example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(lengths),
        cmocka_unit_test(labels),
        cmocka_unit_test(within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
