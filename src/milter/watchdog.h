/* watchdog.h: whether the daemon makes progress.
 *
 * Dead DNS is not our fault and no reason to be restarted: every question then
 * ends as a timeout, which is progress.  Stuck is only a resolver that ends no
 * question at all though some are in flight, a judgement that is older than its
 * own deadline allows, or a disk that keeps the spool's writer for a minute (one
 * that refuses what it is given does not).  Pure: samples in, answer out.
 */
#ifndef VIDIMUS_MILTER_WATCHDOG_H
#define VIDIMUS_MILTER_WATCHDOG_H

#include <stdint.h>

/* Begins zeroed. */
struct watchdog {
    int64_t question_limit_ms;  /* longest time without an ended question */
    int64_t judgement_limit_ms; /* greatest age of a judgement */
    /* private */
    const void *resolver;
    uint64_t ended;
    int64_t ended_changed_ms;
};

struct progress {
    int64_t now_ms;
    int64_t oldest_judgement_ms; /* age; 0: none runs */
    const void *resolver;        /* which one the next two belong to */
    uint64_t queries;            /* handed to its backend so far */
    uint64_t in_flight;          /* of these, not ended */
    int64_t spool_ms;            /* how long the spool's writer is at one step; 0: at none */
};

/* Raises the limits to what these configured timeouts (seconds) allow; never
 * lowers them: a message goes on with the configuration that it began with. */
void watchdog_allow(struct watchdog *watchdog, unsigned question_timeout,
                    unsigned message_timeout);

/* NULL: progress is made.  Else what is stuck. */
const char *watchdog_stuck(struct watchdog *watchdog, const struct progress *progress);

#endif
