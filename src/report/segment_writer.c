#include "report/segment_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct segment_writer *w, const char *what)
{
    snprintf(w->why, sizeof w->why, "%s: %s: %s", w->path, what, strerror(errno));
    return false;
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Everything from the beginning, next time. */
static void let_go(struct segment_writer *w)
{
    drop(&w->fd);
    drop(&w->lock);
    drop(&w->directory);
    w->tidy = false;
}

void segment_writer_init(struct segment_writer *w)
{
    w->directory = w->lock = w->fd = -1;
    w->octets = w->closed = w->vanished = w->rows = 0;
    w->busy = w->tidy = false;
    w->why[0] = '\0';
}

/* The directory is there and locked. */
static bool enter(struct segment_writer *w)
{
    w->busy = false;
    if (w->directory >= 0)
        return true;
    w->directory = segment_directory(w->path);
    if (w->directory < 0)
        return fail(w, "cannot open the directory");
    w->lock = segment_lock(w->directory, SEGMENT_WRITER_LOCK);
    if (w->lock >= 0)
        return true;
    w->busy = errno == EWOULDBLOCK;
    fail(w, w->busy ? "another process writes there" : "cannot lock");
    let_go(w);
    return false;
}

bool segment_writer_begin(struct segment_writer *w)
{
    if (!enter(w))
        return false;
    if (w->tidy)
        return true;
    if (!segment_close_orphans(w->directory) || !segment_octets(w->directory, &w->octets))
        return fail(w, "cannot close old segments");
    w->tidy = true;
    return true;
}

/* What cannot be closed now is closed as a dead writer's. */
static bool close_segment(struct segment_writer *w)
{
    if (w->fd < 0)
        return true;
    drop(&w->fd);
    w->tidy = segment_close(w->directory, &w->segment);
    if (!w->tidy)
        return fail(w, "cannot close the segment");
    w->closed++;
    (void)segment_octets(w->directory, &w->octets); /* import deletes */
    return true;
}

static bool is_deleted(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static bool begin_segment(struct segment_writer *w, int64_t now_ms)
{
    if (w->fd >= 0)
        return true;
    w->fd = segment_begin(w->directory, &w->segment);
    if (w->fd < 0) {
        fail(w, "cannot create a segment");
        if (is_deleted(w->directory))
            let_go(w);
        return false;
    }
    w->began_ms = now_ms;
    w->rows = 0;
    return true;
}

/* Import makes room behind our back: counted again before the answer is no. */
static bool has_room(struct segment_writer *w, size_t len)
{
    if (w->octets + len <= w->octets_max)
        return true;
    if (segment_octets(w->directory, &w->octets) && w->octets + len <= w->octets_max)
        return true;
    snprintf(w->why, sizeof w->why, "%s: full: %" PRIu64 " octets, spool-max allows %" PRIu64,
             w->path, w->octets, w->octets_max);
    return false;
}

/* Takes back the part of a line that was written; where that fails too, the segment
 * ends with it. */
static void take_back(struct segment_writer *w)
{
    if (ftruncate(w->fd, (off_t)w->segment.octets) != 0)
        (void)close_segment(w);
}

bool segment_writer_append(struct segment_writer *w, struct text line, int64_t now_ms)
{
    ssize_t written;

    if (!segment_writer_begin(w) || !has_room(w, line.len) || !begin_segment(w, now_ms))
        return false;
    errno = ENOSPC; /* what a short write means */
    written = write(w->fd, line.data, line.len);
    if (written < 0 || (size_t)written != line.len) {
        fail(w, "cannot write");
        if (written > 0)
            take_back(w);
        return false;
    }
    w->segment.octets += line.len;
    w->octets += line.len;
    w->rows++;
    if (w->segment.octets >= w->segment_octets)
        (void)close_segment(w); /* the line stands, whatever becomes of the name */
    return true;
}

void segment_writer_tick(struct segment_writer *w, int64_t now_ms)
{
    if (w->fd < 0)
        return;
    if (is_deleted(w->fd)) {
        w->vanished += w->rows;
        drop(&w->fd);
    } else if (now_ms - w->began_ms >= w->segment_ms) {
        (void)close_segment(w);
    }
}

void segment_writer_end(struct segment_writer *w)
{
    (void)close_segment(w);
    let_go(w);
}
