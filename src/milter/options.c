#include "milter/options.h"

#include <errno.h>
#include <getopt.h>
#include <unistd.h>

static const char usage[] =
    "usage: vidimusd [OPTION]...\n\n"
    "  -c, --config FILE  this file instead of " DEFAULT_CONFIG_FILE "\n"
    "  -f, --foreground   stay in the foreground, log to stderr\n"
    "  -h, --help         print these options\n"
    "  -n, --check        check the configuration and exit\n"
    "  -v, --verbose      log debugging lines too\n"
    "  -V, --version      print the version and exit\n";

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "foreground", no_argument, NULL, 'f' },
    { "help", no_argument, NULL, 'h' },
    { "verbose", no_argument, NULL, 'v' },
    { "check", no_argument, NULL, 'n' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

bool options_parse(int argc, char **argv, struct options *options)
{
    int c;

    *options = (struct options){ .config_file = DEFAULT_CONFIG_FILE };
    while ((c = getopt_long(argc, argv, "fhvc:nV", long_options, NULL)) != -1) {
        switch (c) {
        case 'f':
            options->foreground = true;
            break;
        case 'h':
            options->help = true;
            break;
        case 'v':
            options->verbose = true;
            break;
        case 'c':
            options->config_file = optarg;
            options->config_given = true;
            break;
        case 'n':
            options->check = true;
            break;
        case 'V':
            options->version = true;
            break;
        default:
            fputs(usage, stderr);
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "vidimusd: unexpected argument \"%s\"\n%s", argv[optind], usage);
        return false;
    }
    return true;
}

void options_help(void)
{
    fputs(usage, stdout);
}

const char *options_config_file(const struct options *options)
{
    if (!options->config_given && access(options->config_file, F_OK) != 0 && errno == ENOENT)
        return NULL;
    return options->config_file;
}
