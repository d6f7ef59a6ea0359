/* Unit tests of auth/arc.c, over the sealed messages of tests/cases: what a run of
 * `vidimus check` cannot show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/arc.h"
#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "base/ip.h"
#include "base/region.h"
#include "dns/resolver.h"
#include "dns/scope.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "../../lib/load_file.h"

enum { NOW = 1760000000, ENOUGH = 80 };

/* One message on its way through a verifier. */
struct run {
    struct resolver *resolver;
    struct dns_scope *dns;
    struct message *message;
    struct body_digests *bodies;
    struct arc_verifier *verifier;
    struct findings findings;
    struct arc_outcome outcome;
    unsigned early_questions; /* asked before the header was complete */
    size_t chunk;             /* octets of body handed over at a time; 0: all */
    bool no_index;
};

static const char *case_path(char *out, size_t size, const char *name, const char *file)
{
    const char *top = getenv("top_srcdir");

    snprintf(out, size, "%s/tests/cases/%s/%s", top ? top : ".", name, file);
    return out;
}

/* The message of NAME; to be freed. */
static struct text load(const char *name)
{
    char path[4096];

    return load_file(case_path(path, sizeof path, name, "msg.eml"));
}

static unsigned questions(const struct run *run)
{
    struct dns_scope_usage usage;

    dns_scope_usage(run->dns, &usage);
    return usage.questions;
}

/* A verifier over the zone of NAME.  False: memory. */
static bool begin(struct run *run, const char *name, unsigned questions_max, size_t memory_max)
{
    const struct dns_scope_limits limits = { .questions_max = 1000 };
    char path[4096], error[1000];

    run->resolver = resolver_new_zone(case_path(path, sizeof path, name, "zone"), error,
                                      sizeof error);
    if (!run->resolver)
        fail_msg("%s", error);
    run->dns = dns_scope_new(run->resolver, &limits);
    run->message = message_new(memory_max);
    if (!run->message)
        return false;
    findings_init(&run->findings, run->message->region);
    run->bodies = body_digests_new(run->message->region);
    run->verifier = arc_verifier_new(run->message, &(struct arc_params){
                                                       .dns = run->dns,
                                                       .bodies = run->bodies,
                                                       .questions_max = questions_max,
                                                       .now = NOW,
                                                   });
    return run->bodies && run->verifier;
}

static void on_field(void *context, struct text name, struct text value)
{
    struct run *run = context;
    struct field *field = message_add_field(run->message, name, value);

    if (field)
        arc_verifier_field(run->verifier, field);
}

static void on_end_of_header(void *context)
{
    struct run *run = context;

    run->early_questions = questions(run);
    arc_verifier_end_of_header(run->verifier,
                               run->no_index ? NULL : header_index_new(run->message));
}

static void on_body(void *context, struct text chunk)
{
    struct run *run = context;
    size_t step = run->chunk ? run->chunk : chunk.len + 1;

    for (size_t at = 0; at < chunk.len; at += step)
        body_digests_add(run->bodies, text_head(text_tail(chunk, at), step));
}

static void judge(struct run *run, struct text data)
{
    struct ip_address client;

    assert_true(ip_parse(TEXT("2001:db8::1"), &client));
    eml_read(data, &(struct eml_handler){ run, on_field, on_end_of_header, on_body });
    body_digests_end(run->bodies);
    check_arc(&run->findings, run->verifier, &client, &run->outcome);
}

static void end(struct run *run)
{
    dns_scope_close(run->dns);
    dns_scope_unref(run->dns);
    resolver_unref(run->resolver);
    message_free(run->message);
}

/* The message of case NAME, judged. */
static void judge_case(struct run *run, const char *name, unsigned questions_max)
{
    struct text data = load(name);

    assert_true(begin(run, name, questions_max, 0));
    judge(run, data);
    free((char *)data.data);
}

static const char *reason(const struct run *run)
{
    const struct finding *f = run->findings.first;

    assert_non_null(f);
    assert_null(f->next);
    assert_int_equal(f->method, METHOD_ARC);
    assert_int_equal(f->result, run->outcome.result);
    return f->reason ? f->reason : "";
}

static void finding_of_a_chain(void **state)
{
    struct run run = { 0 };

    (void)state;
    judge_case(&run, "arc-body-changed-by-second-sealer", ENOUGH);
    assert_string_equal(reason(&run), "");
    assert_int_equal(run.outcome.result, RESULT_PASS);
    assert_int_equal(run.outcome.oldest_pass, 2);
    assert_int_equal(run.outcome.chain->newest, 2);
    assert_true(run.outcome.unsigned_octets == 0);
    assert_true(text_equal(finding_get(run.findings.first, "smtp.remote-ip"), TEXT("2001:db8::1")));
    assert_true(text_equal(finding_get(run.findings.first, "header.oldest-pass"), TEXT("2")));
    end(&run);
}

