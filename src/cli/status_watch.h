/* status_watch.h: the counters of the daemon as a picture that changes. */
#ifndef VIDIMUS_CLI_STATUS_WATCH_H
#define VIDIMUS_CLI_STATUS_WATCH_H

#include <stdio.h>

struct json_t;

/* One picture: what NOW says, and what it says more than BEFORE (NULL: nothing is known
 * from before), SECONDS ago, as rates. */
void status_watch_print(const struct json_t *now, const struct json_t *before, double seconds,
                        FILE *out);

#endif
