/* rounds.h: a resolver that counts how often its one user waits.
 *
 * It keeps each question until somebody waits in a scope, and then answers all that it
 * has: that is a round.  No clock and no second thread: who asks late waits a round
 * more, every time.  A scope
 * without a deadline is none for this.  Link with -Wl,--wrap=condition_wait_until. */
#ifndef VIDIMUS_TESTS_ROUNDS_H
#define VIDIMUS_TESTS_ROUNDS_H

#include <pthread.h>
#include <string.h>

#include "dns/resolver_private.h"
#include "dns/zone_private.h"

enum { HELD_MAX = 200 };

static struct {
    struct resolver_backend backend;
    struct zone *zone;
    struct dns_future *held[HELD_MAX];
    size_t held_count;
    unsigned count;
} rounds;

static void rounds_ask(struct resolver_backend *backend, struct dns_future *future)
{
    (void)backend;
    assert_true(rounds.held_count < HELD_MAX);
    rounds.held[rounds.held_count++] = future;
}

static void rounds_stop(struct resolver_backend *backend)
{
    (void)backend;
    zone_free(rounds.zone);
}

/* What the answers lead to belongs to the next round. */
static void rounds_answer(void)
{
    struct dns_future *now[HELD_MAX];
    size_t count = rounds.held_count;

    memcpy(now, rounds.held, count * sizeof *now);
    rounds.held_count = 0;
    for (size_t i = 0; i < count; i++)
        resolver_answered(now[i], zone_lookup(rounds.zone, &now[i]->name, now[i]->type));
}

/* In place of the wait in a scope: the only thread there is brings the answers. */
void __wrap_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                 int64_t deadline_ms);

void __wrap_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                 int64_t deadline_ms)
{
    (void)condition;
    (void)deadline_ms;
    assert_true(rounds.held_count > 0);
    rounds.count++;
    pthread_mutex_unlock(lock);
    rounds_answer();
    pthread_mutex_lock(lock);
}

static inline struct resolver *rounds_resolver(struct text zone)
{
    static const struct resolver_limits limits = { .timeout_ms = 1000,
                                                  .cache_max = 1000,
                                                  .questions_max = HELD_MAX };
    char error[256] = "";
    struct resolver *resolver;

    rounds.held_count = 0;
    rounds.count = 0;
    rounds.backend = (struct resolver_backend){ rounds_ask, rounds_stop,
                                                .answers_at_once = true }; /* no timer */
    rounds.zone = zone_read(zone, "zone", error, sizeof error);
    if (!rounds.zone)
        fail_msg("%s", error);
    resolver = resolver_new(&rounds.backend, &limits);
    assert_non_null(resolver);
    return resolver;
}

/* A pause, in which all that can be asked is answered. */
static inline void rounds_pause(void)
{
    while (rounds.held_count > 0)
        rounds_answer();
}

#endif
