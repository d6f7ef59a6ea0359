/* destination.h: who may have the reports about a domain (RFC 9990 §4, RFC 9991
 * §5; RFC 9989 §4.7 rua, ruf).
 *
 * A domain that asks us to send its reports into another organization's mailbox
 * is heeded only if that organization says in DNS that it wants them: else anybody
 * could have mail sent to anybody.  A DNS error is "later", never "no" or "yes".
 */
#ifndef VIDIMUS_REPORT_DESTINATION_H
#define VIDIMUS_REPORT_DESTINATION_H

#include <stddef.h>

#include "mail/domain.h"

struct dns_scope;
struct region;

enum {
    DESTINATIONS_MAX = 5,  /* of a record: more are a bomb (the rest is ignored) */
    LOCAL_PART_MAX = 64,   /* RFC 5321 §4.5.3.1.1 */
    ADDRESS_SIZE = LOCAL_PART_MAX + 1 + DOMAIN_MAX + 1
};

enum destination_state {
    DESTINATION_READY,
    DESTINATION_LATER,  /* the DNS does not answer */
    DESTINATION_REFUSED /* it did not ask for them */
};

struct destination {
    char address[ADDRESS_SIZE]; /* printable ASCII, as SMTP takes it */
    domain_name host;
    enum destination_state state;
    const char *why; /* static, or in the region; "" for READY */
};

/* The mailto: addresses of RUA, each once, without any check of who they are; a size
 * limit behind '!' is ignored (RFC 9990), and so is any URI of another kind or form. */
size_t destinations_parse(const char *rua, struct destination out[DESTINATIONS_MAX]);

/* Where the addresses stand, and those that a permission may put in their place. */
enum destination_tag { DESTINATION_RUA, DESTINATION_RUF };

/* The same, checked, for the record found at POLICY_DOMAIN, whose TAG holds URIS.  The name
 * servers are asked through DNS. */
size_t destinations_find(struct region *region, struct dns_scope *dns, const char *policy_domain,
                         enum destination_tag tag, const char *uris,
                         struct destination out[DESTINATIONS_MAX]);

#endif
