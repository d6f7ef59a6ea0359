/* key_survey.h: many keys looked up in DNS, some at a time. */
#ifndef VIDIMUS_CORE_KEY_SURVEY_H
#define VIDIMUS_CORE_KEY_SURVEY_H

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

/* Checks the keys of KEYRING, for AUTHOR those alone that concern it ("": all), and
 * tells SEE of each, in the order of the configuration.  An answer may take
 * TIMEOUT_MS.  False: memory. */
bool key_survey(const struct keyring *keyring, struct resolver *resolver, const char *author,
                int64_t timeout_ms, key_survey_fn *see, void *context);

#endif
