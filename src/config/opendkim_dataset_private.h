/* opendkim_dataset_private.h: OpenDKIM's data sets that are text: file:, refile:,
 * csl:, and paths and lists without a word in front (opendkim(8), DATA SETS). */
#ifndef VIDIMUS_CONFIG_OPENDKIM_DATASET_PRIVATE_H
#define VIDIMUS_CONFIG_OPENDKIM_DATASET_PRIVATE_H

#include "config/table_private.h"

struct dataset_entry {
    struct text name, value;
    struct place place;
};

struct dataset {
    bool patterns; /* refile: names are patterns, the first that matches counts */
    size_t count, capacity;
    struct dataset_entry *items; /* in scratch, as they stand there */
};

/* Reads what SPEC, given at ASKED, says.  False: an error was told. */
bool dataset_read(struct dataset *set, struct rules *rules, const char *spec, struct place asked);

/* The same of TEXT, as the content of a file NAME. */
void dataset_read_text(struct dataset *set, struct rules *rules, const char *name,
                       struct text text);

#endif
