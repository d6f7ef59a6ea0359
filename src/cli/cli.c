#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
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
