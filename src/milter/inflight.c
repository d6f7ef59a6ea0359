#include "milter/inflight.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

/* How long nothing may have happened before the drain believes the peace. */
enum { QUIET_MS = 200, DRAIN_STEP_MS = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct inflight *oldest, *newest; /* by begin */
static size_t count;
static atomic_int_least64_t last_activity_ms;

void inflight_touch(void)
{
    atomic_store_explicit(&last_activity_ms, clock_ms(), memory_order_relaxed);
}

void inflight_begin(struct inflight *entry)
{
    entry->since_ms = clock_ms();
    entry->judging = true;
    entry->next = NULL;
    pthread_mutex_lock(&lock);
    entry->previous = newest;
    if (newest)
        newest->next = entry;
    else
        oldest = entry;
    newest = entry;
    count++;
    pthread_mutex_unlock(&lock);
}

void inflight_judged(struct inflight *entry)
{
    pthread_mutex_lock(&lock);
    entry->judging = false;
    pthread_mutex_unlock(&lock);
}

void inflight_end(struct inflight *entry)
{
    inflight_touch();
    pthread_mutex_lock(&lock);
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        oldest = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    else
        newest = entry->previous;
    count--;
    pthread_mutex_unlock(&lock);
}

size_t inflight_count(void)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = count;
    pthread_mutex_unlock(&lock);
    return n;
}

int64_t inflight_oldest_ms(void)
{
    int64_t age = 0;

    pthread_mutex_lock(&lock);
    for (const struct inflight *entry = oldest; entry; entry = entry->next) {
        if (!entry->judging)
            continue;
        age = clock_ms() - entry->since_ms;
        break;
    }
    pthread_mutex_unlock(&lock);
    return age;
}

static bool is_quiet(void)
{
    int64_t last = atomic_load_explicit(&last_activity_ms, memory_order_relaxed);

    return inflight_count() == 0 && clock_ms() - last >= QUIET_MS;
}

bool inflight_drain(int64_t limit_ms)
{
    const struct timespec step = { .tv_nsec = DRAIN_STEP_MS * 1000000L };
    int64_t deadline = clock_ms() + limit_ms;

    while (!is_quiet()) {
        if (clock_ms() >= deadline)
            return inflight_count() == 0;
        nanosleep(&step, NULL);
    }
    return true;
}
