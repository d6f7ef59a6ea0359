/* signer.h: who signs: a private key under the name that its public half has in
 * DNS.  Lent by whoever holds the keyring (core/keyring.h). */
#ifndef VIDIMUS_AUTH_SIGNER_H
#define VIDIMUS_AUTH_SIGNER_H

#include "auth/crypt.h"

struct signer {
    const struct crypt_signer *key;
    const char *domain;   /* d=, an A-label domain */
    const char *selector; /* s= */
};

#endif
