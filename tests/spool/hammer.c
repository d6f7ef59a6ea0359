/* hammer.c: both ends of the spool as a program, for tests/spool/run to kill.
 *
 *   hammer write DIRECTORY FIRST PACE SEGMENT QUEUE [CAP]
 *       adds rows FIRST, FIRST+1, ... until SIGTERM; after each PACE microseconds
 *       pass, or with 0 it waits for room in the queue and so loses none.  A line
 *       "written lost waiting failing" at each change: rows FIRST to
 *       FIRST+written-1 are in the spool when it says so, if none is lost.
 *   hammer import DIRECTORY
 *       prints the number of each row of the closed segments, deletes them, and
 *       ends with "damaged N"
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/row_fixture.h"
#include "base/region.h"
#include "report/spool.h"
#include "report/spool_reader.h"

enum { BURST = 20 };

static atomic_bool ended;

static void end(int number)
{
    (void)number;
    ended = true;
}

static void pause_us(long us)
{
    nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static void tell(struct spool *spool, struct spool_counters *told)
{
    struct spool_counters c;

    spool_count(spool, &c);
    if (c.written == told->written && c.lost == told->lost && c.failing == told->failing)
        return;
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", c.written, c.lost, c.queued, c.failing);
    fflush(stdout);
    *told = c;
}

/* One row in fifty spans pages of the file. */
static void add(struct spool *spool, unsigned long long number)
{
    char name[32];
    struct row row;

    make_row(&row, number, number % 50 ? number % 3 : ROW_DKIM_MAX, name);
    (void)spool_add(spool, &row);
}

struct work {
    struct spool *spool;
    unsigned long long number;
    long pace;
    size_t queue;
};

static void *produce(void *context)
{
    struct work *w = context;

    while (!ended) {
        struct spool_counters c;

        spool_count(w->spool, &c);
        if (!w->pace && c.queued + BURST > w->queue) {
            pause_us(100);
            continue;
        }
        for (int i = 0; i < (w->pace ? 1 : BURST); i++)
            add(w->spool, w->number++);
        if (w->pace)
            pause_us(w->pace);
    }
    return NULL;
}

/* Tells as soon as there is something to tell: what is told too early shall show. */
static int hammer(struct work *w)
{
    struct spool_counters told = { 0 };
    pthread_t producer;

    signal(SIGTERM, end);
    if (pthread_create(&producer, NULL, produce, w) != 0)
        return 71;
    while (!ended) {
        tell(w->spool, &told);
        sched_yield();
    }
    pthread_join(producer, NULL);
    (void)spool_stop(w->spool, 10000);
    tell(w->spool, &told);
    spool_free(w->spool);
    return 0;
}

static int write_rows(int argc, char **argv)
{
    struct spool_settings settings = {
        .directory = argv[2],
        .segment_octets = strtoull(argv[5], NULL, 10),
        .queue_rows_max = strtoul(argv[6], NULL, 10),
        .octets_max = argc > 7 ? strtoull(argv[7], NULL, 10) : 0,
        .retry_ms = 20,
        .tell_ms = 500,
    };
    struct work work = { .number = strtoull(argv[3], NULL, 10),
                         .pace = strtol(argv[4], NULL, 10),
                         .queue = settings.queue_rows_max };
    char error[512];

    if (spool_start(&settings, &work.spool, error, sizeof error) != SPOOL_STARTED) {
        fprintf(stderr, "%s\n", error);
        return 75;
    }
    return hammer(&work);
}

static uint64_t import_segment(const char *directory, const struct segment *segment)
{
    char error[512];
    struct spool_reader *reader = spool_reader_open(directory, segment, error, sizeof error);
    struct spool_reader_counters counters;
    struct row row;

    if (!reader) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    while (spool_reader_next(reader, &row) == SPOOL_ROW)
        printf("%llu\n", row_number(&row));
    spool_reader_count(reader, &counters);
    spool_reader_close(reader);
    if (!spool_segment_done(directory, segment)) {
        perror(segment->id);
        exit(1);
    }
    return counters.damaged;
}

static int import(const char *directory)
{
    struct region *region = region_new(0);
    struct segment *segments;
    uint64_t damaged = 0;
    char error[512];
    size_t count;
    bool busy;

    if (spool_import_lock(directory, &busy, error, sizeof error) < 0 ||
        !segment_list(directory, region, &segments, &count, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        if (segments[i].state == SEGMENT_CLOSED)
            damaged += import_segment(directory, &segments[i]);
    printf("damaged %" PRIu64 "\n", damaged);
    region_free(region);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 7 && strcmp(argv[1], "write") == 0)
        return write_rows(argc, argv);
    if (argc == 3 && strcmp(argv[1], "import") == 0)
        return import(argv[2]);
    fprintf(stderr, "usage: hammer write DIRECTORY FIRST PACE SEGMENT QUEUE [CAP] | "
                    "import DIRECTORY\n");
    return 64;
}
