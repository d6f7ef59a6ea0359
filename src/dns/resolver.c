/* resolver.c: the front of every backend.
 *
 * One lock covers the tables; no callback runs under it.  A question stands
 * in three lists: the table that merges equal questions and the list by time
 * (both until it is completed), and the list of what the backend still owes
 * (until the backend answers, maybe long after the question timed out; its
 * late answer still feeds the cache).
 *
 * A SERVFAIL is asked again once, a second later, if there is time.  libunbound
 * says SERVFAIL at once while it takes a server for dead, which one slow name
 * can bring about on a quiet host: a stranger must not be able to turn the
 * lookups of his next message into temporary failures that way.
 */
#include "dns/resolver_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/answer_private.h"
#include "dns/cache_private.h"

enum {
    BUCKETS = 4096, /* a power of two */
    AGAIN_MS = 1100,
    AGAIN_SPACE_MS = 10 /* between two of them */
};

LIST_HEAD(future_bucket, dns_future);
TAILQ_HEAD(future_list, dns_future);

struct resolver {
    atomic_uint references;
    struct resolver_backend *backend;
    struct resolver_limits limits;

    pthread_mutex_t lock; /* for what follows */
    struct answer_cache *cache;
    struct future_bucket pending[BUCKETS];
    struct future_list by_time;      /* pending, earliest deadline first */
    struct future_list with_backend; /* owed by the backend */
    size_t owed;                     /* length of with_backend */
    struct future_list again;        /* to be asked again, earliest first */
    int64_t last_again_ms;           /* of the last one put there */
    struct resolver_counters counters;

    bool has_timer;
    pthread_t timer;
    pthread_cond_t timer_wake;
    bool timer_idle; /* sleeps without an end: must be woken for work */
    bool stopping;
    bool timer_cleans_up; /* nobody joins the timer: it frees the resolver */
};

/* The resolver whose callbacks this thread is running: it cannot be stopped
 * from here, because its threads would wait for themselves. */
static _Thread_local const struct resolver *inside;

static void complete(struct resolver *resolver, struct dns_future *future,
                     const struct dns_answer *answer)
{
    const struct resolver *outer = inside;

    inside = resolver;
    dns_future_complete(future, answer);
    inside = outer;
}

/* Under the lock, for the four functions below. */

static struct future_bucket *bucket_of(struct resolver *resolver, const struct dns_name *name,
                                       enum dns_type type)
{
    return &resolver->pending[dns_name_hash(name, type) & (BUCKETS - 1)];
}

static struct dns_future *find_pending(struct resolver *resolver, const struct dns_name *name,
                                       enum dns_type type)
{
    struct dns_future *future;

    LIST_FOREACH(future, bucket_of(resolver, name, type), in_bucket)
        if (future->type == type && dns_name_equal(&future->name, name))
            return future;
    return NULL;
}

static void add_pending(struct resolver *resolver, struct dns_future *future)
{
    future->resolver = resolver;
    future->began_us = clock_us();
    future->deadline_ms = future->began_us / 1000 + resolver->limits.timeout_ms;
    future->pending = true;
    LIST_INSERT_HEAD(bucket_of(resolver, &future->name, future->type), future, in_bucket);
    TAILQ_INSERT_TAIL(&resolver->by_time, future, in_time);
    dns_future_ref(future); /* the backend's */
    TAILQ_INSERT_TAIL(&resolver->with_backend, future, with_backend);
    resolver->owed++;
    resolver->counters.queries++;
    resolver->counters.in_flight++;
    if (resolver->timer_idle) {
        resolver->timer_idle = false;
        pthread_cond_signal(&resolver->timer_wake);
    }
}

static void remove_pending(struct resolver *resolver, struct dns_future *future)
{
    future->pending = false;
    LIST_REMOVE(future, in_bucket);
    TAILQ_REMOVE(&resolver->by_time, future, in_time);
    resolver->counters.in_flight--;
    histogram_add(&resolver->counters.latency, clock_us() - future->began_us);
}

static void remove_owed(struct resolver *resolver, struct dns_future *future)
{
    TAILQ_REMOVE(&resolver->with_backend, future, with_backend);
    resolver->owed--;
}

/* Completes the first question whose time is over.  Called and returns with
 * the lock held, but lets go of it for the callbacks. */
static void time_out_first(struct resolver *resolver, struct dns_future *future)
{
    remove_pending(resolver, dns_future_ref(future));
    resolver->counters.timeouts++;
    resolver->counters.tempfails++;
    pthread_mutex_unlock(&resolver->lock);
    complete(resolver, future, dns_answer_failure(future->type, DNS_FAILURE_TIMEOUT));
    dns_future_unref(future);
    pthread_mutex_lock(&resolver->lock);
}

/* Under the lock: whether FUTURE, which got ANSWER, was put aside for a second
 * question. */
