/* Unit tests of auth/sign.c, auth/sign_fields.c and auth/signature_write.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/sign.h"
#include "round_trip.h"

#include "auth/signature.h"

/* ---- which fields */

#define BASE "From To Subject Date Message-ID "

static const struct {
    const char *fields; /* of the header, by name */
    const char *more;   /* what is to be signed beside */
    const char *names;  /* h= */
} selections[] = {
    { "From", "", "From:From:Reply-To:Subject:Cc" },
    /* what may stand once, and what may not */
    { BASE, "",
      "From:From:Reply-To:Subject:Subject:Date:Date:Message-ID:Message-ID:To:To:Cc" },
    { "From reply-to SUBJECT cc Sender In-Reply-To References", "",
      "From:From:Sender:Sender:Reply-To:Reply-To:Subject:Subject:Cc:Cc:In-Reply-To:In-Reply-To:"
      "References:References" },
    { "From Subject Subject", "", "From:From:Reply-To:Subject:Subject:Subject:Cc" },
    { "From List-Id List-Unsubscribe List-Unsubscribe-Post", "",
      "From:From:Reply-To:Subject:Cc:List-Id:List-Unsubscribe:List-Unsubscribe-Post" },
    { "From Resent-From Resent-Date Resent-From Resent-Bcc", "",
      "From:From:Reply-To:Subject:Cc:Resent-Date:Resent-From:Resent-From" },
    /* Sendmail gives 8-bit text without MIME-Version all three */
    { "From MIME-Version Content-Type", "",
      "From:From:Reply-To:Subject:Cc:MIME-Version:MIME-Version:Content-Type:Content-Type:"
      "Content-Transfer-Encoding" },
    { "From MIME-Version", "",
      "From:From:Reply-To:Subject:Cc:MIME-Version:MIME-Version:Content-Type:"
      "Content-Transfer-Encoding" },
    { "From Content-Type", "", "From:From:Reply-To:Subject:Cc:Content-Type:Content-Type" },
    /* never signed */
    { "From Return-Path Received Received Bcc Authentication-Results DKIM-Signature "
      "ARC-Seal ARC-Message-Signature ARC-Authentication-Results Content-Length X-Spam-Flag "
      "X-Mailer Comments DKIM2-Signature",
      "", "From:From:Reply-To:Subject:Cc" },
    /* asked for: oversigned, unless an MTA adds it; once, whatever is asked */
    { "From X-Campaign", "X-Campaign x-campaign", "From:From:Reply-To:Subject:Cc:X-Campaign:X-Campaign" },
    { "From", "X-Campaign", "From:From:Reply-To:Subject:Cc:X-Campaign" },
    { "From", "subject SENDER", "From:From:Sender:Reply-To:Subject:Cc" },
    { "From", "Date Message-Id To MIME-Version Content-Type Resent-Date",
      "From:From:Reply-To:Subject:Cc" },
    { "From Resent-To", "Resent-To", "From:From:Reply-To:Subject:Cc:Resent-To:Resent-To" },
    { "From List-Id", "List-Id List-Post",
      "From:From:Reply-To:Subject:Cc:List-Id:List-Id:List-Post" },
    { "From Bcc ARC-Seal", "Bcc arc-seal ARC-Anything Received dkim-signature",
      "From:From:Reply-To:Subject:Cc" },
    { "From", "bad;name bad:name", "From:From:Reply-To:Subject:Cc" },
    { "", "", "Reply-To:Subject:Cc" },
};

enum { WORDS_MAX = 64 };

static size_t words_of(const char *list, struct text words[WORDS_MAX])
{
    struct text rest = text_of(list);
    size_t count = 0;

    while (rest.len > 0) {
        struct text word = text_head(rest, text_find(rest, ' '));

        if (word.len > 0)
            words[count++] = word;
        rest = text_tail(rest, word.len + 1);
    }
    return count;
}

