/* segment.h: the files of the spool: their names, states and locks (README).
 *
 * One directory; one writer, which holds its `lock`; one importer, which holds its
 * `import.lock`; anybody may look.  Functions that return bool set errno.
 */
#ifndef VIDIMUS_REPORT_SEGMENT_H
#define VIDIMUS_REPORT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

struct region;

enum { SEGMENT_ID_SIZE = 34 };

enum segment_state {
    SEGMENT_OPEN,  /* ID.open: a writer appends; or was killed, until the next one closes it */
    SEGMENT_CLOSED /* ID.closed: never changes any more */
};

extern const struct name segment_state_names[]; /* "open", "closed" */

struct segment {
    char id[SEGMENT_ID_SIZE]; /* when it began, and 64 random bits: unique among hosts */
    enum segment_state state;
    uint64_t octets;
};

/* The segments of DIRECTORY, oldest first, in REGION.  False: text in ERROR. */
bool segment_list(const char *directory, struct region *region, struct segment **segments,
                  size_t *count, char *error, size_t error_size);

/* --- for writer and importer; DIRECTORY is a descriptor --- */

#define SEGMENT_WRITER_LOCK "lock"
#define SEGMENT_IMPORT_LOCK "import.lock"

/* The descriptor of the directory PATH, or -1. */
int segment_directory(const char *path);

/* Takes the lock called NAME; it is held until the descriptor is closed, or the
 * process ends.  -1: errno, EWOULDBLOCK when another process holds it. */
int segment_lock(int directory, const char *name);

/* A new, empty, open segment; its descriptor appends.  -1: errno. */
int segment_begin(int directory, struct segment *segment);

/* Opens SEGMENT for reading, also if it was closed since it was listed.  -1: errno. */
int segment_open(int directory, const struct segment *segment);

/* Makes open SEGMENT closed, on the disk: its data, then its name. */
bool segment_close(int directory, struct segment *segment);

/* Does so for all open segments, whose writer is dead; empty ones are removed.
 * Needs the writer's lock. */
bool segment_close_orphans(int directory);

bool segment_delete(int directory, const struct segment *segment);

/* Octets of all segments together. */
bool segment_octets(int directory, uint64_t *octets);

#endif
