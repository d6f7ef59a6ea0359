/* How often a message waits for DNS: never for one answer after another when neither
 * question needed the other's answer.
 *
 * The rounds of a message (rounds.h) are its longest chain of dependent questions; a
 * check that asks late adds one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transaction.h"
#include "../../lib/load_file.h"
#include "../../lib/rfc_keys.h"
#include "../../lib/rounds.h"
#include "../../lib/snapshot_fixture.h"

enum { NOW = 1760000000, PATH_SIZE = 512 };

/* --- a message ------------------------------------------------------------ */

struct mail {
    const char *client, *helo, *mail_from;
    const char *name, *login; /* NULL: not known; not authenticated */
    struct text message, zone, config;
};

/* The rounds that MAIL waits for at its end; those before it are over when the client
 * has made a PAUSE after the envelope. */
static unsigned rounds_of(const struct mail *mail, bool pause)
{
    struct snapshot *snapshot = snapshot_over(rounds_resolver(mail->zone), mail->config);
    struct session *session = make_session(snapshot, mail->client);
    struct transaction *t;
    unsigned count;

    session_set_helo(session, text_of(mail->helo));
    if (mail->name)
        session_set_client_name(session, text_of(mail->name));
    if (mail->login)
        session_set_auth(session, text_of(mail->login));
    t = transaction_begin(session, snapshot, text_of(mail->mail_from), NULL, NOW);
    assert_non_null(t);
    transaction_recipient(t, TEXT("<u@example.net>"));
    if (pause)
        rounds_pause();
    transaction_message(t, mail->message);
    assert_int_equal(rounds.count, 0); /* nobody waits before */
    transaction_end(t);
    count = rounds.count;
    transaction_free(t);
    session_free(session);
    rounds_pause();
    snapshot_unref(snapshot);
    return count;
}

/* --- messages written here ------------------------------------------------ */

#define CLIENT "192.0.2.1"
#define FROM(who) "From: a@" who "\nTo: u@example.net\nSubject: x\n\nHello.\n"
#define SIGNED(d, s)                                                                      \
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" d "; s=" s "; h=From;\n"   \
    "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\n"
#define NESTED "<a@nested.example>" /* three rounds by itself */
#define PSL "dmarc { organizational-domain = \"psl\" }\n"

static const char zone_text[] =
    "$ORIGIN example.\n"
    "1.2.0.192.in-addr.arpa. PTR mail.one.example.\n"
    "1.2.0.192.in-addr.arpa. PTR mail.two.example.\n"
    "mail.one A 192.0.2.1\n"
    "flat TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "*.flat TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "_dmarc.flat TXT \"v=DMARC1; p=none\"\n"
    "two TXT \"v=spf1 include:a.two.example include:b.two.example -all\"\n"
    "a.two TXT \"v=spf1 ip4:198.51.100.1 -all\"\n"
    "b.two TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "nested TXT \"v=spf1 include:c.nested.example -all\"\n"
    "c.nested TXT \"v=spf1 include:d.nested.example -all\"\n"
    "d.nested TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "mx TXT \"v=spf1 mx:m1.example mx:m2.example a:m3.example -all\"\n"
    "m1 MX 10 x.m1\n"
    "m1 MX 20 y.m1\n"
    "m2 MX 10 x.m2\n"
    "names TXT \"v=spf1 ptr:other.example ptr:mail.one.example -all\"\n"
    "named TXT \"v=spf1 exists:%{p}.a.example include:%{p}.b.example exists:%{p}.c.example"
    " -all\"\n"
    "mail.one.example.b TXT \"v=spf1 a:w.six.example a:v.six.example -all\"\n"
    "six TXT \"v=spf1 include:1.six.example include:2.six.example include:3.six.example"
    " include:4.six.example include:5.six.example include:6.six.example -all\"\n"
    "1.six TXT \"v=spf1 a:x1.six.example a:y1.six.example a:z1.six.example -all\"\n"
    "2.six TXT \"v=spf1 a:x2.six.example a:y2.six.example a:z2.six.example -all\"\n"
    "*.six TXT \"v=spf1 a:w.six.example -all\"\n"
    "*.six A 198.51.100.1\n"
    "z2.six A 192.0.2.1\n"
    "explains TXT \"v=spf1 -all exp=why.explains.example\"\n"
    "why.explains TXT \"not from there\"\n"
    "_dmarc.np TXT \"v=DMARC1; p=none; np=reject\"\n"
    "_dmarc.twice.np TXT \"v=DMARC1; p=none; p=none\"\n"
    "_dmarc.strange.np TXT \"other\"\n"
    "_dmarc.top. TXT \"v=DMARC1; p=none; np=reject; psd=n\"\n"
    "_dmarc.roof. TXT \"v=DMARC1; p=none; np=reject; psd=n\"\n"
    "$FAULT *._domainkey.*.top. TXT timeout\n"
    "$FAULT *._domainkey.*.roof. TXT timeout\n";

