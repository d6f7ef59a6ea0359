/* Unit tests of the spool: segments, their writer, the thread, the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "report/segment.h"
#include "report/spool.h"
#include "report/spool_reader.h"
#include "../../lib/row_fixture.h"

enum { PATIENCE_MS = 20000 };

static char directory[64];
static char error[512];

/* --- the directory of a test -------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/vidimus-spool-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static void empty_directory(void)
{
    DIR *dir = opendir(directory);
    char path[512];

    for (struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        (void)unlink(path);
    }
    if (dir)
        closedir(dir);
}

static int tear_down(void **state)
{
    (void)state;
    empty_directory();
    (void)rmdir(directory);
    return 0;
}

/* How many files end in SUFFIX. */
static unsigned files(const char *suffix)
{
    DIR *dir = opendir(directory);
    unsigned n = 0;

    for (struct dirent *e; dir && (e = readdir(dir));) {
        size_t len = strlen(e->d_name);

        n += len > strlen(suffix) && strcmp(e->d_name + len - strlen(suffix), suffix) == 0;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* Makes FILE of the first LEN octets of TEXT. */
static void make_file(const char *file, const char *text, size_t len)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", directory, file);
    out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(out);
}

/* The lines of rows FROM to TO-1, appended to OUT, which has room. */
static size_t add_lines(char *out, size_t len, unsigned from, unsigned to)
{
    struct region *region = region_new(0);
    struct row row;
    char name[32];
    struct buf buf;

    buf_init(&buf, region, 1 << 20);
    for (unsigned i = from; i < to; i++) {
        make_row(&row, i, 0, name);
        row_write(&buf, &row);
    }
    assert_false(buf_failed(&buf));
    memcpy(out + len, buf.data, buf.len);
    len += buf.len;
    region_free(region);
    return len;
}

/* --- reading -------------------------------------------------------------------- */

/* Reads all segments: every row's number must be below MAX and come once. */
static unsigned read_all(unsigned max, struct spool_reader_counters *sum)
{
    struct region *region = region_new(0);
    bool *seen = calloc(max + 1, sizeof *seen);
    struct segment *segments;
    size_t count;
    unsigned rows = 0;

    *sum = (struct spool_reader_counters){ 0 };
    assert_true(segment_list(directory, region, &segments, &count, error, sizeof error));
    for (size_t i = 0; i < count; i++) {
        struct spool_reader *reader =
            spool_reader_open(directory, &segments[i], error, sizeof error);
        struct spool_reader_counters counters;
        struct row row;

        assert_non_null(reader);
        while (spool_reader_next(reader, &row) == SPOOL_ROW) {
            assert_true(row_number(&row) < max);
            assert_false(seen[row_number(&row)]);
            seen[row_number(&row)] = true;
            rows++;
        }
        spool_reader_count(reader, &counters);
        sum->rows += counters.rows;
        sum->damaged += counters.damaged;
        sum->newer += counters.newer;
        spool_reader_close(reader);
    }
    free(seen);
    region_free(region);
    assert_int_equal(sum->rows, rows);
    return rows;
}

/* --- writing ---------------------------------------------------------------------- */

static struct spool *start(const struct spool_settings *settings)
{
    struct spool_settings s = *settings;
    struct spool *spool;

    s.directory = directory;
    if (spool_start(&s, &spool, error, sizeof error) != SPOOL_STARTED)
        fail_msg("not started: %s", error);
    return spool;
}

static void add(struct spool *spool, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct row row;
        char name[32];

        make_row(&row, i, 0, name);
        assert_true(spool_add(spool, &row));
    }
}

static void stop(struct spool *spool)
{
    assert_true(spool_stop(spool, PATIENCE_MS));
    spool_free(spool);
}

static struct spool_counters count(struct spool *spool)
{
    struct spool_counters counters;

    spool_count(spool, &counters);
    return counters;
}

/* Waits until CONDITION, of the counters C, holds. */
#define AWAIT(spool, condition)                                                                  \
    do {                                                                                         \
        int64_t until_ = clock_ms() + PATIENCE_MS;                                               \
        struct spool_counters c = count(spool);                                                  \
        while (!(condition)) {                                                                   \
            if (clock_ms() > until_)                                                             \
                fail_msg("never: %s", #condition);                                               \
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);                           \
            c = count(spool);                                                                    \
        }                                                                                        \
    } while (0)

/* --- segments ----------------------------------------------------------------------- */

