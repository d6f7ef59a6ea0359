/* sign_fields.h: which header fields our signatures cover (RFC 6376 §5.4): what a
 * reader sees and what a mail program acts upon.
 *
 * Each field is named in h= as often as it stands in the header, and once more
 * ("oversigned") if it may stand there only once: then nobody can add another,
 * and of two the signature would not say which one people read.  Where there is
 * none yet, it is named only if no MTA adds one on the way.
 */
#ifndef VIDIMUS_AUTH_SIGN_FIELDS_H
#define VIDIMUS_AUTH_SIGN_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct header_index;
struct region;

/* Names of h=, in its order. */
struct sign_fields {
    struct text *names; /* room for SIGNED_NAMES_MAX */
    size_t count;
};

/* What to cover of HEADER, with the COUNT names of MORE, which are oversigned,
 * where they may be covered.  NULL or a fault in words; "out of memory": the
 * region has latched. */
const char *sign_fields_choose(struct region *region, const struct header_index *header,
                               const struct text *more, size_t count, struct sign_fields *out);

/* Exactly LIST, "from:to:…"; names with white space around them. */
const char *sign_fields_list(struct region *region, struct text list, struct sign_fields *out);

/* NULL, or the fault where a field of HEADER that FIELDS name is not held in full. */
const char *sign_fields_judge(const struct sign_fields *fields, struct header_index *header);

/* Adds NAME so many times; false if that is more than a signature may name. */
bool sign_fields_add(struct sign_fields *fields, struct text name, size_t times);

/* Whether NAME is signed wherever it stands without being asked for; with ALONE:
 * and, unless an MTA may add it, oversigned where it does not. */
bool sign_fields_usual(struct text name, bool alone);

/* Whether NAME may be signed at all: not what MTAs add, change or take out on
 * the way (RFC 6376 §5.4.1), nor what stands for a single hop (RFC 8601 §5,
 * RFC 8617 §4.1.2).  For configuration checks. */
bool sign_may_cover(struct text name);

#endif
