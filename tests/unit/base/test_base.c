/* Unit tests of src/base. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/region.h"
#include "base/text.h"

static void region_limit_latches(void **state)
{
    struct region *region = region_new(4096);

    (void)state;
    assert_non_null(region_alloc(region, 100));
    assert_false(region_failed(region));
    assert_null(region_alloc(region, 5000));
    assert_true(region_failed(region));
    assert_null(region_array(region, SIZE_MAX / 2, 3));
    region_free(region);
}

static int cleaned;

static void count_cleanup(void *arg)
{
    cleaned = cleaned * 10 + *(int *)arg;
}

static void region_cleanups_run_backwards(void **state)
{
    static int one = 1, two = 2;
    struct region *region = region_new(0);

    (void)state;
    cleaned = 0;
    assert_true(region_on_free(region, count_cleanup, &one));
    assert_true(region_on_free(region, count_cleanup, &two));
    region_free(region);
    assert_int_equal(cleaned, 21);
}

static void buf_grows_and_latches(void **state)
{
    struct region *region = region_new(0);
    struct buf buf;

    (void)state;
    buf_init(&buf, region, 300);
    for (int i = 0; i < 100; i++)
        buf_printf(&buf, "%d,", i % 10);
    assert_int_equal(buf_text(&buf).len, 200);
    assert_memory_equal(buf_str(&buf), "0,1,2,", 6);
    for (int i = 0; i < 100; i++)
        buf_add(&buf, "xx");
    assert_true(buf_failed(&buf));
    assert_null(buf_str(&buf));
    assert_int_equal(buf_text(&buf).len, 0);
    region_free(region);
}

static void text_numbers(void **state)
{
    unsigned long long v;

    (void)state;
    assert_true(text_to_uint(TEXT("018446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_false(text_to_uint(TEXT("18446744073709551616"), UINT64_MAX, &v));
    assert_false(text_to_uint(TEXT(""), 10, &v));
    assert_false(text_to_uint(TEXT("+1"), 10, &v));
    assert_true(text_to_uint(TEXT("5"), 5, &v));
    assert_false(text_to_uint(TEXT("6"), 5, &v));
    assert_false(text_to_uint(TEXT("10"), 9, &v));
}

static void text_octets(void **state)
{
    (void)state;
    assert_true(text_all(TEXT("0129"), octet_is_digit));
    assert_false(text_all(TEXT("01x9"), octet_is_digit));
    assert_false(text_all(TEXT("019\0"), octet_is_digit));
    assert_true(text_all(TEXT(""), octet_is_digit));
}

static void ip_parses_and_folds(void **state)
{
    static const struct {
        const char *text, *printed, *reverse;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1", "1.2.0.192.in-addr.arpa" },
        { "::ffff:192.0.2.1", "192.0.2.1", "1.2.0.192.in-addr.arpa" },
        { "IPv6:2001:DB8::1", "2001:db8::1",
          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[IP_TEXT_SIZE], reverse[IP_REVERSE_SIZE];
        struct ip_address ip;

        assert_true(ip_parse(text_of(rows[i].text), &ip));
        assert_string_equal(ip_format(&ip, text), rows[i].printed);
        assert_string_equal(ip_reverse_name(&ip, reverse), rows[i].reverse);
    }
    {
        struct ip_address ip;

        assert_false(ip_parse(TEXT("192.0.2"), &ip));
        assert_false(ip_parse(TEXT("192.0.2.1\0"), &ip));
        assert_false(ip_parse(TEXT(""), &ip));
        assert_int_equal(ip.family, IP_NONE);
    }
}

static void ip_networks(void **state)
{
    static const struct {
        const char *network, *ip;
        bool has;
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.255", true },   { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.129/25", "192.0.2.200", true }, { "192.0.2.129/25", "192.0.2.1", false },
        { "0.0.0.0/0", "203.0.113.9", true },      { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "2001:db8::1", true },           { "::ffff:192.0.2.0/120", "192.0.2.9", true },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "192.0.2.1", "192.0.2.1", true },        { "192.0.2.1", "192.0.2.2", false },
    };
    static const char *const bad[] = { "", "192.0.2.0/33", "::/129", "192.0.2.0/", "x/8",
                                       "192.0.2.0/-1", "::ffff:192.0.2.0/95", "IPv6:::1/64" };
    struct ip_network net;
    struct ip_address ip;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(ip_network_parse(text_of(rows[i].network), &net));
        assert_true(ip_parse(text_of(rows[i].ip), &ip));
        assert_int_equal(ip_network_has(&net, &ip), rows[i].has);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ip_network_parse(text_of(bad[i]), &net));
}

static void log_quotes_one_line(void **state)
{
    char out[LOG_QUOTED_MAX];
    char big[4000];

    (void)state;
    assert_string_equal(log_quote(TEXT("example.org"), out), "example.org");
    assert_string_equal(log_quote(TEXT("a b"), out), "\"a b\"");
    assert_string_equal(log_quote(TEXT("a\r\nb=\"c\""), out), "\"a\\015\\012b=\\\"c\\\"\"");
    assert_string_equal(log_quote(TEXT(""), out), "\"\"");
    memset(big, 1, sizeof big);
    assert_true(strlen(log_quote((struct text){ big, sizeof big }, out)) < LOG_QUOTED_MAX);
    memset(big, '"', sizeof big);
    assert_true(strlen(log_quote((struct text){ big, sizeof big }, out)) < LOG_QUOTED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_limit_latches),
        cmocka_unit_test(region_cleanups_run_backwards),
        cmocka_unit_test(buf_grows_and_latches),
        cmocka_unit_test(text_numbers),
        cmocka_unit_test(text_octets),
        cmocka_unit_test(ip_parses_and_folds),
        cmocka_unit_test(ip_networks),
        cmocka_unit_test(log_quotes_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
