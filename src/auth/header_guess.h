/* header_guess.h: what is often done to a signed header between the signer and
 * us, as changes that can be taken back to see whether the signature is good
 * then.  Guesses, for people: no result comes of them. */
#ifndef VIDIMUS_AUTH_HEADER_GUESS_H
#define VIDIMUS_AUTH_HEADER_GUESS_H

#include <stddef.h>

#include "base/text.h"

struct field;
struct message;
struct region;
struct signature;

enum header_change {
    CHANGE_PREFIX, /* a tag was put into the value */
    CHANGE_VALUE,  /* the value was another */
    CHANGE_ADDED,  /* the field was not there */
    CHANGE_REMOVED /* the field is not there any more */
};

struct header_edit {
    enum header_change change;
    const struct field *field; /* as it came; NULL: CHANGE_REMOVED */
    struct text name;
    struct text value;         /* as signed; empty: CHANGE_ADDED */
    struct text prefix;        /* CHANGE_PREFIX: the tag */
};

enum { HEADER_GUESSES_MAX = 24 };

/* Guesses about MESSAGE where SIGNATURE covers it, likely ones first, one change
 * each; texts in REGION or of the message.  Their number. */
size_t header_guesses(struct region *region, const struct message *message,
                      const struct signature *signature,
                      struct header_edit guesses[HEADER_GUESSES_MAX]);

#endif
