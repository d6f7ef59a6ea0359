/* transaction_private.h: a transaction from inside, for transaction.c and checks.c. */
#ifndef VIDIMUS_CORE_TRANSACTION_PRIVATE_H
#define VIDIMUS_CORE_TRANSACTION_PRIVATE_H

#include "core/transaction.h"

struct transaction {
    struct session *session;   /* lent */
    struct snapshot *snapshot; /* referenced */
    struct dns_scope *dns;
    struct message *message;
    struct body_digests *body;   /* for all signatures */
    const struct spf_engine *spf_engine; /* these two: once checks_prepare() ran */
    const struct dkim_engine *dkim_engine;
    struct dkim_verifier *dkim;  /* NULL: not judged */
    struct arc_verifier *arc;    /* NULL: not judged */
    int64_t now;
    bool submitted; /* our own mail: session_submits() */
    bool header_ended;
    bool ended;

    struct author author;
    struct findings findings;
    struct spf_identity spf;
    struct arc_outcome chain;
    struct dmarc_outcome dmarc;
    struct leaving leaving; /* once the header has ended */
    struct signing signing;
    struct sealing sealing;
    domain_name client_name;
    struct verdict mail_verdict;
    struct judgement judgement;
};

const char *transaction_authserv_id(const struct transaction *t);

#endif
