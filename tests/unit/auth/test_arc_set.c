/* Unit tests of auth/arc_set.c, and of ARC's signatures in auth/signature.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/arc_set.h"
#include "base/region.h"
#include "../../lib/message_fixture.h"

#define BH "bh=tXFePI82nWx/6AVD05YY0xQSmKbgI+32qLKw8d52faI="
#define REST "a=rsa-sha256; d=example.org; s=sel; b=Zm9v"
#define AAR(i) " i=" #i "; mx.example.org; dmarc=pass header.from=example.org"
#define AMS(i) " i=" #i "; " REST "; h=From:To; " BH
#define SEAL(i, cv) " i=" #i "; cv=" cv "; " REST

enum { FIELDS_MAX = 8 };

/* A header; "R", "M", "S" stand for the names of ARC's fields. */
struct header {
    const char *fault;        /* NULL: a chain, or nothing */
    unsigned instance;        /* N, or where the fault is */
    enum arc_part part;       /* of the fault */
    const char *fields[FIELDS_MAX][2];
};

static const char *full_name(const char *name)
{
    switch (name[0]) {
    case 'R':
        return name_of(arc_part_names, ARC_RESULTS);
    case 'M':
        return name_of(arc_part_names, ARC_MESSAGE_SIGNATURE);
    case 'S':
        return name_of(arc_part_names, ARC_SEAL);
    }
    return name + 1;
}

static void add(struct arc_chain *chain, const char *name, struct text value)
{
    arc_chain_field(chain, message_add_field(message, text_of(full_name(name)), value));
}

#define TWO_SETS { "S", SEAL(2, "pass") }, { "M", AMS(2) }, { "R", AAR(2) }
#define ONE_SET { "S", SEAL(1, "none") }, { "M", AMS(1) }, { "R", AAR(1) }

