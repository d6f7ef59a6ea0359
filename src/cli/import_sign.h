/* import_sign.h: what OpenDKIM signs with, as our `sign` sections or as the
 * tables that it is, which vidimus reads. */
#ifndef VIDIMUS_CLI_IMPORT_SIGN_H
#define VIDIMUS_CLI_IMPORT_SIGN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/text.h"

struct import;

/* Mode leaves signing in. */
bool import_signs(const struct import *import);

/* All of it: Domain, Selector, KeyFile; KeyTable, SigningTable; and how. */
void import_signing(struct import *import);

/* --- shared by import_sign.c, import_tables.c and import_expand.c ---------- */

struct import_key {
    struct text selector, file;
    const char *domain; /* d=; NULL: the pattern's own */
};

struct import_signer {
    const char *pattern;
    const char *properties; /* lines of the section, "" for none */
    const char *identity;   /* or NULL */
    size_t key_count;
    const struct import_key *keys;
};

/* Sections are gathered here. */
struct import_sign_sections {
    struct import *import;
    struct buf text;
    struct buf refused; /* what our reader says against some of them */
    size_t count;
};

struct import_sign_sections import_sign_sections_new(struct import *import);

/* Adds a section, or why there can be none. */
void import_sign_section(struct import_sign_sections *sections,
                         const struct import_signer *signer);
void import_sign_refuse(struct import_sign_sections *sections, struct text what,
                        const char *why);

/* What was gathered, as one item. */
void import_sign_sections_print(struct import_sign_sections *sections, const char *note);

extern const char import_keys_readable[]; /* a note on what vidimusd can read */

/* The third part of a KeyTable's value if it is the name of a file; else empty: it
 * is a private key. */
struct text import_key_file(struct text value);

/* Canonicalization, SignatureTTL and the fields as lines of a section. */
const char *import_sign_properties(struct import *import);
void import_sign_also_how(struct import *import); /* import_also() of these */
bool import_sign_is_told_how(const struct import *import); /* one of them is given */

/* The tables, whichever way. */
void import_sign_by_tables(struct import *import);

/* The tables as sections. */
void import_expand_tables(struct import *import);

#endif
