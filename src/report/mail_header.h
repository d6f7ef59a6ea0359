/* mail_header.h: the header of a mail that we send as a reporter, and its signature. */
#ifndef VIDIMUS_REPORT_MAIL_HEADER_H
#define VIDIMUS_REPORT_MAIL_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct region;
struct snapshot;

/* Who reports. */
struct reporter {
    const char *org_name; /* UTF-8 */
    const char *email;    /* From and envelope sender: local@domain, plain */
    const char *domain;   /* of that address: the submitter */
    const char *contact;  /* "" or how else to reach us */
    struct snapshot *sign; /* signs with its keys; NULL: our milter does, on the way */
};

enum { MAIL_FIELDS_MAX = 16 };

/* Fields with values as plan.h has them: folded with LF TAB, no leading blank. */
struct mail_fields {
    size_t count;
    struct {
        const char *name, *value;
    } items[MAIL_FIELDS_MAX];
};

void mail_field(struct mail_fields *fields, const char *name, const char *value);

/* Date, From, To, and that no human wrote it. */
void mail_begin(struct mail_fields *fields, struct region *region,
                const struct reporter *reporter, const char *address, int64_t now);

/* A text in REGION, cut at 2047 octets; "" where memory is exhausted. */
__attribute__((format(printf, 2, 3)))
const char *mail_words(struct region *region, const char *format, ...);

/* RFC 5322 §3.3, in UTC, whatever the locale. */
const char *mail_date(struct region *region, int64_t seconds);

/* The header with the empty line behind it, CRLF line ends, for BODY; signed if REPORTER
 * signs.  NULL with the reason in ERROR. */
const char *mail_header(struct mail_fields *fields, struct region *region,
                        const struct reporter *reporter, FILE *body, int64_t now, char *error,
                        size_t error_size);

#endif
