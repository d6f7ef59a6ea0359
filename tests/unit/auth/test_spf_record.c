/* The SPF record parser: what it takes, what it refuses, what it makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "auth/spf_record.h"
#include "base/buf.h"
#include "base/region.h"
#include "dns/answer.h"

#define TEXT_OF(literal) { (literal), sizeof(literal) - 1 }

static void selects(void **state)
{
    static const struct {
        struct text records[3];
        enum spf_selection selection;
    } rows[] = {
        { { TEXT_OF("v=spf1"), TEXT_OF("hello") }, RECORD_ONE },
        { { TEXT_OF("V=SpF1 -all") }, RECORD_ONE },
        { { TEXT_OF("v=spf1 -all"), TEXT_OF("v=spf1") }, RECORD_MANY },
        { { TEXT_OF("v=spf10 -all"), TEXT_OF("v=spf1-all"), TEXT_OF("v=spf1\t-all") },
          RECORD_NONE },
        { { TEXT_OF("v=spf1\0-all"), TEXT_OF(" v=spf1"), TEXT_OF("") }, RECORD_NONE },
        { { TEXT_OF("spf2.0/pra -all") }, RECORD_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dns_record records[3];
        struct dns_answer answer = { .status = DNS_OK, .type = DNS_TXT, .records = records };
        struct text record;

        for (; answer.count < 3 && rows[i].records[answer.count].data; answer.count++)
            records[answer.count].data = rows[i].records[answer.count];
        assert_int_equal(spf_record_select(&answer, &record), rows[i].selection);
        answer.status = DNS_TEMPFAIL;
        assert_int_equal(spf_record_select(&answer, &record), RECORD_NONE);
    }
}

/* The parsed record, written out term by term. */
static const char *dump(struct region *region, const struct spf_record *record)
{
    char address[IP_TEXT_SIZE];
    struct buf out;

    buf_init(&out, region, 4096);
    for (size_t i = 0; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];

        buf_printf(&out, "%s%s:%s", i ? " " : "", name_of(result_names, (int)term->result),
                   name_of(spf_mechanism_names, (int)term->mechanism));
        if (term->target.text.len > 0)
            buf_printf(&out, "=%.*s%s", TEXT_ARGS(term->target.text),
                       term->target.macros ? "(macros)" : "");
        if (term->network.address.family != IP_NONE)
            buf_printf(&out, "=%s/%u", ip_format(&term->network.address, address),
                       term->network.prefix);
        if (term->mechanism == MECHANISM_A || term->mechanism == MECHANISM_MX)
            buf_printf(&out, "/%u//%u", term->prefix4, term->prefix6);
    }
    if (record->redirect.text.len > 0)
        buf_printf(&out, " redirect=%.*s", TEXT_ARGS(record->redirect.text));
    if (record->explanation.text.len > 0)
        buf_printf(&out, " exp=%.*s", TEXT_ARGS(record->explanation.text));
    return buf_str(&out);
}

static void parses(void **state)
{
    static const struct {
        const char *record, *parsed;
    } rows[] = {
        { "v=spf1", "" },
        { "v=spf1    ", "" },
        { "V=SPF1  -all  ", "fail:all" },
        { "v=spf1 +all ~ALL ?all all -all", "pass:all softfail:all neutral:all pass:all fail:all" },
        { "v=spf1 a mx ptr", "pass:a/32//128 pass:mx/32//128 pass:ptr" },
        { "v=spf1 a/24 mx//64 a/0//0", "pass:a/24//128 pass:mx/32//64 pass:a/0//0" },
        { "v=spf1 -a:x.example.com/24//64", "fail:a=x.example.com/24//64" },
        { "v=spf1 a:foo:bar/baz.example.com", "pass:a=foo:bar/baz.example.com/32//128" },
        { "v=spf1 a:foo/24.example.com/25", "pass:a=foo/24.example.com/25//128" },
        { "v=spf1 a:example.com.", "pass:a=example.com./32//128" },
        { "v=spf1 a:a..b.example.com", "pass:a=a..b.example.com/32//128" },
        { "v=spf1 a:example.x-y", "pass:a=example.x-y/32//128" },
        { "v=spf1 a:example.xn--90ae", "pass:a=example.xn--90ae/32//128" },
        { "v=spf1 a:.com", "pass:a=.com/32//128" },
        { "v=spf1 a:%{d}/24", "pass:a=%{d}(macros)/24//128" },
        { "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0",
          "pass:ip4=192.0.2.1/32 pass:ip4=192.0.2.0/24 pass:ip4=0.0.0.0/0" },
        { "v=spf1 ip6:2001:DB8::1 ip6:::/0 ip6:::ffff:1.2.3.4/96",
          "pass:ip6=2001:db8::1/128 pass:ip6=::/0 pass:ip6=::ffff:1.2.3.4/96" },
        { "v=spf1 include:example.com exists:%{ir}.%{v}._spf.%{d2}",
          "pass:include=example.com pass:exists=%{ir}.%{v}._spf.%{d2}(macros)" },
        { "v=spf1 exists:%{l1r+-}.x.%{d}", "pass:exists=%{l1r+-}.x.%{d}(macros)" },
        { "v=spf1 exists:%{S999r}%%%_%-", "pass:exists=%{S999r}%%%_%-(macros)" },
        { "v=spf1 redirect=_spf.example.com", " redirect=_spf.example.com" },
        { "v=spf1 REDIRECT=a.com mx exp=%{d} -all",
          "pass:mx/32//128 fail:all redirect=a.com exp=%{d}" },
        { "v=spf1 a=b include=c all=%{c} default=-all moo.bar-x_y= -all", "fail:all" },
    };
    struct region *region = region_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spf_record record;
        const char *error = spf_record_parse(region, text_of(rows[i].record), &record);

        if (error)
            fail_msg("%s: %s", rows[i].record, error);
        assert_string_equal(dump(region, &record), rows[i].parsed);
    }
    region_free(region);
}

