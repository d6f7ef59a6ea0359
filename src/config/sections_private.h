/* sections_private.h: what must hold of a section as a whole.
 *
 * The options of a section have passed their own checks (check.c) and are
 * stored, the sections inside it are checked, when these are called. */
#ifndef VIDIMUS_CONFIG_SECTIONS_PRIVATE_H
#define VIDIMUS_CONFIG_SECTIONS_PRIVATE_H

#include "config/errors_private.h"

struct rules;

struct section_item {
    void *item;         /* struct override, sign_rule, key_source; config for untitled ones */
    struct place place; /* of the title, or of the section's name */
    struct region *region;
    struct errors *errors;
    struct rules *rules; /* where sign rules are gathered */
};

void check_override(const struct section_item *item);
void check_sign(const struct section_item *item);
void check_sign_key(const struct section_item *item);
void check_seal(const struct section_item *item);
void check_seal_key(const struct section_item *item);

#endif
