/* Unit tests of src/core/verdict.c: every rule both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/region.h"
#include "core/verdict.h"
#include "mail/message.h"

/* A message of author.example from 192.0.2.1 that fails DMARC under p=reject,
 * and a configuration that enforces it.  Each test changes what it is about. */
struct scene {
    struct config config;
    struct ip_address client;
    struct message *message;
    struct author author;
    struct findings findings;
    struct spf_identity spf;
    struct dmarc_record record;
    struct dmarc_outcome dmarc;
    struct evidence evidence;
    struct verdict verdict;
};

static struct ip_network network(const char *s)
{
    struct ip_network net;

    assert_true(ip_network_parse(text_of(s), &net));
    return net;
}

static int setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof *s);

    s->config.dmarc.enforce = ENFORCE_REJECT;
    s->config.dmarc.quarantine = QUARANTINE_HOLD;
    s->config.dmarc.indirect_mail = SOFT_QUARANTINE;
    s->config.dmarc.bad_from = SOFT_REJECT;
    s->config.dmarc.temperror = TEMPERROR_ACCEPT;
    s->config.spf.on_fail = SPF_FAIL_ACCEPT;
    s->config.spf.reject_at = SPF_REJECT_AT_END;
    assert_true(ip_parse(TEXT("192.0.2.1"), &s->client));
    s->message = message_new(0);
    message_set_mail_from(s->message, TEXT("<bounce@sender.example>"));
    message_add_recipient(s->message, TEXT("<a@one.example>"));
    s->author = (struct author){ .status = AUTHOR_OK, .count = 1 };
    strcpy(s->author.domains[0], "author.example");
    findings_init(&s->findings, s->message->region);
    s->spf.result = RESULT_NONE;
    strcpy(s->spf.domain, "sender.example");
    s->record.p = DMARC_REJECT;
    s->dmarc = (struct dmarc_outcome){
        .result = RESULT_FAIL,
        .from_domain = "author.example",
        .policy_domain = "author.example",
        .has_policy = true,
        .policy = DMARC_REJECT,
        .policy_source = DMARC_SOURCE_P,
        .record = &s->record,
    };
    s->evidence = (struct evidence){
        .config = &s->config,
        .region = s->message->region,
        .client = &s->client,
        .message = s->message,
        .author = &s->author,
        .findings = &s->findings,
        .spf = &s->spf,
        .dmarc = &s->dmarc,
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

static void decide(struct scene *s)
{
    verdict_decide(&s->evidence, &s->verdict);
    assert_non_null(s->verdict.reason);
    assert_int_equal(s->verdict.reply.code == 0, s->verdict.action == ACTION_ACCEPT ||
                                                     s->verdict.action == ACTION_QUARANTINE);
}

#define expect_verdict(s, wanted_action, wanted_override, wanted_disposition)     \
    do {                                                                          \
        decide(s);                                                                \
        assert_string_equal(name_of(action_names, (int)(s)->verdict.action),      \
                            name_of(action_names, (wanted_action)));              \
        assert_string_equal(                                                      \
            name_of(override_reason_names, (int)(s)->verdict.override),           \
            name_of(override_reason_names, (wanted_override)));                   \
        assert_string_equal(name_of(disposition_names, (int)(s)->verdict.disposition), \
                            name_of(disposition_names, (wanted_disposition)));    \
    } while (0)

static void expect_reply(const struct scene *s, unsigned code, const char *enhanced,
                         const char *part)
{
    assert_int_equal(s->verdict.reply.code, code);
    assert_string_equal(s->verdict.reply.enhanced, enhanced);
    if (!strstr(s->verdict.reply.text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, s->verdict.reply.text);
}

static void set_policy(struct scene *s, enum dmarc_policy policy)
{
    s->dmarc.policy = policy;
    s->record.p = policy;
}

/* --- enforcement --------------------------------------------------------- */

static void enforcement_caps_the_policy(void **state)
{
    static const struct {
        enum enforcement enforce;
        enum dmarc_policy policy;
        enum action action;
        enum override_reason override;
        enum disposition disposition;
    } rows[] = {
        { ENFORCE_NONE, DMARC_NONE, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE },
        { ENFORCE_NONE, DMARC_QUARANTINE, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE },
        { ENFORCE_NONE, DMARC_REJECT, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE },
        { ENFORCE_QUARANTINE, DMARC_NONE, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE },
        { ENFORCE_QUARANTINE, DMARC_QUARANTINE, ACTION_QUARANTINE, OVERRIDE_NONE,
          DISPOSITION_QUARANTINE },
        { ENFORCE_QUARANTINE, DMARC_REJECT, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY,
          DISPOSITION_QUARANTINE },
        { ENFORCE_REJECT, DMARC_NONE, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE },
        { ENFORCE_REJECT, DMARC_QUARANTINE, ACTION_QUARANTINE, OVERRIDE_NONE,
          DISPOSITION_QUARANTINE },
        { ENFORCE_REJECT, DMARC_REJECT, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT },
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s->config.dmarc.enforce = rows[i].enforce;
        set_policy(s, rows[i].policy);
        expect_verdict(s, (int)rows[i].action, (int)rows[i].override, (int)rows[i].disposition);
        assert_int_equal(s->verdict.quarantine, QUARANTINE_HOLD);
        assert_false(s->verdict.override_is_named); /* a setting, not a name */
    }
}

static void the_reply_names_dmarc_and_the_domain(void **state)
{
    struct scene *s = *state;

    decide(s);
    expect_reply(s, 550, "5.7.26", "DMARC");
    expect_reply(s, 550, "5.7.26", "author.example");
}

static void other_dmarc_results_accept(void **state)
{
    static const enum result results[] = { RESULT_PASS, RESULT_NONE, RESULT_TEMPERROR };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        s->dmarc.result = results[i];
        expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE,
                       results[i] == RESULT_PASS ? DISPOSITION_PASS : DISPOSITION_NONE);
    }
    s->dmarc.result = RESULT_PASS;
    set_policy(s, DMARC_NONE);
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

static void test_mode_is_reported(void **state)
{
    struct scene *s = *state;

    s->dmarc.testing = true;
    s->dmarc.policy = DMARC_QUARANTINE;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_POLICY_TEST_MODE, DISPOSITION_QUARANTINE);
    s->record.p = DMARC_QUARANTINE;
    s->dmarc.policy = DMARC_NONE;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_POLICY_TEST_MODE, DISPOSITION_NONE);
    s->record.p = DMARC_NONE; /* nothing was lowered */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->record.has_sp = true;
    s->record.sp = DMARC_QUARANTINE;
    s->dmarc.policy_source = DMARC_SOURCE_SP;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_POLICY_TEST_MODE, DISPOSITION_NONE);
    s->dmarc.result = RESULT_PASS;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

