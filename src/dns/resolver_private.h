/* resolver_private.h: what stands behind the resolver's front.
 *
 * The front (resolver.c) merges, caches, counts, bounds and ends questions;
 * a backend only asks.
 */
#ifndef VIDIMUS_DNS_RESOLVER_PRIVATE_H
#define VIDIMUS_DNS_RESOLVER_PRIVATE_H

#include "dns/future_private.h"
#include "dns/resolver.h"

struct resolver_backend {
    /* Asks the question of FUTURE (name, type) and answers it exactly once by
     * resolver_answered(), on any thread, maybe before it returns.  Must not
     * block.  Silence is allowed: the front ends the question. */
    void (*ask)(struct resolver_backend *backend, struct dns_future *future);

    /* Stops and frees the backend.  Once it returns, resolver_answered() is
     * called no more; the front ends what was not answered. */
    void (*stop)(struct resolver_backend *backend);

    /* Every question is answered before ask() returns: no timer is needed. */
    bool answers_at_once;
};

struct resolver_limits {
    unsigned timeout_ms;  /* of one question */
    size_t cache_max;     /* answers kept */
    size_t questions_max; /* handed to the backend and not answered yet */
};

enum { RESOLVER_QUESTIONS_MAX = 10000 };

/* A resolver over BACKEND, which it owns from now on (also when it fails).
 * NULL without memory or threads. */
struct resolver *resolver_new(struct resolver_backend *backend,
                              const struct resolver_limits *limits);

/* The backend's answer to FUTURE; ANSWER's reference is taken over. */
void resolver_answered(struct dns_future *future, const struct dns_answer *answer);

#endif
