/* spf_record.h: SPF records (RFC 7208 §4.5, §4.6, §5, §6, §7.1), our strict
 * parser.
 *
 * No engine sees a record that spf_record_parse() refused.  The grammar is
 * applied to the whole record, modifiers included, before anything is
 * evaluated; what comes out is typed, so that no later stage parses again.
 * Macro-strings are checked here and stay text: spf_macro_next() pulls their
 * parts, for the check and for an expander alike.
 */
#ifndef VIDIMUS_AUTH_SPF_RECORD_H
#define VIDIMUS_AUTH_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/finding.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "mail/domain.h"

struct dns_answer;
struct region;

enum spf_mechanism {
    MECHANISM_ALL,
    MECHANISM_INCLUDE,
    MECHANISM_A,
    MECHANISM_MX,
    MECHANISM_PTR,
    MECHANISM_IP4,
    MECHANISM_IP6,
    MECHANISM_EXISTS
};

extern const struct name spf_mechanism_names[]; /* "all", … */

/* A domain-spec (§7.1).  `text` is empty when the term has none. */
struct spf_domain_spec {
    struct text text;
    bool macros; /* holds a macro-expand, "%%" included */
};

/* A directive (§4.6.1): qualifier and mechanism. */
struct spf_term {
    struct text text; /* as published */
    enum result result; /* that a match gives: the qualifier */
    enum spf_mechanism mechanism;
    struct spf_domain_spec target; /* include a mx ptr exists */
    struct ip_network network;     /* ip4 ip6 */
    unsigned prefix4, prefix6;     /* a mx: dual-cidr-length */
};

struct spf_record {
    struct text text;
    size_t count;
    const struct spf_term *terms; /* directives, in order */
    struct spf_domain_spec redirect;
    struct spf_domain_spec explanation; /* exp= */
};

enum spf_selection { RECORD_NONE, RECORD_ONE, RECORD_MANY };

/* The record among the TXT records of ANSWER (§4.5): those that begin with
 * "v=spf1", in any case, followed by SP or the end. */
enum spf_selection spf_record_select(const struct dns_answer *answer, struct text *record);

/* Parses T, a selected record.  NULL on success, else why it is a syntax error
 * (static text).  RECORD points into T and REGION.  When memory is exhausted
 * the region latches and the answer is an error too. */
const char *spf_record_parse(struct region *region, struct text t, struct spf_record *record);

/* Whether the mechanism asks the DNS: one of the ten terms of §4.6.4. */
bool spf_mechanism_asks(enum spf_mechanism mechanism);

/* Whether TERM matches CLIENT by itself, without DNS: "all", and a network
 * that holds it. */
bool spf_term_matches(const struct spf_term *term, const struct ip_address *client);

/* The directive "all" ends a record, and cancels its redirect (§5.1). */
bool spf_record_has_all(const struct spf_record *record);

/* One part of a macro-string (§7.1). */
struct spf_macro_part {
    struct text literal; /* when not empty, the rest does not apply; "%%", "%_"
                            and "%-" come as what they stand for */
    char letter;         /* lower case, one of s l o d i p h v c r t */
    bool escape;         /* the letter was upper case: URL-escape */
    bool reverse;
    unsigned keep;       /* labels to keep from the right; 0: all */
    struct text delimiters; /* empty: "." */
};

enum spf_macro_result { MACRO_PART, MACRO_END, MACRO_ERROR };

/* Pulls the next part.  At an error the cursor does not move. */
enum spf_macro_result spf_macro_next(struct cursor *c, struct spf_macro_part *part);

/* The name that EXPANDED, an expanded domain-spec, asks for: cut from the left
 * by whole labels to fit 253 octets (§7.3), in lower case.  May hold SP and any
 * visible octet but '\\'.  False (and OUT empty) when no DNS name can be made of it. */
bool spf_target_name(struct text expanded, domain_name out);

#endif
