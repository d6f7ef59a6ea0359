/* taglist.h: tag=value lists (RFC 6376 §3.2), shared by DKIM-Signature, key
 * records, ARC fields and DMARC records.
 *
 * Strict: tag names are ALPHA *(ALPHA / DIGIT / "_"), case-sensitive;
 * duplicates, an empty tag before the last ';', more than TAGLIST_MAX tags or
 * octets outside VCHAR/FWS in a value (bytes >= 0x80 only with allow_utf8)
 * refuse the whole list.
 */
#ifndef VIDIMUS_MAIL_TAGLIST_H
#define VIDIMUS_MAIL_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { TAGLIST_MAX = 64 };

struct tag {
    struct text name;
    struct text value; /* without surrounding FWS; folding inside is kept */
};

struct taglist {
    size_t count;
    struct tag tags[TAGLIST_MAX]; /* in order of appearance */
};

enum taglist_error {
    TAGLIST_OK,
    TAGLIST_SYNTAX,
    TAGLIST_DUPLICATE,
    TAGLIST_TOO_MANY
};

/* Parses all of T.  Values point into T. */
enum taglist_error taglist_parse(struct text t, bool allow_utf8, struct taglist *list);

/* The value of tag NAME, or NULL when the list does not hold it. */
const struct text *taglist_get(const struct taglist *list, const char *name);

#endif
