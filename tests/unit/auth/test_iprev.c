/* Unit tests of auth/iprev.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "auth/iprev.h"
#include "base/region.h"
#include "zone_scope.h"

#define PTR4(name) "1.2.0.192.in-addr.arpa PTR " name "\n"
#define PTR6(name)                                                                                 \
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR " name "\n"
#define WRONG(name) PTR4(name) name " A 203.0.113.9\n"

static const struct {
    const char *name, *zone, *client;
    enum result result;
    const char *confirmed;
} rows[] = {
    { "pass", PTR4("mx.example.org") "mx.example.org A 192.0.2.1\n", "192.0.2.1", RESULT_PASS,
      "mx.example.org" },
    { "among several addresses",
      PTR4("mx.example.org") "mx.example.org A 203.0.113.9\nmx.example.org A 192.0.2.1\n",
      "192.0.2.1", RESULT_PASS, "mx.example.org" },
    { "second name", WRONG("a.example.org") PTR4("b.example.org") "b.example.org A 192.0.2.1\n",
      "192.0.2.1", RESULT_PASS, "b.example.org" },
    { "alias", PTR4("mx.example.org") "mx.example.org CNAME h.example.org\n"
                                      "h.example.org A 192.0.2.1\n",
      "192.0.2.1", RESULT_PASS, "mx.example.org" },
    { "IPv6", PTR6("mx.example.org") "mx.example.org AAAA 2001:db8::1\n", "2001:db8::1",
      RESULT_PASS, "mx.example.org" },
    { "IPv6 client, IPv4 name", PTR6("mx.example.org") "mx.example.org A 192.0.2.1\n",
      "2001:db8::1", RESULT_FAIL, "" },
    { "no name leads back", WRONG("mx.example.org"), "192.0.2.1", RESULT_FAIL, "" },
    { "name does not exist", PTR4("mx.example.org"), "192.0.2.1", RESULT_FAIL, "" },
    { "no PTR", "", "192.0.2.1", RESULT_PERMERROR, "" },
    { "no PTR at the name", "1.2.0.192.in-addr.arpa TXT x\n", "192.0.2.1", RESULT_PERMERROR, "" },
    { "PTR is no host name", PTR4("a\\032b.example.org"), "192.0.2.1", RESULT_PERMERROR, "" },
    { "PTR not known", "$FAULT 1.2.0.192.in-addr.arpa PTR timeout\n", "192.0.2.1",
      RESULT_TEMPERROR, "" },
    { "name not known", PTR4("mx.example.org") "$FAULT mx.example.org A servfail\n", "192.0.2.1",
      RESULT_TEMPERROR, "" },
    { "one name not known, one wrong",
      WRONG("a.example.org") PTR4("b.example.org") "$FAULT b.example.org A servfail\n", "192.0.2.1",
      RESULT_TEMPERROR, "" },
    { "one name not known, one right",
      PTR4("a.example.org") "$FAULT a.example.org A servfail\n" PTR4("b.example.org")
          "b.example.org A 192.0.2.1\n",
      "192.0.2.1", RESULT_PASS, "b.example.org" },
    { "the eleventh name is not tried",
      WRONG("a.x") WRONG("b.x") WRONG("c.x") WRONG("d.x") WRONG("e.x") WRONG("f.x") WRONG("g.x")
          WRONG("h.x") WRONG("i.x") WRONG("j.x") PTR4("k.x") "k.x A 192.0.2.1\n",
      "192.0.2.1", RESULT_FAIL, "" },
};

/* Checks a row; with STARTED the lookups were begun before. */
static void check_row(size_t i, bool started)
{
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope(rows[i].zone, 100);
    struct findings findings;
    struct ip_address client;
    domain_name confirmed;

    print_message("%s\n", rows[i].name);
    assert_true(ip_parse(text_of(rows[i].client), &client));
    findings_init(&findings, region);
    if (started)
        iprev_start(scope, &client);
    check_iprev(&findings, scope, &client, confirmed);
    assert_int_equal(findings.first->method, METHOD_IPREV);
    assert_int_equal(findings.first->result, rows[i].result);
    assert_int_equal(findings.first->reason == NULL, rows[i].result == RESULT_PASS);
    assert_true(text_equal(finding_get(findings.first, "policy.iprev"), text_of(rows[i].client)));
    assert_string_equal(confirmed, rows[i].confirmed);
    dns_scope_unref(scope);
    region_free(region);
}

static void results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(i, false);
        check_row(i, true);
    }
}

/* The name that the MTA or the command line gives instead of a PTR record. */
static void given_names(void **state)
{
    static const struct {
        const char *zone;
        enum result result;
        const char *confirmed;
    } cases[] = {
        { "mx.example.org A 192.0.2.1\n", RESULT_PASS, "mx.example.org" },
        { "mx.example.org A 203.0.113.9\n" PTR4("b.example.org") "b.example.org A 192.0.2.1\n",
          RESULT_FAIL, "" },
        { "$FAULT mx.example.org A timeout\n", RESULT_TEMPERROR, "" },
    };
    struct ip_address client;

    (void)state;
    assert_true(ip_parse(TEXT("192.0.2.1"), &client));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct region *region = region_new(0);
        struct dns_scope *scope = zone_scope(cases[i].zone, 100);
        struct findings findings;
        domain_name confirmed;

        findings_init(&findings, region);
        check_iprev_named(&findings, scope, &client, "mx.example.org", confirmed);
        assert_int_equal(findings.first->result, cases[i].result);
        assert_string_equal(confirmed, cases[i].confirmed);
        dns_scope_unref(scope);
        region_free(region);
    }
}

static void no_client_no_finding(void **state)
{
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope("", 100);
    struct ip_address none = { .family = IP_NONE };
    struct findings findings;
    domain_name confirmed;

    (void)state;
    findings_init(&findings, region);
    iprev_start(scope, &none);
    check_iprev(&findings, scope, &none, confirmed);
    assert_null(findings.first);
    assert_string_equal(confirmed, "");
    dns_scope_unref(scope);
    region_free(region);
}

/* The names' addresses are asked for as soon as the PTR records are there. */
static void forward_lookups_follow_by_themselves(void **state)
{
    struct dns_scope *scope =
        zone_scope(PTR4("a.example.org") PTR4("b.example.org") PTR4("c.example.org"), 100);
    struct dns_scope_usage usage;
    struct ip_address client;

    (void)state;
    assert_true(ip_parse(TEXT("192.0.2.1"), &client));
    iprev_start(scope, &client);
    for (int i = 0; i < 500; i++) {
        dns_scope_usage(scope, &usage);
        if (usage.questions == 4)
            break;
        usleep(10000);
    }
    assert_int_equal(usage.questions, 4);
    dns_scope_unref(scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results),
        cmocka_unit_test(given_names),
        cmocka_unit_test(no_client_no_finding),
        cmocka_unit_test(forward_lookups_follow_by_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
