/* copied_fields.h: what z= tells about a signature that does not verify.
 *
 * A signer may add copies of the fields that he signed, for diagnosis only (RFC
 * 6376 §3.5).  They decide nothing: a copy that differs names the field that
 * was changed on the way.
 */
#ifndef VIDIMUS_AUTH_COPIED_FIELDS_H
#define VIDIMUS_AUTH_COPIED_FIELDS_H

#include <stdbool.h>

#include "base/text.h"

struct message;
struct region;

enum { COPIED_FIELDS_MAX = 64 }; /* that are looked at */

struct copied_field {
    struct text name, value;
};

/* Takes the first copy off *COPIES (the value of z=) and decodes it, into
 * REGION.  False: malformed, or memory. */
bool copied_field_next(struct region *region, struct text *copies, struct copied_field *copy);

/* Whether a field of MESSAGE is as COPY has it, white space aside. */
bool copied_field_stands(const struct message *message, const struct copied_field *copy);

/* The names, ", " between them, of the fields in COPIES (the value of z=) that
 * MESSAGE does not hold any more as they were, white space aside.  Empty: none,
 * no copies, malformed copies, or memory (the region latches). */
struct text copied_fields_changed(const struct message *message, struct text copies);

#endif
