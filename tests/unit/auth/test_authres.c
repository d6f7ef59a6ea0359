/* Unit tests of auth/authres.c, authres_read.c, authres_registry.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authres.h"
#include "auth/authres_registry.h"
#include "base/buf.h"
#include "base/region.h"

#define BYTES(literal) { (literal), sizeof(literal) - 1 }

static const char *id = "mx.example.org";

static const char *written(struct region *region, const struct findings *findings)
{
    struct buf buf;

    buf_init(&buf, region, 65536);
    authres_write(&buf, id, findings);
    return buf_str(&buf);
}

static void nothing_found(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;

    (void)state;
    findings_init(&findings, region);
    assert_string_equal(written(region, &findings), "mx.example.org; none");
    region_free(region);
}

static void in_order_of_methods(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct finding *f;

    (void)state;
    findings_init(&findings, region);
    f = findings_add(&findings, METHOD_DMARC, RESULT_FAIL, NULL);
    finding_property(&findings, f, "header.from", TEXT("example.com"));
    finding_property(&findings, f, "policy.dmarc", TEXT("reject"));
    f = findings_add(&findings, METHOD_DKIM, RESULT_FAIL, "body hash \"x\" \\ y");
    finding_property(&findings, f, "header.d", TEXT("example.net"));
    f = findings_add(&findings, METHOD_DKIM, RESULT_PASS, NULL);
    finding_property(&findings, f, "header.b", TEXT("ab+/c="));
    f = findings_add(&findings, METHOD_SPF, RESULT_SOFTFAIL, NULL);
    finding_property(&findings, f, "smtp.mailfrom", TEXT("example.net"));
    f = findings_add(&findings, METHOD_IPREV, RESULT_PASS, NULL);
    finding_property(&findings, f, "policy.iprev", TEXT("2001:db8::1"));
    findings_add(&findings, METHOD_AUTH, RESULT_NONE, NULL);
    findings_add(&findings, METHOD_ARC, RESULT_NONE, NULL);
    assert_string_equal(written(region, &findings),
                        "mx.example.org;\n"
                        "\tauth=none;\n"
                        "\tiprev=pass policy.iprev=\"2001:db8::1\";\n"
                        "\tspf=softfail smtp.mailfrom=example.net;\n"
                        "\tdkim=fail reason=\"body hash \\\"x\\\" \\\\ y\" header.d=example.net;\n"
                        "\tdkim=pass header.b=\"ab+/c=\";\n"
                        "\tarc=none;\n"
                        "\tdmarc=fail header.from=example.com policy.dmarc=reject");
    region_free(region);
}

static void only_what_is_registered(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct finding *f;

    (void)state;
    findings_init(&findings, region);
    findings_add(&findings, METHOD_DMARC, RESULT_SOFTFAIL, NULL);
    findings_add(&findings, METHOD_IPREV, RESULT_NONE, NULL);
    findings_add(&findings, METHOD_ARC, RESULT_POLICY, NULL);
    assert_string_equal(written(region, &findings), "mx.example.org; none");
    f = findings_add(&findings, METHOD_SPF, RESULT_PASS, NULL);
    finding_property(&findings, f, "header.from", TEXT("example.com"));
    finding_property(&findings, f, "smtp.helo", TEXT("a.example"));
    assert_string_equal(written(region, &findings), "mx.example.org;\n\tspf=pass smtp.helo=a.example");
    region_free(region);
}

static const struct {
    struct text value;
    const char *written; /* after "header.d=", or NULL: left out */
} values[] = {
    { BYTES("example.com"), "example.com" },
    { BYTES("xn--bcher-kva.example"), "xn--bcher-kva.example" },
    { BYTES("_a-b.example"), "_a-b.example" },
    { BYTES("@example.com"), "@example.com" },
    { BYTES("user+x@example.com"), "user+x@example.com" },
    { BYTES("a@b@c"), "\"a@b@c\"" },
    { BYTES("\"a b\"@example.com"), "\"\\\"a b\\\"@example.com\"" },
    { BYTES("a b"), "\"a b\"" },
    { BYTES("a;b spf=pass"), "\"a;b spf=pass\"" },
    { BYTES("a(b"), "\"a(b\"" },
    { BYTES("a\\b"), "\"a\\\\b\"" },
    { BYTES("a\"; spf=pass"), "\"a\\\"; spf=pass\"" },
    { BYTES("192.0.2.1"), "192.0.2.1" },
    { BYTES("b\xc3\xbc" "cher.example"), "\"b\xc3\xbc" "cher.example\"" },
    { BYTES("a=b"), "\"a=b\"" },
    { BYTES("a@"), "\"a@\"" },
    { BYTES(""), NULL },
    { BYTES("a\nb"), NULL },
    { BYTES("a\r\n spf=pass"), NULL },
    { BYTES("a\tb"), NULL },
    { BYTES("a\0b"), NULL },
    { BYTES("a\x7f"), NULL },
    { BYTES("a\xff"), NULL },
    { BYTES("a\xc3"), NULL },
    { BYTES("\xc0\x80"), NULL },
    { BYTES("\xed\xa0\x80"), NULL },
    { BYTES("a\xc2\x85" "b"), NULL },
    { BYTES("a\xc2\xa0" "b"), "\"a\xc2\xa0" "b\"" },
};

