#include "auth/key_record.h"

#include <string.h>

#include "auth/base64.h"
#include "auth/crypt.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/taglist.h"

static const struct name key_type_names[] = {
    { KEY_RSA, "rsa" },
    { KEY_ED25519, "ed25519" },
    { 0, NULL },
};

/* Whether the colon-separated list T holds ITEM. */
static bool list_has(struct text t, struct text item)
{
    for (;;) {
        size_t len = text_find(t, ':');

        if (text_equal_nocase(text_trim(text_head(t, len)), item))
            return true;
        if (len == t.len)
            return false;
        t = text_tail(t, len + 1);
    }
}

static const char *check_version(const struct taglist *list)
{
    const struct text *v = taglist_get(list, "v");

    if (!v)
        return NULL;
    if (v != &list->tags[0].value)
        return "key record: v= is not first";
    return text_equal(*v, TEXT("DKIM1")) ? NULL : "key record: unknown version";
}

static const char *read_restrictions(const struct taglist *list, struct key_record *record)
{
    const struct text *hashes = taglist_get(list, "h");
    const struct text *services = taglist_get(list, "s");
    const struct text *flags = taglist_get(list, "t");
    const struct text *type = taglist_get(list, "k");
    int value = KEY_RSA;

    if (type && !name_value(key_type_names, *type, &value))
        return "key record: unknown key type";
    record->type = (enum key_type)value;
    record->sha1 = !hashes || list_has(*hashes, TEXT("sha1"));
    record->sha256 = !hashes || list_has(*hashes, TEXT("sha256"));
    record->testing = flags && list_has(*flags, TEXT("y"));
    record->same_domain = flags && list_has(*flags, TEXT("s"));
    if (services && !list_has(*services, TEXT("*")) && !list_has(*services, TEXT("email")))
        return "key is not for email";
    return NULL;
}

static const char *read_rsa(struct region *region, struct text der, struct key_record *record)
{
    struct crypt_rsa_key rsa;

    if (!crypt_rsa_key_read(region, der, &rsa))
        return "key record: not an RSA key";
    record->key = rsa.spki;
    record->bits = rsa.bits;
    if (rsa.bits < RSA_BITS_MIN)
        return "RSA key too short";
    if (rsa.bits > RSA_BITS_MAX)
        return "RSA key too long";
    if (rsa.exponent_bits > RSA_EXPONENT_BITS_MAX)
        return "RSA exponent too large";
    return NULL;
}

static const char *read_key(struct region *region, const struct taglist *list,
                            struct key_record *record)
{
    const struct text *p = taglist_get(list, "p");
    struct text octets;

    if (!p)
        return "key record: no key (p=)";
    if (p->len == 0)
        return "key revoked";
    if (!base64_decode(region, *p, &octets))
        return "key record: invalid base64 (p=)";
    switch (record->type) {
    case KEY_RSA:
        return read_rsa(region, octets, record);
    case KEY_ED25519:
        record->key = octets;
        record->bits = ED25519_KEY_BITS;
        return octets.len == ED25519_KEY_OCTETS ? NULL : "key record: not an Ed25519 key";
    }
    return NULL;
}

const char *key_record_parse(struct region *region, struct text t, struct key_record *record)
{
    struct taglist list;
    const char *reason;

    memset(record, 0, sizeof *record);
    record->text = t;
    if (taglist_parse(t, true, &list) != TAGLIST_OK)
        return "key record: syntax error";
    reason = check_version(&list);
    if (!reason)
        reason = read_restrictions(&list, record);
    if (!reason)
        reason = read_key(region, &list, record);
    if (!reason && region_failed(region))
        reason = "out of memory";
    return reason;
}

const char *key_record_refuses(const struct key_record *record, const struct signature *signature)
{
    enum key_type wanted = signature->algorithm == SIGN_ED25519_SHA256 ? KEY_ED25519 : KEY_RSA;

    if (record->type != wanted)
        return "key type does not match the algorithm";
    if (signature->algorithm == SIGN_RSA_SHA1 ? !record->sha1 : !record->sha256)
        return "hash not allowed by the key";
    if (record->same_domain && strcmp(signature->identity_domain, signature->domain) != 0)
        return "key not valid for subdomains";
    return NULL;
}
