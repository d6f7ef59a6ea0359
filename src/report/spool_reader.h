/* spool_reader.h: the reading end of the spool, for import and for people.
 *
 * An importer does, under the lock that spool_import_lock() takes:
 *
 *     segment_list() -> for each closed one:
 *         spool_reader_open() -> spool_reader_next() ... -> store, commit
 *         spool_segment_done()
 *
 * and notes the segment's id in the store in the transaction that takes its rows:
 * killed between commit and spool_segment_done(), it finds the id there next time,
 * and only deletes the file.  Open segments can be read at any time: the end is
 * where the writer has got to, and spool_reader_next() may be called again later.
 */
#ifndef VIDIMUS_REPORT_SPOOL_READER_H
#define VIDIMUS_REPORT_SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/row.h"
#include "report/segment.h"

/* Takes the importer's lock of DIRECTORY and closes segments whose writer is dead,
 * if none lives.  close(2) gives it back.  -1: text in ERROR; *BUSY: because another
 * importer holds it. */
int spool_import_lock(const char *directory, bool *busy, char *error, size_t error_size);

struct spool_reader;

/* Opens SEGMENT of DIRECTORY.  NULL: text in ERROR. */
struct spool_reader *spool_reader_open(const char *directory, const struct segment *segment,
                                       char *error, size_t error_size);
void spool_reader_close(struct spool_reader *reader); /* NULL allowed */

enum spool_reading {
    SPOOL_ROW,  /* *ROW holds the next intact row, until the next call */
    SPOOL_END,  /* no more rows (of an open segment: yet) */
    SPOOL_ERROR /* the file cannot be read: errno */
};

/* Skips what is damaged, and counts it. */
enum spool_reading spool_reader_next(struct spool_reader *reader, struct row *row);

struct spool_reader_counters {
    uint64_t rows;
    uint64_t damaged; /* lines that are not rows: a torn tail, a broken disk */
    uint64_t newer;   /* rows of a later version: leave the segment to that */
};

void spool_reader_count(const struct spool_reader *reader, struct spool_reader_counters *counters);

/* SEGMENT (closed) is safe elsewhere: deletes it.  False: errno. */
bool spool_segment_done(const char *directory, const struct segment *segment);

#endif
