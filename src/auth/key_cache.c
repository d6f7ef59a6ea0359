#include "auth/key_cache.h"

#include <pthread.h>
#include <stdint.h>

/* A set holds what hashes to it, most recently used first. */
enum { SETS = 256, WAYS = 4, KEPT_OCTETS_MAX = 2048 /* 8192 bits need half of it */ };

static struct crypt_key *sets[SETS][WAYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* FNV-1a */
static struct crypt_key **set_of(enum key_type type, struct text octets)
{
    uint32_t hash = 2166136261U ^ (uint32_t)type;

    for (size_t i = 0; i < octets.len; i++)
        hash = (hash ^ (unsigned char)octets.data[i]) * 16777619U;
    return sets[(hash ^ hash >> 16) % SETS];
}

/* Puts KEY first, moving those before INDEX down. */
static void put_first(struct crypt_key **set, size_t index, struct crypt_key *key)
{
    for (; index > 0; index--)
        set[index] = set[index - 1];
    set[0] = key;
}

static struct crypt_key *find(struct crypt_key **set, enum key_type type, struct text octets)
{
    for (size_t i = 0; i < WAYS && set[i]; i++) {
        struct crypt_key *key = set[i];

        if (key->type == type && text_equal(key->octets, octets)) {
            put_first(set, i, key);
            return crypt_key_ref(key);
        }
    }
    return NULL;
}

static void keep(struct crypt_key **set, struct crypt_key *key)
{
    crypt_key_unref(set[WAYS - 1]);
    put_first(set, WAYS - 1, crypt_key_ref(key));
}

struct crypt_key *key_cache_get(struct region *region, enum key_type type, struct text octets)
{
    struct crypt_key **set = set_of(type, octets), *key, *other;

    pthread_mutex_lock(&lock);
    key = find(set, type, octets);
    pthread_mutex_unlock(&lock);
    if (key)
        return key;
    key = crypt_key_new(region, type, octets);
    if (!key || octets.len > KEPT_OCTETS_MAX)
        return key;
    pthread_mutex_lock(&lock);
    other = find(set, type, octets); /* another thread may have been faster */
    if (!other)
        keep(set, key);
    pthread_mutex_unlock(&lock);
    crypt_key_unref(other);
    return key;
}