static void chooses_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof selections / sizeof selections[0]; i++) {
        struct message *message = message_new(0);
        struct text fields[WORDS_MAX], more[WORDS_MAX];
        size_t field_count = words_of(selections[i].fields, fields);
        size_t more_count = words_of(selections[i].more, more);
        struct sign_fields chosen;
        struct buf names;

        for (size_t k = 0; k < field_count; k++)
            message_add_field(message, fields[k], TEXT(" x"));
        assert_null(sign_fields_choose(message->region, header_index_new(message), more,
                                       more_count, &chosen));
        buf_init(&names, message->region, 1000);
        for (size_t k = 0; k < chosen.count; k++)
            buf_printf(&names, "%s%.*s", k ? ":" : "", TEXT_ARGS(chosen.names[k]));
        if (strcmp(buf_str(&names), selections[i].names) != 0)
            fail_msg("%s + %s: %s", selections[i].fields, selections[i].more, buf_str(&names));
        message_free(message);
    }
}

static void covers_no_trace(void **state)
{
    (void)state;
    assert_true(sign_may_cover(TEXT("Subject")));
    assert_true(sign_may_cover(TEXT("X-Anything")));
    assert_false(sign_may_cover(TEXT("received")));
    assert_false(sign_may_cover(TEXT("ARC-SEAL")));
    assert_false(sign_may_cover(TEXT("bcc")));
    assert_false(sign_may_cover(TEXT("")));
    assert_false(sign_may_cover(TEXT("a b")));
    assert_false(sign_may_cover(TEXT("a;b")));
    assert_false(sign_may_cover(TEXT("a:b")));
    assert_false(sign_may_cover(TEXT("a\xc3\xa4")));
}

/* ---- signing */

static struct sign_params params_of(const struct outgoing *o)
{
    return (struct sign_params){
        .region = o->message->region,
        .header = o->header,
        .bodies = o->bodies,
        .header_canon = CANON_RELAXED,
        .body_canon = CANON_RELAXED,
        .now = ROUND_TRIP_NOW,
    };
}

/* EML signed by SIGNERS, the last one on top, with what BEND does to the
 * parameters; to be freed. */
static char *sign_eml(const char *eml, const struct signer *signers, size_t count,
                      void (*bend)(struct sign_params *))
{
    struct dkim_signing *signings[4];
    struct outgoing o;
    struct sign_params params;
    char *out = strdup(eml);

    outgoing_header(&o, eml);
    params = params_of(&o);
    if (bend)
        bend(&params);
    for (size_t i = 0; i < count; i++) {
        signings[i] = sign_dkim_new(&params, &signers[i]);
        assert_non_null(signings[i]);
    }
    outgoing_end(&o, eml);
    for (size_t i = 0; i < count; i++) {
        const char *value = sign_dkim_finish(signings[i]);
        char *before = out;

        if (!value)
            fail_msg("%s", sign_dkim_fault(signings[i]));
        assert_null(sign_dkim_fault(signings[i]));
        out = with_field("DKIM-Signature", value, before);
        free(before);
    }
    outgoing_free(&o);
    return out;
}

#define HEADER \
    "From: Joe SixPack <joe@football.example.com>\n" \
    "To: Suzie Q <suzie@shopping.example.net>,\n  \t others\n" \
    "Subject:   Is dinner \t ready? \n" \
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n" \
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"

static const char *const messages[] = {
    HEADER "\nHi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n",
    HEADER "\n",                  /* no body */
    HEADER,                       /* not even the empty line */
    HEADER "\n\n\n\n",            /* nothing but line ends */
    HEADER "\nno end of line",
    HEADER "\n \t \n  trailing \t \n\n \n",
    HEADER "MIME-Version: 1.0\nContent-Type: text/plain;\n\tcharset=utf-8\n\n\xc3\xa4\xff\x80\n",
    "From:joe@football.example.com\nSubject:\n\nx\n",
    "FROM : joe@football.example.com\nsubject  : \xf0\x9f\x98\x80\nX: y\n\nx\n",
    "DKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=s; h=From; bh=; b=\n" HEADER "\nx\n",
    "Received: a\nReceived: b\nList-Id: <a.b>\nResent-From: c\nResent-From: d\n" HEADER "\nx\n",
};

enum { MESSAGES = sizeof messages / sizeof messages[0] };

static enum canonicalisation bent_header, bent_body;

static void bend_canonicalisation(struct sign_params *params)
{
    params->header_canon = bent_header;
    params->body_canon = bent_body;
}

