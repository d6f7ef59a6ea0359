/* message_run.h: a message file on its way through the daemon's core, as the MTA
 * would hand it over: what `vidimus check` and `vidimus sign` have in common.
 *
 * The only differences to the daemon are who fills in the session, and what
 * becomes of the plan.  Errors are printed; statuses are those of sysexits(3). */
#ifndef VIDIMUS_CLI_MESSAGE_RUN_H
#define VIDIMUS_CLI_MESSAGE_RUN_H

#include "base/text.h"
#include "cli/message_options.h"

struct judgement;
struct session;
struct snapshot;
struct transaction;

struct message_run {
    struct message_options options;
    struct text octets; /* of the file */
    struct snapshot *snapshot;
    struct session *session;
    struct transaction *transaction;
    const struct judgement *judgement;
};

/* What the command does with a judged message. */
typedef int message_use(const struct message_run *run);

/* Runs COMMAND: its options, the message in the file, then USE.  A message without
 * --ip comes from an unknown client outside, or was SUBMITTED_HERE. */
int message_run(const struct message_command *command, bool submitted_here, message_use *use,
                int argc, char **argv);

/* Says "vidimus COMMAND: WHAT: WHY" (WHY may be NULL); returns STATUS. */
int message_run_complain(const struct message_run *run, const char *what, const char *why,
                         int status);

#endif
