/* Unit tests of auth/dkim.c, auth/dkim_guard.c, auth/dkim_libopendkim.c and
 * auth/dkim_native.c, over the messages that data/dkim/make-messages signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "base/buf.h"
#include "base/region.h"
#include "dns/resolver.h"
#include "dns/scope.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "../../lib/load_file.h"

#define DATA "/tests/unit/auth/data/dkim/"

enum { NOW = 1790000000 };

static struct resolver *resolver;

/* What all tests but those of one engine run with. */
static const struct dkim_engine *engine = &engine_dkim_native;
static unsigned clock_skew;

static const char *data_path(char *out, size_t size, const char *name, const char *suffix)
{
    const char *top = getenv("top_srcdir");

    snprintf(out, size, "%s%s%s%s", top ? top : ".", DATA, name, suffix);
    return out;
}

static int set_up(void **state)
{
    char path[4096], error[1000];

    (void)state;
    resolver = resolver_new_zone(data_path(path, sizeof path, "zone", ""), error, sizeof error);
    if (!resolver)
        fprintf(stderr, "%s\n", error);
    return resolver ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    resolver_unref(resolver);
    return 0;
}

/* One message on its way through a verifier. */
struct run {
    struct message *message;
    struct dns_scope *scope;
    struct body_digests *body;
    struct dkim_verifier *verifier;
    struct findings findings;
    size_t chunk; /* octets of body handed over at a time; 0: all */
    bool body_wanted;
};

static void on_field(void *context, struct text name, struct text value)
{
    struct run *run = context;
    struct field *field = message_add_field(run->message, name, value);

    if (field)
        verify_dkim_field(run->verifier, field);
}

static void on_end_of_header(void *context)
{
    struct run *run = context;

    verify_dkim_end_of_header(run->verifier, header_index_new(run->message));
    run->body_wanted =
        body_digests_wanted(run->body) || verify_dkim_wants_body(run->verifier);
}

static void on_body(void *context, struct text chunk)
{
    struct run *run = context;
    size_t step = run->chunk ? run->chunk : chunk.len + 1;

    for (size_t at = 0; at < chunk.len; at += step) {
        struct text piece = text_head(text_tail(chunk, at), step);

        body_digests_add(run->body, piece);
        verify_dkim_body(run->verifier, piece);
    }
}

/* MEMORY bounds the message; false when not even the verifier fits. */
static bool run_start_within(struct run *run, size_t memory, int64_t now, unsigned min_rsa_bits)
{
    const struct dns_scope_limits limits = { .questions_max = 100 };
    struct dkim_params params = { .engine = engine,
                                  .min_rsa_bits = min_rsa_bits,
                                  .max_signatures = 8,
                                  .clock_skew = clock_skew,
                                  .now = now };

    *run = (struct run){ .message = message_new(memory) };
    run->scope = dns_scope_new(resolver, &limits);
    if (!run->message)
        return false;
    params.dns = run->scope;
    params.body = run->body = body_digests_new(run->message->region);
    run->verifier = verify_dkim_new(run->message, &params);
    findings_init(&run->findings, run->message->region);
    return run->body && run->verifier;
}

static void run_start(struct run *run, int64_t now, unsigned min_rsa_bits)
{
    assert_true(run_start_within(run, 0, now, min_rsa_bits));
}

static void judge(struct run *run)
{
    body_digests_end(run->body);
    check_dkim(&run->findings, run->verifier);
}

static void run_free(struct run *run)
{
    dns_scope_close(run->scope);
    dns_scope_unref(run->scope);
    message_free(run->message);
}

static void feed(struct run *run, struct text data)
{
    const struct eml_handler handler = { run, on_field, on_end_of_header, on_body };

    eml_read(data, &handler);
}

/* The file NAME.eml; to be freed. */
static struct text load(const char *name)
{
    char path[4096];

    return load_file(data_path(path, sizeof path, name, ".eml"));
}

/* "result" or "result:reason", comma-separated. */
static const char *summary(struct run *run)
{
    struct buf buf;

    buf_init(&buf, run->message->region, 10000);
    for (const struct finding *f = run->findings.first; f; f = f->next) {
        assert_int_equal(f->method, METHOD_DKIM);
        buf_printf(&buf, "%s%s%s%s", buf.len ? ", " : "", name_of(result_names, (int)f->result),
                   f->reason ? ":" : "", f->reason ? f->reason : "");
    }
    return buf_str(&buf);
}

