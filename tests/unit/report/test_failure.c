/* Unit tests of failure reports: which failures, what is noted of them, the file and back,
 * rates, and the daemon's end of the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/key_record.h"
#include "auth/spf.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "core/transaction.h"
#include "mail/message.h"
#include "report/failure.h"
#include "report/failure_file.h"
#include "report/failure_rate.h"
#include "report/failure_spool.h"
#include "report/redact.h"

enum { NOW = 1795000000 };

static const struct redactor redactor = { .key = "key", .keyed = true };

/* --- a judgement by hand ----------------------------------------------------- */

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

/* example.org publishes RECORD; an unsigned message fails and is rejected. */
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
        .record = &s->record,
    };
    s->spf = (struct spf_identity){ .result = RESULT_NONE };
    assert_true(ip_parse(TEXT("192.0.2.7"), &s->client));
    message_set_mail_from(s->message, TEXT("<alice@Mail.Example.ORG>"));
    message_add_field(s->message, TEXT("From"), TEXT(" Alice <alice@news.example.org>"));
    s->judgement = (struct judgement){
        .origin = ORIGIN_OUTSIDE,
        .authserv_id = "mx.example",
        .message = s->message,
        .findings = &s->findings,
        .spf = &s->spf,
        .dmarc = &s->dmarc,
        .verdict = { .action = ACTION_REJECT, .reason = "", .disposition = DISPOSITION_REJECT },
    };
}

static void scene_end(struct scene *s)
{
    message_free(s->message);
    region_free(s->region);
}

static void add_signature(struct scene *s, enum result result, const char *domain)
{
    struct finding *f = findings_add(&s->findings, METHOD_DKIM, result, "bad a.b@c.example");

    finding_property(&s->findings, f, "header.d", text_of(domain));
    finding_property(&s->findings, f, "header.s", TEXT("s1"));
}

#define RECORD "v=DMARC1; p=reject; ruf=mailto:f@example.org"

/* --- which ---------------------------------------------------------------------- */

struct wish {
    const char *fo;
    const char *spf_aligned, *dkim_aligned;
    enum result spf, dkim;
    const char *wanted; /* the type, or "" */
};

static void check_wish(const struct wish *w)
{
    char record[200];
    enum failure_type type;
    enum failure_case found;
    struct scene s;

    snprintf(record, sizeof record, RECORD "%s%s", *w->fo ? "; fo=" : "", w->fo);
    scene_set(&s, record);
    s.dmarc.aligned_spf = w->spf_aligned;
    s.dmarc.aligned_dkim = w->dkim_aligned;
    if (w->spf_aligned || w->dkim_aligned)
        s.dmarc.result = RESULT_PASS;
    s.spf.result = w->spf;
    strcpy(s.spf.domain, "mail.example.org");
    if (w->dkim != RESULT_NONE)
        add_signature(&s, w->dkim, "stranger.example");
    found = failure_wanted(&s.judgement, &s.client, &type);
    if ((found == FAILURE_REPORTED) != (*w->wanted != '\0') ||
        (*w->wanted && strcmp(name_of(failure_type_names, (int)type), w->wanted) != 0))
        fail_msg("fo=%s spf=%d dkim=%d gives case %d, type %d", w->fo, (int)w->spf, (int)w->dkim,
                 (int)found, (int)type);
    scene_end(&s);
}

