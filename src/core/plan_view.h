/* plan_view.h: the header as a plan will leave it. */
#ifndef VIDIMUS_CORE_PLAN_VIEW_H
#define VIDIMUS_CORE_PLAN_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct field;
struct message;
struct plan;
struct region;

/* The fields that a plan deletes. */
struct plan_deleted;

/* Those of PLAN, in REGION.  NULL: memory (REGION latches). */
struct plan_deleted *plan_deleted_of(struct region *region, const struct plan *plan);
bool plan_deleted_has(const struct plan_deleted *deleted, const struct field *field);

struct plan_view {
    const struct field **fields; /* from the top */
    size_t count;
};

/* The fields that PLAN inserts, then those of MESSAGE that it leaves; in REGION, but
 * the latter lent.  False: memory (REGION latches). */
bool plan_view(struct region *region, const struct message *message, const struct plan *plan,
               struct plan_view *view);

#endif
