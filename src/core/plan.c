#include "core/plan.h"

#include "auth/authres.h"
#include "base/buf.h"
#include "base/region.h"
#include "core/own_results.h"
#include "mail/message.h"

static const char authentication_results[] = "Authentication-Results";

const struct name plan_kind_names[] = {
    { PLAN_DELETE, "delete" },
    { PLAN_INSERT, "insert" },
    { PLAN_HOLD, "quarantine" },
    { 0, NULL },
};

/* --- steps -------------------------------------------------------------- */

static struct plan_step *new_step(struct region *region, enum plan_kind kind, const char *name)
{
    struct plan_step *step = region_alloc(region, sizeof *step);

    if (step) {
        step->kind = kind;
        step->name = name;
    }
    return step;
}

static void append(struct plan *plan, struct plan_step *step)
{
    struct plan_step **end = &plan->steps;

    while (*end)
        end = &(*end)->next;
    *end = step;
}

void plan_insert(struct region *region, struct plan *plan, const char *name, const char *value)
{
    struct plan_step *step = new_step(region, PLAN_INSERT, name);

    if (!step)
        return;
    step->value = value;
    append(plan, step);
}

/* In front: so that fields met from the top down are deleted from the bottom
 * up, and an index still means the same field when its turn comes. */
static void delete_first(const struct plan_input *in, struct plan *plan, const char *name,
                         const struct field *field)
{
    struct plan_step *step = new_step(in->region, PLAN_DELETE, name);

    if (!step)
        return;
    step->index = field->index;
    step->field = field;
    step->next = plan->steps;
    plan->steps = step;
}

/* --- fields that claim to be ours --------------------------------------- */

/* Fields of our other hosts count as ours; who may bring them is decided by
 * the origin (STANDARDS: RFC 8601 §5). */
static struct own_ids own_ids_of(const struct plan_input *in)
{
    return (struct own_ids){ in->authserv_id, &in->config->own_authserv_ids };
}

static bool forged_results(const struct plan_input *in, const struct field *field)
{
    struct own_ids ids = own_ids_of(in);

    return field->cut || own_results_claimed(&ids, field);
}

static bool from_elsewhere(const struct plan_input *in, const struct field *field)
{
    (void)field;
    return in->origin != ORIGIN_TRUSTED;
}

static bool from_outside(const struct plan_input *in, const struct field *field)
{
    (void)field;
    return in->origin == ORIGIN_OUTSIDE;
}

/* Deletes the fields called NAME for which GOES is true. */
static void delete_fields(const struct plan_input *in, struct plan *plan, const char *name,
                          bool (*goes)(const struct plan_input *, const struct field *))
{
    struct text wanted = text_of(name);
    struct field *f;

    for (f = field_find(in->message->fields, wanted); f; f = field_find(f->next, wanted))
        if (goes(in, f))
            delete_first(in, plan, name, f);
}

void plan_deletions(const struct plan_input *in, struct plan *plan)
{
    const char *tag = in->config->dmarc.quarantine_header_name;

    plan->steps = NULL;
    if (in->origin == ORIGIN_TRUSTED)
        return;
    delete_fields(in, plan, authentication_results, forged_results);
    delete_fields(in, plan, "BIMI-Indicator", from_elsewhere);
    delete_fields(in, plan, "BIMI-Location", from_elsewhere);
    if (*tag)
        delete_fields(in, plan, tag, from_outside);
}

/* Re-injected by a content filter of ours: it carries our field already. */
static bool already_judged(const struct plan_input *in)
{
    struct own_ids ids = own_ids_of(in);

    return in->origin == ORIGIN_TRUSTED && own_results_find(&ids, in->message->fields);
}

/* --- the plan ----------------------------------------------------------- */

static const char *results_text(const struct plan_input *in)
{
    struct buf buf;

    buf_init(&buf, in->region, PLAN_VALUE_MAX);
    authres_write(&buf, in->authserv_id, in->findings);
    if (!buf_str(&buf)) /* a message without our field must not pass for judged */
        region_fail(in->region);
    return buf_str(&buf);
}

static void quarantine(const struct plan_input *in, struct plan *plan)
{
    struct plan_step *hold;

    switch (in->verdict->quarantine) {
    case QUARANTINE_TAG:
        plan_insert(in->region, plan, in->config->dmarc.quarantine_header_name,
                    in->config->dmarc.quarantine_header_value);
        return;
    case QUARANTINE_HOLD:
        hold = new_step(in->region, PLAN_HOLD, NULL);
        if (!hold)
            return;
        hold->value = in->verdict->reason;
        append(plan, hold);
        return;
    }
}

void plan_build(const struct plan_input *in, struct plan *plan, const char **header)
{
    plan->steps = NULL;
    *header = already_judged(in) ? NULL : results_text(in);
    switch (in->verdict->action) {
    case ACTION_REJECT:
    case ACTION_TEMPFAIL: /* nothing is left to edit */
        return;
    case ACTION_QUARANTINE:
        plan_deletions(in, plan);
        quarantine(in, plan);
        break;
    case ACTION_ACCEPT:
        plan_deletions(in, plan);
        break;
    }
    if (*header)
        plan_insert(in->region, plan, authentication_results, *header);
}
