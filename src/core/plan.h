/* plan.h: what the shell must do to the message, as ordered data.
 *
 * Built pure.  Deletions come first, from the highest index down, because
 * Postfix shifts the indexes of what stands below (ATTACKS §0). */
#ifndef VIDIMUS_CORE_PLAN_H
#define VIDIMUS_CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/session.h"
#include "core/verdict.h"

/* Octets of an inserted value: less than what a milter packet holds (65535, the
 * name included), and more than results of as many signatures as may be
 * configured, with names of 253 octets in each. */
enum { PLAN_VALUE_MAX = 60000 };

enum plan_kind { PLAN_DELETE, PLAN_INSERT, PLAN_HOLD };

extern const struct name plan_kind_names[]; /* "delete", "insert", "quarantine" */

struct field;

struct plan_step {
    enum plan_kind kind;
    const char *name;  /* field name; of DELETE and INSERT */
    size_t index;      /* DELETE: 1-based among fields of that name; INSERT: position */
    const struct field *field; /* DELETE: which that is */
    const char *value; /* INSERT: body without leading space, folded with LF TAB;
                          HOLD: the reason */
    struct plan_step *next;
};

struct plan {
    struct plan_step *steps;
};

struct plan_input {
    const struct config *config;
    struct region *region;
    const struct message *message;
    enum origin origin;
    const char *authserv_id;
    const struct findings *findings;
    const struct verdict *verdict;
};

/* Builds the plan; *HEADER gets the Authentication-Results body that it
 * inserts, or NULL when none is added.  Memory failure latches the region. */
void plan_build(const struct plan_input *input, struct plan *plan, const char **header);

/* Only what it deletes when the message is accepted: known as soon as the header
 * is there.  Looks at config, region, message, origin and authserv_id. */
void plan_deletions(const struct plan_input *input, struct plan *plan);

/* Another field on top of everything, also of what was inserted before.  VALUE, as
 * in plan_step, must not be longer than PLAN_VALUE_MAX. */
void plan_insert(struct region *region, struct plan *plan, const char *name, const char *value);

#endif
