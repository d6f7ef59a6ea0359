/* Fuzzes domain_normalise(): what it accepts is normal already. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    domain_name once, twice;

    if (!domain_normalise((struct text){ (const char *)data, size }, once)) {
        if (once[0] != '\0')
            abort();
        return 0;
    }
    if (strlen(once) > DOMAIN_MAX || !domain_normalise(text_of(once), twice) ||
        strcmp(once, twice) != 0 || domain_labels(once) == 0 ||
        !domain_is_within(once, domain_last_labels(once, 1)))
        abort();
    return 0;
}
