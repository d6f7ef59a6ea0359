/* feedback.h: reads an aggregate report somebody sent (RFC 9990, and RFC 7489
 * with what is made of it in practice: no namespace, elements in any order,
 * empty ones, results that the schema does not know).
 *
 * Texts come from strangers: they are bounded here and escaped by whoever
 * prints them.  A document type declaration is refused, and with it every
 * entity that could be expanded.
 */
#ifndef VIDIMUS_REPORT_FEEDBACK_H
#define VIDIMUS_REPORT_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/text.h"

struct region;

enum {
    FEEDBACK_TEXT_MAX = 1000,   /* octets of one element; the rest is dropped */
    FEEDBACK_RESULTS_MAX = 100, /* DKIM results of one record */
    FEEDBACK_ROWS_MAX = 1000000
};

/* What the report says of itself and of the policy it is about; "" where it
 * says nothing. */
struct feedback_head {
    struct text org_name, email, report_id, error;
    struct text domain, p, sp, np, adkim, aspf, testing, discovery_method;
    int64_t begin, end; /* seconds since 1970; 0: not told */
};

struct feedback_dkim {
    struct text domain, selector, result;
};

struct feedback_row {
    struct ip_address source; /* IP_NONE: what stood there is no address */
    uint64_t count;
    struct text disposition, dkim, spf; /* of policy_evaluated */
    struct text reason;                 /* the first override's type */
    struct text header_from, envelope_from, envelope_to;
    size_t dkim_count;
    struct feedback_dkim dkim_results[FEEDBACK_RESULTS_MAX];
    struct text spf_domain, spf_result;
};

struct feedback_reader {
    void *context;
    /* Before the first row, and once more at the end; lent, in the region. */
    void (*head)(void *context, const struct feedback_head *head);
    /* Lent for the call. */
    void (*row)(void *context, const struct feedback_row *row);
};

enum { FEEDBACK_ERROR_SIZE = 256 };

/* Reads XML and tells READER what stands in it; HEAD lives in REGION.  False
 * with the reason in ERROR ("line 3: …"): rows that were told before do not
 * count then. */
bool feedback_read(struct region *region, struct text xml, const struct feedback_reader *reader,
                   char error[FEEDBACK_ERROR_SIZE]);

#endif
