#include "core/keyring.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sign_fields.h"
#include "base/buf.h"
#include "base/region.h"
#include "core/key_file.h"
#include "core/sign_index.h"

/* What became of one `file` of the configuration; several keys may name it. */
struct key_store {
    const char *file;
    size_t users; /* keys that name it */
    struct key_stamp stamp;
    struct crypt_signer *signer; /* NULL: could not be loaded */
    const char *trouble;         /* of the scratch region; NULL: none, or told */
};

struct keyring {
    struct config *config;
    struct sign_index *index;
    size_t store_count;
    struct key_store *stores;  /* by file */
    size_t entry_count;
    struct keyring_entry *entries; /* in the order of the configuration, seal last */
    size_t *first; /* of a rule: its first entry; of all rules: the first of seal */
};

/* While a keyring is made. */
struct making {
    struct keyring *keyring;
    const struct keyring *before;
    struct key_owner owner;
    struct region *scratch;
    keyring_report_fn *report;
    void *context;
};

/* ---- files */

static int by_file(const void *a, const void *b)
{
    const struct key_store *x = a, *y = b;

    return strcmp(x->file, y->file);
}

static struct key_store *store_of(const struct keyring *keyring, const char *file)
{
    const struct key_store wanted = { .file = file };

    if (!keyring || keyring->store_count == 0)
        return NULL;
    return bsearch(&wanted, keyring->stores, keyring->store_count, sizeof wanted, by_file);
}

/* One store a file, by name. */
static bool list_files(struct keyring *keyring)
{
    struct key_store *stores = calloc(keyring->entry_count + 1, sizeof *stores);
    size_t count = 0;

    if (!stores)
        return false;
    for (size_t i = 0; i < keyring->entry_count; i++)
        stores[i] = (struct key_store){ .file = keyring->entries[i].source->file, .users = 1 };
    qsort(stores, keyring->entry_count, sizeof *stores, by_file);
    for (size_t i = 0; i < keyring->entry_count; i++) {
        if (count > 0 && by_file(&stores[count - 1], &stores[i]) == 0)
            stores[count - 1].users++;
        else
            stores[count++] = stores[i];
    }
    keyring->stores = stores;
    keyring->store_count = count;
    return true;
}

__attribute__((format(printf, 3, 4)))
static void trouble(struct making *m, struct key_store *store, const char *format, ...)
{
    char text[2 * KEY_FILE_WHY];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    store->trouble = text_dup(m->scratch, text_of(text));
}

static void read_store(struct making *m, struct key_store *store, const struct key_store *before)
{
    char path[PATH_MAX];
    const char *why = key_file_path(store->file, path, sizeof path);
    struct key_file file;

    if (why) {
        trouble(m, store, "%s", why);
        return;
    }
    key_file_read(path, &m->owner, before && before->signer ? &before->stamp : NULL, &file);
    store->stamp = file.stamp;
    if (file.octets) {
        store->signer = crypt_signer_new((struct text){ file.octets, file.len }, &why);
        crypt_wipe_free(file.octets, file.len);
        if (!store->signer)
            trouble(m, store, "%s: a private key in PEM, without passphrase, is wanted (vidimus "
                              "keygen makes one)", why);
    } else if (file.why[0]) {
        trouble(m, store, "%s", file.why);
    } else {
        store->signer = crypt_signer_ref(before->signer);
    }
}

/* What is wrong with the file does not stop mail: the key is known. */
static void keep_loaded(struct making *m, struct key_store *store,
                        const struct key_store *before)
{
    if (store->signer || !before || !before->signer)
        return;
    store->signer = crypt_signer_ref(before->signer);
    store->stamp = (struct key_stamp){ .known = false };
    trouble(m, store, "%s; the key that was loaded before is kept",
            store->trouble ? store->trouble : "");
}

static void refuse_short(struct making *m, struct key_store *store)
{
    unsigned least = m->keyring->config->sign_min_rsa_bits;

    if (!store->signer || crypt_signer_type(store->signer) != KEY_RSA ||
        crypt_signer_bits(store->signer) >= least)
        return;
    trouble(m, store, "has %u bits, and sign-min-rsa-bits is %u: make another key (vidimus keygen)",
            crypt_signer_bits(store->signer), least);
    crypt_signer_unref(store->signer);
    store->signer = NULL;
}

static void load_files(struct making *m)
{
    struct keyring *keyring = m->keyring;

    for (size_t i = 0; i < keyring->store_count; i++) {
        struct key_store *store = &keyring->stores[i];
        const struct key_store *before = store_of(m->before, store->file);

        read_store(m, store, before);
        keep_loaded(m, store, before);
        refuse_short(m, store);
    }
}

/* ---- one key in several files */

struct shared {
    struct text published;
    struct key_store *store;
};

