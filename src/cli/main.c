/* main.c: `vidimus`, the command line beside the daemon. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    { "check", cmd_check, "judge a message as the daemon would" },
    { "config", cmd_config, "check the configuration, or print what is in effect" },
    { "domain", cmd_domain, "compare the keys of a domain with DNS" },
    { "keygen", cmd_keygen, "make a signing key, its DNS record and configuration" },
    { "report", cmd_report, "DMARC reports: ours, and those that others sent" },
    { "sign", cmd_sign, "print a message as the daemon would send it on, signed or sealed" },
    { "status", cmd_status, "show the counters of the running daemon" },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("usage: vidimus COMMAND [OPTION]...\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`vidimus COMMAND --help' tells the options of a command.\n", out);
}

static bool is(const char *argument, const char *shorter, const char *longer)
{
    return strcmp(argument, shorter) == 0 || strcmp(argument, longer) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EX_USAGE;
    }
    if (is(argv[1], "-h", "--help")) {
        print_help(stdout);
        return EX_OK;
    }
    if (is(argv[1], "-V", "--version")) {
        puts("vidimus " PACKAGE_VERSION);
        return EX_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "vidimus: there is no command \"%s\"\n", argv[1]);
    print_help(stderr);
    return EX_USAGE;
}
