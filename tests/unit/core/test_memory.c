/* Unit tests without memory: each allocation fails in its turn.  What comes of it is the
 * same, or a temporary failure; never another verdict.  tests/memory does so with whole
 * programs; here stand the faults that it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base64.h"
#include "auth/crypt.h"
#include "base/region.h"
#include "core/plan_view.h"
#include "core/transaction.h"
#include "dns/scope.h"
#include "mail/message.h"
#include "../../lib/key_file.h"
#include "../../lib/refused_memory.h"

enum { NOW = 1760000000, TEXT_OCTETS = 1 << 14, SIGNATURE_LENGTH = 172 /* base64 of 128 octets */ };

static const char zone[] =
    "s1._domainkey.strict.example. TXT \"v=DKIM1; p=\" " RFC_RSA_PUBLISHED "\n"
    "_dmarc.strict.example. TXT \"v=DMARC1; p=reject; adkim=s\"\n"
    "strict.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "1.113.0.203.in-addr.arpa. PTR mail.example.org.\n"
    "mail.example.org. A 203.0.113.1\n";

static const char message[] = "From: a@strict.example\r\nTo: l@lists.example\r\nSubject: x\r\n"
                              "\r\nbody\r\n";

/* --- transactions ----------------------------------------------------------- */

struct delivery {
    struct snapshot *snapshot;
    const char *auth;          /* "" if not */
    const char *text;
    enum action action;        /* that it meets with memory */
    bool is_sealed;
    bool is_refused_at_mail;
    char *left;                /* its text as it leaves, when that is wanted */
};

static const char *b_of(const char *field)
{
    const char *at = strstr(field, " b=");

    if (!at)
        at = strstr(field, "\tb=");
    return at ? at + 3 : "";
}

/* A signature that is inserted has a value. */
static void look_at_signatures(const struct plan *plan)
{
    for (const struct plan_step *step = plan->steps; step; step = step->next)
        if (step->kind == PLAN_INSERT && !strstr(step->name, "Authentication-Results") &&
            strlen(b_of(step->value)) < SIGNATURE_LENGTH)
            fail_msg("%s: %s", step->name, step->value);
}

static void look_at(const struct delivery *d, const struct judgement *j)
{
    bool sealed = j->sealing && j->sealing->state == SEALING_SEALED;

    if (j->verdict.action == ACTION_TEMPFAIL) {
        assert_null(j->plan.steps);
        return;
    }
    if (j->verdict.action != d->action)
        fail_msg("allocation %lu: action %d: %s", refusal.fail_at, (int)j->verdict.action,
                 j->verdict.reason);
    if (d->is_sealed && !sealed && (!j->sealing || !j->sealing->why))
        fail_msg("allocation %lu: no seal, and nobody tells", refusal.fail_at);
    look_at_signatures(&j->plan);
}

static void keep_text(const struct delivery *d, const struct judgement *j)
{
    struct region *region = region_new(0);
    struct plan_view view;
    size_t len = 0;

    assert_true(plan_view(region, j->message, &j->plan, &view));
    for (size_t i = 0; i < view.count; i++)
        len += (size_t)snprintf(d->left + len, TEXT_OCTETS - len, "%.*s:%.*s\r\n",
                                TEXT_ARGS(view.fields[i]->label), TEXT_ARGS(view.fields[i]->value));
    snprintf(d->left + len, TEXT_OCTETS - len, "\r\nbody\r\n");
    region_free(region);
}

static void deliver(void *context)
{
    const struct delivery *d = context;
    struct ip_address client = address("203.0.113.1");
    const struct verdict *at_mail = NULL;
    struct session *session;
    struct transaction *t = NULL;

    refusal.on = true;
    session = session_new(d->snapshot, &client);
    if (session) {
        session_set_helo(session, TEXT("mail.example.org"));
        session_set_auth(session, text_of(d->auth));
        t = transaction_begin(session, d->snapshot, TEXT("<a@strict.example>"), NULL, NOW);
    }
    if (t) {
        at_mail = transaction_mail_verdict(t);
        transaction_recipient(t, TEXT("<l@lists.example>"));
        transaction_message(t, text_of(d->text));
        (void)transaction_end(t);
    }
    refusal.on = false;
    if (at_mail)
        assert_true(d->is_refused_at_mail && strstr(at_mail->reply.text, "strict.example"));
    if (t)
        look_at(d, transaction_end(t));
    if (t && d->left)
        keep_text(d, transaction_end(t));
    transaction_free(t);
    session_free(session);
}

