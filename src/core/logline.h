/* logline.h: the one log line a message (DESIGN §4). */
#ifndef VIDIMUS_CORE_LOGLINE_H
#define VIDIMUS_CORE_LOGLINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct buf;
struct judgement;
struct region;
struct session;
struct verdict;

/* "QID: action=… from=… spf=… dkim=… …"; QUEUE_ID as log_quote() gives it. */
void logline_write(struct buf *out, const char *queue_id, const struct session *session,
                   const struct judgement *judgement, int64_t end_of_message_ms);

/* The same as fields of the journal, in REGION, escaped: their count.  MESSAGE_ID is the
 * journal's name for this kind of entry; the message's own is MAIL_MESSAGE_ID. */
size_t logline_fields(struct region *region, const char *queue_id, const struct session *session,
                      const struct judgement *judgement,
                      struct journal_field fields[LOG_FIELDS_MAX]);

/* And of a sender refused at MAIL FROM. */
size_t logline_fields_at_mail(struct region *region, const struct session *session,
                              const struct verdict *verdict,
                              struct journal_field fields[LOG_FIELDS_MAX]);

#endif
