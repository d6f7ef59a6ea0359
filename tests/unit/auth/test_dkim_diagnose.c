/* Unit tests of auth/dkim_diagnose.c: signed headers are changed, and the
 * diagnosis has to find the change.  data/dkim/make-messages signed them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/dkim.h"
#include "auth/dkim_diagnose.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "../../lib/load_file.h"

#define DATA "/tests/unit/auth/data/dkim/"
#define PLAIN "diagnose"         /* without z= */
#define COPIES "diagnose-copies" /* z= copies To, Subject, Date, and X-Unsigned wrongly */
/* keys/ed25519.pem */
#define KEY "v=DKIM1; k=ed25519; p=jm5aHM3yFblv2Brcm5ukDZUqVm5o7tbzg3va4FFVSwQ="

enum { CHANGES_MAX = 5, SHOWN_MAX = 2000 };

/* On the way to us, field NAME became VALUE, was added on top or taken out. */
struct change {
    enum { END, SET, ADD, DROP } what;
    const char *name, *value;
};

static const struct row {
    const char *file;
    struct change changes[CHANGES_MAX];
    const char *diagnosis; /* as show() has it */
} rows[] = {
    { PLAIN, { { END, NULL, NULL } }, "intact" },
    { PLAIN, { { SET, "X-Unsigned", " new" }, { ADD, "X-New", " new" } }, "intact" },
    { PLAIN, { { SET, "Subject", " Re:  [list]\r\n\thello " } }, "intact" }, /* relaxed */
    /* one change that lists make */
    { PLAIN, { { SET, "Subject", " [EXT] Re: [list] hello" } }, "proven, Subject tag [EXT] " },
    { PLAIN, { { SET, "Subject", " Re: [EXT] [list] hello" } }, "proven, Subject tag [EXT] " },
    { PLAIN, { { SET, "Subject", " [a] (b) Re: [list] hello" } },
      "proven, Subject tag [a] (b) " },
    { PLAIN, { { SET, "Subject", " [list] Re: hello" } },
      "proven, Subject was Re: [list] hello" },
    { PLAIN, { { ADD, "Reply-To", " list@lists.example" } }, "proven, Reply-To added" },
    { PLAIN, { { ADD, "List-Id", " <l.example>" } }, "proven, List-Id added" },
    { PLAIN, { { ADD, "To", " list@lists.example" } }, "intact" }, /* the lower one is signed */
    { PLAIN, { { SET, "From", " Alice via list <l@lists.example>" },
               { ADD, "X-Original-From", " Alice <alice@example.org>" } },
      "proven, From was Alice <alice@example.org>" },
    { PLAIN, { { SET, "Content-Transfer-Encoding", " base64" } },
      "proven, Content-Transfer-Encoding was 8bit" },
    /* two */
    { PLAIN, { { SET, "From", " Alice via list <l@lists.example>" },
               { ADD, "Reply-To", " Alice <alice@example.org>" } },
      "proven, From was Alice <alice@example.org>, Reply-To added" },
    { PLAIN, { { SET, "Subject", " [EXT] Re: [list] hello" }, { ADD, "List-Id", " <l.example>" } },
      "proven, Subject tag [EXT] , List-Id added" },
    /* three, or what nobody guesses */
    { PLAIN, { { SET, "Subject", " [EXT] Re: [list] hello" }, { ADD, "List-Id", " <l.example>" },
               { SET, "Content-Transfer-Encoding", " base64" } },
      "none" },
    { PLAIN, { { SET, "To", " carol@example.net" } }, "none" },
    { PLAIN, { { DROP, "Date", NULL } }, "none" },
    { PLAIN, { { SET, "Subject", " Re: [list] hello, world" } }, "none" },
    { PLAIN, { { SET, "Subject", " [EXT] Re: [list] Hello" } }, "none" },
    /* with copies */
    { COPIES, { { END, NULL, NULL } }, "intact" },
    { COPIES, { { SET, "To", " carol@example.net" } }, "proven, To was bob@example.net" },
    { COPIES, { { SET, "Subject", " Re: [list] Hello" } }, "proven, Subject was Re: [list] hello" },
    { COPIES, { { DROP, "Date", NULL } },
      "proven, Date removed: Fri, 20 Nov 2026 10:00:00 +0000" },
    { COPIES, { { SET, "To", " carol@example.net" }, { SET, "Subject", " x" },
                { DROP, "Date", NULL } },
      "proven, To was bob@example.net, Subject was Re: [list] hello, "
      "Date removed: Fri, 20 Nov 2026 10:00:00 +0000" },
    /* they do not suffice, but tell something… */
    { COPIES, { { SET, "To", " carol@example.net" }, { ADD, "List-Id", " <l.example>" } },
      "copies, To was bob@example.net" },
    { COPIES, { { SET, "To", " carol@example.net" }, { DROP, "Message-ID", NULL } },
      "copies, To was bob@example.net" },
    /* …or nothing, so that guessing goes on */
    { COPIES, { { ADD, "List-Id", " <l.example>" } }, "proven, List-Id added" },
    { COPIES, { { DROP, "Message-ID", NULL } }, "none" },
};

