/* Unit tests of auth/dmarc_record.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/dmarc.h"

/* The policies and settings of a record in one line: "p sp np adkim aspf t psd",
 * "-" for what is not given. */
static const char *summary(const struct dmarc_record *r, char out[100])
{
    snprintf(out, 100, "%s %s %s %s%s %s %s", name_of(dmarc_policy_names, (int)r->p),
             r->has_sp ? name_of(dmarc_policy_names, (int)r->sp) : "-",
             r->has_np ? name_of(dmarc_policy_names, (int)r->np) : "-", r->strict_dkim ? "s" : "r",
             r->strict_spf ? "s" : "r", r->testing ? "y" : "n",
             r->psd == PSD_YES ? "y" : r->psd == PSD_NO ? "n" : "u");
    return out;
}

static const struct {
    const char *record, *summary;
} good[] = {
    { "v=DMARC1; p=reject", "reject - - rr n u" },
    { "v=DMARC1;p=reject;", "reject - - rr n u" },
    { "v = DMARC1 ; p\t=\tnone ; ", "none - - rr n u" },
    { " v=DMARC1; p=none", "none - - rr n u" },
    { "v=DMARC1; p=REJECT; SP=none", "reject - - rr n u" }, /* tag names have case */
    { "v=DMARC1; p=Quarantine; sp=NONE; np=reJect", "quarantine none reject rr n u" },
    { "v=DMARC1; rua=mailto:a@b.example; p=reject", "reject - - rr n u" },
    { "v=DMARC1; p=none; adkim=s; aspf=S; t=y; psd=Y", "none - - ss y y" },
    { "v=DMARC1; p=none; adkim=r; aspf=r; t=n; psd=n", "none - - rr n n" },
    { "v=DMARC1; p=none; adkim=x; aspf=; t=yes; psd=maybe", "none - - rr n u" },
    { "v=DMARC1; p=none; psd=u", "none - - rr n u" },
    { "v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400", "reject - - rr n u" },
    { "v=DMARC1; p=reject; future=x; x1=2", "reject - - rr n u" },
    { "v=DMARC1;; p=reject;;;", "reject - - rr n u" },
    { "v=DMARC1; junk; p=reject; =x; a=", "reject - - rr n u" },
    { "v=DMARC1; p=reject; fo=1:d:s", "reject - - rr n u" },
    { "v=DMARC1; p=reject; rua=junk", "reject - - rr n u" },
    { "v=DMARC1; p=reject; n=a=b=c", "reject - - rr n u" },
    /* §4.10.1: acts as p=none because it asks for reports */
    { "v=DMARC1; rua=mailto:a@b.example", "none - - rr n u" },
    { "v=DMARC1; p=bogus; rua=mailto:a@b.example; adkim=s", "none - - sr n u" },
    { "v=DMARC1; p=reject; sp=bogus; rua=mailto:a@b.example", "none - - rr n u" },
    { "v=DMARC1; p=reject; sp=reject; np=; rua=mailto:a@b.example", "reject reject - rr n u" },
    { "v=DMARC1; p=reject; np=no; sp=reject; rua=mailto:a@b.example", "none - - rr n u" },
    { "v=DMARC1; rua=junk, mailto:a@b.example!10m", "none - - rr n u" },
    { "v=DMARC1; rua=https://b.example/x%2Fy?z", "none - - rr n u" },
    { "v=DMARC1; p=rej\xc3\xa9" "ct; rua=mailto:a@b.example", "none - - rr n u" },
};

static void good_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct dmarc_record record;
        char line[100];

        print_message("%s\n", good[i].record);
        assert_int_equal(dmarc_record_parse(text_of(good[i].record), &record), DMARC_RECORD_OK);
        assert_string_equal(summary(&record, line), good[i].summary);
        assert_true(text_equal(record.text, text_of(good[i].record)));
    }
}

#define BYTES(literal) { (literal), sizeof(literal) - 1 }

