/* session.h: one SMTP connection, as the MTA tells it.
 *
 * Texts are copied; setting one again replaces it.  When memory runs out the
 * session is marked as failed, and no message of it gets anything but a
 * temporary failure: without a name, or as somebody who is not authenticated,
 * it would be judged as another's. */
#ifndef VIDIMUS_CORE_SESSION_H
#define VIDIMUS_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/names.h"
#include "base/text.h"
#include "mail/domain.h"

struct snapshot;
struct dns_scope;

/* Whose mail this is, decided at MAIL FROM.
 *
 *                   judged   our own A-R and BIMI   A-R added          signed
 *   outside         yes      deleted as forged      results            no
 *   authenticated   no       deleted as forged      auth=pass          yes
 *   own             no       deleted as forged      none               yes
 *   trusted         no       stay                   none, unless one   yes, if in sign-networks
 *                                                   of ours is there   or submitted here
 *
 * What a client of sign-networks sends is ours to sign, so SPF and DMARC have
 * nothing to tell about it: its address is no mail server's.  But only
 * trusted-networks hold hosts that judge mail, and so can have put our field on
 * it; from anyone else it is a forgery that others here would believe.
 * Whoever is in both is trusted.  Where nothing is signed, sign-networks mean
 * nothing. */
enum origin {
    ORIGIN_OUTSIDE,
    ORIGIN_AUTHENTICATED, /* SMTP AUTH */
    ORIGIN_OWN,           /* sign-networks */
    ORIGIN_TRUSTED        /* trusted-networks, or submitted on this host */
};

extern const struct name origin_names[]; /* "outside", "authenticated", "own", "trusted" */

struct session {
    struct ip_address client; /* IP_NONE: local submission without a socket */
    struct text helo;         /* as sent; empty when there was none */
    struct text listener;     /* which of the MTA's listeners it came to; empty: unknown */
    struct text auth_name;    /* SASL name; empty: not authenticated */
    const char *hostname;     /* the MTA's own name ({j}), "" unknown */
    const char *authserv_id;  /* "": of the configuration, else the host name */
    domain_name client_name;  /* what is to stand for the client's PTR record; "":
                                 ask DNS */
    struct dns_scope *dns;    /* connection-wide questions: iprev */
    bool wants_explanation;   /* SPF's, also where no reply needs it */
    bool failed;              /* memory ran out: the texts are not what the MTA told */
    /* private */
    unsigned questions_told; /* of `dns`, in what earlier messages counted; and the… */
    int64_t waited_told_ms;  /* …wait for them */
    struct snapshot *snapshot;
    bool judge_unknown;
};

/* A new session; holds a reference on SNAPSHOT and starts iprev's lookups for a
 * client that will be judged.  NULL: memory. */
struct session *session_new(struct snapshot *snapshot, const struct ip_address *client);
void session_free(struct session *session); /* NULL allowed */

void session_set_helo(struct session *session, struct text helo);
void session_set_listener(struct session *session, struct text name);
void session_set_auth(struct session *session, struct text name);
void session_set_hostname(struct session *session, struct text name);

/* Takes the place of what the configuration says. */
void session_set_authserv_id(struct session *session, struct text id);

/* The name that the client's reverse lookup gives, known beforehand.  False
 * when NAME is no domain name. */
bool session_set_client_name(struct session *session, struct text name);

/* A client that is IP_NONE submitted on this host and is trusted; after this
 * call it is an unknown one, to be judged (`vidimus check` without --ip). */
void session_judge_unknown(struct session *session);

/* The next transaction runs under SNAPSHOT (a reload came between). */
void session_use(struct session *session, struct snapshot *snapshot);

enum origin session_origin(const struct session *session);

/* Whether what this client sends is our own mail, to be signed: it is
 * authenticated, in sign-networks, or submits on this host. */
bool session_submits(const struct session *session);

#endif
