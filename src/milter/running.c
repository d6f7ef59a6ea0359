#include "milter/running.h"

#include <pthread.h>
#include <stddef.h>

#include "core/snapshot.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *present;
static struct resolver_counters past; /* of resolvers that were replaced */

/* Under the lock. */
static void note_past(struct resolver *resolver)
{
    struct resolver_counters counters;

    resolver_count(resolver, &counters);
    counters.in_flight = 0;
    resolver_counters_merge(&past, &counters);
}

void running_set(struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&lock);
    before = present;
    present = snapshot;
    if (before && snapshot && before->resolver != snapshot->resolver)
        note_past(before->resolver);
    pthread_mutex_unlock(&lock);
    snapshot_unref(before); /* may stop a resolver: not under the lock */
}

struct snapshot *running_get(void)
{
    struct snapshot *snapshot = NULL;

    pthread_mutex_lock(&lock);
    if (present)
        snapshot = snapshot_ref(present);
    pthread_mutex_unlock(&lock);
    return snapshot;
}

void running_count_dns(struct resolver_counters *counters)
{
    *counters = (struct resolver_counters){ .questions = 0 };
    pthread_mutex_lock(&lock);
    if (present)
        resolver_count(present->resolver, counters);
    resolver_counters_merge(counters, &past);
    pthread_mutex_unlock(&lock);
}
