/* Unit tests of src/core/sealing.c: which mail is sealed, and that chains hold from
 * house to house, whatever lists and filters do within one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/plan_view.h"
#include "core/transaction.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "base/region.h"
#include "../../lib/key_file.h"

enum { NOW = 1760000000, TEXT_OCTETS = 1 << 19 };

static const char zone[] = "s1._domainkey.one.example. TXT \"v=DKIM1; p=\" " RFC_RSA_PUBLISHED "\n"
                           "s1._domainkey.two.example. TXT \"v=DKIM1; p=\" " RFC_RSA_PUBLISHED "\n"
                           "_dmarc.strict.example. TXT \"v=DMARC1; p=reject\"\n"
                           "_dmarc.junk.example. TXT \"v=DMARC1; p=quarantine\"\n";

static const char plain[] = "From: a@author.example\nTo: l@two.example\nSubject: x\n\nbody\n";

/* A house that seals as ID (a domain) with the options of MORE. */
static struct snapshot *house(const char *id, const char *more, const char *seal)
{
    char conf[2048];

    snprintf(conf, sizeof conf,
             "authserv-id = \"mx.%s\"\nsign-min-rsa-bits = 1024\n%s\n"
             "seal { %s key \"s1\" { file = \"%s\" domain = \"%s\" } }\n",
             id, more, seal, key_file, id);
    return snapshot_of(zone, conf);
}

/* What a house made of a message. */
struct stay {
    enum sealing_state state;
    unsigned instance;
    enum chain_status chain;
    enum result arc; /* as found on arrival; none where it was not looked at */
    enum action action;
    char why[128];
    char text[TEXT_OCTETS]; /* of the message as it leaves, CRLF */
};

/* The message as the plan leaves it. */
static void carry_out(const struct judgement *j, struct text before, char text[TEXT_OCTETS])
{
    struct region *region = region_new(0);
    struct plan_view view;
    size_t len = 0;

    assert_true(plan_view(region, j->message, &j->plan, &view));
    for (size_t i = 0; i < view.count; i++) {
        len += (size_t)snprintf(text + len, TEXT_OCTETS - len, "%.*s:%.*s\r\n",
                                TEXT_ARGS(view.fields[i]->label), TEXT_ARGS(view.fields[i]->value));
        assert_true(len < TEXT_OCTETS);
    }
    snprintf(text + len, TEXT_OCTETS - len, "%.*s", TEXT_ARGS(eml_rest(before)));
    region_free(region);
}

static void note(struct stay *stay, const struct judgement *j)
{
    const struct sealing *s = j->sealing;

    stay->state = s ? s->state : SEALING_NOT_ASKED;
    stay->instance = s ? s->instance : 0;
    stay->chain = s ? s->chain : CHAIN_NONE;
    stay->arc = j->arc ? j->arc->result : RESULT_NONE;
    stay->action = j->verdict.action;
    snprintf(stay->why, sizeof stay->why, "%s", s && s->why ? s->why : "");
}

/* TEXT from CLIENT ("alice": authenticated; "": this host) for RECIPIENT. */
static void pass(struct snapshot *snapshot, const char *client, const char *recipient,
                 const char *text, struct stay *stay)
{
    bool is_name = octet_is_alpha(*client);
    struct session *session = make_session(snapshot, is_name ? "203.0.113.1" : client);
    struct transaction *t;
    const struct judgement *j;
    struct text before = text_of(text);

    session_set_auth(session, text_of(is_name ? client : ""));
    t = transaction_begin(session, snapshot, TEXT("<>"), NULL, NOW);
    assert_non_null(t);
    transaction_recipient(t, text_of(recipient));
    transaction_message(t, before);
    j = transaction_end(t);
    note(stay, j);
    carry_out(j, before, stay->text);
    transaction_free(t);
    session_free(session);
}

