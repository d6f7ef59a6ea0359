/* endpoint.h: the files behind our sockets: who owns them, who may connect,
 * and that a living daemon's socket is never stolen.
 *
 * libmilter and the status socket bind by path; nothing locks a path.  So a
 * lock file stands beside it ("PATH.lock", held with flock(2) until the
 * process ends), and a socket that is there already is removed only when
 * nobody answers on it.
 */
#ifndef VIDIMUS_MILTER_ENDPOINT_H
#define VIDIMUS_MILTER_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum endpoint_kind { ENDPOINT_INET, ENDPOINT_UNIX, ENDPOINT_FD };

struct endpoint {
    enum endpoint_kind kind;
    const char *path; /* ENDPOINT_UNIX: into the text that was parsed */
    int fd;           /* ENDPOINT_FD; -1: not a number */
};

enum endpoint_state { ENDPOINT_OK, ENDPOINT_BUSY, ENDPOINT_ERROR };

/* LISTEN as libmilter reads it: "inet:…", "inet6:…", "unix:PATH",
 * "local:PATH", "PATH", "fd:N". */
void endpoint_parse(const char *listen, struct endpoint *endpoint);

/* Takes FILE's lock for the life of the process; the file stays.  BUSY:
 * another process holds it.  *LOCK is the descriptor.  FILE is a regular file
 * with one name, or made. */
enum endpoint_state endpoint_lock(const char *file, int *lock, char *error, size_t error_size);

/* Makes PATH free to bind: locks it and removes a socket without a listener.  Made by
 * root, the lock is UID's. */
enum endpoint_state endpoint_claim(const char *path, uid_t uid, int *lock, char *error,
                                   size_t error_size);

/* Checks that FD is a listening socket that we were given. */
enum endpoint_state endpoint_check_fd(int fd, char *error, size_t error_size);

/* Finds the listener that libmilter has just opened and keeps to itself, while there is
 * no other.  It shall hand out connections that send at once: an end of message is
 * answered in several small packets; over TCP each would wait for the MTA's delayed
 * acknowledgement, 40 ms.  False: the functions below will do nothing. */
bool endpoint_find_listener(void);

/* Takes that listener from libmilter, which looks for connections in vain from its next
 * look on, or gives it back.  Connections that come meanwhile wait.  Needs neither a
 * socket, which the sandbox would refuse, nor a descriptor. */
void endpoint_listen(bool on);

/* For good: connections that come now are refused, or wait for who has the socket next
 * ("fd:N"). */
void endpoint_stop_listening(void);

/* Makes UID and GID the owners of the socket at PATH.  Nothing else is ever
 * given away: the directory may belong to somebody less trusted than we are,
 * who can put a link there.  The mode comes from umask(2) at bind(2). */
bool endpoint_give(const char *path, uid_t uid, gid_t gid);

/* Creates the last directory of PATH when it is missing, for UID and GID. */
void endpoint_make_directory(const char *path, uid_t uid, gid_t gid);

/* Notes what is bound at PATH (lent), and whether it still is there: somebody may have
 * deleted it, or another's socket may have taken its place. */
void endpoint_note_bound(const char *path);
bool endpoint_is_bound(void);

#endif
