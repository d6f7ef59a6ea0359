/* tell.h: sentences for people, wrapped and safe for a terminal. */
#ifndef VIDIMUS_CLI_TELL_H
#define VIDIMUS_CLI_TELL_H

#include <stdio.h>

#include "base/text.h"

struct region;

struct teller {
    FILE *out;
    struct region *region; /* what is told lives there; latches when some of it is not */
    const char *margin;    /* begins every line; NULL: none */
};

/* Network text in full: bare where it is plain, else in quotes with \OOO for
 * what is not printable ASCII.  Never NULL. */
const char *told(const struct teller *teller, struct text t);

/* The same, always in quotes: what somebody wrote. */
const char *quoted(const struct teller *teller, struct text t);

/* A paragraph, indented by INDENT and on further lines by two more.  What
 * FORMAT takes is printable ASCII: told(), quoted(), or our own. */
void tell(const struct teller *teller, unsigned indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
