/* session.h: one SMTP connection, as the MTA tells it. */
#ifndef VIDIMUS_CORE_SESSION_H
#define VIDIMUS_CORE_SESSION_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/names.h"
#include "base/text.h"
#include "mail/domain.h"

struct region;
struct snapshot;
struct dns_scope;

/* Whose mail this is, decided at MAIL FROM. */
enum origin {
    ORIGIN_OUTSIDE,       /* judged */
    ORIGIN_AUTHENTICATED, /* SMTP AUTH: not judged */
    ORIGIN_TRUSTED        /* trusted-networks: not judged, our own A-R stays */
};

extern const struct name origin_names[]; /* "outside", "authenticated", "trusted" */

struct session {
    struct ip_address client; /* IP_NONE: local submission without a socket */
    struct text helo;         /* as sent; empty when there was none */
    struct text auth_name;    /* SASL name; empty: not authenticated */
    const char *hostname;     /* the MTA's own name ({j}), "" unknown */
    struct dns_scope *dns;    /* connection-wide questions: iprev */
    /* private */
    struct region *region;
    struct snapshot *snapshot;
};

/* A new session; holds a reference on SNAPSHOT and starts iprev's lookups for a
 * client that will be judged.  NULL: memory. */
struct session *session_new(struct snapshot *snapshot, const struct ip_address *client);
void session_free(struct session *session); /* NULL allowed */

void session_set_helo(struct session *session, struct text helo); /* again: replaces */
void session_set_auth(struct session *session, struct text name);
void session_set_hostname(struct session *session, struct text name);

enum origin session_origin(const struct session *session);

#endif
