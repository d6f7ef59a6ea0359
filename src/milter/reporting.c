#include "milter/reporting.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/region.h"
#include "config/config.h"

enum { MB = 1024 * 1024 };

/* Set before the first message, freed after the last; NULL: not wanted. */
static struct spool *spool;
static struct failure_spool *failures;
static atomic_uint_least64_t messages[ROW_CASE_COUNT];

void reporting_prepare(const struct config *config, uid_t uid, gid_t gid)
{
    if (config->reports.enabled || config->reports.failure)
        spool_make_directory(config->reports.spool, uid, gid);
}

static enum spool_start start_failures(const struct config *config, char *error,
                                       size_t error_size)
{
    const struct failure_settings settings = {
        .spool = config->reports.spool,
        .rate = config->reports.failure_rate,
        .domain_rate = config->reports.failure_domain_rate,
        .subject = config->reports.failure_subject,
    };

    if (!config->reports.failure)
        return SPOOL_STARTED;
    failures = failure_spool_start(&settings);
    if (failures)
        return SPOOL_STARTED;
    snprintf(error, error_size, "no memory, or no thread, for failure reports");
    return SPOOL_FAILED;
}

enum spool_start reporting_start(const struct config *config, char *error, size_t error_size)
{
    const struct spool_settings settings = {
        .directory = config->reports.spool,
        .octets_max = (uint64_t)config->reports.spool_max * MB,
    };

    enum spool_start started = SPOOL_STARTED;

    if (config->reports.enabled)
        started = spool_start(&settings, &spool, error, error_size);
    return started == SPOOL_STARTED ? start_failures(config, error, error_size) : started;
}

static void count_case(enum row_case found)
{
    atomic_fetch_add_explicit(&messages[found], 1, memory_order_relaxed);
}

static void note_row(const struct judgement *judgement, const struct ip_address *client,
                     bool comes_again)
{
    struct region *region = region_new(0);
    enum row_case found = ROW_DEFERRED;
    struct row row;

    if (region && !comes_again)
        found = row_of(&row, region, judgement, client, clock_epoch());
    count_case(found);
    if (!region || found == ROW_REPORTED)
        (void)spool_add(spool, region ? &row : NULL); /* which counts what is lost */
    region_free(region);
}

void reporting_note(const struct judgement *judgement, struct dns_scope *dns,
                    const struct ip_address *client, bool comes_again)
{
    if (spool)
        note_row(judgement, client, comes_again);
    if (failures && !comes_again)
        failure_spool_note(failures, judgement, dns, client);
}

void reporting_count(struct reporting_counters *counters)
{
    *counters = (struct reporting_counters){ .enabled = spool, .failure = failures };
    for (size_t i = 0; i < ROW_CASE_COUNT; i++)
        counters->messages[i] = atomic_load_explicit(&messages[i], memory_order_relaxed);
    if (spool)
        spool_count(spool, &counters->spool);
    if (failures)
        failure_spool_count(failures, &counters->failures);
}

void reporting_stop(int64_t limit_ms)
{
    int64_t until = clock_ms() + limit_ms;

    if (spool)
        (void)spool_stop(spool, limit_ms);
    if (failures)
        (void)failure_spool_stop(failures, until - clock_ms());
}

void reporting_free(void)
{
    spool_free(spool);
    spool = NULL;
    failure_spool_free(failures);
    failures = NULL;
}