static void finding_without_a_chain(void **state)
{
    struct run run = { 0 };

    (void)state;
    judge_case(&run, "arc-none", ENOUGH);
    assert_string_equal(reason(&run), "");
    assert_int_equal(run.outcome.result, RESULT_NONE);
    assert_null(run.findings.first->properties);
    assert_false(body_digests_wanted(run.bodies));
    assert_int_equal(questions(&run), 0);
    end(&run);
}

/* A broken structure wants nothing more: neither body nor DNS. */
static void a_fault_ends_the_work(void **state)
{
    struct run run = { 0 };

    (void)state;
    judge_case(&run, "arc-set-incomplete", ENOUGH);
    assert_string_equal(reason(&run), "ARC-Authentication-Results i=1: missing");
    assert_int_equal(run.outcome.result, RESULT_FAIL);
    assert_false(body_digests_wanted(run.bodies));
    assert_int_equal(questions(&run), run.early_questions);
    end(&run);
}

static void keys_are_asked_for_as_fields_arrive(void **state)
{
    struct run run = { 0 };

    (void)state;
    judge_case(&run, "arc-two-trusted-sealers", ENOUGH);
    assert_int_equal(run.early_questions, 2);
    assert_int_equal(questions(&run), 2);
    end(&run);
}

/* 50 sets, 100 keys: of those, 16 before the chain is looked at. */
static void questions_are_bounded(void **state)
{
    struct run run = { 0 };

    (void)state;
    judge_case(&run, "arc-hundred-keys", 1000);
    assert_int_equal(run.early_questions, 16);
    assert_int_equal(questions(&run), 100);
    assert_int_equal(run.outcome.result, RESULT_PASS);
    assert_int_equal(run.outcome.oldest_pass, 0);
    end(&run);
    /* enough for the seals: only older AMS are left out */
    judge_case(&run, "arc-hundred-keys", ENOUGH);
    assert_int_equal(questions(&run), ENOUGH);
    assert_int_equal(run.outcome.result, RESULT_PASS);
    assert_int_equal(run.outcome.oldest_pass, 50 - (ENOUGH - 51));
    end(&run);
    /* 16 for the sets 50 to 43, 24 for the seals 42 to 19 */
    judge_case(&run, "arc-hundred-keys", 40);
    assert_int_equal(questions(&run), 40);
    assert_string_equal(reason(&run), "ARC-Seal i=18: too many DNS questions");
    end(&run);
}

/* The keys of a chain whose newest signature is bad stay where they are. */
static void an_invented_chain_costs_few_questions(void **state)
{
    struct run run = { 0 };
    struct text data = load("arc-hundred-keys");

    (void)state;
    assert_true(begin(&run, "arc-hundred-keys", 1000, 0));
    ((char *)data.data)[data.len - 2] = '!'; /* of the body */
    judge(&run, data);
    assert_string_equal(reason(&run), "ARC-Message-Signature i=50: body hash did not verify");
    assert_int_equal(questions(&run), 16);
    free((char *)data.data);
    end(&run);
}

static void chunks_make_no_difference(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk < 10; chunk++) {
        struct run run = { .chunk = chunk };

        judge_case(&run, "arc-simple-canonicalisation", ENOUGH);
        assert_int_equal(run.outcome.result, RESULT_PASS);
        end(&run);
    }
}

/* Memory that ends anywhere: no crash, and never a pass. */
static void memory_runs_out(void **state)
{
    struct text data = load("arc-ten-sets");
    bool passed = false;
    size_t failures = 0;

    (void)state;
    for (size_t limit = 1000; !passed && limit < (1 << 22); limit += 4999) {
        struct run run = { 0 };

        if (begin(&run, "arc-ten-sets", ENOUGH, limit)) {
            judge(&run, data);
            if (region_failed(run.message->region))
                failures++;
            else
                passed = run.outcome.result == RESULT_PASS;
        }
        end(&run);
    }
    assert_true(passed);
    assert_true(failures > 10);
    free((char *)data.data);
}

static void without_an_index_nothing_is_verified(void **state)
{
    struct run run = { .no_index = true };

    (void)state;
    judge_case(&run, "arc-trusted-list", ENOUGH);
    assert_int_equal(run.outcome.result, RESULT_FAIL);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding_of_a_chain),
        cmocka_unit_test(finding_without_a_chain),
        cmocka_unit_test(a_fault_ends_the_work),
        cmocka_unit_test(keys_are_asked_for_as_fields_arrive),
        cmocka_unit_test(questions_are_bounded),
        cmocka_unit_test(an_invented_chain_costs_few_questions),
        cmocka_unit_test(chunks_make_no_difference),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(without_an_index_nothing_is_verified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
