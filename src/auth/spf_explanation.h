/* spf_explanation.h: what a domain says about its fail (RFC 7208 §6.2). */
#ifndef VIDIMUS_AUTH_SPF_EXPLANATION_H
#define VIDIMUS_AUTH_SPF_EXPLANATION_H

struct spf_record;
struct spf_walk;

/* The explanation of a fail that RECORD, of DOMAIN, gave, expanded: printable
 * ASCII of at most SPF_EXPLANATION_MAX octets.  NULL when nobody asked for it
 * (spf_request), when there is none, or when anything goes wrong, which is not
 * an error.  Its questions are not counted (§4.6.4). */
const char *spf_explanation(struct spf_walk *walk, const char *domain,
                            const struct spf_record *record);

#endif
