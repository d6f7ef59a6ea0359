/* options_private.h: the one table of options.
 *
 * It drives the parser, the defaults, the bounds, the printer, what a reload
 * can change, and the checks of sample file and manual. */
#ifndef VIDIMUS_CONFIG_OPTIONS_PRIVATE_H
#define VIDIMUS_CONFIG_OPTIONS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/names.h"
#include "config/config.h"

enum option_type {
    OPTION_STRING,   /* const char *; see .check, .names */
    OPTION_BOOL,     /* bool; named by .names */
    OPTION_ENUM,     /* an enum; named by .names */
    OPTION_NUMBER,   /* unsigned, .min to .max */
    OPTION_MODE,     /* unsigned, octal in quotes, at most .max */
    OPTION_FIELD,    /* "Name: value" into two successive const char * */
    OPTION_CANON,    /* "relaxed/simple" into two successive enum canonicalisation */
    OPTION_STRINGS,  /* struct strings; see .check */
    OPTION_NETWORKS, /* struct networks, prefixes of .min bits or more */
    OPTION_DOMAINS   /* struct domains */
};

struct option {
    const char *section; /* NULL: outside of any */
    const char *name;
    enum option_type type;
    const char *fallback; /* the default as a value; of a list: space-separated */
    size_t offset;        /* in the item of a titled section, else in struct config */
    const struct name *names;
    /* NULL if VALUE is good, else what it should be: "is not …; write …". */
    const char *(*check)(const char *value);
    unsigned min, max;
    bool fixed; /* takes a restart to change */
    const char *help;
};

struct section_item;

/* Sections in the order in which they are printed; ends with name NULL.
 *
 * A titled one may occur several times, each with a title of its own; it makes
 * an array of items in what it stands in: struct config, or the item of its
 * parent.  Several sections may share a name, and with it their options. */
struct section {
    const char *name;
    const char *parent; /* the section that it stands in; NULL: in none */
    bool titled;
    size_t size;          /* of one item */
    size_t count, items;  /* offsets of their number (size_t) and of the array */
    size_t title;         /* offset of the title (const char *) in an item */
    /* Checks the whole (NULL: nothing to check), once its options are stored. */
    void (*check)(const struct section_item *item);
};

extern const struct option options[];
extern const size_t option_count;
extern const struct section sections[];

bool option_is_list(const struct option *option);

/* Both names may be NULL: outside of any section. */
bool option_is_in(const struct option *option, const char *section);
bool section_is_in(const struct section *section, const char *parent);

/* Writes what may have been meant by NAME in SECTION, as "; did you mean …?",
 * or "". */
void option_hint(const char *section, struct text name, char *hint, size_t hint_size);

/* For checks of values: what OPTION_STRING and OPTION_STRINGS may hold. */
const char *check_authserv_id(const char *value); /* "" allowed */
const char *check_token(const char *value);
const char *check_listen(const char *value);
const char *check_metrics_listen(const char *value); /* "" allowed */
const char *check_account(const char *value); /* "" allowed */
const char *check_path(const char *value);    /* "" allowed */
const char *check_directory(const char *value);
const char *check_store(const char *value);     /* a whole path, or postgresql:... */
const char *check_words(const char *value);     /* UTF-8 on one line; "" allowed */
const char *check_address(const char *value);   /* local@domain, plain; "" allowed */
const char *check_submit(const char *value);    /* smtp:HOST:PORT, sendmail:/PATH */
const char *check_socket_path(const char *value); /* "" allowed */
const char *check_server(const char *value);
const char *check_field_name(const char *value);
const char *check_key_file(const char *value);   /* "" allowed */
const char *check_key_domain(const char *value); /* "" allowed */
const char *check_identity(const char *value);   /* "" allowed */
const char *check_opendkim_table(const char *value); /* "" allowed */

/* VALUE, a good `listen`, is reached from this host only; the other, of `metrics`. */
bool listen_is_local(const char *value);
bool metrics_listen_is_local(const char *value);

#endif
