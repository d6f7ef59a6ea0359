#include "milter/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/region.h"
#include "milter/endpoint.h"
#include "milter/status.h"

enum { STATUS_OCTETS = 16384, WRITE_LIMIT_MS = 1000, ACCEPT_PAUSE_MS = 100 };
enum { BACKLOG = 16, MODE = 0660 };

static struct {
    int listen_fd, stop_fd, lock_fd;
    struct sockaddr_un address;
    pthread_t thread;
    bool bound, running;
} control = { .listen_fd = -1, .stop_fd = -1, .lock_fd = -1 };

static bool bind_socket(uid_t uid, gid_t gid, char *error, size_t error_size)
{
    const char *path = control.address.sun_path;
    mode_t mask = umask(0777 & ~MODE);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 &&
        bind(fd, (struct sockaddr *)&control.address, sizeof control.address) == 0) {
        control.bound = true;
        if (listen(fd, BACKLOG) == 0 && (geteuid() != 0 || endpoint_give(path, uid, gid))) {
            umask(mask);
            control.listen_fd = fd;
            return true;
        }
    }
    snprintf(error, error_size, "%s: %s", path, strerror(errno));
    umask(mask);
    if (fd >= 0)
        close(fd);
    return false;
}

bool control_open(const char *path, uid_t uid, gid_t gid, char *error, size_t error_size)
{
    endpoint_make_directory(path, uid, gid);
    if (endpoint_claim(path, uid, &control.lock_fd, error, error_size) != ENDPOINT_OK)
        return false;
    control.address.sun_family = AF_UNIX;
    snprintf(control.address.sun_path, sizeof control.address.sun_path, "%s", path);
    return bind_socket(uid, gid, error, error_size);
}

static struct text status_text(struct region *region)
{
    struct status status;
    struct buf out;

    status_take(&status);
    buf_init(&out, region, STATUS_OCTETS);
    status_json(&out, &status);
    return buf_text(&out);
}

/* Writes T, waiting for a slow reader at most WRITE_LIMIT_MS in all. */
static void write_all(int fd, struct text t)
{
    int64_t deadline = clock_ms() + WRITE_LIMIT_MS;

    while (t.len > 0) {
        struct pollfd ready = { .fd = fd, .events = POLLOUT };
        int64_t left = deadline - clock_ms();
        ssize_t n = send(fd, t.data, t.len, MSG_NOSIGNAL);

        if (n >= 0)
            t = text_tail(t, (size_t)n);
        else if (errno != EAGAIN && errno != EINTR)
            return;
        else if (left <= 0 || poll(&ready, 1, (int)left) == 0)
            return;
    }
}

/* Instead of spinning; poll(2) may be what fails. */
static void pause_shortly(void)
{
    (void)usleep(ACCEPT_PAUSE_MS * 1000);
}

static void serve_one(void)
{
    int fd = accept4(control.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct region *region;

    if (fd < 0) { /* out of descriptors or memory: the connection stays, do not spin */
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            pause_shortly();
        return;
    }
    region = region_new(0);
    if (region)
        write_all(fd, status_text(region));
    region_free(region);
    close(fd);
}

static void *serve(void *unused)
{
    struct pollfd ready[] = {
        { .fd = control.listen_fd, .events = POLLIN },
        { .fd = control.stop_fd, .events = POLLIN },
    };

    for (;;) {
        if (poll(ready, 2, -1) < 0) {
            if (errno != EINTR) /* memory */
                pause_shortly();
            continue;
        }
        if (ready[1].revents)
            return unused;
        if (ready[0].revents)
            serve_one();
    }
}

bool control_start(void)
{
    if (control.listen_fd < 0)
        return true;
    control.stop_fd = eventfd(0, EFD_CLOEXEC);
    if (control.stop_fd < 0)
        return false;
    control.running = pthread_create(&control.thread, NULL, serve, NULL) == 0;
    return control.running;
}

void control_stop(void)
{
    if (control.running) {
        (void)eventfd_write(control.stop_fd, 1);
        pthread_join(control.thread, NULL);
        control.running = false;
    }
    if (control.bound)
        (void)unlink(control.address.sun_path);
    control.bound = false;
    for (size_t i = 0; i < 3; i++) {
        int *fds[] = { &control.listen_fd, &control.stop_fd, &control.lock_fd };

        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}
