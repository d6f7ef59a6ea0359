/* SPF macros: what each letter, transformer and delimiter makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "auth/spf_macro.h"
#include "auth/spf_record.h"

static const char *name_of_client(void *context, const char *domain)
{
    (void)domain;
    return context;
}

/* The example of RFC 7208 §7.4. */
static struct spf_request strong_bad(const char *client)
{
    struct spf_request request = {
        .local_part = TEXT("strong-bad"),
        .domain = "email.example.com",
        .helo = "mx.helo.example",
        .receiver = "mx.receiver.example",
        .now = 1234567890,
    };

    assert_true(ip_parse(text_of(client), &request.client));
    return request;
}

static void expect_name(const struct spf_macros *macros, const char *spec, const char *wanted)
{
    struct spf_expansion got;

    if (!spf_expand_name(macros, text_of(spec), &got))
        fail_msg("%s: nothing", spec);
    if (!text_equal(spf_expansion_text(&got), text_of(wanted)))
        fail_msg("%s: %.*s", spec, TEXT_ARGS(spf_expansion_text(&got)));
}

static void examples_of_the_rfc(void **state)
{
    static const char *const rows[][2] = {
        { "%{s}", "strong-bad@email.example.com" },
        { "%{o}", "email.example.com" },
        { "%{d}", "email.example.com" },
        { "%{d4}", "email.example.com" },
        { "%{d3}", "email.example.com" },
        { "%{d2}", "example.com" },
        { "%{d1}", "com" },
        { "%{dr}", "com.example.email" },
        { "%{d2r}", "example.email" },
        { "%{l}", "strong-bad" },
        { "%{l-}", "strong.bad" },
        { "%{lr}", "strong-bad" },
        { "%{lr-}", "bad.strong" },
        { "%{l1r-}", "strong" },
        { "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
        { "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
        { "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
          "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
        { "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
          "3.2.0.192.in-addr.strong.lp._spf.example.com" },
        { "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net" },
    };
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "email.example.com", NULL, NULL };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_name(&macros, rows[i][0], rows[i][1]);
    request = strong_bad("2001:db8::cb01");
    expect_name(&macros, "%{ir}.%{v}._spf.%{d2}",
                "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf."
                "example.com");
}

static void letters(void **state)
{
    static const char *const rows[][2] = {
        { "%{h}", "mx.helo.example" },
        { "%{h2}.%{D1}", "helo.example.example" },
        { "%{p}", "c.client.example" },
        { "%{p2r}", "client.c" },
        { "%{o}!%{d}", "email.example.com!record.example" },
        { "%{i}", "192.0.2.3" },
        { "%{i1}", "3" },
        { "%{v}", "in-addr" },
        { "%{v1-}", "addr" },
        /* literals */
        { "a%%b%_c%-d", "a%b c%20d" },
        /* URL-escapes of what is transformed, not of what is around it */
        { "&%{L}&", "&strong-bad&" },
        { "%{S}", "strong-bad%40email.example.com" },
    };
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "record.example", name_of_client,
                                 (void *)(uintptr_t)"c.client.example" };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_name(&macros, rows[i][0], rows[i][1]);
    macros.context = NULL; /* no validated name */
    expect_name(&macros, "%{p}", "unknown");
    request.helo = NULL;
    expect_name(&macros, "%{h}", "unknown");
}

static void transformers(void **state)
{
    static const char *const rows[][3] = {
        { "a.b.c", "%{l2}", "b.c" },
        { "a.b.c", "%{l2r}", "b.a" },
        { "a.b.c", "%{l9r}", "c.b.a" },
        { "a.b.c", "%{l99999999999999999999}", "a.b.c" },
        { "a.b.c", "%{l2-}", "a.b.c" }, /* dots do not part it then */
        { "a-b.c", "%{lr-}", "b.c.a" },
        { "a.b-c+d,e/f_g=h", "%{l.-+,/_=}", "a.b.c.d.e.f.g.h" },
        { "a.b-c+d,e/f_g=h", "%{l3r.-+,/_=}", "c.b.a" },
        { "a-b-c", "%{l1R---}", "a" },
        { "..", "%{l}", ".." },
        { ".a", "%{l2}", ".a" },
        { "a.", "%{l1}", "" },
        { "a.", "%{lr}", ".a" },
        { "-", "%{l-}", "." },
        { "", "%{l1r}", "" },
        { "~jack&jill=up-a_b3.c", "%{L}", "~jack%26jill%3Dup-a_b3.c" },
        { "a=b&c", "%{L1=}", "b%26c" },
        { "\"a b\"", "%{L}", "%22a%20b%22" },
        { "%{d}", "%{l}.%{L}", "%{d}.%25%7Bd%7D" }, /* what comes out is not read again */
    };
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "d.example", NULL, NULL };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request.local_part = text_of(rows[i][0]);
        expect_name(&macros, rows[i][1], rows[i][2]);
    }
}

static void what_names_nothing(void **state)
{
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "d.example", NULL, NULL };
    char local_part[SPF_LOCAL_PART_MAX + 1];
    struct spf_expansion got;

    (void)state;
    assert_false(spf_expand_name(&macros, TEXT("%{p}.example"), &got)); /* nobody may wait */
    assert_false(spf_expand_name(&macros, TEXT("%{x}.example"), &got));
    assert_false(spf_expand_name(&macros, TEXT("a b.example"), &got));
    /* RFC 8616 §4 */
    request.local_part = TEXT("f\xc3\xbcr");
    assert_false(spf_expand_name(&macros, TEXT("%{l}.example"), &got));
    assert_false(spf_expand_name(&macros, TEXT("%{s}.example"), &got));
    assert_false(spf_expand_name(&macros, TEXT("x.%{L1r-}.example"), &got));
    assert_true(spf_expand_name(&macros, TEXT("%{o}.%{d}.%{i}.%{h}"), &got));
    memset(local_part, 'x', sizeof local_part);
    request.local_part = (struct text){ local_part, SPF_LOCAL_PART_MAX };
    assert_true(spf_expand_name(&macros, TEXT("%{s}"), &got));
    assert_int_equal(got.len, SPF_LOCAL_PART_MAX + strlen("@email.example.com"));
    request.local_part.len++;
    assert_false(spf_expand_name(&macros, TEXT("%{s}"), &got));
    assert_false(spf_expand_name(&macros, TEXT("%{l}"), &got));
}

