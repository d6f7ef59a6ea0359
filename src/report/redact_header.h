/* redact_header.h: the header of a message as strangers may see it.
 *
 * Only fields that help to find out why a message failed are shown, and of these only
 * what does not tell who wrote to whom: no display names and comments, no local parts
 * (redact.h), no file names, no copies of fields within signatures.  What is not known
 * to be harmless is left out.
 */
#ifndef VIDIMUS_REPORT_REDACT_HEADER_H
#define VIDIMUS_REPORT_REDACT_HEADER_H

#include <stdbool.h>

#include "report/redact.h"

struct field;
struct region;

enum {
    REDACTED_HEADER_MAX = 32768, /* octets: fields that do not fit any more are left out */
    REDACTED_FIELDS_MAX = 100,
    REDACTED_FIELD_MAX = 4096 /* octets of a value; longer fields are left out */
};

/* The fields from FIRST on, each ended by LF, folded with LF TAB, printable ASCII
 * beside these; a copy in REGION, "" if nothing can be shown.  With SUBJECT that field
 * is shown as it is.  NULL: memory (the region latches). */
const char *redact_header(struct region *region, const struct redactor *redactor,
                          const struct field *first, bool subject);

#endif
