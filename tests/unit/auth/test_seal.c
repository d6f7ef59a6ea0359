/* Unit tests of auth/seal.c: what is sealed is validated by auth/arc.c, hop by hop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/seal.h"
#include "round_trip.h"

#include "auth/arc.h"
#include "base/ip.h"

/* One message at one hop: validated, then sealed. */
struct hop {
    struct message *message;
    struct dns_scope *dns;
    struct body_digests *bodies;
    struct arc_verifier *verifier;
    struct header_index *header;
    struct arc_sealing *sealing;
    struct arc_outcome outcome;
    /* how */
    struct signer signer;
    const char *fields, *results, *id;
    const struct text *more;
    enum chain_status status; /* CHAIN_NONE: as validated */
    const char *why;          /* what became of it */
};

static void hop_field(void *context, struct text name, struct text value)
{
    struct hop *hop = context;
    struct field *field = message_add_field(hop->message, name, value);

    if (field)
        arc_verifier_field(hop->verifier, field);
}

static void hop_end_of_header(void *context)
{
    struct hop *hop = context;

    hop->header = header_index_new(hop->message);
    arc_verifier_end_of_header(hop->verifier, hop->header);
    hop->sealing = seal_arc_new(&(struct seal_params){
        .region = hop->message->region,
        .signer = &hop->signer,
        .bodies = hop->bodies,
        .more_fields = hop->more,
        .more_field_count = hop->more ? 1 : 0,
        .fields = hop->fields,
        .now = ROUND_TRIP_NOW,
    });
    assert_non_null(hop->sealing);
}

static void hop_body(void *context, struct text chunk)
{
    struct hop *hop = context;

    body_digests_add(hop->bodies, chunk);
}

static struct hop hop_by(struct crypt_signer *key)
{
    return (struct hop){ .signer = { key, "lists.example", "s1" }, .id = "mx.lists.example",
                         .results = "none" };
}

static void validate(struct hop *hop, const char *eml)
{
    const struct signer published = { rsa, "lists.example", "s1" };
    const struct eml_handler handler = { hop, hop_field, hop_end_of_header, hop_body };
    const struct ip_address client = { .family = IP_NONE };
    struct findings findings;

    hop->message = message_new(0);
    assert_non_null(hop->message);
    hop->dns = scope_of(&published, 1);
    hop->bodies = body_digests_new(hop->message->region);
    hop->verifier = arc_verifier_new(hop->message, &(struct arc_params){
                                                       .dns = hop->dns,
                                                       .bodies = hop->bodies,
                                                       .questions_max = 200,
                                                       .now = ROUND_TRIP_NOW,
                                                   });
    eml_read(text_of(eml), &handler);
    body_digests_end(hop->bodies);
    findings_init(&findings, hop->message->region);
    check_arc(&findings, hop->verifier, &client, &hop->outcome);
}

static void hop_free(struct hop *hop)
{
    assert_false(region_failed(hop->message->region));
    dns_scope_close(hop->dns);
    dns_scope_unref(hop->dns);
    message_free(hop->message);
}

static enum chain_status status_of(enum result result)
{
    int status;

    assert_true(name_value(chain_status_names, text_of(name_of(result_names, (int)result)),
                           &status));
    return (enum chain_status)status;
}

static char *with_set(const struct arc_set_text *set, const char *eml)
{
    char *aar = with_field("ARC-Authentication-Results", set->results, eml);
    char *ams = with_field("ARC-Message-Signature", set->message_signature, aar);
    char *as = with_field("ARC-Seal", set->seal, ams);

    free(aar);
    free(ams);
    return as;
}

/* EML with another set, to be freed; or NULL with hop->why. */
static char *seal_eml(struct hop *hop, const char *eml)
{
    struct arc_set_text set;
    struct seal_input input;
    char *out = NULL;
    bool sealed;

    validate(hop, eml);
    input = (struct seal_input){
        .chain = hop->outcome.chain,
        .status = hop->status != CHAIN_NONE ? hop->status : status_of(hop->outcome.result),
        .authserv_id = hop->id,
        .results = hop->results,
        .header = hop->header,
    };
    sealed = seal_arc_finish(hop->sealing, &input, &set, &hop->why);
    assert_int_equal(sealed, !hop->why);
    if (sealed)
        out = with_set(&set, eml);
    else
        assert_true(!set.results && !set.message_signature && !set.seal);
    hop_free(hop);
    return out;
}

/* The next hop's EML, in place of the one before. */
static void seal_on(char **eml)
{
    struct hop hop = hop_by(rsa);
    char *before = *eml;

    *eml = seal_eml(&hop, before);
    if (!*eml)
        fail_msg("%s\n%s", hop.why, before);
    free(before);
}

static enum result result_of(const char *eml, unsigned *sets)
{
    struct hop hop = hop_by(rsa);
    enum result result;

    validate(&hop, eml);
    result = hop.outcome.result;
    *sets = hop.outcome.chain->newest;
    hop_free(&hop);
    return result;
}