static void values_are_quoted_or_dropped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct region *region = region_new(0);
        struct findings findings;
        char expected[200];

        findings_init(&findings, region);
        print_message("%s\n", values[i].value.data);
        finding_property(&findings, findings_add(&findings, METHOD_DKIM, RESULT_PASS, NULL),
                         "header.d", values[i].value);
        snprintf(expected, sizeof expected, "mx.example.org;\n\tdkim=pass%s%s",
                 values[i].written ? " header.d=" : "", values[i].written ? values[i].written : "");
        assert_string_equal(written(region, &findings), expected);
        region_free(region);
    }
}

static void long_values(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct finding *f;
    char octets[256];
    const char *text;
    size_t longest = 0, at = 0;

    (void)state;
    findings_init(&findings, region);
    f = findings_add(&findings, METHOD_DKIM, RESULT_PASS, NULL);
    memset(octets, 'a', sizeof octets);
    finding_property(&findings, f, "header.d", (struct text){ octets, 256 });
    assert_string_equal(written(region, &findings), "mx.example.org;\n\tdkim=pass");
    finding_property(&findings, f, "header.d", (struct text){ octets, 255 });
    finding_property(&findings, f, "header.s", (struct text){ octets, 255 });
    finding_property(&findings, f, "header.b", (struct text){ octets, 60 });
    text = written(region, &findings);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += at++ ? 1 : 0;
        longest = strcspn(line, "\n") > longest ? strcspn(line, "\n") : longest;
    }
    assert_true(longest < 300); /* of 998 allowed */
    assert_non_null(strstr(text, "\n\theader.s=a"));
    region_free(region);
}

static void ids_are_quoted_or_refused(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct buf buf;

    (void)state;
    findings_init(&findings, region);
    buf_init(&buf, region, 1000);
    authres_write(&buf, "our mx \"1\"", &findings);
    assert_string_equal(buf_str(&buf), "\"our mx \\\"1\\\"\"; none");
    buf_init(&buf, region, 1000);
    authres_write(&buf, "mx\n.example.org", &findings);
    assert_null(buf_str(&buf));
    buf_init(&buf, region, 1000);
    authres_write(&buf, "", &findings);
    assert_null(buf_str(&buf));
    region_free(region);
}

