#include "cli/keygen_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static bool fail(struct keygen_file *file, const char *what)
{
    snprintf(file->error, sizeof file->error, "%s: %s%s", file->path, what,
             errno == EEXIST ? "; a key is never overwritten" : "");
    return false;
}

/* The group that a key is handed to; -1: nobody's, it stays ours. */
static gid_t group_of(const struct keygen_file *file)
{
    const struct passwd *entry = geteuid() == 0 && *file->user ? getpwnam(file->user) : NULL;

    return entry ? entry->pw_gid : (gid_t)-1;
}

static bool hand_over(int fd, gid_t group, mode_t mode)
{
    return group == (gid_t)-1 || (fchown(fd, (uid_t)-1, group) == 0 && fchmod(fd, mode) == 0);
}

/* The folder that PATH is to lie in, if it is missing (not what is above it). */
static void make_folder(const struct keygen_file *file)
{
    const char *slash = strrchr(file->path, '/');
    char folder[512];
    int fd;

    if (!slash || (size_t)(slash - file->path) >= sizeof folder)
        return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - file->path), file->path);
    if (mkdir(folder, 0700) != 0)
        return;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)hand_over(fd, group_of(file), 0750);
    close(fd);
}

static bool write_all(int fd, struct text t)
{
    while (t.len > 0) {
        ssize_t n = write(fd, t.data, t.len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            t = text_tail(t, (size_t)n);
    }
    return fsync(fd) == 0;
}

static void describe(struct keygen_file *file, int fd)
{
    const struct passwd *user;
    const struct group *group;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return;
    user = getpwuid(st.st_uid);
    group = getgrgid(st.st_gid);
    snprintf(file->owner, sizeof file->owner, "%.64s:%.64s %04o", user ? user->pw_name : "?",
             group ? group->gr_name : "?", (unsigned)st.st_mode & 07777);
}

static bool write_pem(struct keygen_file *file, struct text pem)
{
    int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written;

    if (fd < 0)
        return fail(file, strerror(errno));
    written = write_all(fd, pem) && hand_over(fd, group_of(file), 0640);
    if (!written) {
        fail(file, strerror(errno));
        (void)unlink(file->path);
    }
    describe(file, fd);
    if (close(fd) != 0 && written) {
        (void)unlink(file->path);
        return fail(file, strerror(errno));
    }
    return written;
}

bool keygen_file_write(struct keygen_file *file, const struct crypt_signer *signer)
{
    char *pem = crypt_signer_pem(signer);
    bool written;

    if (!pem) {
        errno = ENOMEM;
        return fail(file, strerror(errno));
    }
    if (file->make_folder)
        make_folder(file);
    written = write_pem(file, text_of(pem));
    crypt_wipe_free(pem, strlen(pem));
    return written;
}