static void check_round_trip(const char *eml, const struct signer *signers, const char *label)
{
    static const struct dkim_engine *const engines[] = { &engine_dkim_native,
                                                         &engine_dkim_libopendkim };
    char *signed_eml = sign_eml(eml, signers, 2, bend_canonicalisation);
    char results[200];

    for (size_t i = 0; i < 2; i++) {
        verify_dkim_eml(signed_eml, engines[i], signers, 2, results, sizeof results);
        if (strncmp(results, "pass pass", 9) != 0)
            fail_msg("%s %s %d/%d: %s\n%s", engines[i]->name, label, (int)bent_header,
                     (int)bent_body, results, signed_eml);
    }
    free(signed_eml);
}

/* All canonicalisations, both algorithms, both engines. */
static void what_is_signed_verifies(void **state)
{
    const struct signer signers[] = {
        { rsa, "football.example.com", "test" },
        { ed25519, "football.example.com", "brisbane" },
    };
    char label[20];

    (void)state;
    for (unsigned i = 0; i < MESSAGES * 4; i++) {
        bent_header = i & 1 ? CANON_RELAXED : CANON_SIMPLE;
        bent_body = i & 2 ? CANON_RELAXED : CANON_SIMPLE;
        snprintf(label, sizeof label, "message %u", i / 4);
        check_round_trip(messages[i / 4], signers, label);
    }
}

/* What somebody on the way puts on top of a signed message. */
static const struct {
    const char *name;
    const char *result;
} additions[] = {
    { "From", "fail" },        { "Subject", "fail" },      { "To", "fail" },
    { "Date", "fail" },        { "Message-ID", "fail" },   { "Cc", "fail" },
    { "Reply-To", "fail" },    { "Received", "pass" },     { "Sender", "pass" },
    { "List-Id", "pass" },     { "MIME-Version", "pass" }, { "Content-Type", "pass" },
    { "X-Spam-Flag", "pass" }, { "Resent-To", "pass" },    { "Authentication-Results", "pass" },
};

static void an_added_field_shows(void **state)
{
    const struct signer signer = { rsa, "football.example.com", "test" };
    char *signed_eml = sign_eml(messages[0], &signer, 1, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++) {
        char *bent = with_field(additions[i].name, "x", signed_eml);
        char results[100];

        verify_dkim_eml(bent, &engine_dkim_native, &signer, 1, results, sizeof results);
        if (strcmp(results, additions[i].result) != 0)
            fail_msg("%s: %s", additions[i].name, results);
        free(bent);
    }
    free(signed_eml);
}

/* Sendmail adds these after the milter; what it adds to must go on verifying. */
static void what_the_mta_adds_does_no_harm(void **state)
{
    static const char *const added[] = {
        "Date", "Message-Id", "To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "Resent-Date",
    };
    const struct signer signer = { ed25519, "football.example.com", "test" };
    char *eml = sign_eml("From: joe@football.example.com\n\nx\n", &signer, 1, NULL);
    char results[100];

    (void)state;
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        char *before = eml;

        eml = with_field(added[i], "x", before);
        free(before);
    }
    verify_dkim_eml(eml, &engine_dkim_native, &signer, 1, results, sizeof results);
    assert_string_equal(results, "pass");
    free(eml);
}

/* ---- the field */

static void bend_tags(struct sign_params *params)
{
    params->identity = "joe; =\xc3\xa4@Sub.football.example.com";
    params->lifetime = 604800;
    params->header_canon = CANON_SIMPLE;
}

static void writes_the_tags(void **state)
{
    static const char *const wanted[] = {
        "DKIM-Signature: v=1; a=ed25519-sha256; d=football.example.com;\n\ts=brisbane; ",
        " c=simple/relaxed;",
        "i=joe=3B=20=3D=C3=A4@sub.football.example.com;",
        "t=1790000000;",
        "x=1790604800;",
        ";\n\th=From:From:Reply-To:Subject:Subject:",
        ";\n\tbh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
        ";\n\tb=",
    };
    const struct signer signer = { ed25519, "football.example.com", "brisbane" };
    char *eml = sign_eml(messages[0], &signer, 1, bend_tags);

    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strstr(eml, wanted[i]))
            fail_msg("no %s in\n%s", wanted[i], eml);
    *strstr(eml, "From: Joe") = '\0';
    assert_null(strstr(eml, "l="));
    free(eml);
}

