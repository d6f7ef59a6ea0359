/* dmarc.c: the evaluation (RFC 9989 §5.3).
 *
 * For each author domain: find the policy and the organizational domain, see
 * which authenticated identifiers align, conclude.  What is not known because
 * of the DNS is carried as such up to the conclusion.
 */
#include "auth/dmarc.h"

#include <string.h>

#include "auth/dmarc_walk.h"
#include "auth/psl.h"
#include "base/buf.h"
#include "base/region.h"
#include "dns/scope.h"
#include "mail/domain.h"

enum alignment { NOT_ALIGNED, ALIGNED, ALIGNMENT_UNKNOWN };

/* The organizational domain of an identifier, walked for once a message. */
struct identifier {
    const char *domain;
    const char *organization; /* NULL: the walk failed */
};

/* One message. */
struct judge {
    const struct dmarc_request *request;
    size_t identifier_count;
    struct identifier identifiers[DMARC_IDENTIFIERS_MAX];
    size_t query_count;
    const char *queries[DMARC_QUERIES_MAX]; /* of all authors' walks */
};

/* One author domain. */
struct evaluation {
    struct judge *judge;
    const char *author;
    struct dmarc_walk walk;
    const char *organization;        /* NULL: not known */
    const struct dmarc_level *level; /* of the policy that applies, or NULL */
    bool policy_unknown;             /* whose policy applies is not known */
    bool inherited;                  /* the record is not the author's own */
    bool uncertain;                  /* an identifier may have aligned and passed */
    bool over_limit;                 /* what is not known, the message asked too much for */
    const char *reason;
    struct dmarc_outcome outcome;
};

static const char *no_answer(const struct evaluation *e, const char *prefix, const char *name,
                             const char *why)
{
    struct buf buf;

    buf_init(&buf, e->judge->request->region, 2 * DOMAIN_MAX);
    buf_printf(&buf, "no answer for %s%s%s%s", prefix, name, why ? ": " : "", why ? why : "");
    return buf_str(&buf);
}

/* RFC 7489 §6.6.3: the author domain, then its organizational domain.  As in
 * RFC 9989, several records at one name are as good as none. */
static void ask_by_list(struct evaluation *e)
{
    const struct dmarc_request *request = e->judge->request;

    e->organization = listed_organizational_domain(e->author);
    e->walk = (struct dmarc_walk){ .domain = e->author };
    if (dmarc_walk_ask(&e->walk, request->region, request->dns, e->author) &&
        !e->walk.levels[0].record && strcmp(e->author, e->organization) != 0)
        dmarc_walk_ask(&e->walk, request->region, request->dns, e->organization);
}

/* Which record applies (§4.10.1): the author domain's own; else that of the
 * organizational domain; else that of the public suffix above it. */
static void discover(struct evaluation *e)
{
    const struct dmarc_request *request = e->judge->request;

    if (request->discovery == DMARC_PSL) {
        ask_by_list(e);
    } else {
        dmarc_walk_run(&e->walk, request->region, request->dns, e->author);
        e->organization = dmarc_walk_organization(&e->walk);
    }
    if ((e->level = dmarc_walk_at(&e->walk, e->author)))
        return;
    if (e->walk.failed) {
        e->policy_unknown = true;
        e->over_limit = e->walk.over_limit;
        e->reason =
            no_answer(e, "_dmarc.", e->walk.levels[e->walk.count - 1].name, e->walk.why);
        return;
    }
    e->inherited = true;
    e->level = dmarc_walk_at(&e->walk, e->organization);
    if (!e->level && request->discovery == DMARC_TREE_WALK)
        e->level = dmarc_walk_public_suffix(&e->walk);
}

/* The policy for subdomains that exist: sp, else p. */
static void subdomain_policy(const struct dmarc_record *record, struct dmarc_outcome *outcome)
{
    outcome->has_policy = true;
    outcome->policy = record->has_sp ? record->sp : record->p;
    outcome->policy_source = record->has_sp ? DMARC_SOURCE_SP : DMARC_SOURCE_P;
}

/* The policy for the author domain from another domain's record: np if the
 * author domain does not exist.  Existence is asked for only where np could
 * matter; a name that is an alias exists, wherever it leads. */
