/* own_results.h: which Authentication-Results fields are ours, or claim to be.
 *
 * Ours are those with our authserv-id or that of another host of ours
 * (own-authserv-ids), in any spelling (authres_claims()).  Whether the claim is
 * true is decided by who brings them: core/session.h. */
#ifndef VIDIMUS_CORE_OWN_RESULTS_H
#define VIDIMUS_CORE_OWN_RESULTS_H

#include <stdbool.h>

#include "config/config.h"

struct field;
struct message;

struct own_ids {
    const char *authserv_id;
    const struct strings *others;
};

bool own_results_claimed(const struct own_ids *ids, const struct field *field);

/* The first field from FIELD on that claims to be ours and is here in full;
 * NULL: none. */
const struct field *own_results_find(const struct own_ids *ids, const struct field *field);

/* Whether MESSAGE brings a field that claims to be ours, or one that is too long
 * to tell. */
bool own_results_in(const struct own_ids *ids, const struct message *message);

#endif
