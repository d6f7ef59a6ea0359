#include "cli/report_tool.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "config/config.h"

enum { OPT_JSON = 256, OPT_ZONE, OPT_RESOLVER, OPT_DRY_RUN, OPT_TO, OPT_DOMAIN, OPT_SINCE, OPT_NOW };

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "json", no_argument, NULL, OPT_JSON },
    { "zone", required_argument, NULL, OPT_ZONE },
    { "resolver", required_argument, NULL, OPT_RESOLVER },
    { "dry-run", no_argument, NULL, OPT_DRY_RUN },
    { "to", required_argument, NULL, OPT_TO },
    { "domain", required_argument, NULL, OPT_DOMAIN },
    { "since", required_argument, NULL, OPT_SINCE },
    { "now", required_argument, NULL, OPT_NOW },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* Which of report_option an option needs; 0: every command takes it. */
static unsigned needs(int option)
{
    switch (option) {
    case OPT_JSON:
        return REPORT_JSON;
    case OPT_ZONE:
    case OPT_RESOLVER:
        return REPORT_DNS;
    case OPT_DRY_RUN:
    case OPT_TO:
        return REPORT_DRY_RUN;
    case OPT_DOMAIN:
    case OPT_SINCE:
        return REPORT_FILTER;
    default:
        return 0;
    }
}

static bool set_now(struct report_tool *tool, const char *argument)
{
    unsigned long long now;

    if (!text_to_uint(text_of(argument), INT32_MAX * 4ULL, &now))
        return false;
    tool->now = (int64_t)now;
    return true;
}

static void set(struct report_tool *tool, int option)
{
    const struct {
        int option;
        const char **place;
    } places[] = {
        { 'c', &tool->config_file },  { OPT_ZONE, &tool->zone },     { OPT_TO, &tool->to },
        { OPT_RESOLVER, &tool->resolver }, { OPT_DOMAIN, &tool->domain },
        { OPT_SINCE, &tool->since },
    };

    if (option == OPT_JSON)
        tool->as_json = true;
    if (option == OPT_DRY_RUN)
        tool->dry_run = true;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].option == option)
            *places[i].place = optarg;
}

/* EX_OK, or a status with *DONE. */
static int parse(struct report_tool *tool, int argc, char **argv, unsigned takes, bool *done)
{
    for (int c; (c = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1;) {
        *done = true;
        if (c == 'h') {
            fputs(tool->help, stdout);
            return EX_OK;
        }
        if (c == '?')
            return EX_USAGE;
        if (needs(c) & ~takes)
            return cli_usage(tool->command, "%s is not for this command", argv[optind - 1]);
        if (c == OPT_NOW && !set_now(tool, optarg))
            return cli_usage(tool->command, "--now wants seconds since 1970");
        set(tool, c);
        *done = false;
    }
    *done = true;
    if (argc - optind > (takes & REPORT_ARGUMENT ? 1 : 0))
        return cli_usage(tool->command, "no argument \"%s\"", argv[argc - 1]);
    if (tool->zone && tool->resolver)
        return cli_usage(tool->command, "--zone or --resolver, not both");
    tool->argument = optind < argc ? argv[optind] : NULL;
    *done = false;
    return EX_OK;
}

int report_tool_open(struct report_tool *tool, int argc, char **argv, unsigned takes, bool open,
                     bool make, bool *done)
{
    char error[SQL_ERROR_SIZE];
    int status;

    tool->now = clock_epoch();
    status = parse(tool, argc, argv, takes, done);
    if (*done)
        return status;
    *done = true;
    tool->config = cli_config(tool->config_file);
    if (!tool->config)
        return EX_CONFIG;
    if (open) {
        tool->store = store_open(tool->config->reports.store, make, error);
        if (!tool->store)
            return report_tool_fail(tool, error, EX_UNAVAILABLE);
    }
    *done = false;
    return EX_OK;
}

void report_tool_close(struct report_tool *tool)
{
    store_close(tool->store);
    config_unref(tool->config);
}

int report_tool_fail(const struct report_tool *tool, const char *why, int status)
{
    fprintf(stderr, "vidimus %s: %s\n", tool->command, why);
    return status;
}

int report_tool_store_failed(const struct report_tool *tool)
{
    return report_tool_fail(tool, store_error(tool->store), EX_UNAVAILABLE);
}

/* False for 0, and what no calendar has. */
static bool utc(int64_t seconds, struct tm *tm)
{
    time_t t = (time_t)seconds;

    return seconds > 0 && gmtime_r(&t, tm);
}

const char *utc_day(int64_t seconds, char out[UTC_SIZE])
{
    struct tm tm;

    if (!utc(seconds, &tm) || strftime(out, UTC_SIZE, "%Y-%m-%d", &tm) == 0)
        strcpy(out, "-");
    return out;
}

const char *utc_time(int64_t seconds, char out[UTC_SIZE])
{
    struct tm tm;

    if (!utc(seconds, &tm) || strftime(out, UTC_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        strcpy(out, "-");
    return out;
}
