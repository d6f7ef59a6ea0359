/* mailstore.h: stored mail, a message at a time.
 *
 * A file that begins with "From " is an mbox (">From " of mboxrd is taken back); any
 * other is one message.  A directory is all files in it and below, such as a Maildir
 * (what lies in a `tmp` is on its way and left out).  Links are not followed out of
 * caution.  Memory holds one message. */
#ifndef VIDIMUS_CLI_MAILSTORE_H
#define VIDIMUS_CLI_MAILSTORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { STORED_MESSAGE_MAX = 128 * 1024 * 1024 };

struct mailstore;

struct stored_message {
    const char *file;  /* its path… */
    size_t number;     /* …and its place in it, from 1 */
    struct text octets;
    const char *fault; /* why there are none, or NULL */
};

/* NULL (errno): PATH cannot be opened, or memory. */
struct mailstore *mailstore_open(const char *path);
void mailstore_close(struct mailstore *store); /* NULL allowed */

/* The next message, lent until the next call; a file that cannot be read is one with a
 * fault.  False: there are no more. */
bool mailstore_next(struct mailstore *store, struct stored_message *message);

#endif