#define OUTSIDE "203.0.113.1"
#define INSIDE "127.0.0.1"
#define OURS "Authentication-Results: mx.one.example; arc=none\n"

static void which_mail(void **state)
{
    static const struct {
        const char *client, *recipient, *text;
        enum sealing_state state;
    } rows[] = {
        { OUTSIDE, "<u@lists.example>", plain, SEALING_SEALED },
        { OUTSIDE, "<u@sub.lists.example>", plain, SEALING_SEALED },
        { OUTSIDE, "<u@other.example>", plain, SEALING_NOT_ASKED },
        { OUTSIDE, "<postmaster>", plain, SEALING_NOT_ASKED },
        { INSIDE, "<u@lists.example>", "Authentication-Results: mx.one.example; none\n"
                                       "From: a@b.example\n\n", SEALING_SEALED },
        { INSIDE, "<u@lists.example>", "Authentication-Results: mx0.one.example; none\n"
                                       "From: a@b.example\n\n", SEALING_SEALED },
        { "", "<u@lists.example>", OURS "From: a@b.example\n\n", SEALING_SEALED },
        { INSIDE, "<u@other.example>", OURS "From: a@b.example\n\n", SEALING_NOT_ASKED },
        /* our own: new, or with a claim that we do not believe */
        { INSIDE, "<u@lists.example>", plain, SEALING_NOT_ASKED },
        { INSIDE, "<u@lists.example>", "Authentication-Results: mx.two.example; none\n"
                                       "From: a@b.example\n\n", SEALING_NOT_ASKED },
        { "", "<u@lists.example>", plain, SEALING_NOT_ASKED },
        { "alice", "<u@lists.example>", plain, SEALING_NOT_ASKED },
        { "alice", "<u@lists.example>", OURS "From: a@b.example\n\n", SEALING_NOT_ASKED },
        { "192.0.2.1", "<u@lists.example>", OURS "From: a@b.example\n\n", SEALING_NOT_ASKED },
        /* refused, and put aside */
        { OUTSIDE, "<u@lists.example>", "From: a@strict.example\n\n", SEALING_NOT_ASKED },
        { OUTSIDE, "<u@lists.example>", "From: a@junk.example\n\n", SEALING_SEALED },
    };
    struct snapshot *snapshot =
        house("one.example",
              "own-authserv-ids = {\"mx0.one.example\"}\ndmarc { enforce = \"reject\" }\n"
              "sign-networks = {\"192.0.2.0/24\"} require-alignment = true",
              "recipient-domains = {\"lists.example\"}");
    static struct stay stay;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pass(snapshot, rows[i].client, rows[i].recipient, rows[i].text, &stay);
        if (stay.state != rows[i].state)
            fail_msg("%zu: %s %s: %d %s", i, rows[i].client, rows[i].text, (int)stay.state,
                     stay.why);
    }
    snapshot_unref(snapshot);
}

static void expect_seal(const struct stay *stay, unsigned instance, enum chain_status chain)
{
    if (stay->state != SEALING_SEALED || stay->instance != instance || stay->chain != chain)
        fail_msg("state %d, i=%u, cv=%d: %s", (int)stay->state, stay->instance, (int)stay->chain,
                 stay->why);
}

/* OLD in TEXT becomes NEW, of the same length. */
static void change(char *text, const char *old, const char *new)
{
    char *at = strstr(text, old);

    assert_non_null(at);
    memcpy(at, new, strlen(new));
}

static void on_top_of_everything(void **state)
{
    struct snapshot *snapshot = house("one.example", "", "all = true");
    static struct stay stay;
    const char *seal, *signature, *said, *results;

    (void)state;
    pass(snapshot, OUTSIDE, "<u@x.example>", plain, &stay);
    expect_seal(&stay, 1, CHAIN_NONE);
    seal = strstr(stay.text, "ARC-Seal: i=1;");
    signature = strstr(stay.text, "ARC-Message-Signature: i=1;");
    said = strstr(stay.text, "ARC-Authentication-Results: i=1; mx.one.example;\r\n\tiprev=");
    results = strstr(stay.text, "\r\nAuthentication-Results: mx.one.example;\r\n\tiprev=");
    assert_ptr_equal(seal, stay.text);
    assert_true(seal < signature && signature < said && said < results);
    snapshot_unref(snapshot);
}

