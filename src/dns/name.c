#include "dns/name_private.h"

#include <stdio.h>
#include <string.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

bool dns_name_add_label(struct dns_name *name, struct text label)
{
    /* one octet is kept for the root label */
    if (label.len == 0 || label.len > LABEL_MAX ||
        name->len + 1 + label.len + 1 > DNS_NAME_OCTETS_MAX)
        return false;
    name->octets[name->len++] = (uint8_t)label.len;
    for (size_t i = 0; i < label.len; i++)
        name->octets[name->len++] = (uint8_t)octet_lower(label.data[i]);
    return true;
}

bool dns_name_close(struct dns_name *name)
{
    if (name->len >= DNS_NAME_OCTETS_MAX)
        return false;
    name->octets[name->len++] = 0;
    return true;
}

bool dns_name_add_name(struct dns_name *name, const struct dns_name *suffix)
{
    if (name->len + suffix->len > DNS_NAME_OCTETS_MAX)
        return false;
    memcpy(name->octets + name->len, suffix->octets, suffix->len);
    name->len = (uint8_t)(name->len + suffix->len);
    return true;
}

bool dns_name_from_text(struct text t, struct dns_name *name)
{
    *name = (struct dns_name){ 0 };
    if (t.len > 0 && t.data[t.len - 1] == '.')
        t.len--;
    if (t.len == 0 || t.len > DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (octet_is_control(t.data[i]))
            return false;
    for (;;) {
        size_t dot = text_find(t, '.');

        if (!dns_name_add_label(name, text_head(t, dot)))
            return false;
        if (dot == t.len)
            return dns_name_close(name);
        t = (struct text){ t.data + dot + 1, t.len - dot - 1 };
    }
}

size_t dns_name_from_wire(const uint8_t *data, size_t len, struct dns_name *name)
{
    size_t at = 0;

    *name = (struct dns_name){ 0 };
    while (at < len && data[at] != 0) {
        size_t label = data[at];

        if (label > LABEL_MAX || label > len - at - 1 ||
            !dns_name_add_label(name, (struct text){ (const char *)data + at + 1, label }))
            return 0;
        at += 1 + label;
    }
    if (at == len || !dns_name_close(name))
        return 0;
    return at + 1;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

bool dns_name_parent(const struct dns_name *name, struct dns_name *parent)
{
    size_t first = 1u + name->octets[0];

    *parent = (struct dns_name){ 0 };
    if (name->len <= 1)
        return false;
    parent->len = (uint8_t)(name->len - first);
    memcpy(parent->octets, name->octets + first, parent->len);
    return true;
}

static bool is_plain(uint8_t c)
{
    return octet_is_alpha((char)c) || octet_is_digit((char)c) || c == '-' || c == '_';
}

static bool is_visible(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '.' && c != '\\';
}

/* Dotted text, where ACCEPT is true for every octet of every label. */
static bool to_text(const struct dns_name *name, bool (*accept)(uint8_t), domain_name out)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t at = 0; at < name->len && name->octets[at] != 0;) {
        size_t label = name->octets[at++];

        if (used > 0)
            out[used++] = '.';
        for (size_t i = 0; i < label; i++, at++) {
            if (!accept(name->octets[at])) {
                out[0] = '\0';
                return false;
            }
            out[used++] = (char)name->octets[at];
        }
    }
    out[used] = '\0';
    return true;
}

bool dns_name_to_domain(const struct dns_name *name, domain_name out)
{
    return to_text(name, is_plain, out);
}

bool dns_name_to_visible(const struct dns_name *name, domain_name out)
{
    return to_text(name, is_visible, out);
}

const char *dns_name_format(const struct dns_name *name, char out[DNS_NAME_TEXT_SIZE])
{
    char *to = out;

    for (size_t at = 0; at < name->len && name->octets[at] != 0;) {
        size_t label = name->octets[at++];

        for (size_t i = 0; i < label; i++, at++) {
            uint8_t c = name->octets[at];

            if (is_plain(c) || c == '*')
                *to++ = (char)c;
            else
                to += sprintf(to, "\\%03u", c);
        }
        *to++ = '.';
    }
    if (to == out)
        *to++ = '.';
    *to = '\0';
    return out;
}

/* Chosen at first use.  Two threads that race here agree on what is stored. */
static uint64_t hash_seed(void)
{
    static _Atomic uint64_t seed;
    uint64_t known = atomic_load(&seed);
    uint64_t fresh;

    if (known != 0)
        return known;
    if (getrandom(&fresh, sizeof fresh, GRND_NONBLOCK) != (ssize_t)sizeof fresh)
        fresh = (uint64_t)time(NULL) ^ (uint64_t)(uintptr_t)&seed;
    fresh |= 1;
    return atomic_compare_exchange_strong(&seed, &known, fresh) ? fresh : known;
}

uint32_t dns_name_hash(const struct dns_name *name, unsigned type)
{
    uint64_t hash = hash_seed() ^ type;

    for (size_t i = 0; i < name->len; i++) {
        hash = (hash ^ name->octets[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash >> 32) ^ (uint32_t)hash;
}
