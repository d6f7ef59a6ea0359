/* clock.h: the only place that asks what time it is.  Only the shells call
 * it; evaluators are handed `now`. */
#ifndef VIDIMUS_BASE_CLOCK_H
#define VIDIMUS_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: for deadlines and durations. */
int64_t clock_ms(void);

/* The same in microseconds: for what is measured. */
int64_t clock_us(void);

/* Seconds since the epoch: for signature times and logs. */
int64_t clock_epoch(void);

#endif
