/* failure.h: the report about one message that failed (RFC 9991, RFC 6591): whether
 * there shall be one, and what it says.
 *
 * What is taken from the message is redacted here, in the daemon, before it goes
 * anywhere: the file that waits for sending holds nothing that the report does not
 * show, but the addresses that it goes to.
 */
#ifndef VIDIMUS_REPORT_FAILURE_H
#define VIDIMUS_REPORT_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/names.h"
#include "base/text.h"

struct buf;
struct dns_scope;
struct judgement;
struct redactor;
struct region;

/* What a message is to failure reports. */
enum failure_case {
    FAILURE_NONE,      /* not judged, or nothing failed that the domain asks about */
    FAILURE_AUTOMATIC, /* null sender, bounce, report, automatic answer: may be one of
                          the mails that a report causes */
    FAILURE_REPORTED
};

/* Auth-Failure.  RFC 6591's "bodyhash" would need the body: it is "signature". */
enum failure_type { FAILURE_DMARC, FAILURE_SIGNATURE, FAILURE_REVOKED, FAILURE_SPF };

/* Delivery-Result. */
enum failure_delivery { FAILURE_DELIVERED, FAILURE_POLICY, FAILURE_REJECT };

extern const struct name failure_type_names[];
extern const struct name failure_delivery_names[];

/* Texts are printable ASCII and never NULL; "": not known, or does not apply. */
struct failure {
    int64_t time; /* of the verdict */
    struct ip_address source;
    enum failure_type type;
    enum failure_delivery delivery;
    bool dkim_aligned, spf_aligned;
    const char *reported_domain; /* of the author */
    const char *policy_domain;   /* where the record was found */
    const char *ruf;             /* as written */
    const char *mail_from;       /* redacted */
    const char *results;         /* what follows "Authentication-Results:", folded by LF TAB */
    const char *dkim_domain, *dkim_selector; /* of a signature that failed */
    const char *spf_domain, *spf_record;     /* the SPF record that failed */
    const char *served; /* addresses that have the report already, comma-separated */
    struct text header; /* redact_header.h */
};

/* Whether the failure of the message behind JUDGEMENT is to be reported, and as what:
 * fo= of the record found (RFC 9989 §4.7), which has a mailto: in ruf=.  Never under a
 * public suffix's record (RFC 9991 §2). */
enum failure_case failure_wanted(const struct judgement *judgement,
                                 const struct ip_address *client, enum failure_type *type);

/* Fills FAILURE with what JUDGEMENT says; texts in REGION, or where JUDGEMENT has them.
 * The SPF record is looked up in DNS, where the answer is.  False: memory. */
bool failure_fill(struct failure *failure, struct region *region,
                  const struct judgement *judgement, struct dns_scope *dns,
                  const struct redactor *redactor, bool subject);

enum {
    FAILURE_OCTETS_MAX = 131072, /* of a file */
    FAILURE_VALUE_MAX = 16384    /* of a value in it */
};

/* Appends the file of FAILURE.  One that could not be read back latches OUT. */
void failure_write(struct buf *out, const struct failure *failure);

enum failure_reading {
    FAILURE_READ_OK,
    FAILURE_READ_DAMAGED, /* not what failure_write() made */
    FAILURE_READ_NEWER    /* of a later version */
};

/* Reads T; texts go into REGION, but the header stays in T. */
enum failure_reading failure_read(struct region *region, struct text t, struct failure *failure);

#endif
