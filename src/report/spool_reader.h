/* spool_reader.h: the reading end of the spool, for import and for people.
 *
 * An importer does, under the lock that spool_import_lock() takes:
 *
 *     segment_list() -> for each closed one:
 *         spool_reader_open() -> spool_reader_next() ... -> store, commit
 *         spool_segment_done()
 *
 * and notes the segment's id in the store in the same database transaction as its rows:
 * killed between commit and spool_segment_done(), it finds the id there and only
 * has the file deleted.  Open segments can be read at any time: the end is then
 * where the writer has got to, and spool_reader_offset() says where to go on.
 */
#ifndef VIDIMUS_REPORT_SPOOL_READER_H
#define VIDIMUS_REPORT_SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/row.h"
#include "report/segment.h"

struct spool_reader;

/* Opens SEGMENT of DIRECTORY at OFFSET (0, or what spool_reader_offset() gave).
 * NULL: text in ERROR. */
struct spool_reader *spool_reader_open(const char *directory, const struct segment *segment,
                                       uint64_t offset, char *error, size_t error_size);
void spool_reader_close(struct spool_reader *reader); /* NULL allowed */

enum spool_reading {
    SPOOL_ROW,  /* *ROW holds the next intact row, until the next call */
    SPOOL_END,  /* no more rows (of an open segment: yet) */
    SPOOL_ERROR /* the file cannot be read: spool_reader_error() */
};

/* Skips what is damaged, and counts it. */
enum spool_reading spool_reader_next(struct spool_reader *reader, struct row *row);

struct spool_reader_counters {
    uint64_t rows;
    uint64_t damaged; /* lines that are not rows: a torn tail, a broken disk */
    uint64_t newer;   /* rows of a later version: leave the segment for it */
};

void spool_reader_count(const struct spool_reader *reader, struct spool_reader_counters *counters);
const char *spool_reader_error(const struct spool_reader *reader);

/* The octet behind what was read so far. */
uint64_t spool_reader_offset(const struct spool_reader *reader);

/* Takes the importer's lock of DIRECTORY; -1: text in ERROR (*BUSY: another
 * importer holds it).  Also closes segments that no writer has any more.  close(2)
 * gives it back. */
int spool_import_lock(const char *directory, bool *busy, char *error, size_t error_size);

/* SEGMENT's rows are safe elsewhere: deletes it.  False: errno. */
bool spool_segment_done(const char *directory, const struct segment *segment);

#endif
