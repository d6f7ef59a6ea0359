#include "auth/copied_fields.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/message.h"

enum { NAMES_OCTETS_MAX = 200 };

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

/* qp-hdr-value: OUT gets its octets; white space counts where it is encoded.
 * OUT has room for T. */
static bool decode(struct text t, char *out, size_t *len)
{
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (octet_is_fws(c))
            continue;
        if (c == '=') {
            int high = i + 2 < t.len ? hex_value(t.data[i + 1]) : -1;
            int low = i + 2 < t.len ? hex_value(t.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        }
        out[(*len)++] = c;
    }
    return true;
}

static size_t skip_blanks(struct text t, size_t at)
{
    while (at < t.len && octet_is_fws(t.data[at]))
        at++;
    return at;
}

/* Whether A and B are the same, white space aside. */
static bool is_same(struct text a, struct text b)
{
    size_t i = skip_blanks(a, 0), k = skip_blanks(b, 0);

    while (i < a.len && k < b.len) {
        if (a.data[i] != b.data[k])
            return false;
        i = skip_blanks(a, i + 1);
        k = skip_blanks(b, k + 1);
    }
    return i == a.len && k == b.len;
}

bool copied_field_stands(const struct message *message, const struct copied_field *copy)
{
    for (const struct field *f = message->fields; f; f = f->next)
        if (field_is(f, copy->name) && is_same(f->value, copy->value))
            return true;
    return false;
}

/* sig-z-tag-copy = hdr-name [FWS] ":" qp-hdr-value */
bool copied_field_next(struct region *region, struct text *copies, struct copied_field *copy)
{
    size_t len = text_find(*copies, '|');
    struct cursor c = cursor_over(text_trim(text_head(*copies, len)));
    char *room = region_alloc(region, len + 1);
    size_t value_len = 0;

    if (!room)
        return false;
    copy->name = cursor_run(&c, is_name_octet);
    cursor_run(&c, octet_is_fws);
    if (copy->name.len == 0 || !cursor_take(&c, ':') ||
        !decode(cursor_rest(&c), room, &value_len))
        return false;
    copy->value = (struct text){ room, value_len };
    *copies = text_tail(*copies, len + 1);
    return true;
}

struct text copied_fields_changed(const struct message *message, struct text copies)
{
    struct copied_field copy;
    struct buf names;

    buf_init(&names, message->region, NAMES_OCTETS_MAX);
    for (size_t i = 0; copies.len > 0 && i < COPIED_FIELDS_MAX; i++) {
        if (!copied_field_next(message->region, &copies, &copy))
            return (struct text){ NULL, 0 };
        if (!copied_field_stands(message, &copy)) {
            buf_add(&names, names.len ? ", " : "");
            buf_text_add(&names, copy.name);
        }
    }
    return buf_text(&names);
}