static void rows_come_back(void **state)
{
    struct spool *spool = start(&(struct spool_settings){ 0 });
    struct spool_reader_counters sum;

    (void)state;
    add(spool, 0, 500);
    AWAIT(spool, c.written == 500);
    assert_int_equal(files(".open"), 1);
    assert_int_equal(read_all(500, &sum), 500); /* an open one is readable */
    stop(spool);
    assert_int_equal(files(".open"), 0);
    assert_int_equal(files(".closed"), 1);
    assert_int_equal(read_all(500, &sum), 500);
    assert_int_equal(sum.damaged, 0);
    spool = start(&(struct spool_settings){ 0 });
    add(spool, 500, 510);
    stop(spool);
    assert_int_equal(files(".closed"), 2);
    assert_int_equal(read_all(510, &sum), 510);
    spool = start(&(struct spool_settings){ 0 });
    assert_true(count(spool).octets > 0);
    stop(spool); /* without a row there is no segment */
    assert_int_equal(files(".closed"), 2);
}

static void segments_are_closed_by_size_and_age(void **state)
{
    struct spool *spool = start(&(struct spool_settings){ .segment_octets = 2000 });
    struct spool_reader_counters sum;

    (void)state;
    add(spool, 0, 100);
    AWAIT(spool, c.written == 100 && c.segments_closed >= 5);
    stop(spool);
    assert_in_range(files(".closed"), 5, 20);
    spool = start(&(struct spool_settings){ .segment_ms = 1 });
    add(spool, 100, 101);
    AWAIT(spool, c.segments_closed == 1);
    assert_int_equal(files(".open"), 0);
    stop(spool);
    assert_int_equal(read_all(101, &sum), 101);
}

/* Whatever the thread is at when it is told to end. */
static void a_stop_at_once_writes_what_is_queued(void **state)
{
    struct spool_reader_counters sum;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct spool *spool = start(&(struct spool_settings){ 0 });

        add(spool, 3 * i, 3 * i + 3);
        assert_true(spool_stop(spool, PATIENCE_MS));
        assert_int_equal(count(spool).lost, 0);
        assert_int_equal(count(spool).written, 3);
        spool_free(spool);
    }
    assert_int_equal(read_all(150, &sum), 150);
}

#define DEAD "20261121T101500Z-3f9a01c25b7e0d44"

static void what_a_killed_writer_left_is_closed(void **state)
{
    char lines[8192];
    size_t whole = add_lines(lines, 0, 0, 3), torn = add_lines(lines, whole, 3, 4);
    struct spool_reader_counters sum;
    struct spool *spool;

    (void)state;
    for (size_t cut = whole; cut < torn; cut += 7) {
        make_file(DEAD ".open", lines, cut);
        make_file("20261121T101501Z-0000000000000000.open", "", 0);
        spool = start(&(struct spool_settings){ 0 });
        assert_int_equal(files(".open"), 0);
        assert_int_equal(files(".closed"), 1);
        add(spool, 4, 6); /* never behind the torn line */
        stop(spool);
        assert_int_equal(files(".closed"), 2);
        assert_int_equal(read_all(6, &sum), 5);
        assert_int_equal(sum.damaged, cut > whole);
        empty_directory();
    }
}

static void damage_costs_the_damaged_rows_only(void **state)
{
    static char lines[400000];
    size_t first = add_lines(lines, 0, 0, 1), second = add_lines(lines, first, 1, 2);
    size_t len = add_lines(lines, second, 2, 10);
    struct spool_reader_counters sum;

    (void)state;
    lines[first + 40] ^= 1;
    memset(lines + len, 0, 200000); /* what some file systems leave after a power failure */
    len += 200000;
    lines[len++] = '\n';
    lines[len++] = '\n';
    len = add_lines(lines, len, 10, 12);
    make_file(DEAD ".closed", lines, len);
    assert_int_equal(read_all(12, &sum), 11);
    assert_int_equal(sum.damaged, 3);
    assert_int_equal(sum.newer, 0);
}

/* crc32("2 of a version after us") by zlib. */
static void a_later_version_is_not_damage(void **state)
{
    static const char line[] = "0d9b76c8 2 of a version after us\n";
    struct spool_reader_counters sum;
    char lines[8192];
    size_t len;

    (void)state;
    memcpy(lines, line, sizeof line - 1);
    len = add_lines(lines, sizeof line - 1, 0, 2);
    make_file(DEAD ".closed", lines, len);
    assert_int_equal(read_all(2, &sum), 2);
    assert_int_equal(sum.newer, 1);
    assert_int_equal(sum.damaged, 0);
}

