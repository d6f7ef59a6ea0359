/* reply.h: the SMTP replies of DESIGN §4, code and words in one place. */
#ifndef VIDIMUS_CORE_REPLY_H
#define VIDIMUS_CORE_REPLY_H

#include "core/verdict.h"

enum { REPLY_TEXT_MAX = 500 }; /* one SMTP line, with room for the MTA's own words */

enum reply_kind {
    REPLY_DMARC,          /* 550 5.7.26 */
    REPLY_SPF,            /* 550 5.7.23 */
    REPLY_BAD_FROM,       /* 550 5.7.1 */
    REPLY_NULL_MX,        /* 550 5.7.27 */
    REPLY_FLOOD,          /* 550 5.6.0 */
    REPLY_UNSIGNABLE,     /* 550 5.7.1 */
    REPLY_UNALIGNED,      /* 550 5.7.1 */
    REPLY_SPF_TEMPORARY,  /* 451 4.7.24 */
    REPLY_AUTH_TEMPORARY, /* 451 4.7.5 */
    REPLY_KEY_TEMPORARY,  /* 451 4.7.5 */
    REPLY_LOCAL           /* 451 4.3.0: our own trouble */
};

/* The reply of KIND.  FORMAT gives its text, cut to REPLY_TEXT_MAX, octets that
 * are not printable ASCII shown as '?'; when memory is exhausted, a plain one. */
struct reply reply_make(struct region *region, enum reply_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reply of KIND with its plain text: needs no memory. */
struct reply reply_plain(enum reply_kind kind);

#endif
