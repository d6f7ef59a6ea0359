/* replay_summary.h: what would change, added up by author domain.
 *
 * Of REPLAY_DOMAINS_MAX domains; those that come when these are full are one more,
 * called "(others)": memory does not grow with the mail. */
#ifndef VIDIMUS_CLI_REPLAY_SUMMARY_H
#define VIDIMUS_CLI_REPLAY_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/replay_judge.h"

enum { REPLAY_DOMAINS_MAX = 20000 };

struct replay_domain {
    domain_name name;
    uint64_t messages;
    uint64_t changed; /* what becomes of it */
    uint64_t moves[FATE_COUNT][FATE_COUNT]; /* from, to; also those that stay */
};

struct replay_summary {
    uint64_t messages; /* judged under both */
    uint64_t changed;
    uint64_t results;  /* of the others: other results of a check */
    uint64_t inside;   /* not judged: see replay_judge.h */
    uint64_t unreadable;
    uint64_t moves[FATE_COUNT][FATE_COUNT];
    /* private */
    struct replay_domain *domains;
    size_t domain_count, capacity;
    uint32_t *slots;
};

/* Begins zeroed.  False: memory. */
bool replay_summary_add(struct replay_summary *summary, const struct outcome *before,
                        const struct outcome *after);
void replay_summary_free(struct replay_summary *summary);

void replay_summary_print(struct replay_summary *summary, FILE *out);

/* False: memory, or OUT. */
bool replay_summary_json(struct replay_summary *summary, FILE *out);

#endif
