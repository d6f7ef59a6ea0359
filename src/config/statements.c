#include "config/statements_private.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/region.h"

enum { DEPTH_MAX = 16 };

/* `NAME =`, `NAME {` or `NAME "TITLE" {`. */
struct statement {
    size_t scope; /* number of the { around it, plus one; 0: none */
    const struct token *name;
    const struct token *title; /* or NULL */
};

static enum token_kind kind_at(const struct tokens *t, size_t i)
{
    return i < t->count ? t->items[i].kind : TOKEN_COMMA;
}

/* Whether a statement begins at token I. */
static bool statement_at(const struct tokens *t, size_t i, struct statement *s)
{
    *s = (struct statement){ .name = &t->items[i] };
    if (kind_at(t, i) != TOKEN_WORD || (i > 0 && kind_at(t, i - 1) == TOKEN_EQUAL))
        return false;
    if (kind_at(t, i + 1) == TOKEN_EQUAL || kind_at(t, i + 1) == TOKEN_OPEN)
        return true;
    s->title = &t->items[i + 1];
    return kind_at(t, i + 2) == TOKEN_OPEN &&
           (kind_at(t, i + 1) == TOKEN_STRING || kind_at(t, i + 1) == TOKEN_WORD);
}

static struct text title_of(const struct statement *s)
{
    return s->title ? s->title->text : TEXT("");
}

static int compare(const struct statement *a, const struct statement *b)
{
    int order;

    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    order = text_compare_nocase(a->name->text, b->name->text);
    return order ? order : text_compare_nocase(title_of(a), title_of(b));
}

/* Statements that say the same come to stand together, the first of them first. */
static int by_meaning(const void *a, const void *b)
{
    const struct statement *x = a, *y = b;
    int order = compare(x, y);

    return order ? order : (x->name > y->name) - (x->name < y->name);
}

static void check_repeated(struct statement *seen, size_t count, struct errors *errors)
{
    const struct statement *first = seen;
    char quoted[LOG_QUOTED_MAX];

    qsort(seen, count, sizeof *seen, by_meaning);
    for (const struct statement *s = seen + 1; s < seen + count; s++) {
        if (compare(first, s) != 0) {
            first = s;
            continue;
        }
        errors_add(errors, s->name->place, "%.*s%s%s is given twice; first at %s:%u",
                   TEXT_ARGS(s->name->text), s->title ? " " : "",
                   s->title ? log_quote(s->title->text, quoted) : "", first->name->place.file,
                   first->name->place.line);
    }
}

bool statements_check(const struct tokens *tokens, struct region *scratch, struct errors *errors)
{
    struct statement *seen = region_array(scratch, tokens->count, sizeof *seen);
    size_t scopes[DEPTH_MAX] = { 0 };
    size_t depth = 0, count = 0;
    bool usable = true;

    for (size_t i = 0; seen && i < tokens->count; i++) {
        struct statement s;

        if (kind_at(tokens, i) == TOKEN_OPEN && depth + 1 < DEPTH_MAX)
            scopes[++depth] = i + 1;
        if (kind_at(tokens, i) == TOKEN_CLOSE && depth > 0)
            depth--;
        if (!statement_at(tokens, i, &s))
            continue;
        s.scope = scopes[depth];
        if (s.title && s.title->kind == TOKEN_WORD) {
            errors_add(errors, s.title->place, "write the title in quotes: %.*s \"%.*s\" { ... }",
                       TEXT_ARGS(s.name->text), TEXT_ARGS(s.title->text));
            usable = false;
        }
        seen[count++] = s;
    }
    if (count)
        check_repeated(seen, count, errors);
    return usable;
}
