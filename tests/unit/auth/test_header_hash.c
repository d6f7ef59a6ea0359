/* Unit tests of auth/header_hash.c: which fields h= selects, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/header_hash.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"

enum { NAMES_MAX = 16 };

static struct message *message;

static int set_up(void **state)
{
    static const struct {
        const char *name, *value;
    } fields[] = {
        { "Received", "1" },       { "DKIM-Signature", "2" }, { "From", "3" },
        { "DKIM-Signature", "4" }, { "received", "5" },       { "Subject", "6" },
        { "RECEIVED ", "7" },      { "DKIM-Signature", "8" }, { "Subjec", "9" },
    };

    (void)state;
    message = message_new(0);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!message_add_field(message, text_of(fields[i].name), text_of(fields[i].value)))
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    message_free(message);
    return 0;
}

/* Cuts LIST ("a:b:c") into NAMES. */
static size_t names_of(const char *list, struct text names[NAMES_MAX])
{
    struct text rest = text_of(list);
    size_t count = 0;

    while (rest.len > 0) {
        names[count] = text_head(rest, text_find(rest, ':'));
        rest = text_tail(rest, names[count++].len + 1);
    }
    return count;
}

static void add_value(void *context, const struct field *field)
{
    buf_text_add(context, field->value);
}

/* Values as digits: "75" is the seventh field, then the fifth. */
static const struct {
    const char *names, *own, *selected;
} selections[] = {
    { "From", "2", "3" },
    { "from:SUBJECT", "2", "36" },
    { "Subject:From", "2", "63" },
    { "Received", "2", "7" },
    { "Received:Received", "2", "75" },
    { "Received:From:received:RECEIVED", "2", "7351" },
    { "Received:Received:Received:Received:From", "2", "7513" }, /* one more than there are */
    { "From:From", "2", "3" },
    { "Absent:From:Absent", "2", "3" },
    { "Subject:Subjec:Subjects", "2", "69" },
    /* never the signature itself */
    { "DKIM-Signature", "2", "8" },
    { "DKIM-Signature", "8", "4" },
    { "DKIM-Signature:DKIM-Signature", "4", "82" },
    { "DKIM-Signature:DKIM-Signature:DKIM-Signature", "2", "84" },
    { "DKIM-Signature:DKIM-Signature:DKIM-Signature", "8", "42" },
};

static const struct field *own_field(const char *value)
{
    const struct field *field = message->fields;

    while (field && !text_equal(field->value, text_of(value)))
        field = field->next;
    assert_non_null(field);
    return field;
}

/* All by one index: no selection leaves anything to the next. */
static void selects_bottom_up(void **state)
{
    struct header_index *index = header_index_new(message);

    (void)state;
    assert_non_null(index);
    for (size_t i = 0; i < sizeof selections / sizeof selections[0]; i++) {
        struct text names[NAMES_MAX];
        size_t count = names_of(selections[i].names, names);
        struct buf buf;

        buf_init(&buf, message->region, 100);
        header_select(index, names, count, own_field(selections[i].own), add_value, &buf);
        if (strcmp(buf_str(&buf), selections[i].selected) != 0)
            fail_msg("%s: %s", selections[i].names, buf_str(&buf));
    }
}

static void counts(void **state)
{
    struct header_index *index = header_index_new(message);

    (void)state;
    assert_int_equal(header_index_count(index, TEXT("Received")), 3);
    assert_int_equal(header_index_count(index, TEXT("from")), 1);
    assert_int_equal(header_index_count(index, TEXT("fro")), 0);
    assert_int_equal(header_index_count(index, TEXT("")), 0);
}

static void nothing_in_an_empty_header(void **state)
{
    struct message *empty = message_new(0);
    struct header_index *index = header_index_new(empty);
    const struct text from = TEXT("From");

    (void)state;
    assert_non_null(index);
    assert_int_equal(header_index_count(index, from), 0);
    header_select(index, &from, 1, NULL, add_value, NULL);
    message_free(empty);
}

