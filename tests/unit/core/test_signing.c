/* Unit tests of src/core/signing.c and alignment.c: which mail is signed by which
 * keys, and what becomes of what is not.  That signatures verify is told by
 * tests/unit/auth/test_sign.c and tests/commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/transaction.h"
#include "mail/message.h"
#include "../../lib/rfc_keys.h"
#include "../../lib/snapshot_fixture.h"

enum { NOW = 1760000000, CONFIG_OCTETS = 8192 };

static char rsa_file[FILE_NAME_SIZE], ed25519_file[FILE_NAME_SIZE];

static int set_up(void **state)
{
    (void)state;
    make_file(rsa_file, RFC_RSA_PEM);
    make_file(ed25519_file, RFC_ED25519_PEM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(rsa_file);
    unlink(ed25519_file);
    return 0;
}

/* $R and $E stand for the files of the keys. */
static const char usual[] =
    "sign-min-rsa-bits = 1024\n"
    "own-authserv-ids = {\"mx2.example\"}\n"
    "sign-networks = {\"127.0.0.1\", \"192.0.2.0/24\"}\n"
    "sign \"example.org\" { key \"r1\" { file = \"$R\" } key \"e1\" { file = \"$E\" }\n"
    "    key \"old\" { file = \"$R\" state = \"retired\" }\n"
    "    key \"new\" { file = \"$E\" state = \"publish\" } }\n"
    "sign \".example.org\" { key \"sub\" { file = \"$R\" } }\n"
    "sign \"strict.example.org\" { key \"up\" { file = \"$R\" domain = \"example.org\" } }\n"
    "sign \"other.example\" { key \"o1\" { file = \"$R\" } }\n"
    "sign \"hosted.example\" { key \"h1\" { file = \"$R\" domain = \"esp.example\" } }\n"
    "sign \"later.example\" { key \"n1\" { file = \"$R\" state = \"publish\" } }\n"
    "sign \"broken.example\" { key \"b1\" { file = \"/nonexistent/key.pem\" } }\n"
    "sign \"half.example\" { key \"b1\" { file = \"/nonexistent/key.pem\" }\n"
    "    key \"r1\" { file = \"$R\" } }\n";

static const char zone[] = "_dmarc.example.org. TXT \"v=DMARC1; p=reject\"\n"
                           "_dmarc.strict.example.org. TXT \"v=DMARC1; p=reject; adkim=s\"\n"
                           "_dmarc.hosted.example. TXT \"v=DMARC1; p=none\"\n"
                           "_dmarc.mail.other.example. TXT \"v=DMARC1; p=none; psd=n\"\n"
                           "$FAULT _dmarc.slow.example.org TXT timeout\n";

/* Appends PART to TEXT. */
static size_t append(char text[CONFIG_OCTETS], size_t len, const char *part)
{
    for (; *part; part++) {
        assert_true(len < CONFIG_OCTETS - FILE_NAME_SIZE);
        if (*part == '$')
            len += (size_t)sprintf(text + len, "%s", *++part == 'R' ? rsa_file : ed25519_file);
        else
            text[len++] = *part;
    }
    text[len] = '\0';
    return len;
}

static struct snapshot *with_keys(const char *more)
{
    char text[CONFIG_OCTETS];

    append(text, append(text, 0, usual), more);
    return snapshot_of(zone, text);
}

/* One message: the session, and what became of it. */
struct run {
    struct session *session;
    struct transaction *transaction;
    const struct judgement *judgement;
};

/* CLIENT: an address, a login name, or "" for this host. */
static void run_text(struct run *run, struct snapshot *snapshot, const char *client,
                     struct text text)
{
    bool is_name = octet_is_alpha(*client);

    run->session = make_session(snapshot, is_name ? "203.0.113.1" : client);
    session_set_auth(run->session, text_of(is_name ? client : ""));
    session_set_authserv_id(run->session, TEXT("mx.example"));
    run->transaction = transaction_begin(run->session, snapshot, TEXT("<x@example.org>"), NULL,
                                         NOW);
    assert_non_null(run->transaction);
    transaction_message(run->transaction, text);
    run->judgement = transaction_end(run->transaction);
}

static void run_end(struct run *run)
{
    transaction_free(run->transaction);
    session_free(run->session);
}

