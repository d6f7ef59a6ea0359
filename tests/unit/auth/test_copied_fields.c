/* Unit tests of auth/copied_fields.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/copied_fields.h"
#include "base/region.h"
#include "mail/message.h"

static const struct {
    struct text copies, changed;
} rows[] = {
    { TEXT(""), TEXT("") },
    { TEXT("From:a@example.org|Subject:Hello=20you"), TEXT("") },
    { TEXT("from:a@example.org|\r\n\tSUBJECT : Hello=20\r\n you"), TEXT("") },
    { TEXT("Subject:=20Hello=0D=0A=20you"), TEXT("") },
    { TEXT("From:a@example.org|Subject:hello=20you"), TEXT("Subject") },
    { TEXT("From:b@example.org|Subject:Hello=20yo"), TEXT("From, Subject") },
    { TEXT("Subject:Hello=20youth"), TEXT("Subject") },
    { TEXT("Date:now"), TEXT("Date") },
    { TEXT("To:two"), TEXT("") }, /* either of several */
    { TEXT("To:one|To:three"), TEXT("To") },
    { TEXT("X-Pipe:a=7Cb"), TEXT("") },
    /* malformed: nothing is said */
    { TEXT("Date"), TEXT("") },
    { TEXT("|"), TEXT("") },
    { TEXT("Date:=2"), TEXT("") },
    { TEXT("Date:=2x"), TEXT("") },
    { TEXT("Date:="), TEXT("") },
    { TEXT("Da te:now"), TEXT("") },
};

static void names_what_changed(void **state)
{
    static const struct {
        struct text name, value;
    } fields[] = {
        { TEXT("From"), TEXT(" a@example.org") }, { TEXT("Subject"), TEXT(" Hello\r\n you ") },
        { TEXT("To"), TEXT(" one") },             { TEXT("To"), TEXT(" two") },
        { TEXT("X-Pipe"), TEXT(" a|b") },
    };
    struct message *message = message_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        message_add_field(message, fields[i].name, fields[i].value);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text changed = copied_fields_changed(message, rows[i].copies);

        if (!text_equal(changed, rows[i].changed))
            fail_msg("%.*s: %.*s", TEXT_ARGS(rows[i].copies), TEXT_ARGS(changed));
    }
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_what_changed) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