/* --- indirect mail ------------------------------------------------------- */

static void a_trusted_forwarder_is_spared(void **state)
{
    const struct ip_network near = network("192.0.2.0/24"), far = network("198.51.100.0/24");
    struct scene *s = *state;

    s->config.trusted_forwarders = (struct networks){ 1, &near };
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_TRUSTED_FORWARDER, DISPOSITION_NONE);
    set_policy(s, DMARC_QUARANTINE);
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_TRUSTED_FORWARDER, DISPOSITION_NONE);
    set_policy(s, DMARC_NONE); /* nothing to spare it from */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    set_policy(s, DMARC_REJECT);
    s->config.trusted_forwarders = (struct networks){ 1, &far };
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
}

static void a_trusted_list_needs_its_own_signature(void **state)
{
    static const char *const lists[] = { "lists.example" };
    struct scene *s = *state;

    s->config.trusted_lists = (struct domains){ 1, lists };
    s->evidence.list_domain = "dev.lists.example";
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    s->evidence.list_signed = true;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_MAILING_LIST, DISPOSITION_NONE);
    s->evidence.list_domain = "lists.example.forger.example";
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_MAILING_LIST, DISPOSITION_QUARANTINE);
}

static void trusted_sealers_may_vouch(void **state)
{
    struct scene *s = *state;

    s->evidence.sealers = "arc=pass as[1].d=lists.example as[1].s=s1";
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE);
    assert_string_equal(s->verdict.override_comment, s->evidence.sealers);
    set_policy(s, DMARC_QUARANTINE);
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE);
    set_policy(s, DMARC_NONE); /* nothing to spare it from */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