static void refuses(void **state)
{
    static const char *const rows[] = {
        "", "v=spf2", "v=spf10", " v=spf1", "v=spf1\t-all", "v=spf1 \001", "v=spf1 \xc3\xa9=x",
        "v=spf1 -all \x7f",
        /* mechanisms */
        "v=spf1 moo", "v=spf1 -", "v=spf1 +-all", "v=spf1 all.", "v=spf1 all:a.com",
        "v=spf1 all/8", "v=spf1 =", "v=spf1 =x", "v=spf1 2a=x", "v=spf1 +redirect=a.com",
        "v=spf1 include", "v=spf1 include:", "v=spf1 include/24", "v=spf1 include:a.com/24",
        "v=spf1 exists", "v=spf1 exists:", "v=spf1 exists:a.com/24", "v=spf1 exists/24",
        "v=spf1 ptr/24", "v=spf1 ptr:", "v=spf1 ptr:a.com/24", "v=spf1 include.", "v=spf1 a,b",
        /* prefix lengths */
        "v=spf1 a/", "v=spf1 a/33", "v=spf1 a/024", "v=spf1 a//", "v=spf1 a//129", "v=spf1 a///64",
        "v=spf1 a/24/64", "v=spf1 a/24//", "v=spf1 a//64/24", "v=spf1 a:/24", "v=spf1 a/x",
        "v=spf1 mx:a.com/-1", "v=spf1 mx/+1", "v=spf1 a/00", "v=spf1 a/4294967328",
        /* networks */
        "v=spf1 ip4", "v=spf1 ip4:", "v=spf1 ip4:1.2.3", "v=spf1 ip4:1.2.3.4.5",
        "v=spf1 ip4:1.2.3.4/33", "v=spf1 ip4:1.2.3.4/032", "v=spf1 ip4:1.2.3.4//32",
        "v=spf1 ip4:1.2.3.4:8080", "v=spf1 ip4:::ffff:1.2.3.4", "v=spf1 ip4:01.2.3.4",
        "v=spf1 ip4:256.2.3.4", "v=spf1 ip4/24", "v=spf1 ip4:1.2.3.4/", "v=spf1 ip4:example.com",
        "v=spf1 ip6", "v=spf1 ip6:", "v=spf1 ip6:1.2.3.4", "v=spf1 ip6:::1/129",
        "v=spf1 ip6:::1//33",
        "v=spf1 ip6:IPv6:::1", "v=spf1 ip6:::1::", "v=spf1 ip6:::12345", "v=spf1 ip6:::1%eth0",
        /* domain-spec */
        "v=spf1 a:", "v=spf1 a:com", "v=spf1 a:com.", "v=spf1 a:example.1", "v=spf1 a:192.0.2.1",
        "v=spf1 a:example.-com", "v=spf1 a:example.com-", "v=spf1 a:example.c_m",
        "v=spf1 a:example.com..", "v=spf1 a:example.", "v=spf1 a:foo.bar/baz", "v=spf1 mx:x.a:b",
        "v=spf1 a:.", "v=spf1 a:%{d}com",
        /* macros */
        "v=spf1 exists:%", "v=spf1 exists:%a.com", "v=spf1 exists:%{", "v=spf1 exists:%{d",
        "v=spf1 exists:%{}", "v=spf1 exists:%{x}", "v=spf1 exists:%{d0}", "v=spf1 exists:%{dd}",
        "v=spf1 exists:%{dr2}", "v=spf1 exists:%{d|}", "v=spf1 exists:%(d)", "v=spf1 exists:%{c}",
        "v=spf1 exists:%{r}.x.com", "v=spf1 exists:%{T}", "v=spf1 exists:a%.com",
        /* modifiers */
        "v=spf1 redirect=", "v=spf1 redirect=com", "v=spf1 redirect=a.com redirect=a.com",
        "v=spf1 exp=", "v=spf1 exp=a.com exp=b.com", "v=spf1 exp=%{c}.a.com",
        "v=spf1 redirect=a.com/24",
        "v=spf1 moo=%", "v=spf1 moo=%{x}", "v=spf1 -all moo=%abc", "v=spf1 redirect:a.com",
    };
    struct region *region = region_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spf_record record;

        if (!spf_record_parse(region, text_of(rows[i]), &record))
            fail_msg("taken: %s", rows[i]);
    }
    region_free(region);
}

