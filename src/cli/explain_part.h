/* explain_part.h: the parts that explain() is made of. */
#ifndef VIDIMUS_CLI_EXPLAIN_PART_H
#define VIDIMUS_CLI_EXPLAIN_PART_H

#include "cli/tell.h"

struct dkim_candidate;
struct dns_scope;
struct finding;
struct judgement;
struct session;

struct explanation {
    struct teller teller;
    const struct session *session;
    const struct judgement *judgement;
    struct dns_scope *dns; /* of the message: answers only, nothing new is asked */
};

enum { DETAIL_INDENT = 6, STEP_INDENT = 2 };

/* How SPF went from record to record, and what decided. */
void explain_spf(const struct explanation *x, const struct finding *finding);

/* What one signature covers, and where it broke. */
void explain_dkim(const struct explanation *x, const struct dkim_candidate *candidate);

/* Which record applies, and which identifier aligns. */
void explain_dmarc(const struct explanation *x);

/* Which keys signed our own mail, or sealed what passes through; or why none. */
void explain_leaving(const struct explanation *x);

#endif