static void check_message(const char *name, size_t chunk, int64_t now, unsigned min_rsa_bits,
                          const char *expected)
{
    struct text data = load(name);
    struct run run;

    run_start(&run, now, min_rsa_bits);
    run.chunk = chunk;
    feed(&run, data);
    judge(&run);
    if (strcmp(summary(&run), expected) != 0)
        fail_msg("%s: %s, not %s", name, summary(&run), expected);
    run_free(&run);
    free((char *)data.data);
}

#define BODY_FAIL "fail:body hash did not verify"
#define SIGNATURE_FAIL "fail:signature did not verify"
#define ENGINE "permerror:engine"
#define UNSIGNED(octets) "policy:" #octets " of 33 body octets not signed"

static const struct {
    const char *name, *expected;
} messages[] = {
    { "rsa-relaxed", "pass" },
    { "rsa-simple", "pass" },
    { "rsa-simple-relaxed", "pass" },
    { "rsa-default-body", "pass" },
    { "ed25519", "pass" },
    { "rsa4096", "pass" },
    { "rsa8192", ENGINE }, /* its record is longer than the library's buffer */
    { "rsa1024", "pass" },
    { "rsa768", "permerror:RSA key too short" },
    { "pkcs1", "pass" },
    { "sha1", "permerror:rsa-sha1 is not to be used" },
    { "expires", "fail:signature expired" },
    { "from-future", "policy:signed in the future" },
    { "from-1970", ENGINE }, /* outside the clock drift that it is given */
    { "empty-relaxed", "pass" },
    { "empty-simple", "pass" },
    { "no-final-crlf", "pass" },
    { "no-final-crlf-simple", "pass" },
    { "blank-lines-only", "pass" },
    { "long-line", "pass" },
    { "eight-bit", "pass" },
    { "oversigned", "pass" },
    { "more-names-than-fields", "pass" },
    { "unknown-tag", "pass" },
    { "blanks-in-tags", "pass" },
    { "bh-unpadded", "pass" },
    { "subdomain-identity", "pass" },
    { "quoted-identity", ENGINE },
    { "long-identity", ENGINE },
    { "strict-key-same", "pass" },
    { "strict-key-subdomain", "permerror:key not valid for subdomains" },
    { "testing-key", "pass" },
    { "noted-key", "pass" },
    { "second-record", "pass" },
    { "idn", "pass" },
    { "idn-u-label", ENGINE },

    { "key-absent", "permerror:no key" },
    { "key-nodata", "permerror:no key" },
    { "key-servfail", "temperror:no answer for the key" },
    { "key-timeout", "temperror:no answer for the key" },
    { "key-revoked", "permerror:key revoked" },
    { "key-no-p", "permerror:key record: no key (p=)" },
    { "key-tlsrpt", "permerror:key is not for email" },
    { "key-sha1-only", "permerror:hash not allowed by the key" },
    { "key-bad-version", "permerror:key record: unknown version" },
    { "key-version-late", "permerror:key record: v= is not first" },
    { "key-duplicate", "permerror:key record: syntax error" },
    { "key-bad-base64", "permerror:key record: invalid base64 (p=)" },
    { "key-not-a-key", "permerror:key record: not an RSA key" },
    { "key-ec-key", "permerror:key record: not an RSA key" },
    { "key-big-exponent", "permerror:RSA exponent too large" },
    { "key-ed-as-rsa", "permerror:key type does not match the algorithm" },
    { "key-unknown-type", "permerror:key record: unknown key type" },
    { "key-not-a-record", "permerror:key record: syntax error" },
    { "key-ed25519-short", "permerror:key record: not an Ed25519 key" },
    { "key-rsa-for-ed25519", "permerror:key type does not match the algorithm" },

    { "unsigned", "none" },
    { "body-changed", BODY_FAIL },
    { "header-changed", SIGNATURE_FAIL },
    { "own-field-changed", SIGNATURE_FAIL },
    { "second-from", "policy:2 From fields, 1 signed" },
    { "second-from-oversigned", SIGNATURE_FAIL },
    { "vertical-tab", ENGINE },
    { "bare-cr", ENGINE },
    { "bare-cr-body", ENGINE },
    { "bare-cr-last", ENGINE },
    { "bare-cr-added", ENGINE },
    { "nul-in-unsigned-field", "pass" },
    { "space-before-colon", "pass" },
    { "space-before-colon-simple", "pass" },
    { "space-before-colon-added", SIGNATURE_FAIL },
    { "tab-before-colon", "pass" },
    { "tab-before-colon-simple", ENGINE },
    { "tab-in-unsigned-field", "pass" },

    { "l-exact", "pass" },
    { "l-exact-simple", "pass" },
    { "l-appended", "policy:10 of 43 body octets not signed" },
    { "l-appended-simple", "policy:10 of 47 body octets not signed" },
    { "l-blank-lines-appended", "pass" },
    { "l-zero", UNSIGNED(33) },
    { "l-too-long", "permerror:l= exceeds the body" },
    { "l-huge", "permerror:l= exceeds the body" },
    { "l-several", UNSIGNED(28) ", " UNSIGNED(26) ", pass, pass" },
    { "l-six", UNSIGNED(32) ", " UNSIGNED(31) ", " UNSIGNED(30) ", " UNSIGNED(29) ", " ENGINE
               ", " UNSIGNED(32) }, /* five handles are too many */

    { "bad-no-from", "permerror:From not signed (h=)" },
    { "bad-identity-outside", "permerror:identity outside the domain (i=)" },
    { "bad-duplicate-tag", "permerror:duplicate tag" },
    { "bad-version-2", "permerror:unknown version (v=)" },
    { "bad-nul-in-selector", "permerror:syntax error" },
    { "bad-quote-in-domain", "permerror:invalid domain (d=)" },
    { "bad-expires-before", "permerror:expires before it was made (x=)" },
    { "bad-other-query", "permerror:unknown query method (q=)" },

    { "engine-blank-before-b", ENGINE },
    { "engine-tag-ends-in-b", ENGINE },
    { "engine-own-field-named", ENGINE },
    { "engine-long-h", ENGINE },

    { "rsa-and-ed25519", "pass, pass" },
    { "good-and-bad", BODY_FAIL ", pass" },
    { "twelve", "pass, pass, pass, pass, pass, pass, pass, pass" },
    { "eight-unparsable",
      "permerror:syntax error, permerror:syntax error, permerror:syntax error, permerror:syntax "
      "error, permerror:syntax error, permerror:syntax error, permerror:syntax error, "
      "permerror:syntax error" },
    { "signs-signature", "pass, pass" },
    { "signs-refused-signature", ENGINE ", permerror:syntax error, pass" },
    { "signs-expired-signature", "pass, fail:signature expired" },
};

