/* explain_dmarc.c: which record applies, and which identifier aligns. */
#include <string.h>

#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "auth/dmarc_walk.h"
#include "auth/psl.h"
#include "auth/spf.h"
#include "cli/explain_part.h"
#include "core/transaction.h"

static const char *const source_words[] = {
    [DMARC_SOURCE_P] = "p of the record",
    [DMARC_SOURCE_SP] = "sp: the author domain is a subdomain without a record",
    [DMARC_SOURCE_NP] = "np: the author domain does not exist",
    [DMARC_SOURCE_PSD] = "the record of the public suffix above",
};

/* The organizational domain of DOMAIN, which lies within the author's: the walk
 * was made to judge it, so its answers are there. */
static const char *organization_of(const struct explanation *x, const char *domain)
{
    struct dmarc_walk walk;

    if (x->judgement->dmarc->discovery == DMARC_PSL)
        return listed_organizational_domain(domain);
    dmarc_walk_run(&walk, x->teller.region, x->dns, domain);
    return dmarc_walk_organization(&walk);
}

static void tell_relaxed(const struct explanation *x, const char *method, const char *domain)
{
    const struct dmarc_outcome *d = x->judgement->dmarc;
    const char *organization = d->organizational_domain;
    const char *other;

    if (!organization) {
        tell(&x->teller, STEP_INDENT, "%s %s: the organizational domain of %s is not known", method,
             domain, d->from_domain);
        return;
    }
    if (!domain_is_within(domain, organization)) {
        tell(&x->teller, STEP_INDENT, "%s %s: passes, but not aligned: not within %s, the "
                                      "organizational domain of the author",
             method, domain, organization);
        return;
    }
    other = organization_of(x, domain);
    if (other && strcmp(other, organization) == 0)
        tell(&x->teller, STEP_INDENT, "%s %s: passes, and aligned (relaxed): %s and %s have the "
                                      "organizational domain %s",
             method, domain, domain, d->from_domain, organization);
    else
        tell(&x->teller, STEP_INDENT, "%s %s: passes, but not aligned: its organizational domain "
                                      "is %s, the author's %s",
             method, domain, other ? other : "not known", organization);
}

/* One identifier (RFC 9989 §4.4). */
static void tell_alignment(const struct explanation *x, const char *method, enum result result,
                           const char *domain, bool strict)
{
    const struct dmarc_outcome *d = x->judgement->dmarc;

    if (!*domain)
        tell(&x->teller, STEP_INDENT, "%s: no domain to compare (%s)", method,
             name_of(result_names, (int)result));
    else if (result != RESULT_PASS)
        tell(&x->teller, STEP_INDENT, "%s %s: %s; only a pass counts", method, domain,
             name_of(result_names, (int)result));
    else if (strcmp(domain, d->from_domain) == 0)
        tell(&x->teller, STEP_INDENT, "%s %s: passes, and aligned: it is the author domain",
             method, domain);
    else if (strict)
        tell(&x->teller, STEP_INDENT, "%s %s: passes, but not aligned: the record asks for %s "
                                      "itself (strict)",
             method, domain, d->from_domain);
    else
        tell_relaxed(x, method, domain);
}

static void tell_identifiers(const struct explanation *x)
{
    const struct judgement *j = x->judgement;
    const struct dmarc_record *record = j->dmarc->record;
    size_t count = j->dkim ? verify_dkim_count(j->dkim) : 0;

    tell_alignment(x, "SPF", j->spf->result, j->spf->domain, record && record->strict_spf);
    for (size_t i = 0; i < count; i++) {
        const struct dkim_candidate *c = verify_dkim_candidate(j->dkim, i);

        tell_alignment(x, "DKIM", c->result, c->signature.domain, record && record->strict_dkim);
    }
    if (count == 0)
        tell(&x->teller, STEP_INDENT, "DKIM: no signature");
}

static void tell_record(const struct explanation *x)
{
    const struct dmarc_outcome *d = x->judgement->dmarc;

    for (size_t i = 0; i < d->query_count; i++)
        tell(&x->teller, STEP_INDENT, "asked %s", d->queries[i]);
    if (d->record)
        tell(&x->teller, STEP_INDENT, "record of %s: %s", d->policy_domain,
             quoted(&x->teller, d->record->text));
    else
        tell(&x->teller, STEP_INDENT, "no record applies");
}

void explain_dmarc(const struct explanation *x)
{
    const struct dmarc_outcome *d = x->judgement->dmarc;

    if (!d)
        return;
    fputc('\n', x->teller.out);
    tell(&x->teller, 0, "DMARC (%s): %s", d->discovery == DMARC_PSL ? "Public Suffix List"
                                                                   : "DNS tree walk",
         name_of(result_names, (int)d->result));
    tell_record(x);
    if (!d->from_domain)
        return;
    tell(&x->teller, STEP_INDENT, "author domain %s, organizational domain %s", d->from_domain,
         d->organizational_domain ? d->organizational_domain : "not known");
    tell_identifiers(x);
    if (d->has_policy)
        tell(&x->teller, STEP_INDENT, "policy %s (%s%s)",
             name_of(dmarc_policy_names, (int)d->policy), source_words[d->policy_source],
             d->testing ? "; t=y makes it milder" : "");
}
