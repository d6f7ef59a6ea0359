/* explain.h: a judgement told to a person: each lookup, each step, why it
 * failed and what to do. */
#ifndef VIDIMUS_CLI_EXPLAIN_H
#define VIDIMUS_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

struct dns_scope;
struct judgement;
struct session;

/* False: memory ran out. */
bool explain(const struct session *session, const struct judgement *judgement,
             struct dns_scope *dns, FILE *out);

#endif