static void options(void **state)
{
    static const char good[] = "example.org";
    static const struct wish wishes[] = {
        { "", NULL, NULL, RESULT_FAIL, RESULT_FAIL, "dmarc" },
        { "", good, NULL, RESULT_PASS, RESULT_FAIL, "" },
        { "0", NULL, good, RESULT_FAIL, RESULT_PASS, "" },
        { "1", NULL, good, RESULT_FAIL, RESULT_PASS, "dmarc" },
        { "1", good, NULL, RESULT_PASS, RESULT_NONE, "dmarc" },
        { "1", good, good, RESULT_PASS, RESULT_PASS, "" },
        { "0:1", good, NULL, RESULT_PASS, RESULT_NONE, "" },
        { "d", NULL, NULL, RESULT_FAIL, RESULT_NONE, "" },
        { "d", NULL, NULL, RESULT_FAIL, RESULT_PASS, "" },
        { "d", good, NULL, RESULT_PASS, RESULT_FAIL, "signature" },
        { "d", good, NULL, RESULT_PASS, RESULT_TEMPERROR, "" },
        { "D", good, NULL, RESULT_PASS, RESULT_PERMERROR, "signature" },
        { "s", NULL, good, RESULT_FAIL, RESULT_PASS, "spf" },
        { "s", NULL, good, RESULT_SOFTFAIL, RESULT_PASS, "spf" },
        { "s", NULL, good, RESULT_NEUTRAL, RESULT_PASS, "" },
        { "s", NULL, good, RESULT_NONE, RESULT_FAIL, "" },
        { " s : d ", NULL, good, RESULT_NONE, RESULT_FAIL, "signature" },
        { "1:d:s", good, good, RESULT_PASS, RESULT_FAIL, "signature" },
        { "x:10", NULL, NULL, RESULT_FAIL, RESULT_FAIL, "dmarc" },
        { "x:s", NULL, NULL, RESULT_PASS, RESULT_FAIL, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        check_wish(&wishes[i]);
}

/* RFC 6591 §3.3 has a word of its own for keys that were taken back. */
static void revoked_key(void **state)
{
    enum failure_type type;
    struct finding *f;
    struct scene s;

    (void)state;
    scene_set(&s, RECORD "; fo=d");
    f = findings_add(&s.findings, METHOD_DKIM, RESULT_PERMERROR, KEY_RECORD_REVOKED);
    finding_property(&s.findings, f, "header.d", TEXT("example.org"));
    assert_int_equal(failure_wanted(&s.judgement, &s.client, &type), FAILURE_REPORTED);
    assert_string_equal(name_of(failure_type_names, (int)type), "revoked");
    scene_end(&s);
}

static enum failure_case case_of(struct scene *s)
{
    enum failure_type type;
    enum failure_case found = failure_wanted(&s->judgement, &s->client, &type);

    scene_end(s);
    return found;
}

static void never(void **state)
{
    static const char *const silent[] = {
        "v=DMARC1; p=reject",
        "v=DMARC1; p=reject; rua=mailto:a@example.org; fo=1",
        "v=DMARC1; p=reject; ruf=https://example.org/",
        "v=DMARC1; p=reject; psd=y; ruf=mailto:f@example.org",
    };
    struct scene s;

    (void)state;
    scene_set(&s, RECORD);
    assert_int_equal(case_of(&s), FAILURE_REPORTED);
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        scene_set(&s, silent[i]);
        assert_int_equal(case_of(&s), FAILURE_NONE);
    }
    scene_set(&s, RECORD);
    s.dmarc.policy_source = DMARC_SOURCE_PSD;
    assert_int_equal(case_of(&s), FAILURE_NONE);
    scene_set(&s, RECORD);
    s.dmarc.policy_domain = "org";
    assert_int_equal(case_of(&s), FAILURE_NONE);
    scene_set(&s, RECORD);
    s.dmarc.result = RESULT_TEMPERROR;
    assert_int_equal(case_of(&s), FAILURE_NONE);
    scene_set(&s, RECORD);
    s.judgement.origin = ORIGIN_AUTHENTICATED;
    assert_int_equal(case_of(&s), FAILURE_NONE);
    scene_set(&s, RECORD);
    s.judgement.verdict.action = ACTION_TEMPFAIL;
    assert_int_equal(case_of(&s), FAILURE_NONE);
    scene_set(&s, RECORD);
    s.judgement.dmarc = NULL;
    assert_int_equal(case_of(&s), FAILURE_NONE);
}

static void automatic(void **state)
{
    static const struct {
        const char *from, *name, *value;
        enum failure_case found;
    } cases[] = {
        { "<>", "X", " y", FAILURE_AUTOMATIC },
        { "<a@example.org>", "X", " y", FAILURE_REPORTED },
        { "<a@example.org>", "Auto-Submitted", " no", FAILURE_REPORTED },
        { "<a@example.org>", "Auto-Submitted", " No ; x=y", FAILURE_REPORTED },
        { "<a@example.org>", "Auto-Submitted", " auto-generated", FAILURE_AUTOMATIC },
        { "<a@example.org>", "auto-submitted", "auto-replied", FAILURE_AUTOMATIC },
        { "<a@example.org>", "Content-Type", " text/plain", FAILURE_REPORTED },
        { "<a@example.org>", "Content-Type", " multipart/mixed", FAILURE_REPORTED },
        { "<a@example.org>", "Content-Type",
          "\r\n Multipart/Report; report-type=feedback-report; boundary=x", FAILURE_AUTOMATIC },
        { "<a@example.org>", "Content-Type", " message/delivery-status", FAILURE_AUTOMATIC },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;

        scene_set(&s, RECORD);
        message_set_mail_from(s.message, text_of(cases[i].from));
        message_add_field(s.message, text_of(cases[i].name), text_of(cases[i].value));
        assert_int_equal(case_of(&s), cases[i].found);
    }
}

/* --- what ------------------------------------------------------------------------ */

static void noted(void **state)
{
    struct failure f = { .time = NOW };
    struct scene s;

    (void)state;
    scene_set(&s, RECORD);
    add_signature(&s, RESULT_FAIL, "stranger.example");
    add_signature(&s, RESULT_FAIL, "mail.example.org");
    message_add_field(s.message, TEXT("Subject"), TEXT(" secret"));
    f.source = s.client;
    assert_true(failure_fill(&f, s.region, &s.judgement, NULL, &redactor, false));
    assert_int_equal(f.delivery, FAILURE_REJECT);
    assert_false(f.dkim_aligned || f.spf_aligned);
    assert_string_equal(f.reported_domain, "news.example.org");
    assert_string_equal(f.policy_domain, "example.org");
    assert_string_equal(f.ruf, "mailto:f@example.org");
    assert_string_equal(f.mail_from + REDACTED_OCTETS, "@mail.example.org");
    assert_string_equal(f.dkim_domain, "mail.example.org");
    assert_string_equal(f.dkim_selector, "s1");
    assert_string_equal(f.spf_domain, "");
    assert_non_null(strstr(f.results, "mx.example;"));
    assert_non_null(strstr(f.results, "dkim=fail header.d=stranger.example"));
    assert_null(strstr(f.results, "reason"));
    assert_null(strstr(f.header.data, "alice"));
    assert_null(strstr(f.header.data, "secret"));
    assert_non_null(strstr(f.header.data, "@news.example.org>"));
    scene_end(&s);
}

/* --- the file -------------------------------------------------------------------- */

#define HEADER "From: <A@example.org>\nTo: <B@x.example>,\n\t<C@y.example>\n"

static const struct failure sample = {
    .time = NOW,
    .source = { .family = IP_V4, .octets = { 192, 0, 2, 7 } },
    .type = FAILURE_SPF,
    .delivery = FAILURE_POLICY,
    .dkim_aligned = true,
    .reported_domain = "news.example.org",
    .policy_domain = "example.org",
    .ruf = "mailto:f@example.org, mailto:50%25@example.org!10m",
    .mail_from = "QUJD@example.org",
    .results = "mx.example;\n\tspf=fail smtp.mailfrom=example.org",
    .dkim_domain = "",
    .dkim_selector = "",
    .spf_domain = "example.org",
    .spf_record = "v=spf1 exists:%{i}.example.org -all",
    .served = "",
    .header = { HEADER, sizeof HEADER - 1 },
};

static struct text written(struct region *region, const struct failure *f)
{
    struct buf out;

    buf_init(&out, region, FAILURE_OCTETS_MAX);
    failure_write(&out, f);
    return buf_text(&out);
}

static void there_and_back(void **state)
{
    struct region *region = region_new(0);
    struct text text = written(region, &sample);
    struct failure f;

    (void)state;
    assert_true(text.len > 0);
    assert_int_equal(failure_read(region, text, &f), FAILURE_READ_OK);
    assert_int_equal(f.time, sample.time);
    assert_true(ip_equal(&f.source, &sample.source));
    assert_int_equal(f.type, sample.type);
    assert_int_equal(f.delivery, sample.delivery);
    assert_true(f.dkim_aligned);
    assert_false(f.spf_aligned);
    assert_string_equal(f.ruf, sample.ruf);
    assert_string_equal(f.results, sample.results);
    assert_string_equal(f.spf_record, sample.spf_record);
    assert_string_equal(f.served, "");
    assert_true(text_equal(f.header, sample.header));
    assert_true(text_equal(written(region, &f), text));
    for (size_t len = 0; len < text.len; len++) {
        char *torn = malloc(len ? len : 1);

        assert_non_null(torn);
        memcpy(torn, text.data, len);
        assert_int_equal(failure_read(region, (struct text){ torn, len }, &f),
                         FAILURE_READ_DAMAGED);
        free(torn);
    }
    assert_int_equal(failure_read(region, TEXT("vidimus-failure 2 anything\n"), &f),
                     FAILURE_READ_NEWER);
    region_free(region);
}

static void refused_values(void **state)
{
    struct region *region = region_new(0);
    struct failure f;

    (void)state;
#define REFUSED(member, value)                  \
    f = sample;                                 \
    f.member = value;                           \
    assert_int_equal(written(region, &f).len, 0)
    REFUSED(ruf, "mailto:a@b.example\nBcc: x@y.example");
    REFUSED(results, "mx.example;\nBcc: x");
    REFUSED(results, "mx.example;\n\t\n\tx");
    REFUSED(policy_domain, "Example.org");
    REFUSED(reported_domain, "");
    REFUSED(time, -1);
    REFUSED(source.family, IP_NONE);
    REFUSED(header, TEXT("From: x\n\nbody\n"));
    REFUSED(header, TEXT("From: x"));
    REFUSED(header, TEXT("no colon\n"));
    REFUSED(header, TEXT("\tx\n"));
    REFUSED(header, TEXT("From: \x80\n"));
    REFUSED(header, TEXT("A: b\r\n"));
#undef REFUSED
    region_free(region);
}

/* --- rates ----------------------------------------------------------------------- */

static void rates(void **state)
{
    static struct failure_rate rate;
    const int64_t hour = 3600000, start = 1000;

    (void)state;
    rate = (struct failure_rate){ .whole = 5, .domain = 2 };
    assert_true(failure_rate_take(&rate, "a.example", start));
    assert_true(failure_rate_take(&rate, "a.example", start + 10));
    assert_false(failure_rate_take(&rate, "a.example", start + 20));
    assert_true(failure_rate_take(&rate, "b.example", start + 30));
    assert_true(failure_rate_take(&rate, "c.example", start + 40));
    assert_true(failure_rate_take(&rate, "d.example", start + 50));
    assert_false(failure_rate_take(&rate, "e.example", start + 60));
    assert_false(failure_rate_take(&rate, "a.example", start + hour - 1));
    assert_true(failure_rate_take(&rate, "a.example", start + hour));
    assert_false(failure_rate_take(&rate, "a.example", start + hour + 1));
    assert_true(failure_rate_take(&rate, "a.example", start + hour + 10));
    rate = (struct failure_rate){ .whole = 0, .domain = 2 };
    assert_false(failure_rate_take(&rate, "a.example", start));
}

/* --- the daemon's end --------------------------------------------------------------- */

static void remove_all(const char *path, int directory)
{
    DIR *dir = fdopendir(dup(directory));
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        (void)unlinkat(directory, entry->d_name, 0);
    closedir(dir);
    close(directory);
    (void)rmdir(path);
}

static void to_files(void **state)
{
    char spool[] = "/tmp/vidimus-failure-XXXXXX", path[64];
    const struct failure_settings settings = { .spool = spool, .rate = 3, .domain_rate = 2 };
    struct region *region = region_new(0);
    struct failure_counters counters;
    struct failure_spool *running;
    struct failure_file *files;
    struct failure failure;
    size_t count;
    struct text text;
    struct scene s;
    struct stat st;
    int directory;

    (void)state;
    assert_non_null(mkdtemp(spool));
    snprintf(path, sizeof path, "%s/failure", spool);
    running = failure_spool_start(&settings);
    assert_non_null(running);
    scene_set(&s, RECORD);
    for (int i = 0; i < 5; i++)
        failure_spool_note(running, &s.judgement, NULL, &s.client);
    message_set_mail_from(s.message, TEXT("<>"));
    failure_spool_note(running, &s.judgement, NULL, &s.client);
    assert_true(failure_spool_stop(running, 5000));
    failure_spool_count(running, &counters);
    assert_int_equal(counters.written, 2);
    assert_int_equal(counters.limited, 3);
    assert_int_equal(counters.automatic, 1);
    assert_int_equal(counters.lost + counters.waiting, 0);
    failure_spool_free(running);

    directory = failure_directory(spool, false);
    assert_true(directory >= 0);
    assert_int_equal(fstat(directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(failure_files(directory, region, clock_epoch(), &files, &count));
    assert_int_equal(count, 2);
    assert_true(failure_file_read(directory, region, files[0].name, &text));
    assert_int_equal(failure_read(region, text, &failure), FAILURE_READ_OK);
    assert_string_equal(failure.policy_domain, "example.org");
    assert_int_equal(fstatat(directory, files[0].name, &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(failure_file_postpone(directory, files[0].name, NOW));
    assert_true(failure_file_write(directory, files[1].name, TEXT("x")));
    assert_true(failure_file_delete(directory, files[1].name));
    assert_true(failure_files(directory, region, clock_epoch(), &files, &count));
    assert_int_equal(count, 1);
    assert_int_equal(files[0].due, NOW);
    remove_all(path, directory);
    assert_int_equal(rmdir(spool), 0);
    scene_end(&s);
    region_free(region);
}

static void no_directory(void **state)
{
    const struct failure_settings settings = { .spool = "/dev/null", .rate = 3, .domain_rate = 2 };
    struct failure_counters counters;
    struct failure_spool *running = failure_spool_start(&settings);
    struct scene s;

    (void)state;
    assert_non_null(running);
    scene_set(&s, RECORD);
    failure_spool_note(running, &s.judgement, NULL, &s.client);
    assert_true(failure_spool_stop(running, 5000));
    failure_spool_note(running, &s.judgement, NULL, &s.client);
    failure_spool_count(running, &counters);
    assert_int_equal(counters.written, 0);
    assert_int_equal(counters.lost, 2);
    failure_spool_free(running);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),        cmocka_unit_test(revoked_key),
        cmocka_unit_test(never),
        cmocka_unit_test(automatic),      cmocka_unit_test(noted),
        cmocka_unit_test(there_and_back), cmocka_unit_test(refused_values),
        cmocka_unit_test(rates),          cmocka_unit_test(to_files),
        cmocka_unit_test(no_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
