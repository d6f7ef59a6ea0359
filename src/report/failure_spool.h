/* failure_spool.h: failures on their way from the daemon's callbacks to files that
 * `vidimus report send` makes mails of: one a failure, in the directory `failure` of the
 * spool.
 *
 * Callbacks queue and go on; a thread of our own writes.  A report about a failure is a
 * courtesy: what the disk does not take at once is lost, counted, and told once a minute.
 */
#ifndef VIDIMUS_REPORT_FAILURE_SPOOL_H
#define VIDIMUS_REPORT_FAILURE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_scope;
struct failure_spool;
struct ip_address;
struct judgement;

struct failure_settings {
    const char *spool;  /* directory of the spool */
    size_t rate;        /* failures an hour */
    size_t domain_rate; /* failures an hour of one domain */
    bool subject;       /* is shown */
};

/* Makes the directory and the key if they are missing, starts the thread.  NULL: no
 * memory, no thread.  A directory that cannot be used yet is tried again. */
struct failure_spool *failure_spool_start(const struct failure_settings *settings);

/* A message came to its end, and will not come again.  DNS: the message's questions.  From
 * any thread; waits for nothing. */
void failure_spool_note(struct failure_spool *spool, const struct judgement *judgement,
                        struct dns_scope *dns, const struct ip_address *client);

struct failure_counters {
    uint64_t written;
    uint64_t automatic; /* failed, but might be caused by a report */
    uint64_t limited;   /* beyond the rates */
    uint64_t lost;      /* no memory, no disk, too many files */
    uint64_t waiting;   /* for the disk, now */
};

void failure_spool_count(struct failure_spool *spool, struct failure_counters *counters);

/* Writes what waits, at most LIMIT_MS.  False: the thread hangs in the disk. */
bool failure_spool_stop(struct failure_spool *spool, int64_t limit_ms);

/* After failure_spool_stop(), when nobody notes any more; NULL allowed.  One whose thread
 * hangs is left alone. */
void failure_spool_free(struct failure_spool *spool);

#endif
