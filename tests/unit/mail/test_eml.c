/* Unit tests of mail/eml.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "mail/author.h"
#include "mail/eml.h"
#include "mail/message.h"

#define OF(literal) { literal, sizeof(literal) - 1 }

/* What was handed over, as text: "name|value\n" each, "--\n", body. */
static void write_field(void *context, struct text name, struct text value)
{
    buf_text_add(context, name);
    buf_char(context, '|');
    buf_text_add(context, value);
    buf_char(context, '\n');
}

static void write_end_of_header(void *context)
{
    buf_add(context, "--\n");
}

static void write_body(void *context, struct text chunk)
{
    assert_true(chunk.len > 0);
    buf_text_add(context, chunk);
}

static const struct {
    struct text file, told;
} files[] = {
    { OF(""), OF("--\n") },
    { OF("\n"), OF("--\n") },
    { OF("\r\n"), OF("--\n") },
    { OF("A: b\r\nC:d\r\n\r\nbody\r\n"), OF("A| b\nC|d\n--\nbody\r\n") },
    { OF("A: b\nC:d\n\nbody\n\nmore\n"), OF("A| b\nC|d\n--\nbody\r\n\r\nmore\r\n") },
    { OF("A: b\r\n\r\nno end"), OF("A| b\n--\nno end") },
    { OF("A: b"), OF("A| b\n--\n") },
    { OF("A: b\r\n"), OF("A| b\n--\n") },
    { OF("A:\r\n\r\n"), OF("A|\n--\n") },
    { OF("A: b\r\n\tc\r\n d \r\nE: f\r\n\r\n"), OF("A| b\r\n\tc\r\n d \nE| f\n--\n") },
    { OF("A: b\n c\n\n"), OF("A| b\n c\n--\n") },
    { OF("A: b\n \n\n"), OF("A| b\n \n--\n") },
    { OF("A \t: b\n\n"), OF("A \t| b\n--\n") },
    { OF("A::b:\n\n"), OF("A|:b:\n--\n") },
    { OF("A: b\0c\n\nd\0e"), OF("A| b\0c\n--\nd\0e") },
    { OF("A: b\rc\r\n\r\nd\re\r\r\n"), OF("A| b\rc\n--\nd\re\r\r\n") },
    { OF("From x@y Mon\nA: b\n\nc\n"), OF("A| b\n--\nc\r\n") },
    { OF("From : b\nA: b\n\n"), OF("A| b\n--\n") },
    { OF("A: b\nFrom : c\n\n"), OF("A| b\nFrom | c\n--\n") },
    { OF("A: b\nFrom x@y Mon\n\nc\n"), OF("A| b\n--\nFrom x@y Mon\r\n\r\nc\r\n") },
    /* what is no field is the body's first line */
    { OF(" A: b\nC: d\n\n"), OF("--\n A: b\r\nC: d\r\n\r\n") },
    { OF("A: b\nFrom\n : c\n\nd"), OF("A| b\n--\nFrom\r\n : c\r\n\r\nd") },
    { OF("A: b\nno colon\nC: d\n"), OF("A| b\n--\nno colon\r\nC: d\r\n") },
    { OF("A: b\n: c\n"), OF("A| b\n--\n: c\r\n") },
    { OF("A: b\nC d: e\n"), OF("A| b\n--\nC d: e\r\n") },
    { OF("A: b\nC\0: e\n"), OF("A| b\n--\nC\0: e\r\n") },
    { OF("A: b\nC\xc3\xbc: e\n"), OF("A| b\n--\nC\xc3\xbc: e\r\n") },
    { OF("A: b\n\r\r\nc"), OF("A| b\n--\n\r\r\nc") },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct region *region = region_new(0);
        struct buf told;
        const struct eml_handler handler = { &told, write_field, write_end_of_header, write_body };

        buf_init(&told, region, 1000);
        eml_read(files[i].file, &handler);
        if (!text_equal(buf_text(&told), files[i].told))
            fail_msg("%s: %s", files[i].file.data, buf_str(&told));
        region_free(region);
    }
}

static void add_field(void *context, struct text name, struct text value)
{
    message_add_field(context, name, value);
}

static void no_end_of_header(void *context)
{
    (void)context;
}

static void no_body(void *context, struct text chunk)
{
    (void)context;
    (void)chunk;
}

/* Headers in which readers find different From fields (the Composition Kills
 * paper): none of them has an author whom only some readers see. */
static const struct {
    struct text header;
    enum author_status status;
} ambiguous[] = {
    { OF("From: <a@attack.com>\r\nFrom: <b@legitimate.com>\r\n"), AUTHOR_MANY_FIELDS },
    { OF(" From: <a@attack.com>\r\nFrom: <b@legitimate.com>\r\n"), AUTHOR_NO_FIELD },
    { OF("From: <a@attack.com>\r\nFrom : <b@legitimate.com>\r\n"), AUTHOR_MANY_FIELDS },
    { OF("From\r\n : <a@attack.com>\r\nFrom: <b@legitimate.com>\r\n"), AUTHOR_NO_FIELD },
    { OF("From: <a@attack.com>\r\nFrom\r\n : <b@legitimate.com>\r\n"), AUTHOR_OK },
    { OF("From\r\n : <a@attack.com>\r\nSender: <b@legitimate.com>\r\n"), AUTHOR_NO_FIELD },
    { OF("Resent-From: <b@legitimate.com>\r\n"), AUTHOR_NO_FIELD },
    { OF("From: <a@attack.com>\0<b@legitimate.com>\r\n"), AUTHOR_UNPARSABLE },
    { OF("Subject: x\r\nFrom: \r\n <a@attack.com>\r\n"), AUTHOR_OK },
};

static void ambiguous_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ambiguous / sizeof *ambiguous; i++) {
        struct message *message = message_new(0);
        const struct eml_handler handler = { message, add_field, no_end_of_header, no_body };
        struct author author;

        eml_read(ambiguous[i].header, &handler);
        author_of(message, &author);
        if (author.status != ambiguous[i].status)
            fail_msg("%s: %s", ambiguous[i].header.data,
                     name_of(author_status_names, (int)author.status));
        message_free(message);
    }
}

static void count_octets(void *context, struct text chunk)
{
    size_t *octets = context;

    assert_in_range(chunk.len, 1, 65536);
    *octets += chunk.len;
}

static void no_field(void *context, struct text name, struct text value)
{
    (void)context;
    (void)name;
    (void)value;
}

/* Every alignment of line ends and chunk ends. */
static void big_body(void **state)
{
    const size_t size = 8 << 20;
    char *data = malloc(size);
    size_t octets = 0;
    const struct eml_handler handler = { &octets, no_field, no_end_of_header, count_octets };

    (void)state;
    assert_non_null(data);
    data[0] = '\n';
    for (size_t i = 1; i < size; i++)
        data[i] = i % 3 ? '\n' : 'x';
    eml_read((struct text){ data, size }, &handler);
    assert_int_equal(octets, size - 1 + (size - 1) - (size - 1) / 3);
    octets = 0;
    for (size_t i = 1; i < size; i++)
        data[i] = "\r\nx"[i % 3];
    eml_read((struct text){ data, size }, &handler);
    assert_int_equal(octets, size - 1 + 1); /* the first '\n' has no '\r' before it */
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(ambiguous_headers),
        cmocka_unit_test(big_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
