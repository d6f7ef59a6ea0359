/* failure_rate.h: how many failures are reported at most (RFC 9991 §2, §8.1).
 *
 * Anybody can make messages fail in anybody's name: so many an hour and domain, and so
 * many in all.  Any hour counts, not only those of the clock.  Not for two threads at
 * once.
 */
#ifndef VIDIMUS_REPORT_FAILURE_RATE_H
#define VIDIMUS_REPORT_FAILURE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAILURE_RATE_MAX = 3600 };

struct failure_rate {
    size_t whole, domain; /* an hour: in all (at most FAILURE_RATE_MAX), of one domain */
    /* private */
    size_t next; /* where the oldest is */
    struct failure_mark {
        int64_t ms; /* 0: none */
        uint64_t domain;
    } marks[FAILURE_RATE_MAX]; /* the last `whole` ones, in a ring */
};

/* Whether one more about DOMAIN may be reported; if so, it is counted.  NOW_MS: clock_ms(). */
bool failure_rate_take(struct failure_rate *rate, const char *domain, int64_t now_ms);

#endif
