/* calls.h: a callback that notes what it was called with. */
#ifndef VIDIMUS_TESTS_DNS_CALLS_H
#define VIDIMUS_TESTS_DNS_CALLS_H

#include <stdatomic.h>

#include "dns/answer.h"

struct calls {
    enum dns_status status;
    const char *why;
    atomic_uint count; /* after the others are set */
};

static void note(void *context, const struct dns_answer *answer)
{
    struct calls *calls = context;

    calls->status = answer->status;
    calls->why = answer->why;
    atomic_fetch_add(&calls->count, 1);
}

#endif