static void inherited_policy(struct evaluation *e)
{
    const struct dmarc_record *record = e->level->record;
    struct dmarc_outcome *outcome = &e->outcome;
    const struct dns_answer *answer;

    subdomain_policy(record, outcome);
    if (!record->has_np)
        return;
    answer = dns_scope_lookup(e->judge->request->dns, e->author, DNS_A);
    if (answer->status == DNS_NXDOMAIN && !answer->through_cname) {
        outcome->policy = record->np;
        outcome->policy_source = DMARC_SOURCE_NP;
    } else if (dns_failed(answer) && record->np != outcome->policy) {
        outcome->has_policy = false;
        e->over_limit = dns_over_limit(answer);
        e->reason = no_answer(e, "", e->author, answer->why);
    }
}

/* t=y lowers the policy by one (§4.7). */
static enum dmarc_policy lowered(enum dmarc_policy policy)
{
    return policy == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
}

/* The record as part of the outcome: copied, for it outlives the answer. */
static const struct dmarc_record *keep_record(struct region *region,
                                              const struct dmarc_record *found)
{
    struct dmarc_record *record = region_alloc(region, sizeof *record);
    const char *copy = text_dup(region, found->text);

    if (!record || !copy)
        return NULL;
    dmarc_record_parse((struct text){ copy, found->text.len }, record);
    return record;
}

static void choose_policy(struct evaluation *e)
{
    struct dmarc_outcome *outcome = &e->outcome;

    if (!e->level || !e->level->usable)
        return;
    outcome->policy_domain = e->level->name;
    outcome->record = keep_record(e->judge->request->region, e->level->record);
    outcome->testing = e->level->record->testing;
    if (e->inherited) {
        inherited_policy(e);
        if (e->level == dmarc_walk_public_suffix(&e->walk))
            outcome->policy_source = DMARC_SOURCE_PSD;
    } else {
        outcome->has_policy = true;
        outcome->policy = e->level->record->p;
        outcome->policy_source = DMARC_SOURCE_P;
    }
    if (outcome->testing)
        outcome->policy = lowered(outcome->policy);
}

/* The organizational domain of identifier DOMAIN; NULL: not known, because of
 * the DNS or because of the bound. */
static const char *organization_of(struct judge *judge, const char *domain)
{
    const struct dmarc_request *request = judge->request;
    struct identifier *identifier;
    struct dmarc_walk walk;

    if (request->discovery == DMARC_PSL)
        return listed_organizational_domain(domain);
    for (size_t i = 0; i < judge->identifier_count; i++)
        if (strcmp(judge->identifiers[i].domain, domain) == 0)
            return judge->identifiers[i].organization;
    if (judge->identifier_count == DMARC_IDENTIFIERS_MAX)
        return NULL;
    dmarc_walk_run(&walk, request->region, request->dns, domain);
    identifier = &judge->identifiers[judge->identifier_count++];
    *identifier = (struct identifier){ domain, dmarc_walk_organization(&walk) };
    return identifier->organization;
}

/* Whether the organizational domain of DOMAIN has to be known.  It is DOMAIN or
 * an ancestor of it, so a name outside the author's organization never aligns
 * and costs no walk. */
static bool needs_walk(const struct evaluation *e, const char *domain, bool strict)
{
    return !strict && strcmp(domain, e->author) != 0 && e->organization &&
           domain_is_within(domain, e->organization);
}

/* Identifier alignment (§4.4). */
static enum alignment align(struct evaluation *e, const char *domain, bool strict)
{
    const char *organization;

    if (strcmp(domain, e->author) == 0)
        return ALIGNED;
    if (strict || !domain_is_within(domain, domain_last_labels(e->author, 1)))
        return NOT_ALIGNED;
    if (!e->organization)
        return ALIGNMENT_UNKNOWN;
    if (!needs_walk(e, domain, strict))
        return NOT_ALIGNED;
    organization = organization_of(e->judge, domain);
    if (!organization)
        return ALIGNMENT_UNKNOWN;
    return strcmp(organization, e->organization) == 0 ? ALIGNED : NOT_ALIGNED;
}

/* Whether an identifier with this result may make the message pass. */
static bool matters(enum result result, const char *domain)
{
    return (result == RESULT_PASS || result == RESULT_TEMPERROR) && domain && *domain;
}

/* An identifier with a result.  Returns it if it makes the message pass. */
static const char *consider(struct evaluation *e, enum result result, const char *domain,
                            bool strict)
{
    enum alignment alignment;

    if (!matters(result, domain))
        return NULL;
    alignment = align(e, domain, strict);
    if (result == RESULT_PASS && alignment == ALIGNED)
        return text_dup(e->judge->request->region, text_of(domain));
    if (alignment != NOT_ALIGNED) {
        e->uncertain = true;
        if (!e->reason)
            e->reason = result == RESULT_PASS ? "alignment is not known"
                                              : "temporary error of an aligned identifier";
    }
    return NULL;
}

