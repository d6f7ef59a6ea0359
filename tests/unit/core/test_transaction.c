/* Unit tests of src/core/session.c and transaction.c: lifetimes and origins,
 * over a zone file.  What is judged how stands in tests/cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transaction.h"
#include "mail/message.h"
#include "../../lib/snapshot_fixture.h"

enum { NOW = 1760000000 };

static const char zone_text[] = "example.org. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
                                "_dmarc.example.org. TXT \"v=DMARC1; p=reject\"\n"
                                "mail.example.org. A 192.0.2.1\n"
                                "1.2.0.192.in-addr.arpa. PTR mail.example.org.\n";

static struct transaction *begin(struct session *session, struct snapshot *snapshot,
                                 const char *sender)
{
    struct transaction *t =
        transaction_begin(session, snapshot, text_of(sender), NULL, NOW);

    assert_non_null(t);
    return t;
}

static void send_header(struct transaction *t)
{
    transaction_recipient(t, TEXT("<u@example.net>"));
    transaction_field(t, TEXT("From"), TEXT(" a@example.org"));
    transaction_field(t, TEXT("Subject"), TEXT(" hello"));
    transaction_end_of_header(t);
}

static enum result dmarc_result(struct transaction *t)
{
    return transaction_end(t)->dmarc->result;
}

static void origins(void **state)
{
    static const struct {
        const char *client, *auth;
        enum origin origin;
    } rows[] = {
        { "192.0.2.1", "", ORIGIN_OUTSIDE },
        { "127.0.0.1", "", ORIGIN_TRUSTED },
        { "::ffff:127.0.0.1", "", ORIGIN_TRUSTED },
        { "::1", "", ORIGIN_TRUSTED },
        { "", "", ORIGIN_TRUSTED }, /* submitted on this host */
        { "192.0.2.1", "alice", ORIGIN_AUTHENTICATED },
        { "127.0.0.1", "alice", ORIGIN_AUTHENTICATED },
    };
    struct snapshot *snapshot = snapshot_of(zone_text, "");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session *session = make_session(snapshot, rows[i].client);
        struct transaction *t;

        session_set_auth(session, text_of(rows[i].auth));
        assert_int_equal(session_origin(session), rows[i].origin);
        t = begin(session, snapshot, "<a@example.org>");
        send_header(t);
        assert_int_equal(transaction_end(t)->origin, rows[i].origin);
        assert_int_equal(transaction_wants_body(t), false);
        transaction_free(t);
        session_set_auth(session, TEXT("")); /* the next message is not authenticated */
        assert_int_equal(session_origin(session) == ORIGIN_AUTHENTICATED, false);
        session_free(session);
    }
    snapshot_unref(snapshot);
}

static void whose_mail_is_signed(void **state)
{
    static const char networks[] = "trusted-networks = {\"127.0.0.0/8\", \"198.51.100.1\"}\n"
                                   "sign-networks = {\"127.0.0.0/8\", \"192.0.2.0/24\"}\n";
    static const char rule[] = "sign \"example.org\" { key \"s1\" { file = \"/x.pem\" } }\n";
    static const struct {
        const char *client, *auth;
        enum origin origin, without_rule;
        bool submits;
    } rows[] = {
        { "203.0.113.1", "", ORIGIN_OUTSIDE, ORIGIN_OUTSIDE, false },
        { "192.0.2.1", "", ORIGIN_OWN, ORIGIN_OUTSIDE, true },
        { "::ffff:192.0.2.1", "", ORIGIN_OWN, ORIGIN_OUTSIDE, true },
        { "192.0.2.1", "alice", ORIGIN_AUTHENTICATED, ORIGIN_AUTHENTICATED, true },
        { "127.0.0.1", "", ORIGIN_TRUSTED, ORIGIN_TRUSTED, true },
        { "198.51.100.1", "", ORIGIN_TRUSTED, ORIGIN_TRUSTED, false },
        { "", "", ORIGIN_TRUSTED, ORIGIN_TRUSTED, true },
    };
    char text[sizeof networks + sizeof rule];
    struct snapshot *none = snapshot_of(zone_text, networks);
    struct snapshot *snapshot;

    (void)state;
    snprintf(text, sizeof text, "%s%s", networks, rule);
    snapshot = snapshot_of(zone_text, text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session *session = make_session(snapshot, rows[i].client);

        session_set_auth(session, text_of(rows[i].auth));
        assert_int_equal(session_origin(session), rows[i].origin);
        assert_int_equal(session_submits(session), rows[i].submits);
        session_use(session, none);
        assert_int_equal(session_origin(session), rows[i].without_rule);
        session_free(session);
    }
    snapshot_unref(snapshot);
    snapshot_unref(none);
}

