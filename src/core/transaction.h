/* transaction.h: one mail transaction, from MAIL FROM to the verdict.
 *
 * The shells (milter, command line) call these in SMTP order and carry out
 * the plan.  Nothing here waits for DNS before transaction_end(), except
 * transaction_mail_verdict() when the administrator asked for a reply at MAIL.
 * An abort is transaction_free() at any point.
 */
#ifndef VIDIMUS_CORE_TRANSACTION_H
#define VIDIMUS_CORE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/arc.h"
#include "auth/dmarc.h"
#include "auth/finding.h"
#include "core/list.h"
#include "core/plan.h"
#include "core/sealing.h"
#include "core/session.h"
#include "core/signing.h"
#include "core/verdict.h"
#include "dns/scope.h"

struct dkim_verifier;
struct transaction;

/* Begins a transaction of SESSION (lent, must outlive it) under SNAPSHOT
 * (referenced).  MAIL_FROM is the raw argument; MAIL_ADDR is what the MTA made
 * of it ({mail_addr}), or an empty text: if both name an address and disagree
 * on the domain, the identity is malformed (ATTACKS §0).  NOW is epoch seconds.
 * NULL: memory: answer with a temporary failure. */
struct transaction *transaction_begin(struct session *session, struct snapshot *snapshot,
                                      struct text mail_from, const struct text *mail_addr,
                                      int64_t now);
void transaction_free(struct transaction *transaction); /* NULL allowed */

/* With `spf { on-fail = reject reject-at = mail }`: evaluates SPF now and gives
 * the rejecting verdict, which is then the verdict of the end as well; else
 * NULL, at once. */
const struct verdict *transaction_mail_verdict(struct transaction *transaction);

void transaction_recipient(struct transaction *transaction, struct text rcpt_to);
void transaction_field(struct transaction *transaction, struct text name, struct text value);

/* What follows is body, or the end.  Only the first call does something. */
void transaction_end_of_header(struct transaction *transaction);
bool transaction_wants_body(const struct transaction *transaction);
void transaction_body(struct transaction *transaction, struct text chunk);

/* The last three for a whole message file (mail/eml.h), up to its end. */
void transaction_message(struct transaction *transaction, struct text octets);

/* Everything about a judged message; texts live as long as the transaction. */
struct judgement {
    enum origin origin;
    const char *authserv_id;
    const struct message *message;
    const struct author *author;
    const struct findings *findings;
    const struct spf_identity *spf;    /* NULL: not judged */
    const struct dkim_verifier *dkim;  /* NULL: not judged */
    const struct arc_outcome *arc;     /* NULL: not judged */
    const struct dmarc_outcome *dmarc; /* NULL: not judged */
    const struct signing *signing;     /* NULL: not asked, as of sealing */
    const struct sealing *sealing;
    const char *client_name;           /* confirmed reverse name, or "" */
    struct list_claim list;
    struct verdict verdict;
    bool unreported;                   /* an override keeps it out of reports */
    struct plan plan;
    const char *header;                /* A-R body, or NULL: none is added */
    struct dns_scope_usage dns;
    int64_t now;
};

/* Waits for what is still open, judges, plans.  Always gives a judgement: when
 * memory ran out, it is a temporary failure with an empty plan.  Called again,
 * it gives the same. */
const struct judgement *transaction_end(struct transaction *transaction);

struct dns_scope *transaction_dns(struct transaction *transaction);

#endif
