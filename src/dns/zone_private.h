/* zone_private.h: zone data for tests and offline use, and its lookups.
 *
 * Answers as a resolver would that finds this data in the whole of DNS: CNAMEs
 * are followed, wildcards expanded (RFC 4592), a name above a record exists, a
 * name that is not there is NXDOMAIN.  Read-only once it is read.
 */
#ifndef VIDIMUS_DNS_ZONE_PRIVATE_H
#define VIDIMUS_DNS_ZONE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "dns/answer_private.h"
#include "dns/name_private.h"

struct zone;

struct zone *zone_new(void); /* NULL without memory */
void zone_free(struct zone *zone); /* NULL allowed */

/* False without memory. */
bool zone_add(struct zone *zone, const struct dns_name *owner, enum dns_type type, uint32_t ttl,
              const struct dns_rdata *rdata);

/* Questions for names that GLOB ('*': any octets, over dots too) matches fail;
 * TYPE 0 means every type.  False without memory. */
bool zone_add_fault(struct zone *zone, struct text glob, unsigned type, enum dns_failure failure);

/* A new reference. */
const struct dns_answer *zone_lookup(const struct zone *zone, const struct dns_name *name,
                                     enum dns_type type);

/* Reads master-file text (RFC 1035 §5; resolver.h says which subset).  NULL
 * and "FILE:LINE: message" in ERROR when it is refused. */
struct zone *zone_read(struct text text, const char *file_name, char *error, size_t error_size);

#endif