static void an_unknown_client_is_judged_on_request(void **state)
{
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "");

    (void)state;
    session_judge_unknown(session);
    assert_int_equal(session_origin(session), ORIGIN_OUTSIDE);
    assert_false(session_submits(session));
    session_free(session);
    snapshot_unref(snapshot);
}

/* Every way to leave a transaction; the sanitizers look for what is lost. */
static void an_abort_is_safe_at_any_stage(void **state)
{
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "192.0.2.1");

    (void)state;
    for (int stage = 0; stage < 6; stage++) {
        struct transaction *t = begin(session, snapshot, "<a@example.org>");

        if (stage > 0)
            transaction_recipient(t, TEXT("<u@example.net>"));
        if (stage > 1)
            transaction_field(t, TEXT("From"), TEXT(" a@example.org"));
        if (stage > 2)
            transaction_field(t, TEXT("DKIM-Signature"),
                              TEXT(" v=1; a=rsa-sha256; d=example.org; s=s1; h=From; "
                                   "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"));
        if (stage > 3)
            transaction_end_of_header(t);
        if (stage > 4)
            transaction_body(t, TEXT("x\r\n"));
        transaction_free(t);
    }
    transaction_free(NULL);
    session_free(session);
    session_free(NULL);
    snapshot_unref(snapshot);
}

static void messages_of_a_session_do_not_mix(void **state)
{
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "192.0.2.1");
    struct transaction *t = begin(session, snapshot, "<a@example.org>");

    (void)state;
    send_header(t);
    assert_int_equal(dmarc_result(t), RESULT_PASS);
    transaction_free(t);
    t = begin(session, snapshot, "<x@elsewhere.example>");
    send_header(t);
    assert_int_equal(dmarc_result(t), RESULT_FAIL);
    assert_int_equal(transaction_end(t)->message->recipient_count, 1);
    transaction_free(t);
    session_set_helo(session, TEXT("")); /* EHLO refused: no name any more */
    t = begin(session, snapshot, "<>");
    send_header(t);
    assert_int_equal(dmarc_result(t), RESULT_FAIL);
    transaction_free(t);
    session_set_helo(session, TEXT("mail.example.org"));
    session_free(session);
    snapshot_unref(snapshot);
}

static void a_reload_counts_from_the_next_message(void **state)
{
    struct snapshot *before = snapshot_of(zone_text, "");
    struct snapshot *after = snapshot_of(zone_text, "trusted-networks = {\"192.0.2.0/24\"}");
    struct session *session = make_session(before, "192.0.2.1");
    struct transaction *t = begin(session, before, "<a@example.org>");

    (void)state;
    snapshot_unref(before); /* the daemon has swapped it */
    send_header(t);
    assert_int_equal(transaction_end(t)->origin, ORIGIN_OUTSIDE);
    transaction_free(t);
    t = begin(session, after, "<a@example.org>");
    send_header(t);
    assert_int_equal(transaction_end(t)->origin, ORIGIN_TRUSTED);
    transaction_free(t);
    session_free(session);
    snapshot_unref(after);
}

static void the_mta_may_read_the_sender_differently(void **state)
{
    static const struct {
        const char *raw, *macro;
        enum path_kind kind;
    } rows[] = {
        { "<a@example.org>", "a@example.org", PATH_ADDRESS },
        { "<a@Example.ORG>", "a@example.org", PATH_ADDRESS },
        { "<@x.example:a@example.org>", "a@example.org", PATH_ADDRESS },
        { "<a@example.org>", "a@victim.example", PATH_MALFORMED },
        { "<a@example.org>", "", PATH_ADDRESS },
        { "<>", "", PATH_NULL },
        { "<>", "a@example.org", PATH_NULL },
    };
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "192.0.2.1");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text macro = text_of(rows[i].macro);
        struct transaction *t =
            transaction_begin(session, snapshot, text_of(rows[i].raw), &macro, NOW);

        send_header(t);
        assert_int_equal(transaction_end(t)->message->mail_from.kind, rows[i].kind);
        transaction_free(t);
    }
    session_free(session);
    snapshot_unref(snapshot);
}

static void spf_at_mail_is_remembered(void **state)
{
    struct snapshot *snapshot =
        snapshot_of(zone_text, "spf { on-fail = \"reject\" reject-at = \"mail\" }");
    struct session *session = make_session(snapshot, "203.0.113.66");
    struct transaction *t = begin(session, snapshot, "<a@example.org>");
    const struct verdict *v = transaction_mail_verdict(t);

    (void)state;
    assert_non_null(v);
    assert_int_equal(v->reply.code, 550);
    assert_string_equal(v->reply.enhanced, "5.7.23");
    send_header(t);
    assert_string_equal(transaction_end(t)->verdict.reply.enhanced, "5.7.23");
    transaction_free(t);
    session_free(session);
    session = make_session(snapshot, "192.0.2.1");
    t = begin(session, snapshot, "<a@example.org>");
    assert_null(transaction_mail_verdict(t));
    transaction_free(t);
    session_set_auth(session, TEXT("alice"));
    t = begin(session, snapshot, "<a@elsewhere.example>");
    assert_null(transaction_mail_verdict(t));
    transaction_free(t);
    session_free(session);
    snapshot_unref(snapshot);
}