static void other_files_are_nobodys_segments(void **state)
{
    struct region *region = region_new(0);
    struct segment *segments;
    size_t n;
    char path[512];

    (void)state;
    make_file("lock", "", 0);
    make_file(DEAD, "", 0);
    make_file(DEAD ".closed2", "", 0);
    make_file("20261121T101500Z-3f9a01c25b7e0d4g.closed", "", 0);
    make_file("x.closed", "", 0);
    snprintf(path, sizeof path, "%s/20261121T101500Z-3f9a01c25b7e0d00.closed", directory);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    make_file("20261122T101500Z-0000000000000000.open", "abc", 3);
    make_file("20261121T101500Z-ffffffffffffffff.closed", "", 0);
    assert_true(segment_list(directory, region, &segments, &n, error, sizeof error));
    assert_int_equal(n, 2);
    assert_string_equal(segments[0].id, "20261121T101500Z-ffffffffffffffff");
    assert_int_equal(segments[0].state, SEGMENT_CLOSED);
    assert_int_equal(segments[1].state, SEGMENT_OPEN);
    assert_int_equal(segments[1].octets, 3);
    region_free(region);
}

/* --- trouble --------------------------------------------------------------------------- */

static void one_writer_a_directory(void **state)
{
    struct spool *spool = start(&(struct spool_settings){ 0 }), *second;

    (void)state;
    assert_int_equal(spool_start(&(struct spool_settings){ .directory = directory }, &second,
                                 error, sizeof error),
                     SPOOL_BUSY);
    assert_non_null(strstr(error, "another process"));
    stop(spool);
    spool = start(&(struct spool_settings){ 0 });
    stop(spool);
}

/* Full: rows wait; the queue runs over: rows are lost; room: what waits is written. */
static void over_the_cap_and_back(void **state)
{
    const struct spool_settings tight = { .octets_max = 3000, .queue_rows_max = 20,
                                          .segment_octets = 1000, .retry_ms = 20 };
    struct spool *spool = start(&tight);
    struct spool_reader_counters sum;
    struct spool_counters before, after;
    unsigned accepted = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct row row;
        char name[32];

        make_row(&row, i, 0, name);
        accepted += spool_add(spool, &row);
        if (i < 15)
            AWAIT(spool, c.queued == 0 || c.failing);
    }
    AWAIT(spool, c.failing);
    before = count(spool);
    assert_true(before.octets <= 3000);
    assert_int_equal(before.queued, 20);
    assert_int_equal(before.written + before.queued, accepted);
    assert_int_equal(before.lost, 100 - accepted);
    assert_int_equal(read_all(100, &sum), before.written);
    empty_directory(); /* import; what waits may fill it again at once */
    AWAIT(spool, c.written > before.written);
    after = count(spool);
    assert_int_equal(after.lost, before.lost);
    assert_true(spool_stop(spool, PATIENCE_MS));
    after = count(spool);
    assert_int_equal(after.written + after.lost, 100); /* once, whatever happened */
    spool_free(spool);
}

static void a_directory_that_is_not_there_yet(void **state)
{
    struct spool *spool;
    struct spool_reader_counters sum;

    (void)state;
    assert_int_equal(rmdir(directory), 0);
    spool = start(&(struct spool_settings){ .retry_ms = 20 });
    assert_true(count(spool).failing);
    add(spool, 0, 3);
    assert_int_equal(mkdir(directory, 0700), 0);
    AWAIT(spool, c.written == 3 && !c.failing);
    stop(spool);
    assert_int_equal(read_all(3, &sum), 3);
    empty_directory();
    assert_int_equal(rmdir(directory), 0);
    spool = start(&(struct spool_settings){ 0 });
    assert_int_equal(mkdir(directory, 0700), 0);
    AWAIT(spool, !c.failing); /* seen without a row, too */
    stop(spool);
}

static void a_directory_that_goes_away(void **state)
{
    struct spool *spool = start(&(struct spool_settings){ .retry_ms = 20 });
    struct spool_reader_counters sum;

    (void)state;
    add(spool, 0, 3);
    AWAIT(spool, c.written == 3);
    empty_directory();
    assert_int_equal(rmdir(directory), 0);
    AWAIT(spool, c.lost == 3);
    add(spool, 3, 5);
    AWAIT(spool, c.failing && c.queued == 2);
    assert_int_equal(mkdir(directory, 0700), 0);
    AWAIT(spool, c.written == 5 && !c.failing);
    stop(spool);
    assert_int_equal(read_all(5, &sum), 2);
}