/* A long domain cannot be folded; all else keeps within 76 columns. */
static void folds(void **state)
{
    static const char domain[] =
        "a123456789-123456789-123456789.b123456789-123456789-123456789.c123456789.example.com";
    const struct signer signers[] = {
        { rsa, "football.example.com", "test" },
        { rsa, domain, "test" },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *eml = sign_eml(messages[10], &signers[i], 1, bend_canonicalisation);
        char *end = strstr(eml, "\nReceived:");
        size_t lines = 0;

        assert_non_null(end);
        end[1] = '\0';
        for (char *line = eml; *line; line = strchr(line, '\n') + 1) {
            size_t len = strcspn(line, "\n");

            assert_true(len <= 76 || strstr(line, "d=a1234") == line + 1);
            assert_true(lines++ == 0 || *line == '\t');
            assert_true(len > 1 && line[len - 1] != ' ' && line[len - 1] != '\r');
        }
        assert_true(lines > 5);
        free(eml);
    }
}

/* ---- the message of RFC 8463 §A.3: the same digests give the same octets */

#define RFC_TAGS(algorithm, selector) \
    "DKIM-Signature: v=1; a=" algorithm "; c=relaxed/relaxed;\n" \
    " d=football.example.com; i=@football.example.com;\n" \
    " q=dns/txt; s=" selector "; t=1528637909; h=from : to : subject :\n" \
    " date : message-id : from : subject : date;\n" \
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n b="
#define RFC_MESSAGE \
    "From: Joe SixPack <joe@football.example.com>\n" \
    "To: Suzie Q <suzie@shopping.example.net>\n" \
    "Subject: Is dinner ready?\n" \
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n" \
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n" \
    "\nHi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n"

static const struct {
    bool rsa;
    const char *eml;
} known[] = {
    { false, RFC_TAGS("ed25519-sha256", "brisbane")
             "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
             "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n" RFC_MESSAGE },
    { true, RFC_TAGS("rsa-sha256", "test")
            "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
            "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
            "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n" RFC_MESSAGE },
};

static void signs_as_the_rfc_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct body_digest *body;
        struct signature signature;
        struct text value;
        struct outgoing o;
        sha256_value digest;

        outgoing_header(&o, known[i].eml);
        body = body_digests_want(o.bodies, CANON_RELAXED, NULL);
        outgoing_end(&o, known[i].eml);
        assert_null(signature_parse(o.message->region, o.message->fields->value, &signature));
        assert_memory_equal(body->value, signature.hash.data, SHA256_OCTETS);
        assert_true(header_hash(o.header, &signature, o.message->fields, digest));
        assert_true(crypt_sign(o.message->region, known[i].rsa ? rsa : ed25519, digest, &value));
        assert_true(text_equal(value, signature.value));
        outgoing_free(&o);
    }
}

/* ---- what cannot be signed */

static void bend_identity(struct sign_params *params) { params->identity = "@other.example"; }
static void bend_identity_form(struct sign_params *params) { params->identity = "joe"; }
static void bend_lifetime(struct sign_params *params) { params->lifetime = UINT64_MAX; }
static void bend_now(struct sign_params *params) { params->now = -1; }

static const struct {
    const char *eml;
    const char *domain;
    void (*bend)(struct sign_params *);
    const char *fault;
} faults[] = {
    { "Subject: x\n\nx\n", "a.example", NULL, "no From field" },
    { "\nx\n", "a.example", NULL, "no From field" },
    { "From: a\nfrom: b\n\nx\n", "a.example", NULL, "more than one From field" },
    { "From: a\n\nx\n", "localhost", NULL, "invalid domain (d=)" },
    { "From: a\n\nx\n", "a;b.example", NULL, "syntax error" },
    { "From: a\n\nx\n", "a.example", bend_identity, "identity outside the domain (i=)" },
    { "From: a\n\nx\n", "a.example", bend_identity_form, "invalid identity (i=)" },
    { "From: a\n\nx\n", "a.example", bend_lifetime, "expires before it was made (x=)" },
    { "From: a\n\nx\n", "a.example", bend_now, "invalid time (t=)" },
};

