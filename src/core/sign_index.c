#include "core/sign_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "mail/domain.h"

enum { LOCAL_MAX = 255, FOUND_MAX = 8 };

/* An ADDRESS rule is found by the end of its pattern, behind the last *, when
 * that is a whole address, "@" and a domain, or "." and a domain; else it is
 * tried on every address. */
struct glob {
    struct text tail; /* empty: to be tried */
    const struct sign_rule *rule;
};

struct sign_index {
    const struct config *config;
    size_t named_count; /* DOMAIN and BELOW rules, by pattern */
    const struct sign_rule **named;
    const struct sign_rule *any; /* or NULL */
    size_t glob_count;           /* by tail, then in their order */
    struct glob *globs;
};

static struct text tail_of(const char *pattern)
{
    const char *star = strrchr(pattern, '*');
    struct text tail = text_of(star ? star + 1 : pattern);
    size_t at = text_find(tail, '@');
    bool of_domain = at == 0 || (tail.len > 0 && tail.data[0] == '.' && at == tail.len);

    return !star || (of_domain && tail.len > 1) ? tail : TEXT("");
}

/* ---- order */

static int by_pattern(const void *a, const void *b)
{
    const struct sign_rule *const *x = a, *const *y = b;

    return strcmp((*x)->pattern, (*y)->pattern);
}

static int by_tail(const void *a, const void *b)
{
    const struct glob *x = a, *y = b;
    int order = text_compare_nocase(x->tail, y->tail);

    return order ? order : (x->rule > y->rule) - (x->rule < y->rule);
}

/* ---- making */

static void take(struct sign_index *index, const struct sign_rule *rule)
{
    switch (rule->kind) {
    case SIGN_DOMAIN:
    case SIGN_BELOW:
        index->named[index->named_count++] = rule;
        break;
    case SIGN_ANY:
        index->any = rule;
        break;
    case SIGN_ADDRESS:
        index->globs[index->glob_count++] = (struct glob){ tail_of(rule->pattern), rule };
        break;
    }
}

struct sign_index *sign_index_new(const struct config *config)
{
    struct sign_index *index = calloc(1, sizeof *index);
    size_t count = config->sign_rule_count;

    if (!index)
        return NULL;
    index->config = config;
    index->named = calloc(count + 1, sizeof *index->named);
    index->globs = calloc(count + 1, sizeof *index->globs);
    if (!index->named || !index->globs) {
        sign_index_free(index);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        take(index, &config->sign_rules[i]);
    qsort(index->named, index->named_count, sizeof *index->named, by_pattern);
    qsort(index->globs, index->glob_count, sizeof *index->globs, by_tail);
    return index;
}

void sign_index_free(struct sign_index *index)
{
    if (!index)
        return;
    free(index->named);
    free(index->globs);
    free(index);
}

/* ---- finding */

static const struct sign_rule *named(const struct sign_index *index, const char *pattern)
{
    const struct sign_rule wanted = { .pattern = pattern }, *key = &wanted;
    const struct sign_rule *const *found =
        bsearch(&key, index->named, index->named_count, sizeof *index->named, by_pattern);

    return found ? *found : NULL;
}

static const struct sign_rule *most_specific(const struct sign_index *index, const char *domain)
{
    const struct sign_rule *rule = named(index, domain);

    for (const char *dot = strchr(domain, '.'); dot && !rule; dot = strchr(dot + 1, '.'))
        rule = named(index, dot);
    return rule ? rule : index->any;
}

/* The ADDRESS rules that match so far, the first of the file first. */
struct search {
    const struct sign_index *index;
    struct text address;
    size_t max, count;
    const struct sign_rule *found[FOUND_MAX];
};

/* False when RULE, and all behind it, come too late. */
static bool keep(struct search *s, const struct sign_rule *rule)
{
    size_t at = s->count;

    while (at > 0 && s->found[at - 1] > rule)
        at--;
    if (at == s->max)
        return false;
    if (s->count < s->max)
        s->count++;
    memmove(&s->found[at + 1], &s->found[at], (s->count - at - 1) * sizeof s->found[0]);
    s->found[at] = rule;
    return true;
}

static size_t first_with(const struct sign_index *index, struct text tail)
{
    size_t low = 0, high = index->glob_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (text_compare_nocase(index->globs[middle].tail, tail) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void try_tail(struct search *s, struct text tail)
{
    const struct sign_index *index = s->index;

    for (size_t i = first_with(index, tail);
         i < index->glob_count && text_equal_nocase(index->globs[i].tail, tail); i++) {
        const struct sign_rule *rule = index->globs[i].rule;

        if (glob_matches(text_of(rule->pattern), s->address) && !keep(s, rule))
            return;
    }
}

static void try_globs(struct search *s, struct text local, const char *domain)
{
    char address[LOCAL_MAX + 1 + DOMAIN_MAX + 1];
    size_t at = local.len <= LOCAL_MAX ? local.len : 0; /* such a one has no rule of its own */

    if (at)
        memcpy(address, local.data, at);
    address[at] = '@';
    strcpy(address + at + 1, domain);
    s->address = (struct text){ address, at + 1 + strlen(domain) };
    if (at > 0)
        try_tail(s, s->address);
    try_tail(s, text_tail(s->address, at));
    for (const char *dot = strchr(domain, '.'); dot; dot = strchr(dot + 1, '.'))
        try_tail(s, text_of(dot));
    try_tail(s, TEXT(""));
}

size_t sign_index_find(const struct sign_index *index, struct text local, const char *domain,
                       const struct sign_rule **rules, size_t max)
{
    struct search search = { .index = index, .max = 1 };

    if (strlen(domain) > DOMAIN_MAX)
        return 0;
    rules[0] = most_specific(index, domain);
    if (rules[0] || index->glob_count == 0)
        return rules[0] != NULL;
    if (index->config->opendkim_multiple_signatures)
        search.max = max < FOUND_MAX ? max : FOUND_MAX;
    try_globs(&search, local, domain);
    memcpy(rules, search.found, search.count * sizeof rules[0]);
    return search.count;
}
