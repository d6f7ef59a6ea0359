/* Fuzzes path_parse(): a domain exactly for PATH_ADDRESS, and it stands at the
 * end of the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool points_into(struct text part, struct text whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text raw = { (const char *)data, size };
    struct path path;
    domain_name again;

    path_parse(raw, &path);
    if (!points_into(path.local_part, raw) || !text_is_utf8(path.local_part) ||
        (path.domain[0] != '\0') != (path.kind == PATH_ADDRESS))
        abort();
    if (path.kind == PATH_ADDRESS &&
        (!domain_normalise(text_of(path.domain), again) || strcmp(path.domain, again) != 0))
        abort();
    if ((path.kind == PATH_MALFORMED || path.kind == PATH_NULL) && path.local_part.len > 0)
        abort();
    return 0;
}
