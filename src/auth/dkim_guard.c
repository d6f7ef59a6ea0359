#include "auth/dkim_guard.h"

#include <string.h>

#include "mail/message.h"
#include "mail/taglist.h"

/* Octets of h= (blanks taken out) that it reads, and of i=. */
enum { SIGNED_LIST_MAX = 4095, IDENTITY_MAX = 255 };

/* It keeps l= in a signed number. */
static const uint64_t length_max = INT64_MAX / 2;

static bool name_is_plain(struct text name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < 33 || name.data[i] > 126 || name.data[i] == ';')
            return false;
    return name.len > 0;
}

bool guard_dkim_label(const struct field *field)
{
    struct text blanks = text_tail(field->label, field->name.len);

    return text_find(blanks, '\t') == blanks.len;
}

bool guard_dkim_field(const struct field *field)
{
    struct text v = field->value;

    if (!name_is_plain(field->name))
        return false;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];

        if (c == '\0' || c == '\v' || c == '\f')
            return false;
        if (c == '\r' && (i + 1 == v.len || v.data[i + 1] != '\n'))
            return false;
    }
    return true;
}

/* To take out b=, it looks for the octet before each first '=': so it takes every
 * tag whose name ends in b for b=, and misses b= with a blank before the '='. */
static bool tag_is_safe(const struct tag *tag)
{
    struct text name = tag->name;

    if (text_equal(name, TEXT("i")))
        return tag->value.len <= IDENTITY_MAX;
    return name.data[name.len - 1] != 'b' || (name.len == 1 && name.data[1] == '=');
}

static bool tags_are_safe(struct text t)
{
    struct taglist list;

    if (taglist_parse(t, true, &list) != TAGLIST_OK)
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (!tag_is_safe(&list.tags[i]))
            return false;
    return true;
}

static size_t signed_list_length(const struct signature *s)
{
    size_t len = 0;

    for (size_t i = 0; i < s->signed_name_count; i++)
        len += s->signed_names[i].len + 1;
    return len;
}

bool guard_dkim_candidate(const struct dkim_candidate *c)
{
    const struct signature *s = &c->signature;

    return c->well_formed && guard_dkim_field(c->field) && text_is_ascii(c->field->value) &&
           tags_are_safe(c->field->value) && signed_list_length(s) <= SIGNED_LIST_MAX &&
           (!s->has_length || s->length <= length_max);
}

bool guard_dkim_signs_itself(const struct dkim_candidate *c)
{
    const struct text own = TEXT("DKIM-Signature");
    size_t named = 0, below = 0;

    for (size_t i = 0; i < c->signature.signed_name_count; i++)
        named += text_equal_nocase(c->signature.signed_names[i], own);
    for (const struct field *f = c->field->next; f; f = f->next)
        below += field_is(f, own);
    return named > below;
}

bool guard_dkim_disturb(const struct signature *a, const struct signature *b)
{
    if (a->has_length && b->has_length && a->length != b->length)
        return true;
    return strcmp(a->domain, b->domain) == 0 && strcmp(a->selector, b->selector) == 0 &&
           (a->algorithm != b->algorithm || strcmp(a->identity_domain, b->identity_domain) != 0);
}