#define MESSAGE \
    "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=From; bh=; b=\n" \
    "DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s; h=From; bh=; b=\n" \
    "From: a@a.example\nTo: list@lists.example,\n\tothers\nSubject: \xc3\xa4  b \n" \
    "MIME-Version: 1.0\n\nbody \t x\n\n"

/* ---- chains */

/* Sealed from none to fifty, and never beyond. */
static void seals_up_to_fifty(void **state)
{
    char *eml = strdup(MESSAGE);
    struct hop hop = hop_by(rsa);
    unsigned sets;

    (void)state;
    for (unsigned i = 1; i <= ARC_INSTANCE_MAX; i++) {
        seal_on(&eml);
        if (i > 5 && i < ARC_INSTANCE_MAX)
            continue;
        assert_int_equal(result_of(eml, &sets), RESULT_PASS);
        assert_int_equal(sets, i);
    }
    assert_null(seal_eml(&hop, eml));
    assert_string_equal(hop.why, "chain of fifty sets");
    free(eml);
}

/* A broken chain is told once (§5.1.2), by a set that verifies by itself. */
static void seals_a_broken_chain_once(void **state)
{
    char *eml = strdup(MESSAGE), *broken;
    struct hop hop = hop_by(rsa);
    unsigned sets;

    (void)state;
    seal_on(&eml);
    seal_on(&eml);
    broken = with_field("Subject", "another", eml);
    assert_int_equal(result_of(broken, &sets), RESULT_FAIL);
    seal_on(&broken);
    assert_non_null(strstr(broken, "ARC-Seal: i=3; a=rsa-sha256; d=lists.example; s=s1; cv=fail;"));
    assert_int_equal(result_of(broken, &sets), RESULT_FAIL);
    assert_null(seal_eml(&hop, broken));
    assert_string_equal(hop.why, "chain ended with cv=fail");
    free(eml);
    free(broken);
}

/* What stands in the header of a chain that is none, and the instance of its seal:
 * 0 for a chain that is not sealed. */
static const struct {
    const char *fields;
    unsigned instance;
    const char *why;
} broken_chains[] = {
    { "ARC-Seal: i=1; rubbish\n", 2, NULL },
    { "ARC-Seal: rubbish\n", 1, NULL },
    { "ARC-Authentication-Results: i=7; x; none\n", 8, NULL },
    { "ARC-Message-Signature: i=3; a=rsa-sha256\nARC-Authentication-Results: i=5; x; none\n"
      "ARC-Authentication-Results: i=5; x; none\nARC-Authentication-Results: i=9; x; none\n",
      10, NULL },
    { "ARC-Seal: i=1; cv=fail; a=rsa-sha256; d=a.example; s=s; b=AAAA\n", 0,
      "chain ended with cv=fail" },
    /* the newest seal counts, wherever it stands and whatever is wrong with it */
    { "ARC-Seal: i=1; cv=fail\nARC-Seal: i=2; cv=pass\n", 3, NULL },
    { "ARC-Seal: i=2; cv=pass\nARC-Seal: i=1; cv=fail\n", 3, NULL },
    { "ARC-Seal: i=1; cv=none\nARC-Seal: i=2; cv=fail\n", 0, "chain ended with cv=fail" },
    { "ARC-Seal: i=2; cv=fail\nARC-Seal: i=2; cv=pass\n", 0, "chain ended with cv=fail" },
    { "ARC-Seal: i=50; cv=pass\n", 0, "chain of fifty sets" },
    { "ARC-Seal: i=51; cv=pass\n", 1, NULL },
    { "ARC-Authentication-Results: i=50; x; none\n", 0, "chain of fifty sets" },
};

static void seals_what_was_no_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken_chains / sizeof broken_chains[0]; i++) {
        struct hop hop = hop_by(rsa);
        char eml[2000], wanted[100], *out;

        snprintf(eml, sizeof eml, "%s%s", broken_chains[i].fields, MESSAGE);
        snprintf(wanted, sizeof wanted,
                 "ARC-Seal: i=%u; a=rsa-sha256; d=lists.example; s=s1; cv=fail;",
                 broken_chains[i].instance);
        out = seal_eml(&hop, eml);
        if (!out != !!broken_chains[i].why || (out && !strstr(out, wanted)) ||
            (!out && strcmp(hop.why, broken_chains[i].why) != 0))
            fail_msg("%s: %s", broken_chains[i].fields, out ? out : hop.why);
        free(out);
    }
}

/* ---- the fields */

static void writes_the_set(void **state)
{
    static const char expected[] =
        "ARC-Message-Signature: i=1; a=rsa-sha256; d=lists.example; s=s1;\n"
        "\tc=relaxed/relaxed; t=1790000000;\n"
        "\th=From:From:Reply-To:Subject:Subject:To:To:Cc:MIME-Version:\n"
        "\tMIME-Version:Content-Type:Content-Transfer-Encoding:X-Tag:\n"
        "\tDKIM-Signature:DKIM-Signature;\n"
        "\tbh=";
    const struct text more = TEXT("X-Tag");
    struct hop hop = hop_by(rsa);
    char *eml;

    (void)state;
    hop.more = &more;
    hop.results = "spf=pass smtp.mailfrom=a.example;\n\tdkim=none";
    eml = seal_eml(&hop, MESSAGE);
    assert_non_null(eml);
    assert_ptr_equal(strstr(eml, "ARC-Seal: i=1; a=rsa-sha256; d=lists.example; s=s1; cv=none;\n"
                                 "\tt=1790000000;\n\tb="),
                     eml);
    if (!strstr(eml, expected))
        fail_msg("%s", eml);
    assert_non_null(strstr(eml, "ARC-Authentication-Results: i=1; mx.lists.example;\n\t"
                                "spf=pass smtp.mailfrom=a.example;\n\tdkim=none\nDKIM-"));
    free(eml);
}

