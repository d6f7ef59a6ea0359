/* table_private.h: tables in files of their own, line by line. */
#ifndef VIDIMUS_CONFIG_TABLE_PRIVATE_H
#define VIDIMUS_CONFIG_TABLE_PRIVATE_H

#include "config/rules_private.h"

enum { TABLE_OCTETS_MAX = 16 * 1024 * 1024, TABLE_LINE_MAX = 2048 };

/* A table being read. */
struct table {
    struct rules *rules;
    const char *name; /* for messages; also tells one table from another */
    struct text rest;
    struct place place; /* of the line that was read last */
};

/* TEXT as a table called NAME; both stay lent. */
void table_init(struct table *table, struct rules *rules, const char *name, struct text text);

/* Opens the file NAME (whatever is wrong is an error at ASKED). */
bool table_open(struct table *table, struct rules *rules, const char *name, struct place asked);

/* The next line that holds something, without blanks around it; what stands
 * behind a # that COMMENT accepts (as what stands before it on the line) is gone.
 * False at the end.  A line that cannot be text is an error, and skipped. */
bool table_line(struct table *table, bool (*comment)(struct text before), struct text *line);

/* Takes the first word off LINE. */
struct text table_word(struct text *line);

/* An error at the line that was read last. */
#define table_error(table, ...) errors_add((table)->rules->errors, (table)->place, __VA_ARGS__)

/* Our own: PATTERN SELECTOR FILE [domain=DOMAIN] [state=STATE]. */
void key_table_read(struct rules *rules, const char *name, struct text text);
void key_table_file(struct rules *rules, const char *name, struct place asked);

/* OpenDKIM's: KEYS and SIGNING as opendkim.conf(5) writes KeyTable and
 * SigningTable.  MULTIPLE: MultipleSignatures. */
struct opendkim_tables {
    const char *keys, *signing;
    struct place keys_place, signing_place;
    bool multiple;
};

void opendkim_tables_read(struct rules *rules, const struct opendkim_tables *tables);

#endif
