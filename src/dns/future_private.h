/* future_private.h: one question, from start to answer.
 *
 * Everybody who asks the same question while it is in flight holds a reference
 * on the same future and is one of its waiters.  It is completed exactly once.
 * The resolver's links in it are the resolver's business (and under its lock).
 */
#ifndef VIDIMUS_DNS_FUTURE_PRIVATE_H
#define VIDIMUS_DNS_FUTURE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/thread.h"
#include "dns/name_private.h"
#include "dns/resolver.h"

struct waiter {
    struct waiter *next;
    dns_done_fn *done;
    void *context;
};

/* Calls each DONE, first come first, and frees the list, which stands latest
 * first.  No lock is held. */
void waiters_call(struct waiter *latest_first, const struct dns_answer *answer);

struct dns_future {
    atomic_uint references;
    struct dns_name name;
    enum dns_type type;

    /* for the resolver */
    struct resolver *resolver;
    int64_t began_us;
    int64_t deadline_ms;
    bool pending;                         /* in the table and the time list */
    LIST_ENTRY(dns_future) in_bucket;     /* while pending */
    TAILQ_ENTRY(dns_future) in_time;      /* while pending */
    TAILQ_ENTRY(dns_future) with_backend; /* until the backend answered */
    bool asked_again;                     /* or is about to be */
    int64_t again_ms;                     /* when, while in the list for it */
    TAILQ_ENTRY(dns_future) in_again;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t completed;
    const struct dns_answer *answer; /* set once, a reference of ours */
    struct waiter *waiters;          /* until completion, latest first */
};

/* A future with one reference; NULL without memory. */
struct dns_future *dns_future_new(const struct dns_name *name, enum dns_type type);
struct dns_future *dns_future_ref(struct dns_future *future);

/* Adds a waiter to a future that is not complete; DONE may be NULL.  False
 * without memory. */
bool dns_future_add_waiter(struct dns_future *future, dns_done_fn *done, void *context);

/* Sets the answer (taking a reference), wakes everybody, and calls the
 * waiters in the order they came.  The caller holds no lock. */
void dns_future_complete(struct dns_future *future, const struct dns_answer *answer);

#endif
