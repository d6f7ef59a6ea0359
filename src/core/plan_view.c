#include "core/plan_view.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/region.h"
#include "core/plan.h"
#include "mail/message.h"

/* --- what is deleted ------------------------------------------------------ */

struct plan_deleted {
    size_t count;
    const struct field **fields; /* in the order of compare() */
};

static int compare(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t)*(const struct field *const *)left;
    uintptr_t b = (uintptr_t)*(const struct field *const *)right;

    return a < b ? -1 : a > b;
}

struct plan_deleted *plan_deleted_of(struct region *region, const struct plan *plan)
{
    struct plan_deleted *deleted = region_alloc(region, sizeof *deleted);
    size_t count = 0;

    for (const struct plan_step *step = plan->steps; step; step = step->next)
        count += step->kind == PLAN_DELETE;
    if (!deleted)
        return NULL;
    deleted->fields = region_array(region, count, sizeof deleted->fields[0]);
    if (!deleted->fields)
        return NULL;
    for (const struct plan_step *step = plan->steps; step; step = step->next)
        if (step->kind == PLAN_DELETE)
            deleted->fields[deleted->count++] = step->field;
    qsort(deleted->fields, deleted->count, sizeof deleted->fields[0], compare);
    return deleted;
}

bool plan_deleted_has(const struct plan_deleted *deleted, const struct field *field)
{
    return deleted->count > 0 && bsearch(&field, deleted->fields, deleted->count,
                                         sizeof deleted->fields[0], compare);
}

/* --- the view ------------------------------------------------------------- */

static size_t count_inserted(const struct plan *plan)
{
    size_t count = 0;

    for (const struct plan_step *step = plan->steps; step; step = step->next)
        count += step->kind == PLAN_INSERT;
    return count;
}

/* The last one is on top. */
static bool view_inserted(struct region *region, const struct plan *plan, struct plan_view *view)
{
    size_t place = view->count = count_inserted(plan);

    for (const struct plan_step *step = plan->steps; step; step = step->next) {
        if (step->kind != PLAN_INSERT)
            continue;
        view->fields[--place] = field_inserted(region, text_of(step->name), text_of(step->value));
        if (!view->fields[place])
            return false;
    }
    return true;
}

bool plan_view(struct region *region, const struct message *message, const struct plan *plan,
               struct plan_view *view)
{
    struct plan_deleted *deleted = plan_deleted_of(region, plan);

    view->fields = region_array(region, count_inserted(plan) + message->field_count,
                                sizeof view->fields[0]);
    if (!deleted || !view->fields || !view_inserted(region, plan, view))
        return false;
    for (const struct field *f = message->fields; f; f = f->next)
        if (!plan_deleted_has(deleted, f))
            view->fields[view->count++] = f;
    return true;
}
