/* region.h: the memory of one message, freed at once.
 *
 * Everything that a message needs is allocated here and never freed by
 * itself.  Foreign handles register a clean-up, which runs (last registered
 * first) when the region goes.
 *
 * Running out of memory, or over the region's limit, makes region_alloc()
 * return NULL and latches: region_failed() stays true.  Evaluators may return
 * any result after that, because core looks at the latch before it believes a
 * finding and answers with a temporary failure.  A NULL must never be followed.
 *
 * Not for two threads at once.
 */
#ifndef VIDIMUS_BASE_REGION_H
#define VIDIMUS_BASE_REGION_H

#include <stdbool.h>
#include <stddef.h>

struct region;

/* A new region that hands out at most LIMIT octets in all (0: no limit).
 * NULL when memory is exhausted. */
struct region *region_new(size_t limit);

/* SIZE zeroed octets, aligned for any object; NULL as described above. */
void *region_alloc(struct region *region, size_t size);

/* COUNT objects of SIZE octets; a product that overflows counts as exhausted. */
void *region_array(struct region *region, size_t count, size_t size);

/* Calls CLEANUP(ARG) when the region is freed.  When that cannot be noted
 * (memory), CLEANUP(ARG) is called at once, the region latches, and the
 * answer is false: the caller must not use ARG any more. */
bool region_on_free(struct region *region, void (*cleanup)(void *), void *arg);

/* Latches the failure by hand: for a foreign allocation that failed. */
void region_fail(struct region *region);

bool region_failed(const struct region *region);

/* Runs the clean-ups and frees everything.  NULL is allowed. */
void region_free(struct region *region);

#endif
