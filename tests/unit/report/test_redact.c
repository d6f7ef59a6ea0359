/* Unit tests of redaction: local parts, and the header that strangers may see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "mail/message.h"
#include "report/redact_header.h"
#include "tests/lib/region_fixture.h"

static const struct redactor redactor = { .key = "0123456789abcdef0123456789abcde", .keyed = true };

/* RFC 2104 with Python: hmac.digest(key, b"alice", "sha256"), base64url, 16 octets. */
#define ALICE "qcxlcfwcDXuhLwXy"

static void local_parts(void **state)
{
    const struct redactor other = { .key = "another", .keyed = true }, none = { .keyed = false };
    char a[REDACTED_SIZE], b[REDACTED_SIZE];

    (void)state;
    assert_string_equal(redact_local_part(&redactor, TEXT("alice"), a), ALICE);
    assert_string_not_equal(a, redact_local_part(&redactor, TEXT("alicf"), b));
    assert_string_not_equal(a, redact_local_part(&other, TEXT("alice"), b));
    assert_string_equal(redact_local_part(&redactor, TEXT(""), a), "");
    assert_string_equal(redact_local_part(&none, TEXT("alice"), a), "redacted");
}

/* ALICE in WANTED stands for what alice is shown as; * for any such word. */
static bool is_as_wanted(const char *got, const char *wanted)
{
    while (*wanted) {
        if (*wanted == '*') {
            if (strspn(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") <
                REDACTED_OCTETS)
                return false;
            got += REDACTED_OCTETS;
            wanted++;
        } else if (*got++ != *wanted++) {
            return false;
        }
    }
    return !*got;
}

static void check(const char *given, const char *got, const char *wanted)
{
    if (!is_as_wanted(got, wanted))
        fail_msg("%s\ngave:   %s\nwanted: %s", given, got, wanted);
}

static void addresses(void **state)
{
    static const struct {
        const char *given, *wanted;
    } cases[] = {
        { "nobody here", "nobody here" },
        { "<alice@example.org>", "<" ALICE "@example.org>" },
        { "alice@a.example, bob@b.example", ALICE "@a.example, *@b.example" },
        { "\"alice b\"@example.org", "*@example.org" },
        { "\"al\\\"ice\"smith@example.org", "*@example.org" },
        { "alice @ example.org", ALICE " @ example.org" },
        { "alice\r\n @example.org", ALICE "\r\n @example.org" },
        { "bounce-alice=example.org@list.example", "*@list.example" },
        { "a@b@c", "*@*@c" },
        { "\"alice@example.org\" <x>", "\"\" <x>" },
        { "\"Alice\" <x>", "\"Alice\" <x>" },
        { "\"never closed@", "\"\"" },
        { "@", "@" },
        { "mailto:alice@example.org", "mailto:" ALICE "@example.org" },
        { "\xc3\xa4@example.org", "*@example.org" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;

        buf_init(&out, region, 1000);
        redact_addresses(&out, &redactor, text_of(cases[i].given));
        check(cases[i].given, buf_str(&out), cases[i].wanted);
    }
}

static const char *shown(const char *name, const char *value, bool subject)
{
    struct message *m = message_new(0);
    const char *header;

    assert_non_null(m);
    assert_non_null(message_add_field(m, text_of(name), text_of(value)));
    header = redact_header(region, &redactor, m->fields, subject);
    message_free(m);
    assert_non_null(header);
    return header;
}

static void fields(void **state)
{
    static const struct {
        const char *name, *value, *wanted;
    } cases[] = {
        { "from", " Alice Smith <alice@Example.ORG>", "From: <" ALICE "@example.org>\n" },
        { "From", " \"alice@example.org\" <bob@example.org>", "From: <*@example.org>\n" },
        { "From", " alice@example.org (Alice Smith)", "From: <" ALICE "@example.org>\n" },
        { "From", " a.b@example.org", "From: <*@example.org>\n" },
        { "From", " Alice", "From:\n" },
        { "To", " friends: alice@a.example, B <b@[192.0.2.1]>;",
          "To: <" ALICE "@a.example>, <*@invalid>\n" },
        { "Message-ID", " <alice@example.org>", "Message-ID: <" ALICE "@example.org>\n" },
        { "Subject", " Product launch", "" },
        { "X-Originating-User", " alice", "" },
        { "Received-SPF", " pass", "" },
        { "Bcc", " <alice@example.org>", "" },
        { "Authentication-Results", " mx; auth=pass smtp.auth=alice", "" },
        { "Content-Type", " application/pdf; name=\"alice.pdf\"",
          "Content-Type: application/pdf\n" },
        { "DKIM-Signature", " v=1; d=example.org; i=alice@example.org; z=From:alice; b=AA==",
          "DKIM-Signature: v=1; d=example.org; i=" ALICE "@example.org; b=AA==;\n" },
        { "DKIM-Signature", " v=1; Z = From:alice", "DKIM-Signature: v=1;\n" },
        { "Received",
          " from mail.example (helo.example [192.0.2.1]) (Authenticated sender: alice)\r\n"
          "\tby mx.example (Postfix) with ESMTPSA id 4Ln7\r\n\tfor <alice@example.org>; Tue",
          "Received: from mail.example (helo.example [192.0.2.1]) by mx.example with\n"
          "\tESMTPSA id 4Ln7 for <" ALICE "@example.org>; Tue\n" },
        { "Received", " from alice by mx.example", "Received: from redacted by mx.example\n" },
        { "Received", " from x.example (((((", "Received: from x.example\n" },
        { "Received", " from x.example (alice@[192.0.2.1])",
          "Received: from x.example (" ALICE "@[192.0.2.1])\n" },
        { "Date", " Tue, 1\x01\xff", "Date: Tue, 1??\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(cases[i].value, shown(cases[i].name, cases[i].value, false), cases[i].wanted);
    assert_string_equal(shown("Subject", " Product  launch", true), "Subject: Product launch\n");
}

/* Hostile headers stay within bounds. */
static void bounds(void **state)
{
    struct message *m = message_new(0);
    char *value = malloc(FIELD_OCTETS_MAX);
    size_t lines = 0;
    const char *header;

    (void)state;
    assert_non_null(m);
    assert_non_null(value);
    memset(value, 'x', FIELD_OCTETS_MAX);
    message_add_field(m, TEXT("Message-ID"), (struct text){ value, FIELD_OCTETS_MAX - 1 });
    message_add_field(m, TEXT("Date"), (struct text){ value, 2000 });
    for (int i = 0; i < 500; i++)
        message_add_field(m, TEXT("References"), TEXT(" <short@id.example>"));
    header = redact_header(region, &redactor, m->fields, false);
    assert_non_null(header);
    assert_true(strlen(header) <= REDACTED_HEADER_MAX);
    for (const char *at = header, *end; *at; at = end + 1, lines++) {
        end = strchr(at, '\n');
        assert_non_null(end);
        assert_true(end - at <= 998);
    }
    assert_in_range(lines, 50, REDACTED_FIELDS_MAX + 1);
    assert_null(strstr(header, "Message-ID"));
    free(value);
    message_free(m);
}

static void key_file(void **state)
{
    char path[] = "/tmp/vidimus-redact-XXXXXX", error[256];
    struct redactor first, second;
    struct stat st;
    int directory;

    (void)state;
    assert_non_null(mkdtemp(path));
    directory = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(redactor_open(&first, directory, "key", error, sizeof error));
    assert_int_equal(fstatat(directory, "key", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(redactor_open(&second, directory, "key", error, sizeof error));
    assert_memory_equal(first.key, second.key, sizeof first.key);
    assert_int_equal(fchmodat(directory, "key", 0640, 0), 0);
    assert_false(redactor_open(&second, directory, "key", error, sizeof error));
    assert_non_null(strstr(error, "chmod 600"));
    assert_true(second.keyed);
    assert_memory_not_equal(first.key, second.key, sizeof first.key);
    assert_int_equal(fchmodat(directory, "key", 0600, 0), 0);
    assert_int_equal(truncate(strcat(strcpy(error, path), "/key"), 31), 0);
    assert_false(redactor_open(&second, directory, "key", error, sizeof error));
    assert_int_equal(unlinkat(directory, "key", 0), 0);
    close(directory);
    assert_int_equal(rmdir(path), 0);
    assert_false(redactor_open(&second, -1, "key", error, sizeof error));
    assert_true(second.keyed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_parts), cmocka_unit_test(addresses), cmocka_unit_test(fields),
        cmocka_unit_test(bounds),      cmocka_unit_test(key_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