/* What libopendkim cannot judge, our own engine can. */
static const struct {
    const char *name, *expected;
} native_differs[] = {
    { "rsa8192", "pass" },
    { "from-1970", "pass" },
    { "quoted-identity", "pass" },
    { "long-identity", "pass" },
    { "idn-u-label", "pass" },
    { "vertical-tab", SIGNATURE_FAIL },
    { "bare-cr", SIGNATURE_FAIL },
    { "bare-cr-body", "pass" },
    { "bare-cr-last", "pass" },
    { "bare-cr-added", BODY_FAIL },
    { "tab-before-colon-simple", "pass" },
    { "l-six", UNSIGNED(32) ", " UNSIGNED(31) ", " UNSIGNED(30) ", " UNSIGNED(29) ", " UNSIGNED(28)
               ", " UNSIGNED(32) },
    { "engine-blank-before-b", "pass" },
    { "engine-tag-ends-in-b", "pass" },
    { "engine-own-field-named", "pass" },
    { "engine-long-h", "pass" },
    { "signs-refused-signature", "pass, permerror:syntax error, pass" },
};

static const char *expected_of(size_t i)
{
    for (size_t k = 0; k < sizeof native_differs / sizeof native_differs[0]; k++)
        if (engine == &engine_dkim_native &&
            strcmp(native_differs[k].name, messages[i].name) == 0)
            return native_differs[k].expected;
    return messages[i].expected;
}

/* Runs all messages through ENGINE_USED, the body in pieces of CHUNK octets. */
static void check_all(const struct dkim_engine *engine_used, size_t chunk)
{
    const struct dkim_engine *saved = engine;

    engine = engine_used;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        bool is_long = strcmp(messages[i].name, "long-line") == 0;

        check_message(messages[i].name, is_long && chunk == 1 ? 7 : chunk, NOW, 1024,
                      expected_of(i));
    }
    engine = saved;
}

static void every_message(void **state)
{
    (void)state;
    check_all(&engine_dkim_native, 0);
    check_all(&engine_dkim_libopendkim, 0);
}

/* Where the body is cut into pieces makes no difference. */
static void every_message_octet_by_octet(void **state)
{
    (void)state;
    check_all(&engine_dkim_native, 1);
    check_all(&engine_dkim_libopendkim, 1);
}

