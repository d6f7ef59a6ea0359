/* thread.h: what our threads have in common. */
#ifndef VIDIMUS_BASE_THREAD_H
#define VIDIMUS_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Starts a thread that takes no signals: they are for main (and for libmilter's).
 * False: there is no memory, or no further thread may be. */
bool thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

/* Initialises CONDITION so that its timed waits follow clock_ms().  False without
 * memory, which the C library here never needs for it. */
bool condition_init(pthread_cond_t *condition);

/* Waits on CONDITION until signalled or clock_ms() reaches DEADLINE_MS. */
void condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms);

#endif
