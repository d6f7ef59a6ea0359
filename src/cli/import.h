/* import.h: another program's configuration as ours.
 *
 * import_run() reads the settings (import_read.h), looks each up in the table of
 * its program, and prints what the translators made of them: options of ours
 * beneath the line they come from, and a comment for each setting that has no
 * counterpart.  An option that our own reader would refuse becomes a comment
 * with the reader's words, so what is printed can always be read.
 */
#ifndef VIDIMUS_CLI_IMPORT_H
#define VIDIMUS_CLI_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/import_read.h"

struct import;
struct region;

enum foreign_type { FOREIGN_TEXT, FOREIGN_BOOLEAN, FOREIGN_INTEGER };

/* What becomes of one setting.  The last one of a name counts. */
struct import_row {
    const char *name; /* as the program's manual has it; NULL ends a table */
    enum foreign_type type;
    /* NULL: it has no counterpart. */
    void (*translate)(struct import *import, const struct import_row *row,
                      const struct foreign_setting *setting);
    const char *section, *option; /* of ours, for `translate` */
    /* How ours differs; without counterpart: why, and what does the job. */
    const char *note;
};

struct import_program {
    const char *command; /* "import-opendkim" */
    const char *name;    /* "OpenDKIM" */
    const char *manual;  /* "opendkim.conf(5)" */
    bool includes;       /* it knows Include */
    const struct import_row *rows;
    /* What depends on several settings; after all rows. */
    void (*finish)(struct import *import);
};

extern const struct import_program import_opendkim, import_opendmarc, import_openarc;

/* Rows of the settings that all three programs share. */
extern const struct import_row import_common_rows[];

struct import_options {
    const char *file;
    bool expand; /* key tables as `sign` sections */
    const struct import_disk *disk;
};

/* A status of sysexits(3).  Prints to OUT only what is whole. */
int import_run(const struct import_program *program, const struct import_options *options,
               FILE *out, FILE *errors);

/* --- for translators ------------------------------------------------------ */

struct import_item;

struct import {
    const struct import_program *program;
    const char *file;
    struct region *region;
    const struct import_disk *disk;
    bool expand;
    struct foreign_settings settings;
    struct import_item *items, *last_item;
    struct import_item *latest; /* that import_also() adds to */
};

/* The setting NAME that counts; NULL: not given. */
const struct foreign_setting *import_setting(const struct import *import, const char *name);

/* Its value as a Boolean; FALLBACK where it is not given. */
bool import_boolean(const struct import *import, const char *name, bool fallback);
bool import_integer(struct text value, long long *number);

/* Our OPTION of SECTION (NULL: outside of any) with VALUE, in our syntax.
 * SETTING may be NULL; NOTE, too.  Text from the file goes through
 * import_quoted() into VALUE, through import_shown() into NOTE. */
void import_option(struct import *import, const struct foreign_setting *setting,
                   const char *section, const char *option, const char *value,
                   const char *note);

/* The same, printed behind a "#": a choice that is left to the reader. */
void import_choice(struct import *import, const struct foreign_setting *setting,
                   const char *section, const char *option, const char *value,
                   const char *note);

/* Whole sections of ours, in our syntax; and behind "#". */
void import_sections(struct import *import, const struct foreign_setting *setting,
                     const char *text, const char *note);
void import_sections_choice(struct import *import, const struct foreign_setting *setting,
                            const char *text, const char *note);

/* SETTING has no counterpart. */
void import_none(struct import *import, const struct foreign_setting *setting, const char *note);

/* The last of the above came from SETTING (may be NULL), or the one called NAME
 * (where that is given), too. */
void import_also_setting(struct import *import, const struct foreign_setting *setting);
void import_also(struct import *import, const char *name);

/* What our reader says against TEXT in SECTION; NULL: nothing. */
const char *import_refusal(struct import *import, const char *section, const char *text);

/* Texts in the import's region.  Never NULL: "" when memory is exhausted, which
 * import_run() notices. */
const char *import_printf(struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *import_quoted(struct import *import, struct text text); /* for VALUE */
const char *import_shown(struct import *import, struct text text);  /* for NOTE: printable, cut */
const char *import_path(struct import *import, struct text name);   /* BaseDirectory in front */

#endif
