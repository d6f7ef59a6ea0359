/* snapshot.h: configuration, resolver, keys and engines, prepared together and
 * swapped as one.  A message keeps the snapshot it began with. */
#ifndef VIDIMUS_CORE_SNAPSHOT_H
#define VIDIMUS_CORE_SNAPSHOT_H

#include <stddef.h>

#include "auth/dkim.h"
#include "auth/spf.h"
#include "config/config.h"
#include "core/keyring.h"
#include "dns/resolver.h"

struct snapshot {
    struct config *config;
    struct resolver *resolver;
    struct keyring *keyring;
    const struct spf_engine *spf;
    const struct dkim_engine *dkim;
    /* private */
    _Atomic unsigned references;
};

/* A resolver on SERVERS (NULL ends them), for the rest as CONFIG has it.  NULL on
 * error, with a message in ERROR. */
struct resolver *resolver_configured(const struct config *config, const char *const *servers,
                                     char *error, size_t error_size);

/* Takes over one reference of CONFIG, one of RESOLVER, and KEYRING (NULL:
 * made from the configuration; what is wrong with keys is logged).  NULL on error,
 * all dropped, with a message in ERROR. */
struct snapshot *snapshot_new(struct config *config, struct resolver *resolver,
                              struct keyring *keyring, char *error, size_t error_size);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL allowed */

#endif
