/* Unit tests of the zone-file backend: what is read, what is refused, and how
 * names are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/resolver.h"
#include "first_text.h"

static const char zone[] =
    "; a comment\n"
    "$TTL 1h\n"
    "$ORIGIN example.org.\n"
    "@\t\tIN MX 10 mx\n"
    "\t600\tMX 20 mx2.example.net.\n"
    "\tIN 60 TXT \"v=spf1 \" \"-all\" ; joined\n"
    "mx A 192.0.2.1\n"
    "mx 5m IN AAAA 2001:db8::1\n"
    "long TXT ( \"one;\" ; inside\n"
    "   two\\;\n"
    " \"\\\"q\\\\\\065\" )\n"
    "null MX 0 .\n"
    "Alias CNAME mx\n"
    "alias2 CNAME alias\n"
    "dangling CNAME nowhere.example.\n"
    "loop1 CNAME loop2\n"
    "loop2 CNAME loop1\n"
    "deep.er.tree TXT x\n"
    "*.wild TXT \"wild\"\n"
    "real.wild A 192.0.2.2\n"
    "evil PTR a\\.b.example.org.\n"
    "evil PTR a\\000b.example.org.\n"
    "evil PTR with\\032space.example.org.\n"
    "evil PTR good_one.example.org.\n"
    "evilmx MX 5 bad\\ name\n"
    "evilmx MX 6 bad\\092name\n"
    "evilmx MX 7 bad\\.name\n"
    "evilmx MX 8 bad\\195\\188name\n"
    "oddmx MX 5 foo:bar/<baz>\n" /* to be asked for, RFC 7208 */
    "oddname PTR foo:bar/baz\n"
    "tlsa TLSA 3 1 1 AABB ccdd\n"
    "we\\(rd TXT odd\n"
    "sp\\032ace TXT spaced\n"
    "to-slow CNAME slow\n"
    "$FAULT slow TXT timeout\n"
    "$FAULT broken * servfail\n"
    "$FAULT error.*. ANY timeout\n"
    "slow A 192.0.2.3\n"
    "slow TXT x";

struct lookup {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    size_t count;
    const char *text; /* of the first record, or `why` */
};

static const struct lookup lookups[] = {
    { "example.org", DNS_MX, DNS_OK, 2, "mx.example.org" },
    { "EXAMPLE.org", DNS_TXT, DNS_OK, 1, "v=spf1 -all" },
    { "example.org", DNS_A, DNS_NODATA, 0, NULL },
    { "org", DNS_A, DNS_NODATA, 0, NULL },
    { "example.net", DNS_A, DNS_NXDOMAIN, 0, NULL },
    { "nothing.example.org", DNS_TXT, DNS_NXDOMAIN, 0, NULL },
    { "long.example.org", DNS_TXT, DNS_OK, 1, "one;two;\"q\\A" },
    { "null.example.org", DNS_MX, DNS_OK, 1, "" },
    { "alias.example.org", DNS_CNAME, DNS_OK, 1, "mx.example.org" },
    { "alias2.example.org", DNS_A, DNS_OK, 1, NULL },
    { "alias2.example.org", DNS_TXT, DNS_NODATA, 0, NULL },
    { "dangling.example.org", DNS_A, DNS_NXDOMAIN, 0, NULL },
    { "loop1.example.org", DNS_A, DNS_TEMPFAIL, 0, "too many CNAMEs" },
    { "er.tree.example.org", DNS_TXT, DNS_NODATA, 0, NULL },
    { "tree.example.org", DNS_TXT, DNS_NODATA, 0, NULL },
    { "x.tree.example.org", DNS_TXT, DNS_NXDOMAIN, 0, NULL },
    { "a.wild.example.org", DNS_TXT, DNS_OK, 1, "wild" },
    { "a.b.wild.example.org", DNS_TXT, DNS_OK, 1, "wild" },
    { "a.b.wild.example.org", DNS_A, DNS_NODATA, 0, NULL },
    { "wild.example.org", DNS_TXT, DNS_NODATA, 0, NULL },
    { "real.wild.example.org", DNS_TXT, DNS_NODATA, 0, NULL },
    { "below.real.wild.example.org", DNS_TXT, DNS_NXDOMAIN, 0, NULL },
    { "evil.example.org", DNS_PTR, DNS_OK, 1, "good_one.example.org" },
    { "evilmx.example.org", DNS_MX, DNS_NODATA, 0, NULL },
    { "oddmx.example.org", DNS_MX, DNS_OK, 1, "foo:bar/<baz>.example.org" },
    { "oddname.example.org", DNS_PTR, DNS_NODATA, 0, NULL },
    { "tlsa.example.org", DNS_TLSA, DNS_OK, 1, "\003\001\001\252\273\314\335" },
    { "we(rd.example.org", DNS_TXT, DNS_OK, 1, "odd" },
    { "sp ace.example.org", DNS_TXT, DNS_OK, 1, "spaced" },
    { "slow.example.org", DNS_TXT, DNS_TEMPFAIL, 0, "timeout" },
    { "slow.example.org", DNS_A, DNS_OK, 1, NULL },
    { "to-slow.example.org", DNS_TXT, DNS_TEMPFAIL, 0, "timeout" },
    { "broken.example.org", DNS_PTR, DNS_TEMPFAIL, 0, "SERVFAIL" },
    { "error.example.com", DNS_TXT, DNS_TEMPFAIL, 0, "timeout" },
    { "error.a.b", DNS_MX, DNS_TEMPFAIL, 0, "timeout" },
    { "error", DNS_MX, DNS_NXDOMAIN, 0, NULL },
    { "an.error.example", DNS_MX, DNS_NXDOMAIN, 0, NULL },
    { "", DNS_A, DNS_NXDOMAIN, 0, NULL },
    { ".", DNS_A, DNS_NXDOMAIN, 0, NULL },
    { "a..org", DNS_A, DNS_NXDOMAIN, 0, NULL },
    { "a\nb.org", DNS_A, DNS_NXDOMAIN, 0, NULL },
};

