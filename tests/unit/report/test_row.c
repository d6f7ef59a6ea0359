/* Unit tests of the report row: from a judgement, to its line, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "core/transaction.h"
#include "mail/message.h"
#include "report/crc32.h"
#include "report/row.h"

enum { NOW = 1795000000 };

/* --- a judgement by hand --------------------------------------------------- */

struct scene {
    struct region *region;
    struct message *message;
    struct findings findings;
    struct dmarc_record record;
    struct dmarc_outcome dmarc;
    struct spf_identity spf;
    struct judgement judgement;
    struct ip_address client;
};

/* example.org publishes RECORD; the message fails and is rejected. */
static void scene_set(struct scene *s, const char *record)
{
    memset(s, 0, sizeof *s);
    s->region = region_new(0);
    s->message = message_new(0);
    assert_non_null(s->region);
    assert_non_null(s->message);
    findings_init(&s->findings, s->region);
    assert_int_equal(dmarc_record_parse(text_of(record), &s->record), DMARC_RECORD_OK);
    s->dmarc = (struct dmarc_outcome){
        .result = RESULT_FAIL,
        .from_domain = "news.example.org",
        .policy_domain = "example.org",
        .organizational_domain = "example.org",
        .has_policy = true,
        .policy = DMARC_REJECT,
        .record = &s->record,
    };
    s->spf = (struct spf_identity){ .result = RESULT_NONE };
    assert_true(ip_parse(TEXT("192.0.2.7"), &s->client));
    message_set_mail_from(s->message, TEXT("<Bounce+alice@Mail.Example.ORG>"));
    message_add_recipient(s->message, TEXT("<bob@rx.example>"));
    s->judgement = (struct judgement){
        .origin = ORIGIN_OUTSIDE,
        .message = s->message,
        .findings = &s->findings,
        .spf = &s->spf,
        .dmarc = &s->dmarc,
        .verdict = { .action = ACTION_REJECT, .reason = "DMARC fail",
                     .disposition = DISPOSITION_REJECT },
    };
}

static void scene_free(struct scene *s)
{
    assert_false(region_failed(s->region));
    region_free(s->region);
    message_free(s->message);
}

static void signed_by(struct scene *s, enum result result, const char *domain,
                      const char *selector, const char *reason)
{
    struct finding *f = findings_add(&s->findings, METHOD_DKIM, result, reason);

    if (*domain)
        finding_property(&s->findings, f, "header.d", text_of(domain));
    if (*selector)
        finding_property(&s->findings, f, "header.s", text_of(selector));
}

static void add_row(struct scene *s, struct row *row)
{
    assert_int_equal(row_of(row, s->region, &s->judgement, &s->client, NOW), ROW_REPORTED);
}

/* The line of the scene's row without its head, without LF. */
static const char *line_of(struct scene *s)
{
    struct row row;
    struct buf out;
    char *line;

    add_row(s, &row);
    buf_init(&out, s->region, ROW_LINE_MAX);
    row_write(&out, &row);
    line = buf_str(&out);
    assert_non_null(line);
    assert_int_equal(line[strlen(line) - 1], '\n');
    line[strlen(line) - 1] = '\0';
    assert_true(strlen(line) > 18);
    return line + 18;
}

/* --- which messages give one ------------------------------------------------ */

static void only_decided_mail_of_who_asks_gives_a_row(void **state)
{
    static const struct {
        const char *record;
        enum origin origin;
        enum action action;
        enum result result;
        enum row_case wanted;
    } cases[] = {
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_REJECT,
          RESULT_FAIL, ROW_REPORTED },
        { "v=DMARC1; p=none; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_ACCEPT,
          RESULT_PASS, ROW_REPORTED },
        { "v=DMARC1; p=none; rua=https://example.org/, MAILTO:d@example.org", ORIGIN_OUTSIDE,
          ACTION_ACCEPT, RESULT_PASS, ROW_REPORTED },
        { "v=DMARC1; p=none; rua=https://example.org/mailto:", ORIGIN_OUTSIDE, ACTION_ACCEPT,
          RESULT_PASS, ROW_NOT_WANTED },
        { "v=DMARC1; p=none; ruf=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_ACCEPT,
          RESULT_PASS, ROW_NOT_WANTED },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_TEMPFAIL,
          RESULT_FAIL, ROW_DEFERRED },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_ACCEPT,
          RESULT_TEMPERROR, ROW_UNDECIDED },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_REJECT,
          RESULT_PERMERROR, ROW_UNDECIDED },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_OUTSIDE, ACTION_ACCEPT,
          RESULT_NONE, ROW_NO_RECORD },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_TRUSTED, ACTION_ACCEPT,
          RESULT_PASS, ROW_NOT_JUDGED },
        { "v=DMARC1; p=reject; rua=mailto:d@example.org", ORIGIN_AUTHENTICATED, ACTION_ACCEPT,
          RESULT_PASS, ROW_NOT_JUDGED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        struct row row;

        scene_set(&s, cases[i].record);
        s.judgement.origin = cases[i].origin;
        s.judgement.verdict.action = cases[i].action;
        s.dmarc.result = cases[i].result;
        assert_int_equal(row_of(&row, s.region, &s.judgement, &s.client, NOW), cases[i].wanted);
        scene_free(&s);
    }
}

