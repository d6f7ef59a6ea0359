/* options.h: the command line of vidimusd. */
#ifndef VIDIMUS_MILTER_OPTIONS_H
#define VIDIMUS_MILTER_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#define DEFAULT_CONFIG_FILE SYSCONFDIR "/vidimus/vidimus.conf"

struct options {
    bool foreground;
    bool verbose;
    bool check;
    bool version;
    bool help;
    const char *config_file;
    bool config_given; /* then the file must exist */
};

/* False: wrong usage, told on stderr. */
bool options_parse(int argc, char **argv, struct options *options);

/* Prints the options. */
void options_help(void);

/* The file to read now, or NULL for the built-in defaults: the default file
 * may be missing, one that was named may not. */
const char *options_config_file(const struct options *options);

#endif
