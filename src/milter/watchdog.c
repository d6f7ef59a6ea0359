#include "milter/watchdog.h"

#include <stddef.h>

/* Beyond the message's own deadline: hashing, writing, a busy machine. */
enum { JUDGEMENT_GRACE_MS = 10000, SPOOL_LIMIT_MS = 60000 };

static void raise_to(int64_t *limit, int64_t wanted)
{
    if (*limit < wanted)
        *limit = wanted;
}

void watchdog_allow(struct watchdog *watchdog, unsigned question_timeout,
                    unsigned message_timeout)
{
    raise_to(&watchdog->question_limit_ms, 2 * (int64_t)question_timeout * 1000 + 1000);
    raise_to(&watchdog->judgement_limit_ms, (int64_t)message_timeout * 1000 + JUDGEMENT_GRACE_MS);
}

const char *watchdog_stuck(struct watchdog *watchdog, const struct progress *progress)
{
    uint64_t ended = progress->queries - progress->in_flight;

    if (progress->in_flight == 0 || progress->resolver != watchdog->resolver ||
        ended != watchdog->ended) {
        watchdog->resolver = progress->resolver;
        watchdog->ended = ended;
        watchdog->ended_changed_ms = progress->now_ms;
    }
    if (progress->now_ms - watchdog->ended_changed_ms > watchdog->question_limit_ms)
        return "resolver";
    if (progress->oldest_judgement_ms > watchdog->judgement_limit_ms)
        return "judgement";
    if (progress->spool_ms > SPOOL_LIMIT_MS)
        return "spool";
    return NULL;
}