static void what_is_missing_gives_none(void **state)
{
    struct scene s;
    struct row row;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; rua=mailto:d@example.org");
    s.dmarc.record = NULL; /* passed, but whose record applies is not known */
    assert_int_equal(row_of(&row, s.region, &s.judgement, &s.client, NOW), ROW_UNDECIDED);
    s.dmarc.record = &s.record;
    s.client.family = IP_NONE;
    assert_int_equal(row_of(&row, s.region, &s.judgement, &s.client, NOW), ROW_NOT_JUDGED);
    s.client.family = IP_V4;
    s.judgement.dmarc = NULL; /* memory ran out */
    assert_int_equal(row_of(&row, s.region, &s.judgement, &s.client, NOW), ROW_DEFERRED);
    scene_free(&s);
}

/* --- what stands in it ------------------------------------------------------- */

static void a_line_in_full(void **state)
{
    struct scene s;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; aspf=r; t=y; psd=n; "
                  "fo=1:d; rua=mailto:a%25@example.org, mailto:b@example.net!10m; "
                  "ruf=mailto:f@example.org");
    s.judgement.verdict.override = OVERRIDE_MAILING_LIST;
    s.judgement.verdict.override_comment = "list a.example is in trusted-lists";
    s.judgement.verdict.disposition = DISPOSITION_NONE;
    s.dmarc.discovery = DMARC_PSL;
    s.dmarc.aligned_spf = "mail.example.org";
    s.spf = (struct spf_identity){ .result = RESULT_PASS, .domain = "mail.example.org" };
    signed_by(&s, RESULT_FAIL, "example.org", "s1", "body hash differs");
    assert_string_equal(
        line_of(&s),
        "time=1795000000 source_ip=192.0.2.7 header_from=news.example.org "
        "envelope_from=mail.example.org envelope_to=rx.example domain=example.org p=reject "
        "sp=quarantine np=reject adkim=s aspf=r testing=y psd=n discovery_method=psl fo=1:d "
        "rua=mailto:a%2525@example.org,%20mailto:b@example.net!10m ruf=mailto:f@example.org "
        "disposition=none dkim=fail spf=pass "
        "reason=mailing_list/list%20a.example%20is%20in%20trusted-lists "
        "auth_dkim=fail/example.org/s1/body%20hash%20differs "
        "auth_spf=pass/mail.example.org/");
    scene_free(&s);
}

static void signatures_stand_in_the_order_of_rfc_9990(void **state)
{
    struct scene s;
    struct row row;
    static const struct {
        const char *domain, *selector;
        enum result result;
    } wanted[] = {
        { "news.example.org", "b", RESULT_PASS }, { "example.org", "c", RESULT_PASS },
        { "other.example.org", "d", RESULT_PASS }, { "example.net", "a", RESULT_PASS },
        { "news.example.org", "e", RESULT_FAIL },  { "example.com", "f", RESULT_TEMPERROR },
    };

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; rua=mailto:d@example.org");
    signed_by(&s, RESULT_PASS, "example.net", "a", NULL);
    signed_by(&s, RESULT_FAIL, "news.example.org", "e", NULL);
    signed_by(&s, RESULT_PASS, "example.org", "c", NULL);
    signed_by(&s, RESULT_PASS, "news.example.org", "b", NULL);
    signed_by(&s, RESULT_TEMPERROR, "example.com", "f", NULL);
    signed_by(&s, RESULT_PASS, "other.example.org", "d", NULL);
    signed_by(&s, RESULT_PERMERROR, "example.com", "", NULL); /* no selector: not reported */
    signed_by(&s, RESULT_NONE, "", "", NULL);
    add_row(&s, &row);
    assert_int_equal(row.dkim_count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < row.dkim_count; i++) {
        assert_string_equal(row.dkim[i].domain, wanted[i].domain);
        assert_string_equal(row.dkim[i].selector, wanted[i].selector);
        assert_int_equal(row.dkim[i].result, wanted[i].result);
    }
    s.record.strict_dkim = true; /* now only the author's own domain aligns */
    add_row(&s, &row);
    assert_string_equal(row.dkim[0].selector, "b");
    assert_string_equal(row.dkim[1].selector, "a");
    scene_free(&s);
}