static struct resolver *open_zone(const char *text)
{
    char error[200] = "";
    struct resolver *resolver = resolver_new_zone_text(text_of(text), error, sizeof error);

    if (!resolver)
        fail_msg("%s", error);
    return resolver;
}

static void check_lookup(struct resolver *resolver, const struct lookup *l)
{
    struct dns_future *future = dns_start(resolver, l->name, l->type, NULL, NULL);
    const struct dns_answer *answer = dns_wait(future, 0);
    struct text expected = text_of(l->text);

    print_message("%s %s\n", l->name, name_of(dns_type_names, (int)l->type));
    assert_non_null(answer);
    assert_int_equal(answer->status, l->status);
    assert_int_equal(answer->type, l->type);
    assert_int_equal(answer->count, l->count);
    if (l->text && l->count)
        assert_true(text_equal(first_text(answer), expected));
    else if (l->text)
        assert_string_equal(answer->why, l->text);
    dns_future_unref(future);
}

static void zone_answers(void **state)
{
    struct resolver *resolver = open_zone(zone);

    (void)state;
    for (size_t i = 0; i < sizeof lookups / sizeof lookups[0]; i++)
        check_lookup(resolver, &lookups[i]);
    resolver_unref(resolver);
}

static void zone_details(void **state)
{
    struct resolver *resolver = open_zone(zone);
    struct dns_future *future = dns_start(resolver, "example.org", DNS_MX, NULL, NULL);
    const struct dns_answer *answer = dns_wait(future, 0);

    (void)state;
    assert_int_equal(answer->ttl, 600); /* the smaller one */
    assert_int_equal(answer->records[1].mx.preference, 20);
    assert_string_equal(answer->records[1].mx.exchange, "mx2.example.net");
    assert_false(answer->through_cname);
    dns_future_unref(future);

    future = dns_start(resolver, "dangling.example.org", DNS_A, NULL, NULL);
    assert_true(dns_wait(future, 0)->through_cname);
    dns_future_unref(future);

    future = dns_start(resolver, "evil.example.org", DNS_PTR, NULL, NULL);
    assert_int_equal(dns_wait(future, 0)->refused, 3);
    dns_future_unref(future);

    future = dns_start(resolver, "evilmx.example.org", DNS_MX, NULL, NULL);
    assert_int_equal(dns_wait(future, 0)->refused, 4);
    dns_future_unref(future);

    future = dns_start(resolver, "mx.example.org", DNS_AAAA, NULL, NULL);
    assert_int_equal(dns_wait(future, 0)->ttl, 300);
    assert_int_equal(dns_wait(future, 0)->records[0].address[15], 1);
    dns_future_unref(future);
    resolver_unref(resolver);
}

