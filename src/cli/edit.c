#include "cli/edit.h"

#include "base/region.h"
#include "core/plan.h"
#include "core/plan_view.h"
#include "mail/eml.h"
#include "mail/message.h"

struct edit {
    FILE *out;
    struct text octets;
    const char *line_end;
    const struct field *next; /* of the message: what eml_fields() comes to next */
    const struct plan_deleted *deleted;
};

/* That of the first line. */
static const char *line_end_of(struct text octets)
{
    size_t end = text_find(octets, '\n');

    return end > 0 && end < octets.len && octets.data[end - 1] == '\r' ? "\r\n" : "\n";
}

static void write_inserted(const struct edit *e, const struct field *field)
{
    fprintf(e->out, "%.*s:", TEXT_ARGS(field->name));
    for (size_t i = 0; i < field->value.len; i++) {
        char c = field->value.data[i];

        if (c == '\n')
            fputs(e->line_end, e->out);
        else if (c != '\r')
            fputc(c, e->out);
    }
    fputs(e->line_end, e->out);
}

/* Those on top of the first field of the message. */
static void write_all_inserted(const struct edit *e, const struct plan *plan,
                               const struct plan_view *view)
{
    size_t i = 0;

    for (const struct plan_step *step = plan->steps; step; step = step->next)
        if (step->kind == PLAN_INSERT)
            write_inserted(e, view->fields[i++]);
}

/* The line end that follows VALUE, of one or two octets; none at the end. */
static size_t line_end_after(const struct edit *e, struct text value)
{
    struct text rest = text_tail(e->octets, (size_t)(value.data + value.len - e->octets.data));
    size_t end = text_find(text_head(rest, 2), '\n');

    return end < rest.len && end < 2 ? end + 1 : 0;
}

static void on_field(void *context, struct text label, struct text value)
{
    struct edit *e = context;
    const struct field *field = e->next;
    size_t len = (size_t)(value.data + value.len - label.data) + line_end_after(e, value);

    e->next = field ? field->next : NULL;
    if (!field || !plan_deleted_has(e->deleted, field))
        fwrite(label.data, 1, len, e->out);
}

static void write_message(struct edit *e, const struct plan *plan, const struct plan_view *view)
{
    struct text rest;

    write_all_inserted(e, plan, view);
    rest = eml_fields(e->octets, on_field, e);
    if (rest.len > 0 && octet_is_wsp(rest.data[0]))
        fputs(e->line_end, e->out); /* or it would continue the field above */
    fwrite(rest.data, 1, rest.len, e->out);
}

bool edit_write(struct text octets, const struct message *message, const struct plan *plan,
                FILE *out)
{
    struct region *region = region_new(0);
    struct edit edit = {
        .out = out,
        .octets = octets,
        .line_end = line_end_of(octets),
        .next = message->fields,
    };
    struct plan_view view;
    bool ready = region && plan_view(region, message, plan, &view) &&
                 (edit.deleted = plan_deleted_of(region, plan));

    if (ready)
        write_message(&edit, plan, &view);
    region_free(region);
    return ready && fflush(out) == 0 && !ferror(out);
}
