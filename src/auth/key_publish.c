#include "auth/key_publish.h"

#include <stdio.h>
#include <string.h>

#include "auth/base64.h"
#include "base/buf.h"

enum { STRING_MAX = 255 };

static const char *type_name(enum key_type type)
{
    switch (type) {
    case KEY_RSA:
        return "rsa";
    case KEY_ED25519:
        return "ed25519";
    }
    return "?";
}

const char *key_record_text(struct region *region, const struct crypt_signer *key)
{
    struct text octets;
    struct buf buf;

    if (!crypt_signer_publish(region, key, &octets))
        return NULL;
    buf_init(&buf, region, (size_t)-1 / 2);
    buf_printf(&buf, "v=DKIM1; k=%s; p=", type_name(crypt_signer_type(key)));
    buf_text_add(&buf, base64_encode(region, octets));
    return buf_str(&buf);
}

bool key_record_name(const char *selector, const char *domain, domain_name name)
{
    int len = snprintf(name, sizeof(domain_name), "%s._domainkey.%s", selector, domain);

    return len > 0 && len <= DOMAIN_MAX;
}

const char *key_zone_line(struct region *region, const char *owner, const char *value)
{
    struct text rest = text_of(value);
    struct buf buf;

    buf_init(&buf, region, (size_t)-1 / 2);
    buf_printf(&buf, "%s IN TXT (", owner);
    while (rest.len > 0) {
        buf_add(&buf, rest.data == value ? " \"" : "\n\t\"");
        buf_text_add(&buf, text_head(rest, STRING_MAX));
        buf_char(&buf, '"');
        rest = text_tail(rest, STRING_MAX);
    }
    buf_add(&buf, " )");
    return buf_str(&buf);
}
