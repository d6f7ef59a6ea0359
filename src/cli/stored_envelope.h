/* stored_envelope.h: what a stored message tells of how it came: the envelope and the
 * client, from the trace fields that our MTA put on top of it. */
#ifndef VIDIMUS_CLI_STORED_ENVELOPE_H
#define VIDIMUS_CLI_STORED_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/text.h"

struct networks;

struct stored_envelope {
    size_t fields;           /* of the message, in all */
    size_t ours;             /* how many on top of it came after the client's words */
    struct ip_address client; /* IP_NONE: nothing tells */
    struct text helo;
    struct text mail_from;   /* with its brackets; data NULL: nothing tells */
    struct text recipient;   /* likewise */
    bool authenticated;
    bool inside;             /* it came from our own hosts alone */
    int64_t received;        /* epoch seconds; -1: nothing tells */
};

/* Of MESSAGE, which its texts point into.  Hops within INSIDE (our own hosts) and
 * without an address are passed over: the client is who handed it to the first of our
 * hosts. */
void stored_envelope_read(struct text message, const struct networks *inside,
                          struct stored_envelope *envelope);

/* The parts of one Received field; exposed for its test. */
void received_parse(struct text value, struct stored_envelope *envelope);

#endif