/* Our id is mx.example.org. */
static const struct text ours[] = {
    BYTES("mx.example.org; none"),
    BYTES(" mx.example.org; spf=pass"),
    BYTES("MX.Example.ORG; spf=pass"),
    BYTES("mx.example.org"),
    BYTES("mx.example.org;"),
    BYTES("mx.example.org.; spf=pass"),
    BYTES("mx.example.org 1; spf=pass"),
    BYTES("mx.example.org 2; spf=pass"),
    BYTES("mx.example.org (c) 1 (d) ; spf=pass"),
    BYTES("(c)mx.example.org; spf=pass"),
    BYTES("(a (nested) \\) one) mx.example.org (x); spf=pass"),
    BYTES("\"mx.example.org\"; spf=pass"),
    BYTES("\"mx.exam\\ple.org\"; spf=pass"),
    BYTES("\" mx.example.org\" ; spf=pass"),
    BYTES("\r\n\tmx.example.org\r\n\t;\r\n\tspf=pass"),
    BYTES("\n mx.example.org; spf=pass"),
    BYTES("(" "((((((((((((((((((((((((((((((c))))))))))))))))))))))))))))))" ")mx.example.org; x=y"),
    /* not to be parsed, but the id is there as a word */
    BYTES("mx.example.org spf=pass"),
    BYTES("mx.example.org/1; spf=pass"),
    BYTES("mx.example.org: spf=pass"),
    BYTES("(unclosed mx.example.org; spf=pass"),
    BYTES("\"unclosed mx.example.org; spf=pass"),
    BYTES("\"unclosed mx.exam\\ple.org; spf=pass"),
    BYTES("; mx.example.org; spf=pass"),
    BYTES("spf=pass mx.example.org"),
    BYTES("<mx.example.org>; spf=pass"),
    BYTES("mx.example.org,other.example; spf=pass"),
    BYTES("other.example; spf=pass (mx.example.org"),
    BYTES("other.example mx.example.org; spf=pass"),
    BYTES("\0mx.example.org; spf=pass"),
    BYTES("mx.example.org\0; spf=pass"),
    BYTES("=\xff mx.example.org"),
    /* not the id to a strict reader */
    BYTES("mx(c).example.org; spf=pass"),
    BYTES("mx.(c)example.org 1; spf=pass"),
    BYTES("mx . example . org; spf=pass"),
    BYTES("mx.exam\r\n ple.org; spf=pass"),
    BYTES("\"mx\".\"example.org\"; spf=pass"),
    BYTES("\"mx.\r\n example.org\"; spf=pass"),
    BYTES("mx(c).exam\\ple.org"),
};

static const struct text others[] = {
    BYTES(""),
    BYTES(";"),
    BYTES("other.example; spf=pass"),
    BYTES("xmx.example.org; spf=pass"),
    BYTES("mx.example.org.evil.example; spf=pass"),
    BYTES("mx.example.orgx; spf=pass"),
    BYTES("mx.example.or; spf=pass"),
    BYTES("example.org; spf=pass"),
    BYTES("a.mx.example.org; spf=pass"),
    BYTES("\"mx.example.org b\"; spf=pass"),
    BYTES("mx.example(.org); spf=pass"),
    BYTES("other.example; spf=pass smtp.mailfrom=mx.example.org"),
    BYTES("other.example (mx.example.org); spf=pass"),
    BYTES("other.example; iprev=pass policy.iprev=2001:db8::1 (mx.example.org)"),
    BYTES("other.example; dkim=pass header.b=ab/c+d= header.i=@mx.example.org;"),
    BYTES("other.example; spf=pass smtp.mailfrom=\"a b\"@mx.example.org; x=y none.of=that"),
    /* not to be parsed, and no word of it is the id */
    BYTES("other.example spf=pass smtp.mailfrom=xmx.example.org"),
    BYTES("(unclosed mx.example.org.evil; spf=pass"),
    BYTES("(unclosed mx.example.org-a; spf=pass"),
};

static void claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        print_message("ours: %s\n", ours[i].data);
        assert_int_equal(authres_claims(ours[i], id), AUTHRES_OURS);
        assert_int_equal(authres_claims(ours[i], "mail.example.org"), AUTHRES_OTHER);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        print_message("other: %s\n", others[i].data);
        assert_int_equal(authres_claims(others[i], id), AUTHRES_OTHER);
    }
}

