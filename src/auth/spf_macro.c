#include "auth/spf_macro.h"

#include <stdio.h>
#include <string.h>

#include "auth/spf_record.h"
#include "base/cursor.h"
#include "base/ip.h"

enum {
    NAME_KEPT = SPF_EXPANSION_MAX / 2, /* of a name, when there is no more room */
    VALUE_MAX = SPF_LOCAL_PART_MAX + 1 + DOMAIN_MAX
};

_Static_assert(NAME_KEPT > DOMAIN_MAX + 1, "a name and its trailing dot are never cut short");

/* Room for a value that does not stand anywhere as it is. */
typedef char value_room[VALUE_MAX + 1];

static const char unknown[] = "unknown";

/* --- the builder --- */

static void put(struct spf_expansion *out, char c)
{
    if (out->len == SPF_EXPANSION_MAX) {
        if (out->explanation) {
            out->failed = true;
            return;
        }
        memmove(out->octets, out->octets + out->len - NAME_KEPT, NAME_KEPT);
        out->len = NAME_KEPT;
    }
    out->octets[out->len++] = c;
}

static void put_text(struct spf_expansion *out, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        put(out, t.data[i]);
}

/* unreserved of RFC 3986 §2.3 */
static bool is_unreserved(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_escaped(struct spf_expansion *out, struct text t)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < t.len; i++) {
        unsigned char octet = (unsigned char)t.data[i];

        if (is_unreserved(t.data[i])) {
            put(out, t.data[i]);
        } else {
            put(out, '%');
            put(out, digits[octet >> 4]);
            put(out, digits[octet & 0xf]);
        }
    }
}

struct text spf_expansion_text(const struct spf_expansion *expansion)
{
    return (struct text){ expansion->octets, expansion->len };
}

/* --- what each letter stands for (§7.2) --- */

static struct text sender(const struct spf_macros *macros, value_room room)
{
    struct text local_part = macros->request->local_part;
    int len;

    if (local_part.len > SPF_LOCAL_PART_MAX)
        return (struct text){ NULL, 0 };
    memcpy(room, local_part.data, local_part.len);
    len = snprintf(room + local_part.len, VALUE_MAX + 1 - local_part.len, "@%s",
                   macros->request->domain);
    return (struct text){ room, local_part.len + (size_t)len };
}

static struct text local_part(const struct spf_macros *macros, value_room room)
{
    struct text t = macros->request->local_part;

    (void)room;
    return t.len > SPF_LOCAL_PART_MAX ? (struct text){ NULL, 0 } : t;
}

static struct text sender_domain(const struct spf_macros *macros, value_room room)
{
    (void)room;
    return text_of(macros->request->domain);
}

static struct text domain(const struct spf_macros *macros, value_room room)
{
    (void)room;
    return text_of(macros->domain);
}

/* Dotted: the octets of IPv4, the nibbles of IPv6. */
static struct text address(const struct spf_macros *macros, value_room room)
{
    const struct ip_address *client = &macros->request->client;
    int len = 0;

    if (client->family == IP_V4)
        return text_of(ip_format(client, room));
    for (size_t i = 0; i < sizeof client->octets; i++)
        len += snprintf(room + len, (size_t)(VALUE_MAX + 1 - len), "%s%X.%X", i > 0 ? "." : "",
                        (unsigned)client->octets[i] >> 4, client->octets[i] & 0xfu);
    return text_of(room);
}

static struct text readable_address(const struct spf_macros *macros, value_room room)
{
    return text_of(ip_format(&macros->request->client, room));
}

static struct text reverse_zone(const struct spf_macros *macros, value_room room)
{
    (void)room;
    return macros->request->client.family == IP_V4 ? TEXT("in-addr") : TEXT("ip6");
}

static struct text validated_name(const struct spf_macros *macros, value_room room)
{
    const char *name;

    (void)room;
    if (!macros->validated)
        return (struct text){ NULL, 0 };
    name = macros->validated(macros->context, macros->domain);
    return text_of(name ? name : unknown);
}

static struct text helo(const struct spf_macros *macros, value_room room)
{
    (void)room;
    return text_of(macros->request->helo ? macros->request->helo : unknown);
}

static struct text receiver(const struct spf_macros *macros, value_room room)
{
    const char *name = macros->request->receiver;

    (void)room;
    return text_of(name && *name ? name : unknown);
}

static struct text timestamp(const struct spf_macros *macros, value_room room)
{
    snprintf(room, VALUE_MAX + 1, "%lld", (long long)macros->request->now);
    return text_of(room);
}

static const struct letter {
    char letter;
    bool local_part; /* tells the sender's local part */
    /* The value, maybe in ROOM; with no data when there is none. */
    struct text (*value)(const struct spf_macros *macros, value_room room);
} letters[] = {
    { 's', true, sender },
    { 'l', true, local_part },
    { 'o', false, sender_domain },
    { 'd', false, domain },
    { 'i', false, address },
    { 'p', false, validated_name },
    { 'v', false, reverse_zone },
    { 'h', false, helo },
    { 'c', false, readable_address },
    { 'r', false, receiver },
    { 't', false, timestamp },
};

