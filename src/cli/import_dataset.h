/* import_dataset.h: OpenDKIM's data sets (opendkim(8), "DATA SETS").
 *
 * A list, or a file of keys and values, can be read; a database, a directory
 * service or a script cannot: then there is a reason instead of entries. */
#ifndef VIDIMUS_CLI_IMPORT_DATASET_H
#define VIDIMUS_CLI_IMPORT_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct import;

enum import_dataset_kind {
    DATASET_LIST,     /* a,b=c,… */
    DATASET_FILE,     /* one entry a line */
    DATASET_PATTERNS, /* likewise; keys are patterns ("refile:") */
    DATASET_ELSEWHERE /* what somebody else keeps */
};

struct import_entry {
    struct text key;
    struct text value; /* may be empty */
};

struct import_dataset {
    enum import_dataset_kind kind;
    const char *path;    /* of a file, whole where it can be known; else NULL */
    const char *trouble; /* why there are no entries, as the end of a sentence; or NULL */
    size_t count;
    const struct import_entry *entries;
};

/* What SPEC says, without opening anything. */
struct import_dataset import_dataset_named(struct import *import, struct text spec);

/* The same with its entries. */
struct import_dataset import_dataset_read(struct import *import, struct text spec);

bool import_dataset_is_file(struct text spec);

/* SPEC names neither a file nor a list: it may hold a password. */
bool import_dataset_is_elsewhere(struct text spec);

#endif
