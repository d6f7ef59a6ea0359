/* cmd_report.c: `vidimus report`: the DMARC reports that we send and get. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/report.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    { "init", report_init, "make the tables of the store" },
    { "import", report_import, "take what the daemon noted into the store" },
    { "send", report_send, "send the reports of days that are over" },
    { "status", report_status, "tell what waits for what" },
    { "list", report_list, "list reports" },
    { "show", report_show, "tell all about one report" },
    { "domains", report_domains, "tell whose mail was seen" },
    { "purge", report_purge, "forget old reports that are done with" },
    { "read", report_read, "add up reports that others sent: who sends in our name?" },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("usage: vidimus report COMMAND [OPTION]...\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`vidimus report COMMAND --help' tells the options of a command.\n", out);
}

int cmd_report(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EX_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    cli_usage("report", "there is no command \"%s\"", argv[1]);
    print_help(stderr);
    return EX_USAGE;
}
