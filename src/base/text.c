#include "base/text.h"

#include <string.h>

#include "base/region.h"

struct text text_of(const char *s)
{
    return (struct text){ s, s ? strlen(s) : 0 };
}

bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool text_equal_nocase(struct text a, struct text b)
{
    return a.len == b.len && text_starts_nocase(a, b);
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

struct text text_head(struct text t, size_t len)
{
    return (struct text){ t.data, len < t.len ? len : t.len };
}

struct text text_tail(struct text t, size_t from)
{
    if (from >= t.len)
        return (struct text){ NULL, 0 };
    return (struct text){ t.data + from, t.len - from };
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
