#include "base/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { PARTS_A_FIELD = 4, LENGTH_OCTETS = 8 };

static const char *_Atomic socket_path = "/run/systemd/journal/socket";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int channel = -1;

static void open_channel(void)
{
    channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void journal_set_socket(const char *path)
{
    socket_path = path;
}

static struct iovec part(const void *octets, size_t len)
{
    return (struct iovec){ (void *)(uintptr_t)octets, len };
}

/* NAME=value LF; or, when there is a LF in it, NAME LF length value LF.  The count of
 * parts. */
static size_t write_field(struct iovec *parts, const struct journal_field *f,
                          unsigned char length[LENGTH_OCTETS + 1])
{
    size_t count = 0;

    parts[count++] = part(f->name, strlen(f->name));
    if (text_find(f->value, '\n') == f->value.len) {
        parts[count++] = part("=", 1);
    } else {
        length[0] = '\n';
        for (size_t i = 0; i < LENGTH_OCTETS; i++)
            length[i + 1] = (unsigned char)((uint64_t)f->value.len >> (8 * i));
        parts[count++] = part(length, LENGTH_OCTETS + 1);
    }
    parts[count++] = part(f->value.data, f->value.len);
    parts[count++] = part("\n", 1);
    return count;
}

/* The address anew each time: a journal that is started again is found again. */
bool journal_send(const struct journal_field *fields, size_t count)
{
    struct iovec parts[JOURNAL_FIELDS_MAX * PARTS_A_FIELD];
    unsigned char lengths[JOURNAL_FIELDS_MAX][LENGTH_OCTETS + 1];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address,
                              .msg_iov = parts };
    const char *path = socket_path;

    pthread_once(&once, open_channel);
    if (channel < 0 || count > JOURNAL_FIELDS_MAX || strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    for (size_t i = 0; i < count; i++)
        message.msg_iovlen += write_field(parts + message.msg_iovlen, &fields[i], lengths[i]);
    return sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}
