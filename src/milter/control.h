/* control.h: the status socket.  Whoever connects gets one JSON object and the
 * end of the stream; nothing is ever read from him. */
#ifndef VIDIMUS_MILTER_CONTROL_H
#define VIDIMUS_MILTER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Binds PATH (owner UID, group GID, mode 0660).  False: text in ERROR; the
 * daemon can go on without. */
bool control_open(const char *path, uid_t uid, gid_t gid, char *error, size_t error_size);

/* Starts the one thread that serves it; after status_begin(). */
bool control_start(void);

/* Stops the thread and removes the socket; also without control_open(). */
void control_stop(void);

#endif
