/* histogram.h: how long things took, in a fixed number of buckets.
 *
 * Plain numbers: whoever shares one among threads locks it, or keeps atomics of
 * his own and asks histogram_bucket().
 */
#ifndef VIDIMUS_BASE_HISTOGRAM_H
#define VIDIMUS_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* The last bucket has no bound. */
enum { HISTOGRAM_BUCKETS = 16 };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* each bucket by itself, not added up */
    uint64_t sum_us;
};

/* The greatest duration of bucket I that has a bound, in microseconds. */
int64_t histogram_bound_us(size_t i);

/* The bucket that a duration belongs to. */
size_t histogram_bucket(int64_t us);

void histogram_add(struct histogram *histogram, int64_t us);

/* Adds what MORE holds. */
void histogram_merge(struct histogram *histogram, const struct histogram *more);

uint64_t histogram_count(const struct histogram *histogram);

#endif
