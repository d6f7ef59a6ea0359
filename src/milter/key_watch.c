#include "milter/key_watch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "core/key_survey.h"
#include "core/snapshot.h"
#include "milter/running.h"

enum { INTERVAL_S = 3600, SLACK_MS = 1000, LINES_MAX = 20 };

static struct {
    pthread_t thread;
    atomic_bool running;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool again;       /* under the lock */
    atomic_bool stop;
    atomic_size_t keys, missing;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One look at all keys. */
struct look {
    size_t keys, missing, unanswered;
};

static bool see(void *context, struct region *region, const struct keyring_entry *entry,
                const char *name, const struct key_check *check)
{
    struct look *look = context;
    char detail[LOG_QUOTED_MAX];
    const char *advice;

    if (!check)
        return true;
    look->keys++;
    if (check->finding == KEY_UNKNOWN)
        look->unanswered++;
    if (!check->wrong || check->finding == KEY_UNKNOWN || ++look->missing > LINES_MAX)
        return true;
    advice = key_check_advice(region, check, entry->source->state);
    log_line(LOG_LEVEL_WARN, "key %s: dns=%s detail=%s: %s", name,
             name_of(key_finding_names, (int)check->finding),
             log_quote(text_of(check->detail), detail), advice ? advice : "");
    return true;
}

static void tell(const struct look *look)
{
    if (look->missing > LINES_MAX)
        log_line(LOG_LEVEL_WARN, "keys: %zu more are not right in DNS: vidimus domain --keys",
                 look->missing - LINES_MAX);
    if (look->unanswered > 0)
        log_line(LOG_LEVEL_WARN, "keys: DNS gave no answer for %zu of %zu", look->unanswered,
                 look->keys);
    if (look->missing == 0 && atomic_load(&watch.missing) > 0)
        log_line(LOG_LEVEL_MAIL, "keys: all are right in DNS again");
    log_line(LOG_LEVEL_DEBUG, "keys: looked for %zu in DNS, %zu are not right", look->keys,
             look->missing);
}

static void look_once(void)
{
    struct snapshot *snapshot = running_get();
    struct look look = { 0 };
    bool done;

    if (!snapshot)
        return;
    done = key_survey(&(struct key_survey){
        .keyring = snapshot->keyring,
        .resolver = snapshot->resolver,
        .author = "",
        .active_only = true,
        .timeout_ms = (int64_t)snapshot->config->resolver.timeout * 1000 + SLACK_MS,
        .stop = &watch.stop,
        .see = see,
        .context = &look,
    });
    snapshot_unref(snapshot);
    if (!done || atomic_load(&watch.stop))
        return;
    tell(&look);
    atomic_store(&watch.keys, look.keys);
    atomic_store(&watch.missing, look.missing);
}

/* Until the hour is over, or somebody wants us. */
static void rest(void)
{
    int64_t until = clock_ms() + INTERVAL_S * 1000;

    pthread_mutex_lock(&watch.lock);
    while (!watch.again && !atomic_load(&watch.stop) && clock_ms() < until)
        condition_wait_until(&watch.woken, &watch.lock, until);
    watch.again = false;
    pthread_mutex_unlock(&watch.lock);
}

static void *keep_watching(void *unused)
{
    while (!atomic_load(&watch.stop)) {
        look_once();
        rest();
    }
    return unused;
}

bool key_watch_start(void)
{
    condition_init(&watch.woken);
    atomic_store(&watch.running,
                 pthread_create(&watch.thread, NULL, keep_watching, NULL) == 0);
    return atomic_load(&watch.running);
}

static void wake(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.again = true;
    pthread_cond_signal(&watch.woken);
    pthread_mutex_unlock(&watch.lock);
}

void key_watch_again(void)
{
    if (atomic_load(&watch.running))
        wake();
}

void key_watch_stop(void)
{
    if (!atomic_load(&watch.running))
        return;
    atomic_store(&watch.stop, true);
    wake();
    pthread_join(watch.thread, NULL);
    atomic_store(&watch.running, false);
}

void key_watch_count(size_t *keys, size_t *missing)
{
    *keys = atomic_load(&watch.keys);
    *missing = atomic_load(&watch.missing);
}
