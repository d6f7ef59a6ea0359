/* key_watch.h: the thread that looks, at the start, after a reload and every hour,
 * whether DNS has the keys that we sign and seal with.  What is not right is
 * logged, and counted for `vidimus status`.  Mail never waits for it.
 */
#ifndef VIDIMUS_MILTER_KEY_WATCH_H
#define VIDIMUS_MILTER_KEY_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Call when a snapshot runs. */
bool key_watch_start(void);

/* Another snapshot runs: look now. */
void key_watch_again(void);

/* Waits for its end, at most for a fraction of a second; also without a start. */
void key_watch_stop(void);

/* What the last look found. */
void key_watch_count(size_t *keys, size_t *missing);

#endif