static void claims_fold_u_labels(void **state)
{
    static const char u[] = "mx.b\xc3\xbc" "cher.example", a[] = "mx.xn--bcher-kva.example";

    (void)state;
    assert_int_equal(authres_claims(TEXT("mx.xn--bcher-kva.example; none"), u), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("mx.b\xc3\xbc" "cher.example; none"), a), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("mx.B\xc3\x9c" "CHER.example; none"), u), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("\"mx.b\xc3\xbc" "cher.example\"; none"), a), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("(x mx.b\xc3\xbc" "cher.example; none"), a), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("mx.bucher.example; none"), u), AUTHRES_OTHER);
    /* an id that is no domain name */
    assert_int_equal(authres_claims(TEXT("\"Our MX\"; none"), "our mx"), AUTHRES_OURS);
    assert_int_equal(authres_claims(TEXT("Our; none"), "our mx"), AUTHRES_OTHER);
}

/* Hostile sizes: an answer, in linear time. */
static void claims_of_large_fields(void **state)
{
    enum { SIZE = 65536 };
    char *octets = malloc(SIZE);

    (void)state;
    assert_non_null(octets);
    for (const char *c = "(\\\";a.\xc3= "; *c; c++) {
        memset(octets, *c, SIZE);
        assert_int_equal(authres_claims((struct text){ octets, SIZE }, id), AUTHRES_OTHER);
        memcpy(octets + SIZE - 16, "; mx.example.org", 16);
        /* at the end of one long word, or as the second half of a quoted-pair,
         * it is not a word */
        assert_int_equal(authres_claims((struct text){ octets, SIZE }, id), AUTHRES_OURS);
    }
    for (size_t i = 0; i < SIZE; i++)
        octets[i] = "\xc3\xa9 "[i % 3];
    assert_int_equal(authres_claims((struct text){ octets, SIZE }, id), AUTHRES_OURS);
    free(octets);
}

/* What was read, one result after another: "method=result(reason)name=value". */
static const char *as_read(struct region *region, struct text value, struct text *read_id)
{
    struct findings findings;
    struct buf buf;

    findings_init(&findings, region);
    if (!authres_read(value, read_id, &findings))
        return NULL;
    buf_init(&buf, region, 65536);
    for (const struct finding *f = findings.first; f; f = f->next) {
        buf_printf(&buf, "%s=%s", name_of(method_names, (int)f->method),
                   name_of(result_names, (int)f->result));
        if (f->reason)
            buf_printf(&buf, "(%s)", f->reason);
        for (const struct property *p = f->properties; p; p = p->next) {
            buf_printf(&buf, " %s=", p->name);
            buf_text_add(&buf, p->value);
        }
        buf_add(&buf, ";");
    }
    return buf_str(&buf);
}

