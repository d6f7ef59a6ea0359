/* import_items.h: what an import has gathered, and how it is printed. */
#ifndef VIDIMUS_CLI_IMPORT_ITEMS_H
#define VIDIMUS_CLI_IMPORT_ITEMS_H

#include <stdbool.h>
#include <stdio.h>

struct foreign_setting;
struct import;

enum import_item_kind {
    ITEM_OPTION,   /* `option = value` in a section, or outside of any */
    ITEM_SECTIONS, /* sections as they are */
    ITEM_NONE      /* a comment */
};

/* A setting that an item comes from. */
struct import_origin {
    const struct foreign_setting *setting;
    struct import_origin *next;
};

struct import_item {
    enum import_item_kind kind;
    const char *section; /* of an option; NULL: outside of any */
    const char *text;
    const char *note;    /* or NULL */
    bool choice;         /* TEXT goes behind a "#" */
    struct import_origin *origins, **last_origin;
    struct import_item *next;
};

/* All of it as a configuration. */
void import_items_print(struct import *import, FILE *out);

#endif
