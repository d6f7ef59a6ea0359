#include "report/failure_spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/region.h"
#include "core/transaction.h"
#include "report/failure.h"
#include "report/failure_file.h"
#include "report/failure_rate.h"
#include "report/redact.h"
#include "report/worker.h"

enum { QUEUE_MAX = 100, TICK_MS = 1000, TELL_MS = 60000, WHY_SIZE = 256 };

struct entry {
    struct entry *next;
    size_t len;
    char octets[];
};

struct failure_spool {
    const char *spool;
    bool subject;
    struct redactor redactor;
    struct worker worker;

    /* under its lock, down to the next blank line */
    struct failure_rate rate;
    struct entry *first, **end;
    struct failure_counters counters;
    char why[WHY_SIZE]; /* of the last loss */
    int64_t told_ms;    /* when the log was told of losses; 0: never */
    uint64_t told;

    int directory; /* the thread's own; -1: not yet */
};

/* --- the queue ---------------------------------------------------------------- */

static void free_entries(struct entry *entry)
{
    while (entry) {
        struct entry *next = entry->next;

        free(entry);
        entry = next;
    }
}

/* Under the lock. */
static void lose(struct failure_spool *s, const char *why)
{
    s->counters.lost++;
    snprintf(s->why, sizeof s->why, "%s", why);
}

static bool may_report(struct failure_spool *s, enum failure_case found,
                       const struct judgement *judgement)
{
    bool allowed = false;

    pthread_mutex_lock(&s->worker.lock);
    if (found == FAILURE_AUTOMATIC)
        s->counters.automatic++;
    else if (s->counters.waiting >= QUEUE_MAX)
        lose(s, "the queue was full");
    else if (!failure_rate_take(&s->rate, judgement->dmarc->policy_domain, clock_ms()))
        s->counters.limited++;
    else
        allowed = true;
    pthread_mutex_unlock(&s->worker.lock);
    return allowed;
}

static struct entry *entry_new(const struct failure_spool *s, struct failure *failure,
                               const struct judgement *judgement, struct dns_scope *dns)
{
    struct region *region = region_new(0);
    struct entry *entry = NULL;
    struct buf out;

    if (!region)
        return NULL;
    buf_init(&out, region, FAILURE_OCTETS_MAX);
    if (failure_fill(failure, region, judgement, dns, &s->redactor, s->subject))
        failure_write(&out, failure);
    if (!buf_failed(&out) && out.len > 0)
        entry = malloc(sizeof *entry + out.len);
    if (entry) {
        entry->next = NULL;
        entry->len = out.len;
        memcpy(entry->octets, out.data, out.len);
    }
    region_free(region);
    return entry;
}

void failure_spool_note(struct failure_spool *s, const struct judgement *judgement,
                        struct dns_scope *dns, const struct ip_address *client)
{
    struct failure failure = { .time = clock_epoch(), .source = *client };
    enum failure_case found = failure_wanted(judgement, client, &failure.type);
    struct entry *entry;

    if (found == FAILURE_NONE || !may_report(s, found, judgement))
        return;
    entry = entry_new(s, &failure, judgement, dns);
    pthread_mutex_lock(&s->worker.lock);
    if (entry && !s->worker.stopping) {
        *s->end = entry;
        s->end = &entry->next;
        s->counters.waiting++;
        entry = NULL;
        pthread_cond_signal(&s->worker.work);
    } else {
        lose(s, entry ? "after the end" : "out of memory, or no good values");
    }
    pthread_mutex_unlock(&s->worker.lock);
    free_entries(entry);
}

/* --- the thread --------------------------------------------------------------- */

