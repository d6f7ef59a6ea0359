#include "auth/base64.h"

#include <stdint.h>

#include "base/region.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_fws(char c)
{
    return octet_is_wsp(c) || c == '\r' || c == '\n';
}

/* The value of digit C, or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (octet_is_digit(c))
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

struct text base64_unfold(struct region *region, struct text t)
{
    char *out = region_alloc(region, t.len);
    size_t len = 0;

    if (!out)
        return (struct text){ NULL, 0 };
    for (size_t i = 0; i < t.len; i++)
        if (!is_fws(t.data[i]))
            out[len++] = t.data[i];
    return (struct text){ out, len };
}

/* Splits the unfolded T into its digits and its padding. */
static bool split_padding(struct text t, size_t *digits)
{
    size_t padding = 0;

    while (padding < t.len && t.data[t.len - padding - 1] == '=')
        padding++;
    *digits = t.len - padding;
    if (*digits % 4 == 1)
        return false;
    return padding == 0 || (t.len % 4 == 0 && padding <= 2);
}

bool base64_decode(struct region *region, struct text t, struct text *out)
{
    struct text unfolded = base64_unfold(region, t);
    size_t digits, len = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    char *octets;

    if (region_failed(region) || !split_padding(unfolded, &digits))
        return false;
    octets = region_alloc(region, digits / 4 * 3 + 3);
    if (!octets)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_value(unfolded.data[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            octets[len++] = (char)(unsigned char)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    if (bits != 0)
        return false;
    *out = (struct text){ octets, len };
    return true;
}

struct text base64_encode(struct region *region, struct text t)
{
    char *out = region_array(region, t.len / 3 + 1, 4);
    size_t len = 0;

    if (!out)
        return (struct text){ NULL, 0 };
    for (size_t i = 0; i < t.len; i += 3) {
        size_t count = t.len - i < 3 ? t.len - i : 3;
        uint32_t bits = 0;

        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < count ? (unsigned char)t.data[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            out[len++] = k <= count ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
    }
    return (struct text){ out, len };
}
