#include "dns/cache_private.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "dns/answer_private.h"

struct entry {
    LIST_ENTRY(entry) in_bucket;
    TAILQ_ENTRY(entry) in_use_order;
    struct dns_name name;
    const struct dns_answer *answer;
    int64_t expires_ms;
};

LIST_HEAD(entry_bucket, entry);
TAILQ_HEAD(entry_list, entry);

struct answer_cache {
    size_t answers_max;
    size_t answers;
    size_t octets;
    struct entry_list used; /* most recently used first */
    size_t buckets;         /* a power of two */
    struct entry_bucket bucket[];
};

enum { BUCKETS_MAX = 65536 };

struct answer_cache *answer_cache_new(size_t answers_max)
{
    struct answer_cache *cache;
    size_t buckets = 16;

    while (buckets < answers_max && buckets < BUCKETS_MAX)
        buckets *= 2;
    cache = calloc(1, sizeof *cache + buckets * sizeof cache->bucket[0]);
    if (!cache)
        return NULL;
    cache->answers_max = answers_max;
    cache->buckets = buckets;
    TAILQ_INIT(&cache->used);
    for (size_t i = 0; i < buckets; i++)
        LIST_INIT(&cache->bucket[i]);
    return cache;
}

static void drop(struct answer_cache *cache, struct entry *entry)
{
    LIST_REMOVE(entry, in_bucket);
    TAILQ_REMOVE(&cache->used, entry, in_use_order);
    cache->answers--;
    cache->octets -= dns_answer_size(entry->answer);
    dns_answer_unref(entry->answer);
    free(entry);
}

void answer_cache_free(struct answer_cache *cache)
{
    if (!cache)
        return;
    while (!TAILQ_EMPTY(&cache->used))
        drop(cache, TAILQ_FIRST(&cache->used));
    free(cache);
}

static struct entry_bucket *bucket_of(struct answer_cache *cache, const struct dns_name *name,
                                      enum dns_type type)
{
    return &cache->bucket[dns_name_hash(name, type) & (cache->buckets - 1)];
}

static struct entry *find(struct answer_cache *cache, const struct dns_name *name,
                          enum dns_type type)
{
    struct entry *entry;

    LIST_FOREACH(entry, bucket_of(cache, name, type), in_bucket)
        if (entry->answer->type == type && dns_name_equal(&entry->name, name))
            return entry;
    return NULL;
}

const struct dns_answer *answer_cache_get(struct answer_cache *cache, const struct dns_name *name,
                                          enum dns_type type, int64_t now_ms)
{
    struct entry *entry = find(cache, name, type);

    if (!entry)
        return NULL;
    if (entry->expires_ms <= now_ms) {
        drop(cache, entry);
        return NULL;
    }
    TAILQ_REMOVE(&cache->used, entry, in_use_order);
    TAILQ_INSERT_HEAD(&cache->used, entry, in_use_order);
    return dns_answer_ref(entry->answer);
}

static uint32_t capped_ttl(const struct dns_answer *answer)
{
    uint32_t max = answer->status == DNS_OK ? DNS_CACHE_TTL_MAX : DNS_CACHE_NEGATIVE_TTL_MAX;

    return answer->ttl < max ? answer->ttl : max;
}

static bool is_over(const struct answer_cache *cache)
{
    return cache->answers > cache->answers_max ||
           cache->octets / DNS_CACHE_OCTETS_AN_ANSWER >= cache->answers_max;
}

void answer_cache_put(struct answer_cache *cache, const struct dns_name *name,
                      const struct dns_answer *answer, int64_t now_ms)
{
    struct entry *entry = find(cache, name, answer->type);
    uint32_t ttl = capped_ttl(answer);

    if (dns_failed(answer) || ttl == 0)
        return;
    if (entry)
        drop(cache, entry);
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return;
    entry->name = *name;
    entry->answer = dns_answer_ref(answer);
    entry->expires_ms = now_ms + (int64_t)ttl * 1000;
    LIST_INSERT_HEAD(bucket_of(cache, name, answer->type), entry, in_bucket);
    TAILQ_INSERT_HEAD(&cache->used, entry, in_use_order);
    cache->answers++;
    cache->octets += dns_answer_size(answer);
    while (is_over(cache) && !TAILQ_EMPTY(&cache->used))
        drop(cache, TAILQ_LAST(&cache->used, entry_list));
}