static void mapped_network_matches_no_client(void **state)
{
    struct region *region = region_new(0);
    struct spf_record record;
    struct ip_address v4, v6;

    (void)state;
    assert_true(ip_parse(TEXT("192.0.2.1"), &v4));
    assert_true(ip_parse(TEXT("2001:db8::1"), &v6));
    assert_null(spf_record_parse(
        region, TEXT("v=spf1 ip6:::ffff:192.0.2.1 ip6:::/0 ip4:0.0.0.0/0 -all"), &record));
    assert_false(spf_term_matches(&record.terms[0], &v4));
    assert_false(spf_term_matches(&record.terms[1], &v4));
    assert_true(spf_term_matches(&record.terms[1], &v6));
    assert_true(spf_term_matches(&record.terms[2], &v4));
    assert_false(spf_term_matches(&record.terms[2], &v6));
    assert_true(spf_term_matches(&record.terms[3], &v4));
    region_free(region);
}

static void macro_parts(void **state)
{
    struct text text = TEXT("a.%{L12R+-}%%x%_%-%{d}");
    struct cursor c = cursor_over(text);
    struct spf_macro_part part;

    (void)state;
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_true(text_equal(part.literal, TEXT("a.")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_int_equal(part.literal.len, 0);
    assert_int_equal(part.letter, 'l');
    assert_true(part.escape);
    assert_true(part.reverse);
    assert_int_equal(part.keep, 12);
    assert_true(text_equal(part.delimiters, TEXT("+-")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_true(text_equal(part.literal, TEXT("%")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_true(text_equal(part.literal, TEXT("x")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_true(text_equal(part.literal, TEXT(" ")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_true(text_equal(part.literal, TEXT("%20")));
    assert_int_equal(spf_macro_next(&c, &part), MACRO_PART);
    assert_int_equal(part.letter, 'd');
    assert_false(part.escape);
    assert_int_equal(part.keep, 0);
    assert_int_equal(spf_macro_next(&c, &part), MACRO_END);
}

static void target_names(void **state)
{
    static const struct {
        const char *expanded, *name; /* NULL: none */
    } rows[] = {
        { "Example.COM.", "example.com" }, { "_spf.example.com", "_spf.example.com" },
        { "example..com", NULL },          { ".com", NULL },
        { "Foo:bar/b%.example.com", "foo:bar/b%.example.com" },
        { "foo\\.example.com", NULL },      { "Foo bar.example.com", "foo bar.example.com" },
        { "foo\tbar.example.com", NULL },
        { "f\xc3\xa9.example.com", NULL }, { "", NULL },
        { ".", NULL },
    };
    char longest[400];
    domain_name name;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(spf_target_name(text_of(rows[i].expanded), name), rows[i].name != NULL);
        assert_string_equal(name, rows[i].name ? rows[i].name : "");
    }
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = i % 10 == 9 ? '.' : 'a';
    memcpy(longest + sizeof longest - 4, ".com", 4);
    assert_true(spf_target_name((struct text){ longest, sizeof longest }, name));
    assert_true(strlen(name) <= DOMAIN_MAX);
    assert_true(strlen(name) > DOMAIN_MAX - 10);
    memset(longest, 'a', sizeof longest);
    assert_false(spf_target_name((struct text){ longest, sizeof longest }, name));
}

static void parsing_is_bounded_by_memory(void **state)
{
    struct region *region = region_new(4096);
    struct spf_record record;
    char text[6 + 2 * 1000 + 1] = "v=spf1";

    (void)state;
    for (size_t i = 6; i < sizeof text - 1; i += 2)
        memcpy(text + i, " a", 2);
    assert_non_null(spf_record_parse(region, text_of(text), &record));
    assert_true(region_failed(region));
    region_free(region);
    region = region_new(0);
    assert_null(spf_record_parse(region, text_of(text), &record));
    assert_int_equal(record.count, 1000);
    region_free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects),
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(mapped_network_matches_no_client),
        cmocka_unit_test(macro_parts),
        cmocka_unit_test(target_names),
        cmocka_unit_test(parsing_is_bounded_by_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
