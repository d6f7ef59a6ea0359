/* report_import.c: `vidimus report init` and `import`: from the spool to the store. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/region.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/report_tool.h"
#include "config/config.h"
#include "report/spool_reader.h"

enum { ERROR_SIZE = 512, TELL_EVERY = 100000 };

int report_init(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report init",
        .help = "usage: vidimus report init [-c FILE]\n\n"
                "Makes the store's tables, or brings them up to date.  SQLite needs no such\n"
                "call; PostgreSQL needs an account that may create tables.\n",
    };
    bool done;
    int status = report_tool_open(&tool, argc, argv, 0, true, true, &done);

    report_tool_close(&tool);
    return status;
}

/* --- import ------------------------------------------------------------- */

struct import {
    struct report_tool *tool;
    const char *directory;
    uint64_t rows, damaged, segments;
    bool on_terminal;
    bool store_failed; /* before it saw a row: no other segment will get on */
};

static void show_progress(const struct import *im, const struct segment *segment)
{
    if (im->on_terminal)
        fprintf(stderr, "\r%s: %" PRIu64 " rows", segment->id, im->rows);
}

static int fail(const struct import *im, const struct segment *segment, const char *why)
{
    fprintf(stderr, "%svidimus report import: %s/%s: %s\n", im->on_terminal ? "\n" : "",
            im->directory, segment->id, why);
    return EX_IOERR;
}

/* The rows of READER into the import that has begun. */
static bool copy_rows(struct import *im, const struct segment *segment,
                      struct spool_reader *reader, const char **why)
{
    static struct row row; /* large */
    enum spool_reading got;

    while ((got = spool_reader_next(reader, &row)) == SPOOL_ROW) {
        if (!store_import_row(im->tool->store, &row)) {
            *why = store_error(im->tool->store);
            return false;
        }
        if (++im->rows % TELL_EVERY == 0)
            show_progress(im, segment);
    }
    if (got == SPOOL_END)
        return true;
    *why = strerror(errno);
    return false;
}

static int end_segment(struct import *im, const struct segment *segment,
                       struct spool_reader *reader)
{
    struct spool_reader_counters counters;
    struct store *store = im->tool->store;

    spool_reader_count(reader, &counters);
    if (counters.newer) {
        store_import_abandon(store);
        return fail(im, segment, "holds rows of a later version; it is left for that");
    }
    if (!store_import_commit(store, counters.damaged))
        return fail(im, segment, store_error(store));
    im->damaged += counters.damaged;
    im->segments++;
    return EX_OK;
}

static int import_rows(struct import *im, const struct segment *segment,
                       struct spool_reader *reader)
{
    struct store *store = im->tool->store;
    const char *why = NULL;

    switch (store_import_begin(store, segment->id, im->tool->now)) {
    case STORE_IMPORT_KNOWN:
        return EX_OK;
    case STORE_IMPORT_FAILED:
        im->store_failed = true;
        return fail(im, segment, store_error(store));
    case STORE_IMPORT_NEW:
        break;
    }
    if (copy_rows(im, segment, reader, &why))
        return end_segment(im, segment, reader);
    fail(im, segment, why);
    store_import_abandon(store);
    return EX_IOERR;
}

static int import_segment(struct import *im, const struct segment *segment)
{
    char error[ERROR_SIZE];
    struct spool_reader *reader =
        spool_reader_open(im->directory, segment, error, sizeof error);
    int status;

    if (!reader)
        return fail(im, segment, error);
    status = import_rows(im, segment, reader);
    spool_reader_close(reader);
    if (status == EX_OK && !spool_segment_done(im->directory, segment))
        return fail(im, segment, "is imported, but cannot be deleted");
    return status;
}

static int import_all(struct import *im)
{
    struct region *region = region_new(0);
    char error[ERROR_SIZE];
    struct segment *segments;
    size_t count;
    int status = EX_OK;

    if (!region || !segment_list(im->directory, region, &segments, &count, error, sizeof error)) {
        region_free(region);
        return report_tool_fail(im->tool, region ? error : "out of memory", EX_UNAVAILABLE);
    }
    for (size_t i = 0; i < count && !im->store_failed; i++) {
        int one = EX_OK;

        if (segments[i].state == SEGMENT_CLOSED)
            one = import_segment(im, &segments[i]);
        if (status == EX_OK)
            status = one;
    }
    region_free(region);
    return status;
}

/* The daemon's part of the job is over when a segment is closed; ours when its rows
 * are in the store and it is deleted. */
static int import(struct report_tool *tool)
{
    struct import im = { .tool = tool,
                         .directory = tool->config->reports.spool,
                         .on_terminal = isatty(STDERR_FILENO) };
    char error[ERROR_SIZE];
    bool busy = false;
    int lock = spool_import_lock(im.directory, &busy, error, sizeof error);
    int status;

    if (lock < 0)
        return report_tool_fail(tool, error, busy ? EX_TEMPFAIL : EX_UNAVAILABLE);
    status = import_all(&im);
    close(lock);
    if (im.on_terminal)
        fputs("\n", stderr);
    printf("%" PRIu64 " rows of %" PRIu64 " segments imported", im.rows, im.segments);
    if (im.damaged)
        printf(", %" PRIu64 " damaged lines skipped", im.damaged);
    putchar('\n');
    if (!im.store_failed && !store_close_days(tool->store, tool->now))
        return report_tool_store_failed(tool);
    return status;
}

int report_import(int argc, char **argv)
{
    struct report_tool tool = {
        .command = "report import",
        .help = "usage: vidimus report import [-c FILE]\n\n"
                "Takes what the daemon has noted from the spool into the store.\n\n"
                "Exit status: 0 done; 69 no spool or no store; 74 a segment could not be\n"
                "imported, and stays; 75 another import is running.\n",
    };
    bool done;
    int status = report_tool_open(&tool, argc, argv, 0, true, false, &done);

    if (!done)
        status = import(&tool);
    report_tool_close(&tool);
    return status;
}
