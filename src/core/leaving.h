/* leaving.h: a message whose header is complete, as those see it who add to it
 * when it leaves: signing.h, sealing.h. */
#ifndef VIDIMUS_CORE_LEAVING_H
#define VIDIMUS_CORE_LEAVING_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/dmarc.h"
#include "core/session.h"

struct author;
struct body_digests;
struct config;
struct keyring;
struct message;

struct leaving {
    const struct config *config;
    const struct keyring *keyring;
    struct message *message;
    const struct author *author;
    struct body_digests *bodies; /* fed and ended by the owner */
    struct dns_scope *dns;
    unsigned arc_questions; /* arc_params.questions_max */
    const struct ip_address *client;
    enum origin origin;
    bool submitted; /* session_submits() */
    const char *authserv_id;
    enum dmarc_discovery discovery;
    int64_t now;
};

#endif
