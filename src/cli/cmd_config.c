/* cmd_config.c: `vidimus config`. */
#include <getopt.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "config/config.h"
#include "core/snapshot.h"

static const char help[] =
    "usage: vidimus config --check|--print [-c FILE]\n\n"
    "  --check            check the configuration as the daemon would read it\n"
    "  --print            print the configuration in effect, defaults included\n"
    "  -c, --config FILE  this file instead of " SYSCONFDIR "/vidimus/vidimus.conf\n";

enum task { TASK_NONE, TASK_CHECK, TASK_PRINT };

/* Takes over CONFIG.  Engines and resolver must take it as well. */
static int check(struct config *config)
{
    char error[512] = "";
    struct snapshot *snapshot = snapshot_new(config, NULL, NULL, error, sizeof error);

    if (!snapshot) {
        fprintf(stderr, "vidimus config: %s\n", error);
        return EX_CONFIG;
    }
    printf("%s: ok\n", *snapshot->config->file ? snapshot->config->file : "defaults");
    snapshot_unref(snapshot);
    return EX_OK;
}

static int print(struct config *config)
{
    config_print(config, stdout);
    config_unref(config);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int cmd_config(int argc, char **argv)
{
    static const struct option options[] = {
        { "check", no_argument, NULL, 'k' },
        { "print", no_argument, NULL, 'p' },
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    enum task task = TASK_NONE;
    const char *file = NULL;
    struct config *config;

    for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        if (c == '?')
            return EX_USAGE;
        if (c == 'c')
            file = optarg;
        else if (task != TASK_NONE)
            return cli_usage("config", "one of --check and --print, once");
        else
            task = c == 'k' ? TASK_CHECK : TASK_PRINT;
    }
    if (optind < argc || task == TASK_NONE)
        return cli_usage("config", "--check or --print, and no other argument");
    config = cli_config(file);
    if (!config)
        return EX_CONFIG;
    return task == TASK_CHECK ? check(config) : print(config);
}
