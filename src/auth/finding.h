/* finding.h: what a check found.  The noun between checks, DMARC, the verdict
 * and every text that is written from it (DESIGN §1): no stage reads another
 * stage's text.
 */
#ifndef VIDIMUS_AUTH_FINDING_H
#define VIDIMUS_AUTH_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/names.h"
#include "base/text.h"

struct region;

/* In the order of the Authentication-Results field. */
enum method { METHOD_AUTH, METHOD_IPREV, METHOD_SPF, METHOD_DKIM, METHOD_ARC, METHOD_DMARC };

/* The union of the result vocabularies of RFC 8601 §2.7. */
enum result {
    RESULT_NONE,
    RESULT_PASS,
    RESULT_FAIL,
    RESULT_SOFTFAIL,
    RESULT_POLICY,
    RESULT_NEUTRAL,
    RESULT_TEMPERROR,
    RESULT_PERMERROR
};

extern const struct name method_names[];
extern const struct name result_names[];

struct property {
    const char *name;      /* registered "ptype.property": static, e.g. "smtp.mailfrom" */
    struct text value;     /* network text; authres.c quotes it */
    struct property *next; /* in order of A-R */
};

/* Typed data beside the result: for JSON `detail`, --explain and the log. */
struct detail {
    const char *name; /* static, e.g. "key_bits" */
    enum detail_kind { DETAIL_NUMBER, DETAIL_TEXT, DETAIL_BOOL } kind;
    long long number; /* also the bool */
    struct text text;
    struct detail *next;
};

struct finding {
    enum method method;
    enum result result;
    const char *reason; /* NULL, or a static or region text for A-R `reason=`
                           and people; printable ASCII */
    struct property *properties;
    struct detail *details;
    struct finding *next;
};

/* Not to be copied: `end` points into it. */
struct findings {
    struct region *region; /* lent: where findings live */
    struct finding *first;
    struct finding **end;
};

void findings_init(struct findings *findings, struct region *region);

/* Appends a finding.  NULL when memory is exhausted (the region latches). */
struct finding *findings_add(struct findings *findings, enum method method, enum result result,
                             const char *reason);

/* Puts what is in FIRST, of the same region, before what is in FINDINGS; FIRST is
 * empty then. */
void findings_put_first(struct findings *findings, struct findings *first);

/* The helpers accept a NULL finding and do nothing then. */
void finding_property(struct findings *findings, struct finding *finding, const char *name,
                      struct text value);
void finding_number(struct findings *findings, struct finding *finding, const char *name,
                    long long number);
void finding_bool(struct findings *findings, struct finding *finding, const char *name, bool value);
void finding_text(struct findings *findings, struct finding *finding, const char *name,
                  struct text value);

/* The value of property NAME, or the empty text. */
struct text finding_get(const struct finding *finding, const char *name);

#endif
