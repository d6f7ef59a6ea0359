#include "milter/housekeeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/snapshot.h"
#include "milter/counters.h"
#include "milter/inflight.h"
#include "milter/reload.h"
#include "milter/running.h"
#include "milter/systemd.h"
#include "milter/watchdog.h"

enum { IDLE_MS = 60000 };

static struct {
    const struct options *options;
    const struct config *started;
    housekeeper_stop_fn *stop;
    void *stop_context;
    pthread_t thread;
    bool running;
    atomic_bool end;
    const char *stuck; /* what the last look found */
} keeper;

static void fill_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void housekeeper_block_signals(void)
{
    sigset_t set;

    fill_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void reload_now(void)
{
    bool done;

    systemd_reloading();
    log_line(LOG_LEVEL_DEBUG, "USR1: reading the configuration again");
    done = reload(keeper.options, keeper.started);
    counter_add(done ? COUNTER_RELOADS_OK : COUNTER_RELOADS_FAILED, 1);
    if (done)
        log_line(LOG_LEVEL_MAIL, "reload: done");
    else
        log_line(LOG_LEVEL_FAULT, "reload: failed, the old configuration stays");
    systemd_ready();
}

static const char *look(struct watchdog *watchdog)
{
    struct snapshot *snapshot = running_get();
    struct resolver_counters dns = { 0 };
    struct progress progress = { .now_ms = clock_ms(),
                                 .oldest_judgement_ms = inflight_oldest_ms() };

    if (snapshot) {
        watchdog_allow(watchdog, snapshot->config->resolver.timeout,
                       snapshot->config->resolver.message_timeout);
        resolver_count(snapshot->resolver, &dns);
        progress.resolver = snapshot->resolver;
        progress.queries = dns.queries;
        progress.in_flight = dns.in_flight;
    }
    snapshot_unref(snapshot);
    return watchdog_stuck(watchdog, &progress);
}

static void beat(struct watchdog *watchdog)
{
    const char *stuck = look(watchdog);

    if (stuck && !keeper.stuck)
        log_line(LOG_LEVEL_FAULT, "no progress: %s is stuck, no more watchdog beats", stuck);
    if (!stuck && keeper.stuck)
        log_line(LOG_LEVEL_WARN, "progress again: %s", keeper.stuck);
    keeper.stuck = stuck;
    if (!stuck)
        systemd_watchdog();
}

/* Waits for a signal, at most one tick. */
static void take_signal(const sigset_t *set, const struct timespec *tick)
{
    int number = sigtimedwait(set, NULL, tick);

    if (number < 0 || atomic_load(&keeper.end))
        return;
    if (number == SIGUSR1)
        reload_now();
    else
        keeper.stop(keeper.stop_context);
}

static void *keep(void *unused)
{
    int64_t interval = systemd_watchdog_ms();
    int64_t ms = interval > 0 ? interval / 3 + 1 : IDLE_MS;
    const struct timespec tick = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    struct watchdog watchdog = { 0 };
    sigset_t set;

    fill_signals(&set);
    while (!atomic_load(&keeper.end)) {
        if (interval > 0)
            beat(&watchdog);
        take_signal(&set, &tick);
    }
    return unused;
}

bool housekeeper_start(const struct options *options, const struct config *started,
                       housekeeper_stop_fn *stop, void *context)
{
    keeper.options = options;
    keeper.started = started;
    keeper.stop = stop;
    keeper.stop_context = context;
    keeper.running = pthread_create(&keeper.thread, NULL, keep, NULL) == 0;
    return keeper.running;
}

void housekeeper_stop(void)
{
    if (!keeper.running)
        return;
    atomic_store(&keeper.end, true);
    pthread_kill(keeper.thread, SIGUSR1);
    pthread_join(keeper.thread, NULL);
    keeper.running = false;
}
