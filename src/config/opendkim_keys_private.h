/* opendkim_keys_private.h: OpenDKIM's KeyTable: NAME DOMAIN:SELECTOR:/FILE. */
#ifndef VIDIMUS_CONFIG_OPENDKIM_KEYS_PRIVATE_H
#define VIDIMUS_CONFIG_OPENDKIM_KEYS_PRIVATE_H

#include "config/opendkim_dataset_private.h"

struct opendkim_key {
    struct text name;
    const char *domain;   /* normalised, or AUTHOR_DOMAIN */
    const char *selector; /* normalised */
    struct text file;     /* in it % stands for d= */
    struct place place;
};

struct opendkim_keys {
    bool patterns; /* of refile: the first name that matches counts */
    size_t count;
    struct opendkim_key *items; /* by name, unless patterns */
};

/* Errors are told. */
void opendkim_keys_take(struct opendkim_keys *keys, const struct dataset *set,
                        struct rules *rules);

/* The key called NAME, or NULL. */
const struct opendkim_key *opendkim_keys_find(const struct opendkim_keys *keys, struct text name);

/* The rules of both tables (opendkim_tables.c). */
void opendkim_tables_take(struct rules *rules, const struct dataset *keys,
                          const struct dataset *signing, bool multiple);

#endif
