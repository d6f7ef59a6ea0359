/* cache_private.h: the bounded answer cache in front of a backend.
 *
 * Least recently used answers go first, once there are too many or they take
 * too much memory.  Lives are capped, so that a mistake in somebody's zone is
 * not kept for long; failures are never kept.
 *
 * Not locked: the resolver's lock covers it.
 */
#ifndef VIDIMUS_DNS_CACHE_PRIVATE_H
#define VIDIMUS_DNS_CACHE_PRIVATE_H

#include <stdint.h>

#include "dns/answer.h"
#include "dns/name_private.h"

enum {
    DNS_CACHE_TTL_MAX = 3600,         /* seconds */
    DNS_CACHE_NEGATIVE_TTL_MAX = 300, /* seconds */
    DNS_CACHE_OCTETS_AN_ANSWER = 4096 /* memory bound: this times the answers */
};

struct answer_cache;

/* Keeps at most ANSWERS_MAX answers (0: none).  NULL without memory. */
struct answer_cache *answer_cache_new(size_t answers_max);
void answer_cache_free(struct answer_cache *cache); /* NULL allowed */

/* A new reference on the answer, or NULL. */
const struct dns_answer *answer_cache_get(struct answer_cache *cache, const struct dns_name *name,
                                          enum dns_type type, int64_t now_ms);

/* Keeps ANSWER (a reference of its own) as long as its TTL says.  Does nothing
 * for failures, TTL 0, or without memory. */
void answer_cache_put(struct answer_cache *cache, const struct dns_name *name,
                      const struct dns_answer *answer, int64_t now_ms);

#endif
