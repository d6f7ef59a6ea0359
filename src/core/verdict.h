/* verdict.h: from findings to what shall happen to the message.  Pure.
 *
 * Each rule (verdict.c) looks at the evidence and proposes an action; the
 * strongest proposal is the verdict.
 */
#ifndef VIDIMUS_CORE_VERDICT_H
#define VIDIMUS_CORE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/dmarc.h"
#include "auth/finding.h"
#include "auth/spf.h"
#include "base/names.h"
#include "config/config.h"
#include "mail/author.h"

/* From the mildest to the strongest. */
enum action { ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_TEMPFAIL, ACTION_REJECT };

extern const struct name action_names[];

/* Which rule gave the verdict. */
enum verdict_rule {
    VERDICT_OF_DMARC, /* also of an acceptance */
    VERDICT_OF_AUTHOR,
    VERDICT_OF_NULL_MX,
    VERDICT_OF_SPF,
    VERDICT_OF_TEMPORARY,
    VERDICT_OF_HEADER,
    VERDICT_OF_SIGNING, /* our own mail, refused by unsignable or require-alignment */
    VERDICT_UNJUDGED,   /* our own, or trusted */
    VERDICT_OF_MEMORY   /* that ran out */
};

extern const struct name verdict_rule_names[];

/* RFC 9990 disposition. */
enum disposition { DISPOSITION_NONE, DISPOSITION_PASS, DISPOSITION_QUARANTINE, DISPOSITION_REJECT };

extern const struct name disposition_names[];

/* RFC 9990 override reasons, and none. */
enum override_reason {
    OVERRIDE_NONE,
    OVERRIDE_LOCAL_POLICY,
    OVERRIDE_MAILING_LIST,
    OVERRIDE_OTHER,
    OVERRIDE_POLICY_TEST_MODE,
    OVERRIDE_TRUSTED_FORWARDER
};

extern const struct name override_reason_names[];

/* In words, what is wrong with a From field of that kind. */
const char *author_fault(enum author_status status);

struct reply {
    unsigned code;         /* 550, 451; 0: none */
    const char *enhanced;  /* "5.7.26" */
    const char *text;      /* printable ASCII, at most 980 octets, no CR LF */
};

struct verdict {
    enum action action;
    enum verdict_rule rule;
    enum quarantine_mode quarantine; /* how, when the action is quarantine */
    struct reply reply;       /* of reject and tempfail */
    const char *reason;       /* for people and the log; never NULL */
    const struct finding *decided_by; /* or NULL */
    enum override_reason override;
    const char *override_comment;     /* e.g. the override's name, or NULL */
    bool override_is_named;           /* the comment holds a name that the administrator
                                         gave: not for reports, which others read */
    enum action would;                /* what enforcement kept it from, if stronger than action */
    enum disposition disposition;     /* for the report row */
};

/* Everything the verdict may look at. */
struct evidence {
    const struct config *config;
    struct region *region;
    const struct ip_address *client;
    struct text listener; /* the MTA's name for it; empty: not told */
    const struct message *message;
    const struct author *author;
    const struct findings *findings;
    const struct spf_identity *spf;
    const struct dmarc_outcome *dmarc;
    bool null_mx_sender;
    /* Domains of the List-Id field and of the signatures that pass. */
    const char *list_domain; /* or NULL */
    bool list_signed;        /* a passing signature of the list's own domain */
    const char *sealers;     /* trusted ARC sealers vouch: their chain; or NULL */
};

void verdict_decide(const struct evidence *evidence, struct verdict *verdict);

/* The verdict on a message of our own users, for REASON (static): accepted, unless
 * its header is beyond what can be cleaned of forged fields. */
void verdict_unjudged(const struct message *message, const char *reason, struct verdict *verdict);

/* At MAIL FROM, with `spf { on-fail = reject reject-at = mail }`: true when the
 * message is to be refused on SPF alone.  Client, SPF and envelope sender are
 * all that the evidence holds then. */
bool verdict_at_mail(const struct evidence *evidence, struct verdict *verdict);

#endif
