#include "config/opendkim_dataset_private.h"

#include <string.h>

#include "base/log.h"
#include "base/region.h"

/* Wherever it stands. */
static bool begins_comment(struct text before)
{
    (void)before;
    return true;
}

static bool add(struct dataset *set, struct rules *rules, struct text name, struct text value,
                struct place place)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 16;
        struct dataset_entry *grown = region_array(rules->scratch, capacity, sizeof *grown);

        if (!grown)
            return false;
        if (set->count)
            memcpy(grown, set->items, set->count * sizeof *grown);
        set->items = grown;
        set->capacity = capacity;
    }
    if (set->count == RULES_MAX)
        return errors_add(rules->errors, place, "more than %d entries", RULES_MAX);
    set->items[set->count++] = (struct dataset_entry){ name, value, place };
    return true;
}

static void take_lines(struct dataset *set, struct table *table)
{
    struct text line;
    bool more = true;

    while (more && table_line(table, begins_comment, &line)) {
        struct text name = table_word(&line);

        if (line.len == 0)
            table_error(table, "the line has no value: NAME VALUE");
        else
            more = add(set, table->rules, name, line, table->place);
    }
}

/* "NAME=VALUE,NAME=VALUE" */
static bool take_list(struct dataset *set, struct rules *rules, struct text list,
                      struct place place)
{
    bool more = true;

    while (more && list.len > 0) {
        size_t comma = text_find(list, ',');
        struct text entry = text_trim(text_head(list, comma));
        size_t equal = text_find(entry, '=');
        struct text value = text_trim(text_tail(entry, equal + 1));
        char quoted[LOG_QUOTED_MAX];

        list = text_tail(list, comma + 1);
        if (entry.len == 0)
            continue;
        if (value.len == 0)
            return errors_add(rules->errors, place, "%s has no value: csl:NAME=VALUE,NAME=VALUE",
                              log_quote(entry, quoted));
        more = add(set, rules, text_trim(text_head(entry, equal)), value, place);
    }
    return more;
}

void dataset_read_text(struct dataset *set, struct rules *rules, const char *name,
                       struct text text)
{
    struct table table;

    table_init(&table, rules, name, text);
    take_lines(set, &table);
}

bool dataset_read(struct dataset *set, struct rules *rules, const char *spec, struct place asked)
{
    struct text s = text_of(spec);
    size_t colon = text_find(s, ':');
    struct text kind = text_head(s, colon + 1);
    struct table table;

    *set = (struct dataset){ .patterns = text_equal(kind, TEXT("refile:")) };
    if (text_equal(kind, TEXT("csl:")))
        return take_list(set, rules, text_tail(s, kind.len), asked);
    if (set->patterns || text_equal(kind, TEXT("file:")))
        spec += kind.len;
    if (!table_open(&table, rules, spec, asked))
        return false;
    take_lines(set, &table);
    return true;
}
