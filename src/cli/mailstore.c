#include "cli/mailstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, FIRST_OCTETS = 64 * 1024 };

static const char separator[] = "From ";

struct mailstore {
    struct {
        DIR *directory;
        size_t path_len;
    } levels[DEPTH_MAX];
    size_t depth;
    char path[PATH_MAX]; /* of the open file, or of the deepest directory */
    FILE *file;
    bool is_mbox;
    size_t number;
    char *data;
    size_t len, capacity;
    bool too_large;
};

/* --- messages of a file --------------------------------------------------- */

static bool begins_with_separator(const char *data, size_t len)
{
    return len >= sizeof separator - 1 && memcmp(data, separator, sizeof separator - 1) == 0;
}

static bool reserve(struct mailstore *store)
{
    size_t capacity = store->capacity ? store->capacity * 2 : FIRST_OCTETS;
    char *data;

    if (store->len < store->capacity)
        return true;
    data = realloc(store->data, capacity);
    if (!data)
        return false;
    store->data = data;
    store->capacity = capacity;
    return true;
}

/* Adds the next line with its end.  What goes beyond the bound is read and dropped.
 * False: the file is over. */
static bool read_line(struct mailstore *store)
{
    bool any = false;
    int c;

    while ((c = getc_unlocked(store->file)) != EOF) {
        any = true;
        if (store->len >= STORED_MESSAGE_MAX || !reserve(store))
            store->too_large = true;
        else
            store->data[store->len++] = (char)c;
        if (c == '\n')
            break;
    }
    return any;
}

/* The line that was added at START: whether it ends the message before it. */
static bool is_separator(const struct mailstore *store, size_t start)
{
    const char *line = store->data + start;
    size_t len = store->len - start;
    bool after_empty = start == 0 || (start >= 2 && line[-1] == '\n' && line[-2] == '\n') ||
                       (start >= 3 && memcmp(line - 3, "\n\r\n", 3) == 0);

    return after_empty && begins_with_separator(line, len);
}

/* ">From " to "From " (mboxrd). */
static void unescape(struct mailstore *store, size_t start)
{
    char *line = store->data + start;
    size_t len = store->len - start, quotes = 0;

    while (quotes < len && line[quotes] == '>')
        quotes++;
    if (quotes == 0 || !begins_with_separator(line + quotes, len - quotes))
        return;
    memmove(line, line + 1, len - 1);
    store->len--;
}

/* The empty line in front of a separator, or at the end of the file, is no part of the
 * message. */
static size_t without_empty_line(const struct mailstore *store, size_t end)
{
    const char *last = store->data + end;

    if (end >= 2 && memcmp(last - 2, "\n\n", 2) == 0)
        return end - 1;
    if (end >= 3 && memcmp(last - 3, "\n\r\n", 3) == 0)
        return end - 2;
    return end;
}

/* The message up to the next separator, or to the end of the file; false: none. */
static bool read_message(struct mailstore *store)
{
    size_t start = 0;
    bool any = false;

    store->len = 0;
    store->too_large = false;
    while (read_line(store)) {
        if (store->is_mbox && is_separator(store, start)) {
            if (any) {
                store->len = without_empty_line(store, start);
                return true;
            }
            store->len = start = 0; /* that of the first message */
            any = true;
            continue;
        }
        any = true;
        if (store->is_mbox)
            unescape(store, start);
        start = store->len;
    }
    if (any && store->is_mbox)
        store->len = without_empty_line(store, store->len);
    return any;
}

/* --- files ------------------------------------------------------------------ */

static void close_file(struct mailstore *store)
{
    if (store->file)
        fclose(store->file);
    store->file = NULL;
}

/* Opens the regular file at store->path. */
static bool open_file(struct mailstore *store)
{
    int fd = open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char start[sizeof separator - 1];
    size_t len;

    store->file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!store->file) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    len = fread(start, 1, sizeof start, store->file);
    if (ferror(store->file) || fseek(store->file, 0, SEEK_SET) != 0) {
        int error = errno;

        close_file(store);
        errno = error;
        return false;
    }
    store->is_mbox = begins_with_separator(start, len);
    store->number = 0;
    return true;
}

static bool enter(struct mailstore *store)
{
    DIR *directory;

    if (store->depth == DEPTH_MAX) {
        errno = ELOOP;
        return false;
    }
    directory = opendir(store->path);
    if (!directory)
        return false;
    store->levels[store->depth].directory = directory;
    store->levels[store->depth++].path_len = strlen(store->path);
    return true;
}

static void leave(struct mailstore *store)
{
    closedir(store->levels[--store->depth].directory);
    store->path[store->depth ? store->levels[store->depth - 1].path_len : 0] = '\0';
}

static bool is_left_out(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "tmp") == 0;
}

enum found { FOUND_FILE, FOUND_NOTHING, FOUND_FAULT };

/* What NAME, in the deepest directory, is. */
static enum found look_at(struct mailstore *store, const char *name)
{
    size_t at = store->levels[store->depth - 1].path_len;
    struct stat st;

    if ((size_t)snprintf(store->path + at, sizeof store->path - at, "/%s", name) >=
        sizeof store->path - at) {
        errno = ENAMETOOLONG;
        return FOUND_FAULT;
    }
    if (lstat(store->path, &st) != 0)
        return errno == ENOENT ? FOUND_NOTHING : FOUND_FAULT; /* moved meanwhile */
    if (S_ISREG(st.st_mode))
        return open_file(store) ? FOUND_FILE : FOUND_FAULT;
    if (S_ISDIR(st.st_mode))
        return enter(store) ? FOUND_NOTHING : FOUND_FAULT;
    return FOUND_NOTHING;
}

/* Opens the next file.  FOUND_NOTHING: all is done; FOUND_FAULT: errno, of store->path. */
static enum found next_file(struct mailstore *store)
{
    while (store->depth > 0) {
        struct dirent *entry = readdir(store->levels[store->depth - 1].directory);
        enum found found = FOUND_NOTHING;

        if (!entry)
            leave(store);
        else if (!is_left_out(entry->d_name))
            found = look_at(store, entry->d_name);
        if (found != FOUND_NOTHING)
            return found;
    }
    return FOUND_NOTHING;
}

struct mailstore *mailstore_open(const char *path)
{
    struct mailstore *store = calloc(1, sizeof *store);
    struct stat st;
    int error;

    if (!store)
        return NULL;
    if ((size_t)snprintf(store->path, sizeof store->path, "%s", path) >= sizeof store->path)
        errno = ENAMETOOLONG;
    else if (stat(path, &st) == 0 && (S_ISDIR(st.st_mode) ? enter(store) : open_file(store)))
        return store;
    error = errno;
    free(store);
    errno = error;
    return NULL;
}

void mailstore_close(struct mailstore *store)
{
    if (!store)
        return;
    close_file(store);
    while (store->depth > 0)
        leave(store);
    free(store->data);
    free(store);
}

bool mailstore_next(struct mailstore *store, struct stored_message *message)
{
    *message = (struct stored_message){ .file = store->path };
    while (!store->file || !read_message(store)) {
        close_file(store);
        switch (next_file(store)) {
        case FOUND_FILE:
            break;
        case FOUND_NOTHING:
            return false;
        case FOUND_FAULT:
            message->fault = strerror(errno);
            return true;
        }
    }
    message->number = ++store->number;
    message->octets = (struct text){ store->data, store->len };
    if (store->too_large)
        message->fault = "too large";
    return true;
}
