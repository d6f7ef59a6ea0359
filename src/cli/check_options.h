/* check_options.h: the command line of `vidimus check`. */
#ifndef VIDIMUS_CLI_CHECK_OPTIONS_H
#define VIDIMUS_CLI_CHECK_OPTIONS_H

#include <stdint.h>
#include <stddef.h>

#include "base/ip.h"

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_EXPLAIN };

struct check_options {
    enum check_format format;
    struct ip_address ip;  /* IP_NONE: not given */
    const char *config;    /* NULL where not given, as all below */
    const char *ptr;
    const char *helo;
    const char *mail_from; /* "" is the null sender */
    const char *auth;
    const char *resolver;
    const char *zone;
    const char *authserv_id;
    const char *file;      /* NULL: standard input */
    int64_t now;           /* -1: the clock */
    size_t rcpt_count;
    const char **rcpts;    /* owned */
};

enum check_parse { CHECK_GO_ON, CHECK_HELP, CHECK_USAGE };

/* Texts point into ARGV.  On CHECK_USAGE the error was printed. */
enum check_parse check_options_parse(struct check_options *options, int argc, char **argv);
void check_options_free(struct check_options *options);

#endif