static void writes_the_given_list(void **state)
{
    struct hop hop = hop_by(rsa);
    char *eml;
    unsigned sets;

    (void)state;
    hop.fields = "mime-version:date:from:to:subject:&&&";
    hop.results = "\n\tdkim=none";
    hop.id = "a b";
    eml = seal_eml(&hop, MESSAGE);
    assert_non_null(eml);
    assert_non_null(strstr(eml, "\th=mime-version:date:from:to:subject:&&&;\n"));
    assert_non_null(strstr(eml, ": i=1; \"a b\";\n\tdkim=none\n"));
    assert_int_equal(result_of(eml, &sets), RESULT_PASS);
    free(eml);
}

/* ---- what is not sealed */

static const struct {
    bool ed25519;
    enum chain_status status;
    const char *fields, *results, *id;
    const char *why;
} refusals[] = {
    { true, CHAIN_NONE, NULL, "none", "a", "not an RSA key" },
    { false, CHAIN_PASS, NULL, "none", "a", "chain not validated" },
    { false, CHAIN_FAIL, NULL, "none", "a", "chain not validated" },
    { false, CHAIN_NONE, "from:arc-seal", "none", "a", "ARC-Seal must not be signed (h=)" },
    { false, CHAIN_NONE, "from:a b", "none", "a", "invalid list of names (h=)" },
    { false, CHAIN_NONE, NULL, "none\nX: y", "a", "results not folded" },
    { false, CHAIN_NONE, NULL, "none\r\n\ty", "a", "results not folded" },
    { false, CHAIN_NONE, NULL, "none\n", "a", "results not folded" },
    { false, CHAIN_NONE, NULL, "none", "a\nb", "results too long, or no authserv-id" },
    { false, CHAIN_NONE, NULL, "none", "", "results too long, or no authserv-id" },
};

static void tells_what_cannot_be_sealed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct hop hop = hop_by(refusals[i].ed25519 ? ed25519 : rsa);

        hop.status = refusals[i].status;
        hop.fields = refusals[i].fields;
        hop.results = refusals[i].results;
        hop.id = refusals[i].id;
        assert_null(seal_eml(&hop, MESSAGE));
        if (strcmp(hop.why, refusals[i].why) != 0)
            fail_msg("%s: %s", refusals[i].why, hop.why);
    }
}

/* FIELDS of one name on top of the message; to be freed. */
static char *flood(const char *field, size_t count)
{
    size_t len = strlen(field);
    char *eml = malloc(count * len + sizeof MESSAGE);

    for (size_t i = 0; i < count; i++)
        memcpy(eml + i * len, field, len);
    memcpy(eml + count * len, MESSAGE, sizeof MESSAGE);
    return eml;
}

static const struct {
    const char *field;
    size_t count;
    const char *why;
} floods[] = {
    { "DKIM-Signature: x\n", 900, NULL },
    { "Subject: x\n", 200, NULL },
    { "Subject: x\n", 900, "too many fields to sign" },
    { "ARC-Seal: i=1; x\n", 900, NULL },
    { "ARC-Authentication-Results: i=1; x; none\n", 5000, NULL },
    { "X: x\n", 900, NULL },
};

static void survives_floods(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        struct hop hop = hop_by(rsa);
        char *eml = flood(floods[i].field, floods[i].count);
        char *out = seal_eml(&hop, eml);

        if (!out != !!floods[i].why || (!out && strcmp(hop.why, floods[i].why) != 0))
            fail_msg("%s: %s", floods[i].field, out ? "sealed" : hop.why);
        free(out);
        free(eml);
    }
}

static void seals_no_field_that_was_cut(void **state)
{
    struct hop hop = hop_by(rsa);
    char field[70001];
    char *eml;

    (void)state;
    snprintf(field, sizeof field, "Cc: %0*d\n", (int)sizeof field - 10, 0);
    eml = flood(field, 1);
    assert_null(seal_eml(&hop, eml));
    assert_string_equal(hop.why, "field to sign too long");
    free(eml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_up_to_fifty),
        cmocka_unit_test(seals_a_broken_chain_once),
        cmocka_unit_test(seals_what_was_no_chain),
        cmocka_unit_test(writes_the_set),
        cmocka_unit_test(writes_the_given_list),
        cmocka_unit_test(tells_what_cannot_be_sealed),
        cmocka_unit_test(survives_floods),
        cmocka_unit_test(seals_no_field_that_was_cut),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
