/* status.h: how the daemon is, in numbers: what the status socket and the metrics
 * listener show. */
#ifndef VIDIMUS_MILTER_STATUS_H
#define VIDIMUS_MILTER_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "dns/resolver.h"
#include "milter/counters.h"
#include "milter/reporting.h"

struct buf;

struct status {
    const char *version;
    const char *config_file; /* "" for built-in defaults */
    int64_t pid;
    int64_t started;         /* epoch seconds */
    int64_t uptime_ms;
    size_t in_flight;        /* running end-of-message callbacks */
    int64_t oldest_ms;       /* age of the oldest of them; 0: none */
    size_t keys;             /* active keys that were looked for in DNS, last time */
    size_t keys_missing;     /* of those: not there, or not right */
    struct counts counts;
    struct resolver_counters dns;
    struct reporting_counters reports;
};

/* Before the first status_take().  CONFIG_FILE stays lent. */
void status_begin(const char *config_file, int64_t started_ms);

void status_take(struct status *status);

/* Everything as one JSON object and a newline. */
void status_json(struct buf *out, const struct status *status);

#endif
