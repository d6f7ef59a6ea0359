#include "report/spool.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/region.h"
#include "report/row.h"
#include "report/segment_writer.h"
#include "report/worker.h"

#define MB ((uint64_t)1024 * 1024)

static const struct spool_settings defaults = {
    .octets_max = 1024 * MB,
    .queue_rows_max = 10000,
    .queue_octets_max = 16 * MB,
    .segment_octets = 8 * MB,
    .segment_ms = 300000,
    .retry_ms = 1000,
    .tell_ms = 60000,
};

/* TICK: how long the thread sleeps at most.  HANG: how long it may be at one step
 * before that is worth a word.  LOCK: an importer may hold the lock for a moment when
 * we start. */
enum { TICK_MS = 1000, HANG_MS = 5000, LOCK_WAIT_MS = 2000, LOCK_PAUSE_MS = 50 };

struct entry {
    struct entry *next;
    size_t len;
    char line[];
};

struct spool {
    struct spool_settings settings;
    struct worker worker;

    /* under its lock, down to the next blank line */
    struct entry *first, **end;
    size_t queued, queued_octets;
    bool gave_up; /* a row was not taken while stopping */
    bool failing;
    int64_t step_ms; /* since when the thread is in the disk's hands; 0: it is not */
    struct spool_counters counters;
    const char *why_lost; /* the last row that was */
    int64_t told_ms;      /* when the log was told of trouble; 0: it knows of none */
    uint64_t told_lost;

    /* the thread's own */
    struct segment_writer writer;
    int64_t retry_at_ms, tick_at_ms;
};

/* --- telling ---------------------------------------------------------------- */

/* Lets go of the lock meanwhile: the log may be slow, too. */
static void tell(struct spool *s, enum log_level level, const char *words, const char *why)
{
    uint64_t lost = s->counters.lost;
    size_t waiting = s->queued;
    char quoted[LOG_QUOTED_MAX];

    s->told_lost = lost;
    pthread_mutex_unlock(&s->worker.lock);
    log_line(level, "spool: %s: rows_waiting=%zu rows_lost=%" PRIu64 "%s%s", words, waiting, lost,
             *why ? " why=" : "", *why ? log_quote(text_of(why), quoted) : "");
    pthread_mutex_lock(&s->worker.lock);
}

/* Under the lock.  The first trouble is told at once, more of it once a minute, its
 * end if its begin was. */
static void tell_trouble(struct spool *s, int64_t now_ms)
{
    bool trouble = s->failing || s->counters.lost > s->told_lost;

    if (s->told_ms ? now_ms - s->told_ms < s->settings.tell_ms : !trouble)
        return;
    s->told_ms = trouble ? now_ms : 0;
    if (!trouble)
        tell(s, LOG_LEVEL_WARN, "writing again", "");
    else if (s->failing)
        tell(s, LOG_LEVEL_FAULT, "cannot write", s->writer.why);
    else
        tell(s, LOG_LEVEL_FAULT, "rows lost", s->why_lost);
}

/* Under the lock, for a row that is lost: the thread tells, unless the disk keeps it. */
static void tell_of_hanging(struct spool *s)
{
    int64_t now = clock_ms();

    if (!s->step_ms || now - s->step_ms < HANG_MS ||
        (s->told_ms && now - s->told_ms < s->settings.tell_ms))
        return;
    s->told_ms = now;
    tell(s, LOG_LEVEL_FAULT, "rows lost", "the disk hangs");
}

/* --- the queue -------------------------------------------------------------- */

static struct entry *entry_new(const struct row *row)
{
    struct region *region = row ? region_new(0) : NULL;
    struct entry *entry = NULL;
    struct buf out;

    if (!region)
        return NULL;
    buf_init(&out, region, ROW_LINE_MAX);
    row_write(&out, row);
    if (!buf_failed(&out))
        entry = malloc(sizeof *entry + out.len);
    if (entry) {
        entry->next = NULL;
        entry->len = out.len;
        memcpy(entry->line, out.data, out.len);
    }
    region_free(region);
    return entry;
}

