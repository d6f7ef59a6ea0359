#include "milter/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

/* More than are open when the listener is. */
enum { DESCRIPTORS_AT_START = 256 };

static bool scheme_is(const char *listen, size_t len, const char *scheme)
{
    return len == strlen(scheme) && strncasecmp(listen, scheme, len) == 0;
}

static int fd_number(const char *digits)
{
    unsigned long long n;

    return text_to_uint(text_of(digits), INT_MAX, &n) ? (int)n : -1;
}

void endpoint_parse(const char *listen, struct endpoint *endpoint)
{
    const char *colon = strchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;

    *endpoint = (struct endpoint){ .kind = ENDPOINT_INET, .fd = -1 };
    if (!colon || scheme_is(listen, len, "unix") || scheme_is(listen, len, "local")) {
        endpoint->kind = ENDPOINT_UNIX;
        endpoint->path = colon ? colon + 1 : listen;
    } else if (scheme_is(listen, len, "fd")) {
        endpoint->kind = ENDPOINT_FD;
        endpoint->fd = fd_number(colon + 1);
    }
}

static int open_lock(const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1)
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

enum endpoint_state endpoint_lock(const char *file, int *lock, char *error, size_t error_size)
{
    bool busy;

    *lock = open_lock(file);
    if (*lock < 0) {
        snprintf(error, error_size, "%s: %s%s", file, strerror(errno),
                 errno == EACCES ? "; if it is of another user, remove it while no vidimusd runs"
                                 : "");
        return ENDPOINT_ERROR;
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return ENDPOINT_OK;
    busy = errno == EWOULDBLOCK;
    if (busy)
        snprintf(error, error_size, "%s is locked: another vidimusd is running", file);
    else
        snprintf(error, error_size, "%s: cannot lock: %s", file, strerror(errno));
    close(*lock);
    *lock = -1;
    return busy ? ENDPOINT_BUSY : ENDPOINT_ERROR;
}

static int listener = -1;       /* libmilter's */
static int kept = -1;           /* the same, while libmilter's number is something else */
static int never_readable = -1; /* stands in for the listener */

static bool is_listener(int fd)
{
    int listens = 0;
    socklen_t size = sizeof listens;

    return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* Accepted connections take the option over from their listener. */
bool endpoint_find_listener(void)
{
    const int on = 1;

    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_AT_START; fd++) {
        if (!is_listener(fd))
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* UNIX has none */
        listener = fd;
    }
    if (listener < 0)
        return false;
    kept = fcntl(listener, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    never_readable = eventfd(0, EFD_CLOEXEC);
    return kept >= 0 && never_readable >= 0;
}

void endpoint_listen(bool on)
{
    if (kept >= 0 && never_readable >= 0)
        (void)dup2(on ? kept : never_readable, listener);
}

void endpoint_stop_listening(void)
{
    endpoint_listen(false);
    if (kept >= 0)
        close(kept);
    kept = -1;
}

/* The size of the address, or 0 when PATH is too long. */
static socklen_t unix_address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof out->sun_path)
        return 0;
    memcpy(out->sun_path, path, strlen(path) + 1);
    return sizeof *out;
}

/* Whether somebody accepts connections at ADDRESS. */
static bool answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool connected;

    if (fd < 0)
        return true; /* not known: leave it alone */
    connected = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return connected;
}

static enum endpoint_state remove_stale(const char *path, char *error, size_t error_size)
{
    struct sockaddr_un address;
    struct stat st;

    if (unix_address(path, &address) == 0) {
        snprintf(error, error_size, "%s: longer than a socket's path may be", path);
        return ENDPOINT_ERROR;
    }
    if (lstat(path, &st) != 0) {
        if (errno == ENOENT)
            return ENDPOINT_OK;
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return ENDPOINT_ERROR;
    }
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(error, error_size, "%s is there and not a socket", path);
        return ENDPOINT_ERROR;
    }
    if (answers(&address)) {
        snprintf(error, error_size, "%s: another process answers there", path);
        return ENDPOINT_BUSY;
    }
    if (unlink(path) != 0) {
        snprintf(error, error_size, "%s: cannot remove the old socket: %s", path, strerror(errno));
        return ENDPOINT_ERROR;
    }
    return ENDPOINT_OK;
}

/* So that he can begin as himself next time.  Whatever is not empty is no lock. */
static void give_lock(int lock, uid_t uid)
{
    struct stat st;

    if (geteuid() == 0 && fstat(lock, &st) == 0 && st.st_size == 0 && st.st_uid != uid)
        (void)!fchown(lock, uid, (gid_t)-1);
}

enum endpoint_state endpoint_claim(const char *path, uid_t uid, int *lock, char *error,
                                   size_t error_size)
{
    char file[PATH_MAX];
    enum endpoint_state state;

    if ((size_t)snprintf(file, sizeof file, "%s.lock", path) >= sizeof file) {
        snprintf(error, error_size, "path too long");
        return ENDPOINT_ERROR;
    }
    state = endpoint_lock(file, lock, error, error_size);
    if (state != ENDPOINT_OK)
        return state;
    give_lock(*lock, uid);
    return remove_stale(path, error, error_size);
}

enum endpoint_state endpoint_check_fd(int fd, char *error, size_t error_size)
{
    if (is_listener(fd))
        return ENDPOINT_OK;
    snprintf(error, error_size, "fd:%d is not a listening socket that was handed to us "
                                "(is the daemon started by its socket unit?)", fd);
    return ENDPOINT_ERROR;
}

bool endpoint_give(const char *path, uid_t uid, gid_t gid)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool given;

    if (fd < 0)
        return false;
    given = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
            ((st.st_uid == uid && st.st_gid == gid) || /* its folder's group, mode 2750 */
             fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0);
    close(fd);
    return given;
}

static struct {
    const char *path; /* lent; NULL: not noted */
    dev_t device;
    ino_t inode;
} bound;

void endpoint_note_bound(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return;
    bound.path = path;
    bound.device = st.st_dev;
    bound.inode = st.st_ino;
}

bool endpoint_is_bound(void)
{
    struct stat st;

    if (!bound.path)
        return true;
    if (lstat(bound.path, &st) != 0)
        return errno != ENOENT;
    return st.st_dev == bound.device && st.st_ino == bound.inode;
}

void endpoint_make_directory(const char *path, uid_t uid, gid_t gid)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    mode_t mask;

    if (len == 0 || len >= sizeof directory)
        return;
    memcpy(directory, path, len);
    directory[len] = '\0';
    mask = umask(022); /* the MTA has to pass through */
    if (mkdir(directory, 0755) == 0 && geteuid() == 0)
        (void)!lchown(directory, uid, gid);
    umask(mask);
}
