#include "cli/stored_envelope.h"

#include <string.h>
#include <time.h>

#include "config/config.h"
#include "mail/eml.h"

enum { DATE_OCTETS = 64 };

/* --- one Received field (RFC 5321 section 4.4) ------------------------------- */

/* Where the word W, with a blank or parenthesis on both sides, stands in T; T.len: nowhere. */
static size_t find_word(struct text t, struct text w)
{
    for (size_t i = 0; i + w.len < t.len; i++) {
        if (i > 0 && strchr(" \t\r\n(", t.data[i - 1]) &&
            strchr(" \t\r\n;", t.data[i + w.len]) &&
            text_equal_nocase(text_head(text_tail(t, i), w.len), w))
            return i;
    }
    return t.len;
}

static struct text word_at(struct text t)
{
    size_t len = 0;

    t = text_trim(t);
    while (len < t.len && !strchr(" \t\r\n();", t.data[len]))
        len++;
    return text_head(t, len);
}

/* The first address in brackets. */
static struct ip_address address_in(struct text t)
{
    struct ip_address ip = { .family = IP_NONE };

    while (t.len > 0 && ip.family == IP_NONE) {
        t = text_tail(t, text_find(t, '[') + 1);
        (void)ip_parse(text_head(t, text_find(t, ']')), &ip);
    }
    return ip;
}

/* "helo=name" in a comment is Exim's; in front stands what it found in DNS. */
static struct text helo_in(struct text from)
{
    static const char exims[] = "helo=";

    for (size_t i = 0; i + sizeof exims <= from.len; i++)
        if (text_starts_nocase(text_tail(from, i), TEXT("helo=")))
            return word_at(text_tail(from, i + sizeof exims - 1));
    return word_at(from);
}

/* "with ESMTPSA": the A of RFC 3848. */
static bool tells_authentication(struct text value)
{
    static const char *const protocols[] = { "ESMTPA", "ESMTPSA", "LMTPA", "LMTPSA",
                                             "UTF8SMTPA", "UTF8SMTPSA" };
    size_t with = find_word(value, TEXT("with"));
    struct text protocol = word_at(text_tail(value, with + 4));

    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (text_equal_nocase(protocol, text_of(protocols[i])))
            return true;
    return false;
}

/* RFC 5322 §3.3; zones by name are UTC (§4.3), which most are; -1: none. */
static int64_t date_in(struct text value)
{
    static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z",
                                         "%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S" };
    char line[DATE_OCTETS];
    size_t semicolon = value.len;

    while (semicolon > 0 && value.data[semicolon - 1] != ';')
        semicolon--;
    value = text_trim(text_tail(value, semicolon));
    if (semicolon == 0 || value.len == 0 || value.len >= sizeof line)
        return -1;
    memcpy(line, value.data, value.len);
    line[value.len] = '\0';
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = { .tm_isdst = 0 };
        long offset;

        if (!strptime(line, forms[i], &tm))
            continue;
        offset = tm.tm_gmtoff;
        return (int64_t)timegm(&tm) - offset;
    }
    return -1;
}

/* "for <a@b>" */
static struct text recipient_in(struct text value)
{
    struct text rest = text_trim(text_tail(value, find_word(value, TEXT("for")) + 3));
    size_t end = text_find(rest, '>');

    if (rest.len == 0 || rest.data[0] != '<' || end == rest.len)
        return (struct text){ NULL, 0 };
    return text_head(rest, end + 1);
}

void received_parse(struct text value, struct stored_envelope *e)
{
    struct text t = text_trim(value);
    struct text from;

    e->client = (struct ip_address){ .family = IP_NONE };
    e->helo = (struct text){ NULL, 0 };
    e->received = date_in(value);
    e->authenticated = tells_authentication(value);
    if (!e->recipient.data)
        e->recipient = recipient_in(value);
    if (!text_starts_nocase(t, TEXT("from ")))
        return;
    from = text_head(text_tail(t, 5), find_word(text_tail(t, 5), TEXT("by")));
    e->client = address_in(from);
    e->helo = helo_in(from);
}

/* --- the fields on top ------------------------------------------------------- */

struct reading {
    struct stored_envelope *envelope;
    const struct networks *inside;
    bool found; /* the field of the first of our hosts */
};

static bool is_inside(const struct reading *r, const struct ip_address *ip)
{
    return ip->family == IP_NONE || ip_is_loopback(ip) || networks_have(r->inside, ip);
}

static void take_received(struct reading *r, struct text value)
{
    struct stored_envelope *e = r->envelope;
    struct stored_envelope seen = *e;

    received_parse(value, &seen);
    if (is_inside(r, &seen.client) && !seen.authenticated) {
        e->received = e->received < 0 ? seen.received : e->received;
        e->recipient = seen.recipient;
        e->inside = true;
        return;
    }
    if (e->received >= 0) /* the delivery's: when it came in is earlier by a moment */
        seen.received = e->received;
    *e = seen;
    e->inside = false;
    e->ours = e->fields;
    r->found = true;
}

static void on_field(void *context, struct text label, struct text value)
{
    struct reading *r = context;
    struct stored_envelope *e = r->envelope;
    struct text name = text_trim(label);

    e->fields++;
    if (r->found)
        return;
    if (text_equal_nocase(name, TEXT("Received")))
        take_received(r, value);
    else if (text_equal_nocase(name, TEXT("Return-Path")) && !e->mail_from.data)
        e->mail_from = text_trim(value);
    else if (text_equal_nocase(name, TEXT("X-Original-To")) ||
             (text_equal_nocase(name, TEXT("Delivered-To")) && !e->recipient.data))
        e->recipient = text_trim(value);
}

void stored_envelope_read(struct text message, const struct networks *inside,
                          struct stored_envelope *envelope)
{
    struct reading r = { envelope, inside, false };

    *envelope = (struct stored_envelope){ .received = -1 };
    eml_fields(message, on_field, &r);
}