/* Time is what the caller says, whatever the machine's clock. */
static void expiry_goes_by_now(void **state)
{
    (void)state;
    check_message("expires", 0, 1700003600, 1024, "pass");
    check_message("expires", 0, 1700003601, 1024, "fail:signature expired");
    check_message("expires", 0, 1699913600, 1024, "pass"); /* a day ahead */
    check_message("expires", 0, 1699913599, 1024, "policy:signed in the future");
}

static void clocks_may_differ(void **state)
{
    (void)state;
    clock_skew = 300;
    check_message("expires", 0, 1700003900, 1024, "pass");
    check_message("expires", 0, 1700003901, 1024, "fail:signature expired");
    check_message("expires", 0, 1699913300, 1024, "pass");
    check_message("expires", 0, 1699913299, 1024, "policy:signed in the future");
    check_message("expires", 0, 0, 1024, "policy:signed in the future");
    clock_skew = 0;
}

static void weak_keys_are_policy(void **state)
{
    (void)state;
    check_message("rsa1024", 0, NOW, 2048, "policy:RSA key of 1024 bits, 2048 wanted");
    check_message("rsa-relaxed", 0, NOW, 2048, "pass");
    check_message("ed25519", 0, NOW, 2048, "pass");
    check_message("rsa768", 0, NOW, 512, "permerror:RSA key too short");
}

static const struct detail *detail_named(const struct finding *finding, const char *name)
{
    for (const struct detail *d = finding->details; d; d = d->next)
        if (strcmp(d->name, name) == 0)
            return d;
    return NULL;
}

static void check_number(const struct finding *finding, const char *name, long long wanted)
{
    const struct detail *d = detail_named(finding, name);

    assert_non_null(d);
    assert_true(d->number == wanted);
}

static struct run finished(const char *name)
{
    struct text data = load(name);
    struct run run;

    run_start(&run, NOW, 1024);
    feed(&run, data);
    judge(&run);
    free((char *)data.data);
    return run;
}

static void findings_name_the_signature(void **state)
{
    struct run run = finished("testing-key");
    const struct finding *f = run.findings.first;

    (void)state;
    assert_true(text_equal(finding_get(f, "header.d"), TEXT("example.org")));
    assert_true(text_equal(finding_get(f, "header.s"), TEXT("testing")));
    assert_true(text_equal(finding_get(f, "header.a"), TEXT("rsa-sha256")));
    assert_int_equal(finding_get(f, "header.b").len, 8);
    check_number(f, "signature", 1);
    check_number(f, "key_bits", 2048);
    check_number(f, "testing", 1);
    assert_null(detail_named(f, "unsigned_octets"));
    assert_true(text_equal(detail_named(f, "canonicalisation")->text, TEXT("relaxed/relaxed")));
    run_free(&run);

    run = finished("l-appended");
    check_number(run.findings.first, "unsigned_octets", 10);
    assert_null(detail_named(run.findings.first, "testing"));
    run_free(&run);

    run = finished("key-ec-key");
    assert_null(detail_named(run.findings.first, "key_bits"));
    run_free(&run);

    run = finished("rsa768");
    check_number(run.findings.first, "key_bits", 768);
    run_free(&run);

    run = finished("twelve");
    f = run.findings.first;
    assert_null(detail_named(f, "not_evaluated"));
    while (f->next)
        f = f->next;
    check_number(f, "signature", 8);
    check_number(f, "not_evaluated", 4);
    run_free(&run);
}

/* What is not well-formed is not named. */
static void refused_fields_are_not_quoted(void **state)
{
    struct run run = finished("bad-quote-in-domain");
    const struct finding *f = run.findings.first;

    (void)state;
    assert_int_equal(finding_get(f, "header.d").len, 0);
    assert_int_equal(finding_get(f, "header.a").len, 0);
    assert_int_equal(finding_get(f, "header.b").len, 0);
    assert_true(text_equal(finding_get(f, "header.s"), TEXT("rsa2048")));
    run_free(&run);
}