/* Under the lock.  NULL, or why the row is lost. */
static const char *append(struct spool *s, struct entry *entry)
{
    const struct spool_settings *set = &s->settings;

    if (!entry)
        return "out of memory, or no good row";
    if (s->worker.stopping)
        return "after the end";
    if (s->queued >= set->queue_rows_max || s->queued_octets + entry->len > set->queue_octets_max)
        return "the queue was full";
    *s->end = entry;
    s->end = &entry->next;
    s->queued++;
    s->queued_octets += entry->len;
    if (s->queued == 1)
        pthread_cond_signal(&s->worker.work);
    return NULL;
}

bool spool_add(struct spool *s, const struct row *row)
{
    struct entry *entry = entry_new(row);
    const char *why_lost;

    pthread_mutex_lock(&s->worker.lock);
    why_lost = append(s, entry);
    if (why_lost) {
        s->counters.lost++;
        s->why_lost = why_lost;
        tell_of_hanging(s);
    }
    pthread_mutex_unlock(&s->worker.lock);
    if (why_lost)
        free(entry);
    return !why_lost;
}

static void remove_first(struct spool *s)
{
    struct entry *entry = s->first;

    s->first = entry->next;
    if (!s->first)
        s->end = &s->first;
    s->queued--;
    s->queued_octets -= entry->len;
    free(entry);
}

/* --- the thread -------------------------------------------------------------- */

/* The next line to write, which stays in the queue; NULL: it is time for other
 * things.  Under the lock. */
static struct entry *next_entry(struct spool *s)
{
    int64_t now = clock_ms();

    if (s->worker.stopping)
        return s->first;
    if (now >= s->tick_at_ms)
        return NULL;
    if (s->failing && now < s->retry_at_ms) {
        worker_wait(&s->worker, s->retry_at_ms < s->tick_at_ms ? s->retry_at_ms : s->tick_at_ms);
        return NULL;
    }
    if (!s->first)
        worker_wait(&s->worker, s->tick_at_ms);
    return s->first;
}

static void note_files(struct spool *s)
{
    s->counters.octets = s->writer.octets;
    s->counters.segments_closed = s->writer.closed;
    if (s->writer.vanished > 0)
        s->why_lost = "a segment was deleted while it was open";
    s->counters.lost += s->writer.vanished;
    s->writer.vanished = 0;
}

/* Writes ENTRY.  The lock is not held while the disk works. */
static void write_entry(struct spool *s, struct entry *entry)
{
    int64_t now = clock_ms();
    bool done;

    s->step_ms = now;
    pthread_mutex_unlock(&s->worker.lock);
    done = segment_writer_append(&s->writer, (struct text){ entry->line, entry->len }, now);
    pthread_mutex_lock(&s->worker.lock);
    s->step_ms = 0;
    s->failing = !done;
    s->gave_up = !done && s->worker.stopping;
    if (done) {
        s->counters.written++;
        remove_first(s);
    } else {
        s->retry_at_ms = now + s->settings.retry_ms;
    }
    note_files(s);
}

/* A failure without a row that could show its end is looked after here. */
static void tick(struct spool *s)
{
    int64_t now = clock_ms();
    bool idle = s->failing && !s->first, ready;

    s->tick_at_ms = now + TICK_MS;
    s->step_ms = now;
    pthread_mutex_unlock(&s->worker.lock);
    segment_writer_tick(&s->writer, now);
    ready = !idle || segment_writer_begin(&s->writer);
    pthread_mutex_lock(&s->worker.lock);
    s->step_ms = 0;
    if (idle)
        s->failing = !ready;
    note_files(s);
    tell_trouble(s, now);
}

/* What is left now is lost. */
static void finish(struct spool *s)
{
    uint64_t left = s->queued;

    s->step_ms = clock_ms();
    pthread_mutex_unlock(&s->worker.lock);
    segment_writer_end(&s->writer);
    pthread_mutex_lock(&s->worker.lock);
    s->counters.lost += left;
    if (left > 0)
        s->why_lost = s->writer.why;
    while (s->first)
        remove_first(s);
    note_files(s);
    s->step_ms = 0;
    if (s->counters.lost > s->told_lost)
        tell(s, LOG_LEVEL_FAULT, "stopped", s->why_lost);
    worker_ends(&s->worker);
}

