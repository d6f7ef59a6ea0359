#include "auth/copied_fields.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/message.h"

enum {
    COPIES_MAX = 64, /* looked at */
    NAMES_OCTETS_MAX = 200,
};

static bool is_blank(char c)
{
    return octet_is_wsp(c) || c == '\r' || c == '\n';
}

static bool is_name_octet(char c)
{
    return c > ' ' && c < 0x7f && c != ':' && c != '|';
}

static int hex_value(char c)
{
    if (octet_is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* qp-hdr-value: OUT gets its octets without white space, encoded or not.  OUT
 * has room for T. */
static bool decode(struct text t, char *out, size_t *len)
{
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (c == '=') {
            int high = i + 2 < t.len ? hex_value(t.data[i + 1]) : -1;
            int low = i + 2 < t.len ? hex_value(t.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        }
        if (!is_blank(c))
            out[(*len)++] = c;
    }
    return true;
}

/* Whether VALUE without white space is WANTED. */
static bool is_same(struct text value, struct text wanted)
{
    size_t k = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (is_blank(value.data[i]))
            continue;
        if (k == wanted.len || value.data[i] != wanted.data[k++])
            return false;
    }
    return k == wanted.len;
}

static bool holds(const struct message *message, struct text name, struct text wanted)
{
    for (const struct field *f = message->fields; f; f = f->next)
        if (field_is(f, name) && is_same(f->value, wanted))
            return true;
    return false;
}

/* sig-z-tag-copy = hdr-name [FWS] ":" qp-hdr-value; ROOM takes the value. */
static bool copy(struct text t, char *room, struct text *name, struct text *value)
{
    struct cursor c = cursor_over(text_trim(t));
    size_t len = 0;

    *name = cursor_run(&c, is_name_octet);
    cursor_run(&c, is_blank);
    if (name->len == 0 || !cursor_take(&c, ':') || !decode(cursor_rest(&c), room, &len))
        return false;
    *value = (struct text){ room, len };
    return true;
}

struct text copied_fields_changed(const struct message *message, struct text copies)
{
    char *room = region_alloc(message->region, copies.len);
    struct buf names;

    buf_init(&names, message->region, NAMES_OCTETS_MAX);
    for (size_t i = 0; room && copies.len > 0 && i < COPIES_MAX; i++) {
        size_t len = text_find(copies, '|');
        struct text name, value;

        if (!copy(text_head(copies, len), room, &name, &value))
            return (struct text){ NULL, 0 };
        if (!holds(message, name, value)) {
            buf_add(&names, names.len ? ", " : "");
            buf_text_add(&names, name);
        }
        copies = text_tail(copies, len + 1);
    }
    return buf_text(&names);
}
