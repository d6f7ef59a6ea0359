/* list.h: does a message come from a mailing list, and does the list sign it?
 *
 * A List-Id field (RFC 2919) is a claim that anybody can make; only a passing
 * signature of the list's own domain ties it to somebody. */
#ifndef VIDIMUS_CORE_LIST_H
#define VIDIMUS_CORE_LIST_H

#include <stdbool.h>

#include "mail/domain.h"

struct dkim_verifier;
struct domains;
struct message;

enum { LIST_FIELDS_MAX = 10 };

struct list_claim {
    domain_name domain; /* the list's identifier as a domain; "": no list */
    bool is_signed;     /* a passing signature's d= is that domain, or stands
                           above or below it */
};

/* The strongest claim of the first LIST_FIELDS_MAX List-Id fields: signed and
 * in TRUSTED, then signed, then any. */
void list_claim_of(const struct message *message, const struct dkim_verifier *dkim,
                   const struct domains *trusted, struct list_claim *claim);

/* The identifier in a List-Id field body ("phrase <list.example.org>"). */
bool list_id_parse(struct text value, domain_name domain);

#endif