static const struct header headers[] = {
    /* chains */
    { NULL, 0, 0, { { "-Subject", " i=1" } } },
    { NULL, 1, 0, { ONE_SET } },
    { NULL, 2, 0, { TWO_SETS, ONE_SET } },
    { NULL, 2, 0, { ONE_SET, TWO_SETS } },
    { NULL, 1, 0, { { "-arc-seal", SEAL(1, "none") }, { "-ARC-MESSAGE-SIGNATURE", AMS(1) },
                    { "R", AAR(1) } } },
    /* i= anywhere, and with comments where RFC 8617 has it */
    { NULL, 1, 0, { { "S", " " REST "; cv=none; i=1;" }, { "M", REST "; h=From; i=01; " BH },
                    { "R", "\r\n\ti (a) = (b)1(c\\))\r\n ;x; none" } } },
    { NULL, 1, 0, { { "S", "(x) i=1 (y); cv=none; " REST }, { "M", AMS(1) }, { "R", AAR(1) } } },
    /* unknown tags; v= and a seal's bh= and c= are such */
    { NULL, 1, 0, { { "S", SEAL(1, "none") "; bh=*; c=what; x=1; z=2" },
                    { "M", AMS(1) "; v=7; cv=fail; w=;" }, { "R", AAR(1) } } },
    /* h= of an AMS: empty names, other fields of ARC; From may be unsigned */
    { NULL, 1, 0, { { "S", SEAL(1, "none") }, { "M", " i=1; " REST "; h=; " BH },
                    { "R", AAR(1) } } },
    { NULL, 1, 0, { { "S", SEAL(1, "none") },
                    { "M", " i=1; " REST "; h=To::Arc-Authentication-Results; " BH },
                    { "R", AAR(1) } } },
    { NULL, 1, 0, { { "S", SEAL(1, "NONE") }, { "M", AMS(1) }, { "R", AAR(1) } } },
    /* comments before the status, where both grammars have them */
    { NULL, 1, 0, { { "S", SEAL(1, "(pass)\r\n (a (b\\)) ) none") }, { "M", AMS(1) },
                    { "R", AAR(1) } } },
    /* incomplete sets */
    { "missing", 1, ARC_SEAL, { { "M", AMS(1) }, { "R", AAR(1) } } },
    { "missing", 1, ARC_MESSAGE_SIGNATURE, { { "S", SEAL(1, "none") }, { "R", AAR(1) } } },
    { "missing", 1, ARC_RESULTS, { { "S", SEAL(1, "none") }, { "M", AMS(1) } } },
    { "missing", 1, ARC_MESSAGE_SIGNATURE, { { "R", AAR(1) } } },
    { "missing", 1, ARC_RESULTS, { TWO_SETS } },
    { "missing", 2, ARC_RESULTS, { { "S", SEAL(2, "pass") }, { "M", AMS(2) }, ONE_SET } },
    { "missing", 49, ARC_RESULTS, { { "S", SEAL(50, "pass") }, { "M", AMS(50) }, { "R", AAR(50) },
                                    ONE_SET } },
    /* repetition */
    { "duplicate field", 1, ARC_SEAL, { { "S", SEAL(1, "none") }, ONE_SET } },
    { "duplicate field", 1, ARC_MESSAGE_SIGNATURE, { { "M", AMS(1) }, ONE_SET } },
    { "duplicate field", 1, ARC_RESULTS, { ONE_SET, { "R", AAR(1) } } },
    { "duplicate field", 1, ARC_RESULTS, { ONE_SET, { "R", AAR(01) } } },
    /* cv= */
    { "first, but not cv=none", 1, ARC_SEAL, { { "S", SEAL(1, "pass") }, { "M", AMS(1) },
                                               { "R", AAR(1) } } },
    { "not first, but cv=none", 2, ARC_SEAL, { { "S", SEAL(2, "none") }, { "M", AMS(2) },
                                               { "R", AAR(2) }, ONE_SET } },
    { "chain broken (cv=fail)", 1, ARC_SEAL, { TWO_SETS, { "S", SEAL(1, "fail") },
                                               { "M", AMS(1) }, { "R", AAR(1) } } },
    { "chain broken (cv=fail)", 2, ARC_SEAL, { { "S", SEAL(2, "fail") } } },
    { "chain broken (cv=fail)", 2, ARC_SEAL, { { "S", SEAL(2, "fail") }, { "M", AMS(2) },
                                               { "R", AAR(2) }, { "R", "what is this" } } },
    { "unknown chain status (cv=)", 1, ARC_SEAL, { { "S", SEAL(1, "good") } } },
    { "unknown chain status (cv=)", 1, ARC_SEAL, { { "S", SEAL(1, "") } } },
    { "unknown chain status (cv=)", 1, ARC_SEAL, { { "S", SEAL(1, "none (first)") } } },
    { "unknown chain status (cv=)", 1, ARC_SEAL, { { "S", SEAL(1, "(none)") } } },
    { "unknown chain status (cv=)", 1, ARC_SEAL, { { "S", SEAL(1, "(none") } } },
    { "syntax error", 1, ARC_SEAL, { { "S", SEAL(1, "(a;b) none") } } },
    { "syntax error", 1, ARC_SEAL, { { "S", " i=1; cv (x)=none; " REST } } },
    { "unknown algorithm (a=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=(x) rsa-sha256; d=example.org; s=sel; b=Zm9v" } } },
    { "no chain status (cv=)", 1, ARC_SEAL, { { "S", " i=1; " REST } } },
    /* i= */
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " mx.example.org; dmarc=pass" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " mx.example.org; i=1; dmarc=pass" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=1 mx.example.org; dmarc=pass" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=1" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=0; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=51; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=001; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " I=1; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " i=1x; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", " (i=1; mx.example.org; none" } } },
    { "no valid instance (i=)", 0, ARC_RESULTS, { { "R", "" } } },
    { "no instance (i=)", 0, ARC_SEAL, { { "S", REST "; cv=none" } } },
    { "invalid instance (i=)", 0, ARC_SEAL, { { "S", SEAL(0, "none") } } },
    { "invalid instance (i=)", 0, ARC_SEAL, { { "S", SEAL(51, "pass") } } },
    { "invalid instance (i=)", 0, ARC_SEAL, { { "S", SEAL(, "none") } } },
    { "invalid instance (i=)", 0, ARC_SEAL, { { "S", SEAL(-1, "none") } } },
    { "invalid instance (i=)", 0, ARC_SEAL, { { "S", SEAL(1 0, "none") } } },
    { "duplicate tag", 1, ARC_SEAL, { { "S", SEAL(1, "none") "; i=1" } } },
    { "duplicate tag", 1, ARC_SEAL, { { "S", "(x)i=1; i=2; " REST "; cv=none" } } },
    /* the list */
    { "duplicate tag", 1, ARC_MESSAGE_SIGNATURE, { { "M", AMS(1) "; s=sel" } } },
    { "syntax error", 1, ARC_MESSAGE_SIGNATURE, { { "M", " i=1;; " REST "; h=From; " BH } } },
    { "syntax error", 1, ARC_SEAL, { { "S", SEAL(1, "none") "; t (x)=1" } } },
    { "syntax error", 1, ARC_SEAL, { { "S", " i=1;" } } },
    { "list of names in a seal (h=)", 1, ARC_SEAL, { { "S", SEAL(1, "none") "; h=From" } } },
    { "list of names in a seal (h=)", 1, ARC_SEAL, { { "S", SEAL(1, "none") "; h=" } } },
    { "ARC-Seal must not be signed (h=)", 1, ARC_MESSAGE_SIGNATURE,
      { { "M", " i=1; " REST "; h=From:arc-seal; " BH } } },
    { "no list of names (h=)", 1, ARC_MESSAGE_SIGNATURE, { { "M", " i=1; " REST "; " BH } } },
    { "no body hash (bh=)", 1, ARC_MESSAGE_SIGNATURE, { { "M", " i=1; " REST "; h=From" } } },
    { "invalid body hash (bh=)", 1, ARC_MESSAGE_SIGNATURE,
      { { "M", " i=1; " REST "; h=From; bh=Zm9v" } } },
    { "not an algorithm of ARC (a=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=rsa-sha1; d=example.org; s=sel; b=Zm9v" } } },
    { "not an algorithm of ARC (a=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=ed25519-sha256; d=example.org; s=sel; b=Zm9v" } } },
    { "unknown algorithm (a=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=; d=example.org; s=sel; b=Zm9v" } } },
    { "no domain (d=)", 1, ARC_SEAL, { { "S", " i=1; cv=none; a=rsa-sha256; s=sel; b=Zm9v" } } },
    { "no selector (s=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=rsa-sha256; d=example.org; b=Zm9v" } } },
    { "no signature value (b=)", 1, ARC_SEAL,
      { { "S", " i=1; cv=none; a=rsa-sha256; d=example.org; s=sel" } } },
    { "invalid time (t=)", 1, ARC_SEAL, { { "S", SEAL(1, "none") "; t=" } } },
};

