/* Fuzzes crypt_signer_new(): the PEM and the DER of private keys.  What it takes
 * signs, and comes back from its own PEM. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/crypt.h"
#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_signer(const struct crypt_signer *signer)
{
    char *pem = crypt_signer_pem(signer);
    const char *why;
    struct crypt_signer *again = pem ? crypt_signer_new(text_of(pem), &why) : NULL;

    if (!again || crypt_signer_type(again) != crypt_signer_type(signer) ||
        crypt_signer_bits(again) != crypt_signer_bits(signer))
        abort();
    crypt_signer_unref(again);
    crypt_wipe_free(pem, strlen(pem));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    struct crypt_signer *signer =
        crypt_signer_new((struct text){ (const char *)data, size }, &why);

    if (!signer == !why)
        abort();
    if (signer)
        check_signer(signer);
    crypt_signer_unref(signer);
    return 0;
}
