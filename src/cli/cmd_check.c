/* cmd_check.c: `vidimus check`: the daemon's core on a message in a file, the plan
 * printed instead of carried out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/json.h"
#include "cli/message_run.h"
#include "core/transaction.h"

static const struct message_command check_command = {
    .name = "check",
    .summary = "usage: vidimus check [OPTION]... [FILE|-]\n\n"
               "Judges the message in FILE (or on standard input) as the daemon would.\n",
    .statuses = "Exit status: 0 judged, whatever the verdict; 64 usage; 66 no such file;\n"
                "78 configuration.\n",
    .has_formats = true,
};

static void print_text(const struct judgement *j)
{
    const struct reply *reply = &j->verdict.reply;

    if (j->header)
        printf("Authentication-Results: %s\n", j->header);
    printf("verdict: %s (%s)\n", name_of(action_names, (int)j->verdict.action), j->verdict.reason);
    if (reply->code)
        printf("reply: %u %s %s\n", reply->code, reply->enhanced, reply->text);
}

static int print(const struct message_run *run)
{
    const struct judgement *judgement = run->judgement;

    switch (run->options.format) {
    case FORMAT_JSON:
        if (!print_json(judgement, stdout))
            return message_run_complain(run, "cannot write", strerror(errno), EX_IOERR);
        return EX_OK;
    case FORMAT_EXPLAIN:
        if (!explain(run->session, judgement, transaction_dns(run->transaction), stdout))
            return message_run_complain(run, "out of memory", NULL, EX_OSERR);
        break;
    case FORMAT_TEXT:
        print_text(judgement);
        break;
    }
    return fflush(stdout) == 0 ? EX_OK
                               : message_run_complain(run, "cannot write", strerror(errno),
                                                      EX_IOERR);
}

int cmd_check(int argc, char **argv)
{
    return message_run(&check_command, false, print, argc, argv);
}
