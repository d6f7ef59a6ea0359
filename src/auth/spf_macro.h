/* spf_macro.h: macro expansion (RFC 7208 §7), into one bounded builder.
 *
 * Whatever a stranger chose (the record, the sender, the HELO name), every
 * octet of an expansion goes through one function that knows the bound.  Of a
 * name only the right-hand end counts, because §7.3 cuts it from the left to
 * 253 octets: so the builder drops octets on the left instead of failing.  An
 * explanation that does not fit is none.
 */
#ifndef VIDIMUS_AUTH_SPF_MACRO_H
#define VIDIMUS_AUTH_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/spf.h"
#include "base/text.h"

enum {
    SPF_EXPANSION_MAX = 1024,
    SPF_EXPLANATION_MAX = 500, /* octets of an explanation that is given */
    SPF_LOCAL_PART_MAX = 512,  /* a longer one matches nothing */
    SPF_VALUES_MAX = 16384     /* octets of macro values that one string may take: the
                                  bound of its work; with more it matches nothing */
};

/* What the macro letters stand for. */
struct spf_macros {
    const struct spf_request *request;
    const char *domain; /* whose record it is: d */
    /* A validated domain name of the client (p), of DOMAIN rather than another;
     * NULL when there is none.  The pointer is NULL where nobody may wait. */
    const char *(*validated)(void *context, const char *domain);
    void *context;
};

struct spf_expansion {
    size_t len;
    size_t values;    /* octets of macro values taken */
    bool explanation; /* must fit; else the end of a name */
    bool failed;
    char octets[SPF_EXPANSION_MAX];
};

/* Expands a domain-spec.  False when nothing can match it: it names a local
 * part that is not ASCII (RFC 8616 §4), or p where `validated` is NULL, or a bound
 * above is hit.  The text is for spf_target_name(). */
bool spf_expand_name(const struct spf_macros *macros, struct text spec,
                     struct spf_expansion *out);

/* Expands an explain-string (§6.2).  False when it has a syntax error, or when
 * what came out is too long or not printable ASCII. */
bool spf_expand_explanation(const struct spf_macros *macros, struct text explanation,
                            struct spf_expansion *out);

struct text spf_expansion_text(const struct spf_expansion *expansion);

/* Whether the macro-string T holds LETTER (lower case). */
bool spf_macro_uses(struct text t, char letter);

#endif
