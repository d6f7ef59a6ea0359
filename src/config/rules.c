#include "config/rules_private.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "config/options_private.h"
#include "config/values_private.h"

static const char key_label[] = "._domainkey.";

void rules_init(struct rules *rules, struct region *region, struct region *scratch,
                struct errors *errors)
{
    *rules = (struct rules){ .region = region, .scratch = scratch, .errors = errors };
    for (size_t i = 0; i < option_count; i++)
        if (option_is_in(&options[i], "sign"))
            value_store_default(&options[i], &rules->fallback, region, errors);
}

const char *place_text(struct place place, struct region *region)
{
    struct buf buf;

    buf_init(&buf, region, (size_t)-1 / 2);
    buf_printf(&buf, "%s:%u", place.file, place.line);
    return buf_str(&buf);
}

const char *rule_set_pattern(struct sign_rule *rule, struct text written, struct region *region)
{
    bool below = written.len > 0 && written.data[0] == '.';
    struct buf pattern;
    domain_name name;

    if (text_equal(written, TEXT("*"))) {
        rule->kind = SIGN_ANY;
        rule->pattern = "*";
        return NULL;
    }
    if (!domain_normalise(text_tail(written, below), name))
        return "is not a pattern; write a domain (example.org), a dot and a domain for all that "
               "is below it (.example.org), or * for any";
    buf_init(&pattern, region, sizeof name + 1);
    buf_printf(&pattern, "%s%s", below ? "." : "", name);
    rule->kind = below ? SIGN_BELOW : SIGN_DOMAIN;
    rule->pattern = buf_str(&pattern);
    return NULL;
}

/* ---- one rule a pattern */

static size_t slot_of(const struct rules *rules, const char *pattern)
{
    uint32_t hash = 2166136261; /* FNV-1a */
    size_t slot;

    for (const char *c = pattern; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619;
    slot = hash & (rules->slot_count - 1);
    while (rules->slots[slot] && strcmp(rules->slots[slot]->rule.pattern, pattern) != 0)
        slot = (slot + 1) & (rules->slot_count - 1);
    return slot;
}

struct rule *rules_find(const struct rules *rules, const char *pattern)
{
    return rules->slot_count ? rules->slots[slot_of(rules, pattern)] : NULL;
}

static void hash_rule(struct rules *rules, struct rule *rule)
{
    if (rule->rule.kind != SIGN_ADDRESS)
        rules->slots[slot_of(rules, rule->rule.pattern)] = rule;
}

static bool grow(struct rules *rules)
{
    size_t capacity = rules->capacity ? rules->capacity * 2 : 16;
    struct rule **items = region_array(rules->scratch, capacity, sizeof *items);
    struct rule **slots = region_array(rules->scratch, capacity * 2, sizeof *slots);

    if (!items || !slots)
        return false;
    if (rules->count)
        memcpy(items, rules->items, rules->count * sizeof *items);
    rules->items = items;
    rules->capacity = capacity;
    rules->slots = slots;
    rules->slot_count = capacity * 2;
    for (size_t i = 0; i < rules->count; i++)
        hash_rule(rules, items[i]);
    return true;
}

struct rule *rules_add(struct rules *rules, const struct sign_rule *rule, struct text written,
                       struct place place)
{
    struct rule *item = region_alloc(rules->scratch, sizeof *item);

    if (!item || !rule->pattern || (rules->count == rules->capacity && !grow(rules)))
        return NULL;
    if (rules->count == RULES_MAX) {
        errors_add(rules->errors, place, "more than %d signing rules", RULES_MAX);
        return NULL;
    }
    *item = (struct rule){ *rule, place, written };
    rules->items[rules->count++] = item;
    hash_rule(rules, item);
    return item;
}

void rules_store(const struct rules *rules, struct config *config)
{
    struct sign_rule *items = region_array(rules->region, rules->count, sizeof *items);

    if (!items)
        return;
    for (size_t i = 0; i < rules->count; i++)
        items[i] = rules->items[i]->rule;
    config->sign_rules = items;
    config->sign_rule_count = rules->count;
}

/* ---- keys */

/* The d= of a key that names none. */
static const char *domain_of_pattern(const struct sign_rule *rule)
{
    switch (rule->kind) {
    case SIGN_DOMAIN:
        return rule->pattern;
    case SIGN_BELOW: /* aligns relaxed, and the key stands in DNS once */
        return rule->pattern + 1;
    case SIGN_ANY:
    case SIGN_ADDRESS:
        break;
    }
    return AUTHOR_DOMAIN;
}

const char *rule_check_key(const struct sign_rule *rule, struct key_source *key,
                           struct region *region)
{
    domain_name name;

    if (!key->domain || !key->selector)
        return NULL; /* memory, or told already */
    if (!*key->domain)
        key->domain = domain_of_pattern(rule);
    else if (domain_normalise(text_of(key->domain), name))
        key->domain = text_dup(region, text_of(name));
    if (key->domain && strcmp(key->domain, AUTHOR_DOMAIN) != 0 && domain_labels(key->domain) < 2)
        return "has a domain of one label, which d= cannot be (RFC 6376 3.5)";
    if (key->domain &&
        strlen(key->selector) + strlen(key_label) + strlen(key->domain) > DOMAIN_MAX)
        return "makes a name of more than 253 octets with its domain";
    return NULL;
}

bool rule_has_key(const struct sign_rule *rule, const struct key_source *key)
{
    for (size_t i = 0; i < rule->key_count; i++)
        if (strcmp(rule->keys[i].selector, key->selector) == 0 &&
            strcmp(rule->keys[i].domain, key->domain) == 0)
            return true;
    return false;
}

const char *rule_add_key(struct sign_rule *rule, const struct key_source *key,
                         struct region *region)
{
    struct key_source *keys;

    if (rule_has_key(rule, key))
        return "is given twice for this pattern";
    if (rule->key_count == SIGN_KEYS_MAX)
        return "is one key too many: 8 for one pattern";
    keys = region_array(region, rule->key_count + 1, sizeof *keys);
    if (!keys)
        return NULL;
    if (rule->key_count)
        memcpy(keys, rule->keys, rule->key_count * sizeof *keys);
    keys[rule->key_count++] = *key;
    rule->keys = keys;
    return NULL;
}