static void from_house_to_house(void **state)
{
    struct snapshot *one = house("one.example", "", "all = true");
    struct snapshot *two = house("two.example", "", "all = true");
    static struct stay a, b;

    (void)state;
    pass(one, OUTSIDE, "<u@two.example>", plain, &a);
    expect_seal(&a, 1, CHAIN_NONE);
    pass(two, OUTSIDE, "<u@x.example>", a.text, &b);
    assert_int_equal(b.arc, RESULT_PASS);
    expect_seal(&b, 2, CHAIN_PASS);
    pass(one, OUTSIDE, "<u@x.example>", b.text, &a); /* and back */
    assert_int_equal(a.arc, RESULT_PASS);
    expect_seal(&a, 3, CHAIN_PASS);
    change(a.text, "Subject: x", "Subject: y"); /* on the way */
    pass(two, OUTSIDE, "<u@x.example>", a.text, &b);
    assert_int_equal(b.arc, RESULT_FAIL);
    expect_seal(&b, 4, CHAIN_FAIL);
    pass(one, OUTSIDE, "<u@x.example>", b.text, &a);
    assert_int_equal(a.arc, RESULT_FAIL);
    assert_int_equal(a.state, SEALING_NOT_SEALED); /* it is over */
    assert_string_equal(a.why, "chain ended with cv=fail");
    assert_int_equal(a.action, ACTION_ACCEPT);
    snapshot_unref(one);
    snapshot_unref(two);
}

/* A list of two.example changes the message and hands it back. */
static void changed_in_our_house(void **state)
{
    static const struct {
        const char *seal;
        unsigned on_arrival;
    } rows[] = {
        { "all = true", 1 },
        { "recipient-domains = {\"members.example\"}", 0 }, /* when it leaves */
        { "recipient-domains = {\"two.example\"}", 1 },     /* when it comes, and so again */
    };
    struct snapshot *one = house("one.example", "", "all = true");
    static struct stay a, b;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snapshot *two = house("two.example", "", rows[i].seal);
        unsigned on_arrival = rows[i].on_arrival;

        pass(one, OUTSIDE, "<list@two.example>", plain, &a);
        pass(two, OUTSIDE, "<list@two.example>", a.text, &b);
        assert_int_equal(b.state, on_arrival ? SEALING_SEALED : SEALING_NOT_ASKED);
        change(b.text, "Subject: x", "Subject: y");
        pass(two, INSIDE, "<u@members.example>", b.text, &a);
        expect_seal(&a, 2 + on_arrival, CHAIN_PASS);
        pass(one, OUTSIDE, "<u@x.example>", a.text, &b);
        assert_int_equal(b.arc, RESULT_PASS);

        /* a chain that begins here */
        pass(two, OUTSIDE, "<list@two.example>", plain, &b);
        change(b.text, "Subject: x", "Subject: y");
        pass(two, INSIDE, "<u@members.example>", b.text, &a);
        expect_seal(&a, 1 + on_arrival, on_arrival ? CHAIN_PASS : CHAIN_NONE);
        pass(one, OUTSIDE, "<u@x.example>", a.text, &b);
        assert_int_equal(b.arc, RESULT_PASS);
        snapshot_unref(two);
    }
    snapshot_unref(one);
}

/* TEXT handed back in two.example under RESULTS of its own. */
static void hand_back(struct snapshot *two, const char *results, const char *text,
                      struct stay *stay)
{
    static char with_results[TEXT_OCTETS];

