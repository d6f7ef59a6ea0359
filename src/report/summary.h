/* summary.h: aggregate reports that others sent us, added up: who sends in our
 * name, and does it pass?
 *
 * One line for each pair of author domain and source address.  The number of
 * lines is bounded; what comes beyond is counted in the totals only.
 */
#ifndef VIDIMUS_REPORT_SUMMARY_H
#define VIDIMUS_REPORT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/names.h"
#include "base/text.h"
#include "report/feedback.h"

struct region;

/* What the receiver did; anything else counts as OTHER. */
enum summary_disposition {
    SUMMARY_NONE, /* "none" or "pass" */
    SUMMARY_QUARANTINE,
    SUMMARY_REJECT,
    SUMMARY_OTHER
};

enum { SUMMARY_DISPOSITIONS = SUMMARY_OTHER + 1 };

extern const struct name summary_disposition_names[];

enum { SUMMARY_SOURCES_MAX = 100000, SUMMARY_SIGNERS_MAX = 3 };

struct summary_counts {
    uint64_t messages;
    uint64_t passed;     /* DMARC: aligned DKIM or SPF */
    uint64_t dkim, spf;  /* of those, which */
    uint64_t overridden; /* the receiver had a reason of its own */
    uint64_t dispositions[SUMMARY_DISPOSITIONS];
};

struct summary_source {
    struct text domain;        /* header_from, lower case */
    struct ip_address address; /* IP_NONE: none that could be read */
    struct summary_counts counts;
    struct text signers[SUMMARY_SIGNERS_MAX]; /* d= of signatures that verify, some */
    size_t signer_count;
    struct text sender; /* a domain for which SPF passed; "" */
};

struct summary_report {
    struct text org_name, report_id, domain, policy;
    int64_t begin, end;
    uint64_t messages;
};

struct summary;

/* In REGION; NULL: memory (the region latches, as in all of these). */
struct summary *summary_new(struct region *region);

/* What SUMMARY_ADD answers. */
enum summary_added {
    SUMMARY_ADDED,
    SUMMARY_TWICE,  /* the same organisation's report of that id was added before */
    SUMMARY_REFUSED /* ERROR tells why; nothing of it was added */
};

/* Adds the report in XML. */
enum summary_added summary_add(struct summary *summary, struct text xml,
                               char error[FEEDBACK_ERROR_SIZE]);

const struct summary_report *summary_reports(const struct summary *summary, size_t *count);

/* By domain; of one, what fails most first, then what sends most. */
const struct summary_source *summary_sources(struct summary *summary, size_t *count);

/* All that came, also beyond SUMMARY_SOURCES_MAX. */
const struct summary_counts *summary_total(const struct summary *summary);

#endif