static void *write_rows(void *context)
{
    struct spool *s = context;

    pthread_mutex_lock(&s->worker.lock);
    while (!s->worker.stopping || (s->first && !s->gave_up)) {
        struct entry *entry = next_entry(s);

        if (entry)
            write_entry(s, entry);
        else if (clock_ms() >= s->tick_at_ms)
            tick(s);
    }
    finish(s);
    pthread_mutex_unlock(&s->worker.lock);
    return NULL;
}

/* --- beginning and end -------------------------------------------------------- */

static void make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    if (mkdir(path, mode) == 0 && geteuid() == 0)
        (void)!lchown(path, uid, gid);
}

void spool_make_directory(const char *path, uid_t uid, gid_t gid)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    mode_t mask = umask(0);

    if (slash && slash > path &&
        (size_t)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path) < sizeof parent)
        make_directory(parent, 0755, uid, gid);
    make_directory(path, 0750, uid, gid);
    umask(mask);
}

static void settle(struct spool_settings *set, const struct spool_settings *wanted)
{
    *set = *wanted;
#define DEFAULT(field) set->field = set->field ? set->field : defaults.field
    DEFAULT(octets_max);
    DEFAULT(queue_rows_max);
    DEFAULT(queue_octets_max);
    DEFAULT(segment_octets);
    DEFAULT(segment_ms);
    DEFAULT(retry_ms);
    DEFAULT(tell_ms);
#undef DEFAULT
}

/* A directory that cannot be used yet is no reason not to start: mail goes on. */
static bool take_directory(struct spool *s)
{
    int64_t until = clock_ms() + LOCK_WAIT_MS;

    while (!segment_writer_begin(&s->writer)) {
        s->failing = !s->writer.busy;
        if (s->failing || clock_ms() >= until)
            return s->failing;
        nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_MS * 1000000L }, NULL);
    }
    return true;
}

enum spool_start spool_start(const struct spool_settings *settings, struct spool **spool,
                             char *error, size_t error_size)
{
    struct spool *s = calloc(1, sizeof *s);

    *spool = NULL;
    snprintf(error, error_size, "no memory, or no thread, for the spool");
    if (!s)
        return SPOOL_FAILED;
    settle(&s->settings, settings);
    s->end = &s->first;
    segment_writer_init(&s->writer);
    s->writer.path = s->settings.directory;
    s->writer.octets_max = s->settings.octets_max;
    s->writer.segment_octets = s->settings.segment_octets;
    s->writer.segment_ms = s->settings.segment_ms;
    if (!take_directory(s)) {
        snprintf(error, error_size, "%s", s->writer.why);
        free(s);
        return SPOOL_BUSY;
    }
    note_files(s);
    if (!worker_start(&s->worker, write_rows, s)) {
        segment_writer_end(&s->writer);
        free(s);
        return SPOOL_FAILED;
    }
    *spool = s;
    return SPOOL_STARTED;
}

void spool_count(struct spool *s, struct spool_counters *counters)
{
    pthread_mutex_lock(&s->worker.lock);
    *counters = s->counters;
    counters->queued = s->queued;
    counters->failing = s->failing;
    counters->stuck_ms = s->step_ms ? clock_ms() - s->step_ms : 0;
    pthread_mutex_unlock(&s->worker.lock);
}

bool spool_stop(struct spool *s, int64_t limit_ms)
{
    uint64_t lost;

    if (worker_stop(&s->worker, limit_ms))
        return true;
    pthread_mutex_lock(&s->worker.lock);
    lost = s->counters.lost + s->queued;
    pthread_mutex_unlock(&s->worker.lock);
    log_line(LOG_LEVEL_FAULT, "spool: the disk hangs: rows_lost=%" PRIu64, lost);
    return false;
}

void spool_free(struct spool *s)
{
    if (s && worker_free(&s->worker))
        free(s);
}