/* The domain of the first passing signature that aligns. */
static const char *aligned_signature(struct evaluation *e, bool strict)
{
    const struct dmarc_request *request = e->judge->request;
    const char *aligned = NULL;

    for (size_t i = 0; i < request->dkim_count && !aligned; i++)
        aligned = consider(e, request->dkim[i].result, request->dkim[i].domain, strict);
    return aligned;
}

static bool strict_spf(const struct evaluation *e)
{
    return e->level && e->level->record->strict_spf;
}

static bool strict_dkim(const struct evaluation *e)
{
    return e->level && e->level->record->strict_dkim;
}

/* Starts the walks of all identifiers that have to be walked for. */
static void start_walks(const struct evaluation *e)
{
    const struct dmarc_request *request = e->judge->request;

    if (request->discovery != DMARC_TREE_WALK)
        return;
    if (matters(request->spf_result, request->spf_domain) &&
        needs_walk(e, request->spf_domain, strict_spf(e)))
        dmarc_walk_start(request->dns, request->spf_domain);
    for (size_t i = 0; i < request->dkim_count; i++) {
        const struct dmarc_dkim *dkim = &request->dkim[i];

        if (matters(dkim->result, dkim->domain) && needs_walk(e, dkim->domain, strict_dkim(e)))
            dmarc_walk_start(request->dns, dkim->domain);
    }
}

/* Which identifiers align.  A passing signature of the author domain itself is
 * preferred. */
static void align_identifiers(struct evaluation *e)
{
    const struct dmarc_request *request = e->judge->request;

    e->outcome.aligned_spf =
        consider(e, request->spf_result, request->spf_domain, strict_spf(e));
    e->outcome.aligned_dkim = aligned_signature(e, true);
    if (!e->outcome.aligned_dkim)
        e->outcome.aligned_dkim = aligned_signature(e, strict_dkim(e));
}

/* A message that used up its own questions will not fare better later. */
static enum result unknown(const struct evaluation *e)
{
    return e->over_limit ? RESULT_PERMERROR : RESULT_TEMPERROR;
}

/* The result (§5.3.6, §5.3.7).  Pass needs a published record, and then no more
 * than one aligned identifier; fail needs everything to be known. */
static enum result conclude(struct evaluation *e)
{
    struct dmarc_outcome *outcome = &e->outcome;

    if (e->policy_unknown && !dmarc_walk_found(&e->walk))
        return unknown(e);
    if (!e->policy_unknown && !e->level)
        return RESULT_NONE;
    if (e->level && !e->level->usable) {
        e->reason = "record without a valid policy";
        return RESULT_NONE;
    }
    if (outcome->aligned_spf || outcome->aligned_dkim) {
        e->reason = NULL;
        return RESULT_PASS;
    }
    if (e->uncertain || !outcome->has_policy)
        return unknown(e);
    return RESULT_FAIL;
}

/* Whether identifiers matter: there is a policy, or may be one. */
static bool looks_at_identifiers(const struct evaluation *e)
{
    return e->policy_unknown || (e->level && e->level->usable);
}

static void begin(struct evaluation *e, struct judge *judge, const char *author)
{
    *e = (struct evaluation){ .judge = judge };
    e->author = text_dup(judge->request->region, text_of(author));
    e->outcome = (struct dmarc_outcome){ .result = RESULT_TEMPERROR, .from_domain = e->author };
    e->outcome.discovery = judge->request->discovery;
    if (!e->author)
        return;
    discover(e);
    e->outcome.organizational_domain = e->organization;
    if (looks_at_identifiers(e))
        start_walks(e);
}

static void finish(struct evaluation *e)
{
    if (!e->author)
        return;
    choose_policy(e);
    if (looks_at_identifiers(e))
        align_identifiers(e);
    e->outcome.result = conclude(e);
    e->outcome.reason = e->reason;
}

/* One evaluation an author domain: whatever any of them will ask is asked before it is
 * waited for.  NULL: memory. */
static struct evaluation *begin_all(struct judge *judge)
{
    const struct dmarc_request *request = judge->request;
    const struct author *author = request->author;
    struct evaluation *all = region_array(request->region, author->count, sizeof *all);

    for (size_t i = 0; i < author->count; i++)
        dmarc_prefetch(request->dns, author->domains[i], request->discovery);
    for (size_t i = 0; all && i < author->count; i++)
        begin(&all[i], judge, author->domains[i]);
    return all;
}

void dmarc_prefetch_alignment(const struct dmarc_request *request)
{
    struct judge judge = { .request = request };

    begin_all(&judge);
}

