#include "auth/key_record.h"

#include <string.h>

#include "auth/base64.h"
#include "auth/key_cache.h"
#include "base/cursor.h"
#include "base/region.h"
#include "dns/answer.h"
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

static void drop_key(void *key)
{
    crypt_key_unref(key);
}

static const char *judge_rsa(const struct crypt_key *key)
{
    if (key->bits < RSA_BITS_MIN)
        return "RSA key too short";
    if (key->bits > RSA_BITS_MAX)
        return "RSA key too long";
    if (key->exponent_bits < RSA_EXPONENT_BITS_MIN)
        return "RSA exponent too small";
    if (key->exponent_bits > RSA_EXPONENT_BITS_MAX)
        return "RSA exponent too large";
    return NULL;
}

static const char *decode_key(struct region *region, struct text octets,
                              struct key_record *record)
{
    struct crypt_key *key = key_cache_get(region, record->type, octets);

    if (key && !region_on_free(region, drop_key, key))
        return "out of memory";
    record->key = key;
    record->bits = key ? key->bits : 0;
    switch (record->type) {
    case KEY_RSA:
        return key ? judge_rsa(key) : "key record: not an RSA key";
    case KEY_ED25519:
        return key ? NULL : "key record: not an Ed25519 key";
    }
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
        return KEY_RECORD_REVOKED;
    if (!base64_decode(region, *p, &octets))
        return "key record: invalid base64 (p=)";
    return decode_key(region, octets, record);
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

void key_choose(struct region *region, const struct dns_answer *answer,
                const struct signature *signature, struct key_choice *choice)
{
    size_t count = answer->status == DNS_OK ? answer->count : 0;

    *choice = (struct key_choice){ .refusal = "no key" };
    for (size_t i = 0; i < count && i < KEY_CHOICE_MAX; i++) {
        struct key_record *key = &choice->keys[choice->count];
        const char *reason = key_record_parse(region, answer->records[i].data, key);

        if (!reason)
            reason = key_record_refuses(key, signature);
        if (i == 0 || (!reason && choice->count == 0)) {
            choice->refusal = reason;
            choice->bits = key->bits;
        }
        choice->count += !reason;
    }
}

void key_choice_drop_short(struct key_choice *choice, unsigned bits)
{
    size_t kept = 0;

    for (size_t i = 0; i < choice->count; i++)
        if (choice->keys[i].type != KEY_RSA || choice->keys[i].bits >= bits)
            choice->keys[kept++] = choice->keys[i];
    choice->count = kept;
    if (kept > 0)
        choice->bits = choice->keys[0].bits;
}

const struct key_record *key_choice_verify(struct region *region, const struct key_choice *choice,
                                           const struct signature *signature,
                                           const sha256_value digest)
{
    for (size_t i = 0; i < choice->count; i++)
        if (crypt_verify(region, choice->keys[i].key, digest, signature->value))
            return &choice->keys[i];
    return NULL;
}
