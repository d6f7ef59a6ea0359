#include "milter/running.h"

#include <pthread.h>
#include <stddef.h>

#include "core/snapshot.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *present;

void running_set(struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&lock);
    before = present;
    present = snapshot;
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
