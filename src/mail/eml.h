/* eml.h: reads a message file the way an MTA would hand it to a milter.
 *
 * Line ends may be CRLF or LF.  The body is delivered with CRLF; folds inside a
 * value as they stand (message_add_field() makes them CRLF), like an MTA that
 * hands them over with a bare LF.  The header ends at the empty line, or at the
 * first line that is neither a field ("name:" with blanks allowed before the
 * colon) nor a continuation: that line is then the first of the body (what
 * Postfix and Sendmail do).  A continuation as the very first line: all is
 * body.  A leading mbox "From " line is skipped.
 *
 * Other octets pass as they are, NUL and bare CR too: an MTA would cut or
 * change them, here the parsers see and refuse them.
 */
#ifndef VIDIMUS_MAIL_EML_H
#define VIDIMUS_MAIL_EML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* One field: LABEL is its name with the blanks before the colon, VALUE what
 * stands after it, without the last line end.  Both point into the data. */
typedef void eml_field_fn(void *context, struct text label, struct text value);

struct eml_handler {
    void *context;
    eml_field_fn *field;
    void (*end_of_header)(void *context);
    /* Body octets in file order, CRLF line ends, in pieces of any size. */
    void (*body)(void *context, struct text chunk);
};

/* Feeds the message in DATA to HANDLER, end_of_header() always once.  A missing
 * final line end stays missing.  Linear, and no copy of the body beyond a
 * chunk. */
void eml_read(struct text data, const struct eml_handler *handler);

/* Feeds the fields alone to EACH; gives eml_rest(). */
struct text eml_fields(struct text data, eml_field_fn *each, void *context);

/* What follows the fields of DATA, as it stands there: the empty line, if there is
 * one, and the body. */
struct text eml_rest(struct text data);

#endif
