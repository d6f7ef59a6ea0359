/* bounds.h: the bounds of one message that were reached: what was judged is not all
 * there was.  The log names them, and metrics count them. */
#ifndef VIDIMUS_CORE_BOUNDS_H
#define VIDIMUS_CORE_BOUNDS_H

#include <stdbool.h>

#include "base/names.h"

struct judgement;

enum bound {
    BOUND_AUTHORS,       /* author domains */
    BOUND_DNS_QUESTIONS, /* resolver { questions } */
    BOUND_DNS_TIME,      /* resolver { message-timeout } */
    BOUND_HEADER_FIELDS,
    BOUND_SIGNATURES,    /* dkim { max-signatures } */
    BOUND_SPF            /* those of RFC 7208 §4.6.4 */
};

enum { BOUND_COUNT = BOUND_SPF + 1 };

extern const struct name bound_names[]; /* "authors", "dns-questions", … */

bool bound_reached(const struct judgement *judgement, enum bound bound);

#endif