/* The fault of signing EML; NULL: it was signed. */
static const char *fault_of(const char *eml, const char *domain,
                            void (*bend)(struct sign_params *))
{
    const struct signer signer = { ed25519, domain, "s" };
    struct dkim_signing *signing;
    struct sign_params params;
    struct outgoing o;
    const char *fault;

    outgoing_header(&o, eml);
    params = params_of(&o);
    if (bend)
        bend(&params);
    signing = sign_dkim_new(&params, &signer);
    outgoing_end(&o, eml);
    assert_true(!sign_dkim_finish(signing) == !!sign_dkim_fault(signing));
    fault = sign_dkim_fault(signing); /* static */
    outgoing_free(&o);
    return fault;
}

static void tells_what_cannot_be_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const char *fault = fault_of(faults[i].eml, faults[i].domain, faults[i].bend);

        if (!fault || strcmp(fault, faults[i].fault) != 0)
            fail_msg("%s %s: %s", faults[i].eml, faults[i].domain, fault ? fault : "signed");
    }
}

static void needs_the_whole_body(void **state)
{
    const struct signer signer = { rsa, "a.example", "s" };
    struct dkim_signing *signing;
    struct sign_params params;
    struct outgoing o;

    (void)state;
    outgoing_header(&o, messages[0]);
    params = params_of(&o);
    signing = sign_dkim_new(&params, &signer);
    assert_null(sign_dkim_finish(signing));
    assert_string_equal(sign_dkim_fault(signing), "body not digested");
    outgoing_free(&o);
}

/* ---- hostile headers */

/* From, then COUNT fields NAME of LEN octets; to be freed. */
static char *flood(const char *name, size_t count, size_t len)
{
    size_t size = 100 + count * (strlen(name) + len + 4), at;
    char *eml = malloc(size);

    at = (size_t)snprintf(eml, size, "From: a@a.example\n");
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(eml + at, size - at, "%s: %0*zu\n", name, (int)len, i);
    snprintf(eml + at, size - at, "\nx\n");
    return eml;
}

static const struct {
    const char *name;
    size_t count, len;
    const char *fault;
} floods[] = {
    { "X-Spam", 990, 20, NULL },
    { "Received", 990, 20, NULL },
    { "Resent-To", 240, 20, NULL },
    { "Resent-To", 900, 20, "too many fields to sign" },
    { "Subject", 990, 20, "too many fields to sign" },
    { "Subject", 1, 60000, NULL },
    { "Subject", 1, 70000, "field to sign too long" },
    { "X-Spam", 1, 70000, NULL },
};

static void survives_floods(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        char *eml = flood(floods[i].name, floods[i].count, floods[i].len);
        const char *fault = fault_of(eml, "a.example", NULL);

        free(eml);
        if (!fault != !floods[i].fault || (fault && strcmp(fault, floods[i].fault) != 0))
            fail_msg("%s %zu: %s", floods[i].name, floods[i].count, fault ? fault : "signed");
    }
}

/* However little memory there is: no signature, and the region tells. */
static void survives_want_of_memory(void **state)
{
    const struct signer signer = { ed25519, "a.example", "s" };
    bool made = false;

    (void)state;
    for (size_t limit = 0; !made; limit += 200) {
        struct message *message = message_new(30000 + limit);
        struct sign_params params = { .now = ROUND_TRIP_NOW };
        struct dkim_signing *signing = NULL;

        assert_true(limit < 100000);
        if (!message)
            continue;
        message_add_field(message, TEXT("From"), TEXT(" a@a.example"));
        params.region = message->region;
        params.header = header_index_new(message);
        params.bodies = body_digests_new(message->region);
        if (params.header && params.bodies)
            signing = sign_dkim_new(&params, &signer);
        if (signing) {
            body_digests_end(params.bodies);
            made = sign_dkim_finish(signing) && !region_failed(message->region);
        }
        assert_true(made || region_failed(message->region));
        message_free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_fields),
        cmocka_unit_test(covers_no_trace),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(an_added_field_shows),
        cmocka_unit_test(what_the_mta_adds_does_no_harm),
        cmocka_unit_test(writes_the_tags),
        cmocka_unit_test(folds),
        cmocka_unit_test(signs_as_the_rfc_does),
        cmocka_unit_test(tells_what_cannot_be_signed),
        cmocka_unit_test(needs_the_whole_body),
        cmocka_unit_test(survives_floods),
        cmocka_unit_test(survives_want_of_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
