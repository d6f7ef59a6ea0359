/* cli.h: what the commands of `vidimus` share. */
#ifndef VIDIMUS_CLI_CLI_H
#define VIDIMUS_CLI_CLI_H

#include <stddef.h>
#include <stdio.h>

struct config;
struct option;
struct snapshot;

/* A command gets its own arguments, argv[0] being its name, and returns a
 * status of sysexits(3). */
int cmd_check(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_domain(int argc, char **argv);
int cmd_import_openarc(int argc, char **argv);
int cmd_import_opendkim(int argc, char **argv);
int cmd_import_opendmarc(int argc, char **argv);
int cmd_keygen(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_status(int argc, char **argv);

/* One of a table of commands. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

/* Runs the command that argv[1] names, of the COUNT in COMMANDS, for PROGRAM
 * ("vidimus", "vidimus report"); help and errors are printed. */
int cli_dispatch(const char *program, const struct command *commands, size_t count, int argc,
                 char **argv);

/* What a command gives when all that it did was to print its help: EX_OK. */
enum { CLI_HELPED = -1 };

/* The next of a command's options, as getopt_long() has it; -1: no more.  --help
 * prints HELP, and there are no more: *STATUS is CLI_HELPED; likewise EX_USAGE after one
 * that is wrong. */
int cli_option(int argc, char **argv, const char *letters, const struct option *options,
               const char *help, int *status);

/* Says FORMAT on stderr as "vidimus COMMAND: …" and returns EX_USAGE. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The configuration in FILE_NAME; NULL: the installed one, or the defaults
 * when none is installed.  NULL after every error was printed. */
struct config *cli_config(const char *file_name);

#endif
