/* Macro expansion on any octets, beside a plain one that keeps everything.
 *
 * Input: lines.  Local part, HELO name, validated name, then the macro-string,
 * which is all the rest.  The first octet of the input chooses the client and
 * whether there is a validated name. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf_macro.h"
#include "auth/spf_record.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"
#include "spf_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAIN_MAX = 1 << 22, LABELS_MAX = 8192 };

static const char *validated(void *context, const char *domain)
{
    (void)domain;
    return context;
}

/* --- the plain expansion --- */

static bool is_sender_letter(char letter)
{
    return letter == 's' || letter == 'l';
}

static void plain_value(struct buf *out, const struct spf_macros *macros, char letter)
{
    const struct spf_request *request = macros->request;
    bool v4 = request->client.family == IP_V4;
    char address[IP_TEXT_SIZE];

    ip_format(&request->client, address);
    switch (letter) {
    case 's':
    case 'l':
        buf_text_add(out, request->local_part);
        buf_add(out, letter == 's' ? "@" : "");
        buf_add(out, letter == 's' ? request->domain : "");
        break;
    case 'o':
        buf_add(out, request->domain);
        break;
    case 'd':
        buf_add(out, macros->domain);
        break;
    case 'p':
        buf_add(out, macros->context ? macros->context : "unknown");
        break;
    case 'v':
        buf_add(out, v4 ? "in-addr" : "ip6");
        break;
    case 'h':
        buf_add(out, request->helo ? request->helo : "unknown");
        break;
    case 'r':
        buf_add(out, request->receiver);
        break;
    case 't':
        buf_printf(out, "%lld", (long long)request->now);
        break;
    case 'c':
        buf_add(out, address);
        break;
    case 'i':
        if (v4)
            buf_add(out, address);
        for (size_t i = 0; !v4 && i < 32; i++)
            buf_printf(out, "%s%X", i ? "." : "",
                       (unsigned)request->client.octets[i / 2] >> (i % 2 ? 0 : 4) & 0xf);
        break;
    default:
        abort();
    }
}

static size_t split(struct text value, struct text delimiters, struct text labels[LABELS_MAX])
{
    size_t count = 0, start = 0;

    for (size_t i = 0; i <= value.len; i++)
        if (i == value.len || text_find(delimiters, value.data[i]) < delimiters.len) {
            labels[count++] = (struct text){ value.data + start, i - start };
            start = i + 1;
        }
    return count;
}

static void plain_label(struct buf *out, struct text label, bool escape)
{
    for (size_t i = 0; i < label.len; i++) {
        char c = label.data[i];

        if (!escape || octet_is_alpha(c) || octet_is_digit(c) || (c && strchr("-._~", c)))
            buf_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* Returns the length of the value. */
static size_t plain_macro(struct buf *out, const struct spf_macros *macros, struct region *region,
                          const struct spf_macro_part *part)
{
    static struct text labels[LABELS_MAX];
    struct buf value;
    size_t count;

    buf_init(&value, region, LABELS_MAX - 1);
    plain_value(&value, macros, part->letter);
    count = split(buf_text(&value), part->delimiters.len ? part->delimiters : TEXT("."), labels);
    for (size_t i = part->keep > 0 && part->keep < count ? count - part->keep : 0, n = 0;
         i < count; i++, n++) {
        buf_add(out, n > 0 ? "." : "");
        plain_label(out, labels[part->reverse ? count - 1 - i : i], part->escape);
    }
    return buf_text(&value).len;
}

/* False as spf_expand_name() and spf_expand_explanation() say false, but for
 * the bound of an explanation. */
static bool plain(struct buf *out, const struct spf_macros *macros, struct region *region,
                  struct text t, bool explanation)
{
    struct text local_part = macros->request->local_part;
    struct cursor c = cursor_over(t);
    struct spf_macro_part part;
    size_t values = 0;

    while (!cursor_done(&c)) {
        if (explanation && cursor_take(&c, ' ')) {
            buf_char(out, ' ');
            continue;
        }
        if (spf_macro_next(&c, &part) != MACRO_PART)
            return false;
        if (is_sender_letter(part.letter) &&
            (local_part.len > SPF_LOCAL_PART_MAX || (!explanation && !text_is_ascii(local_part))))
            return false;
        if (part.literal.len > 0)
            buf_text_add(out, part.literal);
        else
            values += plain_macro(out, macros, region, &part);
    }
    return values <= SPF_VALUES_MAX;
}

/* --- */

static void expect(bool true_thing)
{
    if (!true_thing)
        abort();
}

static void try_name(const struct spf_macros *macros, struct region *region, struct text t)
{
    domain_name name, wanted;
    struct spf_expansion expansion;
    struct buf all;
    bool ok;

    buf_init(&all, region, PLAIN_MAX);
    ok = plain(&all, macros, region, t, false);
    if (buf_failed(&all))
        return;
    expect(spf_expand_name(macros, t, &expansion) == ok);
    if (!ok)
        return;
    expect(spf_target_name(buf_text(&all), wanted) ==
           spf_target_name(spf_expansion_text(&expansion), name));
    expect(strcmp(name, wanted) == 0);
}

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static void try_explanation(const struct spf_macros *macros, struct region *region, struct text t)
{
    struct spf_expansion expansion;
    struct buf all;
    bool ok;

    buf_init(&all, region, PLAIN_MAX);
    ok = plain(&all, macros, region, t, true) && !buf_failed(&all) &&
         all.len <= SPF_EXPLANATION_MAX && text_all(buf_text(&all), is_printable);
    expect(spf_expand_explanation(macros, t, &expansion) == ok);
    expect(!ok || text_equal(spf_expansion_text(&expansion), buf_text(&all)));
}

static struct text line(struct cursor *c)
{
    struct text t = cursor_run(c, in_line);

    cursor_take(c, '\n');
    return t;
}

/* A C string, as request and answers hold them. */
static const char *string(struct region *region, struct text t)
{
    return text_dup(region, text_head(text_head(t, text_find(t, '\0')), DOMAIN_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct region *region = region_new(0);
    struct spf_request request = { .domain = "sender.f", .receiver = "mx.f", .now = 1 };
    struct spf_macros macros = { &request, "d.sender.f", validated, NULL };
    struct cursor c;

    if (size > 0) {
        c = cursor_over((struct text){ (const char *)data + 1, size - 1 });
        request.client = case_client(data[0]);
        request.local_part = line(&c);
        request.helo = string(region, line(&c));
        if (data[0] & 4)
            macros.context = (void *)(uintptr_t)string(region, line(&c));
        if (data[0] & 8)
            request.helo = NULL;
        try_name(&macros, region, cursor_rest(&c));
        try_explanation(&macros, region, cursor_rest(&c));
    }
    region_free(region);
    return 0;
}