static const struct {
    const char *name, *helo, *mail_from, *message, *spf, *config;
    unsigned at_once, after_pause; /* rounds: all in one go; after the envelope, a pause */
} rows[] = {
    { "the client's names", "h", "<>", FROM("flat.example"), "", "", 2, 1 },
    { "includes side by side", "h", "<a@two.example>", FROM("flat.example"), "", "", 2, 1 },
    { "includes in each other", "h", NESTED, FROM("flat.example"), "", "", 3, 1 },
    { "HELO beside MAIL FROM", "nested.example", "<a@two.example>", FROM("flat.example"), "", "", 3,
      1 },
    { "MX names and their addresses", "h", "<a@mx.example>", FROM("flat.example"), "", "", 3, 1 },
    { "names of the client for SPF", "h", "<a@names.example>", FROM("flat.example"), "", "", 2, 1 },
    { "more terms than may be counted", "h", "<a@six.example>", FROM("flat.example"), "", "", 3,
      1 },
    { "an explanation", "h", "<a@explains.example>", FROM("flat.example"), "on-fail = \"reject\"",
      "", 2, 1 },
    { "keys", "h", "<a@flat.example>",
      SIGNED("k1.example", "s1") SIGNED("k2.example", "s1") SIGNED("k1.example", "s2")
          FROM("flat.example"),
      "", "", 2, 1 },
    { "walk of the author domain", "h", "<a@flat.example>", FROM("a.b.c.d.flat.example"), "", "", 2,
      1 },
    { "walks of several authors", "h", "<a@flat.example>",
      FROM("x.flat.example, b@y.two.example, c@z.nested.example"), "", "", 2, 1 },
    { "walks of identifiers", "a.b.flat.example", "<a@c.d.flat.example>",
      SIGNED("e.f.flat.example", "s1") SIGNED("g.h.flat.example", "s1") FROM("flat.example"), "",
      "", 2, 1 },
    { "walk of the HELO name", "a.b.flat.example", "<>", FROM("flat.example"), "", "", 2, 1 },
    { "domains by the list", "a.b.flat.example", "<a@c.d.flat.example>",
      SIGNED("e.f.flat.example", "s1") FROM("x.y.flat.example"), "", PSL, 2, 1 },
    { "does the author domain exist", "h", "<a@flat.example>", FROM("sub.np.example"), "", "", 2,
      2 },
    { "by the list", "h", "<a@flat.example>", FROM("sub.np.example"), "", PSL, 2, 2 },
    { "of several authors", "h", "<a@flat.example>",
      FROM("one.np.example, b@two.np.example, c@three.np.example"), "", "", 2, 2 },
    { "beside a longer chain", "h", NESTED, FROM("sub.np.example"), "", "", 3, 2 },
    { "below a record that counts as none", "h", NESTED, FROM("twice.np.example"), "", "", 3, 2 },
    { "below another TXT record", "h", NESTED, FROM("strange.np.example"), "", "", 3, 2 },
    /* That they may align is seen when the author's organization is known. */
    { "identifiers that share a top-level domain", "h", "<a@flat.example>",
      SIGNED("k1.top", "s") SIGNED("k2.top", "s") SIGNED("k1.roof", "s") SIGNED("k2.roof", "s")
          FROM("a.top, b@b.roof"),
      "", "", 2, 2 },
};

/* --- messages of tests/cases ---------------------------------------------- */

static struct text load(const char *folder, const char *file)
{
    const char *top = getenv("top_srcdir");
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/tests/cases/%s/%s", top ? top : ".", folder, file);
    return load_file(path);
}

/* T, which it frees, and MORE; to be freed. */
static struct text with(struct text t, const char *more)
{
    size_t len = t.len + strlen(more);
    char *both = malloc(len + 1);

    assert_non_null(both);
    memcpy(both, t.data, t.len);
    memcpy(both + t.len, more, len - t.len + 1);
    free((char *)t.data);
    return (struct text){ both, len };
}

#define FORGER "<x@forger.example>"
#define REJECT "spf { on-fail = \"reject\" }\n"

