/* Unit tests of mail/author.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mail/author.h"
#include "mail/lexer.h"
#include "mail/message.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

/* What real software writes, now and long ago; the domain is example.com unless
 * another is given. */
#define FROM(literal) { OF(literal), "example.com" }

static const struct {
    struct text value;
    const char *domain;
} legitimate[] = {
    /* bare addresses */
    FROM("john@example.com"),
    FROM(" john@example.com"),
    FROM(" john@example.com  "),
    FROM("\tjohn@example.com\t"),
    FROM(" John@EXAMPLE.COM"),
    FROM(" <john@example.com>"),
    FROM("<john@example.com>"),
    FROM(" < john@example.com >"),
    FROM(" john.doe+tag@example.com"),
    FROM(" o'brien@example.com"),
    FROM(" bounce-md_12.3a!x#$%&'*+/=?^_`{|}~-@example.com"),
    { OF(" a@sub.sub.example.com"), "sub.sub.example.com" },
    FROM(" a@example.com."),
    FROM(" <a@example.com.>"),
    { OF(" a@1and1.example"), "1and1.example" },
    { OF(" a@_x.example.com"), "_x.example.com" },
    { OF(" a@xn--bcher-kva.example"), "xn--bcher-kva.example" },
    { OF(" a@XN--Bcher-KVA.example"), "xn--bcher-kva.example" },
    { OF(" a@b\xc3\xbc""cher.example"), "xn--bcher-kva.example" },
    { OF(" <\xc3\xa4@B\xc3\x9c""CHER.example>"), "xn--bcher-kva.example" },
    { OF(" root@localhost"), "localhost" },
    FROM(" a..b@example.com"),
    FROM(" .a@example.com"),
    FROM(" a.@example.com"),
    FROM(" <a.b..c.@example.com>"),
    FROM(" prvs=0123456789=john@example.com"),
    FROM(" SRS0=aB/c=XY=example.net=john@example.com"),
    FROM(" \"john doe\"@example.com"),
    FROM(" \"john@doe\"@example.com"),
    FROM(" <\"john\\\"doe\"@example.com>"),
    FROM(" \"\"@example.com"),
    FROM(" \"a\".b.\"c d\"@example.com"),
    FROM(" \"very.(),:;<>[]\\\".VERY.\\\"very@\\\\ \\\"very\\\".unusual\"@example.com"),
    FROM(" \"/G=John/S=Doe/O=Example/C=DE/\"@example.com"),
    /* name and angle-addr */
    FROM(" John Doe <john@example.com>"),
    FROM(" John Doe<john@example.com>"),
    FROM(" John  Doe  <john@example.com>"),
    FROM(" John Q. Public <john@example.com>"),
    FROM(" J. R. R. Tolkien <jrr@example.com>"),
    FROM(" Example.com <info@example.com>"),
    FROM(" www.shop.example <info@example.com>"),
    FROM(" Mr.X <x@example.com>"),
    FROM(" ... <x@example.com>"),
    FROM(" \"John Doe\" <john@example.com>"),
    FROM(" \"John Doe\"<john@example.com>"),
    FROM(" \"Doe, John\" <john@example.com>"),
    FROM(" \"John \\\"Johnny\\\" Doe\" <john@example.com>"),
    FROM(" \"John \\\\ Doe\" <john@example.com>"),
    FROM(" \"\" <john@example.com>"),
    FROM(" \" \" <john@example.com>"),
    FROM(" \"john@example.net\" <john@example.com>"),
    FROM(" \"john@example.com\" <john@example.com>"),
    FROM(" \"<john@example.net>\" <john@example.com>"),
    FROM(" \"'John Doe' via Group\" <group@example.com>"),
    FROM(" \"'john@example.net' via Group\" <group@example.com>"),
    FROM(" \"John Doe (Sales)\" <john@example.com>"),
    FROM(" \"John; Doe: x\" <john@example.com>"),
    FROM(" \"John\" Doe <john@example.com>"),
    FROM(" \"John\" \"Doe\" <john@example.com>"),
    FROM(" John \"Johnny\" Doe <john@example.com>"),
    FROM(" 'John Doe' <john@example.com>"),
    FROM(" 'john@example.com' <john@example.com>"),
    FROM(" john@example.com <john@example.com>"),
    FROM(" john@EXAMPLE.com <john@example.com>"),
    FROM(" john@example.com (x) <john@example.com>"),
    FROM(" <john@example.com> (John Doe)"),
    FROM(" John @ Work <john@example.com>"),
    FROM(" @john <john@example.com>"),
    FROM(" John@Work <john@example.com>"),
    FROM(" O'Brien <o@example.com>"),
    FROM(" John [Sales] Doe <john@example.com>"),
    FROM(" [EXT] John <john@example.com>"),
    FROM(" John Doe - Example GmbH & Co. KG <john@example.com>"),
    FROM(" John Doe | Example <john@example.com>"),
    FROM(" John/Doe <john@example.com>"),
    FROM(" \xe2\x98\x85 John! #1 100% $ave * + = ? ^ _ ` { | } ~ <john@example.com>"),
    FROM(" John Doe) <john@example.com>"),
    FROM(" Info: John <john@example.com>"),
    FROM(" Re: Fwd: John <john@example.com>"),
    FROM(" J\xc3\xb6rg M\xc3\xbcller <joerg@example.com>"),
    FROM(" J\xf6rg M\xfcller <joerg@example.com>"),
    FROM(" \"J\xf6rg M\xfcller\" <joerg@example.com>"),
    FROM(" \"\x1b$B%F%9%H\x1b(B\" <a@example.com>"),
    FROM(" \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd <ivan@example.com>"),
    FROM(" \xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa\xe9\x83\x8e<yamada@example.com>"),
    FROM(" \xff\xfe <a@example.com>"),
    FROM(" =?utf-8?B?SsO2cmc=?= <j@example.com>"),
    FROM(" =?UTF-8?Q?J=C3=B6rg_M=C3=BCller?= <j@example.com>"),
    FROM(" =?iso-8859-1?Q?J=F6rg?= =?iso-8859-1?Q?_M=FCller?= <j@example.com>"),
    FROM(" =?iso-8859-1?Q?J=F6rg?=\r\n =?iso-8859-1?Q?_M=FCller?=\r\n <j@example.com>"),
    FROM(" \"=?utf-8?B?SsO2cmc=?=\" <j@example.com>"),
    FROM(" =?utf-8?Q?J=C3=B6rg?=<j@example.com>"),
    FROM(" =?utf-8?Q?J=C3=B6rg?= M. <j@example.com>"),
    FROM(" =?utf-8?Q?M=C3=BCller,_J?= <j@example.com>"),
    FROM(" =?utf-8?Q?Team:_M=C3=BCller;?= <j@example.com>"),
    FROM(" =?utf-8?Q?J=C3=B6rg_(Sales)?= <j@example.com>"),
    FROM(" =?utf-8?Q?\"J=C3=B6rg\"?= <j@example.com>"),
    FROM(" =?utf-8?Q?j@example.com?= <j@example.com>"),
    FROM(" =?utf-8*de?Q?J=C3=B6rg.M?= <j@example.com>"),
    FROM(" =?broken <j@example.com>"),
    /* comments */
    FROM(" john@example.com (John Doe)"),
    FROM(" john@example.com (Doe, John)"),
    FROM(" john@example.com (john@example.net)"),
    FROM(" john@example.com(John)"),
    FROM(" (John) john@example.com"),
    FROM(" (john@example.net) john@example.com"),
    FROM(" john(x)@example.com"),
    FROM(" john@(x)example.com"),
    FROM(" john@example(x).com"),
    FROM(" john (x) @ (y) example.com (z)"),
    FROM(" Pete(A nice \\) chap) <pete(his account)@example.com(his host)>"),
    FROM(" (a (b (c \\( d)) e) John (f) <(g) john (h) @ (i) example (j) . (k) com (l)> (m)"),
    FROM(" John (Sales; EMEA: DE) <john@example.com>"),
    FROM(" John (\"quoted) <john@example.com>"),
    FROM(" () <john@example.com>"),
    FROM(" John <john@example.com> ()"),
    FROM(" John <john@example.com> (a) (b)"),
    FROM(" John (J\xf6rg) <john@example.com>"),
    FROM(" John (=?utf-8?Q?J=C3=B6rg?=) <john@example.com>"),
    /* folding */
    FROM("\r\n john@example.com"),
    FROM(" John Doe\r\n <john@example.com>"),
    FROM(" John Doe\n <john@example.com>"),
    FROM(" John Doe\r\n\t<john@example.com>"),
    FROM(" John\r\n Doe\r\n\t<john@example.com>\r\n "),
    FROM(" \"John\r\n Doe\" <john@example.com>"),
    FROM(" (John\r\n Doe) john@example.com"),
    FROM(" John Doe <\r\n john@example.com>"),
    FROM(" John Doe <john@example.com\r\n >"),
    FROM(" john@example.com\r\n"),
    FROM(" \r\n\tjohn@example.com"),
    FROM(" John Doe\r\n \r\n <john@example.com>"),
    FROM(" John\tDoe\t<john@example.com>"),
    /* obsolete syntax (RFC 5322 section 4) */
    FROM(" Joe <@example.org:joe@example.com>"),
    FROM(" <@example.org,@example.net:joe@example.com>"),
    FROM(" <@example.org, , @example.net : joe @ example . com>"),
    FROM(" Joe Q. Public <john . q . public@example.com>"),
    FROM(" john . doe @ example . com"),
    FROM(" \"john\" . doe@example.com"),
    FROM(" john @example.com"),
    FROM(" john@ example.com"),
    FROM(" ,john@example.com"),
    FROM(" john@example.com,"),
    FROM(" , ,John <john@example.com>, ,"),
    FROM(" John <john@example.com>;"),
    FROM(" john@example.com;"),
    FROM(" john@example.com, (nobody)"),
    /* from the examples of RFC 822 and its successors */
    { OF(" \":sysmail\"@  Some-Group. Some-Org"), "some-group.some-org" },
    { OF(" Muhammed.(I am  the greatest) Ali @(the)\r\n Vegas.WBA"), "vegas.wba" },
    { OF(" Alfred Neuman <Neuman@BBN-TENEXA>"), "bbn-tenexa" },
    { OF(" Who? <one@y.test>"), "y.test" },
    { OF(" \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"), "example.net" },
    { OF(" Mary Smith <@node.test:mary@example.net>, , smith@example  . net"), "example.net" },
    { OF(" (Empty list)(start)A (x) : (c) a@b.test (x), (y) ; (z)"), "b.test" },
    /* several mailboxes */
    FROM(" john@example.com, jane@example.com"),
    FROM(" John <john@example.com>, Jane <jane@EXAMPLE.com>"),
    FROM(" \"Doe, John\" <john@example.com>,\r\n \"Doe, Jane\" <jane@example.com>"),
    FROM(" john@example.com,jane@example.com,"),
    FROM(" john@example.com; jane@example.com"),
    { OF(" john@b\xc3\xbc""cher.example, jane@xn--bcher-kva.example"), "xn--bcher-kva.example" },
    /* groups (RFC 6854) */
    FROM(" Team: john@example.com;"),
    FROM(" Team: john@example.com, Jane <jane@example.com>;"),
    FROM(" Team:John <john@example.com>;"),
    FROM(" \"The Team\": John <john@example.com> ;"),
    FROM(" A Group (x) : (y) John <john@example.com> (z) ; (w)"),
    FROM(" =?utf-8?Q?T=C3=A9am?=: john@example.com;"),
    FROM(" Team.One: ,john@example.com,, ;"),
    FROM(" Team: john@example.com;, jane@example.com"),
    FROM(" Team: john@example.com"),
    FROM(" Nobody:; , john@example.com"),
    FROM(" mailto:john@example.com"),
};

