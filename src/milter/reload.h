/* reload.h: from the configuration file to a snapshot that runs. */
#ifndef VIDIMUS_MILTER_RELOAD_H
#define VIDIMUS_MILTER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct keyring;
struct options;

/* Reads the configuration that OPTIONS name; errors go to the log, one line
 * each ("FILE:LINE: message"). */
struct config *reload_read(const struct options *options);

/* The keys of CONFIG, with those that run lent where files cannot be read; what is
 * wrong is logged.  At the start to be called by root: keys may be root's alone.
 * NULL: memory. */
struct keyring *reload_keys(struct config *config);

/* Prepares CONFIG with KEYRING (takes over both) and lets it run.
 * False: logged, and what ran before goes on. */
bool reload_run(struct config *config, struct keyring *keyring);

/* All three, as one step: all or nothing.  Differences to STARTED that need a
 * restart are logged and have no effect. */
bool reload(const struct options *options, const struct config *started);

#endif
