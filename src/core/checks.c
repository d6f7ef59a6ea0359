#include "core/checks.h"

#include "auth/arc.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "auth/iprev.h"
#include "auth/spf.h"
#include "base/region.h"
#include "core/allowance.h"
#include "core/sealers.h"
#include "core/snapshot.h"
#include "core/transaction_private.h"
#include "mail/author.h"
#include "mail/message.h"

enum dmarc_discovery checks_discovery(const struct config *config)
{
    return config->dmarc.organizational_domain == ORGDOM_PSL ? DMARC_PSL : DMARC_TREE_WALK;
}

enum { QUESTIONS_KEPT_PART = 5 };

unsigned checks_arc_questions(const struct config *config)
{
    return config->resolver.questions - config->resolver.questions / QUESTIONS_KEPT_PART;
}

/* --- what is asked, as early as can be ----------------------------------- */

/* Those of the configuration, unless an override names others. */
static void choose_engines(struct transaction *t)
{
    const struct evidence evidence = checks_evidence(t);
    const struct override *spf = allowance_spf_engine(&evidence);
    const struct override *dkim = allowance_dkim_engine(&evidence);

    t->spf_engine = spf ? spf_engine_named(spf->spf_engine) : t->snapshot->spf;
    t->dkim_engine = dkim ? engine_dkim_named(dkim->dkim_engine) : t->snapshot->dkim;
}

bool checks_prepare(struct transaction *t)
{
    const struct config *config = t->snapshot->config;

    choose_engines(t);

    t->dkim = verify_dkim_new(t->message, &(struct dkim_params){
                                              .engine = t->dkim_engine,
                                              .dns = t->dns,
                                              .min_rsa_bits = config->dkim.min_rsa_bits,
                                              .max_signatures = config->dkim.max_signatures,
                                              .clock_skew = config->dkim.clock_skew,
                                              .now = t->now,
                                              .body = t->body,
                                          });
    if (!config->arc.verify)
        return t->dkim;
    t->arc = arc_verifier_new(t->message, &(struct arc_params){
                                              .dns = t->dns,
                                              .bodies = t->body,
                                              .questions_max = checks_arc_questions(config),
                                              .clock_skew = config->dkim.clock_skew,
                                              .now = t->now,
                                          });
    return t->dkim && t->arc;
}

static struct spf_params spf_params_of(const struct transaction *t)
{
    const struct config *config = t->snapshot->config;

    return (struct spf_params){
        .engine = t->spf_engine,
        .dns = t->dns,
        .client = t->session->client,
        .helo = t->session->helo,
        .mail_from = &t->message->mail_from,
        .receiver = transaction_authserv_id(t),
        .now = t->now,
        .explain = config->spf.on_fail == SPF_FAIL_REJECT || t->session->wants_explanation,
    };
}

void checks_sender(struct transaction *t)
{
    const struct path *sender = &t->message->mail_from;
    const struct session *session = t->session;
    struct spf_params params = spf_params_of(t);

    if (*session->client_name)
        iprev_start_named(session->dns, &session->client, session->client_name);
    if (params.client.family != IP_NONE)
        prefetch_spf(&params);
    if (sender->kind == PATH_ADDRESS && t->snapshot->config->reject_null_mx)
        dns_scope_start(t->dns, sender->domain, DNS_MX, NULL, NULL);
}

static void start_author_lookups(struct transaction *t, const struct field *from)
{
    struct author author;

    author_parse(from->value, &author);
    for (size_t i = 0; i < author.count; i++)
        dmarc_prefetch(t->dns, author.domains[i], checks_discovery(t->snapshot->config));
}

void checks_field(struct transaction *t, const struct field *field)
{
    verify_dkim_field(t->dkim, field);
    if (t->arc)
        arc_verifier_field(t->arc, field);
    if (field->index == 1 && field_is(field, TEXT("From")))
        start_author_lookups(t, field);
}

static void start_identifier_lookups(struct transaction *t, const char *domain)
{
    dmarc_prefetch_identifier(t->dns, &t->author, domain, checks_discovery(t->snapshot->config));
}

/* The HELO name as a domain; false when it is none (RFC 7208 §2.3). */
static bool helo_domain(const struct transaction *t, domain_name out)
{
    return domain_normalise(t->session->helo, out) && domain_labels(out) > 1;
}

void checks_end_of_header(struct transaction *t)
{
    const struct path *sender = &t->message->mail_from;
    struct header_index *header;
    domain_name helo;

    for (size_t i = 0; i < verify_dkim_count(t->dkim); i++)
        start_identifier_lookups(t, verify_dkim_candidate(t->dkim, i)->signature.domain);
    if (sender->kind == PATH_ADDRESS)
        start_identifier_lookups(t, sender->domain);
    else if (sender->kind == PATH_NULL && helo_domain(t, helo))
        start_identifier_lookups(t, helo);
    header = header_index_new(t->message);
    verify_dkim_end_of_header(t->dkim, header);
    if (t->arc)
        arc_verifier_end_of_header(t->arc, header);
}

/* --- the checks ---------------------------------------------------------- */

