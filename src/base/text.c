#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/region.h"

bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool text_equal_nocase(struct text a, struct text b)
{
    return a.len == b.len && text_starts_nocase(a, b);
}

int text_compare_nocase(struct text a, struct text b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        unsigned char x = (unsigned char)octet_lower(a.data[i]);
        unsigned char y = (unsigned char)octet_lower(b.data[i]);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool text_starts_nocase(struct text t, struct text prefix)
{
    if (t.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (octet_lower(t.data[i]) != octet_lower(prefix.data[i]))
            return false;
    return true;
}

bool text_all(struct text t, bool (*accept)(char))
{
    for (size_t i = 0; i < t.len; i++)
        if (!accept(t.data[i]))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return octet_is_wsp(c) || c == '\r' || c == '\n';
}

struct text text_trim(struct text t)
{
    while (t.len > 0 && is_blank(t.data[0])) {
        t.data++;
        t.len--;
    }
    while (t.len > 0 && is_blank(t.data[t.len - 1]))
        t.len--;
    return t;
}

size_t text_find(struct text t, char c)
{
    const char *found = t.len ? memchr(t.data, (unsigned char)c, t.len) : NULL;

    return found ? (size_t)(found - t.data) : t.len;
}

char *text_dup(struct region *region, struct text t)
{
    char *copy = region_alloc(region, t.len + 1);

    if (!copy)
        return NULL;
    if (t.len)
        memcpy(copy, t.data, t.len);
    copy[t.len] = '\0';
    return copy;
}

bool text_to_uint(struct text t, unsigned long long max, unsigned long long *value)
{
    unsigned long long v = 0;

    if (t.len == 0)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        unsigned digit;

        if (!octet_is_digit(t.data[i]))
            return false;
        digit = (unsigned)(t.data[i] - '0');
        if (digit > max || v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

/* How many octets at the start of T are ASCII. */
static size_t ascii_length(struct text t)
{
    const uint64_t top_bits = UINT64_C(0x8080808080808080);
    size_t i = 0;
    uint64_t octets;

    for (; t.len - i >= sizeof octets; i += sizeof octets) {
        memcpy(&octets, t.data + i, sizeof octets);
        if (octets & top_bits)
            break;
    }
    while (i < t.len && (unsigned char)t.data[i] < 0x80)
        i++;
    return i;
}

bool text_is_ascii(struct text t)
{
    return ascii_length(t) == t.len;
}

/* Octets of the well-formed UTF-8 character at the start of T, 0 if there is
 * none.  The second octet's range excludes long forms, surrogates and what
 * lies beyond U+10FFFF (RFC 3629 §4). */
static size_t utf8_length(struct text t)
{
    static const struct {
        unsigned char first, last; /* of the first octet */
        unsigned char low, high;   /* of the second octet */
        unsigned char length;
    } forms[] = {
        { 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    const unsigned char *octets = (const unsigned char *)t.data;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t length = forms[i].length;

        if (octets[0] < forms[i].first || octets[0] > forms[i].last)
            continue;
        if (length > t.len)
            return 0;
        if (length > 1 && (octets[1] < forms[i].low || octets[1] > forms[i].high))
            return 0;
        for (size_t j = 2; j < length; j++)
            if ((octets[j] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

bool text_is_utf8(struct text t)
{
    while ((t = text_tail(t, ascii_length(t))).len > 0) {
        size_t length = utf8_length(t);

        if (length == 0)
            return false;
        t = text_tail(t, length);
    }
    return true;
}