static void chains_and_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const struct header *h = &headers[i];
        struct arc_chain chain;
        bool whole;

        arc_chain_init(&chain, message->region);
        for (size_t f = 0; f < FIELDS_MAX && h->fields[f][0]; f++)
            add(&chain, h->fields[f][0], text_of(h->fields[f][1]));
        whole = arc_chain_end(&chain);
        assert_int_equal(whole, !chain.fault);
        if (!h->fault != !chain.fault || (h->fault && strcmp(h->fault, chain.fault) != 0))
            fail_msg("row %zu: %s", i, chain.fault ? chain.fault : "no fault");
        if ((h->fault ? chain.fault_instance : chain.newest) != h->instance)
            fail_msg("row %zu: instance %u", i, h->fault ? chain.fault_instance : chain.newest);
        if (h->fault && chain.fault_part != h->part)
            fail_msg("row %zu: fault in %s", i, name_of(arc_part_names, (int)chain.fault_part));
    }
}

/* What a chain without fault holds. */
static void keeps_what_it_read(void **state)
{
    const struct signature *s;
    struct arc_chain chain;

    (void)state;
    arc_chain_init(&chain, message->region);
    assert_null(arc_chain_field(&chain, message_add_field(message, TEXT("Subject"), TEXT(" x"))));
    assert_int_equal(chain.field_count, 0);
    s = arc_chain_field(&chain, message_add_field(message, TEXT("ARC-Seal"),
                                                  TEXT(SEAL(1, "none") "; t=17")));
    assert_non_null(s);
    assert_string_equal(s->domain, "example.org");
    assert_int_equal(s->header_canon, CANON_RELAXED);
    s = arc_chain_field(&chain, message_add_field(message, TEXT("ARC-Message-Signature"),
                                                  TEXT(AMS(1) "; c=simple/relaxed; l=5")));
    assert_non_null(s);
    add(&chain, "R", TEXT(" i=1 ; mx; none"));
    assert_true(arc_chain_end(&chain));
    assert_int_equal(chain.field_count, 3);
    assert_int_equal(chain.newest, 1);
    assert_null(chain.sets[2]);
    assert_int_equal(chain.sets[1]->seal.instance, 1);
    assert_int_equal(chain.sets[1]->seal.chain, CHAIN_NONE);
    assert_true(chain.sets[1]->seal.timestamp == 17);
    assert_int_equal(chain.sets[1]->message.body_canon, CANON_RELAXED);
    assert_int_equal(chain.sets[1]->message.signed_name_count, 2);
    assert_true(chain.sets[1]->message.signs_from);
    assert_true(chain.sets[1]->message.has_length);
    assert_true(text_equal(chain.sets[1]->results, TEXT(" mx; none")));
}