static const struct {
    const char *value, *read; /* NULL: not to be parsed */
} readings[] = {
    { "a.example; none", "" },
    { "a.example; NONE (c)", "" },
    { "a.example 1; none", "" },
    { "a.example; spf=pass", "spf=pass;" },
    { "a.example; spf=pass;", "spf=pass;" },
    { "a.example;spf=pass;dkim=fail", "spf=pass;dkim=fail;" },
    { "a.example; SPF=Pass SMTP.MailFrom=b.example", "spf=pass smtp.mailfrom=b.example;" },
    { "a.example; (a)spf (long name) / (b) 1 (c) = (d) pass (good) smtp (m) . (p) mailfrom = x@b.c;",
      "spf=pass smtp.mailfrom=x@b.c;" },
    { "a.example; spf/2=pass; dkim=pass", "dkim=pass;" },
    { "a.example; spf=pass (ip4)reason=\"matched \\\"ip4\\\"\"; dmarc=pass",
      "spf=pass(matched \"ip4\");dmarc=pass;" },
    { "a.example; spf=fail reason=because", "spf=fail(because);" },
    { "a.example; dkim=pass header.d=b.example header.i=@b.example header.b=ab/+c==",
      "dkim=pass header.d=b.example header.i=@b.example header.b=ab/+c==;" },
    { "a.example; dkim=pass header.i=\"a b\"@b.example",
      "dkim=pass header.i=\"a b\"@b.example;" },
    { "a.example; iprev=pass policy.iprev=\"2001:db8::1\"", "iprev=pass policy.iprev=2001:db8::1;" },
    { "a.example; iprev=pass policy.iprev=2001:db8::1", "iprev=pass policy.iprev=2001:db8::1;" },
    { "a.example; auth=pass smtp.auth=\"x \\\"\\\\ []\"", "auth=pass smtp.auth=x \"\\ [];" },
    { "a.example; auth=pass smtp.auth=\"x\r\n y\"", "auth=pass smtp.auth=x y;" },
    /* unknown methods, results, properties are skipped */
    { "a.example; superspf=pass; spf=maybe; arc=pass; x=y policy.krypton=foo", "arc=pass;" },
    { "a.example; spf=pass imap.override=true smtp.helo=b", "spf=pass smtp.helo=b;" },
    { "a.example; dmarc=softfail", "" },
    { "a.example", NULL },
    { "a.example;", NULL },
    { "a.example; spf", NULL },
    { "a.example; spf=", NULL },
    { "a.example; spf pass", NULL },
    { "a.example; none; spf=pass", NULL },
    { "a.example; spf=pass; none", NULL },
    { "a.example;; spf=pass", NULL },
    { "a.example; spf=pass policy", NULL },
    { "a.example; spf=pass policy.", NULL },
    { "a.example; spf=pass policy.iprev", NULL },
    { "a.example; spf=pass policy.iprev=", NULL },
    { "a.example; spf=pass policy.iprev=\"", NULL },
    { "a.example; spf=pass policy.iprev=\"1", NULL },
    { "a.example; spf=pass policy.iprev=\"1\" (", NULL },
    { "a.example; spf=pass policy.iprev=\"1\" ( a (b)", NULL },
    { "a.example; spf=pass; (", NULL },
    { "a.example; spf=pass; (\\", NULL },
    { "a.example; iprev=pass policy.iprev.192.0.2.1", NULL },
    { "a.example; iprev=pass policy=iprev=192.0.2.1 policy.iprev=192.0.2.2",
      "iprev=pass policy.iprev=192.0.2.2;" },
    { "a.example; dmarc=pass action = none (p) header.from=b.example;dkim=pass",
      "dmarc=pass header.from=b.example;dkim=pass;" },
    { "a.example; dmarc=pass action=", NULL },
    { "a.example; dmarc=pass action", NULL },
    { "a.example; dmarc=pass =none", NULL },
    { "a.example; spf=pass smtp.helo=b reason=\"late\"", "spf=pass smtp.helo=b;" },
    { "a.example; spf=pass reason \"because\"", NULL },
    { "a.example 12.0; spf=pass", NULL },
    { "a.example a; spf=pass", NULL },
    { "a.example 1 1; spf=pass", NULL },
    { "a.example 2; spf=pass", NULL },
    { "; spf=pass", NULL },
    { "", NULL },
};

static void reads_the_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        struct region *region = region_new(0);
        struct text read_id;
        const char *read = as_read(region, text_of(readings[i].value), &read_id);

        print_message("%s\n", readings[i].value);
        if (readings[i].read) {
            assert_non_null(read);
            assert_string_equal(read, readings[i].read);
            assert_true(text_equal(read_id, TEXT("a.example")));
        } else {
            assert_null(read);
        }
        region_free(region);
    }
}

