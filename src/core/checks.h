/* checks.h: the checks of mail from outside, in the order of our field.
 *
 * Each is begun as soon as what it asks of DNS is known, and finished at the end of
 * the message; then the verdict is found. */
#ifndef VIDIMUS_CORE_CHECKS_H
#define VIDIMUS_CORE_CHECKS_H

#include <stdbool.h>

#include "auth/dmarc.h"
#include "core/verdict.h"

struct config;
struct field;
struct findings;
struct transaction;

/* Before the first field.  False: memory. */
bool checks_prepare(struct transaction *t);

/* The envelope sender is known, a field has come, all of them have. */
void checks_sender(struct transaction *t);
void checks_field(struct transaction *t, const struct field *field);
void checks_end_of_header(struct transaction *t);

/* What the verdict looks at, as far as it is there. */
struct evidence checks_evidence(struct transaction *t);

/* SPF alone, into FINDINGS. */
void checks_spf(struct transaction *t, struct findings *findings);

/* The body is over: all checks, and the verdict on what they found. */
void checks_judge(struct transaction *t);

enum dmarc_discovery checks_discovery(const struct config *config);

/* How many of a message's questions ARC may ask: a chain may name a hundred keys, and
 * leaves a part to the checks after it. */
unsigned checks_arc_questions(const struct config *config);

#endif
