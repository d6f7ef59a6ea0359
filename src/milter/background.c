#include "milter/background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static int ready_fd = -1;

/* The parent: 0 when the child says it listens, else the child's own status. */
_Noreturn static void wait_for_child(pid_t child, int fd)
{
    char byte;
    int status;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(EX_OK);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
}

bool background_begin(void)
{
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    child = fork();
    if (child < 0)
        return false;
    if (child > 0) {
        close(fds[1]);
        wait_for_child(child, fds[0]);
    }
    close(fds[0]);
    ready_fd = fds[1];
    return setsid() >= 0;
}

void background_ready(void)
{
    int null;

    if (ready_fd < 0)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    (void)!chdir("/");
    (void)!write(ready_fd, "", 1);
    close(ready_fd);
    ready_fd = -1;
}
