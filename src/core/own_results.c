#include "core/own_results.h"

#include "auth/authres.h"
#include "mail/message.h"

static const struct field *next_results(const struct field *field)
{
    while (field && !field_is(field, TEXT("Authentication-Results")))
        field = field->next;
    return field;
}

bool own_results_claimed(const struct own_ids *ids, const struct field *field)
{
    if (authres_claims(field->value, ids->authserv_id) == AUTHRES_OURS)
        return true;
    for (size_t i = 0; i < ids->others->count; i++)
        if (authres_claims(field->value, ids->others->items[i]) == AUTHRES_OURS)
            return true;
    return false;
}

const struct field *own_results_find(const struct own_ids *ids, const struct field *field)
{
    const struct field *f = next_results(field);

    while (f && (f->cut || !own_results_claimed(ids, f)))
        f = next_results(f->next);
    return f;
}

bool own_results_in(const struct own_ids *ids, const struct message *message)
{
    for (const struct field *f = next_results(message->fields); f; f = next_results(f->next))
        if (f->cut || own_results_claimed(ids, f))
            return true;
    return false;
}