/* "d/s by rule, …" or the state. */
static void told(const struct judgement *j, char out[1024])
{
    size_t len = 0;

    strcpy(out, "not-asked");
    for (size_t i = 0; j->signing && i < j->signing->count; i++) {
        const struct signing_signature *s = &j->signing->signatures[i];

        len += (size_t)snprintf(out + len, 1024 - len, "%s%s/%s", i ? " " : "", s->signer.domain,
                                s->signer.selector);
        assert_non_null(s->value);
    }
    if (j->signing && j->signing->count == 0)
        strcpy(out, name_of(signing_state_names, (int)j->signing->state));
}

static size_t inserted(const struct judgement *j, const char *name)
{
    size_t count = 0;

    for (const struct plan_step *step = j->plan.steps; step; step = step->next)
        count += step->kind == PLAN_INSERT && strcmp(step->name, name) == 0;
    return count;
}

struct row {
    const char *client, *header; /* header: without the empty line */
    const char *signing;         /* as told() has it */
    unsigned code;               /* of the reply; 0: accepted */
    const char *reply;           /* holds that */
};

static void check_row(struct snapshot *snapshot, const struct row *row)
{
    char text[4096], got[1024];
    const struct judgement *j;
    struct run run;

    snprintf(text, sizeof text, "%s\nSubject: x\n\nbody\n", row->header);
    run_text(&run, snapshot, row->client, text_of(text));
    j = run.judgement;
    told(j, got);
    if (strcmp(got, row->signing) != 0 || j->verdict.reply.code != row->code)
        fail_msg("%s: %s: %s (%s), reply %u", row->client, row->header, got,
                 j->signing && j->signing->why ? j->signing->why : "", j->verdict.reply.code);
    if (row->code && !strstr(j->verdict.reply.text, row->reply))
        fail_msg("%s: %s", row->header, j->verdict.reply.text);
    assert_int_equal(inserted(j, "DKIM-Signature"),
                     j->signing && !row->code ? j->signing->count : 0);
    assert_true(!j->signing || j->signing->count > 0 || j->signing->why);
    run_end(&run);
}

static void check_rows(const char *conf, const struct row *rows, size_t count)
{
    struct snapshot *snapshot = with_keys(conf);

    for (size_t i = 0; i < count; i++)
        check_row(snapshot, &rows[i]);
    snapshot_unref(snapshot);
}

#define CHECK_ROWS(conf, rows) check_rows(conf, rows, sizeof (rows) / sizeof *(rows))

#define BOTH "example.org/r1 example.org/e1"

static void whose_mail(void **state)
{
    static const struct row rows[] = {
        { "alice", "From: a@example.org", BOTH, 0, "" },
        { "192.0.2.9", "From: a@example.org", BOTH, 0, "" },
        { "127.0.0.1", "From: a@example.org", BOTH, 0, "" },
        { "", "From: a@example.org", BOTH, 0, "" },
        { "127.0.0.2", "From: a@example.org", "not-asked", 0, "" }, /* trusted alone */
        { "203.0.113.1", "From: a@example.org", "not-asked", 550, "DMARC" },
    };

    (void)state;
    CHECK_ROWS("dmarc { enforce = \"reject\" }", rows);
}

static void which_keys(void **state)
{
    static const struct row rows[] = {
        { "alice", "From: A <A@Example.ORG>", BOTH, 0, "" },
        { "alice", "From: a@example.org, b@example.org", BOTH, 0, "" },
        { "alice", "From: a@sub.example.org", "example.org/sub", 0, "" },
        { "alice", "From: a@strict.example.org", "example.org/up", 0, "" },
        { "alice", "From: a@hosted.example", "esp.example/h1", 0, "" },
        { "alice", "From: a@half.example", "half.example/r1", 0, "" },
        { "alice", "From: a@later.example", "no-active-key", 0, "" },
        { "alice", "From: a@broken.example", "key-missing", 0, "" },
        { "alice", "From: a@stranger.example", "no-rule", 0, "" },
        /* several authors: only a key that is for all of them */
        { "alice", "From: a@example.org, b@sub.example.org", BOTH " example.org/sub", 0, "" },
        { "alice", "From: a@sub.example.org, b@example.org", "example.org/sub " BOTH, 0, "" },
        { "alice", "From: a@example.org, b@other.example", "unsignable", 0, "" },
        { "alice", "From: a@example.org, b@stranger.example", "unsignable", 0, "" },
        { "alice", "From: a@hosted.example, b@esp.example", "unsignable", 0, "" },
        { "alice", "From: a@stranger.example, b@foreign.example", "no-rule", 0, "" },
    };

    (void)state;
    CHECK_ROWS("", rows);
}