static struct snapshot *house(const char *more)
{
    char conf[2048];

    snprintf(conf, sizeof conf,
             "authserv-id = \"mx.lists.example\"\nsign-min-rsa-bits = 1024\n"
             "dmarc { enforce = \"reject\" }\n%s\n"
             "sign \"strict.example\" { key \"s1\" { file = \"%s\" } }\n", more, key_file);
    return snapshot_of(zone, conf);
}

static void expect(const char *config, struct delivery d)
{
    d.snapshot = house(config);
    with_each_refused(deliver, &d);
    snapshot_unref(d.snapshot);
}

static const char *signed_message(void)
{
    static char text[TEXT_OCTETS];
    struct delivery d = { .snapshot = house(""), .auth = "alice", .text = message,
                          .action = ACTION_ACCEPT, .left = text };

    refusal.fail_at = 0;
    deliver(&d);
    snapshot_unref(d.snapshot);
    assert_non_null(strstr(text, "DKIM-Signature"));
    return text;
}

/* A temporary error would be accepted. */
static void dns_without_memory_is_no_temporary_error(void **state)
{
    (void)state;
    expect("", (struct delivery){ .auth = "", .text = message, .action = ACTION_REJECT });
}

/* It would be judged as a stranger's. */
static void who_is_authenticated_stays_so(void **state)
{
    (void)state;
    expect("", (struct delivery){ .auth = "alice", .text = message, .action = ACTION_ACCEPT });
}

/* The key would be a bad one, or the signature, or what it is to be compared with. */
static void signatures_without_memory_are_not_bad(void **state)
{
    (void)state;
    expect("", (struct delivery){ .auth = "", .text = signed_message(), .action = ACTION_ACCEPT });
}

/* b= would be empty. */
static void seals_are_whole_or_told(void **state)
{
    char seal[128];

    (void)state;
    snprintf(seal, sizeof seal, "seal { all = true key \"s1\" { file = \"%s\" domain = "
             "\"strict.example\" } }", key_file);
    expect(seal, (struct delivery){ .auth = "", .text = signed_message(), .action = ACTION_ACCEPT,
                                    .is_sealed = true });
}

/* The reply would have no text. */
static void replies_at_mail_are_whole(void **state)
{
    (void)state;
    expect("spf { on-fail = \"reject\" reject-at = \"mail\" }",
           (struct delivery){ .auth = "", .text = message, .action = ACTION_REJECT,
                              .is_refused_at_mail = true });
}

/* --- questions -------------------------------------------------------------- */

/* Three questions, of which two fit in. */
static void ask(void *context)
{
    struct dns_scope_limits limits = { 2, 0 };
    struct dns_scope *scope = dns_scope_new(context, &limits);
    struct dns_scope_usage usage;
    enum dns_status last;

    refusal.on = true;
    dns_scope_start(scope, "strict.example", DNS_TXT, NULL, NULL);
    dns_scope_start(scope, "mail.example.org", DNS_A, NULL, NULL);
    last = dns_scope_lookup(scope, "_dmarc.strict.example", DNS_TXT)->status;
    refusal.on = false;
    dns_scope_usage(scope, &usage);
    assert_true(last == DNS_TEMPFAIL || usage.out_of_memory);
    dns_scope_unref(scope);
}

/* One that found no memory would leave its place to another. */
static void the_bound_of_questions_holds_the_same(void **state)
{
    char error[100];
    struct resolver *resolver = resolver_new_zone_text(text_of(zone), error, sizeof error);

    (void)state;
    with_each_refused(ask, resolver);
    resolver_unref(resolver);
}

