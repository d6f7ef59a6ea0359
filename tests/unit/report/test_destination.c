/* Who may have reports: the URIs of rua, and what DNS says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../lib/region_fixture.h"
#include "../../lib/rounds.h"
#include "dns/resolver.h"
#include "dns/scope.h"
#include "report/destination.h"

static const struct {
    const char *rua;
    const char *addresses; /* joined by a blank */
} uris[] = {
    { "mailto:a@example.org", "a@example.org" },
    { "MAILTO:a@Example.ORG", "a@example.org" },
    { " mailto:a@example.org , mailto:b@example.org ", "a@example.org b@example.org" },
    { "mailto:a@example.org!10m", "a@example.org" },
    { "mailto:a@example.org?subject=x", "a@example.org" },
    { "mailto:a%2Bb@example.org", "a+b@example.org" },
    { "mailto:a%21b@example.org", "a!b@example.org" },
    { "mailto:a@example.org,mailto:a@EXAMPLE.org", "a@example.org" },
    { "https://example.org/r,mailto:a@example.org", "a@example.org" },
    { "mailto:a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
    { "", "" },
    { ",,", "" },
    { "a@example.org", "" },
    { "mailto:", "" },
    { "mailto:a", "" },
    { "mailto:@example.org", "" },
    { "mailto:a@", "" },
    { "mailto:a@[192.0.2.1]", "" },
    { "mailto:a%0D%0ARCPT@example.org", "" },
    { "mailto:a%@example.org", "" },
    { "mailto:a%2@example.org", "" },
    { "mailto:a%00b@example.org", "" },
    { "mailto:\"a b\"@example.org", "" },
    { "mailto:a>@example.org", "" },
    { "mailto:.a@example.org", "" },
    { "mailto:a..b@example.org", "" },
    { "mailto:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org", "" },
    { "mailto:1@a.example,mailto:2@a.example,mailto:3@a.example,mailto:4@a.example,"
      "mailto:5@a.example,mailto:6@a.example",
      "1@a.example 2@a.example 3@a.example 4@a.example 5@a.example" },
};

static void test_uris(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct destination d[DESTINATIONS_MAX];
        size_t count = destinations_parse(uris[i].rua, d);
        char joined[DESTINATIONS_MAX * (ADDRESS_SIZE + 1)] = "", *end = joined;

        for (size_t j = 0; j < count; j++)
            end = stpcpy(stpcpy(end, j ? " " : ""), d[j].address);
        if (strcmp(joined, uris[i].addresses) != 0)
            fail_msg("%s: %s, not %s", uris[i].rua, joined, uris[i].addresses);
    }
}

static const char *const states[] = {
    [DESTINATION_READY] = "ready",
    [DESTINATION_LATER] = "later",
    [DESTINATION_REFUSED] = "refused",
};

static const char zone[] =
    "_dmarc.example.org. TXT \"v=DMARC1; p=none; rua=mailto:x@collector.example\"\n"
    "_dmarc.sub.example.org. TXT \"v=DMARC1; p=none\"\n"
    "_dmarc.collector.example. TXT \"v=DMARC1; p=reject\"\n"
    "example.org._report._dmarc.yes.example. TXT \"v=DMARC1\"\n"
    "example.org._report._dmarc.semicolon.example. TXT \"v=DMARC1;\"\n"
    "*._report._dmarc.all.example. TXT \"v=DMARC1;\"\n"
    "example.org._report._dmarc.replaced.example. TXT \"v=DMARC1; rua=mailto:new@replaced.example\"\n"
    "example.org._report._dmarc.moved.example. TXT \"v=DMARC1; rua=mailto:new@victim.example\"\n"
    "example.org._report._dmarc.failures.example. TXT "
    "\"v=DMARC1; rua=mailto:x@victim.example; ruf=mailto:new@failures.example\"\n"
    "example.org._report._dmarc.gone.example. TXT \"v=DMARC1; ruf=mailto:x@victim.example\"\n"
    "example.org._report._dmarc.other.example. TXT \"hello\"\n"
    "example.org._report._dmarc.among.example. TXT \"hello\"\n"
    "example.org._report._dmarc.among.example. TXT \"v=DMARC1\"\n"
    "$FAULT example.org._report._dmarc.dead.example. TXT servfail\n"
    "$FAULT _dmarc.unknown.example. TXT timeout\n";