/* Never the attacker's domain alone. */
static const struct {
    struct text value;
    enum author_status status;
} refused[] = {
    /* the author is another than what some reader shows */
    { OF(" admin@legitimate.com,<second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" <first@attack.com>, <admin@legitimate.com>"), AUTHOR_SEVERAL },
    { OF(" admin@legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" 'admin@legitimate.com' <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" Admin admin@legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" admin@legitimate.com Admin <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" admin @ legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" admin@legitimate(x).com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" \"admin\"@legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" @legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" a@attack.com@legitimate.com <second@attack.com>"), AUTHOR_SEVERAL },
    { OF(" Team: admin@legitimate.com; x@attack.com"), AUTHOR_SEVERAL },
    { OF(" Team: admin@legitimate.com, x@attack.com;"), AUTHOR_SEVERAL },
    { OF(" a@attack.com; admin@legitimate.com"), AUTHOR_SEVERAL },
    { OF(" =?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?=,<second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" =?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?="), AUTHOR_UNPARSABLE },
    { OF(" <=?utf-8?B?YWRtaW5AbGVnaXRpbWF0ZS5jb20=?=>"), AUTHOR_UNPARSABLE },
    { OF(" =?utf-8?Q?admin=40legitimate.com=00?=@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <=?utf-8?Q?admin=40legitimate.com=00?=@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" x=?utf-8?Q?admin=40legitimate.com?=@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"=?utf-8?Q?admin=40legitimate.com?=\"@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" a@=?utf-8?Q?legitimate.com?="), AUTHOR_UNPARSABLE },
    { OF(" =?utf-8?Q?x,admin@legitimate.com,?= <second@attack.com>"), AUTHOR_NO_DOMAIN },
    { OF(" <admin@legitimate.com>\\,<second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin@legitimate.com\\,<second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin\\, <second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" \\\"admin@legitimate.com\\\" <second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin\\@legitimate.com <second@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com>admin@legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com>Admin"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com> <admin@legitimate.com>"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com><admin@legitimate.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin <admin@legitimate.com <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <<admin@legitimate.com>any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <<any@attack.com>>"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com> \"admin@legitimate.com\""), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com>."), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com>: admin@legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" admin@legitimate.com> <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" > <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" -> Admin <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <admin@legitimate.com, any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <admin@legitimate.com any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <admin@legitimate.com;any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com admin@legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com Admin"), AUTHOR_UNPARSABLE },
    { OF(" Admin any@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"admin@legitimate.com\" any@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" admin@legitimate.com@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <admin@legitimate.com@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin@legitimate.com: x@attack.com;"), AUTHOR_UNPARSABLE },
    { OF(" @legitimate.com:x@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <admin(@legitimate.com>,)@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin(@legitimate.com)@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <(admin@legitimate.com)any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <any@attack.com(admin@legitimate.com)>"), AUTHOR_UNPARSABLE },
    { OF(" (<admin@legitimate.com>) any@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com (<admin@legitimate.com>)"), AUTHOR_UNPARSABLE },
    { OF(" Admin (<admin@legitimate.com>) <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com(admin@legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" Admin (x <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin <any@attack.com> (x"), AUTHOR_UNPARSABLE },
    { OF(" Admin <any@attack.com> )"), AUTHOR_UNPARSABLE },
    { OF(" \"Admin <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin\" <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" \"Admin\\\" <any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" any@attack.com.(x).legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" a b@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <a b@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" a\"b\"@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"a\"b@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"a\" \"b\"@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" a@attack.com legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" a@attack..com"), AUTHOR_UNPARSABLE },
    { OF(" a@.attack.com"), AUTHOR_UNPARSABLE },
    { OF(" @attack.com"), AUTHOR_UNPARSABLE },
    { OF(" <@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" <@legitimate.com:>"), AUTHOR_UNPARSABLE },
    { OF(" <@legitimate.com;x:a@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" .@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" a@"), AUTHOR_UNPARSABLE },
    { OF(" <a@>"), AUTHOR_UNPARSABLE },
    { OF(" John Doe"), AUTHOR_UNPARSABLE },
    { OF(" <John Doe>"), AUTHOR_UNPARSABLE },
    { OF(" : a@attack.com"), AUTHOR_UNPARSABLE },
    /* octets */
    { OF(" ad\0min@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" admin@attack.com\0"), AUTHOR_UNPARSABLE },
    { OF(" admin@attack.com\0.legitimate.com"), AUTHOR_UNPARSABLE },
    { OF(" \"a\0b\" <admin@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" (a\0b) admin@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" A\0 <admin@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin@attack\x01.com"), AUTHOR_UNPARSABLE },
    { OF(" ad\x7fmin@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"ad\x01min\"@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" A\x1b <admin@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" admin@legitimate.com\rx@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" Admin\r<any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin\n<any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" Admin\r\n<any@attack.com>"), AUTHOR_UNPARSABLE },
    { OF(" ad\xffmin@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" \"ad\xffmin\"@attack.com"), AUTHOR_UNPARSABLE },
    { OF(" admin@legit\xff.example <any@attack.com>"), AUTHOR_UNPARSABLE },
    /* no author domain */
    { OF(""), AUTHOR_NO_MAILBOX },
    { OF(" "), AUTHOR_NO_MAILBOX },
    { OF("\r\n "), AUTHOR_NO_MAILBOX },
    { OF(" , ,"), AUTHOR_NO_MAILBOX },
    { OF(" ;"), AUTHOR_NO_MAILBOX },
    { OF(" (nobody)"), AUTHOR_NO_MAILBOX },
    { OF(" Undisclosed: ;"), AUTHOR_NO_MAILBOX },
    { OF(" Undisclosed:; (x)"), AUTHOR_NO_MAILBOX },
    { OF(" root"), AUTHOR_NO_DOMAIN },
    { OF(" <root>"), AUTHOR_NO_DOMAIN },
    { OF(" John <root>"), AUTHOR_NO_DOMAIN },
    { OF(" <>"), AUTHOR_NO_DOMAIN },
    { OF(" John <>"), AUTHOR_NO_DOMAIN },
    { OF(" \"john@example.com\""), AUTHOR_NO_DOMAIN },
    { OF(" a@[192.0.2.1]"), AUTHOR_NO_DOMAIN },
    { OF(" <a@[IPv6:2001:db8::1]>"), AUTHOR_NO_DOMAIN },
    { OF(" a@attack.com, b@[192.0.2.1]"), AUTHOR_NO_DOMAIN },
    { OF(" b@[192.0.2.1], a@attack.com"), AUTHOR_NO_DOMAIN },
    { OF(" a@attack.com, root"), AUTHOR_NO_DOMAIN },
    { OF(" Doe, John <a@attack.com>"), AUTHOR_NO_DOMAIN },
    { OF(" 'a@attack.com'"), AUTHOR_NO_DOMAIN },
    { OF(" a@legit\xff.example"), AUTHOR_NO_DOMAIN },
    { OF(" a@legitimate.com'x"), AUTHOR_NO_DOMAIN },
    { OF(" a@xn--.example"), AUTHOR_NO_DOMAIN },
};

static const char *status_name(const struct author *author)
{
    return name_of(author_status_names, (int)author->status);
}

static void legitimate_values(void **state)
{
    size_t count = sizeof legitimate / sizeof *legitimate;

    (void)state;
    assert_true(count >= 120);
    for (size_t i = 0; i < count; i++) {
        struct author author;

        author_parse(legitimate[i].value, &author);
        if (author.status != AUTHOR_OK || author.count != 1 ||
            strcmp(author.domains[0], legitimate[i].domain) != 0)
            fail_msg("From:%.*s: %s %s", TEXT_ARGS(legitimate[i].value), status_name(&author),
                     author.domains[0]);
    }
}

static void refused_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        bool several = refused[i].status == AUTHOR_SEVERAL;
        struct author author;

        author_parse(refused[i].value, &author);
        if (author.status != refused[i].status || author.count != (several ? 2 : 0))
            fail_msg("From:%.*s: %s, %zu domains", TEXT_ARGS(refused[i].value),
                     status_name(&author), author.count);
        if (several)
            assert_true(!strcmp(author.domains[0], "legitimate.com") ||
                        !strcmp(author.domains[1], "legitimate.com"));
    }
}

/* The first domain shown is the first listed. */
static void order_of_appearance(void **state)
{
    struct author author;

    (void)state;
    author_parse(TEXT("b@b.org, a@a.org, c@b.org"), &author);
    assert_int_equal(author.status, AUTHOR_SEVERAL);
    assert_int_equal(author.count, 2);
    assert_string_equal(author.domains[0], "b.org");
    assert_string_equal(author.domains[1], "a.org");
}

static void local_part_of_the_only_mailbox(void **state)
{
    static const struct {
        const char *value, *local_part;
    } rows[] = {
        { " a.b+c@b.org", "a.b+c" },
        { " A Person <John.Doe@b.org>", "John.Doe" },
        { " (c) < (d) a @b.org>", "a" },
        { " \"a b\"@b.org", "\"a b\"" },
        { " g: a@b.org;", "a" },
        { " x@b.org <a@b.org>", "a" },
        { " a@b.org, c@b.org", "" },
        { " a@b.org, c@d.org", "" },
        { " a", "" },
        { " a@[192.0.2.1]", "" },
        { " a@b.org,\\", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct author author;

        author_parse(text_of(rows[i].value), &author);
        if (!text_equal(author.local_part, text_of(rows[i].local_part)))
            fail_msg("From:%s: %.*s", rows[i].value, TEXT_ARGS(author.local_part));
    }
}

static void many_domains(void **state)
{
    char value[400];
    struct author author;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < AUTHOR_DOMAINS_MAX; i++)
        len += (size_t)snprintf(value + len, sizeof value - len, "a@d%d.org,", i);
    author_parse(text_of(value), &author);
    assert_int_equal(author.status, AUTHOR_SEVERAL);
    assert_int_equal(author.count, AUTHOR_DOMAINS_MAX);
    snprintf(value + len, sizeof value - len, "a@D0.org");
    author_parse(text_of(value), &author);
    assert_int_equal(author.status, AUTHOR_SEVERAL);
    snprintf(value + len, sizeof value - len, "a@more.org,b@d0.org");
    author_parse(text_of(value), &author);
    assert_int_equal(author.status, AUTHOR_TOO_MANY);
    assert_int_equal(author.count, AUTHOR_DOMAINS_MAX);
    assert_string_equal(author.domains[0], "d0.org");
    snprintf(value + len, sizeof value - len, "a@more.org,b");
    author_parse(text_of(value), &author);
    assert_int_equal(author.status, AUTHOR_NO_DOMAIN);
}

static void comment_depth(void **state)
{
    for (int depth = COMMENT_DEPTH_MAX; depth <= COMMENT_DEPTH_MAX + 1; depth++) {
        char value[2 * COMMENT_DEPTH_MAX + 40] = "";
        struct author author;

        memset(value, '(', (size_t)depth);
        memset(value + depth, ')', (size_t)depth);
        strcat(value, "a@example.com");
        author_parse(text_of(value), &author);
        assert_int_equal(author.status, depth > COMMENT_DEPTH_MAX ? AUTHOR_UNPARSABLE : AUTHOR_OK);
    }
    (void)state;
}

/* A megabyte of what parsers stumble on takes no time.  The limit is far above
 * what a linear parser needs and far below what a quadratic one does. */
static void linear(void **state)
{
    static const char *const units[] = {
        "(",      ")",      "()",        "((",          ",",     ";",   ":",    "<",   ">",
        "@",      ".",      "\"",        "\\",          "[",     "]",   " ",    "a",   "a@",
        "\r\n ",  "a@b",    "a@b,",      "@a.b ",       "a.",    "=?",  "=?a?", "[a",  "[a]",
        "=?a?q?", "=?a?q?b", "=?a?q?,?=", "a@\xc3\xbc.b,", "\"\"",  "\"\\", "a:",   "<@",  "\xff",
        "(@<)",   "a@\xc3\xbc", "a(x)@b(y).(z)c,",
    };
    static char value[1 << 20];

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]), len = 0;
        clock_t start = clock();
        struct author author;

        for (; len + unit + 20 < sizeof value; len += unit)
            memcpy(value + len, units[i], unit);
        author_parse((struct text){ value, len }, &author);
        memcpy(value + len, "x <a@b.org>", 11);
        author_parse((struct text){ value, len + 11 }, &author);
        if (clock() - start > 5 * CLOCKS_PER_SEC)
            fail_msg("%s: %ld ms", units[i], (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
    }
}

static enum author_status of(const char *const *fields)
{
    struct message *message = message_new(0);
    struct author author;

    assert_non_null(message);
    for (; *fields; fields += 2)
        message_add_field(message, text_of(fields[0]), text_of(fields[1]));
    author_of(message, &author);
    message_free(message);
    return author.status;
}

static void of_a_message(void **state)
{
    (void)state;
    assert_int_equal(of((const char *const[]){ "From", " a@b.org", NULL }), AUTHOR_OK);
    assert_int_equal(of((const char *const[]){ "FROM\t", " a@b.org", NULL }), AUTHOR_OK);
    assert_int_equal(of((const char *const[]){ "From", " a@b.org", "from", " a@b.org", NULL }),
                     AUTHOR_MANY_FIELDS);
    assert_int_equal(of((const char *const[]){ "From", " a@b.org", "From ", " a@c.org", NULL }),
                     AUTHOR_MANY_FIELDS);
    assert_int_equal(of((const char *const[]){ "From", "", NULL }), AUTHOR_NO_MAILBOX);
    assert_int_equal(of((const char *const[]){ NULL }), AUTHOR_NO_FIELD);
    assert_int_equal(of((const char *const[]){ "Sender", " a@b.org", "Resent-From", " a@b.org",
                                               "Reply-To", " a@b.org", NULL }),
                     AUTHOR_NO_FIELD);
}

/* What was cut off could hold another author. */
static void cut_field(void **state)
{
    static char value[FIELD_OCTETS_MAX + 100];

    (void)state;
    memset(value, ' ', sizeof value - 1);
    memcpy(value, "a@b.org", 7);
    assert_int_equal(of((const char *const[]){ "From", value, NULL }), AUTHOR_UNPARSABLE);
    value[1000] = '\0';
    assert_int_equal(of((const char *const[]){ "From", value, NULL }), AUTHOR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legitimate_values),
        cmocka_unit_test(refused_values),
        cmocka_unit_test(order_of_appearance),
        cmocka_unit_test(local_part_of_the_only_mailbox),
        cmocka_unit_test(many_domains),
        cmocka_unit_test(comment_depth),
        cmocka_unit_test(linear),
        cmocka_unit_test(of_a_message),
        cmocka_unit_test(cut_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
