/* author.h: the author domain, from the From field (RFC 5322 §3.6.2, §4,
 * RFC 6854 groups; RFC 9989 §5.3.1).
 *
 * Liberal in what real software writes (dots and specials in phrases, raw
 * 8-bit names, comments anywhere, obsolete routes, trailing blanks), strict
 * about who the author is: where a mail reader could show another address
 * than the one judged (text after an angle-addr, backslash outside quotes,
 * encoded words as address, comments with '@' or '<' inside an address), the
 * field is AUTHOR_UNPARSABLE.  An address before an angle-addr, unquoted, is an
 * author's too: "a@x.org <a@x.org>" has one domain, "a@x.org <b@y.org>" two.
 * Display names in quotes or encoded words are not looked into.
 * Linear in the length of the field; nesting is bounded.
 */
#ifndef VIDIMUS_MAIL_AUTHOR_H
#define VIDIMUS_MAIL_AUTHOR_H

#include <stddef.h>

#include "base/names.h"
#include "mail/domain.h"

struct message;

enum { AUTHOR_DOMAINS_MAX = 10 };

enum author_status {
    AUTHOR_OK,          /* exactly one domain (one or several mailboxes) */
    AUTHOR_SEVERAL,     /* 2..AUTHOR_DOMAINS_MAX distinct domains, all listed */
    AUTHOR_TOO_MANY,    /* more distinct domains than that; the first listed */
    AUTHOR_NO_FIELD,    /* no From field */
    AUTHOR_MANY_FIELDS, /* more than one From field */
    AUTHOR_NO_MAILBOX,  /* From holds no mailbox (empty, empty group) */
    AUTHOR_NO_DOMAIN,   /* a mailbox without a usable domain: bare local part,
                           address literal, name that IDNA refuses */
    AUTHOR_UNPARSABLE
};

extern const struct name author_status_names[]; /* "ok", "several-domains", … */

struct author {
    enum author_status status;
    size_t count; /* of domains; 0 unless OK, SEVERAL or TOO_MANY */
    domain_name domains[AUTHOR_DOMAINS_MAX]; /* distinct, in order of appearance */
    /* Of the only mailbox, as written, in the parsed field; empty: there are
     * several, or none with a domain. */
    struct text local_part;
};

/* Parses one From field body (folding included) into *AUTHOR. */
void author_parse(struct text value, struct author *author);

/* The author of MESSAGE: looks at all its From fields. */
void author_of(const struct message *message, struct author *author);

#endif
