/* rules_private.h: sign rules while they are gathered, from sections and tables.
 *
 * DOMAIN, BELOW and ANY patterns are there once: lines of a table with one
 * pattern are one rule with several keys.  ADDRESS patterns are a list. */
#ifndef VIDIMUS_CONFIG_RULES_PRIVATE_H
#define VIDIMUS_CONFIG_RULES_PRIVATE_H

#include "config/config.h"
#include "config/errors_private.h"

struct region;

enum { RULES_MAX = 100000 };

/* d= is the author domain, whatever that is. */
#define AUTHOR_DOMAIN "%"

struct rule {
    struct sign_rule rule;
    struct place place;  /* where it began */
    struct text written; /* the pattern as it stands there */
};

struct rules {
    struct region *region;  /* what the rules will live in */
    struct region *scratch;
    struct errors *errors;
    struct sign_rule fallback; /* the defaults of a `sign` section */
    size_t order;              /* of the next line of a table, for errors */
    size_t count, capacity;
    struct rule **items;
    size_t slot_count;   /* a power of two, at least twice COUNT */
    struct rule **slots; /* hashed by pattern; NULL: free */
};

void rules_init(struct rules *rules, struct region *region, struct region *scratch,
                struct errors *errors);

/* What WRITTEN means in a section or in our own table: sets kind and pattern of
 * RULE.  NULL, or what is wrong with it. */
const char *rule_set_pattern(struct sign_rule *rule, struct text written, struct region *region);

/* The rule (not an ADDRESS one) whose pattern is PATTERN, or NULL. */
struct rule *rules_find(const struct rules *rules, const char *pattern);

/* Adds RULE.  NULL: memory, or too many of them, which is an error at PLACE. */
struct rule *rules_add(struct rules *rules, const struct sign_rule *rule, struct text written,
                       struct place place);

/* Sets the domain of KEY, a key of RULE, to what it stands for.  NULL, or what is
 * wrong with it. */
const char *rule_check_key(const struct sign_rule *rule, struct key_source *key,
                           struct region *region);

/* A key with the name that KEY has in DNS is there. */
bool rule_has_key(const struct sign_rule *rule, const struct key_source *key);

/* Adds KEY, which has been checked, to a rule of a table.  NULL, or what is wrong. */
const char *rule_add_key(struct sign_rule *rule, const struct key_source *key,
                         struct region *region);

/* All of them into CONFIG, in the order in which they were added. */
void rules_store(const struct rules *rules, struct config *config);

/* PLACE as "FILE:LINE", in REGION. */
const char *place_text(struct place place, struct region *region);

#endif
