/* Fuzzes eml_read() into a message: names and values lie in the input in
 * order, the header ends once, nothing of the body gets lost. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/author.h"
#include "mail/eml.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
    struct message *message;
    const char *at, *end;
    size_t from_count;
    size_t body_lines;
    int headers_ended;
};

static void field(void *context, struct text label, struct text value)
{
    struct reader *reader = context;

    if (reader->headers_ended || label.len == 0 || label.data < reader->at ||
        value.data < label.data + label.len || value.data + value.len > reader->end)
        abort();
    reader->at = value.data + value.len;
    message_add_field(reader->message, label, value);
    while (octet_is_wsp(label.data[label.len - 1]))
        label.len--;
    reader->from_count += text_equal_nocase(label, TEXT("From"));
}

static void end_of_header(void *context)
{
    struct reader *reader = context;

    reader->headers_ended++;
}

static void body(void *context, struct text chunk)
{
    struct reader *reader = context;

    if (!reader->headers_ended || chunk.len == 0)
        abort();
    for (size_t i = 0; i < chunk.len; i++) {
        reader->body_lines += chunk.data[i] == '\n';
        if (chunk.data[i] == '\n' && i > 0 && chunk.data[i - 1] != '\r')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text whole = { (const char *)data, size };
    struct reader reader = { message_new(1 << 24), whole.data, whole.data + size, 0, 0, 0 };
    const struct eml_handler handler = { &reader, field, end_of_header, body };
    struct author author;
    size_t lines = 0;

    if (!reader.message)
        return 0;
    eml_read(whole, &handler);
    for (const char *c = reader.at; c < reader.end; c++)
        lines += *c == '\n';
    if (reader.headers_ended != 1 || reader.body_lines > lines ||
        reader.message->from_count != reader.from_count)
        abort();
    for (struct field *f = reader.message->fields; f; f = f->next)
        if (f->index == 0 || field_find(f, f->name) != f)
            abort();
    author_of(reader.message, &author);
    message_free(reader.message);
    return 0;
}
