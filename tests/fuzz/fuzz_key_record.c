/* Fuzzes key_record_parse(), with the DER of the key in it. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/crypt.h"
#include "auth/key_record.h"
#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct region *region = region_new(1 << 20);
    struct key_record record;

    if (!region)
        return 0;
    if (!key_record_parse(region, (struct text){ (const char *)data, size }, &record)) {
        if (!record.key || record.key->type != record.type ||
            (record.type == KEY_ED25519 && record.key->octets.len != ED25519_KEY_OCTETS) ||
            (record.type == KEY_RSA &&
             (record.bits < RSA_BITS_MIN || record.bits > RSA_BITS_MAX)))
            abort();
    }
    region_free(region);
    return 0;
}
