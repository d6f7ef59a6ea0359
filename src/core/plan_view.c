#include "core/plan_view.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
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

/* VALUE as it stands in the message: with a blank in front, and CRLF. */
static struct text as_sent(struct region *region, const char *value)
{
    struct buf out;

    buf_init(&out, region, 2 * PLAN_VALUE_MAX);
    buf_char(&out, ' ');
    for (; *value; value++) {
        if (*value == '\n')
            buf_char(&out, '\r');
        buf_char(&out, *value);
    }
    if (buf_failed(&out))
        region_fail(region);
    return buf_text(&out);
}

static struct field *inserted_field(struct region *region, const struct plan_step *step)
{
    struct field *field = region_alloc(region, sizeof *field);

    if (field)
        *field = (struct field){
            .name = text_of(step->name),
            .label = text_of(step->name),
            .value = as_sent(region, step->value),
        };
    return field;
}

static bool add_inserted(struct message *view, const struct plan *plan)
{
    for (const struct plan_step *step = plan->steps; step; step = step->next) {
        struct field *field;

        if (step->kind != PLAN_INSERT)
            continue;
        field = inserted_field(view->region, step);
        if (!field)
            return false;
        field->next = view->fields; /* the last one is on top */
        view->fields = field;
    }
    return true;
}

static bool add_left(struct message *view, const struct message *message, const struct plan *plan)
{
    struct plan_deleted *deleted = plan_deleted_of(view->region, plan);
    struct field **end = &view->fields;

    while (*end)
        end = &(*end)->next;
    for (const struct field *f = message->fields; deleted && f; f = f->next) {
        if (plan_deleted_has(deleted, f))
            continue;
        *end = region_alloc(view->region, sizeof **end);
        if (!*end)
            return false;
        **end = *f;
        (*end)->next = NULL;
        end = &(*end)->next;
    }
    return deleted;
}

const struct message *plan_view(struct region *region, const struct message *message,
                                const struct plan *plan)
{
    struct message *view = region_alloc(region, sizeof *view);

    if (!view)
        return NULL;
    view->region = region;
    if (!add_inserted(view, plan) || !add_left(view, message, plan))
        return NULL;
    for (struct field *f = view->fields; f; f = f->next)
        f->index = ++view->field_count;
    return region_failed(region) ? NULL : view;
}