/* --- libcrypto -------------------------------------------------------------- */

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return refuses() ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return refuses() ? NULL : __real_realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    free(old);
}

/* It would be no key, or too short a one. */
static void read_key(void *context)
{
    struct region *region = region_new(0);
    struct crypt_key *key;

    refusal.on = true;
    key = crypt_key_new(region, KEY_RSA, *(const struct text *)context);
    refusal.on = false;
    if (!key)
        assert_true(region_failed(region));
    else
        assert_true(key->bits == 1024 && key->exponent_bits == 17);
    crypt_key_unref(key);
    region_free(region);
}

static struct crypt_signer *signer_of(const char *pem)
{
    const char *why;
    struct crypt_signer *signer = crypt_signer_new(text_of(pem), &why);

    assert_non_null(signer);
    return signer;
}

static void keys_are_read_or_not_known(void **state)
{
    struct region *region = region_new(0);
    struct crypt_signer *signer = signer_of(RFC_RSA_PEM);
    struct text published;

    (void)state;
    assert_true(crypt_signer_publish(region, signer, &published));
    with_each_refused(read_key, &published);
    crypt_signer_unref(signer);
    region_free(region);
}

struct signed_digest {
    enum key_type type;
    struct text published, signature;
    sha256_value digest;
};

/* A new key each time: what libcrypto makes of it at first takes memory, too. */
static void verify(void *context)
{
    const struct signed_digest *s = context;
    struct region *region = region_new(0);
    struct crypt_key *key = crypt_key_new(region, s->type, s->published);
    bool good;

    refusal.on = true;
    good = crypt_verify(region, key, s->digest, s->signature);
    refusal.on = false;
    assert_true(good || region_failed(region));
    crypt_key_unref(key);
    region_free(region);
}

static void verify_of(const char *pem)
{
    struct region *region = region_new(0);
    struct crypt_signer *signer = signer_of(pem);
    struct signed_digest s = { .type = crypt_signer_type(signer), .digest = { 1 } };

    assert_true(crypt_signer_publish(region, signer, &s.published));
    assert_true(crypt_sign(region, signer, s.digest, &s.signature));
    with_each_refused(verify, &s);
    crypt_signer_unref(signer);
    region_free(region);
}

static void signatures_are_good_or_not_known(void **state)
{
    (void)state;
    verify_of(RFC_RSA_PEM);
    verify_of(RFC_ED25519_PEM);
}

/* --- the configuration ------------------------------------------------------ */

static void ignore_report(void *context, const char *text)
{
    (void)text;
    ++*(unsigned *)context;
}

static void read_configuration(void *context)
{
    unsigned told = 0;
    struct config *config;

    refusal.on = true;
    config = config_read_text("conf", text_of(context), true, ignore_report, &told);
    refusal.on = false;
    if (!config) {
        assert_true(told > 0);
        return;
    }
    assert_int_equal(config->own_authserv_ids.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(config->own_authserv_ids.items[i]);
    config_unref(config);
}

/* A list would lose an item, a seal its domain. */
static void configurations_are_whole_or_refused(void **state)
{
    (void)state;
    with_each_refused(read_configuration,
                      (char[]){ "own-authserv-ids = {\"a.example\", \"b.example\", \"c.example\"}\n"
                                "seal { key \"s1\" { file = \"/x\" domain = \"d.example\" } }\n" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_without_memory_is_no_temporary_error),
        cmocka_unit_test(who_is_authenticated_stays_so),
        cmocka_unit_test(signatures_without_memory_are_not_bad),
        cmocka_unit_test(seals_are_whole_or_told),
        cmocka_unit_test(replies_at_mail_are_whole),
        cmocka_unit_test(the_bound_of_questions_holds_the_same),
        cmocka_unit_test(keys_are_read_or_not_known),
        cmocka_unit_test(signatures_are_good_or_not_known),
        cmocka_unit_test(configurations_are_whole_or_refused),
    };

    if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
