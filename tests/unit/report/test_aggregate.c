/* An aggregate report that is written, packed, unpacked and read says what the
 * rows said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/aggregate.h"
#include "report/feedback.h"
#include "report/pack.h"
#include "../../lib/region_fixture.h"

enum { XML_MAX = 1 << 20 };

static const struct row_policy policy = {
    .domain = "example.org",
    .p = DMARC_REJECT,
    .has_np = true,
    .np = DMARC_QUARANTINE,
    .strict_dkim = true,
    .testing = true,
    .discovery = DMARC_TREE_WALK,
    .fo = "1:d",
    .rua = "mailto:a@example.org",
    .ruf = "",
};

static const struct aggregate_head head = {
    .org_name = "A <Receiver> & \"sons\"",
    .email = "dmarc@receiver.example",
    .extra_contact = "",
    .report_id = "id.1@receiver.example",
    .begin = 1763683200,
    .end = 1763769599,
    .policy = &policy,
};

static void row_fill(struct row *row)
{
    *row = (struct row){
        .source = { .family = IP_V4, .octets = { 192, 0, 2, 1 } },
        .header_from = "mail.example.org",
        .envelope_from = "",
        .envelope_to = "rx.example",
        .disposition = DISPOSITION_QUARANTINE,
        .spf_aligned = true,
        .reason_count = 1,
        .reasons = { { OVERRIDE_MAILING_LIST, "list <x> & co" } },
        .dkim_count = 2,
        .dkim = { { "example.org", "s1", RESULT_FAIL, "body changed" },
                  { "other.example", "s2", RESULT_PASS, "" } },
    };
    row->spf.domain = "helo.example";
    row->spf.result = RESULT_SOFTFAIL;
    row->spf.human = "";
}

static void into_buf(void *context, struct text octets)
{
    buf_text_add(context, octets);
}

/* The report of COUNT equal rows. */
static struct text written(size_t count)
{
    static struct buf buf;
    struct aggregate *a;
    struct row row;

    row_fill(&row);
    buf_init(&buf, region, XML_MAX);
    a = aggregate_new(&head, (struct octet_sink){ into_buf, &buf });
    assert_non_null(a);
    for (size_t i = 0; i < count; i++)
        aggregate_add(a, &row, 7);
    assert_true(aggregate_end(a));
    return buf_text(&buf);
}

static struct feedback_head seen_head;
static struct feedback_row seen_row;
static size_t seen_rows;
static char header_from[64], comment[64], domain[64];

static void see_head(void *context, const struct feedback_head *h)
{
    (void)context;
    seen_head = *h;
}

static void see_row(void *context, const struct feedback_row *row)
{
    (void)context;
    seen_row = *row;
    seen_rows++;
    snprintf(header_from, sizeof header_from, "%.*s", TEXT_ARGS(row->header_from));
    snprintf(comment, sizeof comment, "%.*s", TEXT_ARGS(row->reason));
    snprintf(domain, sizeof domain, "%.*s", TEXT_ARGS(row->dkim_results[1].domain));
}

static bool text_is(struct text t, const char *s)
{
    return text_equal(t, text_of(s));
}

static void test_reads_back(void **state)
{
    const struct feedback_reader reader = { NULL, see_head, see_row };
    char error[FEEDBACK_ERROR_SIZE];

    (void)state;
    seen_rows = 0;
    assert_true(feedback_read(region, written(2), &reader, error));
    assert_true(text_is(seen_head.org_name, head.org_name));
    assert_true(text_is(seen_head.report_id, head.report_id));
    assert_true(text_is(seen_head.domain, "example.org"));
    assert_true(text_is(seen_head.p, "reject"));
    assert_int_equal(seen_head.sp.len, 0);
    assert_true(text_is(seen_head.np, "quarantine"));
    assert_true(text_is(seen_head.adkim, "s"));
    assert_true(text_is(seen_head.aspf, "r"));
    assert_true(text_is(seen_head.testing, "y"));
    assert_true(text_is(seen_head.discovery_method, "treewalk"));
    assert_true(seen_head.begin == head.begin && seen_head.end == head.end);
    assert_int_equal(seen_rows, 2);
    assert_int_equal(seen_row.count, 7);
    assert_int_equal(seen_row.dkim_count, 2);
    assert_string_equal(header_from, "mail.example.org");
    assert_string_equal(comment, "mailing_list");
    assert_string_equal(domain, "other.example");
}

/* What other software looks for, octet for octet. */
static void test_text(void **state)
{
    static const char *const parts[] = {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">",
        "<version>1.0</version>",
        "<org_name>A &lt;Receiver&gt; &amp; &quot;sons&quot;</org_name>",
        "<disposition>quarantine</disposition>",
        "<dkim>fail</dkim>",
        "<spf>pass</spf>",
        "<comment>list &lt;x&gt; &amp; co</comment>",
        "<envelope_from></envelope_from>",
        "<human_result>body changed</human_result>",
        "<scope>mfrom</scope>",
        "<fo>1:d</fo>",
    };
    struct text xml = written(1);

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(xml.data, parts[i]))
            fail_msg("no %s in %s", parts[i], xml.data);
}

static void test_packs(void **state)
{
    struct text xml = written(500);
    struct octets plain;
    struct packer *packer;
    struct buf packed;

    (void)state;
    buf_init(&packed, region, XML_MAX);
    packer = packer_new((struct octet_sink){ into_buf, &packed });
    for (size_t at = 0; at < xml.len; at += 1000)
        packer_add(packer, text_head(text_tail(xml, at), 1000));
    assert_true(packer_end(packer));
    assert_true(buf_text(&packed).len < xml.len / 10);
    assert_null(unpack_gzip(buf_text(&packed), XML_MAX, &plain));
    assert_true(text_equal((struct text){ plain.data, plain.len }, xml));
    free(plain.data);
    assert_non_null(unpack_gzip(buf_text(&packed), xml.len - 1, &plain));
    assert_null(plain.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_packs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
