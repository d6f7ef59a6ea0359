#include "report/spool_reader.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct spool_reader {
    int fd;
    bool complete;   /* closed: what stands at the end without LF is torn */
    bool skipping;   /* within a line that is longer than any row */
    uint64_t start;  /* where in the file buffer[0] stands */
    size_t used, filled;
    struct spool_reader_counters counters;
    char buffer[ROW_LINE_MAX];
};

int spool_import_lock(const char *path, bool *busy, char *error, size_t error_size)
{
    int directory = segment_directory(path);
    int lock = directory < 0 ? -1 : segment_lock(directory, SEGMENT_IMPORT_LOCK);
    int writer;

    *busy = directory >= 0 && lock < 0 && errno == EWOULDBLOCK;
    if (*busy)
        snprintf(error, error_size, "%s: another import is running", path);
    else if (lock < 0)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    writer = lock < 0 ? -1 : segment_lock(directory, SEGMENT_WRITER_LOCK);
    if (writer >= 0) {
        (void)segment_close_orphans(directory); /* else they wait */
        close(writer);
    }
    if (directory >= 0)
        close(directory);
    return lock;
}

struct spool_reader *spool_reader_open(const char *path, const struct segment *segment,
                                       char *error, size_t error_size)
{
    struct spool_reader *reader = malloc(sizeof *reader);
    int directory = segment_directory(path);

    if (reader) {
        memset(reader, 0, offsetof(struct spool_reader, buffer));
        reader->complete = segment->state == SEGMENT_CLOSED;
        reader->fd = directory < 0 ? -1 : segment_open(directory, segment);
    }
    if (!reader || reader->fd < 0) {
        snprintf(error, error_size, "%s/%s: %s", path, segment->id, strerror(errno));
        free(reader);
        reader = NULL;
    }
    if (directory >= 0)
        close(directory);
    return reader;
}

void spool_reader_close(struct spool_reader *reader)
{
    if (!reader)
        return;
    close(reader->fd);
    free(reader);
}

static void drop_used(struct spool_reader *reader)
{
    reader->filled -= reader->used;
    memmove(reader->buffer, reader->buffer + reader->used, reader->filled);
    reader->start += reader->used;
    reader->used = 0;
}

/* The buffer holds no whole line: reads more.  False: end or error (*GOT). */
static bool fill(struct spool_reader *reader, ssize_t *got)
{
    drop_used(reader);
    if (reader->filled == sizeof reader->buffer) {
        reader->skipping = true;
        reader->used = reader->filled;
        drop_used(reader);
    }
    *got = pread(reader->fd, reader->buffer + reader->filled,
                 sizeof reader->buffer - reader->filled, (off_t)(reader->start + reader->filled));
    if (*got > 0)
        reader->filled += (size_t)*got;
    return *got > 0;
}

/* What stands behind the last LF: of an open segment it is a line that is being
 * written, or will be taken back: it is read again next time. */
static void end_of_file(struct spool_reader *reader)
{
    if (reader->complete && (reader->filled > 0 || reader->skipping)) {
        reader->counters.damaged++;
        reader->skipping = false;
        reader->used = reader->filled;
        drop_used(reader);
    }
    reader->filled = 0;
}

/* The next line; *LEN without its LF.  NULL: end or error (*GOT). */
static char *next_line(struct spool_reader *reader, size_t *len, ssize_t *got)
{
    for (;;) {
        char *line = reader->buffer + reader->used;
        char *end = memchr(line, '\n', reader->filled - reader->used);

        if (!end && !fill(reader, got))
            return NULL;
        if (!end)
            continue;
        reader->used += (size_t)(end - line) + 1;
        *len = (size_t)(end - line);
        if (!reader->skipping)
            return line;
        reader->skipping = false;
        reader->counters.damaged++;
    }
}

enum spool_reading spool_reader_next(struct spool_reader *reader, struct row *row)
{
    ssize_t got = 0;
    size_t len;

    for (char *line; (line = next_line(reader, &len, &got));) {
        switch (row_read(line, len, row)) {
        case ROW_READ_OK:
            reader->counters.rows++;
            return SPOOL_ROW;
        case ROW_READ_DAMAGED:
            reader->counters.damaged++;
            break;
        case ROW_READ_NEWER:
            reader->counters.newer++;
            break;
        }
    }
    if (got < 0)
        return SPOOL_ERROR;
    end_of_file(reader);
    return SPOOL_END;
}

void spool_reader_count(const struct spool_reader *reader, struct spool_reader_counters *counters)
{
    *counters = reader->counters;
}

bool spool_segment_done(const char *path, const struct segment *segment)
{
    int directory = segment_directory(path);
    bool done = directory >= 0 && segment_delete(directory, segment);
    int error = errno;

    if (directory >= 0)
        close(directory);
    errno = error;
    return done;
}
