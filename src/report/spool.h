/* spool.h: the writing end of the spool: rows on their way from the daemon's
 * callbacks to segment files.
 *
 * spool_add() puts a row into a bounded queue and returns; one thread of our own
 * takes it from there and appends it to the open segment with one write(2).  So
 * nobody who judges mail ever waits for a disk.  What the disk does not take (full,
 * unwritable, gone, over the cap) waits in the queue and is tried again; what
 * finds the queue full is lost, counted, and told once a minute.
 *
 * A row is counted as written after its write(2): from then on it survives the
 * end of the process at any instant.  (README: what a power failure can cost.)
 */
#ifndef VIDIMUS_REPORT_SPOOL_H
#define VIDIMUS_REPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct row;
struct spool;

/* What is 0 takes its default (spool.c). */
struct spool_settings {
    const char *directory;  /* whole path; lent */
    uint64_t octets_max;    /* of all segments together */
    size_t queue_rows_max;
    size_t queue_octets_max;
    uint64_t segment_octets; /* a segment is closed at this size, */
    int64_t segment_ms;      /* or at this age */
    int64_t retry_ms;        /* after a failure */
    int64_t tell_ms;         /* between two lines of the log about one trouble */
};

enum spool_start {
    SPOOL_STARTED, /* maybe without a directory yet: it is tried again */
    SPOOL_BUSY,    /* another process writes there */
    SPOOL_FAILED   /* no memory, no thread */
};

/* Makes the directory PATH, and the one above it, if they are missing; for UID and
 * GID, if we are root.  What does not work shows when the spool starts. */
void spool_make_directory(const char *path, uid_t uid, gid_t gid);

/* Locks the directory, closes what a writer before us left open, starts the
 * thread.  ERROR gets a text if not started. */
enum spool_start spool_start(const struct spool_settings *settings, struct spool **spool,
                             char *error, size_t error_size);

/* From any thread; never waits for the disk.  False: the row is lost (counted), as
 * is a NULL: one that there was no memory for. */
bool spool_add(struct spool *spool, const struct row *row);

struct spool_counters {
    uint64_t written; /* rows */
    uint64_t lost;    /* rows */
    uint64_t queued;  /* rows, now */
    uint64_t octets;  /* of all segments, as far as known */
    uint64_t segments_closed;
    bool failing;     /* the last try to write failed */
    int64_t stuck_ms; /* how long the thread has been at one step; 0: it waits */
};

/* Numbers read together belong to one instant. */
void spool_count(struct spool *spool, struct spool_counters *counters);

/* Writes out the queue and closes the segment: waits for that at most LIMIT_MS.
 * Rows added later, and those that did not make it, are lost (counted and told).
 * False: the thread hangs in the disk. */
bool spool_stop(struct spool *spool, int64_t limit_ms);

/* After spool_stop(), when nobody adds rows any more; NULL allowed.  A spool whose
 * thread hangs is left alone. */
void spool_free(struct spool *spool);

#endif