    assert_in_range(snprintf(with_results, sizeof with_results,
                             "Authentication-Results: mx.two.example; %s\r\n%s", results, text),
                    1, sizeof with_results - 1);
    pass(two, INSIDE, "<u@members.example>", with_results, stay);
}

static void what_our_field_says_counts(void **state)
{
    struct snapshot *one = house("one.example", "", "all = true");
    struct snapshot *two = house("two.example", "", "all = true");
    static struct stay good, changed, stay;

    (void)state;
    pass(one, OUTSIDE, "<u@two.example>", plain, &good);
    changed = good;
    change(changed.text, "Subject: x", "Subject: y");
    hand_back(two, "arc=pass", changed.text, &stay);
    expect_seal(&stay, 2, CHAIN_PASS);
    hand_back(two, "arc=fail", good.text, &stay);
    expect_seal(&stay, 2, CHAIN_FAIL);
    hand_back(two, "spf=pass; arc=fail; dmarc=pass", changed.text, &stay);
    expect_seal(&stay, 2, CHAIN_FAIL);
    /* one of our hosts found it broken */
    hand_back(two, "arc=pass\r\nAuthentication-Results: mx.two.example; arc=fail", good.text,
              &stay);
    expect_seal(&stay, 2, CHAIN_FAIL);
    /* it says nothing: then what is there */
    hand_back(two, "spf=pass", good.text, &stay);
    expect_seal(&stay, 2, CHAIN_PASS);
    hand_back(two, "none", changed.text, &stay);
    expect_seal(&stay, 2, CHAIN_FAIL);
    /* whatever it says */
    hand_back(two, "arc=pass", plain, &stay);
    expect_seal(&stay, 1, CHAIN_NONE);
    hand_back(two, "arc=fail", plain, &stay);
    expect_seal(&stay, 1, CHAIN_NONE);
    changed = good;
    change(changed.text, "ARC-Seal: i=1;", "ARC-Seal: i=2;");
    hand_back(two, "arc=pass", changed.text, &stay);
    expect_seal(&stay, 3, CHAIN_FAIL);
    snapshot_unref(one);
    snapshot_unref(two);
}

static void without_verification(void **state)
{
    struct snapshot *one = house("one.example", "", "all = true");
    struct snapshot *two = house("two.example", "arc { verify = false }", "all = true");
    static struct stay a, b;

    (void)state;
    pass(one, OUTSIDE, "<u@two.example>", plain, &a);
    pass(two, OUTSIDE, "<u@x.example>", a.text, &b);
    expect_seal(&b, 2, CHAIN_PASS);
    change(a.text, "Subject: x", "Subject: y");
    pass(two, OUTSIDE, "<u@x.example>", a.text, &b);
    expect_seal(&b, 2, CHAIN_FAIL);
    pass(two, OUTSIDE, "<u@x.example>", plain, &b);
    expect_seal(&b, 1, CHAIN_NONE);
    assert_null(strstr(b.text, "\tarc=")); /* nor does our field tell what it did not ask for */
    snapshot_unref(one);
    snapshot_unref(two);
}