static const struct {
    const char *domain;
    const char *rua;
    enum destination_state state;
    const char *address;
} permissions[] = {
    { "example.org", "mailto:a@example.org", DESTINATION_READY, "a@example.org" },
    { "example.org", "mailto:a@mail.example.org", DESTINATION_READY, "a@mail.example.org" },
    { "sub.example.org", "mailto:a@example.org", DESTINATION_READY, "a@example.org" },
    { "example.org", "mailto:a@yes.example", DESTINATION_READY, "a@yes.example" },
    { "example.org", "mailto:a@semicolon.example", DESTINATION_READY, "a@semicolon.example" },
    { "example.org", "mailto:a@all.example", DESTINATION_READY, "a@all.example" },
    { "example.org", "mailto:a@replaced.example", DESTINATION_READY, "new@replaced.example" },
    { "example.org", "mailto:a@among.example", DESTINATION_READY, "a@among.example" },
    { "example.org", "mailto:a@moved.example", DESTINATION_REFUSED, "a@moved.example" },
    { "example.org", "mailto:a@other.example", DESTINATION_REFUSED, "a@other.example" },
    { "example.org", "mailto:a@victim.example", DESTINATION_REFUSED, "a@victim.example" },
    { "example.org", "mailto:a@sub.yes.example", DESTINATION_REFUSED, "a@sub.yes.example" },
    { "example.org", "mailto:a@dead.example", DESTINATION_LATER, "a@dead.example" },
    { "example.org", "mailto:a@unknown.example", DESTINATION_LATER, "a@unknown.example" },
};

static void test_permissions(void **state)
{
    char error[256] = "";
    struct resolver *resolver =
        resolver_new_zone_text((struct text){ zone, sizeof zone - 1 }, error, sizeof error);
    const struct dns_scope_limits limits = { .questions_max = 1000 };
    struct dns_scope *dns = resolver ? dns_scope_new(resolver, &limits) : NULL;

    (void)state;
    if (!dns)
        fail_msg("%s", error);
    for (size_t i = 0; i < sizeof permissions / sizeof permissions[0]; i++) {
        struct destination d[DESTINATIONS_MAX];

        assert_int_equal(
            destinations_find(region, dns, permissions[i].domain, DESTINATION_RUA,
                              permissions[i].rua, d), 1);
        if (d[0].state != permissions[i].state ||
            strcmp(d[0].address, permissions[i].address) != 0 ||
            (d[0].state == DESTINATION_READY) != (*d[0].why == '\0'))
            fail_msg("%s %s: %s %s (%s)", permissions[i].domain, permissions[i].rua,
                     states[d[0].state], d[0].address, d[0].why);
    }
    dns_scope_close(dns);
    dns_scope_unref(dns);
    resolver_unref(resolver);
}

/* Of failure reports the permission's ruf counts, and its rua does not (RFC 9991 §5). */
static void test_failure_permissions(void **state)
{
    static const struct {
        const char *ruf;
        enum destination_state state;
        const char *address;
    } cases[] = {
        { "mailto:a@yes.example", DESTINATION_READY, "a@yes.example" },
        { "mailto:a@replaced.example", DESTINATION_READY, "a@replaced.example" },
        { "mailto:a@failures.example", DESTINATION_READY, "new@failures.example" },
        { "mailto:a@gone.example", DESTINATION_REFUSED, "a@gone.example" },
        { "mailto:a@victim.example", DESTINATION_REFUSED, "a@victim.example" },
        { "mailto:a@dead.example", DESTINATION_LATER, "a@dead.example" },
    };
    char error[256] = "";
    struct resolver *resolver =
        resolver_new_zone_text((struct text){ zone, sizeof zone - 1 }, error, sizeof error);
    const struct dns_scope_limits limits = { .questions_max = 1000 };
    struct dns_scope *dns = resolver ? dns_scope_new(resolver, &limits) : NULL;
    struct destination d[DESTINATIONS_MAX];

    (void)state;
    if (!dns)
        fail_msg("%s", error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(destinations_find(region, dns, "example.org", DESTINATION_RUF,
                                           cases[i].ruf, d), 1);
        assert_int_equal(d[0].state, cases[i].state);
        assert_string_equal(d[0].address, cases[i].address);
    }
    dns_scope_close(dns);
    dns_scope_unref(dns);
    resolver_unref(resolver);
}

/* Two for many destinations as for one: whose domains these are, and what they permit. */
static void test_rounds(void **state)
{
    static const char rua[] = "mailto:a@sub.example.org,mailto:a@yes.example,"
                              "mailto:a@semicolon.example,"
                              "mailto:a@deep.below.all.example,mailto:a@other.example";
    struct resolver *resolver = rounds_resolver(text_of(zone));
    const struct dns_scope_limits limits = { .questions_max = 1000, .deadline_ms = INT64_MAX };
    struct dns_scope *dns = dns_scope_new(resolver, &limits);
    struct destination d[DESTINATIONS_MAX];

    (void)state;
    assert_int_equal(destinations_find(region, dns, "example.org", DESTINATION_RUA, rua, d), 5);
    assert_int_equal(rounds.count, 2);
    rounds_pause();
    dns_scope_unref(dns);
    resolver_unref(resolver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris),
        cmocka_unit_test_setup_teardown(test_permissions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failure_permissions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rounds, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