static void signs_from_or_not(void **state)
{
    struct signature s;

    (void)state;
    assert_null(signature_parse_kind(message->region, SIGNATURE_ARC_MESSAGE,
                                     TEXT(REST "; h=To:: :fROM :; " BH), &s));
    assert_true(s.signs_from);
    assert_int_equal(s.signed_name_count, 2);
    assert_int_equal(s.instance, 0);
    assert_null(signature_parse_kind(message->region, SIGNATURE_ARC_MESSAGE,
                                     TEXT(REST "; h=To; " BH), &s));
    assert_false(s.signs_from);
}

/* All 50 sets, and the 51st. */
static void fifty_sets(void **state)
{
    struct arc_chain chain;
    char value[400];

    (void)state;
    arc_chain_init(&chain, message->region);
    for (int i = 50; i >= 1; i--) {
        snprintf(value, sizeof value, " i=%d; cv=%s; " REST, i, i == 1 ? "none" : "pass");
        add(&chain, "S", text_of(value));
        snprintf(value, sizeof value, " i=%d; " REST "; h=From; " BH, i);
        add(&chain, "M", text_of(value));
        snprintf(value, sizeof value, " i=%d; mx; none", i);
        add(&chain, "R", text_of(value));
    }
    assert_true(arc_chain_end(&chain));
    assert_int_equal(chain.newest, 50);
    add(&chain, "S", TEXT(SEAL(51, "pass")));
    assert_false(arc_chain_end(&chain));
    assert_string_equal(chain.fault, "invalid instance (i=)");
}

/* A field cut off at its bound is not judged by its beginning. */
static void too_long(void **state)
{
    static char value[FIELD_OCTETS_MAX + 1];
    struct arc_chain chain;

    (void)state;
    memset(value, ' ', sizeof value);
    memcpy(value, AAR(1), sizeof AAR(1) - 1);
    arc_chain_init(&chain, message->region);
    add(&chain, "R", (struct text){ value, sizeof value });
    assert_string_equal(chain.fault, "field too long");
}

/* After a fault, nothing is parsed any more. */
static void stops_at_the_first_fault(void **state)
{
    struct arc_chain chain;

    (void)state;
    arc_chain_init(&chain, message->region);
    add(&chain, "R", TEXT("nothing"));
    assert_null(arc_chain_field(&chain, message_add_field(message, TEXT("ARC-Seal"),
                                                          TEXT(SEAL(1, "none")))));
    assert_int_equal(chain.field_count, 2);
    assert_null(chain.sets[1]);
    arc_chain_break(&chain, ARC_SEAL, 9, "other");
    assert_string_equal(chain.fault, "no valid instance (i=)");
}

static void memory_runs_out(void **state)
{
    struct region *small = region_new(2000);
    struct arc_chain chain;

    (void)state;
    arc_chain_init(&chain, small);
    add(&chain, "M", TEXT(AMS(1)));
    add(&chain, "S", TEXT(SEAL(1, "none")));
    assert_false(arc_chain_end(&chain));
    assert_true(region_failed(small));
    region_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_and_faults),
        cmocka_unit_test(keeps_what_it_read),
        cmocka_unit_test(signs_from_or_not),
        cmocka_unit_test(fifty_sets),
        cmocka_unit_test(too_long),
        cmocka_unit_test(stops_at_the_first_fault),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
