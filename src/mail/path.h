/* path.h: the argument of MAIL FROM and RCPT TO (RFC 5321 §4.1.2).
 *
 * The MTA hands the argument as the client sent it, so it is hostile text
 * ("<(any@legit>", "<a@b(c>", "<a@b'@c>", raw CR).  Tolerated, because none of
 * them makes the domain doubtful: missing angle brackets, blanks around the
 * address and inside the local part, dots anywhere in it, an empty one, a
 * source route (dropped), UTF-8.  An '@' outside quotes may occur only once.
 */
#ifndef VIDIMUS_MAIL_PATH_H
#define VIDIMUS_MAIL_PATH_H

#include "base/text.h"
#include "mail/domain.h"

enum path_kind {
    PATH_ADDRESS,  /* local part and domain */
    PATH_NULL,     /* "<>" (or nothing at all) */
    PATH_LOCAL,    /* a local part alone, e.g. "postmaster" */
    PATH_LITERAL,  /* local part at an address literal: no domain to judge */
    PATH_MALFORMED /* not RFC 5321 syntax, or a domain that DNS cannot hold: no
                      identity may be taken from it (SPF: none, RFC 7208 §4.3) */
};

struct path {
    enum path_kind kind;
    struct text local_part; /* into the parsed text; quotes kept; may be empty */
    domain_name domain;     /* only for PATH_ADDRESS, else "" */
};

/* Parses RAW (with or without angle brackets) into *PATH.  Never fails: what
 * it does not understand is PATH_MALFORMED. */
void path_parse(struct text raw, struct path *path);

#endif
