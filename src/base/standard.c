#include "base/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool standard_streams_hold(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* Against its use; open(2) gives the lowest number that is free. */
        int direction = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", direction) != fd)
            return false;
    }
    return true;
}
