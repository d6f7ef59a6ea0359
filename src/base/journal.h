/* journal.h: the journal's own protocol (systemd's "Native Journal Protocol"): one
 * datagram an entry, of fields that can be searched for.  No library is needed. */
#ifndef VIDIMUS_BASE_JOURNAL_H
#define VIDIMUS_BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { JOURNAL_FIELDS_MAX = 32 };

struct journal_field {
    const char *name; /* A-Z, 0-9 and _, not at the start (those are the journal's) */
    struct text value;
};

/* Where the journal listens, instead of its usual place; PATH stays lent.  For tests. */
void journal_set_socket(const char *path);

/* Sends COUNT fields, at most JOURNAL_FIELDS_MAX.  Waits for nothing.  False: nobody
 * listens, or has no room: say it another way. */
bool journal_send(const struct journal_field *fields, size_t count);

#endif
