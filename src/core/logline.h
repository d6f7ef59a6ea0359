/* logline.h: the one log line a message (DESIGN §4). */
#ifndef VIDIMUS_CORE_LOGLINE_H
#define VIDIMUS_CORE_LOGLINE_H

#include <stdint.h>

struct buf;
struct judgement;
struct session;

/* "QID: action=… from=… spf=… dkim=… …"; QUEUE_ID as log_quote() gives it. */
void logline_write(struct buf *out, const char *queue_id, const struct session *session,
                   const struct judgement *judgement, int64_t end_of_message_ms);

#endif
