/* report_tool.h: what the commands under `vidimus report` share: options, the
 * configuration, the store, times for people. */
#ifndef VIDIMUS_CLI_REPORT_TOOL_H
#define VIDIMUS_CLI_REPORT_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "report/store.h"

struct config;

struct report_tool {
    const char *command; /* "report list", for messages */
    const char *help;
    const char *config_file; /* NULL: the installed one */
    const char *zone, *resolver, *to, *domain, *since;
    const char *argument; /* the one behind the options; NULL: none */
    bool as_json, dry_run;
    int64_t now; /* the clock, or --now */
    struct config *config;
    struct store *store;
};

/* Which options a command takes, beside -c, --now and --help. */
enum report_option {
    REPORT_JSON = 1,
    REPORT_DNS = 2,      /* --zone, --resolver */
    REPORT_DRY_RUN = 4,  /* --dry-run, --to */
    REPORT_FILTER = 8,   /* --domain, --since */
    REPORT_ARGUMENT = 16 /* one argument may stand */
};

/* Reads the command line and the configuration; with OPEN the store too (and MAKE
 * as store_open() has it).  EX_OK: go on.  *DONE: nothing is left to do, return the
 * status.  Close it in any case. */
int report_tool_open(struct report_tool *tool, int argc, char **argv, unsigned takes, bool open,
                     bool make, bool *done);
void report_tool_close(struct report_tool *tool);

/* Says WHY on stderr; returns STATUS. */
int report_tool_fail(const struct report_tool *tool, const char *why, int status);

/* The store has failed. */
int report_tool_store_failed(const struct report_tool *tool);

enum { UTC_SIZE = 24, REPORT_DAYS_KEPT = 60 };

/* "2025-11-21", "2025-11-21 03:04:05"; "-" for 0. */
const char *utc_day(int64_t seconds, char out[UTC_SIZE]);
const char *utc_time(int64_t seconds, char out[UTC_SIZE]);

#endif
