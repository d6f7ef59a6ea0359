/* segment.h: the files of the spool (README: their names and states).
 *
 * One directory; one writer, which holds `lock`; one importer, which holds
 * `import.lock`; anybody may look.
 */
#ifndef VIDIMUS_REPORT_SEGMENT_H
#define VIDIMUS_REPORT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct region;

enum { SEGMENT_NAME_SIZE = 48 };

enum segment_state {
    SEGMENT_OPEN,  /* ID.open: a writer appends; or was killed, until the next one closes it */
    SEGMENT_CLOSED /* ID.closed: never changes any more */
};

struct segment {
    char id[SEGMENT_NAME_SIZE]; /* unique among all hosts and for ever */
    enum segment_state state;
    uint64_t octets;
};

/* The segments of DIRECTORY, oldest first, in REGION.  False: text in ERROR. */
bool segment_list(const char *directory, struct region *region, struct segment **segments,
                  size_t *count, char *error, size_t error_size);

#endif