/* Each from the forger's host. */
static const struct {
    const char *folder, *mail_from, *config; /* beside the folder's */
    unsigned at_once, after_pause;
} folders[] = {
    { "arc-trusted-list", FORGER, "", 2, 1 },
    { "arc-two-trusted-sealers", FORGER, "", 2, 1 },
    { "arc-ten-sets-with-a-stranger-at-one", FORGER, "", 2, 1 },
    { "arc-saw-aligned-dkim", FORGER, "", 2, 2 },
    { "arc-saw-domains-below-the-author", FORGER, "", 2, 2 },
    { "arc-saw-domains-below-the-author", NESTED, "", 4, 2 }, /* who fails may be vouched for */
    { "arc-saw-domains-below-the-author", "<a@explains.example>", REJECT, 2, 2 }, /* side by side */
    { "arc-hundred-keys", FORGER, "", 2, 2 }, /* asked when the newest signature is good */
    { "arc-hundred-keys", NESTED, "", 3, 2 },
};

/* --- both ----------------------------------------------------------------- */

static void expect_rounds(const char *name, const struct mail *mail, unsigned at_once,
                          unsigned after_pause)
{
    unsigned found_at_once = rounds_of(mail, false), found_after_pause = rounds_of(mail, true);

    if (found_at_once != at_once || found_after_pause != after_pause)
        fail_msg("%s: %u rounds, %u wanted; after a pause %u, %u wanted", name,
                 found_at_once, at_once, found_after_pause, after_pause);
}

static void messages(void **state)
{
    const char *engine = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char config[1024];
        const struct mail mail = {
            .client = CLIENT,
            .helo = rows[i].helo,
            .mail_from = rows[i].mail_from,
            .message = text_of(rows[i].message),
            .zone = text_of(zone_text),
            .config = { config, (size_t)snprintf(config, sizeof config,
                                                 "spf { engine = \"%s\" %s }\n%s", engine,
                                                 rows[i].spf, rows[i].config) },
        };

        expect_rounds(rows[i].name, &mail, rows[i].at_once, rows[i].after_pause);
    }
}

static void messages_of_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct text message = load(folders[i].folder, "msg.eml");
        struct text zone = with(load(folders[i].folder, "zone"), zone_text);
        struct text config = with(load(folders[i].folder, "conf"), folders[i].config);
        const struct mail mail = {
            .client = "203.0.113.66",
            .helo = "mail.forger.example",
            .mail_from = folders[i].mail_from,
            .message = message,
            .zone = zone,
            .config = config,
        };

        expect_rounds(folders[i].folder, &mail, folders[i].at_once, folders[i].after_pause);
        free((char *)message.data);
        free((char *)zone.data);
        free((char *)config.data);
    }
}

/* SPF's macro p; libspf2 is not shown any. */
static void the_client_in_macros(void **state)
{
    const struct mail mail = {
        .client = CLIENT,
        .helo = "h",
        .mail_from = "<a@named.example>",
        .message = TEXT(FROM("flat.example")),
        .zone = TEXT(zone_text),
        .config = TEXT(""),
    };

    (void)state;
    /* PTR, its name's address, the included record, what that names */
    expect_rounds("the macro", &mail, 4, 2);
}

static void a_name_of_the_client(void **state)
{
    const struct mail mail = {
        .client = CLIENT,
        .name = "mail.one.example",
        .helo = "h",
        .mail_from = "<a@flat.example>",
        .message = TEXT(FROM("flat.example")),
        .zone = TEXT(zone_text),
        .config = TEXT(""),
    };

    (void)state;
    expect_rounds("the name", &mail, 1, 1);
}

/* Whether a key of ours aligns with each author. */
static void mail_to_be_signed(void **state)
{
    static const char sign[] = "sign-min-rsa-bits = 1024\nrequire-alignment = true\n"
                               "sign \"flat.example\" { key \"k\" { file = \"%1$s\" domain = "
                               "\"a.b.flat.example\" } }\n"
                               "sign \"two.example\" { key \"k\" { file = \"%1$s\" domain = "
                               "\"c.d.two.example\" } }\n";
    char key_file[FILE_NAME_SIZE], config[sizeof sign + 2 * FILE_NAME_SIZE];
    struct mail mail = {
        .client = CLIENT,
        .helo = "h",
        .mail_from = "<a@flat.example>",
        .login = "alice",
        .message = TEXT(FROM("flat.example, b@two.example")),
        .zone = TEXT(zone_text),
    };

    (void)state;
    make_file(key_file, RFC_RSA_PEM);
    mail.config = (struct text){ config, (size_t)snprintf(config, sizeof config, sign, key_file) };
    expect_rounds("signing", &mail, 1, 1);
    unlink(key_file);
}

int main(void)
{
    static char native[] = "native", libspf2[] = "libspf2";
    const struct CMUnitTest tests[] = {
        { "messages, native", messages, NULL, NULL, native },
        { "messages, libspf2", messages, NULL, NULL, libspf2 },
        cmocka_unit_test(messages_of_cases),
        cmocka_unit_test(the_client_in_macros),
        cmocka_unit_test(a_name_of_the_client),
        cmocka_unit_test(mail_to_be_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
