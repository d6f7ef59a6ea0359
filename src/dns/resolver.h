/* resolver.h: the one resolver under everything.
 *
 * dns_start() never blocks; identical questions in flight are one query; a
 * bounded cache in front honours TTLs and negative answers.  Callers do not
 * use this directly but through a message's dns_scope (scope.h), which counts,
 * bounds and remembers.  Thread-safe throughout.
 *
 * Backends implement struct resolver_backend: libunbound, and a zone file for
 * tests and offline use.
 */
#ifndef VIDIMUS_DNS_RESOLVER_H
#define VIDIMUS_DNS_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/histogram.h"
#include "dns/answer.h"

struct resolver; /* reference counted */

struct resolver_settings {
    const char *const *servers; /* "192.0.2.53", "127.0.0.1@5353", "::1@53";
                                   NULL-terminated; empty: those of resolv.conf
                                   as it is now, and without any there, the
                                   root servers and down */
    unsigned timeout_ms;        /* one question, from start to answer */
    const char *anchors;        /* file of DNSKEY or DS records that DNSSEC
                                   begins with; NULL: nothing is validated */
    size_t cache_max;           /* answers kept in our cache */
};

struct resolver_counters {
    uint64_t questions;   /* asked of us */
    uint64_t queries;     /* handed to the backend, for the first time */
    uint64_t asked_again; /* after SERVFAIL */
    uint64_t cache_hits;
    uint64_t merged;      /* joined a question in flight */
    uint64_t timeouts;
    uint64_t tempfails;   /* of the backend, timeouts included */
    uint64_t in_flight;   /* now */
    struct histogram latency; /* of queries, from the question to its end */
};

/* A resolver on libunbound.  NULL on error, with a message for people (no
 * newline) in ERROR.  Starts threads, which take no signals: call it after the
 * last fork(). */
struct resolver *resolver_new_unbound(const struct resolver_settings *settings, char *error,
                                      size_t error_size);

/* A resolver over a zone file (DESIGN §4: master-file form, $ORIGIN, $TTL,
 * $FAULT NAME TYPE timeout|servfail; names that are not there are NXDOMAIN,
 * names above a record exist).  FILE_NAME is for messages and to open.  A
 * timeout fault answers TEMPFAIL at once, without waiting. */
struct resolver *resolver_new_zone(const char *file_name, char *error, size_t error_size);

/* The same over the text ZONE (for tests). */
struct resolver *resolver_new_zone_text(struct text zone, char *error, size_t error_size);

struct resolver *resolver_ref(struct resolver *resolver);

/* NULL allowed.  The last one stops the resolver: questions still in flight
 * complete with TEMPFAIL.  It may come from inside a completion callback; then
 * the resolver stops by itself soon after. */
void resolver_unref(struct resolver *resolver);

void resolver_count(struct resolver *resolver, struct resolver_counters *counters);

/* Adds what another one counted: in flight, too. */
void resolver_counters_merge(struct resolver_counters *counters,
                             const struct resolver_counters *more);

/* Called once per question, on any thread (also before dns_start returns),
 * holding no lock.  ANSWER is lent for the call. */
typedef void dns_done_fn(void *context, const struct dns_answer *answer);

struct dns_future; /* reference counted */

/* What dns_start() would answer at once, as a reference of the caller's; NULL: the
 * question has to be asked, and was not counted yet. */
const struct dns_answer *dns_known(struct resolver *resolver, const char *name,
                                   enum dns_type type);

/* Starts a question.  NAME is dotted text, usually normalised (mail/domain.h);
 * labels may hold any octet but '.' and controls, as SPF macros make them.
 * Case does not matter.  A name that is not a possible DNS name is answered
 * NXDOMAIN without a query.  DONE may be NULL.
 * Never NULL unless memory is exhausted (then DONE is not called). */
struct dns_future *dns_start(struct resolver *resolver, const char *name, enum dns_type type,
                             dns_done_fn *done, void *context);

/* Waits until the answer is there or the clock (clock_ms) reaches DEADLINE_MS;
 * then the answer is TEMPFAIL "timeout" (a static one).  The answer lives as
 * long as FUTURE.  DEADLINE_MS 0: do not wait, NULL when it is not there. */
const struct dns_answer *dns_wait(struct dns_future *future, int64_t deadline_ms);

void dns_future_unref(struct dns_future *future); /* NULL allowed */

#endif
