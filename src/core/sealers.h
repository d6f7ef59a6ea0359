/* sealers.h: whether trusted ARC sealers vouch for the author (RFC 8617 §7.2.1).
 *
 * Of an intact chain the newest seal comes first: its sealer says that all
 * before him was intact when it reached him.  So a sealer's word counts only if
 * he is trusted (arc { trusted-sealers }) and so is everybody after him; the
 * first stranger, going back, ends it.  What counts is one of theirs saying in
 * his ARC-Authentication-Results that the author was authenticated: dmarc=pass
 * for the author's domain, or, where he does not judge DMARC, an SPF or DKIM
 * pass that is aligned by the author domain's own record.
 *
 * The newest AMS must cover From, the whole body, and all of what a message may
 * hold once, or a trusted sealer's word could be put on somebody else's mail.
 */
#ifndef VIDIMUS_CORE_SEALERS_H
#define VIDIMUS_CORE_SEALERS_H

#include "auth/arc.h"
#include "auth/dmarc.h"
#include "config/config.h"
#include "mail/author.h"

struct dns_scope;
struct region;

struct sealers_question {
    struct region *region;
    struct dns_scope *dns;
    const struct domains *trusted;
    const struct arc_outcome *arc;
    const struct author *author;
    enum dmarc_discovery discovery;
};

struct sealers_answer {
    /* NULL: nobody vouches; else what RFC 8617 §7.2.2 has in a report:
     * "arc=pass as[2].d=… as[2].s=… as[1].d=… as[1].s=… remote-ip[1]=…" */
    const char *comment;
    const char *why; /* in words; NULL: there is no intact chain */
};

void sealers_ask(const struct sealers_question *question, struct sealers_answer *answer);

#endif
