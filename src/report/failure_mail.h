/* failure_mail.h: the mail that carries a failure report (RFC 9991 §4, RFC 6591,
 * RFC 5965): words for people, the feedback report, the redacted header.
 *
 * It goes out under our own address, not a null one: so SPF aligns beside DKIM (RFC 9991
 * §5.1 wants DMARC to pass, and the HELO name that would count instead is the MTA's), and
 * a bounce, which nobody answers, tells somebody that the address is dead.
 */
#ifndef VIDIMUS_REPORT_FAILURE_MAIL_H
#define VIDIMUS_REPORT_FAILURE_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/mail.h"

struct failure;

/* Makes the body; ID, of letters, digits and '-', is unique among our reports.  Texts in
 * REGION.  report_mail_close() ends it.  False with the reason in ERROR. */
bool failure_mail_open(struct report_mail *mail, struct region *region,
                       const struct failure *failure, const char *id,
                       const struct reporter *reporter, char *error, size_t error_size);

/* As report_mail_header(). */
const char *failure_mail_header(struct report_mail *mail, struct region *region,
                                const struct failure *failure, const char *id,
                                const struct reporter *reporter, const char *address, int64_t now,
                                char *error, size_t error_size);

#endif
