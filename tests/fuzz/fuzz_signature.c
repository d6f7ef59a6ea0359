/* Fuzzes signature_parse(): what it accepts keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/signature.h"
#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_normal(const char *name)
{
    domain_name again;

    return domain_normalise(text_of(name), again) && strcmp(name, again) == 0;
}

static void check_accepted(const struct signature *s)
{
    domain_name key;
    bool from = false;

    if (!is_normal(s->domain) || !is_normal(s->selector) || !is_normal(s->identity_domain) ||
        !domain_is_within(s->identity_domain, s->domain))
        abort();
    for (size_t i = 0; i < s->signed_name_count; i++)
        from |= text_equal_nocase(s->signed_names[i], TEXT("From"));
    if (!from || s->signed_name_count > SIGNED_NAMES_MAX || s->value.len == 0 ||
        (s->algorithm != SIGN_RSA_SHA1 && s->hash.len != 32))
        abort();
    if (signature_key_name(s, key) != (strlen(key) > 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct region *region = region_new(1 << 20);
    struct signature signature;

    if (!region)
        return 0;
    if (!signature_parse(region, (struct text){ (const char *)data, size }, &signature))
        check_accepted(&signature);
    else if ((signature.domain[0] && !is_normal(signature.domain)) ||
             (signature.selector[0] && !is_normal(signature.selector)))
        abort();
    region_free(region);
    return 0;
}