static void a_stop_in_trouble_ends(void **state)
{
    struct spool *spool;

    (void)state;
    assert_int_equal(rmdir(directory), 0);
    spool = start(&(struct spool_settings){ .retry_ms = 100000 });
    add(spool, 0, 7);
    AWAIT(spool, c.queued == 7);
    assert_true(spool_stop(spool, PATIENCE_MS));
    assert_int_equal(count(spool).lost, 7);
    spool_free(spool);
    assert_int_equal(mkdir(directory, 0700), 0);
    spool = start(&(struct spool_settings){ 0 });
    assert_true(spool_stop(spool, PATIENCE_MS));
    {
        struct row row;
        char name[32];

        make_row(&row, 0, 0, name);
        assert_false(spool_add(spool, &row)); /* too late, and counted */
    }
    assert_int_equal(count(spool).lost, 1);
    spool_free(spool);
}

/* --- the importer's side -------------------------------------------------------------- */

static struct segment only_segment(struct region *region)
{
    struct segment *segments;
    size_t n;

    assert_true(segment_list(directory, region, &segments, &n, error, sizeof error));
    assert_int_equal(n, 1);
    return segments[0];
}

static void an_open_segment_is_followed(void **state)
{
    struct region *region = region_new(0);
    char lines[8192];
    size_t one = add_lines(lines, 0, 0, 1), two = add_lines(lines, one, 1, 2);
    struct segment segment;
    struct spool_reader *reader;
    struct spool_reader_counters counters;
    struct row row;

    (void)state;
    make_file(DEAD ".open", lines, one + 20);
    segment = only_segment(region);
    reader = spool_reader_open(directory, &segment, error, sizeof error);
    assert_int_equal(spool_reader_next(reader, &row), SPOOL_ROW);
    assert_int_equal(spool_reader_next(reader, &row), SPOOL_END);
    make_file(DEAD ".open", lines, one); /* the half line was taken back */
    assert_int_equal(spool_reader_next(reader, &row), SPOOL_END);
    make_file(DEAD ".open", lines, two);
    assert_int_equal(spool_reader_next(reader, &row), SPOOL_ROW);
    assert_int_equal(row_number(&row), 1);
    assert_int_equal(spool_reader_next(reader, &row), SPOOL_END);
    spool_reader_count(reader, &counters);
    assert_int_equal(counters.damaged, 0);
    spool_reader_close(reader);
    region_free(region);
}

static void import_has_a_lock_and_takes_what_the_dead_left(void **state)
{
    struct region *region = region_new(0);
    char lines[8192];
    size_t len = add_lines(lines, 0, 0, 2);
    struct segment segment;
    struct spool *spool;
    bool busy;
    int lock;

    (void)state;
    make_file(DEAD ".open", lines, len);
    lock = spool_import_lock(directory, &busy, error, sizeof error);
    assert_true(lock >= 0);
    assert_int_equal(spool_import_lock(directory, &busy, error, sizeof error), -1);
    assert_true(busy);
    segment = only_segment(region);
    assert_int_equal(segment.state, SEGMENT_CLOSED);
    assert_true(spool_segment_done(directory, &segment));
    assert_int_equal(files(".closed"), 0);
    assert_false(spool_segment_done(directory, &segment));
    assert_int_equal(errno, ENOENT);
    close(lock);

    spool = start(&(struct spool_settings){ 0 }); /* alive: its segment stays open */
    add(spool, 0, 2);
    AWAIT(spool, c.written == 2);
    lock = spool_import_lock(directory, &busy, error, sizeof error);
    assert_true(lock >= 0);
    assert_int_equal(files(".open"), 1);
    close(lock);
    segment = only_segment(region);
    stop(spool);
    { /* closed since it was listed */
        struct spool_reader *reader =
            spool_reader_open(directory, &segment, error, sizeof error);
        struct row row;

        assert_non_null(reader);
        assert_int_equal(spool_reader_next(reader, &row), SPOOL_ROW);
        spool_reader_close(reader);
    }
    assert_int_equal(spool_import_lock("/nowhere", &busy, error, sizeof error), -1);
    assert_false(busy);
    region_free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_are_closed_by_size_and_age, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_at_once_writes_what_is_queued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_writer_left_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_costs_the_damaged_rows_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_version_is_not_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_files_are_nobodys_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_writer_a_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(over_the_cap_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_goes_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_in_trouble_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_segment_is_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(import_has_a_lock_and_takes_what_the_dead_left, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
