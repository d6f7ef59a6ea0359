#include "core/sealers.h"

#include <string.h>

#include "auth/authres.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/region.h"

enum {
    COMMENT_MAX = 32 * 1024, /* 50 seals with the longest names fit */
    SIGNATURES_MAX = 10,     /* DKIM results believed of one sealer */
    WHY_MAX = 400,
};

/* ---- what one sealer saw */

/* The domain of an identifier: what follows its last "@", or all of it. */
static bool domain_of(struct text identifier, domain_name out)
{
    size_t start = identifier.len;

    while (start > 0 && identifier.data[start - 1] != '@')
        start--;
    return domain_normalise(text_tail(identifier, start), out);
}

/* His DMARC result for AUTHOR: none if he has not judged it. */
static enum result dmarc_result(const struct findings *seen, const char *author)
{
    domain_name from;

    for (const struct finding *f = seen->first; f; f = f->next)
        if (f->method == METHOD_DMARC && domain_of(finding_get(f, "header.from"), from) &&
            strcmp(from, author) == 0)
            return f->result;
    return RESULT_NONE;
}

/* Where the domain of a passing result stands: the first that is given. */
static struct text identifier_of(const struct finding *f)
{
    struct text value = { NULL, 0 };

    if (f->result != RESULT_PASS)
        return value;
    if (f->method == METHOD_SPF)
        return finding_get(f, "smtp.mailfrom");
    if (f->method == METHOD_DKIM)
        value = finding_get(f, "header.d");
    if (f->method == METHOD_DKIM && value.len == 0)
        value = finding_get(f, "header.i");
    return value;
}

/* One sealer's assessment. */
struct testimony {
    enum { SAW_NOTHING, SAW_AUTHOR, SAW_RESULTS } saw;
    /* Of SAW_RESULTS: DMARC, to be judged here from the SPF and DKIM results. */
    struct dmarc_request request;
    struct dmarc_dkim signatures[SIGNATURES_MAX];
};

/* The passing results that SEEN has of SPF and DKIM; SAW_NOTHING: none. */
static void take_results(struct testimony *t, const struct sealers_question *q,
                         const struct findings *seen)
{
    struct dmarc_request *r = &t->request;
    domain_name domain;

    *r = (struct dmarc_request){
        .region = q->region,
        .dns = q->dns,
        .author = q->author,
        .discovery = q->discovery,
        .dkim = t->signatures,
    };
    for (const struct finding *f = seen->first; f; f = f->next) {
        const char *copy;

        if (!domain_of(identifier_of(f), domain) || !(copy = text_dup(q->region, text_of(domain))))
            continue;
        if (f->method == METHOD_SPF) {
            r->spf_result = RESULT_PASS;
            r->spf_domain = copy;
        } else if (r->dkim_count < SIGNATURES_MAX) {
            t->signatures[r->dkim_count++] = (struct dmarc_dkim){ RESULT_PASS, copy };
        }
    }
    if (r->spf_result == RESULT_PASS || r->dkim_count > 0)
        t->saw = SAW_RESULTS;
}

static void hear(struct testimony *t, const struct sealers_question *q, const struct arc_set *set)
{
    struct findings seen;
    struct text id;

    t->saw = SAW_NOTHING;
    findings_init(&seen, q->region);
    if (!authres_read(set->results, &id, &seen))
        return;
    switch (dmarc_result(&seen, q->author->domains[0])) {
    case RESULT_PASS:
        t->saw = SAW_AUTHOR;
        break;
    case RESULT_NONE: /* no policy then, or not his business */
        take_results(t, q, &seen);
        break;
    case RESULT_FAIL:
    case RESULT_SOFTFAIL:
    case RESULT_POLICY:
    case RESULT_NEUTRAL:
    case RESULT_TEMPERROR:
    case RESULT_PERMERROR:
        break;
    }
}

static bool saw_author(const struct testimony *t)
{
    struct dmarc_outcome outcome;
    struct findings unused;

    if (t->saw != SAW_RESULTS)
        return t->saw == SAW_AUTHOR;
    findings_init(&unused, t->request.region);
    check_dmarc(&unused, &t->request, &outcome);
    return outcome.result == RESULT_PASS;
}

/* ---- the chain */

