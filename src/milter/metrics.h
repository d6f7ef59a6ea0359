/* metrics.h: the HTTP listener for Prometheus: GET /metrics, and nothing else.
 *
 * One thread of its own; it never touches a message.  A daemon that cannot have it
 * works without. */
#ifndef VIDIMUS_MILTER_METRICS_H
#define VIDIMUS_MILTER_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* Binds LISTEN (ADDRESS:PORT).  False: text in ERROR. */
bool metrics_open(const char *listen, char *error, size_t error_size);

/* Starts the thread, after status_begin(); true also without metrics_open(). */
bool metrics_start(void);

/* Stops the thread; also without the others. */
void metrics_stop(void);

#endif