/* Property values of every kind that is written come back the same. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct region *region = region_new(0);
        struct findings findings, again;
        struct finding *f;
        struct text read_id;

        findings_init(&findings, region);
        findings_init(&again, region);
        if (!values[i].written) {
            region_free(region);
            continue;
        }
        f = findings_add(&findings, METHOD_DKIM, RESULT_PERMERROR, "a \"reason\" (with \\ all)");
        finding_property(&findings, f, "header.d", values[i].value);
        finding_property(&findings, f, "header.s", TEXT("s1"));
        findings_add(&findings, METHOD_DMARC, RESULT_NONE, NULL);
        assert_true(authres_read(text_of(written(region, &findings)), &read_id, &again));
        assert_true(text_equal(read_id, text_of(id)));
        assert_int_equal(again.first->result, RESULT_PERMERROR);
        assert_string_equal(again.first->reason, f->reason);
        assert_true(text_equal(finding_get(again.first, "header.d"), values[i].value));
        assert_true(text_equal(finding_get(again.first, "header.s"), TEXT("s1")));
        assert_int_equal(again.first->next->method, METHOD_DMARC);
        assert_null(again.first->next->next);
        region_free(region);
    }
}

static void results_as_they_stand(void **state)
{
    static const struct {
        const char *value, *results; /* NULL: refused */
    } rows[] = {
        { " mx.example; spf=pass smtp.mailfrom=a.example", "spf=pass smtp.mailfrom=a.example" },
        { " (c) \"mx.example\" 1 ;\r\n\tx-new=good (2048 bits) a.b=c;\r\n\tdkim=pass ",
          "x-new=good (2048 bits) a.b=c;\r\n\tdkim=pass" },
        { " mx.example; spf=pass; (end)", "spf=pass" },
        { " mx.example; spf=pass reason=\"a;b\" ;", "spf=pass reason=\"a;b\"" },
        { " mx.example; none", "" },
        { " mx.example;none (c)", "" },
        { " mx.example", NULL },
        { " mx.example;", NULL },
        { " mx.example 2; spf=pass", NULL },
        { " mx.example; spf=pass; (open", NULL },
        { " mx.example; spf=pass other.example; dkim=pass", NULL },
        { " mx.example; ; spf=pass", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text results;
        bool ok = authres_results_of(text_of(rows[i].value), &results);

        if (ok != (rows[i].results != NULL) ||
            (ok && !text_equal(results, text_of(rows[i].results))))
            fail_msg("%s: %.*s", rows[i].value, TEXT_ARGS(results));
    }
}

static void results_alone(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct buf buf;

    (void)state;
    findings_init(&findings, region);
    buf_init(&buf, region, 1000);
    authres_write_results(&buf, &findings);
    assert_string_equal(buf_str(&buf), "none");
    findings_add(&findings, METHOD_DMARC, RESULT_PASS, NULL);
    findings_add(&findings, METHOD_ARC, RESULT_NONE, NULL);
    buf_init(&buf, region, 1000);
    authres_write_results(&buf, &findings);
    assert_string_equal(buf_str(&buf), "arc=none;\n\tdmarc=pass");
    region_free(region);
}

static void registry(void **state)
{
    (void)state;
    assert_true(authres_has_result(METHOD_SPF, RESULT_SOFTFAIL));
    assert_false(authres_has_result(METHOD_ARC, RESULT_TEMPERROR));
    assert_false(authres_has_result(METHOD_IPREV, RESULT_NONE));
    assert_string_equal(authres_property(METHOD_DMARC, TEXT("Policy.DMARC")), "policy.dmarc");
    assert_null(authres_property(METHOD_DMARC, TEXT("header.d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_found),
        cmocka_unit_test(in_order_of_methods),
        cmocka_unit_test(only_what_is_registered),
        cmocka_unit_test(values_are_quoted_or_dropped),
        cmocka_unit_test(long_values),
        cmocka_unit_test(ids_are_quoted_or_refused),
        cmocka_unit_test(claims),
        cmocka_unit_test(claims_fold_u_labels),
        cmocka_unit_test(claims_of_large_fields),
        cmocka_unit_test(reads_the_grammar),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(results_as_they_stand),
        cmocka_unit_test(results_alone),
        cmocka_unit_test(registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
