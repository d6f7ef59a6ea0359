/* import_translate.h: translators that several tables use. */
#ifndef VIDIMUS_CLI_IMPORT_TRANSLATE_H
#define VIDIMUS_CLI_IMPORT_TRANSLATE_H

#include "cli/import.h"

struct texts { size_t count; struct text *items; };

/* The parts of LIST between commas or blanks. */
struct texts import_split_list(struct import *import, struct text list);

/* The keys of a data set. */
struct import_dataset;
struct texts import_keys(struct import *import, const struct import_dataset *dataset);

/* "{…}" of those ITEMS that OPTION of SECTION takes; of the others *LEFT tells
 * (NULL: there are none). */
const char *import_list(struct import *import, const char *section, const char *option,
                        const struct texts *items, const char **left);

/* "{…}" of all ITEMS. */
const char *import_braced(struct import *import, const struct texts *items);

/* A followed by B; either may be NULL. */
const char *import_joined(struct import *import, const char *a, const char *b);

/* SETTING is not taken over into OPTION of SECTION; WHY ends the sentence. */
void import_unreadable(struct import *import, const char *section, const char *option,
                       const struct foreign_setting *setting, const char *why);

struct host_source {
    const struct foreign_setting *setting; /* NULL: a default of the program */
    struct text spec; /* a data set */
};

/* OPTION, a list of networks, of the hosts in all SOURCES. */
void import_hosts(struct import *import, const char *option, const char *note,
                  const struct host_source *sources, size_t count);

/* The program acted on no message; what vidimus would do by default is turned
 * off.  But REQUIRED: it refused mail without a usable From. */
void import_verifier_only(struct import *import, bool required);

/* For tables: OPTION of SECTION is … */
typedef void import_translate_fn(struct import *import, const struct import_row *row,
                                 const struct foreign_setting *setting);

import_translate_fn import_number;       /* the same number */
import_translate_fn import_strings;      /* what stands between commas or blanks */
import_translate_fn import_domains;      /* a data set */
import_translate_fn import_networks;     /* a data set of hosts */
import_translate_fn import_network_file; /* the same, where the value is a path */
import_translate_fn import_elsewhere;    /* left to another row, or to `finish` */

#endif
