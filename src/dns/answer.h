/* answer.h: what the resolver returns: status and owned, bounded, typed
 * records; never a packet.
 *
 * Answers are immutable and lent: they live as long as the scope or future
 * that gave them.  Names inside answers are hostile octets made safe here: a
 * record whose name is not a well-formed domain (LDH and underscore labels) is
 * dropped from the answer and counted in `refused`.  Only an MX record's exchange
 * may hold any visible ASCII but '\\', because zones use that (RFC 7208 §7.1 has
 * domains with ':' and '/'): it is to be asked for, and for nothing else; escape
 * it where it is shown.  A record over DNS_TXT_MAX
 * is dropped whole, never cut, and sets `capped`.  When nothing is left of the
 * records, the status is DNS_NODATA: `refused` and `capped` tell why.
 */
#ifndef VIDIMUS_DNS_ANSWER_H
#define VIDIMUS_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "base/text.h"
#include "mail/domain.h"

/* Values are those of the wire. */
enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52
};

enum dns_status {
    DNS_OK,       /* at least one record of the type asked for */
    DNS_NODATA,   /* the name exists, without such a record */
    DNS_NXDOMAIN, /* the name does not exist */
    DNS_TEMPFAIL, /* timeout, SERVFAIL, bound hit: nothing is known */
    DNS_BOGUS     /* DNSSEC says the answer is forged; treat as temporary */
};

enum {
    DNS_TXT_MAX = 16384, /* octets of one joined TXT record */
    DNS_RECORDS_MAX = 128
};

struct dns_record {
    union {
        uint8_t address[16]; /* A: first 4; AAAA: all */
        struct {
            uint16_t preference;
            domain_name exchange; /* see above; "" is the null MX "." (RFC 7505) */
        } mx;
        domain_name name; /* PTR, CNAME */
        struct text data; /* TXT: strings joined without space, any octets;
                             TLSA: RDATA */
    };
};

struct dns_answer {
    enum dns_status status;
    enum dns_type type;
    bool secure;        /* validated by DNSSEC */
    bool through_cname; /* a CNAME stood at the name asked: it exists even if
                           its target does not (RFC 9989 np) */
    bool capped;        /* records or octets beyond the bounds were dropped */
    unsigned refused;   /* records dropped: malformed name or RDATA */
    uint32_t ttl;       /* seconds; for negative answers the SOA minimum */
    const char *why;    /* for TEMPFAIL and BOGUS: static text, e.g. "timeout" */
    size_t count;
    const struct dns_record *records;
};

extern const struct name dns_status_names[]; /* "ok", "nodata", "nxdomain", "tempfail", "bogus" */
extern const struct name dns_type_names[];   /* "A", "TXT", … */

/* Nothing is known: neither a policy nor its absence may be read from it. */
static inline bool dns_failed(const struct dns_answer *answer)
{
    return answer->status == DNS_TEMPFAIL || answer->status == DNS_BOGUS;
}

/* The question was not asked because its scope had asked enough.  Whoever made
 * the message ask so much shall not gain by what is not known then: this is no
 * temporary error. */
bool dns_over_limit(const struct dns_answer *answer);

#endif
