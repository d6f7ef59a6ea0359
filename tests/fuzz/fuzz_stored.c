/* Fuzzes what a stored message tells of its envelope: every text lies in the message,
 * and no more fields are ours than there are. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/stored_envelope.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct text message, struct text t)
{
    if (t.len > 0 && (t.data < message.data || t.data + t.len > message.data + message.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text message = { (const char *)data, size };
    struct ip_network network;
    const struct networks inside = { 1, &network };
    struct stored_envelope envelope;

    if (!ip_network_parse(TEXT("198.51.100.0/24"), &network))
        abort();
    stored_envelope_read(message, &inside, &envelope);
    check(message, envelope.helo);
    check(message, envelope.mail_from);
    check(message, envelope.recipient);
    if (envelope.ours > envelope.fields || (envelope.inside && envelope.ours > 0) ||
        (envelope.ours == 0 && envelope.client.family != IP_NONE))
        abort();
    return 0;
}