static bool put_aside(struct resolver *resolver, struct dns_future *future,
                      const struct dns_answer *answer, int64_t now)
{
    int64_t when = now + AGAIN_MS;

    if (when < resolver->last_again_ms + AGAIN_SPACE_MS)
        when = resolver->last_again_ms + AGAIN_SPACE_MS;
    if (!resolver->has_timer || !future->pending || future->asked_again ||
        answer != dns_answer_failure(future->type, DNS_FAILURE_SERVFAIL) ||
        when >= future->deadline_ms)
        return false;
    future->asked_again = true;
    future->again_ms = when;
    resolver->last_again_ms = when;
    TAILQ_INSERT_TAIL(&resolver->again, future, in_again);
    pthread_cond_signal(&resolver->timer_wake);
    return true;
}

/* Like time_out_first(): asks the first question that was put aside. */
static void ask_again_first(struct resolver *resolver, struct dns_future *future)
{
    TAILQ_REMOVE(&resolver->again, future, in_again);
    resolver->counters.asked_again++;
    dns_future_ref(future);
    pthread_mutex_unlock(&resolver->lock);
    resolver->backend->ask(resolver->backend, future);
    dns_future_unref(future);
    pthread_mutex_lock(&resolver->lock);
}

/* Under the lock: one thing that is due, or a sleep until there is one. */
static void timer_step(struct resolver *resolver)
{
    struct dns_future *first = TAILQ_FIRST(&resolver->by_time);
    struct dns_future *again = TAILQ_FIRST(&resolver->again);
    int64_t now = clock_ms();

    if (again && again->again_ms <= now) {
        ask_again_first(resolver, again);
    } else if (first && first->deadline_ms <= now) {
        time_out_first(resolver, first);
    } else if (again && (!first || again->again_ms < first->deadline_ms)) {
        condition_wait_until(&resolver->timer_wake, &resolver->lock, again->again_ms);
    } else if (first) {
        condition_wait_until(&resolver->timer_wake, &resolver->lock, first->deadline_ms);
    } else {
        resolver->timer_idle = true;
        pthread_cond_wait(&resolver->timer_wake, &resolver->lock);
        resolver->timer_idle = false;
    }
}

static void resolver_free(struct resolver *resolver);

static void *timer_main(void *arg)
{
    struct resolver *resolver = arg;
    bool cleans_up;

    pthread_mutex_lock(&resolver->lock);
    while (!resolver->stopping)
        timer_step(resolver);
    cleans_up = resolver->timer_cleans_up;
    pthread_mutex_unlock(&resolver->lock);
    if (cleans_up)
        resolver_free(resolver);
    return NULL;
}

static bool start_timer(struct resolver *resolver)
{
    resolver->has_timer = thread_start(&resolver->timer, timer_main, resolver);
    return resolver->has_timer;
}

struct resolver *resolver_new(struct resolver_backend *backend,
                              const struct resolver_limits *limits)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (!resolver) {
        backend->stop(backend);
        return NULL;
    }
    atomic_init(&resolver->references, 1);
    resolver->backend = backend;
    resolver->limits = *limits;
    pthread_mutex_init(&resolver->lock, NULL);
    condition_init(&resolver->timer_wake);
    TAILQ_INIT(&resolver->by_time);
    TAILQ_INIT(&resolver->with_backend);
    TAILQ_INIT(&resolver->again);
    for (size_t i = 0; i < BUCKETS; i++)
        LIST_INIT(&resolver->pending[i]);
    resolver->cache = answer_cache_new(limits->cache_max);
    if (!resolver->cache || (!backend->answers_at_once && !start_timer(resolver))) {
        resolver_free(resolver);
        return NULL;
    }
    return resolver;
}

struct resolver *resolver_ref(struct resolver *resolver)
{
    atomic_fetch_add(&resolver->references, 1);
    return resolver;
}

/* Ends what the stopped backend still owes. */
static void end_owed(struct resolver *resolver)
{
    struct dns_future *future;

    while ((future = TAILQ_FIRST(&resolver->with_backend))) {
        bool pending = future->pending;

        remove_owed(resolver, future);
        if (pending) {
            remove_pending(resolver, future);
            complete(resolver, future, dns_answer_failure(future->type, DNS_FAILURE_STOPPED));
        }
        dns_future_unref(future);
    }
}