static int by_published(const void *a, const void *b)
{
    const struct shared *x = a, *y = b;
    size_t len = x->published.len < y->published.len ? x->published.len : y->published.len;
    int order = memcmp(x->published.data, y->published.data, len);

    return order ? order
                 : (x->published.len > y->published.len) - (x->published.len < y->published.len);
}

/* Copies of one file are one key in memory. */
static void share_keys(struct making *m)
{
    struct keyring *keyring = m->keyring;
    struct shared *all = region_array(m->scratch, keyring->store_count + 1, sizeof *all);
    size_t count = 0;

    for (size_t i = 0; all && i < keyring->store_count; i++) {
        struct key_store *store = &keyring->stores[i];

        all[count].store = store;
        if (store->signer && crypt_signer_publish(m->scratch, store->signer, &all[count].published))
            count++;
    }
    if (count > 0)
        qsort(all, count, sizeof *all, by_published);
    for (size_t i = 1; i < count; i++) {
        struct crypt_signer **one = &all[i - 1].store->signer, **same = &all[i].store->signer;

        if (*one == *same || by_published(&all[i - 1], &all[i]) != 0)
            continue;
        crypt_signer_unref(*same);
        *same = crypt_signer_ref(*one);
    }
}

/* ---- entries */

static size_t count_keys(const struct config *config)
{
    size_t count = config->seal.key_count;

    for (size_t i = 0; i < config->sign_rule_count; i++)
        count += config->sign_rules[i].key_count;
    return count;
}

static bool list_entries(struct keyring *keyring)
{
    const struct config *config = keyring->config;
    size_t n = 0;

    keyring->entry_count = count_keys(config);
    keyring->entries = calloc(keyring->entry_count + 1, sizeof *keyring->entries);
    keyring->first = calloc(config->sign_rule_count + 1, sizeof *keyring->first);
    if (!keyring->entries || !keyring->first)
        return false;
    for (size_t i = 0; i < config->sign_rule_count; i++) {
        const struct sign_rule *rule = &config->sign_rules[i];

        keyring->first[i] = n;
        for (size_t k = 0; k < rule->key_count; k++)
            keyring->entries[n++] = (struct keyring_entry){ &rule->keys[k], rule, NULL };
    }
    keyring->first[config->sign_rule_count] = n;
    for (size_t k = 0; k < config->seal.key_count; k++)
        keyring->entries[n++] = (struct keyring_entry){ &config->seal.keys[k], NULL, NULL };
    return true;
}

static void tell(struct making *m, const struct key_source *source, struct key_store *store)
{
    struct buf text;

    buf_init(&text, m->scratch, (size_t)-1 / 2);
    buf_printf(&text, "%s: key %s: %s %s", source->place, source->selector, source->file,
               store->trouble);
    if (store->users > 1)
        buf_printf(&text, " (%zu keys of the configuration name this file)", store->users);
    if (buf_str(&text))
        m->report(m->context, buf_str(&text));
    store->trouble = NULL;
}

static void fill_entries(struct making *m)
{
    struct keyring *keyring = m->keyring;

    for (size_t i = 0; i < keyring->entry_count; i++) {
        struct keyring_entry *entry = &keyring->entries[i];
        struct key_store *store = store_of(keyring, entry->source->file);

        entry->key = store->signer;
        if (store->trouble)
            tell(m, entry->source, store);
        if (entry->rule || !entry->key || crypt_signer_type(entry->key) == KEY_RSA)
            continue;
        store->trouble = "is of Ed25519, and ARC knows RSA alone (RFC 8617): it seals nothing";
        tell(m, entry->source, store);
    }
}

/* ---- fields that no signature covers */

static void tell_fields(struct making *m, const struct strings *fields, const char *place,
                        const char *option)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct buf text;

        if (sign_may_cover(text_of(fields->items[i])))
            continue;
        buf_init(&text, m->scratch, (size_t)-1 / 2);
        buf_printf(&text, "%s: %s: %s is never signed, it changes on the way: take it out", place,
                   option, fields->items[i]);
        if (buf_str(&text))
            m->report(m->context, buf_str(&text));
    }
}

static void tell_all_fields(struct making *m)
{
    const struct config *config = m->keyring->config;

    for (size_t i = 0; i < config->sign_section_count; i++) {
        const struct sign_rule *rule = &config->sign_rules[i];

        tell_fields(m, &rule->more_fields, rule->keys[0].place, "sign more-fields");
    }
    if (config->seal.key_count > 0)
        tell_fields(m, &config->seal.fields, config->seal.keys[0].place, "seal fields");
}

/* ---- the keyring */