/* Nobody can vouch for an author who cannot be told. */
static void sealers_do_not_help_a_bad_author(void **state)
{
    struct scene *s = *state;

    s->evidence.sealers = "arc=pass";
    s->author.status = AUTHOR_MANY_FIELDS;
    s->dmarc.result = RESULT_PERMERROR;
    s->dmarc.has_policy = false;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
}

static void an_unlisted_list_never_leads_to_accept(void **state)
{
    struct scene *s = *state;

    s->evidence.list_domain = "forger.example";
    s->evidence.list_signed = true;
    s->config.dmarc.indirect_mail = SOFT_QUARANTINE;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_MAILING_LIST, DISPOSITION_QUARANTINE);
    s->config.dmarc.indirect_mail = SOFT_REJECT;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    s->config.dmarc.indirect_mail = SOFT_ACCEPT; /* refused by the configuration, too */
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_MAILING_LIST, DISPOSITION_QUARANTINE);
    set_policy(s, DMARC_QUARANTINE);
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_NONE, DISPOSITION_QUARANTINE);
    set_policy(s, DMARC_REJECT);
    s->evidence.list_signed = false;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
}

/* --- the author ---------------------------------------------------------- */

static void no_usable_author_is_bad(void **state)
{
    static const enum author_status bad[] = { AUTHOR_TOO_MANY,   AUTHOR_NO_FIELD,
                                              AUTHOR_MANY_FIELDS, AUTHOR_NO_MAILBOX,
                                              AUTHOR_NO_DOMAIN,  AUTHOR_UNPARSABLE };
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_PERMERROR };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s->author.status = bad[i];
        s->config.dmarc.bad_from = SOFT_REJECT;
        expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
        expect_reply(s, 550, "5.7.1", "From");
        s->config.dmarc.bad_from = SOFT_QUARANTINE;
        expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_NONE, DISPOSITION_QUARANTINE);
        s->config.dmarc.bad_from = SOFT_ACCEPT;
        expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    }
}

static void bad_from_does_not_depend_on_enforce(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_PERMERROR };
    s->author.status = AUTHOR_NO_FIELD;
    s->config.dmarc.enforce = ENFORCE_NONE;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    s->config.overrides = &(struct override){ .name = "spare", .enforce = ENFORCE_NONE };
    s->config.override_count = 1;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE);
}

static void authors_of_several_domains_must_all_pass(void **state)
{
    struct scene *s = *state;

    s->author.status = AUTHOR_SEVERAL;
    s->author.count = 2;
    strcpy(s->author.domains[1], "second.example");
    set_policy(s, DMARC_NONE);
    expect_verdict(s, ACTION_REJECT, OVERRIDE_LOCAL_POLICY, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.7.1", "several domains");
    s->dmarc.result = RESULT_NONE;
    s->dmarc.has_policy = false;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    s->dmarc.result = RESULT_TEMPERROR;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->dmarc.result = RESULT_PASS;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    /* the policy speaks first where it is as strong */
    s->dmarc.result = RESULT_FAIL;
    s->dmarc.has_policy = true;
    set_policy(s, DMARC_REJECT);
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.7.26", "DMARC");
}

static void a_dmarc_permerror_is_bad_too(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_PERMERROR };
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    s->dmarc.result = RESULT_NONE;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

/* --- the envelope sender ------------------------------------------------- */

static void an_spf_fail_rejects_on_request(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_NONE };
    s->spf.result = RESULT_FAIL;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.7.23", "sender.example");
    s->spf.explanation = "see http://sender.example/why";
    decide(s);
    expect_reply(s, 550, "5.7.23", "see http://sender.example/why");
    s->spf.result = RESULT_SOFTFAIL;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->spf.result = RESULT_FAIL;
    s->dmarc.result = RESULT_PASS; /* DKIM carries it */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

static void an_spf_rejection_against_p_none_is_local_policy(void **state)
{
    struct scene *s = *state;

    set_policy(s, DMARC_NONE);
    s->spf.result = RESULT_FAIL;
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_LOCAL_POLICY, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.7.23", "SPF");
}

static void a_trusted_path_may_fail_spf(void **state)
{
    static const char *const lists[] = { "lists.example" };
    const struct ip_network near = network("192.0.2.1");
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_NONE };
    s->spf.result = RESULT_FAIL;
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    s->config.trusted_forwarders = (struct networks){ 1, &near };
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_TRUSTED_FORWARDER, DISPOSITION_NONE);
    s->config.trusted_forwarders = (struct networks){ 0, NULL };
    s->config.trusted_lists = (struct domains){ 1, lists };
    s->evidence.list_domain = "lists.example";
    s->evidence.list_signed = true;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_MAILING_LIST, DISPOSITION_NONE);
    s->evidence.list_signed = false;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
}

