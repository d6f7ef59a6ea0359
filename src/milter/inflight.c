#include "milter/inflight.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

/* How long nothing may have happened before the peace is believed: a session that
 * libmilter let wait behind another's callback goes on only then.  And how long
 * after the stop signal a message may still come to its end. */
enum { QUIET_MS = 200, GAP_MS = 3000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct inflight *oldest, *newest; /* by begin */
static size_t count;
static atomic_int_least64_t last_activity_ms;
static atomic_int receiving;
static atomic_bool settling;

void inflight_touch(void)
{
    atomic_store_explicit(&last_activity_ms, clock_ms(), memory_order_relaxed);
}

void inflight_content(bool begins)
{
    atomic_fetch_add(&receiving, begins ? 1 : -1);
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

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000000 }, NULL);
}

/* Whether a callback runs that began before TIME_MS. */
static bool runs_since_before(int64_t time_ms)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = oldest && oldest->since_ms < time_ms;
    pthread_mutex_unlock(&lock);
    return found;
}

bool inflight_may_begin(void)
{
    return !atomic_load(&settling);
}

void inflight_settle(int64_t limit_ms)
{
    int64_t began = clock_ms();

    atomic_store(&settling, true);
    while (clock_ms() - began < limit_ms) {
        if (atomic_load(&receiving) == 0 && is_quiet())
            return;
        if (clock_ms() - began > GAP_MS && !runs_since_before(began + GAP_MS))
            return;
        pause_briefly();
    }
}

bool inflight_drain(int64_t limit_ms)
{
    int64_t deadline = clock_ms() + limit_ms;

    while (!is_quiet()) {
        if (clock_ms() >= deadline)
            return inflight_count() == 0;
        pause_briefly();
    }
    return true;
}
