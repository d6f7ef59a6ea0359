/* message_options.h: the command line of `vidimus check` and `vidimus sign`: a
 * message, and what the MTA would tell of it. */
#ifndef VIDIMUS_CLI_MESSAGE_OPTIONS_H
#define VIDIMUS_CLI_MESSAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct message_command {
    const char *name;
    const char *summary;  /* for --help: usage and what it does, */
    const char *statuses; /* and its exit statuses */
    bool has_formats;     /* --json, --explain */
};

enum message_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_EXPLAIN };

struct message_options {
    const struct message_command *command;
    enum message_format format;
    struct ip_address ip;  /* IP_NONE: not given */
    const char *config;    /* NULL where not given, as all below */
    const char *ptr;
    const char *helo;
    const char *mail_from; /* "" is the null sender */
    const char *listener;
    const char *auth;
    const char *resolver;
    const char *zone;
    const char *authserv_id;
    const char *file;      /* NULL: standard input */
    int64_t now;           /* -1: the clock */
    size_t rcpt_count;
    const char **rcpts;    /* owned */
};

enum options_parse { OPTIONS_GO_ON, OPTIONS_HELP, OPTIONS_USAGE };

/* The arguments of COMMAND.  Texts point into ARGV.  On OPTIONS_USAGE the error
 * was printed. */
enum options_parse message_options_parse(struct message_options *options,
                                         const struct message_command *command, int argc,
                                         char **argv);
void message_options_free(struct message_options *options);

#endif
