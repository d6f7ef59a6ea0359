/* counters.h: what the daemon counted since it started.
 *
 * C11 atomics, relaxed: any thread adds; status.h shows them.  Numbers read
 * together need not belong to one instant.
 */
#ifndef VIDIMUS_MILTER_COUNTERS_H
#define VIDIMUS_MILTER_COUNTERS_H

#include <stdint.h>

#include "auth/finding.h"
#include "base/histogram.h"
#include "core/bounds.h"
#include "core/verdict.h"

struct judgement;

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
    COUNTER_MEMORY,        /* temporary failures because memory ran out */
    COUNTER_MTA_FAILED,    /* the MTA did not take a reply or a modification */
    COUNTER_RELOADS_OK,
    COUNTER_RELOADS_FAILED,
    COUNTER_COUNT
};

void counter_add(enum counter counter, uint64_t by);

/* Counts the verdict, origin, results, bounds and the wait for DNS of one judged
 * message. */
void counters_judgement(const struct judgement *judgement);

/* How long the end of a message took, to its reply. */
void counters_end_of_message(int64_t us);

enum { ACTION_COUNT = ACTION_REJECT + 1, RULE_COUNT = VERDICT_OF_MEMORY + 1 };
enum { METHOD_COUNT = METHOD_DMARC + 1, RESULT_COUNT = RESULT_PERMERROR + 1 };
enum { OVERRIDE_COUNT = OVERRIDE_TRUSTED_FORWARDER + 1 };

struct counts {
    uint64_t counters[COUNTER_COUNT];
    uint64_t verdicts[ACTION_COUNT][RULE_COUNT];
    uint64_t results[METHOD_COUNT][RESULT_COUNT];
    uint64_t overrides[OVERRIDE_COUNT];
    uint64_t would[ACTION_COUNT]; /* what enforcement kept messages from */
    uint64_t bounds[BOUND_COUNT]; /* messages that reached one */
    struct histogram end_of_message;
    struct histogram dns_wait; /* of a message, in all */
};

void counters_read(struct counts *counts);

#endif
