/* keyring.h: the private keys that the configuration names, loaded once.
 *
 * A key that cannot be loaded is told (file, owner, mode, remedy) and stays out;
 * the others serve.  On a reload a key whose file cannot be read any more (root
 * could, at the start) is taken over from the keyring before, and told.
 * Immutable once made; part of the snapshot.
 */
#ifndef VIDIMUS_CORE_KEYRING_H
#define VIDIMUS_CORE_KEYRING_H

#include <stddef.h>

#include "auth/signer.h"
#include "config/config.h"
#include "mail/author.h"

struct keyring;

typedef void keyring_report_fn(void *context, const char *text);

/* The keys of CONFIG (which it keeps a reference of).  BEFORE (NULL: none) lends
 * keys of files that cannot be read now.  Tells REPORT each key that is missing
 * or was kept.  NULL: memory. */
struct keyring *keyring_new(struct config *config, const struct keyring *before,
                            keyring_report_fn *report, void *context);
struct keyring *keyring_ref(struct keyring *keyring);
void keyring_unref(struct keyring *keyring); /* NULL allowed */

/* The rule for mail from ADDRESS (local part and domain of From; LOCAL may be
 * empty): the most specific; NULL: none. */
const struct sign_rule *keyring_rule(const struct keyring *keyring, struct text local,
                                     const char *domain);

enum { SIGNERS_MAX = 8 };

/* The active, loaded keys of RULE, for author DOMAIN, into SIGNERS; how many. */
size_t keyring_signers(const struct keyring *keyring, const struct sign_rule *rule,
                       const char *domain, struct signer signers[SIGNERS_MAX]);

/* The key that seals mail to recipients in DOMAIN ("": any); false: none. */
bool keyring_sealer(const struct keyring *keyring, const char *domain, struct signer *signer);

/* Every key of the configuration, for checks against DNS. */
struct keyring_entry {
    const struct key_source *source;
    const struct sign_rule *rule;    /* NULL: of `seal` */
    const struct crypt_signer *key;  /* NULL: could not be loaded */
};

size_t keyring_count(const struct keyring *keyring);
const struct keyring_entry *keyring_entry(const struct keyring *keyring, size_t i);

#endif
