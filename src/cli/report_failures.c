#include "cli/report_failures.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "cli/report_tool.h"
#include "config/config.h"
#include "report/failure.h"
#include "report/failure_sender.h"

enum { ERROR_SIZE = 4608 };

struct telling {
    const struct report_tool *tool;
    uint64_t files[FAILURE_END_COUNT];
};

static const char *domain_of(const struct failure_event *e)
{
    return e->failure ? e->failure->policy_domain : "-";
}

static void tell_destination(const struct telling *t, const struct failure_event *e,
                             const char *why)
{
    if (t->tool->dry_run)
        printf("failure %s to %s: %s\n", domain_of(e), e->destination->address,
               e->end == FAILURE_SENT ? "would go" : why);
    else if (e->end != FAILURE_SENT || *e->why)
        log_line(LOG_LEVEL_WARN, "failure=%s domain=%s to=%s end=%s why=%s", e->file, domain_of(e),
                 e->destination->address, name_of(failure_end_names, (int)e->end), why);
}

static void tell(void *context, const struct failure_event *e)
{
    struct telling *t = context;
    char why[LOG_QUOTED_MAX];

    log_quote(text_of(e->why), why);
    if (e->destination) {
        tell_destination(t, e, why);
        return;
    }
    t->files[e->end]++;
    if (t->tool->dry_run && e->end == FAILURE_UNWANTED)
        printf("failure %s: not sent: %s\n", domain_of(e), why);
    else if (e->end == FAILURE_GIVEN_UP || !e->failure)
        log_line(LOG_LEVEL_FAULT, "failure=%s domain=%s end=%s why=%s", e->file, domain_of(e),
                 name_of(failure_end_names, (int)e->end), why);
}

int report_failures(const struct report_tool *tool, struct sender *sender, int status)
{
    struct telling telling = { .tool = tool };
    const struct failure_run run = {
        .sender = sender,
        .now = tool->now,
        .for_show = tool->dry_run,
        .context = &telling,
        .tell = tell,
    };
    char error[ERROR_SIZE];

    if (!tool->config->reports.failure || (status != EX_OK && status != EX_TEMPFAIL))
        return status;
    if (!failures_send(&run, error, sizeof error))
        return report_tool_fail(tool, error, EX_UNAVAILABLE);
    printf("failure reports: %" PRIu64 " %s, %" PRIu64 " later, %" PRIu64 " unwanted, %" PRIu64
           " given up\n",
           telling.files[FAILURE_SENT], tool->dry_run ? "would go" : "sent",
           telling.files[FAILURE_LATER], telling.files[FAILURE_UNWANTED],
           telling.files[FAILURE_GIVEN_UP]);
    return telling.files[FAILURE_LATER] ? EX_TEMPFAIL : status;
}