/* NULL, or why ENTRY is not on the disk. */
static const char *write_entry(struct failure_spool *s, const struct entry *entry)
{
    struct region *region = region_new(0);
    char name[FAILURE_NAME_SIZE] = "";
    struct failure_file *files;
    const char *why = NULL;
    size_t count;

    if (s->directory < 0)
        s->directory = failure_directory(s->spool, true);
    if (s->directory < 0 || !region)
        why = strerror(errno);
    else if (!failure_files(s->directory, region, clock_epoch(), &files, &count))
        why = strerror(errno);
    else if (count >= FAILURE_FILES_MAX)
        why = "too many wait for `vidimus report send`";
    else if (!failure_file_write(s->directory, name, (struct text){ entry->octets, entry->len }))
        why = strerror(errno);
    region_free(region);
    if (why && s->directory >= 0) {
        close(s->directory); /* maybe it is another one by now */
        s->directory = -1;
    }
    return why;
}

/* Under the lock.  At once, then once a minute. */
static void tell_losses(struct failure_spool *s)
{
    char quoted[LOG_QUOTED_MAX];
    int64_t now = clock_ms();

    if (s->counters.lost == s->told || (s->told_ms && now - s->told_ms < TELL_MS))
        return;
    log_line(LOG_LEVEL_WARN, "failure reports lost: count=%" PRIu64 " why=%s",
             s->counters.lost - s->told, log_quote(text_of(s->why), quoted));
    s->told = s->counters.lost;
    s->told_ms = now;
}

/* Takes the first entry from the queue; under the lock, which is not held while the disk
 * works. */
static void work_off(struct failure_spool *s)
{
    struct entry *entry = s->first;
    const char *why;

    s->first = entry->next;
    if (!s->first)
        s->end = &s->first;
    entry->next = NULL;
    pthread_mutex_unlock(&s->worker.lock);
    why = write_entry(s, entry);
    free_entries(entry);
    pthread_mutex_lock(&s->worker.lock);
    s->counters.waiting--;
    if (why)
        lose(s, why);
    else
        s->counters.written++;
}

static void *write_files(void *context)
{
    struct failure_spool *s = context;

    pthread_mutex_lock(&s->worker.lock);
    while (s->first || !s->worker.stopping) {
        if (s->first)
            work_off(s);
        else
            worker_wait(&s->worker, clock_ms() + TICK_MS);
        tell_losses(s);
    }
    s->told_ms = 0;
    tell_losses(s);
    worker_ends(&s->worker);
    pthread_mutex_unlock(&s->worker.lock);
    return NULL;
}

/* --- beginning and end -------------------------------------------------------- */

static void open_redactor(struct failure_spool *s)
{
    char error[WHY_SIZE], quoted[LOG_QUOTED_MAX];
    int directory = failure_directory(s->spool, true);

    if (!redactor_open(&s->redactor, directory, FAILURE_KEY_FILE, error, sizeof error))
        log_line(LOG_LEVEL_WARN,
                 "failure reports: no lasting key for redaction, so they cannot be compared with "
                 "those after the next start: why=%s", log_quote(text_of(error), quoted));
    s->directory = directory;
}

struct failure_spool *failure_spool_start(const struct failure_settings *settings)
{
    struct failure_spool *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->spool = settings->spool;
    s->subject = settings->subject;
    s->rate.whole = settings->rate < FAILURE_RATE_MAX ? settings->rate : FAILURE_RATE_MAX;
    s->rate.domain = settings->domain_rate;
    s->end = &s->first;
    open_redactor(s);
    if (worker_start(&s->worker, write_files, s))
        return s;
    if (s->directory >= 0)
        close(s->directory);
    free(s);
    return NULL;
}

void failure_spool_count(struct failure_spool *s, struct failure_counters *counters)
{
    pthread_mutex_lock(&s->worker.lock);
    *counters = s->counters;
    pthread_mutex_unlock(&s->worker.lock);
}

bool failure_spool_stop(struct failure_spool *s, int64_t limit_ms)
{
    return worker_stop(&s->worker, limit_ms);
}

void failure_spool_free(struct failure_spool *s)
{
    if (!s || !worker_free(&s->worker))
        return;
    if (s->directory >= 0)
        close(s->directory);
    free(s);
}
