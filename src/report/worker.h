/* worker.h: a thread that works off what others queue, so that nobody who has mail in
 * hand waits for the disk.
 *
 * Its owner's data are under its lock.  It may hang in the disk's hands for ever: then
 * it is left behind, with all that it uses. */
#ifndef VIDIMUS_REPORT_WORKER_H
#define VIDIMUS_REPORT_WORKER_H

#include "base/thread.h"

struct worker {
    pthread_t thread;
    pthread_mutex_t lock; /* of the owner's data, and of what follows */
    pthread_cond_t work;  /* the thread waits for it */
    pthread_cond_t done;  /* worker_stop() waits for it */
    bool stopping, ended;
};

/* Starts RUN, which calls worker_ends() before it returns.  False: no memory, or no
 * thread; nothing is held then. */
bool worker_start(struct worker *worker, void *(*run)(void *context), void *context);

/* The thread's, under the lock: waits for work, or to be stopped; until UNTIL_MS at
 * the latest. */
void worker_wait(struct worker *worker, int64_t until_ms);

/* The thread's last words, under the lock. */
void worker_ends(struct worker *worker);

/* Has the thread finish (STOPPING is set), and waits for it, for LIMIT_MS at most.
 * False: it is at work still. */
bool worker_stop(struct worker *worker, int64_t limit_ms);

/* Gives back what a thread that ended holds.  False: it is at work still; nothing may be
 * freed. */
bool worker_free(struct worker *worker);

#endif
