/* key_survey.h: many keys looked up in DNS, some at a time.  Blocks: not for mail. */
#ifndef VIDIMUS_CORE_KEY_SURVEY_H
#define VIDIMUS_CORE_KEY_SURVEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/key_check.h"

struct resolver;

/* NAME is that of the record ("": the key signs as the author domain, and none was
 * given: CHECK is NULL).  Everything is lent for the call, REGION too.  False:
 * that is enough. */
typedef bool key_survey_fn(void *context, struct region *region,
                           const struct keyring_entry *entry, const char *name,
                           const struct key_check *check);

struct key_survey {
    const struct keyring *keyring;
    struct resolver *resolver;
    const char *author;      /* its keys alone; "": all */
    bool active_only;
    int64_t timeout_ms;      /* an answer may take */
    const atomic_bool *stop; /* looked at while we wait; NULL: never */
    key_survey_fn *see;
    void *context;
};

/* Checks the keys, and tells SEE of each, in the order of the configuration.
 * False: memory. */
bool key_survey(const struct key_survey *survey);

#endif
