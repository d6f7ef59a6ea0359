/* message.h: one message: envelope and header fields, in one region.
 *
 * The body is never stored: it streams through whoever digests it.  Fields
 * keep their octets exactly as they came (the value starts right after the
 * colon), with folding as CRLF, because `simple` canonicalisation needs them.
 *
 * A header bomb must neither fill the memory nor hide a field that vidimus
 * deletes or decides by.  So MESSAGE_FIELDS_MAX bounds the stored fields, but
 * fields of a kept name (From, Authentication-Results, ARC-*, BIMI-*, and what
 * message_keep() adds) are stored beyond it, up to MESSAGE_KEPT_MAX more; only
 * a message over that bound (fields_flooded) escapes, and must not be accepted
 * as if its header were known.
 */
#ifndef VIDIMUS_MAIL_MESSAGE_H
#define VIDIMUS_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "mail/path.h"

struct region;

enum { MESSAGE_FIELDS_MAX = 1000, MESSAGE_KEPT_MAX = 10000, FIELD_OCTETS_MAX = 65536 };

struct field {
    struct text name;     /* as written, without blanks before the colon */
    struct text label;    /* name with those blanks, for `simple` */
    struct text value;    /* after the colon, leading blank included, CRLF folding */
    size_t index;         /* 1-based among fields of this name (case ignored):
                             what smfi_chgheader() calls the index */
    bool cut;             /* longer than FIELD_OCTETS_MAX: the rest was dropped */
    struct field *next;   /* in order of appearance */
};

struct recipient {
    struct path path;
    struct recipient *next;
};

struct message {
    struct region *region; /* owned: message_free() frees it */

    struct path mail_from; /* PATH_MALFORMED until it is set */
    struct recipient *recipients;
    size_t recipient_count;

    struct field *fields;
    size_t field_count;    /* of stored fields */
    bool fields_capped;    /* more than MESSAGE_FIELDS_MAX came: fields without a
                              kept name were not stored since */
    bool fields_flooded;   /* MESSAGE_KEPT_MAX was passed too: fields of kept
                              names were lost, so deletions are incomplete */
    size_t from_count;     /* of From fields, also beyond the cap */
    /* private to message.c */
    struct field **fields_end;
    struct recipient **recipients_end;
    struct field_counter **counters; /* hash table: fields seen, by name */
};

/* A new empty message; NULL when memory is exhausted.  MEMORY_MAX bounds the
 * octets of its region. */
struct message *message_new(size_t memory_max);
void message_free(struct message *message); /* NULL allowed */

/* Fields called NAME are stored beyond the cap too.  Call it before the first
 * field comes.  NAME must live as long as MESSAGE. */
void message_keep(struct message *message, struct text name);

/* Appends a field.  Bare LF in VALUE becomes CRLF (Postfix hands folded lines
 * so); blanks at the end of LABEL are no part of the name.  NULL when it was not stored:
 * the bounds (fields_capped, fields_flooded) or memory (the region latches). */
struct field *message_add_field(struct message *message, struct text label, struct text value);

/* A field of no message, as an MTA makes it of what it is told to insert: a space
 * after the colon, CRLF for each LF.  NULL: memory (the region latches). */
struct field *field_inserted(struct region *region, struct text name, struct text value);

/* Sets mail_from from the raw MAIL FROM argument, which is copied. */
void message_set_mail_from(struct message *message, struct text raw);

/* Appends a recipient, parsed from the raw RCPT TO argument, which is copied. */
void message_add_recipient(struct message *message, struct text raw);

/* First field called NAME (case ignored) from FIELD on; NULL: none. */
struct field *field_find(struct field *field, struct text name);

bool field_is(const struct field *field, struct text name);

#endif
