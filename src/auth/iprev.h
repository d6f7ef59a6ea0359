/* iprev.h: does the client's reverse name lead back to it (RFC 8601 §3)? */
#ifndef VIDIMUS_AUTH_IPREV_H
#define VIDIMUS_AUTH_IPREV_H

#include "auth/finding.h"
#include "base/ip.h"
#include "mail/domain.h"

struct dns_scope;

/* Starts the PTR lookup; forward lookups of its names follow by themselves. */
void iprev_start(struct dns_scope *dns, const struct ip_address *client);

/* The same with NAME (normalised) standing for the PTR record. */
void iprev_start_named(struct dns_scope *dns, const struct ip_address *client, const char *name);

/* Appends the finding: permerror no PTR, fail no forward match, temperror.
 * At most 10 names are tried.  CONFIRMED gets the first name that leads back
 * (or ""). */
void check_iprev(struct findings *findings, struct dns_scope *dns, const struct ip_address *client,
                 domain_name confirmed);

/* The same with NAME as for iprev_start_named(). */
void check_iprev_named(struct findings *findings, struct dns_scope *dns,
                       const struct ip_address *client, const char *name, domain_name confirmed);

#endif
