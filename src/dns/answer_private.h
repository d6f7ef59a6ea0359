/* answer_private.h: how backends build answers.
 *
 * A backend hands over RDATA as it stands on the wire (names uncompressed);
 * here it is checked, bounded and typed.  Failures are static answers, so
 * that telling a failure can never fail.
 */
#ifndef VIDIMUS_DNS_ANSWER_PRIVATE_H
#define VIDIMUS_DNS_ANSWER_PRIVATE_H

#include "dns/answer.h"

struct dns_rdata {
    const uint8_t *octets;
    size_t len;
};

/* What a backend knows; count 0 unless status is DNS_OK. */
struct dns_facts {
    enum dns_status status; /* OK, NODATA or NXDOMAIN */
    enum dns_type type;
    bool secure;
    bool through_cname;
    uint32_t ttl;
    size_t count;
    const struct dns_rdata *rdata;
};

/* A new answer with one reference.  Malformed records and those beyond the
 * bounds are dropped and counted; when none is left of an OK answer it is
 * NODATA.  Without memory it is the failure DNS_FAILURE_MEMORY. */
const struct dns_answer *dns_answer_new(const struct dns_facts *facts);

enum dns_failure {
    DNS_FAILURE_TIMEOUT,
    DNS_FAILURE_SERVFAIL,
    DNS_FAILURE_REFUSED,
    DNS_FAILURE_ERROR_RESPONSE, /* any other RCODE */
    DNS_FAILURE_RESOLVER,       /* the backend could not ask */
    DNS_FAILURE_STOPPED,
    DNS_FAILURE_BUSY,           /* too many questions in flight */
    DNS_FAILURE_QUESTION_LIMIT, /* of a scope */
    DNS_FAILURE_CLOSED,         /* scope */
    DNS_FAILURE_CNAMES,
    DNS_FAILURE_MEMORY,
    DNS_FAILURE_BOGUS,
    DNS_FAILURE_IMPOSSIBLE_NAME, /* NXDOMAIN: no such name can exist */
    DNS_FAILURES
};

/* The static answer for FAILURE; references on it are not counted. */
const struct dns_answer *dns_answer_failure(enum dns_type type, enum dns_failure failure);

const struct dns_answer *dns_answer_ref(const struct dns_answer *answer);

/* Drops one reference; NULL allowed. */
void dns_answer_unref(const struct dns_answer *answer);

/* Octets of memory that ANSWER takes. */
size_t dns_answer_size(const struct dns_answer *answer);

#endif
