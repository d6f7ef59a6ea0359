/* Unit tests of src/core/plan.c, plan_view.c, list.c and logline.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "core/list.h"
#include "core/logline.h"
#include "core/plan.h"
#include "core/plan_view.h"
#include "core/transaction.h"
#include "mail/message.h"

struct scene {
    struct config config;
    struct message *message;
    struct findings findings;
    struct verdict verdict;
    struct plan_input input;
    struct plan plan;
    const char *header;
};

static int setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof *s);

    s->config.dmarc.quarantine_header_name = "X-Spam-Flag";
    s->config.dmarc.quarantine_header_value = "YES";
    s->message = message_new(0);
    findings_init(&s->findings, s->message->region);
    findings_add(&s->findings, METHOD_DMARC, RESULT_PASS, NULL);
    s->verdict = (struct verdict){ .action = ACTION_ACCEPT, .reason = "a reason" };
    s->input = (struct plan_input){
        .config = &s->config,
        .region = s->message->region,
        .message = s->message,
        .origin = ORIGIN_OUTSIDE,
        .authserv_id = "mx.example",
        .findings = &s->findings,
        .verdict = &s->verdict,
    };
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    message_free(s->message);
    test_free(s);
    return 0;
}

static void field(struct scene *s, const char *name, const char *value)
{
    assert_non_null(message_add_field(s->message, text_of(name), text_of(value)));
}

/* The plan in short: "-Name/index", "+Name", "hold". */
static void expect_plan(struct scene *s, const char *wanted)
{
    char got[4096] = "";
    size_t len = 0;

    plan_build(&s->input, &s->plan, &s->header);
    for (const struct plan_step *p = s->plan.steps; p; p = p->next) {
        const char *space = len ? " " : "";

        switch (p->kind) {
        case PLAN_DELETE:
            len += (size_t)snprintf(got + len, sizeof got - len, "%s-%s/%zu", space, p->name,
                                    p->index);
            break;
        case PLAN_INSERT:
            assert_int_equal(p->index, 0);
            len += (size_t)snprintf(got + len, sizeof got - len, "%s+%s", space, p->name);
            break;
        case PLAN_HOLD:
            len += (size_t)snprintf(got + len, sizeof got - len, "%shold", space);
            break;
        }
    }
    assert_string_equal(got, wanted);
    assert_false(region_failed(s->message->region));
}

static void one_field_is_added(void **state)
{
    struct scene *s = *state;

    expect_plan(s, "+Authentication-Results");
    assert_string_equal(s->header, "mx.example;\n\tdmarc=pass");
    assert_string_equal(s->plan.steps->value, s->header);
}

static void forged_results_go_from_the_highest_index_down(void **state)
{
    struct scene *s = *state;

    field(s, "Authentication-Results", " mx.example; spf=pass");
    field(s, "Subject", " x");
    field(s, "authentication-results", " other.example; spf=pass");
    field(s, "AUTHENTICATION-RESULTS", " (c) \"MX.example\" 1; dmarc=pass");
    expect_plan(s, "-Authentication-Results/3 -Authentication-Results/1 +Authentication-Results");
    s->input.origin = ORIGIN_AUTHENTICATED;
    expect_plan(s, "-Authentication-Results/3 -Authentication-Results/1 +Authentication-Results");
}

static void many_forged_fields_all_go(void **state)
{
    struct scene *s = *state;
    size_t expected = 300;

    for (size_t i = 0; i < expected; i++)
        field(s, "Authentication-Results", "mx.example; none");
    plan_build(&s->input, &s->plan, &s->header);
    for (const struct plan_step *p = s->plan.steps; p && p->kind == PLAN_DELETE; p = p->next)
        assert_int_equal(p->index, expected--);
    assert_int_equal(expected, 0);
}

static void our_other_hosts_ids_count_as_ours(void **state)
{
    static const char *const ids[] = { "mx2.example" };
    struct scene *s = *state;

    field(s, "Authentication-Results", " mx2.example; spf=pass");
    expect_plan(s, "+Authentication-Results");
    s->config.own_authserv_ids = (struct strings){ 1, ids };
    expect_plan(s, "-Authentication-Results/1 +Authentication-Results");
    s->input.origin = ORIGIN_TRUSTED; /* our own host judged it already */
    expect_plan(s, "");
    assert_null(s->header);
}

