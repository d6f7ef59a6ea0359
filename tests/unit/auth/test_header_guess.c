/* Unit tests of auth/header_guess.c: which edits are thought of, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "auth/header_guess.h"
#include "auth/signature.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"

/* 79 octets: with its bracket, the longest tag. */
#define TAG_OF_80 "[123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345678"

enum { FIELDS_MAX = 14, SHOWN_MAX = 2000 };

/* What H covers of FIELDS, and the guesses: one a line, as show() has them. */
static const struct {
    const char *h;
    const char *fields[FIELDS_MAX][2];
    const char *guesses;
} rows[] = {
    { "From", { { "Subject", " [x] hi" }, { "To", " a" } }, "" },
    { "From:Subject:To:Date:Message-ID",
      { { "From", " a" }, { "To", " b" }, { "Subject", " hi" }, { "Date", " c" },
        { "Message-ID", " d" } },
      "" },
    /* one tag in a Subject */
    { "subject", { { "SUBJECT", " [list]  hi" } }, "SUBJECT: hi (tag [list]  )\n" },
    { "Subject", { { "Subject", "[list]hi" } }, "Subject:hi (tag [list])\n" },
    { "Subject", { { "Subject", "\r\n\t(ext) hi [x]" } }, "Subject:\r\n\thi [x] (tag (ext) )\n" },
    { "Subject", { { "Subject", " {a [b]} hi" } }, "Subject: hi (tag {a [b]} )\n" },
    { "Subject", { { "Subject", " ***SPAM*** hi" } }, "Subject: hi (tag ***SPAM*** )\n" },
    { "Subject", { { "Subject", " *a*\thi" } }, "Subject: hi (tag *a*\t)\n" },
    { "Subject", { { "Subject", " Re: hi" } }, "Subject: hi (tag Re: )\n" },
    { "Subject", { { "Subject", " [x]" } }, "Subject:  (tag [x])\n" },
    /* none */
    { "Subject", { { "Subject", "" } }, "" },
    { "Subject", { { "Subject", " hi [list]" } }, "" },
    { "Subject", { { "Subject", " [list hi" } }, "" },
    { "Subject", { { "Subject", " [list) hi" } }, "" },
    { "Subject", { { "Subject", " ** hi" } }, "" },
    { "Subject", { { "Subject", " ***" } }, "" },
    { "Subject", { { "Subject", " : hi" } }, "" },
    { "Subject", { { "Subject", " Re hi" } }, "" },
    { "Subject", { { "Subject", " R2: hi" } }, "" },
    /* their bounds: 80 octets, 12 in a word */
    { "Subject", { { "Subject", " Antworttttts: hi" } }, "Subject: hi (tag Antworttttts: )\n" },
    { "Subject", { { "Subject", " Antwortttttts: hi" } }, "" },
    { "Subject", { { "Subject", TAG_OF_80 "]x" } }, "Subject:x (tag " TAG_OF_80 "])\n" },
    { "Subject", { { "Subject", TAG_OF_80 "-]x" } }, "" },
    /* two: each, both, and the second moved before the first */
    { "Subject", { { "Subject", " [list] Re: hi" } },
      "Subject: Re: hi (tag [list] )\n"
      "Subject: hi (tag [list] Re: )\n"
      "Subject: [list] hi (tag Re: )\n"
      "Subject: Re: [list] hi\n" },
    /* of several fields the last one, which a signature takes first */
    { "Subject", { { "Subject", " [a] one" }, { "Subject", " [b] two" } },
      "Subject: two (tag [b] )\n"
      "Subject added\n"
      "Subject added\n" },
    /* an author kept elsewhere; whether From is signed is no question */
    { "To",
      { { "Reply-To", " c" }, { "From", " l" }, { "X-Original-From", " a" },
        { "original-from", " b" } },
      "From: a\nFrom: b\nFrom: c\n" },
    { "From", { { "From", " a" }, { "From", " b" }, { "Reply-To", " c" }, { "Reply-To", " d" } },
      "From: d\nFrom added\nFrom added\n" },
    { "From", { { "Reply-To", " c" } }, "" },
    /* a body that was encoded otherwise */
    { "Content-Transfer-Encoding", { { "content-transfer-encoding", " BASE64 " } },
      "content-transfer-encoding: 8bit\n"
      "content-transfer-encoding: 7bit\n"
      "content-transfer-encoding: quoted-printable\n"
      "content-transfer-encoding added\n" },
    { "From", { { "Content-Transfer-Encoding", " 7bit" } }, "" },
    /* signed fields that may have been added, in their order */
    { "From:List-Id:Reply-To:Sender:To",
      { { "Sender", " s" }, { "X-Other", " o" }, { "To", " t" }, { "list-id", " l" } },
      "Sender added\nlist-id added\n" },
    { "To", { { "To", " t" }, { "TO", " u" } }, "To added\nTO added\n" },
    { "X",
      { { "X", "1" }, { "X", "2" }, { "X", "3" }, { "X", "4" }, { "X", "5" }, { "X", "6" },
        { "X", "7" }, { "X", "8" }, { "X", "9" }, { "X", "10" }, { "X", "11" } },
      "X added\nX added\nX added\nX added\nX added\nX added\nX added\nX added\nX added\n"
      "X added\n" },
    /* likely ones first */
    { "Subject:From:Content-Transfer-Encoding:Reply-To",
      { { "Content-Transfer-Encoding", " 8bit" }, { "Reply-To", " r" }, { "From", " f" },
        { "Subject", " [x] s" } },
      "Subject: s (tag [x] )\n"
      "From: r\n"
      "Content-Transfer-Encoding: 7bit\n"
      "Content-Transfer-Encoding: quoted-printable\n"
      "Content-Transfer-Encoding: base64\n"
      "Content-Transfer-Encoding added\n"
      "Reply-To added\n" },
};

