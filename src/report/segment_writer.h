/* segment_writer.h: appends lines to the open segment, begins and closes segments.
 *
 * Finds its way back by itself: after a failure (no space, no directory, the
 * directory removed under it) the next call begins where things stand then.
 * For one thread.
 */
#ifndef VIDIMUS_REPORT_SEGMENT_WRITER_H
#define VIDIMUS_REPORT_SEGMENT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "report/segment.h"

enum { SEGMENT_WHY_OCTETS = 512 };

struct segment_writer {
    /* what shall be */
    const char *path;        /* of the directory; lent */
    uint64_t octets_max;     /* of all segments together */
    uint64_t segment_octets; /* one is closed when it has so many */
    int64_t segment_ms;      /* or is so old */
    /* what is */
    uint64_t octets;                /* of all segments, as far as known */
    uint64_t closed;                /* segments closed so far */
    uint64_t vanished;              /* rows of segments that somebody deleted while open */
    bool busy;                      /* the failure is that another process writes there */
    char why[SEGMENT_WHY_OCTETS];   /* the last failure, in words */
    /* private */
    int directory, lock, fd;
    bool tidy; /* no segment of a dead writer is left open */
    struct segment segment;
    uint64_t rows; /* in it */
    int64_t began_ms;
};

/* Fills the private part; what shall be is the caller's. */
void segment_writer_init(struct segment_writer *writer);

/* Opens and locks the directory, closes what a dead writer left open.  It is done
 * by the other calls when it has not been. */
bool segment_writer_begin(struct segment_writer *writer);

/* Appends LINE by one write(2): all of it, or (false) nothing. */
bool segment_writer_append(struct segment_writer *writer, struct text line, int64_t now_ms);

/* Now and then: closes an old segment, notices a deleted one. */
void segment_writer_tick(struct segment_writer *writer, int64_t now_ms);

/* Closes the segment, gives the lock back. */
void segment_writer_end(struct segment_writer *writer);

#endif