static void relative_to_the_root_without_origin(void **state)
{
    struct resolver *resolver = open_zone("host A 192.0.2.1\r\n\r\n$FAULT *.bad * timeout\r\n");
    const struct lookup expected[] = {
        { "host", DNS_A, DNS_OK, 1, NULL },
        { "x.y.bad", DNS_A, DNS_TEMPFAIL, 0, "timeout" },
        { "bad", DNS_A, DNS_NXDOMAIN, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        check_lookup(resolver, &expected[i]);
    resolver_unref(resolver);
}

static void impossible_names_are_nxdomain(void **state)
{
    struct resolver *resolver = open_zone("* TXT everything\n");
    char label64[70], name254[300] = "", name253[300] = "";
    struct lookup l = { NULL, DNS_TXT, DNS_NXDOMAIN, 0, NULL };

    (void)state;
    memset(label64, 'a', 64);
    strcpy(label64 + 64, ".org");
    l.name = label64;
    check_lookup(resolver, &l);
    for (int i = 0; i < 127; i++)
        strcat(name254, "a.");
    l.name = name254; /* 127 labels, a trailing dot: 253 octets */
    l.status = DNS_OK;
    l.count = 1;
    check_lookup(resolver, &l);
    memcpy(name253, name254, 254);
    strcat(name253, "ab");
    l = (struct lookup){ name253, DNS_TXT, DNS_NXDOMAIN, 0, NULL };
    check_lookup(resolver, &l);
    resolver_unref(resolver);
}

static void long_text_is_split_and_capped(void **state)
{
    static char text[60000];
    struct resolver *resolver;
    struct dns_future *future;
    const struct dns_answer *answer;
    size_t at;

    (void)state;
    at = (size_t)sprintf(text, "a TXT ");
    memset(text + at, 'x', 1000);
    at += 1000;
    at += (size_t)sprintf(text + at, "\nbig TXT ");
    memset(text + at, 'y', DNS_TXT_MAX);
    at += DNS_TXT_MAX;
    at += (size_t)sprintf(text + at, "\nbigger TXT ok\nbigger TXT z");
    memset(text + at, 'z', DNS_TXT_MAX);
    resolver = open_zone(text);

    future = dns_start(resolver, "a", DNS_TXT, NULL, NULL);
    assert_int_equal(dns_wait(future, 0)->records[0].data.len, 1000);
    dns_future_unref(future);
    future = dns_start(resolver, "big", DNS_TXT, NULL, NULL);
    answer = dns_wait(future, 0);
    assert_int_equal(answer->records[0].data.len, DNS_TXT_MAX);
    assert_false(answer->capped);
    dns_future_unref(future);
    future = dns_start(resolver, "bigger", DNS_TXT, NULL, NULL);
    answer = dns_wait(future, 0);
    assert_int_equal(answer->count, 1);
    assert_true(answer->capped);
    assert_int_equal(answer->records[0].data.len, 2);
    dns_future_unref(future);
    resolver_unref(resolver);
}

static void many_records_are_capped(void **state)
{
    static char text[40000];
    struct resolver *resolver;
    struct dns_future *future;
    size_t at = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        at += (size_t)sprintf(text + at, "a A 192.0.2.%d\n", i);
    resolver = open_zone(text);
    future = dns_start(resolver, "a", DNS_A, NULL, NULL);
    assert_int_equal(dns_wait(future, 0)->count, DNS_RECORDS_MAX);
    assert_true(dns_wait(future, 0)->capped);
    dns_future_unref(future);
    resolver_unref(resolver);
}

static const struct {
    const char *zone, *error;
} refused[] = {
    { "\n\na B 192.0.2.1\n", "zone:3: unknown record type" },
    { "a\n", "zone:1: record type expected" },
    { " A 192.0.2.1\n", "zone:1: record without a name" },
    { "a A 192.0.2.256\n", "zone:1: bad address" },
    { "a A\n", "zone:1: address expected" },
    { "a A 192.0.2.1 x\n", "zone:1: unexpected text at the end of the entry" },
    { "a AAAA 192.0.2.1\n", "zone:1: bad address" },
    { "a MX mx\n", "zone:1: number out of range" },
    { "a MX 65536 mx\n", "zone:1: number out of range" },
    { "a MX 5\n", "zone:1: name expected" },
    { "a MX 5 a..b\n", "zone:1: bad name" },
    { "a TXT\n", "zone:1: string expected" },
    { "a TXT \"open\nb A 192.0.2.1\n", "zone:1: string without closing quote" },
    { "a TXT x\\", "zone:1: backslash at the end of a line" },
    { "a TXT \\256\n", "zone:1: bad escape" },
    { "a TXT \\25\n", "zone:1: bad escape" },
    { "a TXT (x\ny\n", "zone:3: missing )" },
    { "a TXT x)\n", "zone:1: ) without (" },
    { "a CH TXT x\n", "zone:1: unknown record type" },
    { "a IN IN TXT x\n", "zone:1: unknown record type" },
    { "a 99999999999 TXT x\n", "zone:1: unknown record type" },
    { "a TLSA 3 1 1 abc\n", "zone:1: odd number of hexadecimal digits" },
    { "a TLSA 3 1 1 zz\n", "zone:1: bad hexadecimal digit" },
    { "a TLSA 3 1 256 00\n", "zone:1: number out of range" },
    { "a SOA x y 1 2 3 4 5\n", "zone:1: unknown record type" },
    { "$INCLUDE x\n", "zone:1: unknown directive" },
    { "$GENERATE 1-2 a$ A 192.0.2.$\n", "zone:1: unknown directive" },
    { "$ORIGIN\n", "zone:1: name expected" },
    { "$ORIGIN a b\n", "zone:1: unexpected text at the end of the entry" },
    { "$TTL x\n", "zone:1: bad TTL" },
    { "\n$FAULT a TXT slow\n", "zone:2: timeout or servfail expected" },
    { "$FAULT a XYZ timeout\n", "zone:1: unknown record type" },
    { "$FAULT a TXT\n", "zone:1: timeout or servfail expected" },
    { "$FAULT\n", "zone:1: name expected" },
    { "a.b..c A 192.0.2.1\n", "zone:1: bad name" },
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa A 192.0.2.1\n",
      "zone:1: bad name" },
    { "\"a\" A 192.0.2.1\n", "zone:1: name expected" },
};

static void bad_lines_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char error[200] = "";

        print_message("%s", refused[i].zone);
        assert_null(resolver_new_zone_text(text_of(refused[i].zone), error, sizeof error));
        assert_string_equal(error, refused[i].error);
    }
}

