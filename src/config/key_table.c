/* key_table.c: our own table of keys, for those who sign for thousands. */
#include <string.h>

#include "base/log.h"
#include "base/region.h"
#include "config/options_private.h"
#include "config/table_private.h"

/* A path may hold a #, a comment stands by itself. */
static bool begins_comment(struct text before)
{
    return before.len == 0 || octet_is_wsp(before.data[before.len - 1]);
}

static bool refuse(const struct table *table, const char *what, struct text value,
                   const char *why)
{
    char quoted[LOG_QUOTED_MAX];

    return table_error(table, "%s%s %s", what, log_quote(value, quoted), why);
}

/* ---- the words behind the file */

static bool set_state(struct table *table, struct key_source *key, struct text value)
{
    int state;

    if (!name_value(key_state_names, value, &state))
        return refuse(table, "state=", value, "is not one of publish, active, retired");
    key->state = (enum key_state)state;
    return true;
}

static bool set_domain(struct table *table, struct key_source *key, struct text value)
{
    const char *why;

    key->domain = text_dup(table->rules->region, value);
    why = key->domain ? check_key_domain(key->domain) : NULL;
    return !why || refuse(table, "domain=", value, why);
}

static bool take_attribute(struct table *table, struct key_source *key, struct text word)
{
    static const struct {
        const char *name;
        bool (*set)(struct table *table, struct key_source *key, struct text value);
    } attributes[] = { { "domain=", set_domain }, { "state=", set_state } };

    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        struct text name = text_of(attributes[i].name);

        if (text_starts_nocase(word, name))
            return attributes[i].set(table, key, text_tail(word, name.len));
    }
    return refuse(table, "", word, "has no meaning here; a line is PATTERN SELECTOR FILE "
                                   "[domain=DOMAIN] [state=publish|active|retired]");
}

/* ---- a line */

static bool take_key(struct table *table, struct text line, struct key_source *key)
{
    struct text selector = table_word(&line), file = table_word(&line);
    domain_name name;
    const char *why;

    *key = (struct key_source){ .domain = "", .state = KEY_ACTIVE };
    if (file.len == 0)
        return table_error(table, "a line is PATTERN SELECTOR FILE [domain=DOMAIN] "
                                  "[state=publish|active|retired]");
    if (!domain_normalise(selector, name))
        return refuse(table, "", selector,
                      "is not a selector; write letters, digits, - and .");
    key->selector = text_dup(table->rules->region, text_of(name));
    key->file = text_dup(table->rules->region, file);
    key->place = place_text(table->place, table->rules->region);
    why = key->file ? check_key_file(key->file) : NULL;
    if (why)
        return refuse(table, "", file, why);
    while (line.len > 0)
        if (!take_attribute(table, key, table_word(&line)))
            return false;
    return key->selector && key->file;
}

/* The rule for PATTERN: a new one, or that of an earlier line. */
static struct sign_rule *take_pattern(struct table *table, struct text pattern)
{
    struct sign_rule rule = table->rules->fallback;
    const char *why = rule_set_pattern(&rule, pattern, table->rules->region);
    struct rule *found;
    char quoted[LOG_QUOTED_MAX];

    if (why)
        refuse(table, "", pattern, why);
    if (why || !rule.pattern)
        return NULL;
    found = rules_find(table->rules, rule.pattern);
    if (!found)
        found = rules_add(table->rules, &rule, pattern, table->place);
    if (!found || found->place.file == table->name)
        return found ? &found->rule : NULL;
    table_error(table, "%s has a sign section already, at %s:%u", log_quote(pattern, quoted),
                found->place.file, found->place.line);
    return NULL;
}

static void take_line(struct table *table, struct text line)
{
    struct text pattern = table_word(&line);
    struct sign_rule *rule;
    struct key_source key;
    const char *why;

    if (!take_key(table, line, &key))
        return;
    rule = take_pattern(table, pattern);
    if (!rule)
        return;
    why = rule_check_key(rule, &key, table->rules->region);
    if (!why && key.domain)
        why = rule_add_key(rule, &key, table->rules->region);
    if (why)
        refuse(table, "key ", text_of(key.selector), why);
}

static void take_lines(struct table *table)
{
    struct text line;

    while (table_line(table, begins_comment, &line))
        take_line(table, line);
}

void key_table_read(struct rules *rules, const char *name, struct text text)
{
    struct table table;

    table_init(&table, rules, name, text);
    take_lines(&table);
}

void key_table_file(struct rules *rules, const char *name, struct place asked)
{
    struct table table;

    if (table_open(&table, rules, name, asked))
        take_lines(&table);
}
