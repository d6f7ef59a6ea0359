/* sender.h: sends due reports.
 *
 * A destination is noted as served once the MTA took its mail, and not before: what
 * fails is tried again, ever more rarely, for a week.
 */
#ifndef VIDIMUS_REPORT_SENDER_H
#define VIDIMUS_REPORT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "report/destination.h"
#include "report/mail.h"
#include "report/store.h"

struct resolver;

enum {
    SENDER_LEASE_S = 3600,
    SENDER_POLICIES_MAX = 10 /* reports about one domain and day */
};

/* What became of one destination of a report. */
struct sender_event {
    const struct store_report *report;
    const struct destination *destination; /* NULL: it is about the report as a whole */
    const char *file_name;                 /* of the attachment; NULL: none was made */
    enum report_state state;               /* of the report, when it is about that */
    bool taken;                            /* by the MTA */
    const char *why;                       /* "" */
};

/* A mail that is ready: what sends it.  ERROR as submit_mail() has it. */
typedef int sender_submit_fn(void *context, const char *address, const char *header,
                             struct report_mail *mail, char *error, size_t error_size);

struct sender {
    struct store *store;
    struct resolver *resolver;
    const struct config *config;
    struct reporter reporter;
    void *context; /* of both functions */
    void (*tell)(void *context, const struct sender_event *event);
    sender_submit_fn *submit; /* gives an enum submit_result */
};

/* Sends REPORT, which was claimed, and settles it.  False: the store failed
 * (store_error()). */
bool sender_send(struct sender *sender, const struct store_report *report, int64_t now);

/* The same without a trace: what would go now is given to submit(), nothing is
 * noted.  REPORT need not be claimed. */
bool sender_try(struct sender *sender, const struct store_report *report, int64_t now);

#endif