static void reinjected_mail_keeps_its_field(void **state)
{
    struct scene *s = *state;

    s->input.origin = ORIGIN_TRUSTED;
    field(s, "BIMI-Location", " x");
    field(s, "X-Spam-Flag", " YES");
    expect_plan(s, "+Authentication-Results");
    field(s, "Authentication-Results", " mx.example; spf=pass");
    expect_plan(s, "");
    assert_null(s->header);
}

static void bimi_and_tag_are_for_us_to_set(void **state)
{
    struct scene *s = *state;

    field(s, "bimi-indicator", " x");
    field(s, "BIMI-Location", " x");
    field(s, "x-spam-flag", " NO");
    field(s, "X-Spam-Flag", " YES");
    expect_plan(s, "-X-Spam-Flag/2 -X-Spam-Flag/1 -BIMI-Location/1 -BIMI-Indicator/1 "
                   "+Authentication-Results");
    s->input.origin = ORIGIN_AUTHENTICATED;
    expect_plan(s, "-BIMI-Location/1 -BIMI-Indicator/1 +Authentication-Results");
}

static void quarantine_tags_or_holds(void **state)
{
    struct scene *s = *state;

    field(s, "X-Spam-Flag", " NO");
    s->verdict.action = ACTION_QUARANTINE;
    s->verdict.quarantine = QUARANTINE_TAG;
    expect_plan(s, "-X-Spam-Flag/1 +X-Spam-Flag +Authentication-Results");
    assert_string_equal(s->plan.steps->next->value, "YES");
    s->verdict.quarantine = QUARANTINE_HOLD;
    expect_plan(s, "-X-Spam-Flag/1 hold +Authentication-Results");
    assert_string_equal(s->plan.steps->next->value, "a reason");
}

static void refused_mail_is_not_edited(void **state)
{
    struct scene *s = *state;

    field(s, "Authentication-Results", " mx.example; spf=pass");
    s->verdict.action = ACTION_REJECT;
    expect_plan(s, "");
    assert_string_equal(s->header, "mx.example;\n\tdmarc=pass");
    s->verdict.action = ACTION_TEMPFAIL;
    expect_plan(s, "");
}

static void a_cut_field_is_not_believed(void **state)
{
    static char bomb[FIELD_OCTETS_MAX + 100];
    struct scene *s = *state;

    memset(bomb, '(', sizeof bomb - 1);
    field(s, "Authentication-Results", bomb);
    expect_plan(s, "-Authentication-Results/1 +Authentication-Results");
}

static void an_unprintable_id_fails_the_message(void **state)
{
    struct scene *s = *state;

    s->input.authserv_id = "a\nb";
    plan_build(&s->input, &s->plan, &s->header);
    assert_true(region_failed(s->message->region));
}

static void a_clients_claims_go_and_he_gets_none(void **state)
{
    struct scene *s = *state;

    field(s, "Authentication-Results", " mx.example; spf=pass");
    field(s, "X-Spam-Flag", " YES");
    field(s, "BIMI-Location", " x");
    s->input.origin = ORIGIN_OWN;
    findings_init(&s->findings, s->message->region);
    expect_plan(s, "-BIMI-Location/1 -Authentication-Results/1 +Authentication-Results");
    assert_string_equal(s->header, "mx.example; none");
}

/* The header that the plan leaves: "Name: value|" */
static void expect_view(struct scene *s, const char *wanted)
{
    struct region *region = region_new(0);
    struct plan_view view;
    char got[4096] = "";
    size_t len = 0;

    assert_true(plan_view(region, s->message, &s->plan, &view));
    for (size_t i = 0; i < view.count; i++)
        len += (size_t)snprintf(got + len, sizeof got - len, "%.*s:%.*s|",
                                TEXT_ARGS(view.fields[i]->label),
                                TEXT_ARGS(view.fields[i]->value));
    assert_string_equal(got, wanted);
    region_free(region);
}

static void the_view_is_what_the_plan_leaves(void **state)
{
    struct scene *s = *state;

    plan_build(&s->input, &s->plan, &s->header);
    expect_view(s, "Authentication-Results: mx.example;\r\n\tdmarc=pass|");
    field(s, "Authentication-Results", " mx.example; spf=pass");
    field(s, "Subject ", "x");
    field(s, "AUTHENTICATION-RESULTS", " mx.example; spf=fail");
    field(s, "Authentication-Results", " other.example; spf=pass");
    plan_deletions(&s->input, &s->plan);
    expect_view(s, "Subject :x|Authentication-Results: other.example; spf=pass|");
    s->verdict.action = ACTION_QUARANTINE;
    s->verdict.quarantine = QUARANTINE_TAG;
    plan_build(&s->input, &s->plan, &s->header);
    plan_insert(s->message->region, &s->plan, "X-Top", "1\n\t2");
    expect_view(s, "X-Top: 1\r\n\t2|Authentication-Results: mx.example;\r\n\tdmarc=pass|"
                   "X-Spam-Flag: YES|Subject :x|Authentication-Results: other.example; spf=pass|");
}