static void resolver_free(struct resolver *resolver)
{
    resolver->backend->stop(resolver->backend);
    end_owed(resolver);
    answer_cache_free(resolver->cache);
    pthread_cond_destroy(&resolver->timer_wake);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

void resolver_unref(struct resolver *resolver)
{
    bool by_timer;

    if (!resolver || atomic_fetch_sub(&resolver->references, 1) != 1)
        return;
    if (!resolver->has_timer) {
        resolver_free(resolver);
        return;
    }
    by_timer = inside == resolver;
    if (by_timer)
        pthread_detach(resolver->timer);
    pthread_mutex_lock(&resolver->lock);
    resolver->stopping = true;
    resolver->timer_cleans_up = by_timer;
    pthread_cond_signal(&resolver->timer_wake);
    pthread_mutex_unlock(&resolver->lock);
    if (by_timer)
        return;
    pthread_join(resolver->timer, NULL);
    resolver_free(resolver);
}

void resolver_count(struct resolver *resolver, struct resolver_counters *counters)
{
    pthread_mutex_lock(&resolver->lock);
    *counters = resolver->counters;
    pthread_mutex_unlock(&resolver->lock);
}

void resolver_counters_merge(struct resolver_counters *counters,
                             const struct resolver_counters *more)
{
    counters->questions += more->questions;
    counters->queries += more->queries;
    counters->asked_again += more->asked_again;
    counters->cache_hits += more->cache_hits;
    counters->merged += more->merged;
    counters->timeouts += more->timeouts;
    counters->tempfails += more->tempfails;
    counters->in_flight += more->in_flight;
    histogram_merge(&counters->latency, &more->latency);
}

void resolver_answered(struct dns_future *future, const struct dns_answer *answer)
{
    struct resolver *resolver = future->resolver;
    int64_t now = clock_ms();
    bool pending;

    pthread_mutex_lock(&resolver->lock);
    if (put_aside(resolver, future, answer, now)) {
        pthread_mutex_unlock(&resolver->lock);
        return;
    }
    remove_owed(resolver, future);
    answer_cache_put(resolver->cache, &future->name, answer, now);
    pending = future->pending;
    if (pending) {
        remove_pending(resolver, future);
        if (dns_failed(answer))
            resolver->counters.tempfails++;
    }
    pthread_mutex_unlock(&resolver->lock);
    if (pending)
        complete(resolver, future, answer);
    dns_answer_unref(answer);
    dns_future_unref(future);
}

/* A future that was never in flight.  ANSWER's reference is taken over. */
static struct dns_future *completed_at_once(struct resolver *resolver,
                                            const struct dns_name *name, enum dns_type type,
                                            const struct dns_answer *answer, dns_done_fn *done,
                                            void *context)
{
    struct dns_future *future = dns_future_new(name, type);

    if (future && !dns_future_add_waiter(future, done, context)) {
        dns_future_unref(future);
        future = NULL;
    }
    if (future)
        complete(resolver, future, answer);
    dns_answer_unref(answer);
    return future;
}

/* Under the lock: what can be answered without the backend, or NULL. */
static const struct dns_answer *known_answer(struct resolver *resolver,
                                             const struct dns_name *name, enum dns_type type)
{
    const struct dns_answer *answer = answer_cache_get(resolver->cache, name, type, clock_ms());

    if (answer)
        resolver->counters.cache_hits++;
    else if (resolver->owed >= resolver->limits.questions_max &&
             !find_pending(resolver, name, type))
        answer = dns_answer_failure(type, DNS_FAILURE_BUSY);
    return answer;
}

/* Under the lock: joins the question if it is in flight, or else makes it.
 * NULL without memory. */
static struct dns_future *join_or_add(struct resolver *resolver, const struct dns_name *name,
                                      enum dns_type type, dns_done_fn *done, void *context,
                                      bool *added)
{
    struct dns_future *future = find_pending(resolver, name, type);

    *added = !future;
    future = future ? dns_future_ref(future) : dns_future_new(name, type);
    if (!future || !dns_future_add_waiter(future, done, context)) {
        dns_future_unref(future);
        return NULL;
    }
    if (*added)
        add_pending(resolver, future);
    else
        resolver->counters.merged++;
    return future;
}

const struct dns_answer *dns_known(struct resolver *resolver, const char *text,
                                   enum dns_type type)
{
    const struct dns_answer *answer = NULL;
    struct dns_name name;

    if (!dns_name_from_text(text_of(text), &name))
        answer = dns_answer_failure(type, DNS_FAILURE_IMPOSSIBLE_NAME);
    pthread_mutex_lock(&resolver->lock);
    if (!answer)
        answer = known_answer(resolver, &name, type);
    if (answer)
        resolver->counters.questions++;
    pthread_mutex_unlock(&resolver->lock);
    return answer;
}

struct dns_future *dns_start(struct resolver *resolver, const char *text, enum dns_type type,
                             dns_done_fn *done, void *context)
{
    const struct dns_answer *answer = NULL;
    struct dns_future *future = NULL;
    struct dns_name name;
    bool added = false;

    if (!dns_name_from_text(text_of(text), &name))
        answer = dns_answer_failure(type, DNS_FAILURE_IMPOSSIBLE_NAME);
    pthread_mutex_lock(&resolver->lock);
    resolver->counters.questions++;
    if (!answer)
        answer = known_answer(resolver, &name, type);
    if (!answer)
        future = join_or_add(resolver, &name, type, done, context, &added);
    pthread_mutex_unlock(&resolver->lock);
    if (answer)
        return completed_at_once(resolver, &name, type, answer, done, context);
    if (future && added)
        resolver->backend->ask(resolver->backend, future);
    return future;
}
