/* Unit tests of what `vidimus replay` is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/mailstore.h"
#include "cli/replay_summary.h"
#include "cli/stored_envelope.h"
#include "config/config.h"

static void expect_text(struct text got, const char *wanted)
{
    if (!text_equal(got, text_of(wanted)))
        fail_msg("got \"%.*s\", wanted \"%s\"", TEXT_ARGS(got), wanted);
}

static void received_fields_of_many_mtas(void **state)
{
    static const struct {
        const char *value, *client, *helo, *recipient;
        bool authenticated;
        int64_t received;
    } cases[] = {
        { " from mx.a.example (mx.a.example [192.0.2.1])\r\n\tby mx.net (Postfix) with ESMTPS id 1\r\n"
          "\tfor <u@rx.example>; Sun, 22 Nov 2026 05:54:28 +0100 (CET)",
          "192.0.2.1", "mx.a.example", "<u@rx.example>", false, 1795323268 },
        { " from a (unknown [IPv6:2001:db8::1]) by b with ESMTP; 22 Nov 2026 04:54:28 GMT",
          "2001:db8::1", "a", "", false, 1795323268 },
        { " from a (localhost [127.0.0.1] (may be forged)) by b (8.17/8) with ESMTPSA id x; x",
          "127.0.0.1", "a", "", true, -1 },
        { " from mx.a.example ([192.0.2.1] helo=said.example) by b with esmtp (Exim 4.96)",
          "192.0.2.1", "said.example", "", false, -1 },
        { " from [192.0.2.7] (account [192.0.2.1]) by b with LMTPA;", "192.0.2.7", "[192.0.2.7]",
          "", true, -1 },
        { " by mx.net (Postfix, from userid 0) id 1; Sun, 22 Nov 2026 04:54:28 +0000", "", "", "",
          false, 1795323268 },
        { " from by by by [192.0.2.9]", "", "by", "", false, -1 },
        { "", "", "", "", false, -1 },
        { " from ", "", "", "", false, -1 },
        { " from a ([[192.0.2.1]) by b", "192.0.2.1", "a", "", false, -1 },
        { " from a (b [not an address] [192.0.2.1]) by b for <u@x", "192.0.2.1", "a", "", false, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stored_envelope e = { .received = 5 };
        char ip[IP_TEXT_SIZE];

        received_parse(text_of(cases[i].value), &e);
        assert_string_equal(ip_format(&e.client, ip), cases[i].client);
        expect_text(e.helo, cases[i].helo);
        expect_text(e.recipient, cases[i].recipient);
        assert_int_equal(e.authenticated, cases[i].authenticated);
        assert_int_equal(e.received, cases[i].received);
    }
}

/* The bounds are where they are believed to be, under ASan. */
static void received_fields_cut_anywhere(void **state)
{
    static const char whole[] = " from a (b [192.0.2.1] helo=c) by d with ESMTPSA for <u@x>; "
                                "Sun, 22 Nov 2026 05:54:28 +0100";

    (void)state;
    for (size_t len = 0; len < sizeof whole; len++) {
        char *copy = malloc(len ? len : 1);
        struct stored_envelope e = { .received = -1 };

        assert_non_null(copy);
        memcpy(copy, whole, len);
        received_parse((struct text){ copy, len }, &e);
        free(copy);
    }
}

#define OUTSIDE "Received: from mx.a.example (x [203.0.113.6]) by mx.net; Sun, 22 Nov 2026 04:54:28 +0000\n"

static void the_client_is_who_came_to_our_first_host(void **state)
{
    static const struct {
        const char *message, *client, *mail_from, *recipient;
        size_t ours;
        bool inside;
    } cases[] = {
        { "Return-Path: <a@a.example>\nDelivered-To: u@rx.example\n"
          "Received: from mx.net by mx.net with LMTP id 1; Sun, 22 Nov 2026 04:54:30 +0000\n"
          "Received: from filter (localhost [127.0.0.1]) by mx.net\n"
          "Received: from relay (relay [198.51.100.1]) by mx.net\n" OUTSIDE
          "Received: from inner ([10.0.0.1]) by mx.a.example\nFrom: x\n\n",
          "203.0.113.6", "<a@a.example>", "u@rx.example", 6, false },
        { "From: a@a.example\n\nReceived: from x ([203.0.113.9]) by y\n", "", "", "", 0, false },
        { "Received: from filter (localhost [127.0.0.1]) by mx.net\nFrom: x\n\n", "", "", "", 0,
          true },
        { "Received: by mx.net (Postfix, from userid 0)\nFrom: x\n\n", "", "", "", 0, true },
        { "Received: from pc (pc [10.1.1.1]) by mx.net with ESMTPSA\nFrom: x\n\n", "10.1.1.1", "", "",
          1, false },
        { "Return-Path: <>\n" OUTSIDE "Return-Path: <b@b.example>\n\n", "203.0.113.6", "<>", "", 2,
          false },
        { "X-Original-To: list@rx.example\nDelivered-To: u@rx.example\n" OUTSIDE "\n", "203.0.113.6",
          "", "list@rx.example", 3, false },
    };
    struct ip_network network;
    const struct networks inside = { 1, &network };

    (void)state;
    assert_true(ip_network_parse(TEXT("198.51.100.0/24"), &network));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stored_envelope e;
        char ip[IP_TEXT_SIZE];

        stored_envelope_read(text_of(cases[i].message), &inside, &e);
        assert_string_equal(ip_format(&e.client, ip), cases[i].client);
        expect_text(e.mail_from, cases[i].mail_from);
        expect_text(e.recipient, cases[i].recipient);
        assert_int_equal(e.ours, cases[i].ours);
        assert_int_equal(e.inside, cases[i].inside);
    }
}

