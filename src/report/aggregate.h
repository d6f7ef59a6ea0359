/* aggregate.h: writes an aggregate report (RFC 9990) as XML.
 *
 * Streams: a report may hold a million records.  Only what row.h lets into a row
 * gets here: printable ASCII and domains; escaping is the XML writer's.
 */
#ifndef VIDIMUS_REPORT_AGGREGATE_H
#define VIDIMUS_REPORT_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/canonicalise.h"
#include "report/row.h"

struct aggregate_head {
    const char *org_name;      /* who reports, UTF-8 */
    const char *email;         /* whom to ask */
    const char *extra_contact; /* e.g. a URL; "": none */
    const char *report_id;
    int64_t begin, end;        /* the first and the last second, UTC */
    const struct row_policy *policy;
};

struct aggregate;

/* Begins the report; octets go to OUT.  NULL: memory. */
struct aggregate *aggregate_new(const struct aggregate_head *head, struct octet_sink out);

/* A record: COUNT messages that are ROW but for the time. */
void aggregate_add(struct aggregate *aggregate, const struct row *row, uint64_t count);

/* Ends the report and frees AGGREGATE (NULL allowed).  False: memory, and what
 * went out is of no use. */
bool aggregate_end(struct aggregate *aggregate);

#endif