static void spf_at_mail(void **state)
{
    const struct ip_network near = network("192.0.2.0/24");
    static const char *const recipients[] = { "one.example" };
    struct override override = { .name = "spare", .enforce = ENFORCE_NONE };
    struct scene *s = *state;

    s->spf.result = RESULT_FAIL;
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    assert_false(verdict_at_mail(&s->evidence, &s->verdict)); /* reject-at = end */
    s->config.spf.reject_at = SPF_REJECT_AT_MAIL;
    assert_true(verdict_at_mail(&s->evidence, &s->verdict));
    expect_reply(s, 550, "5.7.23", "sender.example");
    s->config.spf.on_fail = SPF_FAIL_ACCEPT;
    assert_false(verdict_at_mail(&s->evidence, &s->verdict));
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    s->spf.result = RESULT_TEMPERROR;
    assert_false(verdict_at_mail(&s->evidence, &s->verdict));
    s->spf.result = RESULT_FAIL;
    /* an override that may yet hold: wait for the recipients */
    override.recipient_domains = (struct domains){ 1, recipients };
    s->config.overrides = &override;
    s->config.override_count = 1;
    assert_false(verdict_at_mail(&s->evidence, &s->verdict));
    override.enforce = ENFORCE_REJECT;
    assert_true(verdict_at_mail(&s->evidence, &s->verdict));
    s->config.trusted_forwarders = (struct networks){ 1, &near };
    assert_false(verdict_at_mail(&s->evidence, &s->verdict));
}

static void a_null_mx_sender_is_refused(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_NONE };
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->evidence.null_mx_sender = true;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.7.27", "sender.example");
    s->dmarc.result = RESULT_PASS;
    s->dmarc.has_policy = true;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_LOCAL_POLICY, DISPOSITION_REJECT);
}

/* --- temporary errors ---------------------------------------------------- */

static void temporary_errors_are_told_on_request(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_TEMPERROR };
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->config.dmarc.temperror = TEMPERROR_TEMPFAIL;
    expect_verdict(s, ACTION_TEMPFAIL, OVERRIDE_NONE, DISPOSITION_NONE);
    expect_reply(s, 451, "4.7.5", "DMARC");
    s->spf.result = RESULT_TEMPERROR;
    decide(s);
    expect_reply(s, 451, "4.7.5", "DMARC"); /* it found no answer of its own either */
    s->dmarc.policy_domain = "author.example";
    decide(s);
    expect_reply(s, 451, "4.7.24", "SPF");
    findings_add(&s->findings, METHOD_DKIM, RESULT_TEMPERROR, NULL);
    decide(s);
    expect_reply(s, 451, "4.7.5", "DKIM");
    s->dmarc.result = RESULT_PASS;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->dmarc.result = RESULT_NONE; /* nothing depends on it */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