static void our_fields_are_merged(void **state)
{
    static const struct {
        const char *fields, *said;
    } rows[] = {
        { "Authentication-Results: mx.one.example; spf=pass (a \"comment\") smtp.mfrom=x@y;\n"
          "   dkim=pass header.i=@d.example;\n\t dmarc=pass  \n",
          "spf=pass (a \"comment\") smtp.mfrom=x@y;\r\n\tdkim=pass header.i=@d.example;\r\n\t"
          "dmarc=pass\r\n" },
        { "Authentication-Results: mx.one.example; arc=none\n"
          "Authentication-Results: other.example; x-other=ignored\n"
          "Authentication-Results: MX0.one.example; spf=pass;\n"
          "Authentication-Results: mx.one.example 1; none\n"
          "Authentication-Results: mx.one.example; ((unreadable\n"
          "Authentication-Results: mx.one.example; x-new=fine\n",
          "arc=none;\r\n\tspf=pass;\r\n\tx-new=fine\r\n" },
        { "Authentication-Results: mx.one.example; none\n", "none\r\n" },
    };
    struct snapshot *snapshot =
        house("one.example", "own-authserv-ids = {\"mx0.one.example\"}", "all = true");
    static struct stay stay;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048], said[1024];

        snprintf(text, sizeof text, "%s%s", rows[i].fields, plain);
        snprintf(said, sizeof said,
                 "\r\nARC-Authentication-Results: i=1; mx.one.example;\r\n\t%s"
                 "Authentication-Results: ", rows[i].said);
        pass(snapshot, INSIDE, "<u@x.example>", text, &stay);
        expect_seal(&stay, 1, CHAIN_NONE);
        if (!strstr(stay.text, said))
            fail_msg("%s\n--- not in\n%s", said, stay.text);
    }
    snapshot_unref(snapshot);
}

/* Nothing else changes. */
static void what_cannot_be_sealed_goes_on(void **state)
{
    struct snapshot *good = house("one.example", "", "all = true");
    struct snapshot *keyless = snapshot_of(
        zone, "seal { all = true key \"s1\" { file = \"/nonexistent.pem\" "
              "domain = \"one.example\" } }");
    static char bomb[40000];
    static struct stay stay;
    size_t len = 0;

    (void)state;
    pass(keyless, OUTSIDE, "<u@x.example>", plain, &stay);
    assert_int_equal(stay.state, SEALING_NO_KEY);
    assert_int_equal(stay.action, ACTION_ACCEPT);
    assert_non_null(strstr(stay.text, "Authentication-Results: "));
    for (size_t i = 0; i < 1100; i++)
        len += (size_t)sprintf(bomb + len, "X-%zu: y\n", i);
    snprintf(bomb + len, sizeof bomb - len, "%s", plain);
    pass(good, OUTSIDE, "<u@x.example>", bomb, &stay);
    assert_int_equal(stay.state, SEALING_NOT_SEALED);
    assert_string_equal(stay.why, "too many header fields");
    len = (size_t)sprintf(bomb, "Authentication-Results: mx.one.example; arc=none");
    while (len < 30000)
        len += (size_t)sprintf(bomb + len, ";\n x-of-ours=%zu", len);
    snprintf(bomb + len, sizeof bomb - len, "\n%s", plain);
    pass(good, INSIDE, "<u@x.example>", bomb, &stay);
    expect_seal(&stay, 1, CHAIN_NONE);
    snapshot_unref(good);
    snapshot_unref(keyless);
}

/* Results of several hundred kB do not fit into a field. */
static void results_that_are_too_long(void **state)
{
    struct snapshot *snapshot = house("one.example", "", "all = true");
    static char text[400000];
    static struct stay stay;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        size_t end = len + 30000;

        len += (size_t)sprintf(text + len, "Authentication-Results: mx.one.example; arc=none");
        while (len < end)
            len += (size_t)sprintf(text + len, ";\n x-of-ours=%0100zu", len);
        len += (size_t)sprintf(text + len, "\n");
    }
    snprintf(text + len, sizeof text - len, "%s", plain);
    pass(snapshot, INSIDE, "<u@x.example>", text, &stay);
    assert_int_equal(stay.state, SEALING_NOT_SEALED);
    assert_string_equal(stay.why, "results too long");
    assert_int_equal(stay.action, ACTION_ACCEPT);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_mail),
        cmocka_unit_test(on_top_of_everything),
        cmocka_unit_test(from_house_to_house),
        cmocka_unit_test(changed_in_our_house),
        cmocka_unit_test(what_our_field_says_counts),
        cmocka_unit_test(without_verification),
        cmocka_unit_test(our_fields_are_merged),
        cmocka_unit_test(what_cannot_be_sealed_goes_on),
        cmocka_unit_test(results_that_are_too_long),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