static const struct {
    struct text record;
    enum dmarc_record_kind kind;
} other[] = {
    { BYTES(""), DMARC_RECORD_NONE },
    { BYTES(";"), DMARC_RECORD_NONE },
    { BYTES("v"), DMARC_RECORD_NONE },
    { BYTES("v="), DMARC_RECORD_NONE },
    { BYTES("v=spf1 -all"), DMARC_RECORD_NONE },
    { BYTES("p=reject; v=DMARC1"), DMARC_RECORD_NONE },
    { BYTES("; v=DMARC1; p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=dmarc1; p=reject"), DMARC_RECORD_NONE },
    { BYTES("V=DMARC1; p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=DMARC10; p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=DMARC; p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=DMARC1 p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=DMARC1, p=reject"), DMARC_RECORD_NONE },
    { BYTES("v=DMARC1\0; p=reject"), DMARC_RECORD_NONE },
    { BYTES("\"v=DMARC1; p=reject\""), DMARC_RECORD_NONE },
    { BYTES("v=DMARC1; p=reject; p=none"), DMARC_RECORD_INVALID },
    { BYTES("v=DMARC1; p=reject; p=reject"), DMARC_RECORD_INVALID },
    { BYTES("v=DMARC1; p=reject; v=DMARC1"), DMARC_RECORD_INVALID },
    { BYTES("v=DMARC1; x=1; p=reject; x=2"), DMARC_RECORD_INVALID },
    { BYTES("v=DMARC1; p=reject; rua=mailto:a@b.example; rua=mailto:c@d.example"),
      DMARC_RECORD_INVALID },
    { BYTES("v=DMARC1"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1;"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; p=bogus"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; P=reject"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; p=reject; sp=bogus"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; p=re ject"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; p=reject\0"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; ruf=mailto:a@b.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=a@b.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=mailto:"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=mailto:@b.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=mailto:a@"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=mailto:a b@c.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=mailto:a%4@c.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=:a@c.example"), DMARC_RECORD_UNUSABLE },
    { BYTES("v=DMARC1; rua=1x:a@c.example"), DMARC_RECORD_UNUSABLE },
};

static void other_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct dmarc_record record;

        print_message("%s\n", other[i].record.data);
        assert_int_equal(dmarc_record_parse(other[i].record, &record), other[i].kind);
    }
}

static void psd_of_an_unusable_record_counts(void **state)
{
    struct dmarc_record record;

    (void)state;
    assert_int_equal(dmarc_record_parse(TEXT("v=DMARC1; psd=y"), &record), DMARC_RECORD_UNUSABLE);
    assert_int_equal(record.psd, PSD_YES);
}

static void report_addresses_are_kept(void **state)
{
    struct text t = TEXT("v=DMARC1; p=none; fo=1 ;rua= mailto:a@b.example , x ;ruf=mailto:c@d");
    struct dmarc_record record;

    (void)state;
    assert_int_equal(dmarc_record_parse(t, &record), DMARC_RECORD_OK);
    assert_true(text_equal(record.fo, TEXT("1")));
    assert_true(text_equal(record.rua, TEXT("mailto:a@b.example , x")));
    assert_true(text_equal(record.ruf, TEXT("mailto:c@d")));
}

/* Many different unknown tags: bounded, and still no record without end. */
static void many_tags(void **state)
{
    static char text[20000] = "v=DMARC1; p=reject";
    size_t len = strlen(text);
    struct dmarc_record record;

    (void)state;
    for (int i = 0; i < 64; i++)
        len += (size_t)sprintf(text + len, ";%c%c=1", 'A' + i / 26, 'a' + i % 26);
    assert_int_equal(dmarc_record_parse(text_of(text), &record), DMARC_RECORD_OK);
    strcat(text, ";zz=1");
    assert_int_equal(dmarc_record_parse(text_of(text), &record), DMARC_RECORD_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_records),
        cmocka_unit_test(other_records),
        cmocka_unit_test(psd_of_an_unusable_record_counts),
        cmocka_unit_test(report_addresses_are_kept),
        cmocka_unit_test(many_tags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
