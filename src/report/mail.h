/* mail.h: the mail that carries an aggregate report (RFC 9990 §3.5).
 *
 * The body is made once a report, in a temporary file, because it may be larger
 * than memory; the header once a destination.
 */
#ifndef VIDIMUS_REPORT_MAIL_H
#define VIDIMUS_REPORT_MAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "report/mail_header.h"
#include "report/store.h"

struct region;

struct report_mail {
    FILE *body;            /* temporary; report_mail_close() */
    char boundary[REPORT_ID_SIZE + 16];
    const char *file_name; /* of the attachment */
    uint64_t xml_octets;   /* before packing */
};

/* Makes the body of the mail for REPORT from its records.  Texts in REGION.  False
 * with the reason in ERROR (of the store, memory, disk). */
bool report_mail_open(struct report_mail *mail, struct region *region, struct store *store,
                      const struct store_report *report, const struct reporter *reporter,
                      char error[SQL_ERROR_SIZE]);
void report_mail_close(struct report_mail *mail);

/* The header for ADDRESS with the empty line behind it, CRLF line ends, signed if
 * the reporter signs; NULL with the reason in ERROR. */
const char *report_mail_header(struct report_mail *mail, struct region *region,
                               const struct store_report *report,
                               const struct reporter *reporter, const char *address, int64_t now,
                               char error[SQL_ERROR_SIZE]);

#endif