static void lookups_start_with_the_field(void **state)
{
    static const struct {
        const char *name;
        unsigned questions;
        bool wants_body;
    } rows[] = {
        { "rsa-relaxed", 1, true },          { "twelve", 1, true },
        { "good-and-bad", 1, true },         { "unsigned", 0, false },
        { "bad-nul-in-selector", 0, false }, { "bad-quote-in-domain", 0, false },
        { "sha1", 0, false },                { "expires", 0, false },
        { "eight-unparsable", 0, false },    { "idn-u-label", 1, true },
        { "signs-signature", 2, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text data = load(rows[i].name);
        struct dns_scope_usage usage;
        struct run run;

        run_start(&run, NOW, 1024);
        feed(&run, data);
        dns_scope_usage(run.scope, &usage);
        if (usage.questions != rows[i].questions || run.body_wanted != rows[i].wants_body)
            fail_msg("%s: %u questions", rows[i].name, usage.questions);
        run_free(&run);
        free((char *)data.data);
    }
}

/* Feeds the good message with COUNT fields NAME of SIZE octets put in front. */
static void check_padded(struct text name, size_t size, size_t count, const char *expected)
{
    struct text data = load("rsa-relaxed");
    char *filler = malloc(size + 1);
    struct run run;

    assert_non_null(filler);
    filler[0] = ' ';
    memset(filler + 1, 'x', size);
    run_start(&run, NOW, 1024);
    for (size_t i = 0; i < count; i++)
        on_field(&run, name, (struct text){ filler, size + 1 });
    feed(&run, data);
    judge(&run);
    assert_string_equal(summary(&run), expected);
    run_free(&run);
    free(filler);
    free((char *)data.data);
}

static void bounds(void **state)
{
    (void)state;
    check_padded(TEXT("X-Filler"), 10, 900, "pass");
    check_padded(TEXT("X-Filler"), 10, 994, "pass");
    check_padded(TEXT("X-Filler"), 10, 1000, "none");
    check_padded(TEXT("X-Filler"), 10, 997, "permerror:too many header fields");
    check_padded(TEXT("X-Filler"), 70000, 1, "pass");
    check_padded(TEXT("subject"), 70000, 1, "permerror:signed field too long");
    check_padded(TEXT("Bad Name"), 10, 1, "pass");
    check_padded(TEXT("DKIM-Signature"), 70000, 1, "permerror:field too long, pass");
    check_padded(TEXT("DKIM-Signature"), 17000, 1, "permerror:field too long, pass");
}

static void memory_runs_out(void **state)
{
    struct text data = load("rsa-relaxed");

    (void)state;
    for (size_t limit = 4096; limit < 65536; limit += 512) {
        struct run run;

        if (run_start_within(&run, limit, NOW, 1024)) {
            const char *found;

            feed(&run, data);
            judge(&run);
            found = summary(&run); /* takes memory, too */
            assert_true(region_failed(run.message->region) || strcmp(found, "pass") == 0);
        }
        run_free(&run);
    }
    free((char *)data.data);
}

static void *verify_often(void *arg)
{
    struct text data = load("rsa-and-ed25519");
    long failures = 0;

    (void)arg;
    for (int i = 0; i < 20; i++) {
        struct run run;

        run_start(&run, NOW, 1024);
        feed(&run, data);
        judge(&run);
        failures += strcmp(summary(&run), "pass, pass") != 0;
        run_free(&run);
    }
    free((char *)data.data);
    return failures ? "failed" : NULL;
}

static void threads_share_the_library(void **state)
{
    pthread_t threads[4];
    void *failure;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
}

static void abandoned_at_every_stage(void **state)
{
    struct text data = load("rsa-relaxed");
    struct run run;

    (void)state;
    run_start(&run, NOW, 1024);
    run_free(&run);
    run_start(&run, NOW, 1024);
    feed(&run, text_head(data, 700));
    run_free(&run);
    run_start(&run, NOW, 1024);
    feed(&run, data);
    run_free(&run);
    free((char *)data.data);
}

static void engines_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(engine_dkim_named("libopendkim"), &engine_dkim_libopendkim);
    assert_ptr_equal(engine_dkim_named("native"), &engine_dkim_native);
    assert_null(engine_dkim_named("libopendki"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message),
        cmocka_unit_test(every_message_octet_by_octet),
        cmocka_unit_test(expiry_goes_by_now),
        cmocka_unit_test(clocks_may_differ),
        cmocka_unit_test(weak_keys_are_policy),
        cmocka_unit_test(findings_name_the_signature),
        cmocka_unit_test(refused_fields_are_not_quoted),
        cmocka_unit_test(lookups_start_with_the_field),
        cmocka_unit_test(bounds),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(threads_share_the_library),
        cmocka_unit_test(abandoned_at_every_stage),
        cmocka_unit_test(engines_by_name),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
