#include "dns/future_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "dns/answer_private.h"

struct dns_future *dns_future_new(const struct dns_name *name, enum dns_type type)
{
    struct dns_future *future = calloc(1, sizeof *future);

    if (!future)
        return NULL;
    atomic_init(&future->references, 1);
    future->name = *name;
    future->type = type;
    pthread_mutex_init(&future->lock, NULL);
    condition_init(&future->completed);
    return future;
}

struct dns_future *dns_future_ref(struct dns_future *future)
{
    atomic_fetch_add(&future->references, 1);
    return future;
}

void dns_future_unref(struct dns_future *future)
{
    if (!future || atomic_fetch_sub(&future->references, 1) != 1)
        return;
    dns_answer_unref(future->answer);
    pthread_cond_destroy(&future->completed);
    pthread_mutex_destroy(&future->lock);
    free(future);
}

bool dns_future_add_waiter(struct dns_future *future, dns_done_fn *done, void *context)
{
    struct waiter *waiter;

    if (!done)
        return true;
    waiter = malloc(sizeof *waiter);
    if (!waiter)
        return false;
    waiter->done = done;
    waiter->context = context;
    pthread_mutex_lock(&future->lock);
    waiter->next = future->waiters;
    future->waiters = waiter;
    pthread_mutex_unlock(&future->lock);
    return true;
}

void waiters_call(struct waiter *latest_first, const struct dns_answer *answer)
{
    struct waiter *first = NULL;

    while (latest_first) {
        struct waiter *next = latest_first->next;

        latest_first->next = first;
        first = latest_first;
        latest_first = next;
    }
    while (first) {
        struct waiter *next = first->next;

        first->done(first->context, answer);
        free(first);
        first = next;
    }
}

void dns_future_complete(struct dns_future *future, const struct dns_answer *answer)
{
    struct waiter *waiters;

    pthread_mutex_lock(&future->lock);
    future->answer = dns_answer_ref(answer);
    waiters = future->waiters;
    future->waiters = NULL;
    pthread_cond_broadcast(&future->completed);
    pthread_mutex_unlock(&future->lock);
    waiters_call(waiters, answer);
}

const struct dns_answer *dns_wait(struct dns_future *future, int64_t deadline_ms)
{
    const struct dns_answer *answer;

    pthread_mutex_lock(&future->lock);
    while (!future->answer && deadline_ms > 0 && clock_ms() < deadline_ms)
        condition_wait_until(&future->completed, &future->lock, deadline_ms);
    answer = future->answer;
    pthread_mutex_unlock(&future->lock);
    if (!answer && deadline_ms > 0)
        return dns_answer_failure(future->type, DNS_FAILURE_TIMEOUT);
    return answer;
}
