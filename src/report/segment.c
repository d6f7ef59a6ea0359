#include "report/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/region.h"
#include "base/text.h"

enum { FILE_NAME_SIZE = SEGMENT_ID_SIZE + 8, MODE = 0640 };

const struct name segment_state_names[] = {
    { SEGMENT_OPEN, "open" },
    { SEGMENT_CLOSED, "closed" },
    { 0, NULL },
};

/* --- names ---------------------------------------------------------------- */

static const char *file_name(const struct segment *segment, enum segment_state state,
                             char out[FILE_NAME_SIZE])
{
    snprintf(out, FILE_NAME_SIZE, "%s.%s", segment->id, name_of(segment_state_names, (int)state));
    return out;
}

static bool is_id_octet(char c)
{
    return octet_is_digit(c) || (c >= 'a' && c <= 'f') || c == 'T' || c == 'Z' || c == '-';
}

/* Whether FILE is a segment's; fills id and state. */
static bool parse_name(const char *file, struct segment *segment)
{
    struct text t = text_of(file);
    struct text id = text_head(t, text_find(t, '.'));
    int state;

    if (id.len != SEGMENT_ID_SIZE - 1 || !text_all(id, is_id_octet))
        return false;
    for (state = SEGMENT_OPEN; state <= SEGMENT_CLOSED; state++)
        if (text_equal(text_tail(t, id.len + 1), text_of(name_of(segment_state_names, state))))
            break;
    if (state > SEGMENT_CLOSED)
        return false;
    memcpy(segment->id, id.data, id.len);
    segment->id[id.len] = '\0';
    segment->state = (enum segment_state)state;
    return true;
}

/* 20261121T101500Z-3f9a01c25b7e0d44 */
static bool make_id(char id[SEGMENT_ID_SIZE])
{
    time_t now = (time_t)clock_epoch();
    uint64_t chance;
    struct tm utc;
    size_t len;

    if (getrandom(&chance, sizeof chance, 0) != sizeof chance || !gmtime_r(&now, &utc))
        return false;
    len = strftime(id, SEGMENT_ID_SIZE, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(id + len, SEGMENT_ID_SIZE - len, "-%016" PRIx64, chance);
    return strlen(id) == SEGMENT_ID_SIZE - 1;
}

/* --- the directory --------------------------------------------------------- */

int segment_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What root makes, when he imports by hand, is the directory's owner's too. */
static void give_to_owner(int directory, int fd)
{
    struct stat st;

    if (geteuid() == 0 && fstat(directory, &st) == 0)
        (void)!fchown(fd, st.st_uid, st.st_gid);
}

int segment_lock(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, MODE);
    int error;

    if (fd >= 0)
        give_to_owner(directory, fd);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The next entry, or NULL: at the end with errno 0. */
static struct dirent *next_entry(DIR *dir)
{
    errno = 0;
    return readdir(dir);
}

/* Calls VISIT_ONE for each segment until it says false. */
static bool visit(int directory, bool (*visit_one)(void *context, const struct segment *segment),
                  void *context)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    struct segment segment;
    struct stat st;
    bool good = true;
    int error;

    if (!dir) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    while (good && (entry = next_entry(dir))) {
        if (!parse_name(entry->d_name, &segment) ||
            fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        segment.octets = (uint64_t)st.st_size;
        good = visit_one(context, &segment);
    }
    error = errno;
    closedir(dir);
    errno = error;
    return good && error == 0;
}

struct list {
    struct region *region;
    struct segment *items;
    size_t count, capacity;
};

static bool add_to_list(void *context, const struct segment *segment)
{
    struct list *list = context;

    if (list->count == list->capacity) {
        size_t wanted = list->capacity ? list->capacity * 2 : 64;
        struct segment *grown = region_array(list->region, wanted, sizeof *grown);

        if (!grown) {
            errno = ENOMEM;
            return false;
        }
        if (list->count)
            memcpy(grown, list->items, list->count * sizeof *grown);
        list->items = grown;
        list->capacity = wanted;
    }
    list->items[list->count++] = *segment;
    return true;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct segment *)a)->id, ((const struct segment *)b)->id);
}

bool segment_list(const char *path, struct region *region, struct segment **segments,
                  size_t *count, char *error, size_t error_size)
{
    struct list list = { .region = region };
    int directory = segment_directory(path);
    bool good = directory >= 0 && visit(directory, add_to_list, &list);

    if (!good)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    if (directory >= 0)
        close(directory);
    if (good && list.count)
        qsort(list.items, list.count, sizeof *list.items, by_id);
    *segments = list.items;
    *count = good ? list.count : 0;
    return good;
}

static bool add_octets(void *context, const struct segment *segment)
{
    *(uint64_t *)context += segment->octets;
    return true;
}

bool segment_octets(int directory, uint64_t *octets)
{
    *octets = 0;
    return visit(directory, add_octets, octets);
}

/* --- one segment ------------------------------------------------------------ */

int segment_begin(int directory, struct segment *segment)
{
    char name[FILE_NAME_SIZE];

    *segment = (struct segment){ .state = SEGMENT_OPEN };
    if (!make_id(segment->id))
        return -1;
    return openat(directory, file_name(segment, SEGMENT_OPEN, name),
                  O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, MODE);
}

int segment_open(int directory, const struct segment *segment)
{
    char name[FILE_NAME_SIZE];
    int fd = openat(directory, file_name(segment, segment->state, name),
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT && segment->state == SEGMENT_OPEN)
        fd = openat(directory, file_name(segment, SEGMENT_CLOSED, name),
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd;
}

/* The data of NAME is on the disk before its new name says that it is. */
static bool sync_file(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool good = fd >= 0 && fsync(fd) == 0;
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return good;
}

bool segment_close(int directory, struct segment *segment)
{
    char from[FILE_NAME_SIZE], to[FILE_NAME_SIZE];

    file_name(segment, SEGMENT_OPEN, from);
    file_name(segment, SEGMENT_CLOSED, to);
    if (!sync_file(directory, from) || renameat(directory, from, directory, to) != 0)
        return false;
    segment->state = SEGMENT_CLOSED;
    return fsync(directory) == 0;
}

bool segment_delete(int directory, const struct segment *segment)
{
    char name[FILE_NAME_SIZE];

    return unlinkat(directory, file_name(segment, segment->state, name), 0) == 0 &&
           fsync(directory) == 0;
}

static bool close_orphan(void *context, const struct segment *found)
{
    const int *directory = context;
    struct segment segment = *found;

    if (segment.state != SEGMENT_OPEN)
        return true;
    return segment.octets ? segment_close(*directory, &segment)
                          : segment_delete(*directory, &segment);
}

bool segment_close_orphans(int directory)
{
    return visit(directory, close_orphan, &directory);
}
