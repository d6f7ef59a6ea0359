/* main.c: `vidimus`, the command line beside the daemon. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/standard.h"
#include "cli/cli.h"

static const struct command commands[] = {
    { "check", cmd_check, "judge a message as the daemon would" },
    { "config", cmd_config, "check the configuration, or print what is in effect" },
    { "domain", cmd_domain, "what a receiver sees of a domain; its keys beside DNS" },
    { "import-openarc", cmd_import_openarc, "print openarc.conf as our configuration" },
    { "import-opendkim", cmd_import_opendkim, "print opendkim.conf as our configuration" },
    { "import-opendmarc", cmd_import_opendmarc, "print opendmarc.conf as our configuration" },
    { "keygen", cmd_keygen, "make a signing key, its DNS record and configuration" },
    { "replay", cmd_replay, "judge stored mail under a new configuration: what would change" },
    { "report", cmd_report, "DMARC reports: ours, and those that others sent" },
    { "send", cmd_send, "send a message by SMTP, and show the dialogue" },
    { "sign", cmd_sign, "print a message as the daemon would send it on, signed or sealed" },
    { "status", cmd_status, "show the counters of the running daemon" },
};

static int run(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)) {
        puts("vidimus " PACKAGE_VERSION);
        return EX_OK;
    }
    return cli_dispatch("vidimus", commands, sizeof commands / sizeof commands[0], argc, argv);
}

int main(int argc, char **argv)
{
    int status;

    if (!standard_streams_hold())
        return EX_OSFILE;
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is as a full disk: EFBIG */
    status = run(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EX_OK) {
        fputs("vidimus: cannot write\n", stderr);
        return EX_IOERR;
    }
    return status;
}
