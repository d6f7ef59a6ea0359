/* plan_view.h: the header as a plan will leave it. */
#ifndef VIDIMUS_CORE_PLAN_VIEW_H
#define VIDIMUS_CORE_PLAN_VIEW_H

#include <stdbool.h>

struct field;
struct message;
struct plan;
struct region;

/* The fields that a plan deletes. */
struct plan_deleted;

/* Those of PLAN, in REGION.  NULL: memory. */
struct plan_deleted *plan_deleted_of(struct region *region, const struct plan *plan);
bool plan_deleted_has(const struct plan_deleted *deleted, const struct field *field);

/* MESSAGE with the fields that PLAN leaves, below those that it inserts: something
 * to look at and to index (its fields are numbered throughout), not to be added
 * to.  In REGION, but for the octets of MESSAGE.  NULL: memory (REGION latches). */
const struct message *plan_view(struct region *region, const struct message *message,
                                const struct plan *plan);

#endif
