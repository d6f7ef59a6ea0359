#include "core/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

struct resolver *resolver_configured(const struct config *config, const char *const *servers,
                                     char *error, size_t error_size)
{
    return resolver_new_unbound(
        &(struct resolver_settings){
            .servers = servers,
            .timeout_ms = config->resolver.timeout * 1000,
            .anchors = config->resolver.dnssec ? config->resolver.trust_anchors : NULL,
            .cache_max = config->resolver.cache,
        },
        error, error_size);
}

static bool choose_engines(struct snapshot *snapshot, char *error, size_t error_size)
{
    const struct config *config = snapshot->config;

    snapshot->spf = spf_engine_named(config->spf.engine);
    if (!snapshot->spf) {
        snprintf(error, error_size, "there is no SPF engine \"%s\"", config->spf.engine);
        return false;
    }
    snapshot->dkim = engine_dkim_named(config->dkim.engine);
    if (!snapshot->dkim) {
        snprintf(error, error_size, "there is no DKIM engine \"%s\"", config->dkim.engine);
        return false;
    }
    return true;
}

static void log_key(void *context, const char *text)
{
    (void)context;
    log_line(LOG_LEVEL_FAULT, "%s", text);
}

static bool prepare(struct snapshot *snapshot, char *error, size_t error_size)
{
    struct config *config = snapshot->config;

    if (!choose_engines(snapshot, error, error_size))
        return false;
    if (!snapshot->keyring)
        snapshot->keyring = keyring_new(config, NULL, log_key, NULL);
    if (!snapshot->keyring) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    if (!snapshot->resolver)
        snapshot->resolver =
            resolver_configured(config, config->resolver.servers.items, error, error_size);
    return snapshot->resolver != NULL;
}

struct snapshot *snapshot_new(struct config *config, struct resolver *resolver,
                              struct keyring *keyring, char *error, size_t error_size)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (!snapshot) {
        snprintf(error, error_size, "out of memory");
        keyring_free(keyring);
        resolver_unref(resolver);
        config_unref(config);
        return NULL;
    }
    snapshot->references = 1;
    snapshot->config = config;
    snapshot->resolver = resolver;
    snapshot->keyring = keyring;
    if (prepare(snapshot, error, error_size))
        return snapshot;
    snapshot_unref(snapshot);
    return NULL;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || --snapshot->references > 0)
        return;
    keyring_free(snapshot->keyring);
    resolver_unref(snapshot->resolver);
    config_unref(snapshot->config);
    free(snapshot);
}
