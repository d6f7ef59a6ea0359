/* refused_memory.h: each allocation of a piece of code fails in its turn.  For one file of
 * a program that is linked with
 *
 *   -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
 *
 * and with tests/memory/region.c, so that what regions hand out can fail, too. */
#ifndef VIDIMUS_TESTS_REFUSED_MEMORY_H
#define VIDIMUS_TESTS_REFUSED_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    bool on;
    unsigned long count, fail_at;
} refusal;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* Whether the allocation that is wanted now is the one to fail. */
static bool refuses(void)
{
    if (!refusal.on || ++refusal.count != refusal.fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refuses() ? NULL : __real_realloc(old, size);
}

/* Calls RUN(CONTEXT) once for each allocation that it makes while refusal.on is set. */
static void with_each_refused(void (*run)(void *context), void *context)
{
    refusal.fail_at = 0;
    do {
        refusal.fail_at++;
        refusal.count = 0;
        run(context);
        assert_false(refusal.on);
        assert_true(refusal.count > 0);
    } while (refusal.count >= refusal.fail_at);
}

#endif
