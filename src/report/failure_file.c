#include "report/failure_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/region.h"
#include "report/failure.h"

enum { UNFINISHED_S = 3600, LISTED_MAX = 2 * FAILURE_FILES_MAX };

static const char unfinished[] = ".new";
static const char finished[] = ".failure";

int failure_directory(const char *spool, bool make)
{
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/failure", spool) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && len < FAILURE_NAME_SIZE && strcmp(name + len - end_len, end) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct failure_file *)a)->name, ((const struct failure_file *)b)->name);
}

/* Takes NAME into FILES if it is a failure. */
static void list_one(int directory, const char *name, int64_t now, struct failure_file *files,
                     size_t *count)
{
    struct stat st;

    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return;
    if (ends_in(name, unfinished) && now - st.st_mtime > UNFINISHED_S)
        (void)unlinkat(directory, name, 0);
    if (!ends_in(name, finished) || *count == LISTED_MAX)
        return;
    files[*count] = (struct failure_file){ .due = st.st_mtime };
    memcpy(files[(*count)++].name, name, strlen(name) + 1);
}

bool failure_files(int directory, struct region *region, int64_t now,
                   struct failure_file **files, size_t *count)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    int error;

    *count = 0;
    *files = region_array(region, LISTED_MAX, sizeof **files);
    if (!dir || !*files) {
        error = dir ? ENOMEM : errno;
        if (dir)
            closedir(dir);
        else if (copy >= 0)
            close(copy);
        errno = error;
        return false;
    }
    for (errno = 0; (entry = readdir(dir)); errno = 0)
        list_one(directory, entry->d_name, now, *files, count);
    error = errno;
    closedir(dir);
    qsort(*files, *count, sizeof **files, by_name);
    errno = error;
    return error == 0;
}

/* T as a whole on the disk, or nothing. */
static bool write_whole(int directory, const char *name, struct text t)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t written;
    bool good;
    int error;

    if (fd < 0)
        return false;
    errno = ENOSPC; /* what a short write means */
    written = write(fd, t.data, t.len);
    good = written >= 0 && (size_t)written == t.len;
    error = errno;
    if (close(fd) != 0 && good) {
        good = false;
        error = errno;
    }
    if (!good)
        (void)unlinkat(directory, name, 0);
    errno = error;
    return good;
}

bool failure_file_write(int directory, char name[FAILURE_NAME_SIZE], struct text t)
{
    char temporary[FAILURE_NAME_SIZE], fresh[FAILURE_NAME_SIZE];
    uint64_t chance;
    int error;

    if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
        return false;
    snprintf(temporary, sizeof temporary, "%010" PRId64 "-%016" PRIx64 "%s", clock_epoch(), chance,
             unfinished);
    snprintf(fresh, sizeof fresh, "%010" PRId64 "-%016" PRIx64 "%s", clock_epoch(), chance,
             finished);
    if (!write_whole(directory, temporary, t))
        return false;
    if (!*name)
        memcpy(name, fresh, sizeof fresh);
    if (renameat(directory, temporary, directory, name) == 0)
        return true;
    error = errno;
    (void)unlinkat(directory, temporary, 0);
    errno = error;
    return false;
}

bool failure_file_read(int directory, struct region *region, const char *name, struct text *t)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *octets = fd < 0 ? NULL : region_alloc(region, FAILURE_OCTETS_MAX + 1);
    size_t len = 0;
    ssize_t n = -1;

    if (fd >= 0 && !octets)
        errno = ENOMEM;
    while (octets && len <= FAILURE_OCTETS_MAX &&
           (n = read(fd, octets + len, FAILURE_OCTETS_MAX + 1 - len)) > 0)
        len += (size_t)n;
    if (fd >= 0)
        close(fd);
    *t = (struct text){ octets, len };
    return octets && n >= 0;
}

bool failure_file_postpone(int directory, const char *name, int64_t due)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)due } };

    return utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

bool failure_file_delete(int directory, const char *name)
{
    return unlinkat(directory, name, 0) == 0;
}
