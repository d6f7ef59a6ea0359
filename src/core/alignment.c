#include "core/alignment.h"

#include <string.h>

#include "base/region.h"

static bool same(const char *key_domain, const char *author)
{
    return strcmp(key_domain, author) == 0;
}

static bool related(const char *key_domain, const char *author)
{
    return domain_is_within(author, key_domain) || domain_is_within(key_domain, author);
}

/* Whether each author domain has a key that FITS. */
static bool all_have(const struct alignment_question *q,
                     bool (*fits)(const char *key_domain, const char *author))
{
    for (size_t i = 0; i < q->author->count; i++) {
        size_t k = 0;

        while (k < q->signer_count && !fits(q->signers[k].domain, q->author->domains[i]))
            k++;
        if (k == q->signer_count)
            return false;
    }
    return q->author->count > 0;
}

/* Whether DMARC has anything to say. */
static bool is_open(const struct alignment_question *q)
{
    return q->author->count > 0 && q->signer_count > 0 && !all_have(q, same);
}

void alignment_start(const struct alignment_question *q)
{
    if (!is_open(q))
        return;
    for (size_t i = 0; i < q->author->count; i++)
        dmarc_prefetch(q->dns, q->author->domains[i], q->discovery);
    for (size_t k = 0; k < q->signer_count; k++)
        dmarc_prefetch_identifier(q->dns, q->author, q->signers[k].domain, q->discovery);
}

/* What DMARC makes of the message, if all these signatures pass. */
static enum result evaluate(const struct alignment_question *q)
{
    struct dmarc_dkim *signatures = region_array(q->region, q->signer_count, sizeof *signatures);
    struct dmarc_request request = {
        .region = q->region,
        .dns = q->dns,
        .author = q->author,
        .discovery = q->discovery,
        .spf_result = RESULT_NONE,
        .spf_domain = "",
        .dkim_count = q->signer_count,
        .dkim = signatures,
    };
    struct dmarc_outcome outcome;
    struct findings findings;

    if (!signatures)
        return RESULT_TEMPERROR;
    for (size_t k = 0; k < q->signer_count; k++)
        signatures[k] = (struct dmarc_dkim){ RESULT_PASS, q->signers[k].domain };
    findings_init(&findings, q->region);
    check_dmarc(&findings, &request, &outcome);
    return outcome.result;
}

enum alignment alignment_ask(const struct alignment_question *q)
{
    if (q->author->status == AUTHOR_TOO_MANY)
        return ALIGNMENT_NO;
    if (!is_open(q))
        return all_have(q, same) ? ALIGNMENT_YES : ALIGNMENT_NO;
    switch (evaluate(q)) {
    case RESULT_PASS:
        return ALIGNMENT_YES;
    case RESULT_NONE:
        return all_have(q, related) ? ALIGNMENT_YES : ALIGNMENT_NO;
    case RESULT_TEMPERROR:
        return ALIGNMENT_UNKNOWN;
    case RESULT_FAIL:
    case RESULT_SOFTFAIL:
    case RESULT_POLICY:
    case RESULT_NEUTRAL:
    case RESULT_PERMERROR:
        return ALIGNMENT_NO;
    }
    return ALIGNMENT_NO;
}