static void nul_octets_are_refused(void **state)
{
    char error[200] = "";

    (void)state;
    assert_null(resolver_new_zone_text(TEXT("a TXT x\0y\n"), error, sizeof error));
    assert_string_equal(error, "zone:1: unexpected character");
}

static void files_are_read(void **state)
{
    char path[] = "/tmp/vidimus-zone-XXXXXX", error[200] = "";
    int fd = mkstemp(path);
    struct resolver *resolver;
    char expected[100];

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a A 192.0.2.1\n\nb X\n", 14), 14);
    resolver = resolver_new_zone(path, error, sizeof error);
    assert_non_null(resolver);
    resolver_unref(resolver);
    assert_int_equal(write(fd, "\nb X\n", 5), 5);
    close(fd);
    assert_null(resolver_new_zone(path, error, sizeof error));
    snprintf(expected, sizeof expected, "%s:3: unknown record type", path);
    assert_string_equal(error, expected);
    unlink(path);
    assert_null(resolver_new_zone(path, error, sizeof error));
    snprintf(expected, sizeof expected, "%s: No such file or directory", path);
    assert_string_equal(error, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zone_answers),
        cmocka_unit_test(zone_details),
        cmocka_unit_test(relative_to_the_root_without_origin),
        cmocka_unit_test(impossible_names_are_nxdomain),
        cmocka_unit_test(long_text_is_split_and_capped),
        cmocka_unit_test(many_records_are_capped),
        cmocka_unit_test(bad_lines_are_told),
        cmocka_unit_test(nul_octets_are_refused),
        cmocka_unit_test(files_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
