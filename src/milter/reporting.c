#include "milter/reporting.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/region.h"
#include "config/config.h"

enum { MB = 1024 * 1024 };

static struct spool *spool; /* set before the first message, freed after the last */
static atomic_uint_least64_t messages[ROW_CASE_COUNT];

void reporting_prepare(const struct config *config, uid_t uid, gid_t gid)
{
    if (config->reports.enabled)
        spool_make_directory(config->reports.spool, uid, gid);
}

enum spool_start reporting_start(const struct config *config, char *error, size_t error_size)
{
    const struct spool_settings settings = {
        .directory = config->reports.spool,
        .octets_max = (uint64_t)config->reports.spool_max * MB,
    };

    if (!config->reports.enabled)
        return SPOOL_STARTED;
    return spool_start(&settings, &spool, error, error_size);
}

static void count_case(enum row_case found)
{
    atomic_fetch_add_explicit(&messages[found], 1, memory_order_relaxed);
}

void reporting_note(const struct judgement *judgement, const struct ip_address *client,
                    bool comes_again)
{
    struct region *region = spool ? region_new(0) : NULL;
    enum row_case found = ROW_DEFERRED;
    struct row row;

    if (!spool)
        return;
    if (region && !comes_again)
        found = row_of(&row, region, judgement, client, clock_epoch());
    count_case(found);
    if (!region || found == ROW_REPORTED)
        (void)spool_add(spool, region ? &row : NULL); /* which counts what is lost */
    region_free(region);
}

void reporting_count(struct reporting_counters *counters)
{
    *counters = (struct reporting_counters){ .enabled = spool };
    for (size_t i = 0; i < ROW_CASE_COUNT; i++)
        counters->messages[i] = atomic_load_explicit(&messages[i], memory_order_relaxed);
    if (spool)
        spool_count(spool, &counters->spool);
}

void reporting_stop(int64_t limit_ms)
{
    if (spool)
        (void)spool_stop(spool, limit_ms);
}

void reporting_free(void)
{
    spool_free(spool);
    spool = NULL;
}