static void a_view_without_memory(void **state)
{
    struct scene *s = *state;

    field(s, "Authentication-Results", " mx.example; spf=pass");
    field(s, "Subject", " x");
    plan_build(&s->input, &s->plan, &s->header);
    for (size_t limit = 1; limit < 4096; limit += 16) {
        struct region *region = region_new(limit);
        struct plan_view view;

        if (!plan_view(region, s->message, &s->plan, &view))
            assert_true(region_failed(region));
        region_free(region);
    }
    assert_false(region_failed(s->message->region));
}

static void list_ids(void **state)
{
    static const struct {
        const char *value, *domain;
    } rows[] = {
        { " <dev.lists.example>", "dev.lists.example" },
        { " Developers \"<not.this>\" <Dev.Lists.Example>\r\n", "dev.lists.example" },
        { " dev.lists.example ", "dev.lists.example" },
        { " <dev lists>", "" },
        { " >dev<", "" },
        { " <>", "" },
        { "", "" },
    };
    domain_name domain;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(list_id_parse(text_of(rows[i].value), domain), *rows[i].domain != '\0');
        assert_string_equal(domain, rows[i].domain);
    }
}

/* Who sealed an intact chain is what an administrator may want to trust. */
static void sealers_stand_in_the_line(void **state)
{
    struct scene *s = *state;
    struct arc_set sets[2] = { { .seal = { .domain = "first.example", .selector = "s1" } },
                               { .seal = { .domain = "last.example", .selector = "s2" } } };
    struct arc_chain chain = { .newest = 2, .sets = { NULL, &sets[0], &sets[1] } };
    struct arc_outcome arc = { .result = RESULT_PASS, .chain = &chain };
    struct finding *finding = findings_add(&s->findings, METHOD_ARC, RESULT_PASS, NULL);
    struct judgement j = { .author = &(struct author){ .count = 0 }, .message = s->message,
                           .findings = &s->findings, .arc = &arc,
                           .verdict = { .reason = "x" } };
    struct buf buf;

    buf_init(&buf, s->message->region, 4096);
    logline_write(&buf, "q", &(struct session){ .helo = TEXT("h") }, &j, 0);
    assert_non_null(strstr(buf_str(&buf), " arc=pass:last.example/s2,first.example/s1 "));
    arc.result = finding->result = RESULT_FAIL;
    buf_init(&buf, s->message->region, 4096);
    logline_write(&buf, "q", &(struct session){ .helo = TEXT("h") }, &j, 0);
    assert_non_null(strstr(buf_str(&buf), " arc=fail "));
}

static void one_plain_line_a_message(void **state)
{
    struct scene *s = *state;
    struct session session = { .helo = TEXT("evil\nqid: action=accept") };
    struct author author = { .status = AUTHOR_OK, .count = 1, .domains = { "author.example" } };
    struct judgement j = {
        .author = &author,
        .message = s->message,
        .findings = &s->findings,
        .dmarc = &(struct dmarc_outcome){ .result = RESULT_FAIL, .has_policy = true,
                                          .policy = DMARC_REJECT },
        .verdict = { .action = ACTION_QUARANTINE, .would = ACTION_QUARANTINE,
                     .reason = "DMARC fail", .override = OVERRIDE_LOCAL_POLICY,
                     .override_comment = "override \"x\"" },
    };
    struct finding *dkim = findings_add(&s->findings, METHOD_DKIM, RESULT_PASS, NULL);
    struct buf buf;
    const char *line;

    finding_property(&s->findings, dkim, "header.d", TEXT("author.example"));
    finding_property(&s->findings, dkim, "header.s", TEXT("s1"));
    field(s, "Message-Id", " <a@b>\r\n");
    message_add_recipient(s->message, TEXT("<x@one.example>"));
    message_add_recipient(s->message, TEXT("<y@two.example>"));
    assert_true(ip_parse(TEXT("192.0.2.1"), &session.client));
    buf_init(&buf, s->message->region, 4096);
    logline_write(&buf, "4Tz0aQ1xyz", &session, &j, 33);
    line = buf_str(&buf);
    assert_string_equal(line, "4Tz0aQ1xyz: action=quarantine from=author.example "
                              "dkim=pass:author.example/s1 dmarc=pass policy=reject "
                              "reason=\"DMARC fail\" override=local_policy "
                              "because=\"override \\\"x\\\"\" ip=192.0.2.1 "
                              "helo=\"evil\\012qid: action=accept\" rcpt=one.example rcpts=2 "
                              "mid=<a@b> dns=0/0ms eom=33ms");
}

