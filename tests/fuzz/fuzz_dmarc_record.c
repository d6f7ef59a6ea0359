/* DMARC records: any text is a record or not; what is found points into it. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/dmarc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_inside(struct text part, struct text whole)
{
    if (part.len > 0 && (part.data < whole.data || part.data + part.len > whole.data + whole.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    struct dmarc_record record;
    enum dmarc_record_kind kind = dmarc_record_parse(input, &record);

    if (kind == DMARC_RECORD_NONE || kind == DMARC_RECORD_INVALID)
        return 0;
    require_inside(record.fo, input);
    require_inside(record.rua, input);
    require_inside(record.ruf, input);
    if (kind == DMARC_RECORD_UNUSABLE && (record.has_sp || record.has_np || record.p != DMARC_NONE))
        abort();
    return 0;
}