static void what_cannot_be_signed(void **state)
{
    static const struct row sent[] = {
        { "alice", "From: a@example.org\nFrom: a@example.org", "unsignable", 0, "" },
        { "alice", "From: a@example.org\nfrom : b@other.example", "unsignable", 0, "" },
        { "alice", "To: a@example.org", "unsignable", 0, "" },
        { "alice", "From: a@example.org\\", "unsignable", 0, "" },
        { "alice", "From: a", "unsignable", 0, "" },
        { "alice", "From:", "unsignable", 0, "" },
        { "", "From: a@example.org\nFrom: a@example.org", "unsignable", 0, "" },
    };
    static const struct row refused[] = {
        { "alice", "From: a@example.org", BOTH, 0, "" },
        { "alice", "From: a@example.org\nFrom: a@example.org", "unsignable", 550,
          "cannot be DKIM-signed: more than one From field" },
        { "alice", "To: a@example.org", "unsignable", 550, "From field is missing" },
        { "alice", "From: a@example.org\\", "unsignable", 550, "From field is malformed" },
        { "alice", "From: a@example.org, b@other.example", "unsignable", 550, "no one key" },
        { "192.0.2.9", "From: a", "unsignable", 550, "no usable domain" },
        { "", "From: a", "unsignable", 550, "no usable domain" },
        /* not the message's fault */
        { "alice", "From: a@stranger.example", "no-rule", 0, "" },
        { "alice", "From: a@later.example", "no-active-key", 0, "" },
        { "alice", "From: a@broken.example", "key-missing", 451, "at present" },
        /* not our own mail */
        { "127.0.0.2", "From: a@example.org\nFrom: a@example.org", "not-asked", 0, "" },
        { "127.0.0.1", "Authentication-Results: mx.example; none\nFrom: a@example.org\nFrom: b@b.b",
          "has-our-results", 0, "" },
    };

    (void)state;
    CHECK_ROWS("", sent);
    CHECK_ROWS("unsignable = \"reject\"", refused);
}

/* Whatever the spelling, and whoever brings it. */
static void own_results_are_never_signed(void **state)
{
#define WITH(value) "Authentication-Results:" value "\nFrom: a@example.org"
    static const struct row rows[] = {
        { "127.0.0.1", WITH(" mx.example; spf=pass"), "has-our-results", 0, "" },
        { "", WITH(" mx.example; spf=pass"), "has-our-results", 0, "" },
        { "alice", WITH(" mx.example; spf=pass"), "has-our-results", 0, "" },
        { "192.0.2.9", WITH(" mx.example; spf=pass"), "has-our-results", 0, "" },
        { "alice", WITH(" (x) \"MX.\\Example\" 1; none"), "has-our-results", 0, "" },
        { "alice", WITH(" mx.\n example; none"), "has-our-results", 0, "" },
        { "alice", WITH(" ((mx.example; ="), "has-our-results", 0, "" },
        { "127.0.0.1", WITH(" mx2.example; none"), "has-our-results", 0, "" },
        { "alice", "From: a@example.org\nAUTHENTICATION-RESULTS : mx.example; none",
          "has-our-results", 0, "" },
        { "alice", WITH(" mx.example.net; spf=pass"), BOTH, 0, "" },
        { "alice", WITH(" other.example; spf=pass header.x=mx.example"), BOTH, 0, "" },
    };

    (void)state;
    CHECK_ROWS("", rows);
#undef WITH
}

