#include "core/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/crypt.h"

enum { ENTRY_OCTETS = 4096, NAME_OCTETS = 64 };

struct key_owner key_owner_of(const char *user)
{
    struct key_owner owner = { user, geteuid() };
    char octets[ENTRY_OCTETS];
    struct passwd entry, *found = NULL;

    if (*user && getpwnam_r(user, &entry, octets, sizeof octets, &found) == 0 && found)
        owner.uid = entry.pw_uid;
    else
        owner.user = "";
    return owner;
}

const char *key_file_path(const char *file, char *path, size_t size)
{
    static const char credential[] = "credential:";
    const char *folder = "", *name = file;

    if (strncmp(file, credential, strlen(credential)) == 0) {
        name = file + strlen(credential);
        folder = getenv("CREDENTIALS_DIRECTORY");
        if (!folder || folder[0] != '/')
            return "is a credential of systemd, and there is no $CREDENTIALS_DIRECTORY: set "
                   "LoadCredential= in the unit of vidimusd";
    }
    if ((size_t)snprintf(path, size, "%s%s%s", folder, *folder ? "/" : "", name) >= size)
        return "has too long a name";
    return NULL;
}

/* ---- what is wrong */

static const char *user_name(uid_t uid, char name[NAME_OCTETS])
{
    char octets[ENTRY_OCTETS];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(uid, &entry, octets, sizeof octets, &found) == 0 && found)
        snprintf(name, NAME_OCTETS, "%s", entry.pw_name);
    else
        snprintf(name, NAME_OCTETS, "%lu", (unsigned long)uid);
    return name;
}

static const char *group_name(gid_t gid, char name[NAME_OCTETS])
{
    char octets[ENTRY_OCTETS];
    struct group entry, *found = NULL;

    if (getgrgid_r(gid, &entry, octets, sizeof octets, &found) == 0 && found)
        snprintf(name, NAME_OCTETS, "%s", entry.gr_name);
    else
        snprintf(name, NAME_OCTETS, "%lu", (unsigned long)gid);
    return name;
}

/* Writes "(OWNER:GROUP MODE) " where ST is known, and FORMAT. */
__attribute__((format(printf, 3, 4)))
static bool refuse(struct key_file *file, const struct stat *st, const char *format, ...)
{
    char user[NAME_OCTETS], group[NAME_OCTETS];
    size_t used = 0;
    va_list args;

    if (st)
        used = (size_t)snprintf(file->why, sizeof file->why, "(%s:%s %04o) ",
                                user_name(st->st_uid, user), group_name(st->st_gid, group),
                                (unsigned)st->st_mode & 07777);
    va_start(args, format);
    vsnprintf(file->why + used, sizeof file->why - used, format, args);
    va_end(args);
    return false;
}

static void refuse_open(const char *path, const struct key_owner *owner, struct key_file *file)
{
    int error = errno;
    struct stat st;
    bool known = stat(path, &st) == 0;

    if (error == EACCES && owner && *owner->user)
        refuse(file, known ? &st : NULL,
               "cannot be opened: %s; let the user read it (chgrp %s, chmod 0640), or make it a "
               "credential of systemd", strerror(error), owner->user);
    else
        refuse(file, known ? &st : NULL, "cannot be opened: %s%s", strerror(error),
               error == ENOENT ? "; make it (vidimus keygen), or mend the path" : "");
}

static bool is_readable(const struct stat *st, struct key_file *file)
{
    if (!S_ISREG(st->st_mode))
        return refuse(file, st, "is not a regular file: name the key itself");
    if (st->st_size > KEY_FILE_MAX)
        return refuse(file, st, "has more than %d octets: not a key", KEY_FILE_MAX);
    return true;
}

static bool is_protected(const struct stat *st, const struct key_owner *owner,
                         struct key_file *file)
{
    const char *user = *owner->user ? owner->user : "root";

    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != owner->uid)
        return refuse(file, st, "belongs to somebody else, who can read and change it: chown "
                                "root:%s, and a new key if that was long so", user);
    if (st->st_mode & S_IRWXO)
        return refuse(file, st, "is open to every account on this host: chmod 0640, and a new "
                                "key if that was long so");
    if (st->st_mode & S_IWGRP)
        return refuse(file, st, "can be changed by its group: chmod 0640");
    return true;
}

/* ---- reading */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_stamp(const struct key_stamp *a, const struct key_stamp *b)
{
    return a->known && b->known && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && same_time(&a->modified, &b->modified) &&
           same_time(&a->changed, &b->changed);
}

/* All of FD into OCTETS (of KEY_FILE_MAX + 1); -1: errno. */
static ssize_t read_all(int fd, char *octets)
{
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && len <= KEY_FILE_MAX) {
        got = read(fd, octets + len, KEY_FILE_MAX + 1 - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? -1 : (ssize_t)len;
}

static void slurp(int fd, const struct stat *st, struct key_file *file)
{
    char *octets = malloc(KEY_FILE_MAX + 1);
    ssize_t len = octets ? read_all(fd, octets) : -1;

    if (len >= 0 && len <= KEY_FILE_MAX) {
        file->octets = octets;
        file->len = (size_t)len;
        return;
    }
    if (len < 0)
        refuse(file, st, "cannot be read: %s", strerror(errno));
    else
        refuse(file, st, "has more than %d octets: not a key", KEY_FILE_MAX);
    if (octets)
        crypt_wipe_free(octets, KEY_FILE_MAX + 1);
}

void key_file_read(const char *path, const struct key_owner *owner,
                   const struct key_stamp *before, struct key_file *file)
{
    /* A FIFO that nobody writes to must not stop us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    *file = (struct key_file){ .octets = NULL };
    if (fd < 0) {
        refuse_open(path, owner, file);
        return;
    }
    if (fstat(fd, &st) != 0) {
        refuse(file, NULL, "cannot be read: %s", strerror(errno));
    } else if (is_readable(&st, file) && (!owner || is_protected(&st, owner, file))) {
        file->stamp = (struct key_stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim,
                                          st.st_ctim, true };
        if (!before || !same_stamp(before, &file->stamp))
            slurp(fd, &st, file);
    }
    close(fd);
}
