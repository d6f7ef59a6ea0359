/* counters.h: what the daemon counted since it started.
 *
 * C11 atomics, relaxed: any thread adds, `vidimus status` reads.  Numbers read
 * together need not belong to one instant.
 */
#ifndef VIDIMUS_MILTER_COUNTERS_H
#define VIDIMUS_MILTER_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "auth/finding.h"

struct buf;
struct judgement;
struct reporting_counters;
struct resolver_counters;

enum counter {
    COUNTER_CONNECTIONS,   /* SMTP connections that the MTA told us of */
    COUNTER_MESSAGES,      /* messages that came to their end */
    COUNTER_ABORTED,       /* messages given up before their end */
    COUNTER_AT_MAIL,       /* refused at MAIL FROM: no message followed */
    COUNTER_AUTHENTICATED, /* not judged: the client authenticated itself */
    COUNTER_OWN,           /* not judged: from sign-networks */
    COUNTER_TRUSTED,       /* not judged: from trusted-networks */
    COUNTER_SIGNED,        /* messages of our own, and… */
    COUNTER_UNSIGNED,      /* …those that were not */
    COUNTER_SIGN_FAULTS,   /* messages that a key of ours did not sign or seal */
    COUNTER_SEALED,
    COUNTER_INSERTED,      /* fields inserted */
    COUNTER_DELETED,       /* fields deleted */
    COUNTER_HELD,          /* quarantined in the MTA */
    COUNTER_FIELDS_CAPPED, /* bound hit: header fields of one message */
    COUNTER_DNS_CAPPED,    /* bound hit: DNS questions of one message */
    COUNTER_MEMORY,        /* temporary failures because memory ran out */
    COUNTER_MTA_FAILED,    /* the MTA did not take a reply or a modification */
    COUNTER_RELOADS_OK,
    COUNTER_RELOADS_FAILED,
    COUNTER_COUNT
};

void counter_add(enum counter counter, uint64_t by);

/* Counts the verdict, origin, results and bounds of one judged message. */
void counters_judgement(const struct judgement *judgement);

/* Things that are now, not since the start. */
struct gauges {
    const char *version;
    const char *config_file; /* "" for built-in defaults */
    int64_t pid;
    int64_t uptime_ms;
    size_t in_flight;        /* running end-of-message callbacks */
    int64_t oldest_ms;       /* age of the oldest of them; 0: none */
    size_t keys;             /* active keys that were looked for in DNS, last time */
    size_t keys_missing;     /* of those: not there, or not right */
};

/* Writes everything as one JSON object and a newline. */
void counters_print(struct buf *out, const struct gauges *gauges,
                    const struct resolver_counters *dns,
                    const struct reporting_counters *reports);

#endif