static void a_hundred_signatures_at_most(void **state)
{
    struct scene s;
    struct row row;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; rua=mailto:d@example.org");
    for (int i = 0; i < 120; i++)
        signed_by(&s, RESULT_FAIL, "example.net", "s", NULL);
    signed_by(&s, RESULT_PASS, "news.example.org", "last", NULL);
    add_row(&s, &row);
    assert_int_equal(row.dkim_count, 100);
    assert_string_equal(row.dkim[0].selector, "last");
    scene_free(&s);
}

/* Neither local parts nor the administrator's own names get into a row. */
static void nothing_private(void **state)
{
    struct scene s;
    struct row row;
    struct finding *f;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; rua=mailto:d@example.org");
    message_add_recipient(s.message, TEXT("<carol@elsewhere.example>"));
    s.judgement.verdict.override = OVERRIDE_LOCAL_POLICY;
    s.judgement.verdict.override_comment = "override \"the boss\"";
    s.judgement.verdict.override_is_named = true;
    s.spf = (struct spf_identity){ .result = RESULT_TEMPERROR, .domain = "example.org",
                                   .reason = "DNS at alice.x.example.org: timeout" };
    f = findings_add(&s.findings, METHOD_DKIM, RESULT_POLICY, "123 of 4567 body octets not signed");
    finding_property(&s.findings, f, "header.d", TEXT("example.org"));
    finding_property(&s.findings, f, "header.s", TEXT("s1"));
    finding_number(&s.findings, f, "unsigned_octets", 123);
    add_row(&s, &row);
    assert_string_equal(row.envelope_from, "mail.example.org");
    assert_string_equal(row.envelope_to, "");
    assert_int_equal(row.reasons[0].type, OVERRIDE_LOCAL_POLICY);
    assert_string_equal(row.reasons[0].comment, "");
    assert_string_equal(row.spf.human, "");
    assert_string_equal(row.dkim[0].human, "part of the body is not signed");
    s.spf.reason = "more than 2 void lookups";
    add_row(&s, &row);
    assert_string_equal(row.spf.human, "more than 2 void lookups");
    scene_free(&s);
}

static void long_texts_are_cut_at_whole_parts(void **state)
{
    char record[9000] = "v=DMARC1; p=none; rua=mailto:0@example.org";
    char comment[3000] = "arc=pass";
    struct scene s;
    struct row row;
    size_t len = strlen(record);

    (void)state;
    for (int i = 1; i < 300; i++)
        len += (size_t)snprintf(record + len, sizeof record - len, ",mailto:%d@example.org", i);
    for (int i = 1; i < 100; i++)
        strcat(comment, " as[1].d=example.org");
    scene_set(&s, record);
    s.judgement.verdict.override = OVERRIDE_LOCAL_POLICY;
    s.judgement.verdict.override_comment = comment;
    add_row(&s, &row);
    assert_in_range(strlen(row.policy.rua), ROW_URIS_MAX - 30, ROW_URIS_MAX);
    assert_string_equal(row.policy.rua + strlen(row.policy.rua) - 12, "@example.org");
    assert_in_range(strlen(row.reasons[0].comment), ROW_COMMENT_MAX - 30, ROW_COMMENT_MAX);
    assert_string_equal(row.reasons[0].comment + strlen(row.reasons[0].comment) - 12,
                        "=example.org");
    scene_free(&s);
}

/* --- there and back ----------------------------------------------------------- */

static void assert_rows_equal(struct region *region, const struct row *a, const struct row *b)
{
    struct buf x, y;

    buf_init(&x, region, ROW_LINE_MAX);
    buf_init(&y, region, ROW_LINE_MAX);
    row_write(&x, a);
    row_write(&y, b);
    assert_non_null(buf_str(&x));
    assert_string_equal(buf_str(&x), buf_str(&y));
}