static void results_stand_in_order(void **state)
{
    static const enum method order[] = { METHOD_IPREV, METHOD_SPF, METHOD_DKIM, METHOD_ARC,
                                         METHOD_DMARC };
    struct snapshot *snapshot =
        snapshot_of(zone_text, "spf { on-fail = \"reject\" reject-at = \"mail\" }");
    struct session *session = make_session(snapshot, "192.0.2.1");
    struct transaction *t = begin(session, snapshot, "<a@example.org>");
    const struct finding *f;
    size_t i = 0;

    (void)state;
    transaction_mail_verdict(t);
    send_header(t);
    for (f = transaction_end(t)->findings->first; f; f = f->next)
        assert_int_equal(f->method, order[i++]);
    assert_int_equal(i, sizeof order / sizeof order[0]);
    transaction_free(t);
    session_free(session);
    snapshot_unref(snapshot);
}

/* More header than a message may take: nothing that was found is believed. */
static void out_of_memory_is_a_temporary_failure(void **state)
{
    static char value[60000];
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "192.0.2.1");
    struct transaction *t = begin(session, snapshot, "<a@example.org>");
    const struct judgement *j;

    (void)state;
    memset(value, 'x', sizeof value - 1);
    transaction_field(t, TEXT("From"), TEXT(" a@example.org"));
    for (int i = 0; i < 900; i++)
        transaction_field(t, TEXT("X"), text_of(value));
    transaction_end_of_header(t);
    j = transaction_end(t);
    assert_int_equal(j->verdict.action, ACTION_TEMPFAIL);
    assert_int_equal(j->verdict.reply.code, 451);
    assert_string_equal(j->verdict.reply.enhanced, "4.3.0");
    assert_null(j->plan.steps);
    assert_null(j->findings->first);
    assert_null(j->dmarc);
    transaction_free(t);
    session_free(session);
    snapshot_unref(snapshot);
}

static void the_header_may_never_be_said_to_end(void **state)
{
    struct snapshot *snapshot = snapshot_of(zone_text, "");
    struct session *session = make_session(snapshot, "192.0.2.1");
    struct transaction *t = begin(session, snapshot, "<a@example.org>");

    (void)state;
    transaction_field(t, TEXT("From"), TEXT(" a@example.org"));
    assert_int_equal(dmarc_result(t), RESULT_PASS);
    transaction_free(t);
    session_free(session);
    snapshot_unref(snapshot);
}

static void the_field_bears_a_name(void **state)
{
    struct snapshot *plain = snapshot_of(zone_text, ""),
                    *named = snapshot_of(zone_text, "authserv-id = \"id.example.net\"");
    struct session *session = make_session(plain, "127.0.0.1");
    struct transaction *t = begin(session, plain, "<a@example.org>");

    (void)state;
    assert_string_equal(transaction_end(t)->header, "mx.example.net; none");
    transaction_free(t);
    t = begin(session, named, "<a@example.org>");
    assert_string_equal(transaction_end(t)->header, "id.example.net; none");
    transaction_free(t);
    session_set_authserv_id(session, TEXT("given.example.net"));
    t = begin(session, named, "<a@example.org>");
    assert_string_equal(transaction_end(t)->header, "given.example.net; none");
    transaction_free(t);
    session_set_authserv_id(session, TEXT(""));
    session_set_hostname(session, TEXT(""));
    t = begin(session, plain, "<a@example.org>");
    assert_string_equal(transaction_end(t)->header, "localhost; none");
    transaction_free(t);
    session_free(session);
    snapshot_unref(plain);
    snapshot_unref(named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins),
        cmocka_unit_test(whose_mail_is_signed),
        cmocka_unit_test(an_unknown_client_is_judged_on_request),
        cmocka_unit_test(an_abort_is_safe_at_any_stage),
        cmocka_unit_test(messages_of_a_session_do_not_mix),
        cmocka_unit_test(a_reload_counts_from_the_next_message),
        cmocka_unit_test(the_mta_may_read_the_sender_differently),
        cmocka_unit_test(spf_at_mail_is_remembered),
        cmocka_unit_test(results_stand_in_order),
        cmocka_unit_test(out_of_memory_is_a_temporary_failure),
        cmocka_unit_test(the_header_may_never_be_said_to_end),
        cmocka_unit_test(the_field_bears_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
