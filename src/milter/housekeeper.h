/* housekeeper.h: the thread that takes the signals and beats the watchdog.
 *
 * USR1 is reload; TERM, INT and HUP are stop.  libmilter's own signal thread
 * waits for those three too; whoever gets one, the daemon stops, only sooner
 * when it is this thread.
 */
#ifndef VIDIMUS_MILTER_HOUSEKEEPER_H
#define VIDIMUS_MILTER_HOUSEKEEPER_H

#include <stdbool.h>

struct config;
struct options;

/* Blocks the signals that are waited for, in this thread and those it will
 * create.  Call before the first thread. */
void housekeeper_block_signals(void);

typedef void housekeeper_stop_fn(void *context);

/* Calls STOP(CONTEXT) for a stop signal.  OPTIONS and STARTED are lent until
 * housekeeper_stop(). */
bool housekeeper_start(const struct options *options, const struct config *started,
                       housekeeper_stop_fn *stop, void *context);
void housekeeper_stop(void);

#endif
