/* crypt_private.h: what the files that see libcrypto share. */
#ifndef VIDIMUS_AUTH_CRYPT_PRIVATE_H
#define VIDIMUS_AUTH_CRYPT_PRIVATE_H

#include "auth/crypt.h"

struct evp_md_st;
struct evp_pkey_st;

/* SHA-256 as libcrypto has it, fetched once for the process; NULL: memory. */
const struct evp_md_st *crypt_sha256(void);

/* The public half of PKEY, of TYPE, as crypt_key_publish() has it. */
bool crypt_publish(struct region *region, enum key_type type, const struct evp_pkey_st *pkey,
                   struct text *out);

#endif