static const char *value_of(const struct journal_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value.data;
    return "(none)";
}

static void the_journal_gets_fields(void **state)
{
    static const struct {
        const char *name, *value;
    } wanted[] = {
        { "MESSAGE_ID", "1ee50f7b811f4743946c9bc252d410f0" },
        { "QUEUE_ID", "4Tz0aQ1xyz" },
        { "VERDICT", "accept" },
        { "VERDICT_WOULD", "reject" },
        { "VERDICT_RULE", "author" },
        { "OVERRIDE", "local_policy" },
        { "AUTHOR_DOMAIN", "author.example" },
        { "DKIM", "pass" },
        { "DKIM_DOMAIN", "author.example" },
        { "DMARC", "pass" },
        { "DMARC_POLICY", "reject" },
        { "SPF", "(none)" },
        { "CLIENT_IP", "192.0.2.1" },
        { "CLIENT_HELO", "evil\\012PRIORITY=0" },
        { "LISTENER", "(none)" },
        { "MAIL_MESSAGE_ID", "<a@\\000b>" },
    };
    struct scene *s = *state;
    struct session session = { .helo = TEXT("evil\nPRIORITY=0") };
    struct judgement j = {
        .author = &(struct author){ .count = 1, .domains = { "author.example" } },
        .message = s->message,
        .findings = &s->findings,
        .dmarc = &(struct dmarc_outcome){ .result = RESULT_FAIL, .has_policy = true,
                                          .policy = DMARC_REJECT },
        .verdict = { .action = ACTION_ACCEPT, .would = ACTION_REJECT, .rule = VERDICT_OF_AUTHOR,
                     .reason = "x", .override = OVERRIDE_LOCAL_POLICY },
    };
    struct journal_field fields[LOG_FIELDS_MAX];
    struct finding *good;
    size_t count;

    findings_add(&s->findings, METHOD_DKIM, RESULT_FAIL, NULL);
    good = findings_add(&s->findings, METHOD_DKIM, RESULT_PASS, NULL);
    finding_property(&s->findings, good, "header.d", TEXT("author.example"));
    message_add_field(s->message, TEXT("Message-ID"), TEXT(" <a@\0b>\r\n"));
    assert_true(ip_parse(TEXT("192.0.2.1"), &session.client));
    count = logline_fields(s->message->region, "4Tz0aQ1xyz", &session, &j, fields);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_string_equal(value_of(fields, count, wanted[i].name), wanted[i].value);
    count = logline_fields_at_mail(s->message->region, &session, &j.verdict, fields);
    assert_string_equal(value_of(fields, count, "CLIENT_IP"), "192.0.2.1");
    assert_string_equal(value_of(fields, count, "QUEUE_ID"), "(none)");
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(one_field_is_added),
        WITH_SCENE(forged_results_go_from_the_highest_index_down),
        WITH_SCENE(many_forged_fields_all_go),
        WITH_SCENE(our_other_hosts_ids_count_as_ours),
        WITH_SCENE(reinjected_mail_keeps_its_field),
        WITH_SCENE(bimi_and_tag_are_for_us_to_set),
        WITH_SCENE(quarantine_tags_or_holds),
        WITH_SCENE(refused_mail_is_not_edited),
        WITH_SCENE(a_cut_field_is_not_believed),
        WITH_SCENE(an_unprintable_id_fails_the_message),
        WITH_SCENE(a_clients_claims_go_and_he_gets_none),
        WITH_SCENE(the_view_is_what_the_plan_leaves),
        WITH_SCENE(a_view_without_memory),
        WITH_SCENE(list_ids),
        WITH_SCENE(sealers_stand_in_the_line),
        WITH_SCENE(one_plain_line_a_message),
        WITH_SCENE(the_journal_gets_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
