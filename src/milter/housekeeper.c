#include "milter/housekeeper.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/snapshot.h"
#include "milter/counters.h"
#include "milter/endpoint.h"
#include "milter/inflight.h"
#include "milter/key_watch.h"
#include "milter/reload.h"
#include "milter/reporting.h"
#include "milter/running.h"
#include "milter/systemd.h"
#include "milter/watchdog.h"

enum { TICK_MS = 1000, SETTLE_MS = 9000 };

static struct {
    const struct options *options;
    const struct config *started;
    sigset_t stops;   /* TERM, INT, HUP */
    sigset_t signals; /* these and USR1 */
    pthread_t listener;
    pthread_t thread;
    sem_t handed_on;
    bool running;
    atomic_bool end;
    atomic_int_least64_t stop_signal_ms;
    const char *stuck; /* what the last look found */
    int descriptors;   /* how many we may have */
    bool full;         /* so many connections that few are left */
    bool lost_socket;  /* the MTA finds us no more */
} keeper;

static void interrupt_only(int number)
{
    (void)number;
}

void housekeeper_block_signals(void)
{
    const struct sigaction interrupting = { .sa_handler = interrupt_only };

    keeper.listener = pthread_self();
    sigemptyset(&keeper.stops);
    sigaddset(&keeper.stops, SIGTERM);
    sigaddset(&keeper.stops, SIGINT);
    sigaddset(&keeper.stops, SIGHUP);
    keeper.signals = keeper.stops;
    sigaddset(&keeper.signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &keeper.signals, NULL);
    sem_init(&keeper.handed_on, 0, 0);
    sigaction(SIGUSR2, &interrupting, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is as a full disk: EFBIG */
}

static void reload_now(void)
{
    bool done;

    systemd_reloading();
    log_line(LOG_LEVEL_DEBUG, "USR1: reading the configuration again");
    done = reload(keeper.options, keeper.started);
    counter_add(done ? COUNTER_RELOADS_OK : COUNTER_RELOADS_FAILED, 1);
    if (done) {
        log_line(LOG_LEVEL_MAIL, "reload: done");
        key_watch_again();
    } else {
        log_line(LOG_LEVEL_FAULT, "reload: failed, the old configuration stays");
    }
    systemd_ready();
}

static const char *look(struct watchdog *watchdog)
{
    struct snapshot *snapshot = running_get();
    struct resolver_counters dns = { 0 };
    struct reporting_counters reports;
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
    reporting_count(&reports);
    progress.spool_ms = reports.spool.stuck_ms;
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

/* libmilter's listener spins when there is no descriptor for a connection; and those who
 * have theirs need some for DNS.  So while few are left, new connections wait. */
static void watch_descriptors(void)
{
    int lowest_free = dup(STDERR_FILENO);
    bool full = lowest_free >= keeper.descriptors - keeper.descriptors / 8 ||
                (lowest_free < 0 && errno == EMFILE);

    if (lowest_free >= 0)
        close(lowest_free);
    if (full == keeper.full)
        return;
    keeper.full = full;
    endpoint_listen(!full);
    pthread_kill(keeper.listener, SIGUSR2); /* so that it notices */
    if (full)
        log_line(LOG_LEVEL_FAULT, "few descriptors are left of %d: new connections wait",
                 keeper.descriptors);
    else
        log_line(LOG_LEVEL_WARN, "descriptors are free again: connections are taken");
}

/* In place of the C library's: in this process only libmilter's signal thread calls it, for
 * TERM, INT and HUP.  The kernel would give it those that come while we read a configuration,
 * and it would break off the messages that are on their way.  So it gets what stop() hands on. */
__attribute__((visibility("default"))) int sigwait(const sigset_t *restrict set, int *restrict number)
{
    (void)set;
    while (sem_wait(&keeper.handed_on) != 0)
        continue; /* interrupted */
    *number = SIGTERM;
    return 0;
}

/* It cannot be bound again: the sandbox lets nobody listen. */
static void watch_socket(void)
{
    bool lost = !endpoint_is_bound();

    if (lost && !keeper.lost_socket)
        log_line(LOG_LEVEL_FAULT, "the socket was deleted or replaced: no MTA finds it; start "
                                  "vidimusd again");
    keeper.lost_socket = lost;
}

/* Interrupts the listener's poll(); tried again, in case it came before
 * libmilter's signal thread had noted the stop. */
static void wake_listener(void)
{
    static const long pauses_ms[] = { 20, 100, 500 };

    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = pauses_ms[i] * 1000000 }, NULL);
        if (atomic_load(&keeper.end))
            return;
        pthread_kill(keeper.listener, SIGUSR2);
    }
}

static void stop(void)
{
    atomic_store(&keeper.stop_signal_ms, clock_ms());
    systemd_stopping();
    endpoint_stop_listening();
    pthread_kill(keeper.listener, SIGUSR2); /* so that it notices */
    inflight_settle(SETTLE_MS);
    sem_post(&keeper.handed_on);
    wake_listener();
}

/* Waits for a signal, at most one tick.  A stop goes before reloads, however many come. */
static int next_signal(const struct timespec *tick)
{
    int number = sigtimedwait(&keeper.stops, NULL, &(struct timespec){ 0 });

    return number > 0 ? number : sigtimedwait(&keeper.signals, NULL, tick);
}

static void take_signal(const struct timespec *tick)
{
    int number = next_signal(tick);

    if (number < 0 || housekeeper_stop_signal_ms() || atomic_load(&keeper.end))
        return;
    if (number == SIGUSR1)
        reload_now();
    else
        stop();
}

static void *keep(void *unused)
{
    int64_t interval = systemd_watchdog_ms();
    int64_t between = interval / 3 + 1, next_beat = clock_ms();
    int64_t ms = interval > 0 && between < TICK_MS ? between : TICK_MS;
    const struct timespec tick = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    struct watchdog watchdog = { 0 };

    while (!atomic_load(&keeper.end)) {
        if (interval > 0 && clock_ms() >= next_beat) {
            beat(&watchdog);
            next_beat = clock_ms() + between;
        }
        if (!housekeeper_stop_signal_ms()) {
            watch_descriptors();
            watch_socket();
        }
        take_signal(&tick);
    }
    return unused;
}

bool housekeeper_start(const struct options *options, const struct config *started)
{
    keeper.options = options;
    keeper.started = started;
    keeper.descriptors = (int)sysconf(_SC_OPEN_MAX);
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

int64_t housekeeper_stop_signal_ms(void)
{
    return atomic_load(&keeper.stop_signal_ms);
}