/* --- mailstore ----------------------------------------------------------------- */

static void an_mbox_is_taken_apart(void **state)
{
    static const char mbox[] = "From a@b Sun Nov 22 05:54:28 2026\nFrom: a\n\n>From me\nFrom you\n\n"
                               "From a@b Sun Nov 22\r\nSubject: x\r\n\r\n>>From\r\n>>From x\r\n\r\n"
                               "From last\nTo: x";
    static const char *const wanted[] = { "From: a\n\nFrom me\nFrom you\n",
                                          "Subject: x\r\n\r\n>>From\r\n>From x\r\n",
                                          "To: x" };
    char name[] = "/tmp/vidimus-mbox-XXXXXX";
    int fd = mkstemp(name);
    struct stored_message message;
    struct mailstore *store;

    (void)state;
    assert_true(fd >= 0 && write(fd, mbox, sizeof mbox - 1) == sizeof mbox - 1);
    close(fd);
    store = mailstore_open(name);
    assert_non_null(store);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(mailstore_next(store, &message));
        assert_int_equal(message.number, i + 1);
        assert_null(message.fault);
        expect_text(message.octets, wanted[i]);
    }
    assert_false(mailstore_next(store, &message));
    mailstore_close(store);
    unlink(name);
    assert_null(mailstore_open(name));
}

/* --- summary ------------------------------------------------------------------- */

static void domains_beyond_the_bound_are_one(void **state)
{
    struct replay_summary s = { .messages = 0 };
    struct outcome before = { .fate = FATE_ACCEPT }, after = { .fate = FATE_REJECT };
    enum { MORE = 7 };

    (void)state;
    for (int i = 0; i < REPLAY_DOMAINS_MAX + MORE; i++) {
        snprintf(after.author, sizeof after.author, "d%d.example", i);
        assert_true(replay_summary_add(&s, &before, &after));
    }
    assert_int_equal(s.messages, REPLAY_DOMAINS_MAX + MORE);
    assert_int_equal(s.domain_count, REPLAY_DOMAINS_MAX + 1);
    assert_string_equal(s.domains[REPLAY_DOMAINS_MAX].name, "(others)");
    assert_int_equal(s.domains[REPLAY_DOMAINS_MAX].changed, MORE);
    assert_int_equal(s.domains[17].changed, 1);
    replay_summary_free(&s);
}

static void other_results_are_counted_apart(void **state)
{
    struct replay_summary s = { .messages = 0 };
    struct outcome before = { .fate = FATE_TAG, .author = "a.example" }, after = before;

    (void)state;
    assert_true(replay_summary_add(&s, &before, &after));
    after.results[METHOD_SPF] = 1u << RESULT_FAIL;
    assert_true(replay_summary_add(&s, &before, &after));
    after.fate = FATE_HOLD;
    assert_true(replay_summary_add(&s, &before, &after));
    assert_int_equal(s.messages, 3);
    assert_int_equal(s.results, 1);
    assert_int_equal(s.changed, 1);
    assert_int_equal(s.moves[FATE_TAG][FATE_HOLD], 1);
    assert_int_equal(s.domains[0].messages, 3);
    replay_summary_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_fields_of_many_mtas),
        cmocka_unit_test(received_fields_cut_anywhere),
        cmocka_unit_test(the_client_is_who_came_to_our_first_host),
        cmocka_unit_test(an_mbox_is_taken_apart),
        cmocka_unit_test(domains_beyond_the_bound_are_one),
        cmocka_unit_test(other_results_are_counted_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