static void an_spf_temperror_matters_where_spf_rejects(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_NONE };
    s->config.dmarc.temperror = TEMPERROR_TEMPFAIL;
    s->spf.result = RESULT_TEMPERROR;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    expect_verdict(s, ACTION_TEMPFAIL, OVERRIDE_NONE, DISPOSITION_NONE);
    expect_reply(s, 451, "4.7.24", "SPF");
}

static void nothing_is_deferred_that_would_be_accepted_anyway(void **state)
{
    const struct ip_network near = network("192.0.2.0/24");
    const struct override spare = { .name = "spare", .enforce = ENFORCE_NONE };
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_TEMPERROR };
    s->config.dmarc.temperror = TEMPERROR_TEMPFAIL;
    s->config.trusted_forwarders = (struct networks){ 1, &near };
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
    s->config.trusted_forwarders = (struct networks){ 0, NULL };
    s->config.overrides = &spare;
    s->config.override_count = 1;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_NONE, DISPOSITION_NONE);
}

/* --- overrides ----------------------------------------------------------- */

static void each_override_condition_counts(void **state)
{
    static const char *const author[] = { "author.example" }, *const sender[] = { "sender.example" },
                     *const recipient[] = { "one.example" }, *const other[] = { "other.example" };
    const struct ip_network near = network("192.0.2.0/24"), far = network("198.51.100.0/24");
    const struct {
        struct override override;
        bool holds;
    } rows[] = {
        { { .networks = { 1, &near } }, true },
        { { .networks = { 1, &far } }, false },
        { { .from_domains = { 1, author } }, true },
        { { .from_domains = { 1, other } }, false },
        { { .mail_from_domains = { 1, sender } }, true },
        { { .mail_from_domains = { 1, other } }, false },
        { { .recipient_domains = { 1, recipient } }, true },
        { { .recipient_domains = { 1, other } }, false },
        { { .networks = { 1, &near }, .from_domains = { 1, other } }, false },
        { { .networks = { 0, NULL } }, true },
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct override o = rows[i].override;

        o.name = "row";
        o.enforce = ENFORCE_NONE;
        s->config.overrides = &o;
        s->config.override_count = 1;
        decide(s);
        assert_int_equal(s->verdict.action, rows[i].holds ? ACTION_ACCEPT : ACTION_REJECT);
        assert_int_equal(s->verdict.override,
                         rows[i].holds ? OVERRIDE_LOCAL_POLICY : OVERRIDE_NONE);
        if (rows[i].holds)
            assert_non_null(strstr(s->verdict.override_comment, "\"row\""));
        assert_int_equal(s->verdict.override_is_named, rows[i].holds);
    }
    s->config.overrides = NULL;
}

static void the_first_override_that_holds_counts(void **state)
{
    struct override both[] = {
        { .name = "first", .enforce = ENFORCE_QUARANTINE },
        { .name = "second", .enforce = ENFORCE_NONE },
    };
    struct scene *s = *state;

    s->config.overrides = both;
    s->config.override_count = 2;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
    both[0].enforce = ENFORCE_NONE;
    both[1].enforce = ENFORCE_REJECT;
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE);
    s->config.dmarc.enforce = ENFORCE_NONE; /* an override may be stricter, too */
    both[0].enforce = ENFORCE_REJECT;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
}

static void recipients_that_differ_get_a_tag(void **state)
{
    static const char *const one[] = { "one.example" }, *const two[] = { "two.example" };
    struct override overrides[] = {
        { .name = "one", .recipient_domains = { 1, one }, .enforce = ENFORCE_NONE },
        { .name = "two", .recipient_domains = { 1, two }, .enforce = ENFORCE_NONE },
    };
    struct scene *s = *state;

    s->config.overrides = overrides;
    s->config.override_count = 1;
    message_add_recipient(s->message, TEXT("<b@two.example>"));
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
    assert_int_equal(s->verdict.quarantine, QUARANTINE_TAG);
    assert_non_null(strstr(s->verdict.override_comment, "some recipients only"));
    set_policy(s, DMARC_QUARANTINE); /* nobody's mail is held for another's sake */
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
    assert_int_equal(s->verdict.quarantine, QUARANTINE_TAG);
    set_policy(s, DMARC_REJECT);
    s->config.override_count = 2; /* now it holds for every recipient */
    expect_verdict(s, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, DISPOSITION_NONE);
}