/* However much comes out, the right-hand labels that fit are the name. */
static void long_names(void **state)
{
    struct spf_request request = strong_bad("2001:db8::cb01");
    struct spf_macros macros = { &request, "d.example", NULL, NULL };
    char spec[20 * 8 + 1] = "", wanted[DOMAIN_MAX + 1];
    struct spf_expansion got;
    domain_name name;
    size_t len;

    (void)state;
    for (size_t i = 0; i < 20; i++) /* 64 octets of labels each: 1280 */
        memcpy(spec + i * 5, "%{i}.", 6);
    memcpy(spec + 100, "%{d}", 5);
    assert_true(spf_expand_name(&macros, text_of(spec), &got));
    assert_true(got.len <= SPF_EXPANSION_MAX);
    assert_true(spf_target_name(spf_expansion_text(&got), name));
    len = strlen(name);
    assert_int_equal(len, DOMAIN_MAX); /* it happens to fit exactly */
    memcpy(wanted, name + len - strlen(".1.d.example"), strlen(".1.d.example") + 1);
    assert_string_equal(wanted, ".1.d.example");
    /* no dot at all: no name */
    request.local_part = TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    for (size_t i = 0; i < 40; i++)
        memcpy(spec + i * 4, "%{l}", 5);
    assert_true(spf_expand_name(&macros, text_of(spec), &got));
    assert_false(spf_target_name(spf_expansion_text(&got), name));
}

static void work_is_bounded(void **state)
{
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "d.example", NULL, NULL };
    char local_part[SPF_LOCAL_PART_MAX], spec[6 * (SPF_VALUES_MAX / SPF_LOCAL_PART_MAX + 1)];
    size_t fitting = SPF_VALUES_MAX / SPF_LOCAL_PART_MAX;
    struct spf_expansion got;

    (void)state;
    memset(local_part, 'x', sizeof local_part);
    request.local_part = (struct text){ local_part, sizeof local_part };
    for (size_t i = 0; i <= fitting; i++)
        memcpy(spec + 6 * i, "%{L1-}", 6);
    assert_true(spf_expand_name(&macros, (struct text){ spec, 6 * fitting }, &got));
    assert_false(spf_expand_name(&macros, (struct text){ spec, 6 * (fitting + 1) }, &got));
}

static void explanations(void **state)
{
    static const char *const rows[][2] = {
        { "See http://%{d}/why.html?s=%{S}&i=%{I}",
          "See http://d.example/why.html?s=strong-bad%40email.example.com&i=192.0.2.3" },
        { "%{c}  from %{h} to %{r} at %{t}.",
          "192.0.2.3  from mx.helo.example to mx.receiver.example at 1234567890." },
        { " %% %_%- ", " %  %20 " },
        { "100%", NULL },
        { "%{a}", NULL },
        { "tab\there", NULL },
        { "caf\xc3\xa9", NULL },
    };
    struct spf_request request = strong_bad("192.0.2.3");
    struct spf_macros macros = { &request, "d.example", NULL, NULL };
    char exact[SPF_EXPANSION_MAX + 200];
    struct spf_expansion got;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool ok = spf_expand_explanation(&macros, text_of(rows[i][0]), &got);

        if (ok != (rows[i][1] != NULL))
            fail_msg("%s: %d", rows[i][0], ok);
        if (ok && !text_equal(spf_expansion_text(&got), text_of(rows[i][1])))
            fail_msg("%s: %.*s", rows[i][0], TEXT_ARGS(spf_expansion_text(&got)));
    }
    memset(exact, 'x', sizeof exact);
    assert_true(
        spf_expand_explanation(&macros, (struct text){ exact, SPF_EXPLANATION_MAX }, &got));
    assert_false(
        spf_expand_explanation(&macros, (struct text){ exact, SPF_EXPLANATION_MAX + 1 }, &got));
    assert_false(spf_expand_explanation(&macros, (struct text){ exact, sizeof exact }, &got));
    /* a sender that cannot be printed: escaped, or no explanation */
    request.local_part = TEXT("f\xc3\xbc\x01r");
    assert_false(spf_expand_explanation(&macros, TEXT("%{l}"), &got));
    assert_true(spf_expand_explanation(&macros, TEXT("%{L}"), &got));
    assert_true(text_equal(spf_expansion_text(&got), TEXT("f%C3%BC%01r")));
    request = strong_bad("2001:db8::1");
    assert_true(spf_expand_explanation(&macros, TEXT("%{c} %{v}"), &got));
    assert_true(text_equal(spf_expansion_text(&got), TEXT("2001:db8::1 ip6")));
}

static void uses(void **state)
{
    (void)state;
    assert_true(spf_macro_uses(TEXT("a.%{i}.%{P2r}.example"), 'p'));
    assert_false(spf_macro_uses(TEXT("p.%%{p}.%{i}.example"), 'p'));
    assert_false(spf_macro_uses(TEXT(""), 'p'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(letters),
        cmocka_unit_test(transformers),
        cmocka_unit_test(what_names_nothing),
        cmocka_unit_test(long_names),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(explanations),
        cmocka_unit_test(uses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
