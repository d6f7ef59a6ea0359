/* key_check.h: whether DNS has the public half of a key (RFC 6376 §3.6). */
#ifndef VIDIMUS_CORE_KEY_CHECK_H
#define VIDIMUS_CORE_KEY_CHECK_H

#include <stdbool.h>

#include "base/names.h"
#include "core/keyring.h"
#include "mail/domain.h"

struct dns_answer;
struct region;

enum key_finding {
    KEY_FOUND,        /* the record is there, and it is right */
    KEY_MISSING,      /* there is no record */
    KEY_REVOKED,      /* p= is empty */
    KEY_SEVERAL,      /* more than one record: which counts is undefined */
    KEY_SYNTAX,       /* the record cannot be read */
    KEY_OTHER_TYPE,   /* k= is another */
    KEY_OTHER_USE,    /* s= is not for mail */
    KEY_OTHER_HASH,   /* h= without sha256 */
    KEY_DIFFERENT,    /* p= is another key */
    KEY_STRICT,       /* t=s, and i= is below d= */
    KEY_TESTING,      /* t=y: verifiers may treat the mail as unsigned */
    KEY_UNREADABLE,   /* a record is there, but we have no key to compare it with */
    KEY_UNKNOWN       /* DNS gave no answer */
};

extern const struct name key_finding_names[]; /* "found", "missing", … */

struct key_check {
    enum key_finding finding;
    bool wrong;          /* something is to be done, in this state of the key */
    const char *detail;  /* what exactly, for people; plain text; NULL: nothing to add */
};

/* The name of a key's record, and the author domain it is looked at for.  AUTHOR
 * "": none in particular; then false for a key that signs as the author domain,
 * unless its rule is for one domain. */
bool key_check_name(const struct keyring_entry *entry, const char *author, domain_name name);

/* Compares ENTRY (as it signs for AUTHOR, or "") with the TXT answer for its name. */
void key_check(struct region *region, const struct keyring_entry *entry, const char *author,
               const struct dns_answer *answer, struct key_check *check);

/* What is to be done about a key in STATE, or can be next; NULL: nothing. */
const char *key_check_advice(struct region *region, const struct key_check *check,
                             enum key_state state);

/* The record that should be there helps. */
bool key_check_wants_record(const struct key_check *check);

#endif
