/* redact.h: what tells who somebody is, replaced by something that tells no more
 * than that it is the same somebody (RFC 6590).
 *
 * A local part becomes the first octets of its HMAC with a key that never leaves
 * this host: equal local parts look equal in all our reports, and nobody can try
 * names until one fits.
 */
#ifndef VIDIMUS_REPORT_REDACT_H
#define VIDIMUS_REPORT_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct buf;

enum {
    REDACTION_KEY_OCTETS = 32,
    REDACTED_OCTETS = 16, /* 96 bits in base64 */
    REDACTED_SIZE = REDACTED_OCTETS + 1
};

struct redactor {
    unsigned char key[REDACTION_KEY_OCTETS];
    bool keyed; /* else there were no random numbers, and everybody looks alike */
};

/* Reads the key from the file NAME in DIRECTORY, a descriptor; makes one (mode 0600)
 * if there is none.  False, with the reason in ERROR: the key is a random one of this
 * process alone, so that redaction goes on, but is another after the next start. */
bool redactor_open(struct redactor *redactor, int directory, const char *name, char *error,
                   size_t error_size);

/* LOCAL_PART as it is shown; "" stays.  Returns OUT, letters and digits, '-', '_'. */
const char *redact_local_part(const struct redactor *redactor, struct text local_part,
                              char out[REDACTED_SIZE]);

/* Adds T with all local parts of addresses in it replaced: what stands before an '@',
 * quoted or not. */
void redact_addresses(struct buf *out, const struct redactor *redactor, struct text t);

#endif
