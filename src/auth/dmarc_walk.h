/* dmarc_walk.h: finding DMARC records in the DNS (RFC 9989 §4.10).
 *
 * A walk asks at a name and its parents and remembers what stands there; what
 * the names mean (policy, organizational domain) is read from it afterwards.
 */
#ifndef VIDIMUS_AUTH_DMARC_WALK_H
#define VIDIMUS_AUTH_DMARC_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/dmarc.h"

struct dns_answer;

enum { DMARC_WALK_MAX = 8 };

struct dmarc_level {
    const char *name;                  /* a suffix of the domain of the walk */
    const struct dmarc_record *record; /* in the region, its texts in the DNS
                                          scope; NULL: none there */
    bool usable;                       /* the record holds a policy (§4.10.1) */
};

struct dmarc_walk {
    const char *domain;
    size_t count; /* of names asked, the failed one included */
    struct dmarc_level levels[DMARC_WALK_MAX];
    bool failed;     /* the last name asked gave no answer: the walk stopped */
    bool over_limit; /* because the message asked too much */
    const char *why; /* of the failure: static text */
};

/* The names that the walk of DOMAIN asks, in order, into NAMES; their number. */
size_t dmarc_walk_names(const char *domain, const char *names[DMARC_WALK_MAX]);

/* The DNS name of the record of NAME: "_dmarc.NAME".  False when too long. */
bool dmarc_query_name(const char *name, domain_name out);

/* The one DMARC record of ANSWER into *RECORD; its texts are the answer's.  NONE also
 * when there are several, or one that cannot be read. */
enum dmarc_record_kind dmarc_record_select(const struct dns_answer *answer,
                                           struct dmarc_record *record);

/* Starts all questions of the walk of DOMAIN. */
void dmarc_walk_start(struct dns_scope *dns, const char *domain);

/* Asks at NAME alone and adds the level.  False when there was no answer. */
bool dmarc_walk_ask(struct dmarc_walk *walk, struct region *region, struct dns_scope *dns,
                    const char *name);

/* The whole tree walk.  DOMAIN must outlive *WALK. */
void dmarc_walk_run(struct dmarc_walk *walk, struct region *region, struct dns_scope *dns,
                    const char *domain);

/* The level at NAME if it holds a record, or NULL. */
const struct dmarc_level *dmarc_walk_at(const struct dmarc_walk *walk, const char *name);

/* The level that ended the walk with psd=y above its domain, or NULL. */
const struct dmarc_level *dmarc_walk_public_suffix(const struct dmarc_walk *walk);

/* Whether any record was found. */
bool dmarc_walk_found(const struct dmarc_walk *walk);

/* The organizational domain (§4.10.2); NULL when the walk failed. */
const char *dmarc_walk_organization(const struct dmarc_walk *walk);

#endif
