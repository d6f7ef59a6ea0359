#include "mail/eml.h"

#include "base/cursor.h"

enum { CHUNK_SIZE = 8192 };

/* ftext (RFC 5322 §2.2): what a field name is made of. */
static bool is_name_octet(char c)
{
    return c > ' ' && c < 0x7f && c != ':';
}

/* Takes the rest of the line with its line end; the text is without it. */
static struct text line(struct cursor *c)
{
    struct text rest = cursor_rest(c);
    size_t len = text_find(rest, '\n');

    c->at += len < rest.len ? len + 1 : len;
    if (len < rest.len && len > 0 && rest.data[len - 1] == '\r')
        len--;
    return text_head(rest, len);
}

static bool empty_line(struct cursor *c)
{
    struct cursor ahead = *c;

    cursor_take(&ahead, '\r');
    if (!cursor_take(&ahead, '\n'))
        return false;
    *c = ahead;
    return true;
}

/* field-name *WSP ":" unstructured, with its continuation lines. */
static bool field(struct cursor *c, struct text *label, struct text *value)
{
    struct cursor ahead = *c;
    struct text last;
    const char *start;

    if (cursor_run(&ahead, is_name_octet).len == 0)
        return false;
    cursor_run(&ahead, octet_is_wsp);
    *label = cursor_since(&ahead, c->at);
    if (!cursor_take(&ahead, ':'))
        return false;
    start = ahead.at;
    do
        last = line(&ahead);
    while (!cursor_done(&ahead) && octet_is_wsp(*ahead.at));
    *value = (struct text){ start, (size_t)(last.data + last.len - start) };
    *c = ahead;
    return true;
}

/* The separator line of an mbox. */
static void mbox_line(struct cursor *c)
{
    struct text start = text_head(cursor_rest(c), 5);

    if (text_equal(start, TEXT("From ")))
        line(c);
}

static void body(struct cursor *c, const struct eml_handler *handler)
{
    char chunk[CHUNK_SIZE];
    size_t len = 0;
    bool after_cr = false;

    while (!cursor_done(c)) {
        char octet = *c->at++;

        if (len > CHUNK_SIZE - 2) {
            handler->body(handler->context, (struct text){ chunk, len });
            len = 0;
        }
        if (octet == '\n' && !after_cr)
            chunk[len++] = '\r';
        chunk[len++] = octet;
        after_cr = octet == '\r';
    }
    if (len > 0)
        handler->body(handler->context, (struct text){ chunk, len });
}

struct text eml_fields(struct text data, eml_field_fn *each, void *context)
{
    struct cursor c = cursor_over(data);
    struct text label, value;

    mbox_line(&c);
    while (field(&c, &label, &value))
        each(context, label, value);
    return cursor_rest(&c);
}

void eml_read(struct text data, const struct eml_handler *handler)
{
    struct cursor c = cursor_over(eml_fields(data, handler->field, handler->context));

    empty_line(&c);
    handler->end_of_header(handler->context);
    body(&c, handler);
}

static void pass_over(void *context, struct text label, struct text value)
{
    (void)context, (void)label, (void)value;
}

struct text eml_rest(struct text data)
{
    return eml_fields(data, pass_over, NULL);
}
