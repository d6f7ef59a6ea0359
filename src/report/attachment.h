/* attachment.h: the aggregate report in a mail (RFC 9990 §3.5.1, RFC 2045, 2046).
 *
 * Reporters disagree about the media types, so the first part counts whose
 * octets begin as gzip, zip or XML do.  Depth and number of the parts are
 * bounded.
 */
#ifndef VIDIMUS_REPORT_ATTACHMENT_H
#define VIDIMUS_REPORT_ATTACHMENT_H

#include "base/text.h"

struct region;

enum attachment_kind { ATTACHMENT_OTHER, ATTACHMENT_GZIP, ATTACHMENT_ZIP, ATTACHMENT_XML };

/* What OCTETS begin as. */
enum attachment_kind attachment_kind(struct text octets);

/* The attachment of the message EML, decoded, in EML or REGION.  NULL for
 * success, else a static reason in words. */
const char *attachment_find(struct region *region, struct text eml, struct text *octets);

#endif
