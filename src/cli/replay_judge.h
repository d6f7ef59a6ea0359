/* replay_judge.h: a stored message before the daemon's core under one configuration. */
#ifndef VIDIMUS_CLI_REPLAY_JUDGE_H
#define VIDIMUS_CLI_REPLAY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/finding.h"
#include "base/names.h"
#include "base/text.h"
#include "mail/domain.h"

struct snapshot;

/* What becomes of a message; tag and hold are both quarantine to a verdict. */
enum fate { FATE_ACCEPT, FATE_TAG, FATE_HOLD, FATE_TEMPFAIL, FATE_REJECT, FATE_COUNT };

extern const struct name fate_names[];

enum { REPLAY_METHODS = METHOD_DMARC + 1, REPLAY_REASON_SIZE = 256 };

struct outcome {
    enum fate fate;
    unsigned results[REPLAY_METHODS]; /* a bit for each result that the method had */
    domain_name author;               /* the first; "": none that can be read */
    char reason[REPLAY_REASON_SIZE];
};

enum replayed {
    REPLAYED,
    REPLAY_INSIDE, /* it came from our own hosts alone, and is accepted unjudged */
    REPLAY_EMPTY,  /* no message: not a single field */
    REPLAY_MEMORY
};

/* NOW: epoch seconds; -1: when the message says that it came in. */
enum replayed replay_judge(struct snapshot *snapshot, struct text message, int64_t now,
                           struct outcome *outcome);

#endif
