/* read_ahead.h: what libmilter reads from an MTA, taken from the kernel in large pieces.
 *
 * libmilter polls, reads the five octets of a packet's head, polls, reads the rest, and
 * polls for the next: a message has dozens of packets, nearly all of them in the kernel's
 * hands at once, and that is a good part of a small message's CPU.  The C library's functions
 * below are defined here, under its names: libmilter's connections get what came along with
 * an earlier piece, everything else goes on to the C library.
 *
 * A connection begins with accept(), which in this process libmilter alone calls.  One thread
 * at a time works on a connection, and hands it on under libmilter's locks.  It goes back to
 * libmilter's dispatcher, which polls many at once, only when a poll() of it alone found
 * nothing to read.
 *
 * Nothing is read ahead until a whole packet was read the way described, nor once a read
 * differs: a libmilter that works otherwise gets from the kernel what it asks for.
 *
 * This is also where a macro packet with an odd number of strings ends, past whose list
 * libmilter would read: read() fails with EPROTO, and libmilter closes the connection.
 */
#ifndef VIDIMUS_MILTER_READ_AHEAD_H
#define VIDIMUS_MILTER_READ_AHEAD_H

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Whoever raises the limit of descriptors does not go beyond: the connection of one that is
 * larger is refused. */
enum { READ_AHEAD_DESCRIPTORS = 1 << 16 };

#define INSTEAD_OF(name) __asm__(name) __attribute__((visibility("default")))

/* As the C library's; and ENOMEM when what is read ahead would have no place. */
int read_ahead_accept(int listener, struct sockaddr *address, socklen_t *octets)
    INSTEAD_OF("accept");

/* POLLHUP beside POLLIN is left out: what the MTA sent before counts, as with TCP. */
int read_ahead_poll(struct pollfd *polled, nfds_t count, int timeout_ms) INSTEAD_OF("poll");
ssize_t read_ahead_read(int fd, void *to, size_t octets) INSTEAD_OF("read");

/* What _FORTIFY_SOURCE makes of them. */
int read_ahead_poll_checked(struct pollfd *polled, nfds_t count, int timeout_ms, size_t room)
    INSTEAD_OF("__poll_chk");
ssize_t read_ahead_read_checked(int fd, void *to, size_t octets, size_t room)
    INSTEAD_OF("__read_chk");

int read_ahead_close(int fd) INSTEAD_OF("close");

#endif
