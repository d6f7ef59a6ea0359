/* cmd_sign.c: `vidimus sign`: the message as the daemon would send it on, with the
 * signatures or the seal that it gets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/edit.h"
#include "cli/message_run.h"
#include "core/transaction.h"

static const struct message_command sign_command = {
    .name = "sign",
    .summary = "usage: vidimus sign [OPTION]... [FILE|-]\n\n"
               "Prints the message in FILE (or on standard input) as the daemon would send it\n"
               "on, with DKIM-Signature fields or an ARC set; the line ends stay as they are.\n"
               "Without --ip and --auth it is submitted on this host, and so our own.\n",
    .statuses = "Exit status: 0 signed or sealed; 65 the message cannot be signed; 69 nothing\n"
                "here signs or seals it; 70 the key failed; 75 out of memory; 77 refused by\n"
                "its verdict; 64 usage; 66 no such file; 78 configuration.  If it is not 0,\n"
                "nothing is printed but the reason, on standard error.\n",
};

static const int status_of[] = {
    [SIGNING_NOT_ASKED] = EX_UNAVAILABLE,   [SIGNING_SIGNED] = EX_OK,
    [SIGNING_HAS_RESULTS] = EX_UNAVAILABLE, [SIGNING_NO_RULE] = EX_UNAVAILABLE,
    [SIGNING_NO_KEY] = EX_UNAVAILABLE,      [SIGNING_KEY_MISSING] = EX_UNAVAILABLE,
    [SIGNING_UNSIGNABLE] = EX_DATAERR,      [SIGNING_REFUSED] = EX_UNAVAILABLE,
    [SIGNING_FAILED] = EX_SOFTWARE,
};

static bool is_sealed(const struct judgement *j)
{
    return j->sealing && j->sealing->state == SEALING_SEALED;
}

/* 0, or the exit status after the reason was told. */
static int judge(const struct message_run *run)
{
    const struct judgement *j = run->judgement;

    if (j->signing && j->signing->state == SIGNING_SIGNED && j->signing->why)
        message_run_complain(run, "not signed by every key", j->signing->why, EX_OK);
    if (is_sealed(j) || (j->signing && j->signing->state == SIGNING_SIGNED))
        return EX_OK;
    if (j->sealing)
        return message_run_complain(run, "not sealed", j->sealing->why, EX_UNAVAILABLE);
    if (j->signing)
        return message_run_complain(run, "not signed", j->signing->why,
                                    status_of[j->signing->state]);
    if (j->verdict.action == ACTION_TEMPFAIL)
        return message_run_complain(run, "not signed", j->verdict.reason, EX_TEMPFAIL);
    if (j->verdict.action == ACTION_REJECT)
        return message_run_complain(run, "not signed", j->verdict.reason, EX_NOPERM);
    return message_run_complain(run, "not signed",
                                "it is not our own mail, or no key is configured for it",
                                EX_UNAVAILABLE);
}

static int write_out(const struct message_run *run)
{
    const struct judgement *j = run->judgement;
    int status = judge(run);

    if (status != EX_OK)
        return status;
    errno = 0;
    if (edit_write(run->octets, j->message, &j->plan, stdout))
        return EX_OK;
    return message_run_complain(run, "cannot write", errno ? strerror(errno) : NULL, EX_IOERR);
}

int cmd_sign(int argc, char **argv)
{
    return message_run(&sign_command, true, write_out, argc, argv);
}