static void a_row_comes_back_as_it_went(void **state)
{
    struct scene s;
    struct row row, again;
    struct buf out;
    char *line;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; np=none; rua=mailto:d@example.org; fo=s");
    assert_true(ip_parse(TEXT("2001:db8::25"), &s.client));
    s.judgement.verdict.override = OVERRIDE_OTHER;
    s.judgement.verdict.override_comment = "100% \"quoted\" = / \\ ok";
    s.spf = (struct spf_identity){ .result = RESULT_SOFTFAIL, .domain = "mail.example.org" };
    signed_by(&s, RESULT_PASS, "xn--bcher-kva.example", "s_1.a", "a/b c");
    add_row(&s, &row);
    buf_init(&out, s.region, ROW_LINE_MAX);
    row_write(&out, &row);
    line = buf_str(&out);
    assert_int_equal(row_read(line, strlen(line) - 1, &again), ROW_READ_OK);
    assert_int_equal(again.time, NOW);
    assert_true(ip_equal(&again.source, &s.client));
    assert_string_equal(again.policy.domain, "example.org");
    assert_true(again.policy.has_np && !again.policy.has_sp);
    assert_int_equal(again.policy.np, DMARC_NONE);
    assert_string_equal(again.policy.rua, "mailto:d@example.org");
    assert_string_equal(again.policy.ruf, "");
    assert_string_equal(again.reasons[0].comment, "100% \"quoted\" = / \\ ok");
    assert_string_equal(again.dkim[0].human, "a/b c");
    assert_int_equal(again.spf.result, RESULT_SOFTFAIL);
    assert_rows_equal(s.region, &row, &again);
    scene_free(&s);
}

static void what_no_row_may_hold_is_not_written(void **state)
{
    struct scene s;
    struct row good;

    (void)state;
    scene_set(&s, "v=DMARC1; p=reject; rua=mailto:d@example.org");
    signed_by(&s, RESULT_FAIL, "example.org", "s1", NULL);
    add_row(&s, &good);
    for (int i = 0; i < 8; i++) {
        struct row row = good;
        struct buf out;

        switch (i) {
        case 0: row.header_from = ""; break;
        case 1: row.header_from = "Example.org"; break;
        case 2: row.policy.rua = ""; break;
        case 3: row.policy.fo = "1\n2"; break;
        case 4: row.dkim[0].selector = "a b"; break;
        case 5: row.dkim[0].result = RESULT_SOFTFAIL; break;
        case 6: row.source.family = IP_NONE; break;
        case 7: row.time = -1; break;
        }
        buf_init(&out, s.region, ROW_LINE_MAX);
        row_write(&out, &row);
        if (!buf_failed(&out))
            fail_msg("case %d was written: %s", i, buf_str(&out));
    }
    scene_free(&s);
}

/* BODY with a head that fits it, as VERSION. */
static size_t seal(char *out, size_t size, int version, const char *body)
{
    char checked[4096];

    snprintf(checked, sizeof checked, "%d %06zu %s", version, strlen(body), body);
    return (size_t)snprintf(out, size, "%08" PRIx32 " %s", crc32_of(text_of(checked)), checked);
}

#define GOOD                                                                                      \
    "time=1 source_ip=192.0.2.1 header_from=a.example domain=a.example p=none adkim=r aspf=r "    \
    "testing=n psd=u discovery_method=treewalk rua=mailto:a@a.example disposition=none dkim=fail " \
    "spf=fail"

