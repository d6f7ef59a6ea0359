/* cmd_import.c: `vidimus import-opendkim`, `import-opendmarc`, `import-openarc`. */
#include <getopt.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/import.h"

static const char help[] =
    "usage: vidimus %s%s FILE\n\n"
    "Prints what is in FILE, a configuration of %s, as one of vidimus: each option below\n"
    "the line that it comes from, and a comment for what has no counterpart.\n%s";

static const char help_expand[] =
    "\n      --expand  KeyTable and SigningTable as `sign' sections, instead of naming them\n";

static int run(const struct import_program *program, int argc, char **argv)
{
    static const struct option options[] = {
        { "expand", no_argument, NULL, 'x' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool tables = program == &import_opendkim;
    struct import_options import = { .disk = &import_real_disk };

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h') {
            printf(help, program->command, tables ? " [--expand]" : "", program->name,
                   tables ? help_expand : "");
            return EX_OK;
        }
        if (c == '?')
            return EX_USAGE;
        if (!tables)
            return cli_usage(program->command, "%s has no tables to expand", program->name);
        import.expand = true;
    }
    if (optind + 1 != argc)
        return cli_usage(program->command, "the name of one file");
    import.file = argv[optind];
    return import_run(program, &import, stdout, stderr);
}

int cmd_import_opendkim(int argc, char **argv) { return run(&import_opendkim, argc, argv); }
int cmd_import_opendmarc(int argc, char **argv) { return run(&import_opendmarc, argc, argv); }
int cmd_import_openarc(int argc, char **argv) { return run(&import_openarc, argc, argv); }
