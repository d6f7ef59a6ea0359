/* import_read.h: the settings of opendkim.conf, opendmarc.conf, openarc.conf.
 *
 * One setting a line: a name (ASCII case does not matter), blanks, a value up to
 * the end of the line without the blanks around it.  "#" and CR end a line
 * wherever they stand; there are no quotes and no continuation lines.
 * `Include FILE` is read in its place, five levels deep at most.
 *
 * Files, lines and settings are bounded; what is wrong is told as
 * "FILE:LINE: message".
 */
#ifndef VIDIMUS_CLI_IMPORT_READ_H
#define VIDIMUS_CLI_IMPORT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

struct region;

/* Where files come from: the disk, or what a test puts in its place. */
struct import_disk {
    /* The octets of the file, in REGION; NULL, or why they cannot be had. */
    const char *(*read)(void *context, const char *name, struct region *region,
                        struct text *octets);
    void *context;
};

extern const struct import_disk import_real_disk;

enum { IMPORT_OCTETS_MAX = 1024 * 1024 }; /* of one file */

/* One line of NAME's octets after the other, without "#…" and CR. */
struct import_lines {
    struct text rest;
    unsigned number; /* of the line that was taken last */
};

bool import_next_line(struct import_lines *lines, struct text *line);

/* The first word of LINE and what follows it, without blanks around either. */
void import_split(struct text line, struct text *word, struct text *rest);

struct foreign_setting {
    struct text name;  /* as it is written there */
    struct text value; /* never empty */
    const char *file;
    unsigned line;
    bool told; /* it stands in the result; for import_items.c */
};

struct foreign_settings {
    size_t count;
    size_t capacity;
    struct foreign_setting *items;
};

enum import_reading { IMPORT_READ, IMPORT_BAD, IMPORT_NO_FILE };

/* Reads FILE into SETTINGS.  INCLUDES: the program knows Include.  Errors go to
 * ERRORS, all of them. */
enum import_reading import_read(struct foreign_settings *settings, const char *file, bool includes,
                                const struct import_disk *disk, struct region *region,
                                FILE *errors);

#endif
