/* Unit tests of mail/taglist.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mail/taglist.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

static void check(const struct taglist *list, const char *name, const char *wanted)
{
    const struct text *value = taglist_get(list, name);

    if (!wanted) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    if (!text_equal(*value, text_of(wanted)))
        fail_msg("%s: %.*s", name, TEXT_ARGS(*value));
}

static void values(void **state)
{
    struct taglist list;

    (void)state;
    assert_int_equal(taglist_parse(TEXT(" v = 1 ; a=rsa-sha256;h=from :\r\n\t to\r\n ; p=;"
                                        "\tB= x=y==; b2_=Y ;\r\n "),
                                   false, &list),
                     TAGLIST_OK);
    assert_int_equal(list.count, 6);
    check(&list, "v", "1");
    check(&list, "a", "rsa-sha256");
    check(&list, "h", "from :\r\n\t to");
    check(&list, "p", "");
    check(&list, "B", "x=y==");
    check(&list, "b", NULL);
    check(&list, "b2_", "Y");
    check(&list, "", NULL);
}

static const struct {
    struct text in;
    enum taglist_error plain, utf8;
} lists[] = {
    { OF("a=b"), TAGLIST_OK, TAGLIST_OK },
    { OF("a="), TAGLIST_OK, TAGLIST_OK },
    { OF("a=b;"), TAGLIST_OK, TAGLIST_OK },
    { OF("a=b;A=b"), TAGLIST_OK, TAGLIST_OK },
    { OF("a=b; ; "), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF(""), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF(" "), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF(";"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF(";a=b"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b;;c=d"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("=b"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("1a=b"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("_a=b"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a-b=c"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a b=c"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b; c"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b;a=b"), TAGLIST_DUPLICATE, TAGLIST_DUPLICATE },
    { OF("a=b; c=d; a = e"), TAGLIST_DUPLICATE, TAGLIST_DUPLICATE },
    { OF("a=b\0c"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\x7f"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\x01"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\rc"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\nc"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\r\nc=d"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\r\n"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=b\r\n \r\n c"), TAGLIST_OK, TAGLIST_OK },
    { OF("a=\xc3\xbc"), TAGLIST_SYNTAX, TAGLIST_OK },
    { OF("a=\xc3"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("a=\xff"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
    { OF("\xc3\xbc=a"), TAGLIST_SYNTAX, TAGLIST_SYNTAX },
};

static void errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct taglist list;
        enum taglist_error plain = taglist_parse(lists[i].in, false, &list);
        enum taglist_error utf8;

        if (plain != TAGLIST_OK)
            assert_int_equal(list.count, 0);
        utf8 = taglist_parse(lists[i].in, true, &list);
        if (plain != lists[i].plain || utf8 != lists[i].utf8)
            fail_msg("%s: %d, %d", lists[i].in.data, plain, utf8);
    }
}

static void bound(void **state)
{
    char text[TAGLIST_MAX * 8 + 8];
    struct taglist list;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < TAGLIST_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "t%d=%d;", i, i);
    assert_int_equal(taglist_parse((struct text){ text, len }, false, &list), TAGLIST_OK);
    assert_int_equal(list.count, TAGLIST_MAX);
    check(&list, "t63", "63");
    len += (size_t)snprintf(text + len, sizeof text - len, "x=1");
    assert_int_equal(taglist_parse((struct text){ text, len }, false, &list), TAGLIST_TOO_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(errors),
        cmocka_unit_test(bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