static void the_reader_is_strict(void **state)
{
    static const struct {
        const char *body;
        enum row_reading wanted;
    } cases[] = {
        { GOOD, ROW_READ_OK },
        { GOOD " envelope_from=b.example", ROW_READ_OK },
        { GOOD " later=%zz/thing =", ROW_READ_OK }, /* unknown keys are not looked into */
        { GOOD " auth_dkim=pass/a.example/s/", ROW_READ_OK },
        { GOOD " auth_dkim=pass/a.example/s/a%20b", ROW_READ_OK },
        { "", ROW_READ_DAMAGED },
        { "time=1", ROW_READ_DAMAGED },
        { GOOD " time=2", ROW_READ_DAMAGED },
        { GOOD " fo", ROW_READ_DAMAGED },
        { GOOD " fo=", ROW_READ_DAMAGED },
        { GOOD "  fo=1", ROW_READ_DAMAGED },
        { GOOD " fo=%4", ROW_READ_DAMAGED },
        { GOOD " fo=%0A", ROW_READ_DAMAGED },
        { GOOD " fo=%5a", ROW_READ_DAMAGED },
        { GOOD " fo=\x7f", ROW_READ_DAMAGED },
        { GOOD " envelope_from=", ROW_READ_DAMAGED },
        { GOOD " envelope_from=B.example", ROW_READ_DAMAGED },
        { GOOD " envelope_from=a/b", ROW_READ_DAMAGED },
        { GOOD " sp=maybe", ROW_READ_DAMAGED },
        { GOOD " sp=None", ROW_READ_DAMAGED },
        { GOOD " reason=none/", ROW_READ_DAMAGED },
        { GOOD " reason=forwarded/", ROW_READ_DAMAGED },
        { GOOD " auth_dkim=pass/a.example", ROW_READ_DAMAGED },
        { GOOD " auth_dkim=softfail/a.example/s/", ROW_READ_DAMAGED },
        { GOOD " auth_spf=softfail/a.example/", ROW_READ_OK },
        { GOOD " auth_spf=softfail//", ROW_READ_DAMAGED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[4096];
        struct row row;
        size_t len = seal(line, sizeof line, 1, cases[i].body);

        if (row_read(line, len, &row) != cases[i].wanted)
            fail_msg("wrong answer to: %s", cases[i].body);
    }
}

static void versions(void **state)
{
    char line[4096];
    struct row row;
    size_t len = seal(line, sizeof line, 2, "what later versions write");

    (void)state;
    assert_int_equal(row_read(line, len, &row), ROW_READ_NEWER);
    len = seal(line, sizeof line, 0, GOOD);
    assert_int_equal(row_read(line, len, &row), ROW_READ_DAMAGED);
}

/* No octet can change, and no end be missing, without being noticed. */
static void every_damage_is_seen(void **state)
{
    char whole[4096], line[4096];
    size_t len = seal(whole, sizeof whole, 1, GOOD " auth_dkim=fail/a.example/s/");
    struct row row;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        for (int bit = 1; bit < 256; bit <<= 1) {
            memcpy(line, whole, len + 1);
            line[i] = (char)(line[i] ^ bit);
            assert_int_equal(row_read(line, len, &row), ROW_READ_DAMAGED);
        }
        memcpy(line, whole, len + 1);
        assert_int_equal(row_read(line, i, &row), ROW_READ_DAMAGED);
    }
    memcpy(line, whole, len + 1);
    assert_int_equal(row_read(line, len, &row), ROW_READ_OK);
}

/* More than a row has room for is not read. */
static void the_bounds_of_lists(void **state)
{
    static char body[100000], line[200000];
    struct row row;
    size_t len = (size_t)sprintf(body, "%s", GOOD);

    (void)state;
    for (int i = 0; i < ROW_DKIM_MAX; i++)
        len += (size_t)sprintf(body + len, " auth_dkim=fail/a/s%d/", i);
    for (int extra = 0; extra < 2; extra++) {
        char checked[32];
        size_t all;

        if (extra)
            len += (size_t)sprintf(body + len, " auth_dkim=fail/a/s/");
        sprintf(checked, "1 %06zu ", len);
        all = (size_t)snprintf(line, sizeof line, "%08d %s%s", 0, checked, body);
        sprintf(checked, "%08" PRIx32, crc32_of((struct text){ line + 9, all - 9 }));
        memcpy(line, checked, 8);
        assert_int_equal(row_read(line, all, &row), extra ? ROW_READ_DAMAGED : ROW_READ_OK);
    }
}

static void the_checksum_is_zlibs(void **state)
{
    (void)state;
    assert_int_equal(crc32_of(TEXT("")), 0);
    assert_int_equal(crc32_of(TEXT("123456789")), 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_decided_mail_of_who_asks_gives_a_row),
        cmocka_unit_test(what_is_missing_gives_none),
        cmocka_unit_test(a_line_in_full),
        cmocka_unit_test(signatures_stand_in_the_order_of_rfc_9990),
        cmocka_unit_test(a_hundred_signatures_at_most),
        cmocka_unit_test(nothing_private),
        cmocka_unit_test(long_texts_are_cut_at_whole_parts),
        cmocka_unit_test(a_row_comes_back_as_it_went),
        cmocka_unit_test(what_no_row_may_hold_is_not_written),
        cmocka_unit_test(the_reader_is_strict),
        cmocka_unit_test(versions),
        cmocka_unit_test(every_damage_is_seen),
        cmocka_unit_test(the_bounds_of_lists),
        cmocka_unit_test(the_checksum_is_zlibs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
