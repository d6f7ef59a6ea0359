/* Unit tests of auth/finding.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/finding.h"
#include "base/region.h"

static void findings_keep_their_order(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct finding *spf, *dkim;

    (void)state;
    findings_init(&findings, region);
    assert_null(findings.first);
    spf = findings_add(&findings, METHOD_SPF, RESULT_PASS, NULL);
    dkim = findings_add(&findings, METHOD_DKIM, RESULT_FAIL, "body hash mismatch");
    assert_ptr_equal(findings.first, spf);
    assert_ptr_equal(spf->next, dkim);
    assert_null(dkim->next);
    assert_string_equal(dkim->reason, "body hash mismatch");

    finding_property(&findings, dkim, "header.d", TEXT("example.org"));
    finding_property(&findings, dkim, "header.s", TEXT("s1"));
    assert_true(text_equal(finding_get(dkim, "header.s"), TEXT("s1")));
    assert_string_equal(dkim->properties->name, "header.d");
    assert_int_equal(finding_get(dkim, "header.b").len, 0);
    assert_int_equal(finding_get(NULL, "header.b").len, 0);

    finding_number(&findings, dkim, "key_bits", 2048);
    finding_bool(&findings, dkim, "testing", true);
    finding_text(&findings, dkim, "record", TEXT("v=DKIM1"));
    assert_int_equal(dkim->details->kind, DETAIL_NUMBER);
    assert_int_equal(dkim->details->number, 2048);
    assert_int_equal(dkim->details->next->kind, DETAIL_BOOL);
    assert_int_equal(dkim->details->next->number, 1);
    assert_true(text_equal(dkim->details->next->next->text, TEXT("v=DKIM1")));
    region_free(region);
}

static void findings_may_come_first(void **state)
{
    struct region *region = region_new(0);
    struct findings findings, first;
    struct finding *iprev, *spf, *dkim;

    (void)state;
    findings_init(&findings, region);
    findings_init(&first, region);
    findings_put_first(&findings, &first);
    assert_null(findings.first);
    spf = findings_add(&first, METHOD_SPF, RESULT_PASS, NULL);
    findings_put_first(&findings, &first);
    assert_null(first.first);
    iprev = findings_add(&first, METHOD_IPREV, RESULT_PASS, NULL);
    findings_put_first(&findings, &first);
    dkim = findings_add(&findings, METHOD_DKIM, RESULT_PASS, NULL);
    assert_ptr_equal(findings.first, iprev);
    assert_ptr_equal(iprev->next, spf);
    assert_ptr_equal(spf->next, dkim);
    assert_null(dkim->next);
    region_free(region);
}

/* Memory runs out: helpers take the NULL finding, the region latches. */
static void no_memory_no_finding(void **state)
{
    struct region *region = region_new(1);
    struct findings findings;
    struct finding *finding;

    (void)state;
    findings_init(&findings, region);
    finding = findings_add(&findings, METHOD_SPF, RESULT_PASS, NULL);
    assert_null(finding);
    finding_property(&findings, finding, "smtp.mailfrom", TEXT("example.org"));
    finding_number(&findings, finding, "lookups", 1);
    assert_null(findings.first);
    assert_true(region_failed(region));
    region_free(region);
}

static void names_of_results(void **state)
{
    int value;

    (void)state;
    assert_string_equal(name_of(result_names, RESULT_TEMPERROR), "temperror");
    assert_string_equal(name_of(method_names, METHOD_DMARC), "dmarc");
    assert_true(name_value(result_names, TEXT("SoftFail"), &value));
    assert_int_equal(value, RESULT_SOFTFAIL);
    assert_false(name_value(result_names, TEXT("permfail"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_keep_their_order),
        cmocka_unit_test(findings_may_come_first),
        cmocka_unit_test(no_memory_no_finding),
        cmocka_unit_test(names_of_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
