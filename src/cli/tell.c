#include "cli/tell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"

enum { WIDTH = 90, WORD_MIN = 20, HANG = 2, ESCAPED_OCTETS = 4 };

static const char out_of_memory[] = "(out of memory)";

static bool is_plain(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || (c != '\0' && strchr("-._@/+:<>", c));
}

const char *quoted(const struct teller *teller, struct text t)
{
    struct buf out;
    const char *text;

    buf_init(&out, teller->region, ESCAPED_OCTETS * t.len + sizeof "\"\"");
    buf_char(&out, '"');
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] < ' ' || t.data[i] > '~' || t.data[i] == '\\' || t.data[i] == '"')
            buf_printf(&out, "\\%03o", (unsigned)(unsigned char)t.data[i]);
        else
            buf_char(&out, t.data[i]);
    }
    buf_char(&out, '"');
    text = buf_str(&out);
    return text ? text : out_of_memory;
}

const char *told(const struct teller *teller, struct text t)
{
    const char *text;

    if (t.len == 0 || !text_all(t, is_plain))
        return quoted(teller, t);
    text = text_dup(teller->region, t);
    return text ? text : out_of_memory;
}

/* How much of TEXT goes on a line of ROOM octets: up to its last space, but a
 * word that would leave a line almost empty is cut. */
static size_t line_length(const char *text, size_t room)
{
    size_t len = strlen(text);

    if (len <= room)
        return len;
    for (len = room; len > WORD_MIN && text[len] != ' ';)
        len--;
    return text[len] == ' ' ? len : room;
}

void tell(const struct teller *teller, unsigned indent, const char *format, ...)
{
    const char *margin = teller->margin ? teller->margin : "";
    size_t width = WIDTH - strlen(margin);
    char *text = NULL;
    const char *at;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        region_fail(teller->region);
        fputs("(out of memory)\n", teller->out);
        return;
    }
    at = text;
    do {
        size_t in = at == text ? indent : indent + HANG;
        size_t take = line_length(at, width - in);

        fprintf(teller->out, "%s%*s%.*s\n", margin, (int)in, "", (int)take, at);
        at += take;
        at += *at == ' ';
    } while (*at);
    free(text);
}