/* What is digested: fields with CRLF, then the signature without b= and CRLF. */
static void digests_what_is_signed(void **state)
{
    static const struct {
        enum canonicalisation canon;
        struct text octets;
    } rows[] = {
        { CANON_SIMPLE, TEXT("Subject: a  b\r\nFrom : c\r\nDKIM-Signature: x; b=; y") },
        { CANON_RELAXED, TEXT("subject:a b\r\nfrom:c\r\ndkim-signature:x; b=; y") },
    };
    struct message *small = message_new(0);
    const struct field *own =
        message_add_field(small, TEXT("DKIM-Signature"), TEXT(" x; b= 1 ; y"));
    struct text names[] = { TEXT("subject"), TEXT("absent"), TEXT("from") };

    (void)state;
    message_add_field(small, TEXT("From "), TEXT(" c"));
    message_add_field(small, TEXT("Subject"), TEXT(" a  b"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct signature signature = { .header_canon = rows[i].canon,
                                             .signed_names = names,
                                             .signed_name_count = 3,
                                             .hole = { own->value.data + 6, 3 } };
        struct crypt_digest *digest = crypt_digest_new(small->region);
        sha256_value expected, got;

        crypt_digest_add(digest, rows[i].octets);
        crypt_digest_value(digest, expected);
        assert_true(header_hash(header_index_new(small), &signature, own, got));
        assert_memory_equal(got, expected, SHA256_OCTETS);
    }
    message_free(small);
}

/* As it stands in the list, whatever its fields were numbered. */
static void indexes_any_list(void **state)
{
    const struct field *fields[10];
    const struct text names[] = { TEXT("Received"), TEXT("Received"), TEXT("X-New"),
                                  TEXT("Subject"), TEXT("Received") };
    const struct text inserted[] = { TEXT("a"), TEXT("b"), TEXT("c") };
    struct region *region = message->region;
    struct header_index *index;
    size_t count = 0;
    struct buf buf;

    (void)state;
    fields[count++] = field_inserted(region, TEXT("Received"), inserted[0]);
    fields[count++] = field_inserted(region, TEXT("x-new"), inserted[1]);
    for (const struct field *f = message->fields; f; f = f->next)
        if (!field_is(f, TEXT("DKIM-Signature")) && !text_equal(f->value, TEXT("5")))
            fields[count++] = f;
    fields[count++] = field_inserted(region, TEXT("Subject"), inserted[2]);
    index = header_index_of(region, fields, count);
    assert_non_null(index);
    memset(fields, 0, sizeof fields); /* not kept */
    assert_int_equal(header_index_count(index, TEXT("DKIM-Signature")), 0);
    assert_int_equal(header_index_count(index, TEXT("Received")), 3);
    buf_init(&buf, region, 100);
    header_select(index, names, sizeof names / sizeof names[0], NULL, add_value, &buf);
    assert_string_equal(buf_str(&buf), "71 b c a");
}

static void inserted_fields_are_as_the_mta_makes_them(void **state)
{
    struct field *field =
        field_inserted(message->region, TEXT("DKIM-Signature"), TEXT("v=1;\n\ta=x;\r\n b"));

    (void)state;
    assert_true(text_equal(field->name, TEXT("DKIM-Signature")));
    assert_true(text_equal(field->label, TEXT("DKIM-Signature")));
    assert_true(text_equal(field->value, TEXT(" v=1;\r\n\ta=x;\r\n b")));
    assert_false(field->cut);
    field = field_inserted(message->region, TEXT("X"), TEXT(""));
    assert_true(text_equal(field->value, TEXT(" ")));
}

/* Signatures one after the other over one index: each has the digest that it has
 * over an index of its own, whether it covers what the one before covers or not. */
static void shares_nothing_that_differs(void **state)
{
    static const struct {
        enum canonicalisation canon;
        const char *names, *own;
    } rows[] = {
        { CANON_RELAXED, "From:Subject", "2" },
        { CANON_RELAXED, "from:SUBJECT", "4" },
        { CANON_SIMPLE, "From:Subject", "4" },
        { CANON_SIMPLE, "From:Subject", "4" },
        { CANON_SIMPLE, "Subject:From", "4" },
        { CANON_SIMPLE, "Subject", "4" },
        { CANON_SIMPLE, "DKIM-Signature", "4" },
        { CANON_SIMPLE, "DKIM-Signature", "8" },
        { CANON_SIMPLE, "DKIM-Signature", "8" },
        { CANON_SIMPLE, "", "8" },
    };
    struct header_index *shared = header_index_new(message);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text *names = region_array(message->region, NAMES_MAX, sizeof names[0]);
        const struct field *own = own_field(rows[i].own);
        const struct signature signature = {
            .header_canon = rows[i].canon,
            .signed_names = names,
            .signed_name_count = names_of(rows[i].names, names),
            .hole = { own->value.data, 0 },
        };
        sha256_value alone, together;

        assert_true(header_hash(header_index_new(message), &signature, own, alone));
        assert_true(header_hash(shared, &signature, own, together));
        if (memcmp(alone, together, SHA256_OCTETS) != 0)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_bottom_up),
        cmocka_unit_test(counts),
        cmocka_unit_test(nothing_in_an_empty_header),
        cmocka_unit_test(digests_what_is_signed),
        cmocka_unit_test(indexes_any_list),
        cmocka_unit_test(inserted_fields_are_as_the_mta_makes_them),
        cmocka_unit_test(shares_nothing_that_differs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