static void unaligned_mail_is_refused_on_request(void **state)
{
    static const struct row rows[] = {
        { "alice", "From: a@example.org", BOTH, 0, "" },
        { "alice", "From: a@sub.example.org", "example.org/sub", 0, "" }, /* relaxed */
        { "alice", "From: a@strict.example.org", "refused", 550, "strict.example.org" },
        { "alice", "From: a@hosted.example", "refused", 550, "hosted.example" },
        { "alice", "From: a@slow.example.org", "example.org/sub", 0, "" }, /* DNS does not tell */
        { "alice", "From: a@stranger.example", "no-rule", 550, "stranger.example" },
        { "192.0.2.9", "From: a@stranger.example", "no-rule", 550, "stranger.example" },
        { "", "From: a@stranger.example", "no-rule", 550, "stranger.example" },
        { "alice", "From: a@later.example", "no-active-key", 550, "later.example" },
        { "alice", "From: a@broken.example", "key-missing", 451, "at present" },
        { "alice", "From: a@half.example", "half.example/r1", 0, "" },
        { "alice", "From: a@example.org, b@other.example", "unsignable", 0, "" },
        { "alice", "From: a@example.org, b@stranger.example", "unsignable", 550, "example.org" },
        { "alice", "From: a@example.org\nFrom: a@example.org", "unsignable", 550,
          "more than one From" },
        /* a forged field is no way around, handed back mail is not ours */
        { "alice", "Authentication-Results: mx.example; none\nFrom: a@stranger.example",
          "has-our-results", 550, "stranger.example" },
        { "192.0.2.9", "Authentication-Results: mx.example; none\nFrom: a@stranger.example",
          "has-our-results", 550, "stranger.example" },
        { "127.0.0.1", "Authentication-Results: mx.example; none\nFrom: a@stranger.example",
          "has-our-results", 0, "" },
        { "127.0.0.2", "From: a@stranger.example", "not-asked", 0, "" },
    };

    (void)state;
    CHECK_ROWS("require-alignment = true", rows);
}

/* Where no DMARC record is published, kinship of names will do. */
static void alignment_without_dmarc(void **state)
{
    static const struct row rows[] = {
        { "alice", "From: a@x.plain.example", "plain.example/p1", 0, "" },
        { "alice", "From: a@upper.example", "mail.upper.example/u1", 0, "" },
        { "alice", "From: a@kin.example", "refused", 550, "kin.example" },
    };

    (void)state;
    CHECK_ROWS("require-alignment = true\n"
               "sign \".plain.example\" { key \"p1\" { file = \"$R\" } }\n"
               "sign \"upper.example\" { key \"u1\" { file = \"$R\" "
               "domain = \"mail.upper.example\" } }\n"
               "sign \"kin.example\" { key \"k1\" { file = \"$R\" domain = \"kith.example\" } }\n",
               rows);
}

/* An organizational domain that ends below the key's. */
static void alignment_stops_at_a_border(void **state)
{
    static const struct row rows[] = {
        { "alice", "From: a@mail.other.example", "refused", 550, "mail.other.example" },
    };

    (void)state;
    CHECK_ROWS("require-alignment = true\n"
               "sign \".other.example\" { key \"o2\" { file = \"$R\" } }\n", rows);
}

static void nothing_is_asked_without_rules(void **state)
{
    static const char conf[] = "sign-networks = {\"127.0.0.1\", \"192.0.2.0/24\"}\n";
    struct snapshot *snapshot = snapshot_of(zone, conf);
    struct row row = { "alice", "From: a@example.org\nFrom: b", "not-asked", 0, "" };

    (void)state;
    check_row(snapshot, &row);
    row.client = "";
    check_row(snapshot, &row);
    row = (struct row){ "192.0.2.9", "From: a@example.org", "not-asked", 550, "DMARC" };
    snapshot_unref(snapshot);
    snapshot = snapshot_of(zone, "dmarc { enforce = \"reject\" }");
    check_row(snapshot, &row);
    snapshot_unref(snapshot);
}

/* LINE so often between From and the end of the header. */
static struct text bomb(const char *line, size_t times)
{
    static char text[1 << 20];
    size_t len = (size_t)sprintf(text, "From: a@example.org\n");

    for (size_t i = 0; i < times; i++)
        len += (size_t)sprintf(text + len, "%s", line);
    len += (size_t)sprintf(text + len, "\n\nbody\n");
    return (struct text){ text, len };
}

