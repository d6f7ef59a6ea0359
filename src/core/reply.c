#include "core/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/region.h"

static const struct reply plain[] = {
    [REPLY_DMARC] = { 550, "5.7.26", "Message rejected per DMARC policy" },
    [REPLY_SPF] = { 550, "5.7.23", "SPF validation failed" },
    [REPLY_BAD_FROM] = { 550, "5.7.1", "From field does not name one author" },
    [REPLY_NULL_MX] = { 550, "5.7.27", "Sender domain accepts no mail (null MX)" },
    [REPLY_FLOOD] = { 550, "5.6.0", "Message rejected: too many header fields" },
    [REPLY_UNSIGNABLE] = { 550, "5.7.1", "Message cannot be DKIM-signed" },
    [REPLY_UNALIGNED] = { 550, "5.7.1", "No DKIM key here is for the author's domain" },
    [REPLY_SPF_TEMPORARY] = { 451, "4.7.24", "Temporary error in SPF validation" },
    [REPLY_AUTH_TEMPORARY] = { 451, "4.7.5", "Temporary error in DKIM or DMARC validation" },
    [REPLY_KEY_TEMPORARY] = { 451, "4.7.5", "Message cannot be DKIM-signed at present" },
    [REPLY_LOCAL] = { 451, "4.3.0", "Temporary local problem" },
};

struct reply reply_plain(enum reply_kind kind)
{
    return plain[kind];
}

struct reply reply_make(struct region *region, enum reply_kind kind, const char *format, ...)
{
    struct reply reply = plain[kind];
    char line[REPLY_TEXT_MAX + 1];
    const char *text;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *at = line; *at; at++)
        if (octet_is_control(*at) || (unsigned char)*at > 0x7e)
            *at = '?';
    text = text_dup(region, text_of(line));
    if (text)
        reply.text = text;
    return reply;
}