/* What a reader sees and the newest sealer has not signed; NULL: nothing. */
static const char *open_part(const struct sealers_question *q)
{
    const struct arc_outcome *arc = q->arc;
    const struct arc_chain *chain = arc->chain;
    struct buf buf;

    if (!chain->sets[chain->newest]->message.signs_from)
        return "the newest ARC-Message-Signature does not cover From";
    if (arc->unsigned_octets > 0)
        return "the newest ARC-Message-Signature does not cover the whole body";
    if (!arc->surplus)
        return NULL;
    buf_init(&buf, q->region, WHY_MAX);
    buf_printf(&buf, "the newest ARC-Message-Signature does not cover all %s fields", arc->surplus);
    return buf_str(&buf);
}

static const char *about(const struct sealers_question *q, unsigned instance, const char *words)
{
    struct buf buf;

    buf_init(&buf, q->region, WHY_MAX);
    buf_printf(&buf, "i=%u: %s %s", instance, q->arc->chain->sets[instance]->seal.domain, words);
    return buf_str(&buf);
}

static bool is_trusted(const struct sealers_question *q, unsigned instance)
{
    return domains_have(q->trusted, q->arc->chain->sets[instance]->seal.domain);
}

/* Hears all whose word may count, up to the first who saw the author himself, and
 * starts what judging the others will ask, before any of it is waited for.  By
 * instance; NULL: memory. */
static struct testimony *hear_all(const struct sealers_question *q)
{
    const struct arc_chain *chain = q->arc->chain;
    struct testimony *all = region_array(q->region, chain->newest + 1, sizeof *all);

    for (unsigned i = chain->newest; all && i >= 1 && is_trusted(q, i); i--) {
        hear(&all[i], q, chain->sets[i]);
        if (all[i].saw == SAW_AUTHOR)
            break;
        if (all[i].saw == SAW_RESULTS)
            dmarc_prefetch_alignment(&all[i].request);
    }
    return all;
}

/* Goes back as far as the sealers are trusted. */
static bool vouched(const struct sealers_question *q, const char **why)
{
    const struct testimony *all = hear_all(q);

    for (unsigned i = q->arc->chain->newest; all && i >= 1; i--) {
        if (!is_trusted(q, i)) {
            *why = about(q, i, "is not in trusted-sealers");
            return false;
        }
        if (saw_author(&all[i])) {
            *why = about(q, i, "saw the author authenticated");
            return true;
        }
    }
    *why = "no sealer saw the author authenticated";
    return false;
}

/* The client of the first sealer, as he wrote it down; IP_NONE: he did not. */
static struct ip_address first_client(const struct sealers_question *q)
{
    struct ip_address ip = { .family = IP_NONE };
    struct findings seen;
    struct text id;

    findings_init(&seen, q->region);
    if (!authres_read(q->arc->chain->sets[1]->results, &id, &seen))
        return ip;
    for (const struct finding *f = seen.first; f; f = f->next)
        if (ip_parse(finding_get(f, "smtp.remote-ip"), &ip) ||
            ip_parse(finding_get(f, "policy.iprev"), &ip))
            return ip;
    return ip;
}

static const char *comment(const struct sealers_question *q)
{
    const struct arc_chain *chain = q->arc->chain;
    struct ip_address client = first_client(q);
    char ip[IP_TEXT_SIZE];
    struct buf buf;

    buf_init(&buf, q->region, COMMENT_MAX);
    buf_add(&buf, "arc=pass");
    for (unsigned i = chain->newest; i >= 1; i--)
        buf_printf(&buf, " as[%u].d=%s as[%u].s=%s", i, chain->sets[i]->seal.domain, i,
                   chain->sets[i]->seal.selector);
    if (client.family != IP_NONE)
        buf_printf(&buf, " remote-ip[1]=%s", ip_format(&client, ip));
    return buf_str(&buf);
}

void sealers_ask(const struct sealers_question *q, struct sealers_answer *answer)
{
    *answer = (struct sealers_answer){ .comment = NULL };
    if (q->arc->result != RESULT_PASS)
        return;
    answer->why = q->author->status == AUTHOR_OK ? open_part(q) : "there is no single author";
    if (!answer->why && vouched(q, &answer->why))
        answer->comment = comment(q);
}
