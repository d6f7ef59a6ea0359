/* key_cache.h: decoded public keys, shared by all messages.
 *
 * Reading a key costs several times what verifying with it does, and most mail
 * comes from few signers.  Bounded: a key that is not used gives way.  The
 * octets of the record are the key of the cache, so nothing in it can be stale.
 * Thread-safe; one for the process.
 */
#ifndef VIDIMUS_AUTH_KEY_CACHE_H
#define VIDIMUS_AUTH_KEY_CACHE_H

#include "auth/crypt.h"

/* The key that crypt_key_new() reads from OCTETS, as a reference of the caller's;
 * NULL as there. */
struct crypt_key *key_cache_get(struct region *region, enum key_type type, struct text octets);

#endif
