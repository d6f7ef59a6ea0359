#include "milter/read_ahead.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { AHEAD_OCTETS = 8192 };
enum { LENGTH_OCTETS = 4, HEAD_OCTETS = LENGTH_OCTETS + 1, MACROS = 'D' };

/* Where the reader is in the packets: a length of four octets, which counts what follows
 * it, a command, and the command's content. */
struct packet {
    unsigned char head[HEAD_OCTETS];
    size_t head_octets; /* of it so far */
    size_t due;         /* of the content */
    bool odd;           /* the number of its NULs: of the strings, in a macro packet, but for
                         * the command octet that stands before them */
};

struct connection {
    bool known;   /* a whole packet was read as expected */
    bool strange; /* a read was not as expected */
    struct packet packet;
    size_t begin, end; /* of what waits in octets */
    char octets[];
};

/* By descriptor. */
static _Atomic(struct connection *) connections[READ_AHEAD_DESCRIPTORS];

/* --- the C library's own ------------------------------------------------------ */

/* A sanitizer's runtime wants to see every call: its functions stand before the C
 * library's, under names of their own when it is linked statically. */
static void *next_named(const char *name, const char *sanitizers)
{
    void *found = NULL;

#ifdef SANITIZED
    found = dlsym(RTLD_DEFAULT, sanitizers);
#else
    (void)sanitizers;
#endif
    return found ? found : dlsym(RTLD_NEXT, name);
}

static int next_poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    static _Atomic(void *) next;

    if (!next)
        next = next_named("poll", "__interceptor_poll");
    return ((int (*)(struct pollfd *, nfds_t, int))next)(polled, count, timeout_ms);
}

static ssize_t next_read(int fd, void *to, size_t octets)
{
    static _Atomic(void *) next;

    if (!next)
        next = next_named("read", "__interceptor_read");
    return ((ssize_t(*)(int, void *, size_t))next)(fd, to, octets);
}

static int next_close(int fd)
{
    static _Atomic(void *) next;

    if (!next)
        next = next_named("close", "__interceptor_close");
    return ((int (*)(int))next)(fd);
}

/* --- packets ------------------------------------------------------------------ */

/* What libmilter is expected to ask for. */
static size_t packet_wants(const struct packet *packet)
{
    return packet->due > 0 ? packet->due : HEAD_OCTETS - packet->head_octets;
}

static void end_of_head(struct packet *packet)
{
    uint32_t length = 0;

    for (size_t i = 0; i < LENGTH_OCTETS; i++)
        length = length << 8 | packet->head[i];
    packet->head_octets = 0;
    packet->odd = false;
    packet->due = length > 0 && length <= INT32_MAX ? length - 1 : 0;
}

static bool is_odd_list(const struct packet *packet)
{
    return packet->head[LENGTH_OCTETS] == MACROS && packet->odd;
}

/* COUNT octets, not more than are wanted, have come; whether the packet ends with them. */
static bool packet_comes(struct packet *packet, const char *octets, size_t count)
{
    if (packet->due > 0) {
        packet->due -= count;
        for (size_t i = 0; packet->head[LENGTH_OCTETS] == MACROS && i < count; i++)
            packet->odd ^= octets[i] == '\0';
        return packet->due == 0;
    }
    memcpy(packet->head + packet->head_octets, octets, count);
    packet->head_octets += count;
    if (packet->head_octets < HEAD_OCTETS)
        return false;
    end_of_head(packet);
    return packet->due == 0;
}

/* --- connections -------------------------------------------------------------- */

static struct connection *connection_of(int fd)
{
    return fd >= 0 && fd < READ_AHEAD_DESCRIPTORS ? atomic_load(&connections[fd]) : NULL;
}

static bool has_waiting(const struct connection *connection)
{
    return connection->begin < connection->end;
}

/* Takes what there is, when it may begin with the head of a packet.  The rest of a large one
 * goes where libmilter wants it.  Who reads then sees the end; an error too is the end. */
static void fill(struct connection *connection, int fd)
{
    ssize_t count;

    if (!connection->known || connection->strange || connection->packet.due >= AHEAD_OCTETS)
        return;
    count = next_read(fd, connection->octets, AHEAD_OCTETS);
    connection->begin = 0;
    connection->end = count > 0 ? (size_t)count : 0;
}

static ssize_t take(struct connection *connection, int fd, void *to, size_t wanted)
{
    if (!has_waiting(connection))
        return next_read(fd, to, wanted);
    if (wanted > connection->end - connection->begin)
        wanted = connection->end - connection->begin;
    memcpy(to, connection->octets + connection->begin, wanted);
    connection->begin += wanted;
    return (ssize_t)wanted;
}

/* --- in place of the C library's ------------------------------------------------ */

/* Nobody gets past the look at macros. */
static int refuse(int fd, int error)
{
    next_close(fd);
    errno = error;
    return -1;
}

int read_ahead_accept(int listener, struct sockaddr *address, socklen_t *octets)
{
    int fd = accept4(listener, address, octets, SOCK_CLOEXEC);
    struct connection *connection;

    if (fd < 0)
        return fd;
    if (fd >= READ_AHEAD_DESCRIPTORS)
        return refuse(fd, EMFILE);
    connection = malloc(sizeof *connection + AHEAD_OCTETS);
    if (!connection)
        return refuse(fd, ENOMEM);
    *connection = (struct connection){ .known = false };
    atomic_store(&connections[fd], connection);
    return fd;
}

int read_ahead_poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    struct connection *connection = count == 1 ? connection_of(polled->fd) : NULL;
    int ready;

    if (!connection || !(polled->events & POLLIN))
        return next_poll(polled, count, timeout_ms);
    polled->revents = POLLIN;
    if (has_waiting(connection))
        return 1;
    ready = next_poll(polled, count, timeout_ms);
    if (ready == 1 && polled->revents & POLLIN) {
        polled->revents &= (short)~POLLHUP; /* of UNIX sockets alone: the end comes after the rest */
        fill(connection, polled->fd);
    }
    return ready;
}

int read_ahead_poll_checked(struct pollfd *polled, nfds_t count, int timeout_ms, size_t room)
{
    if (count > room / sizeof *polled)
        abort();
    return read_ahead_poll(polled, count, timeout_ms);
}

static void note_strange(struct connection *connection)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;

    connection->strange = true;
    if (!atomic_flag_test_and_set(&told))
        log_line(LOG_LEVEL_WARN, "this libmilter does not read packets as expected: nothing is "
                                 "read ahead, and it gets bad macro packets");
}

ssize_t read_ahead_read(int fd, void *to, size_t octets)
{
    struct connection *connection = connection_of(fd);
    ssize_t count;

    if (!connection)
        return next_read(fd, to, octets);
    if (octets != packet_wants(&connection->packet))
        note_strange(connection);
    count = take(connection, fd, to, octets);
    if (count <= 0 || connection->strange ||
        !packet_comes(&connection->packet, to, (size_t)count))
        return count;
    connection->known = true;
    if (is_odd_list(&connection->packet)) {
        errno = EPROTO;
        return -1;
    }
    return count;
}

ssize_t read_ahead_read_checked(int fd, void *to, size_t octets, size_t room)
{
    if (octets > room)
        abort();
    return read_ahead_read(fd, to, octets);
}

int read_ahead_close(int fd)
{
    if (connection_of(fd))
        free(atomic_exchange(&connections[fd], NULL));
    return next_close(fd);
}
