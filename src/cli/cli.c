#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"

static const char installed_config[] = SYSCONFDIR "/vidimus/vidimus.conf";

int cli_usage(const char *command, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "vidimus %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry `vidimus %s --help'.\n", command);
    return EX_USAGE;
}

int cli_option(int argc, char **argv, const char *letters, const struct option *options,
               const char *help, int *status)
{
    int option = getopt_long(argc, argv, letters, options, NULL);

    if (option != 'h' && option != '?')
        return option;
    if (option == 'h')
        fputs(help, stdout);
    *status = option == 'h' ? CLI_HELPED : EX_USAGE;
    return -1;
}

static void print_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

struct config *cli_config(const char *file_name)
{
    if (!file_name && (access(installed_config, F_OK) == 0 || errno != ENOENT))
        file_name = installed_config;
    return config_read(file_name, print_report, NULL);
}

/* --- commands ----------------------------------------------------------- */

static void print_help(const char *program, const struct command *commands, size_t count, FILE *out)
{
    fprintf(out, "usage: %s COMMAND [OPTION]...\n\n", program);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n`%s COMMAND --help' tells the options of a command.\n", program);
}

int cli_dispatch(const char *program, const struct command *commands, size_t count, int argc,
                 char **argv)
{
    if (argc < 2) {
        print_help(program, commands, count, stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        print_help(program, commands, count, stdout);
        return EX_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc - 1, argv + 1);

            return status == CLI_HELPED ? EX_OK : status;
        }
    }
    fprintf(stderr, "%s: there is no command \"%s\"\n", program, argv[1]);
    print_help(program, commands, count, stderr);
    return EX_USAGE;
}