/* Why there is no author domain to evaluate; NULL when there is. */
static const char *author_problem(enum author_status status)
{
    switch (status) {
    case AUTHOR_OK:
    case AUTHOR_SEVERAL:
        return NULL;
    case AUTHOR_TOO_MANY:
        return "too many author domains";
    case AUTHOR_NO_FIELD:
        return "no From field";
    case AUTHOR_MANY_FIELDS:
        return "several From fields";
    case AUTHOR_NO_MAILBOX:
        return "no mailbox in From";
    case AUTHOR_NO_DOMAIN:
        return "no domain in From";
    case AUTHOR_UNPARSABLE:
        break;
    }
    return "From field is not valid";
}

static bool enforces(const struct dmarc_outcome *outcome)
{
    return outcome->result == RESULT_FAIL && outcome->policy != DMARC_NONE;
}

/* Whether CANDIDATE decides over BEST: the strictest failing policy, then a
 * temporary error, then whatever did not pass; the earlier of equals. */
static bool decides_over(const struct dmarc_outcome *candidate, const struct dmarc_outcome *best)
{
    if (enforces(candidate) || enforces(best))
        return enforces(candidate) && (!enforces(best) || candidate->policy > best->policy);
    if (candidate->result == RESULT_TEMPERROR || best->result == RESULT_TEMPERROR)
        return best->result != RESULT_TEMPERROR;
    return candidate->result != RESULT_PASS && best->result == RESULT_PASS;
}

static void add_queries(struct judge *judge, const struct dmarc_walk *walk)
{
    for (size_t i = 0; i < walk->count && judge->query_count < DMARC_QUERIES_MAX; i++) {
        domain_name query;
        const char *copy;

        if (dmarc_query_name(walk->levels[i].name, query) &&
            (copy = text_dup(judge->request->region, text_of(query))))
            judge->queries[judge->query_count++] = copy;
    }
}

/* Every author domain has to pass: RFC 9989 §5.3.1 leaves a message with
 * several to the receiver, and mail readers show them all. */
static void judge_authors(struct judge *judge, struct dmarc_outcome *outcome)
{
    const struct author *author = judge->request->author;
    struct evaluation *all = begin_all(judge);

    outcome->result = RESULT_TEMPERROR;
    for (size_t i = 0; all && i < author->count; i++) {
        finish(&all[i]);
        add_queries(judge, &all[i].walk);
        if (i == 0 || decides_over(&all[i].outcome, outcome))
            *outcome = all[i].outcome;
    }
    outcome->query_count = judge->query_count;
    memcpy(outcome->queries, judge->queries, sizeof outcome->queries);
    if (author->count > 1 && outcome->result != RESULT_PASS &&
        outcome->result != RESULT_TEMPERROR && !enforces(outcome)) {
        outcome->result = RESULT_PERMERROR;
        outcome->reason = "several author domains";
    }
}

static void report(struct findings *findings, const struct dmarc_outcome *outcome)
{
    struct finding *finding =
        findings_add(findings, METHOD_DMARC, outcome->result, outcome->reason);

    if (outcome->from_domain)
        finding_property(findings, finding, "header.from", text_of(outcome->from_domain));
    if (outcome->has_policy)
        finding_property(findings, finding, "policy.dmarc",
                         text_of(name_of(dmarc_policy_names, (int)outcome->policy)));
    if (outcome->policy_domain)
        finding_text(findings, finding, "policy_domain", text_of(outcome->policy_domain));
    if (outcome->organizational_domain)
        finding_text(findings, finding, "organizational_domain",
                     text_of(outcome->organizational_domain));
    if (outcome->record)
        finding_text(findings, finding, "record", outcome->record->text);
    if (outcome->aligned_spf)
        finding_text(findings, finding, "aligned_spf", text_of(outcome->aligned_spf));
    if (outcome->aligned_dkim)
        finding_text(findings, finding, "aligned_dkim", text_of(outcome->aligned_dkim));
}

void check_dmarc(struct findings *findings, const struct dmarc_request *request,
                 struct dmarc_outcome *outcome)
{
    struct judge judge = { .request = request };
    const char *problem = author_problem(request->author->status);

    *outcome = (struct dmarc_outcome){ .discovery = request->discovery };
    if (problem || request->author->count == 0) {
        outcome->result = RESULT_PERMERROR;
        outcome->reason = problem ? problem : author_problem(AUTHOR_NO_DOMAIN);
    } else {
        judge_authors(&judge, outcome);
    }
    report(findings, outcome);
}