static void show(struct buf *buf, const struct header_edit *edit)
{
    struct text was = text_trim(edit->value);

    buf_printf(buf, ", %.*s ", TEXT_ARGS(edit->name));
    switch (edit->change) {
    case CHANGE_PREFIX:
        buf_printf(buf, "tag %.*s", TEXT_ARGS(edit->prefix));
        return;
    case CHANGE_VALUE:
        buf_printf(buf, "was %.*s", TEXT_ARGS(was));
        return;
    case CHANGE_ADDED:
        buf_add(buf, "added");
        return;
    case CHANGE_REMOVED:
        assert_null(edit->field);
        buf_printf(buf, "removed: %.*s", TEXT_ARGS(was));
        return;
    }
}

static const char *shown(struct region *region, const struct dkim_diagnosis *d)
{
    static const char *const kinds[] = {
        [DIAGNOSIS_NONE] = "none",
        [DIAGNOSIS_INTACT] = "intact",
        [DIAGNOSIS_PROVEN] = "proven",
        [DIAGNOSIS_COPIES] = "copies",
    };
    struct buf buf;

    buf_init(&buf, region, SHOWN_MAX);
    buf_add(&buf, kinds[d->kind]);
    for (size_t i = 0; i < d->count; i++)
        show(&buf, &d->edits[i]);
    return buf_str(&buf);
}

/* --- a message on its way */

struct way {
    const struct row *row;
    struct message *message;
};

/* What became of the field NAME; NULL: nothing. */
static const struct change *change_of(const struct row *row, struct text name)
{
    for (size_t i = 0; i < CHANGES_MAX; i++) {
        const struct change *c = &row->changes[i];

        if ((c->what == SET || c->what == DROP) && text_equal(text_of(c->name), name))
            return c;
    }
    return NULL;
}

static void on_field(void *context, struct text name, struct text value)
{
    struct way *way = context;
    const struct change *change = change_of(way->row, name);

    if (change && change->what == DROP)
        return;
    assert_non_null(message_add_field(way->message, name,
                                      change ? text_of(change->value) : value));
}

static void on_end_of_header(void *context) { (void)context; }

static void on_body(void *context, struct text chunk)
{
    (void)context;
    (void)chunk;
}

static struct text load(const char *name)
{
    const char *top = getenv("top_srcdir");
    char path[4096];

    snprintf(path, sizeof path, "%s%s%s.eml", top ? top : ".", DATA, name);
    return load_file(path);
}

/* ROW's message after its changes; the octets of its fields are in *DATA. */
static struct message *changed(const struct row *row, struct text *data)
{
    struct way way = { row, message_new(0) };
    const struct eml_handler handler = { &way, on_field, on_end_of_header, on_body };

    for (size_t i = 0; i < CHANGES_MAX; i++)
        if (row->changes[i].what == ADD)
            message_add_field(way.message, text_of(row->changes[i].name),
                              text_of(row->changes[i].value));
    *data = load(row->file);
    eml_read(*data, &handler);
    return way.message;
}

/* MESSAGE's signature as a verifier has it that found it bad. */
static struct dkim_candidate candidate_of(struct message *message)
{
    struct dkim_candidate c = { .well_formed = true, .settled = true, .result = RESULT_FAIL };

    c.field = field_find(message->fields, TEXT("DKIM-Signature"));
    assert_non_null(c.field);
    assert_null(signature_parse(message->region, c.field->value, &c.signature));
    assert_null(key_record_parse(message->region, TEXT(KEY), &c.keys.keys[0]));
    c.keys.count = 1;
    return c;
}

static void finds_the_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text data;
        struct message *message = changed(&rows[i], &data);
        struct dkim_candidate candidate = candidate_of(message);
        struct dkim_diagnosis diagnosis;
        const char *text;

        assert_true(can_diagnose_dkim(&candidate));
        diagnose_dkim(message->region, message, &candidate, &diagnosis);
        text = shown(message->region, &diagnosis);
        if (strcmp(text, rows[i].diagnosis) != 0)
            fail_msg("row %zu: %s, not %s", i, text, rows[i].diagnosis);
        message_free(message);
        free((char *)data.data);
    }
}

/* Only what fails, can be read and has a key can be tried again. */
static void needs_a_key_and_a_failure(void **state)
{
    static const struct {
        enum result result;
        bool well_formed;
        size_t keys;
        bool can;
    } candidates[] = {
        { RESULT_FAIL, true, 1, true },   { RESULT_PASS, true, 1, false },
        { RESULT_POLICY, true, 1, false }, { RESULT_TEMPERROR, true, 1, false },
        { RESULT_FAIL, false, 1, false }, { RESULT_FAIL, true, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        struct dkim_candidate c = { .result = candidates[i].result,
                                    .well_formed = candidates[i].well_formed,
                                    .keys = { .count = candidates[i].keys } };

        if (can_diagnose_dkim(&c) != candidates[i].can)
            fail_msg("candidate %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_change),
        cmocka_unit_test(needs_a_key_and_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
