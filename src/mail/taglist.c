#include "mail/taglist.h"

#include "base/cursor.h"

static bool is_tag_name_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '_';
}

/* VALCHAR (RFC 6376 §3.2), and whatever is not ASCII. */
static bool is_value_octet(char c)
{
    unsigned char u = (unsigned char)c;

    return u > 0x20 && u != 0x7f && c != ';';
}

/* One CRLF, with the WSP that must follow it left to the caller's run. */
static bool folding(struct cursor *c)
{
    struct cursor ahead = *c;

    if (!cursor_take(&ahead, '\r') || !cursor_take(&ahead, '\n') || cursor_done(&ahead) ||
        !octet_is_wsp(*ahead.at))
        return false;
    *c = ahead;
    return true;
}

/* [FWS], with the obsolete form of several foldings in a row. */
static void fws(struct cursor *c)
{
    do
        cursor_run(c, octet_is_wsp);
    while (folding(c));
}

/* tag-name */
static bool tag_name(struct cursor *c, struct text *out)
{
    if (cursor_done(c) || !octet_is_alpha(*c->at))
        return false;
    *out = cursor_run(c, is_tag_name_octet);
    return true;
}

/* tag-value: VALCHARs with FWS inside, none at its ends. */
static struct text tag_value(struct cursor *c)
{
    const char *start = c->at, *end = c->at;

    while (cursor_run(c, is_value_octet).len > 0) {
        end = c->at;
        fws(c);
    }
    return (struct text){ start, (size_t)(end - start) };
}

/* tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS] */
static bool tag_spec(struct cursor *c, struct tag *tag)
{
    fws(c);
    if (!tag_name(c, &tag->name))
        return false;
    fws(c);
    if (!cursor_take(c, '='))
        return false;
    fws(c);
    tag->value = tag_value(c);
    return true;
}

static const struct text *value_named(const struct taglist *list, struct text name)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->tags[i].name, name))
            return &list->tags[i].value;
    return NULL;
}

/* tag-list = tag-spec *( ";" tag-spec ) [ ";" ] */
static enum taglist_error tag_list(struct cursor *c, bool allow_utf8, struct taglist *list)
{
    do {
        struct tag tag;

        if (!tag_spec(c, &tag) || !(allow_utf8 ? text_is_utf8 : text_is_ascii)(tag.value))
            return TAGLIST_SYNTAX;
        if (value_named(list, tag.name))
            return TAGLIST_DUPLICATE;
        if (list->count == TAGLIST_MAX)
            return TAGLIST_TOO_MANY;
        list->tags[list->count++] = tag;
        if (!cursor_take(c, ';'))
            break;
        fws(c);
    } while (!cursor_done(c));
    return cursor_done(c) ? TAGLIST_OK : TAGLIST_SYNTAX;
}

enum taglist_error taglist_parse(struct text t, bool allow_utf8, struct taglist *list)
{
    struct cursor c = cursor_over(t);
    enum taglist_error error;

    list->count = 0;
    error = tag_list(&c, allow_utf8, list);
    if (error != TAGLIST_OK)
        list->count = 0;
    return error;
}

const struct text *taglist_get(const struct taglist *list, const char *name)
{
    return value_named(list, text_of(name));
}
