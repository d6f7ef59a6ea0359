/* Unit tests of mail/message.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/region.h"
#include "../../lib/message_fixture.h"

static struct field *add(const char *name, const char *value)
{
    return message_add_field(message, text_of(name), text_of(value));
}

/* Fields whose names nobody else has. */
static void add_distinct(int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "X-%d", i);
        add(name, " x");
    }
}

static void fields_and_indexes(void **state)
{
    struct field *field;

    (void)state;
    add("Received", " one");
    add("Subject \t", " two");
    field = add("RECEIVED", " three");
    assert_int_equal(field->index, 2);
    assert_int_equal(message->field_count, 3);
    field = field_find(message->fields, TEXT("subject"));
    assert_non_null(field);
    assert_int_equal(field->index, 1);
    assert_true(text_equal(field->name, TEXT("Subject")));
    assert_true(text_equal(field->value, TEXT(" two")));
    assert_null(field_find(field->next, TEXT("subject")));
    assert_true(text_equal(field_find(field, TEXT("received"))->value, TEXT(" three")));
    assert_null(field_find(message->fields, TEXT("Receive")));
}

static void line_ends(void **state)
{
    (void)state;
    assert_true(text_equal(add("A", "\n a\r\n b\n\n c\rd")->value,
                           TEXT("\r\n a\r\n b\r\n\r\n c\rd")));
    assert_true(text_equal(message_add_field(message, TEXT("B"), TEXT(" a\0b"))->value,
                           TEXT(" a\0b")));
    assert_int_equal(add("C", "")->value.len, 0);
}

static void field_too_long(void **state)
{
    static char value[FIELD_OCTETS_MAX + 10];
    struct field *field;

    (void)state;
    memset(value, 'x', sizeof value);
    field = message_add_field(message, TEXT("A"), (struct text){ value, FIELD_OCTETS_MAX - 1 });
    assert_false(field->cut);
    assert_int_equal(field->value.len, FIELD_OCTETS_MAX - 1);
    field = message_add_field(message, TEXT("A"), (struct text){ value, FIELD_OCTETS_MAX });
    assert_true(field->cut);
    assert_int_equal(field->value.len, FIELD_OCTETS_MAX - 1);
    field = message_add_field(message, (struct text){ value, sizeof value }, TEXT("v"));
    assert_true(field->cut);
    assert_int_equal(field->name.len, FIELD_OCTETS_MAX);
}

static void kept_names_pass_the_cap(void **state)
{
    struct field *field;

    (void)state;
    message_keep(message, TEXT("X-Spam-Flag"));
    add("Authentication-Results", " one");
    add_distinct(15000);
    assert_int_equal(message->field_count, MESSAGE_FIELDS_MAX);
    assert_true(message->fields_capped);
    assert_null(add("Subject", " lost"));
    assert_null(add("X-0", " lost"));
    field = add("authentication-RESULTS", " two");
    assert_non_null(field);
    assert_int_equal(field->index, 2);
    assert_int_equal(add("x-spam-flag", " YES")->index, 1);
    assert_int_equal(add("ARC-Seal", " i=1")->index, 1);
    assert_int_equal(add("From", " a@b")->index, 1);
    assert_int_equal(message->from_count, 1);
    assert_int_equal(message->field_count, MESSAGE_FIELDS_MAX + 4);
    assert_false(message->fields_flooded);
}

static void flood(void **state)
{
    (void)state;
    for (int i = 0; i < MESSAGE_FIELDS_MAX + MESSAGE_KEPT_MAX; i++)
        assert_int_equal(add("From", " a@b")->index, i + 1);
    assert_true(message->fields_capped);
    assert_false(message->fields_flooded);
    assert_null(add("Subject", ""));
    assert_false(message->fields_flooded);
    assert_null(add("From", " a@b"));
    assert_true(message->fields_flooded);
    assert_int_equal(message->from_count, MESSAGE_FIELDS_MAX + MESSAGE_KEPT_MAX + 1);
}

static void under_the_cap(void **state)
{
    (void)state;
    add_distinct(MESSAGE_FIELDS_MAX);
    assert_int_equal(message->field_count, MESSAGE_FIELDS_MAX);
    assert_false(message->fields_capped);
}

static void envelope(void **state)
{
    char raw[] = "<u@example.org>";

    (void)state;
    assert_int_equal(message->mail_from.kind, PATH_MALFORMED);
    message_set_mail_from(message, text_of(raw));
    message_add_recipient(message, text_of(raw));
    message_add_recipient(message, TEXT("<(x>"));
    memset(raw, 'x', sizeof raw);
    assert_string_equal(message->mail_from.domain, "example.org");
    assert_true(text_equal(message->mail_from.local_part, TEXT("u")));
    assert_int_equal(message->recipient_count, 2);
    assert_true(text_equal(message->recipients->path.local_part, TEXT("u")));
    assert_int_equal(message->recipients->next->path.kind, PATH_MALFORMED);
    assert_null(message->recipients->next->next);
}

/* Memory that runs out at any point latches and crashes nothing. */
static void memory_exhausted(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 8000; limit += 37) {
        struct message *small = message_new(limit);

        if (!small)
            continue;
        for (int i = 0; i < 200; i++) {
            char name[16];

            snprintf(name, sizeof name, "A%d", i);
            message_add_field(small, text_of(name), TEXT(" value"));
            message_add_recipient(small, TEXT("<u@example.org>"));
        }
        message_set_mail_from(small, TEXT("<u@example.org>"));
        assert_true(region_failed(small->region));
        message_free(small);
    }
    message_free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(fields_and_indexes), TEST(line_ends),     TEST(field_too_long),
        TEST(kept_names_pass_the_cap), TEST(flood),    TEST(under_the_cap),
        TEST(envelope),           TEST(memory_exhausted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
