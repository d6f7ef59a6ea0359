#include "base/histogram.h"

/* 1 ms to 30 s: what an MTA and people at the other end notice. */
static const int64_t bounds_us[HISTOGRAM_BUCKETS - 1] = {
    1000,   2500,   5000,    10000,   25000,   50000,    100000,   250000,
    500000, 1000000, 2500000, 5000000, 10000000, 20000000, 30000000,
};

int64_t histogram_bound_us(size_t i)
{
    return bounds_us[i];
}

size_t histogram_bucket(int64_t us)
{
    size_t i = 0;

    while (i < HISTOGRAM_BUCKETS - 1 && us > bounds_us[i])
        i++;
    return i;
}

void histogram_add(struct histogram *histogram, int64_t us)
{
    histogram->counts[histogram_bucket(us)]++;
    if (us > 0)
        histogram->sum_us += (uint64_t)us;
}

void histogram_merge(struct histogram *histogram, const struct histogram *more)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] += more->counts[i];
    histogram->sum_us += more->sum_us;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->counts[i];
    return count;
}
