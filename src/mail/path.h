/* path.h: the argument of MAIL FROM and RCPT TO (RFC 5321 §4.1.2).
 *
 * The MTA hands the argument as the client sent it, so it is hostile text
 * (ATTACKS: "<(any@legit>", "<a@b(c>", source routes, raw CR).  Tolerated:
 * missing angle brackets, blanks around the address, a source route (dropped).
 * The domain stands after the last '@' outside quotes.
 */
#ifndef VIDIMUS_MAIL_PATH_H
#define VIDIMUS_MAIL_PATH_H

#include "base/text.h"
#include "mail/domain.h"

enum path_kind {
    PATH_ADDRESS,  /* local part and domain */
    PATH_NULL,     /* "<>" */
    PATH_LOCAL,    /* a local part alone, e.g. "postmaster" */
    PATH_LITERAL,  /* local part at an address literal: no domain to judge */
    PATH_MALFORMED /* not RFC 5321 syntax: no identity may be taken from it */
};

struct path {
    enum path_kind kind;
    struct text local_part; /* into the parsed text; quotes kept */
    domain_name domain;     /* only for PATH_ADDRESS, else "" */
};

/* Parses RAW (with or without angle brackets) into *PATH.  Never fails: what
 * it does not understand is PATH_MALFORMED. */
void path_parse(struct text raw, struct path *path);

#endif