static void overrides_cap_every_rule(void **state)
{
    const struct override spare = { .name = "spare", .enforce = ENFORCE_QUARANTINE };
    struct scene *s = *state;

    s->config.overrides = &spare;
    s->config.override_count = 1;
    s->dmarc = (struct dmarc_outcome){ .result = RESULT_PERMERROR };
    s->author.status = AUTHOR_UNPARSABLE;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
    s->author.status = AUTHOR_OK;
    s->dmarc.result = RESULT_NONE;
    s->evidence.null_mx_sender = true;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
    s->evidence.null_mx_sender = false;
    s->spf.result = RESULT_FAIL;
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    expect_verdict(s, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY, DISPOSITION_QUARANTINE);
}

/* --- hostile text, header bombs ------------------------------------------ */

static void replies_are_printable_and_bounded(void **state)
{
    static char long_text[4000];
    struct scene *s = *state;

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[3] = '\r';
    long_text[4] = '\n';
    long_text[5] = (char)0xff;
    s->dmarc = (struct dmarc_outcome){ .result = RESULT_NONE };
    s->spf.result = RESULT_FAIL;
    s->spf.explanation = long_text;
    s->config.spf.on_fail = SPF_FAIL_REJECT;
    decide(s);
    assert_true(strlen(s->verdict.reply.text) <= 980);
    for (const char *at = s->verdict.reply.text; *at; at++)
        assert_true(*at >= ' ' && *at <= '~');
}

static void a_flooded_header_is_refused(void **state)
{
    struct scene *s = *state;

    s->dmarc = (struct dmarc_outcome){ .result = RESULT_PASS };
    s->message->fields_flooded = true;
    expect_verdict(s, ACTION_REJECT, OVERRIDE_NONE, DISPOSITION_REJECT);
    expect_reply(s, 550, "5.6.0", "header fields");
    verdict_unjudged(s->message, "ours", &s->verdict);
    assert_int_equal(s->verdict.action, ACTION_REJECT);
    s->message->fields_flooded = false;
    verdict_unjudged(s->message, "ours", &s->verdict);
    assert_int_equal(s->verdict.action, ACTION_ACCEPT);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(enforcement_caps_the_policy),
        WITH_SCENE(the_reply_names_dmarc_and_the_domain),
        WITH_SCENE(other_dmarc_results_accept),
        WITH_SCENE(test_mode_is_reported),
        WITH_SCENE(a_trusted_forwarder_is_spared),
        WITH_SCENE(a_trusted_list_needs_its_own_signature),
        WITH_SCENE(trusted_sealers_may_vouch),
        WITH_SCENE(sealers_do_not_help_a_bad_author),
        WITH_SCENE(an_unlisted_list_never_leads_to_accept),
        WITH_SCENE(no_usable_author_is_bad),
        WITH_SCENE(bad_from_does_not_depend_on_enforce),
        WITH_SCENE(authors_of_several_domains_must_all_pass),
        WITH_SCENE(a_dmarc_permerror_is_bad_too),
        WITH_SCENE(an_spf_fail_rejects_on_request),
        WITH_SCENE(an_spf_rejection_against_p_none_is_local_policy),
        WITH_SCENE(a_trusted_path_may_fail_spf),
        WITH_SCENE(spf_at_mail),
        WITH_SCENE(a_null_mx_sender_is_refused),
        WITH_SCENE(temporary_errors_are_told_on_request),
        WITH_SCENE(an_spf_temperror_matters_where_spf_rejects),
        WITH_SCENE(nothing_is_deferred_that_would_be_accepted_anyway),
        WITH_SCENE(each_override_condition_counts),
        WITH_SCENE(the_first_override_that_holds_counts),
        WITH_SCENE(recipients_that_differ_get_a_tag),
        WITH_SCENE(overrides_cap_every_rule),
        WITH_SCENE(replies_are_printable_and_bounded),
        WITH_SCENE(a_flooded_header_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