static void check_bomb(struct snapshot *snapshot, struct text text, const char *why, bool accepted)
{
    struct run run;

    run_text(&run, snapshot, "alice", text);
    assert_int_equal(run.judgement->signing->state, SIGNING_UNSIGNABLE);
    assert_string_equal(run.judgement->signing->why, why);
    assert_int_equal(run.judgement->verdict.action, accepted ? ACTION_ACCEPT : ACTION_REJECT);
    run_end(&run);
}

static void headers_that_are_not_here_in_full(void **state)
{
    static char longest[70000];
    struct snapshot *sending = with_keys("");
    struct snapshot *refusing = with_keys("unsignable = \"reject\"");

    (void)state;
    check_bomb(sending, bomb("X: y\n", 1100), "too many header fields", true);
    check_bomb(refusing, bomb("X: y\n", 1100), "too many header fields", false);
    check_bomb(sending, bomb("From: a@b.c\n", 20000), "too many header fields", false);
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "To: ", 4);
    check_bomb(sending, bomb(longest, 1), "field to sign too long", true);
    snapshot_unref(sending);
    snapshot_unref(refusing);
}

/* A key that does not do its work: here, for an i= that is too long once it is encoded. */
static void a_key_that_fails(void **state)
{
    static const char *const policies[] = { "", "unsignable = \"reject\"",
                                            "require-alignment = true" };
    static const struct row sent[] = { { "alice", "From: a@long.example", "failed", 0, "" } };
    static const struct row deferred[] = {
        { "alice", "From: a@long.example", "failed", 451, "at present" },
    };
    char conf[4096], local_part[500];

    (void)state;
    memset(local_part, '=', sizeof local_part);
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        snprintf(conf, sizeof conf,
                 "%s\nopendkim-key-table = \"csl:k1=long.example:s1:$R\"\n"
                 "opendkim-signing-table = \"csl:long.example=k1:%.*s@long.example\"\n",
                 policies[i], (int)sizeof local_part, local_part);
        check_rows(conf, i == 0 ? sent : deferred, 1);
    }
}

/* The signature is made of the header as it leaves. */
static void what_is_deleted_is_not_covered(void **state)
{
    struct snapshot *snapshot = with_keys("sign \"more.example\" { more-fields = {\"X-Spam-Flag\"} "
                                          "key \"m1\" { file = \"$R\" } }");
    struct run run;

    (void)state;
    run_text(&run, snapshot, "alice",
             TEXT("BIMI-Location: x\nX-Spam-Flag: NO\nFrom: a@more.example\n\nb\n"));
    assert_int_equal(run.judgement->signing->count, 1);
    assert_non_null(strstr(run.judgement->signing->signatures[0].value, "X-Spam-Flag"));
    assert_null(strstr(run.judgement->signing->signatures[0].value, "BIMI"));
    run_end(&run);
    snapshot_unref(snapshot);
}

/* The body is asked for, and read once, for whoever signs. */
static void the_body_is_wanted_by_signers_alone(void **state)
{
    struct snapshot *snapshot = with_keys("");
    static const char *const authors[] = { " a@example.org", " a@stranger.example" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct session *session = make_session(snapshot, "127.0.0.1");
        struct transaction *t =
            transaction_begin(session, snapshot, TEXT("<>"), NULL, NOW);

        transaction_field(t, TEXT("From"), text_of(authors[i]));
        transaction_end_of_header(t);
        assert_int_equal(transaction_wants_body(t), i == 0);
        transaction_body(t, TEXT("x\r\n"));
        assert_int_equal(transaction_end(t)->signing->count, i == 0 ? 2 : 0);
        assert_ptr_equal(transaction_end(t), transaction_end(t));
        transaction_free(t);
        session_free(session);
    }
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_mail),
        cmocka_unit_test(which_keys),
        cmocka_unit_test(what_cannot_be_signed),
        cmocka_unit_test(own_results_are_never_signed),
        cmocka_unit_test(unaligned_mail_is_refused_on_request),
        cmocka_unit_test(alignment_without_dmarc),
        cmocka_unit_test(alignment_stops_at_a_border),
        cmocka_unit_test(nothing_is_asked_without_rules),
        cmocka_unit_test(headers_that_are_not_here_in_full),
        cmocka_unit_test(a_key_that_fails),
        cmocka_unit_test(what_is_deleted_is_not_covered),
        cmocka_unit_test(the_body_is_wanted_by_signers_alone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