static const struct letter *letter_of(char c)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].letter == c)
            return &letters[i];
    return NULL;
}

/* --- transformers and delimiters (§7.3) --- */

struct delimiters {
    bool is[256];
};

static struct delimiters delimiters_of(const struct spf_macro_part *part)
{
    struct text t = part->delimiters.len > 0 ? part->delimiters : TEXT(".");
    struct delimiters delimiters = { { false } };

    for (size_t i = 0; i < t.len; i++)
        delimiters.is[(unsigned char)t.data[i]] = true;
    return delimiters;
}

static bool is_delimiter(const struct delimiters *delimiters, char c)
{
    return delimiters->is[(unsigned char)c];
}

static size_t count_labels(struct text value, const struct delimiters *delimiters)
{
    size_t count = 1;

    for (size_t i = 0; i < value.len; i++)
        count += is_delimiter(delimiters, value.data[i]);
    return count;
}

/* Cuts the first label off *REST, with the delimiter after it. */
static struct text first_label(struct text *rest, const struct delimiters *delimiters)
{
    struct text label = { rest->data, 0 };

    while (label.len < rest->len && !is_delimiter(delimiters, rest->data[label.len]))
        label.len++;
    *rest = text_tail(*rest, label.len + 1);
    return label;
}

/* Cuts the last label off *REST, with the delimiter before it. */
static struct text last_label(struct text *rest, const struct delimiters *delimiters)
{
    size_t start = rest->len;
    struct text label;

    while (start > 0 && !is_delimiter(delimiters, rest->data[start - 1]))
        start--;
    label = text_tail(*rest, start);
    rest->len = start > 0 ? start - 1 : 0;
    return label;
}

/* VALUE split at the delimiters, turned round, its right-hand labels, joined
 * with dots, escaped: in this order. */
static void put_transformed(struct spf_expansion *out, const struct spf_macro_part *part,
                            struct text value)
{
    struct delimiters delimiters = delimiters_of(part);
    size_t count = count_labels(value, &delimiters);
    size_t skip = part->keep > 0 && part->keep < count ? count - part->keep : 0;
    struct text rest = value;

    for (size_t i = 0; i < count; i++) {
        struct text label = part->reverse ? last_label(&rest, &delimiters)
                                          : first_label(&rest, &delimiters);

        if (i > skip)
            put(out, '.');
        if (i >= skip && part->escape)
            put_escaped(out, label);
        else if (i >= skip)
            put_text(out, label);
    }
}

/* --- macro-strings --- */

static bool put_macro(struct spf_expansion *out, const struct spf_macros *macros,
                      const struct spf_macro_part *part)
{
    const struct letter *letter = letter_of(part->letter);
    value_room room;
    struct text value;

    if (!letter || (letter->local_part && !out->explanation &&
                    !text_is_ascii(macros->request->local_part)))
        return false;
    value = letter->value(macros, room);
    if (!value.data || value.len > SPF_VALUES_MAX - out->values)
        return false;
    out->values += value.len;
    put_transformed(out, part, value);
    return !out->failed;
}

/* A macro-string; in an explanation, SP stands between them. */
static bool put_string(struct spf_expansion *out, const struct spf_macros *macros, struct text t)
{
    struct cursor c = cursor_over(t);
    struct spf_macro_part part;

    for (;;) {
        switch (spf_macro_next(&c, &part)) {
        case MACRO_PART:
            if (part.literal.len > 0)
                put_text(out, part.literal);
            else if (!put_macro(out, macros, &part))
                return false;
            break;
        case MACRO_END:
            return !out->failed;
        case MACRO_ERROR:
            if (!out->explanation || !cursor_take(&c, ' '))
                return false;
            put(out, ' ');
            break;
        }
    }
}

static void begin(struct spf_expansion *out, bool explanation)
{
    out->len = 0;
    out->values = 0;
    out->failed = false;
    out->explanation = explanation;
}

bool spf_expand_name(const struct spf_macros *macros, struct text spec, struct spf_expansion *out)
{
    begin(out, false);
    return put_string(out, macros, spec);
}

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

bool spf_expand_explanation(const struct spf_macros *macros, struct text explanation,
                            struct spf_expansion *out)
{
    begin(out, true);
    return put_string(out, macros, explanation) && out->len <= SPF_EXPLANATION_MAX &&
           text_all(spf_expansion_text(out), is_printable);
}

bool spf_macro_uses(struct text t, char letter)
{
    struct cursor c = cursor_over(t);
    struct spf_macro_part part;

    while (spf_macro_next(&c, &part) == MACRO_PART)
        if (part.letter == letter)
            return true;
    return false;
}
