/* eml.h: reads a message file the way an MTA would hand it to a milter.
 *
 * Line ends may be CRLF or LF; body and folds are delivered with CRLF.  The
 * header ends at the empty line, or at the first line that is neither a field
 * ("name:" with blanks allowed before the colon) nor a continuation: that line
 * is then the first of the body (what Postfix and Sendmail do; ATTACKS §0).
 * A continuation as the very first line: all is body.  A leading mbox "From "
 * line is skipped.
 */
#ifndef VIDIMUS_MAIL_EML_H
#define VIDIMUS_MAIL_EML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct eml_handler {
    void *context;
    /* One field; texts live only during the call. */
    void (*field)(void *context, struct text name, struct text value);
    void (*end_of_header)(void *context);
    /* Body octets in file order, CRLF line ends, in pieces of any size. */
    void (*body)(void *context, struct text chunk);
};

/* Feeds the message in DATA to HANDLER.  A missing final line end stays
 * missing. */
void eml_read(struct text data, const struct eml_handler *handler);

#endif
