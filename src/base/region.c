#include "base/region.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer every object is a block of its own, so that an
 * overrun inside the region is seen; tests that let each allocation fail in its
 * turn (tests/memory) want the same. */
#ifndef ONE_BLOCK_AN_OBJECT
#if defined(__SANITIZE_ADDRESS__)
#define ONE_BLOCK_AN_OBJECT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BLOCK_AN_OBJECT 1
#endif
#endif
#endif
#ifndef ONE_BLOCK_AN_OBJECT
#define ONE_BLOCK_AN_OBJECT 0
#endif

enum { BLOCK_SIZE = 8192 };

struct block {
    struct block *next;
    alignas(max_align_t) char data[];
};

struct cleanup {
    struct cleanup *next;
    void (*run)(void *);
    void *arg;
};

struct region {
    struct block *blocks;
    char *free_at;
    size_t free_left;
    size_t limit; /* octets still allowed */
    struct cleanup *cleanups;
    bool failed;
};

struct region *region_new(size_t limit)
{
    struct region *region = calloc(1, sizeof *region);

    if (region)
        region->limit = limit ? limit : SIZE_MAX;
    return region;
}

static char *add_block(struct region *region, size_t size)
{
    struct block *block;

    if (size > SIZE_MAX - sizeof *block)
        return NULL;
    block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->next = region->blocks;
    region->blocks = block;
    return block->data;
}

static char *carve(struct region *region, size_t size)
{
    char *at;

    if (ONE_BLOCK_AN_OBJECT || size > BLOCK_SIZE / 4)
        return add_block(region, size);
    if (size > region->free_left) {
        at = add_block(region, BLOCK_SIZE);
        if (!at)
            return NULL;
        region->free_at = at;
        region->free_left = BLOCK_SIZE;
    }
    at = region->free_at;
    region->free_at += size;
    region->free_left -= size;
    return at;
}

void *region_alloc(struct region *region, size_t size)
{
    const size_t align = alignof(max_align_t);
    size_t rounded;
    char *at;

    if (size == 0)
        size = 1;
    rounded = ONE_BLOCK_AN_OBJECT ? size : (size + align - 1) / align * align;
    if (rounded < size || rounded > region->limit) {
        region->failed = true;
        return NULL;
    }
    at = carve(region, rounded);
    if (!at) {
        region->failed = true;
        return NULL;
    }
    region->limit -= rounded;
    memset(at, 0, size);
    return at;
}

void *region_array(struct region *region, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        region->failed = true;
        return NULL;
    }
    return region_alloc(region, count * size);
}

bool region_on_free(struct region *region, void (*run)(void *), void *arg)
{
    struct cleanup *cleanup = region_alloc(region, sizeof *cleanup);

    if (!cleanup) {
        run(arg);
        return false;
    }
    cleanup->run = run;
    cleanup->arg = arg;
    cleanup->next = region->cleanups;
    region->cleanups = cleanup;
    return true;
}

void region_fail(struct region *region)
{
    region->failed = true;
}

bool region_failed(const struct region *region)
{
    return region->failed;
}

void region_free(struct region *region)
{
    if (!region)
        return;
    for (struct cleanup *c = region->cleanups; c; c = c->next)
        c->run(c->arg);
    while (region->blocks) {
        struct block *block = region->blocks;

        region->blocks = block->next;
        free(block);
    }
    free(region);
}
