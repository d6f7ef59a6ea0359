#include "milter/reload.h"

#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "config/config.h"
#include "core/snapshot.h"
#include "milter/options.h"
#include "milter/running.h"

enum { ERROR_OCTETS = 512, NAMES_OCTETS = 512 };

static void report(void *context, const char *text)
{
    (void)context;
    log_line(LOG_LEVEL_FAULT, "%s", text);
}

struct config *reload_read(const struct options *options)
{
    return config_read(options_config_file(options), report, NULL);
}

static bool same_strings(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

/* The resolver that runs serves CONFIG too: its cache stays warm.  Without
 * `servers` a reload is how resolv.conf is read again. */
static struct resolver *kept_resolver(const struct config *config)
{
    struct snapshot *snapshot = running_get();
    const struct config *before = snapshot ? snapshot->config : NULL;
    struct resolver *resolver = NULL;

    if (before && config->resolver.servers.count > 0 &&
        same_strings(&before->resolver.servers, &config->resolver.servers) &&
        before->resolver.timeout == config->resolver.timeout &&
        before->resolver.cache == config->resolver.cache &&
        before->resolver.dnssec == config->resolver.dnssec &&
        strcmp(before->resolver.trust_anchors, config->resolver.trust_anchors) == 0)
        resolver = resolver_ref(snapshot->resolver);
    snapshot_unref(snapshot);
    return resolver;
}

struct keyring *reload_keys(struct config *config)
{
    struct snapshot *snapshot = running_get();
    struct keyring *keyring =
        keyring_new(config, snapshot ? snapshot->keyring : NULL, report, NULL);

    snapshot_unref(snapshot);
    if (!keyring)
        log_line(LOG_LEVEL_FAULT, "out of memory");
    return keyring;
}

bool reload_run(struct config *config, struct keyring *keyring)
{
    char error[ERROR_OCTETS];
    struct snapshot *snapshot =
        snapshot_new(config, kept_resolver(config), keyring, error, sizeof error);

    if (!snapshot) {
        log_line(LOG_LEVEL_FAULT, "%s", error);
        return false;
    }
    running_set(snapshot);
    return true;
}

/* An empty file is one that is just being written, or could not be (the disk is full):
 * hardly anybody's wish for the built-in defaults. */
static bool is_empty(const char *file)
{
    struct stat st;

    if (!file || stat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > 0)
        return false;
    log_line(LOG_LEVEL_FAULT, "%s is empty (for the built-in defaults write a comment into it)",
             file);
    return true;
}

bool reload(const struct options *options, const struct config *started)
{
    struct config *config =
        is_empty(options_config_file(options)) ? NULL : reload_read(options);
    struct keyring *keyring = config ? reload_keys(config) : NULL;
    char names[NAMES_OCTETS];

    if (!keyring) {
        config_unref(config);
        return false;
    }
    config_fixed_differences(started, config, names, sizeof names);
    if (!reload_run(config, keyring))
        return false;
    if (names[0])
        log_line(LOG_LEVEL_WARN, "kept until a restart: %s", names);
    return true;
}