static void show(struct buf *buf, const struct header_edit *edit)
{
    assert_non_null(edit->field);
    assert_true(text_equal(edit->name, edit->field->name));
    buf_text_add(buf, edit->name);
    switch (edit->change) {
    case CHANGE_PREFIX:
        buf_printf(buf, ":%.*s (tag %.*s)\n", TEXT_ARGS(edit->value), TEXT_ARGS(edit->prefix));
        return;
    case CHANGE_VALUE:
        buf_printf(buf, ":%.*s\n", TEXT_ARGS(edit->value));
        return;
    case CHANGE_ADDED:
        buf_add(buf, " added\n");
        return;
    case CHANGE_REMOVED:
        fail_msg("a guess cannot know what was removed");
    }
}

/* A signature of which nothing but h= matters here. */
static struct signature signature_over(struct region *region, const char *h)
{
    struct text rest = text_of(h);
    struct signature s = { .signed_names = region_array(region, 16, sizeof(struct text)) };

    while (rest.len > 0) {
        struct text name = text_head(rest, text_find(rest, ':'));

        s.signed_names[s.signed_name_count++] = name;
        rest = text_tail(rest, name.len + 1);
    }
    return s;
}

static void guesses_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message *message = message_new(0);
        struct signature signature = signature_over(message->region, rows[i].h);
        struct header_edit guesses[HEADER_GUESSES_MAX];
        struct buf shown;
        size_t count;

        for (size_t f = 0; f < FIELDS_MAX && rows[i].fields[f][0]; f++)
            assert_non_null(message_add_field(message, text_of(rows[i].fields[f][0]),
                                              text_of(rows[i].fields[f][1])));
        count = header_guesses(message->region, message, &signature, guesses);
        buf_init(&shown, message->region, SHOWN_MAX);
        for (size_t g = 0; g < count; g++)
            show(&shown, &guesses[g]);
        if (!text_equal(buf_text(&shown), text_of(rows[i].guesses)) || buf_failed(&shown))
            fail_msg("row %zu:\n%.*s", i, TEXT_ARGS(buf_text(&shown)));
        message_free(message);
    }
}

/* A tag added to the second of two fields belongs to that one. */
static void names_the_field(void **state)
{
    struct message *message = message_new(0);
    struct signature signature = signature_over(message->region, "Subject");
    struct header_edit guesses[HEADER_GUESSES_MAX];
    const struct field *first = message_add_field(message, TEXT("Subject"), TEXT(" [a] one"));
    const struct field *second = message_add_field(message, TEXT("Subject"), TEXT(" [b] two"));

    (void)state;
    assert_int_equal(header_guesses(message->region, message, &signature, guesses), 3);
    assert_ptr_equal(guesses[0].field, second);
    assert_ptr_equal(guesses[1].field, first);
    assert_ptr_equal(guesses[2].field, second);
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guesses_in_order),
        cmocka_unit_test(names_the_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
