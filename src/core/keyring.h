/* keyring.h: the private keys that the configuration names, loaded once.
 *
 * A key that cannot be loaded is told (file, owner, mode, remedy) and stays out;
 * the others serve.  On a reload a key whose file is of no use any more (at the
 * start, root could read it) is taken over from the keyring before, and told.
 * What did not change is not read again; copies of one file are one key.
 * Immutable once made; part of the snapshot.
 */
#ifndef VIDIMUS_CORE_KEYRING_H
#define VIDIMUS_CORE_KEYRING_H

#include <stddef.h>

#include "auth/signer.h"
#include "config/config.h"

struct keyring;
struct region;

typedef void keyring_report_fn(void *context, const char *text);

/* The keys of CONFIG (which it keeps a reference of).  BEFORE (NULL: none) lends
 * keys of files that cannot be read now, or are the same.  Tells REPORT each file
 * that is of no use, or whose key was kept, and fields that nobody may sign.
 * NULL: memory. */
struct keyring *keyring_new(struct config *config, const struct keyring *before,
                            keyring_report_fn *report, void *context);
void keyring_free(struct keyring *keyring); /* NULL allowed */

enum { SIGNERS_MAX = 8 };

/* The rule for mail from LOCAL @ DOMAIN (of From; LOCAL may be empty), as config.h
 * says which; NULL: none. */
const struct sign_rule *keyring_rule(const struct keyring *keyring, struct text local,
                                     const char *domain);

/* Likewise all that sign together; how many.  More than one only of OpenDKIM
 * tables with MultipleSignatures. */
size_t keyring_rules(const struct keyring *keyring, struct text local, const char *domain,
                     const struct sign_rule *rules[SIGNERS_MAX]);

/* The active, loaded keys of RULE, for author DOMAIN (lent as long as SIGNERS are
 * used), into SIGNERS; how many. */
size_t keyring_signers(const struct keyring *keyring, const struct sign_rule *rule,
                       const char *domain, struct signer signers[SIGNERS_MAX]);

/* i= of a signature by SIGNER, which RULE gave for author DOMAIN.  NULL: none, for
 * what RULE says is not at or below d= (or memory: the region latches). */
const char *keyring_identity(struct region *region, const struct sign_rule *rule,
                             const struct signer *signer, const char *domain);

/* The key that seals mail to recipients in DOMAIN ("": any): the first whose domain
 * that is in, else the first.  RSA alone: ARC knows no other.  False: none. */
bool keyring_sealer(const struct keyring *keyring, const char *domain, struct signer *signer);

/* Every key of the configuration, for checks against DNS. */
struct keyring_entry {
    const struct key_source *source;
    const struct sign_rule *rule;    /* NULL: of `seal` */
    const struct crypt_signer *key;  /* NULL: could not be loaded */
};

/* d= of a key when it signs for author DOMAIN. */
const char *keyring_domain(const struct key_source *source, const char *domain);

size_t keyring_count(const struct keyring *keyring);
const struct keyring_entry *keyring_entry(const struct keyring *keyring, size_t i);

#endif