/* Its finding stands first, whenever it is made. */
static void judge_client(struct transaction *t)
{
    const struct session *session = t->session;
    struct findings findings;

    findings_init(&findings, t->findings.region);
    if (*session->client_name)
        check_iprev_named(&findings, session->dns, &session->client, session->client_name,
                          t->client_name);
    else
        check_iprev(&findings, session->dns, &session->client, t->client_name);
    findings_put_first(&t->findings, &findings);
}

void checks_spf(struct transaction *t, struct findings *findings)
{
    struct spf_params params = spf_params_of(t);

    if (params.client.family == IP_NONE) {
        t->spf = (struct spf_identity){ .result = RESULT_NONE, .reason = "no client address" };
        findings_add(findings, METHOD_SPF, RESULT_NONE, t->spf.reason);
        return;
    }
    check_spf(findings, &params, &t->spf);
}

static void judge_dmarc_of(struct transaction *t)
{
    size_t count = verify_dkim_count(t->dkim);
    struct dmarc_dkim *signatures = region_array(t->message->region, count, sizeof *signatures);
    struct dmarc_request request = {
        .region = t->message->region,
        .dns = t->dns,
        .author = &t->author,
        .discovery = checks_discovery(t->snapshot->config),
        .spf_result = t->spf.result,
        .spf_domain = t->spf.domain,
        .dkim = signatures,
    };

    if (!signatures)
        return;
    for (; request.dkim_count < count; request.dkim_count++) {
        const struct dkim_candidate *c = verify_dkim_candidate(t->dkim, request.dkim_count);

        signatures[request.dkim_count].result = c->result;
        signatures[request.dkim_count].domain = c->signature.domain;
    }
    check_dmarc(&t->findings, &request, &t->dmarc);
}

static void run_checks(struct transaction *t)
{
    if (t->arc)
        arc_verifier_end_of_body(t->arc);
    checks_spf(t, &t->findings);
    check_dkim(&t->findings, t->dkim);
    if (t->arc)
        check_arc(&t->findings, t->arc, &t->session->client, &t->chain);
    judge_dmarc_of(t);
}

/* --- the verdict -------------------------------------------------------- */

/* RFC 7505 §3: a single MX record whose exchange is the root. */
static bool sender_has_null_mx(struct transaction *t)
{
    const struct path *sender = &t->message->mail_from;
    const struct dns_answer *mx;

    if (!t->snapshot->config->reject_null_mx || sender->kind != PATH_ADDRESS)
        return false;
    mx = dns_scope_lookup(t->dns, sender->domain, DNS_MX);
    return mx->status == DNS_OK && mx->count == 1 && !*mx->records[0].mx.exchange;
}

struct evidence checks_evidence(struct transaction *t)
{
    return (struct evidence){
        .config = t->snapshot->config,
        .region = t->message->region,
        .client = &t->session->client,
        .listener = t->session->listener,
        .message = t->message,
        .author = &t->author,
        .findings = &t->findings,
        .spf = &t->spf,
        .dmarc = &t->dmarc,
    };
}

/* What trusted sealers say for a message that does not authenticate by itself;
 * NULL: nothing. */
static const char *ask_sealers(struct transaction *t)
{
    struct finding *finding = t->findings.first;
    struct sealers_answer answer;

    if (!t->arc || t->dmarc.result == RESULT_PASS)
        return NULL;
    sealers_ask(
        &(struct sealers_question){
            .region = t->message->region,
            .dns = t->dns,
            .trusted = &t->snapshot->config->arc.trusted_sealers,
            .arc = &t->chain,
            .author = &t->author,
            .discovery = checks_discovery(t->snapshot->config),
        },
        &answer);
    while (finding && finding->method != METHOD_ARC)
        finding = finding->next;
    if (answer.why)
        finding_text(&t->findings, finding, "trust", text_of(answer.why));
    return answer.comment;
}

/* All that can be asked is under way.  What an answer leads to besides (an explanation,
 * the keys of a long chain, what sealers saw) is asked when that answer is looked at; so
 * those that may lead on are looked at first, and the client's names and the explanation,
 * on which nothing else depends, last. */
void checks_judge(struct transaction *t)
{
    struct judgement *j = &t->judgement;
    struct evidence evidence;

    run_checks(t);
    list_claim_of(t->message, t->dkim, &t->snapshot->config->trusted_lists, &j->list);
    evidence = checks_evidence(t);
    evidence.null_mx_sender = sender_has_null_mx(t);
    evidence.list_domain = *j->list.domain ? j->list.domain : NULL;
    evidence.list_signed = j->list.is_signed;
    evidence.sealers = ask_sealers(t);
    judge_client(t);
    spf_identity_explain(&t->spf);
    verdict_decide(&evidence, &j->verdict);
    if (t->mail_verdict.action == ACTION_REJECT)
        j->verdict = t->mail_verdict;
    j->unreported = !allowance_reports(&evidence);
    j->spf = &t->spf;
    j->dkim = t->dkim;
    j->arc = t->arc ? &t->chain : NULL;
    j->dmarc = &t->dmarc;
}