static bool make(struct making *m)
{
    struct keyring *keyring = m->keyring;

    keyring->index = sign_index_new(keyring->config);
    if (!keyring->index || !list_entries(keyring) || !list_files(keyring))
        return false;
    load_files(m);
    share_keys(m);
    fill_entries(m);
    tell_all_fields(m);
    return !region_failed(m->scratch);
}

struct keyring *keyring_new(struct config *config, const struct keyring *before,
                            keyring_report_fn *report, void *context)
{
    struct making m = {
        .keyring = calloc(1, sizeof *m.keyring),
        .before = before,
        .owner = key_owner_of(config->user),
        .scratch = region_new(0),
        .report = report,
        .context = context,
    };
    bool made = false;

    if (m.keyring && m.scratch) {
        m.keyring->config = config_ref(config);
        made = make(&m);
    }
    region_free(m.scratch);
    if (made)
        return m.keyring;
    if (m.keyring && m.keyring->config)
        keyring_free(m.keyring);
    else
        free(m.keyring);
    return NULL;
}

void keyring_free(struct keyring *keyring)
{
    if (!keyring)
        return;
    for (size_t i = 0; i < keyring->store_count; i++)
        crypt_signer_unref(keyring->stores[i].signer);
    free(keyring->stores);
    free(keyring->entries);
    free(keyring->first);
    sign_index_free(keyring->index);
    config_unref(keyring->config);
    free(keyring);
}

/* ---- asking it */

size_t keyring_rules(const struct keyring *keyring, struct text local, const char *domain,
                     const struct sign_rule *rules[SIGNERS_MAX])
{
    return sign_index_find(keyring->index, local, domain, rules, SIGNERS_MAX);
}

const struct sign_rule *keyring_rule(const struct keyring *keyring, struct text local,
                                     const char *domain)
{
    const struct sign_rule *rule;

    return sign_index_find(keyring->index, local, domain, &rule, 1) ? rule : NULL;
}

const char *keyring_domain(const struct key_source *source, const char *author)
{
    return strcmp(source->domain, "%") == 0 ? author : source->domain;
}

size_t keyring_signers(const struct keyring *keyring, const struct sign_rule *rule,
                       const char *domain, struct signer signers[SIGNERS_MAX])
{
    size_t number = (size_t)(rule - keyring->config->sign_rules);
    size_t count = 0;

    for (size_t i = keyring->first[number]; i < keyring->first[number + 1]; i++) {
        const struct keyring_entry *entry = &keyring->entries[i];

        if (entry->key && entry->source->state == KEY_ACTIVE && count < SIGNERS_MAX)
            signers[count++] = (struct signer){ entry->key, keyring_domain(entry->source, domain),
                                                entry->source->selector };
    }
    return count;
}

/* T with DOMAIN for each %, or NULL. */
static const char *with_domain(struct region *region, struct text t, const char *domain)
{
    struct buf buf;

    buf_init(&buf, region, (size_t)-1 / 2);
    while (t.len > 0) {
        size_t percent = text_find(t, '%');

        buf_text_add(&buf, text_head(t, percent));
        buf_add(&buf, percent < t.len ? domain : "");
        t = text_tail(t, percent + 1);
    }
    return buf_str(&buf);
}

const char *keyring_identity(struct region *region, const struct sign_rule *rule,
                             const struct signer *signer, const char *author)
{
    const char *identity = with_domain(region, text_of(rule->identity), author);
    const char *at = identity ? strrchr(identity, '@') : NULL;
    domain_name domain;
    struct buf buf;

    if (!at || !domain_normalise(text_of(at + 1), domain) ||
        !domain_is_within(domain, signer->domain))
        return NULL;
    buf_init(&buf, region, (size_t)-1 / 2);
    buf_printf(&buf, "%.*s@%s", (int)(at - identity), identity, domain);
    return buf_str(&buf);
}

bool keyring_sealer(const struct keyring *keyring, const char *domain, struct signer *signer)
{
    const struct keyring_entry *chosen = NULL;

    for (size_t i = keyring->first[keyring->config->sign_rule_count]; i < keyring->entry_count;
         i++) {
        const struct keyring_entry *entry = &keyring->entries[i];

        if (!entry->key || entry->source->state != KEY_ACTIVE ||
            crypt_signer_type(entry->key) != KEY_RSA)
            continue;
        if (domain_is_within(domain, entry->source->domain)) {
            chosen = entry;
            break;
        }
        if (!chosen)
            chosen = entry;
    }
    if (!chosen)
        return false;
    *signer = (struct signer){ chosen->key, chosen->source->domain, chosen->source->selector };
    return true;
}

size_t keyring_count(const struct keyring *keyring)
{
    return keyring->entry_count;
}

const struct keyring_entry *keyring_entry(const struct keyring *keyring, size_t i)
{
    return &keyring->entries[i];
}
