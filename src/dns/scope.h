/* scope.h: the questions of one message (or one connection).
 *
 * A scope remembers each question and its answer, so that one message sees one
 * consistent DNS and nothing is asked twice; it counts them, bounds them
 * (DESIGN §6: 100 a message), and carries the message's deadline.
 *
 * Reference counted and thread-safe: completion callbacks run on the
 * resolver's threads and may start further questions in the scope while the
 * message goes on, or after it is gone.
 */
#ifndef VIDIMUS_DNS_SCOPE_H
#define VIDIMUS_DNS_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/answer.h"

struct resolver;
struct dns_scope;

struct dns_scope_limits {
    unsigned questions_max; /* distinct questions; beyond: TEMPFAIL "question limit" */
    int64_t deadline_ms;    /* clock_ms() value at which waiting ends; 0: none */
};

/* NULL when memory is exhausted.  Holds a reference on RESOLVER. */
struct dns_scope *dns_scope_new(struct resolver *resolver, const struct dns_scope_limits *limits);
struct dns_scope *dns_scope_ref(struct dns_scope *scope);
void dns_scope_unref(struct dns_scope *scope); /* NULL allowed */

/* Sets the deadline, e.g. when the wait for the message begins. */
void dns_scope_set_deadline(struct dns_scope *scope, int64_t deadline_ms);

/* Starts a question without waiting (a hint: errors show at lookup).  DONE, if
 * any, is called exactly once, on any thread, maybe before this returns, with
 * the answer or a TEMPFAIL (bounds, memory, scope closed): CONTEXT may be freed
 * there.  The scope is alive during the call, and no lock is held. */
void dns_scope_start(struct dns_scope *scope, const char *name, enum dns_type type,
                     void (*done)(void *context, const struct dns_answer *answer), void *context);

/* The answer, waiting for it at most until the deadline.  Never NULL; lives as
 * long as the scope.  Bounds and memory hit give TEMPFAIL with `why`.  What was
 * given once (a "timeout" too) is what every later lookup gives.  Not for DONE
 * callbacks, unless the answer is there: they would stop the resolver's thread. */
const struct dns_answer *dns_scope_lookup(struct dns_scope *scope, const char *name,
                                          enum dns_type type);

/* The message is gone: no further question is started from now on; asking for
 * one gives TEMPFAIL.  Questions in flight complete, and their DONE is called. */
void dns_scope_close(struct dns_scope *scope);

struct dns_scope_usage {
    unsigned questions;   /* distinct questions started */
    int64_t waited_ms;    /* spent waiting inside dns_scope_lookup */
    bool limit_hit;
    bool deadline_hit;    /* a lookup gave up at the deadline */
    bool out_of_memory;   /* for an answer that was looked up, or for a question: another one
                             may have had its place within the bound */
};

/* Latches out_of_memory by hand: for what would have started questions. */
void dns_scope_fail(struct dns_scope *scope);

void dns_scope_usage(struct dns_scope *scope, struct dns_scope_usage *usage);

/* Calls VISIT for every question with an answer so far, in the order started
 * (for --explain).  Not to be called while callbacks may still run. */
void dns_scope_each(struct dns_scope *scope,
                    void (*visit)(void *context, const char *name, const struct dns_answer *answer),
                    void *context);

#endif
