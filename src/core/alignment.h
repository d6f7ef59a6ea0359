/* alignment.h: whether a signature by one of our keys aligns with the author, as
 * DMARC sees it (RFC 9989 §4.4): for require-alignment.
 *
 * A key of the author domain itself always does.  For any other, DMARC's own
 * evaluation is asked what it would say of such signatures, strict alignment and
 * organizational domains included; where no policy is published nobody asks for
 * alignment, and a key of a domain above or below will do. */
#ifndef VIDIMUS_CORE_ALIGNMENT_H
#define VIDIMUS_CORE_ALIGNMENT_H

#include <stddef.h>

#include "auth/dmarc.h"
#include "auth/signer.h"

enum alignment {
    ALIGNMENT_YES,    /* with every author domain */
    ALIGNMENT_NO,
    ALIGNMENT_UNKNOWN /* DNS does not tell */
};

struct alignment_question {
    struct region *region;
    struct dns_scope *dns;
    enum dmarc_discovery discovery;
    const struct author *author;
    const struct signer *signers;
    size_t signer_count;
};

/* Starts the lookups. */
void alignment_start(const struct alignment_question *question);

/* Waits for them. */
enum alignment alignment_ask(const struct alignment_question *question);

#endif
