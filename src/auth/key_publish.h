/* key_publish.h: a key as its owner publishes it in DNS (RFC 6376 §3.6.1, RFC
 * 8463 §4). */
#ifndef VIDIMUS_AUTH_KEY_PUBLISH_H
#define VIDIMUS_AUTH_KEY_PUBLISH_H

#include "auth/crypt.h"
#include "mail/domain.h"

struct region;

/* "v=DKIM1; k=rsa; p=…" of KEY; NULL: memory (the region latches). */
const char *key_record_text(struct region *region, const struct crypt_signer *key);

/* "SELECTOR._domainkey.DOMAIN" into NAME; false when that is too long.  Both are
 * normalised. */
bool key_record_name(const char *selector, const char *domain, domain_name name);

/* A line of a master file: OWNER, and VALUE as strings of at most 255 octets (RFC
 * 1035 §3.3.14).  OWNER ends with a dot unless it is relative.  NULL: memory. */
const char *key_zone_line(struct region *region, const char *owner, const char *value);

#endif
