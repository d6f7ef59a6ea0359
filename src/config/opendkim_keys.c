#include "config/opendkim_keys_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/log.h"
#include "base/region.h"
#include "config/options_private.h"

static bool refuse(struct rules *rules, const struct dataset_entry *entry, struct text what,
                   const char *why)
{
    char quoted[LOG_QUOTED_MAX];

    return errors_add(rules->errors, entry->place, "%s %s", log_quote(what, quoted), why);
}

/* A third part that is no path is the key itself; it is not printed. */
static bool check_file(struct rules *rules, const struct dataset_entry *entry, struct text file)
{
    char *copy = text_dup(rules->scratch, file);
    const char *why = copy && file.len > 0 && file.data[0] == '/' ? check_path(copy) : NULL;

    if (why)
        return refuse(rules, entry, file, why);
    if (file.len > 0 && file.data[0] == '/')
        return true;
    if (file.len > 0 && file.data[0] == '.')
        return refuse(rules, entry, file, "is not a whole path; write one that begins with /");
    return refuse(rules, entry, entry->name,
                  "has its key in the table, where it does not belong: write it to a file of its "
                  "own (root:vidimus 0640), and name that: DOMAIN:SELECTOR:/FILE");
}

static bool take(struct rules *rules, const struct dataset_entry *entry,
                 struct opendkim_key *key)
{
    struct text rest = entry->value;
    size_t first = text_find(rest, ':');
    size_t second = text_find(text_tail(rest, first + 1), ':');
    struct text domain = text_head(rest, first);
    struct text selector = text_head(text_tail(rest, first + 1), second);
    struct text file = text_tail(rest, first + 1 + second + 1);
    domain_name name;

    if (second == text_tail(rest, first + 1).len)
        return refuse(rules, entry, entry->name, "has no DOMAIN:SELECTOR:/FILE");
    *key = (struct opendkim_key){ .name = entry->name, .file = file, .place = entry->place };
    if (text_equal(domain, TEXT(AUTHOR_DOMAIN)))
        key->domain = AUTHOR_DOMAIN;
    else if (domain_normalise(domain, name) && domain_labels(name) > 1)
        key->domain = text_dup(rules->region, text_of(name));
    else
        return refuse(rules, entry, domain, "is not a domain that d= can be (nor %, the author domain)");
    if (!domain_normalise(selector, name))
        return refuse(rules, entry, selector, "is not a selector");
    key->selector = text_dup(rules->region, text_of(name));
    return check_file(rules, entry, file) && key->domain && key->selector;
}

static int compare_names(struct text a, struct text b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Of one name the first line counts. */
static int by_name(const void *a, const void *b)
{
    const struct opendkim_key *x = a, *y = b;
    int order = compare_names(x->name, y->name);

    return order ? order : (x->place.order > y->place.order) - (x->place.order < y->place.order);
}

void opendkim_keys_take(struct opendkim_keys *keys, const struct dataset *set,
                        struct rules *rules)
{
    *keys = (struct opendkim_keys){
        .patterns = set->patterns,
        .items = region_array(rules->scratch, set->count + 1, sizeof *keys->items),
    };
    for (size_t i = 0; keys->items && i < set->count; i++)
        keys->count += take(rules, &set->items[i], &keys->items[keys->count]);
    if (!keys->patterns && keys->count > 0)
        qsort(keys->items, keys->count, sizeof *keys->items, by_name);
}

const struct opendkim_key *opendkim_keys_find(const struct opendkim_keys *keys, struct text name)
{
    size_t low = 0, high = keys->count;

    for (size_t i = 0; keys->patterns && i < keys->count; i++)
        if (glob_matches(keys->items[i].name, name))
            return &keys->items[i];
    while (!keys->patterns && low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_names(keys->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (keys->patterns || low == keys->count || !text_equal(keys->items[low].name, name))
        return NULL;
    return &keys->items[low];
}
