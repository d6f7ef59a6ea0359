/* housekeeper.h: the thread that takes the signals and beats the watchdog.
 *
 * USR1 is reload.  TERM, INT and HUP stop the daemon: this thread lets the
 * messages that are on their way come to their end, then hands the signal on to
 * libmilter's own signal thread, and wakes the listener, which else would look
 * every five seconds only.  A stop goes before the reloads that wait; one that runs is
 * finished first.  libmilter gets no signal but from here: sigwait() is defined here.
 */
#ifndef VIDIMUS_MILTER_HOUSEKEEPER_H
#define VIDIMUS_MILTER_HOUSEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct options;

/* Blocks the signals that are waited for, in this thread and those it will
 * create.  Call before the first thread, on the one that will be the listener. */
void housekeeper_block_signals(void);

/* OPTIONS and STARTED are lent until housekeeper_stop(). */
bool housekeeper_start(const struct options *options, const struct config *started);
void housekeeper_stop(void);

/* clock_ms() of the first stop signal; 0: none came. */
int64_t housekeeper_stop_signal_ms(void);

#endif
