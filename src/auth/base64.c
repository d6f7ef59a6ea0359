#include "auth/base64.h"

#include <stdint.h>

#include "base/region.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One more than the value of each digit. */
static const unsigned char digit_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

struct text base64_unfold(struct region *region, struct text t)
{
    char *out = region_alloc(region, t.len);
    size_t len = 0;

    if (!out)
        return (struct text){ NULL, 0 };
    for (size_t i = 0; i < t.len; i++)
        if (!octet_is_fws(t.data[i]))
            out[len++] = t.data[i];
    return (struct text){ out, len };
}

/* What stands in a text so far. */
struct decoder {
    unsigned char *out; /* the next octet */
    uint32_t bits;      /* of the digits since the last whole group of four */
    size_t digits, padding;
};

/* Puts the three octets of four digits; returns what is behind them. */
static unsigned char *put_group(unsigned char *out, uint32_t bits)
{
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
    return out + 3;
}

/* Takes the next octet of the text. */
static bool take(struct decoder *d, char c)
{
    unsigned digit = digit_values[(unsigned char)c];

    if (digit == 0) {
        d->padding += c == '=';
        return c == '=' || octet_is_fws(c);
    }
    d->bits = d->bits << 6 | (digit - 1);
    if (++d->digits % 4 == 0) {
        d->out = put_group(d->out, d->bits);
        d->bits = 0;
    }
    return d->padding == 0;
}

/* Takes the whole groups at the start of T, where one begins: nearly all there is.
 * Returns their octets. */
static size_t take_groups(struct decoder *d, struct text t)
{
    const unsigned char *in = (const unsigned char *)t.data;
    unsigned char *out = d->out;
    size_t i = 0;

    if (d->digits % 4 != 0 || d->padding > 0)
        return 0;
    for (; t.len - i >= 4; i += 4) {
        unsigned first = digit_values[in[i]], second = digit_values[in[i + 1]];
        unsigned third = digit_values[in[i + 2]], fourth = digit_values[in[i + 3]];

        if (!first || !second || !third || !fourth)
            break;
        out = put_group(out, (first - 1) << 18 | (second - 1) << 12 | (third - 1) << 6 |
                             (fourth - 1));
    }
    d->out = out;
    d->digits += i;
    return i;
}

/* The octets of a last group that is not whole; its bits beyond them must be 0. */
static bool take_rest(struct decoder *d)
{
    size_t rest = d->digits % 4;

    if (rest == 1 || (d->padding > 0 && ((d->digits + d->padding) % 4 != 0 || d->padding > 2)))
        return false;
    d->bits <<= 6 * (4 - rest) % 24;
    for (size_t i = 1; i < rest; i++) {
        *d->out++ = (unsigned char)(d->bits >> 16);
        d->bits = d->bits << 8 & 0xffffff;
    }
    return d->bits == 0;
}

bool base64_decode(struct region *region, struct text t, struct text *out)
{
    unsigned char *octets = region_alloc(region, t.len / 4 * 3 + 3);
    struct decoder d = { .out = octets };

    if (!octets)
        return false;
    while ((t = text_tail(t, take_groups(&d, t))).len > 0) {
        if (!take(&d, t.data[0]))
            return false;
        t = text_tail(t, 1);
    }
    if (!take_rest(&d))
        return false;
    *out = (struct text){ (const char *)octets, (size_t)(d.out - octets) };
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
