#include "core/transaction.h"

#include <stdlib.h>

#include "auth/arc.h"
#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "auth/iprev.h"
#include "auth/spf.h"
#include "base/clock.h"
#include "base/region.h"
#include "core/reply.h"
#include "core/sealers.h"
#include "core/snapshot.h"
#include "mail/author.h"
#include "mail/message.h"

/* Envelope, header fields and findings of one message; the body is not kept. */
enum { MESSAGE_MEMORY_MAX = 32 * 1024 * 1024 };

/* Of the questions a message may ask, the keys of an ARC chain leave a fifth to
 * the checks after it: a chain may name a hundred keys. */
enum { QUESTIONS_KEPT_PART = 5 };

struct transaction {
    struct session *session;   /* lent */
    struct snapshot *snapshot; /* referenced */
    struct dns_scope *dns;
    struct message *message;
    struct body_digests *body;   /* for all signatures */
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

/* --- beginning ---------------------------------------------------------- */

static enum dmarc_discovery discovery_of(const struct config *config)
{
    return config->dmarc.organizational_domain == ORGDOM_PSL ? DMARC_PSL : DMARC_TREE_WALK;
}

static const char *authserv_id_of(const struct transaction *t)
{
    const char *const candidates[] = {
        t->session->authserv_id,
        t->snapshot->config->authserv_id,
        t->session->hostname,
    };

    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
        if (*candidates[i])
            return candidates[i];
    return "localhost";
}

/* The MAIL FROM identity.  What our parser and the MTA read differently is
 * nobody's identity. */
static void parse_sender(struct transaction *t, struct text raw, const struct text *mail_addr)
{
    struct path *sender = &t->message->mail_from;
    struct path seen;

    if (raw.data)
        message_set_mail_from(t->message, raw);
    else
        *sender = (struct path){ .kind = PATH_LOCAL };
    if (!mail_addr || mail_addr->len == 0 || sender->kind != PATH_ADDRESS)
        return;
    path_parse(*mail_addr, &seen);
    if (seen.kind == PATH_ADDRESS && !text_equal(text_of(seen.domain), text_of(sender->domain)))
        *sender = (struct path){ .kind = PATH_MALFORMED };
}

static struct spf_params spf_params_of(const struct transaction *t)
{
    const struct config *config = t->snapshot->config;

    return (struct spf_params){
        .engine = t->snapshot->spf,
        .dns = t->dns,
        .client = t->session->client,
        .helo = t->session->helo,
        .mail_from = &t->message->mail_from,
        .receiver = authserv_id_of(t),
        .now = t->now,
        .explain = config->spf.on_fail == SPF_FAIL_REJECT || t->session->wants_explanation,
    };
}

static void start_sender_lookups(struct transaction *t)
{
    const struct path *sender = &t->message->mail_from;
    struct spf_params params = spf_params_of(t);

    if (params.client.family != IP_NONE)
        prefetch_spf(&params);
    if (sender->kind == PATH_ADDRESS && t->snapshot->config->reject_null_mx)
        dns_scope_start(t->dns, sender->domain, DNS_MX, NULL, NULL);
}

static unsigned questions_for_arc(const struct config *config)
{
    return config->resolver.questions - config->resolver.questions / QUESTIONS_KEPT_PART;
}

static bool prepare_signatures(struct transaction *t)
{
    const struct config *config = t->snapshot->config;

    t->dkim = verify_dkim_new(t->message, &(struct dkim_params){
                                              .engine = t->snapshot->dkim,
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
                                              .questions_max = questions_for_arc(config),
                                              .clock_skew = config->dkim.clock_skew,
                                              .now = t->now,
                                          });
    return t->dkim && t->arc;
}

static bool prepare(struct transaction *t)
{
    const struct config *config = t->snapshot->config;
    struct dns_scope_limits limits = { .questions_max = config->resolver.questions };

    t->message = message_new(MESSAGE_MEMORY_MAX);
    t->dns = dns_scope_new(t->snapshot->resolver, &limits);
    if (!t->message || !t->dns)
        return false;
    t->body = body_digests_new(t->message->region);
    if (!t->body)
        return false;
    message_keep(t->message, text_of(config->dmarc.quarantine_header_name));
    findings_init(&t->findings, t->message->region);
    t->judgement.origin = session_origin(t->session);
    t->submitted = session_submits(t->session);
    return t->judgement.origin != ORIGIN_OUTSIDE || prepare_signatures(t);
}

struct transaction *transaction_begin(struct session *session, struct snapshot *snapshot,
                                      struct text mail_from, const struct text *mail_addr,
                                      int64_t now)
{
    struct transaction *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    session_use(session, snapshot);
    t->session = session;
    t->snapshot = snapshot_ref(snapshot);
    t->now = now;
    if (!prepare(t)) {
        transaction_free(t);
        return NULL;
    }
    parse_sender(t, mail_from, mail_addr);
    if (t->judgement.origin == ORIGIN_OUTSIDE)
        start_sender_lookups(t);
    return t;
}

void transaction_free(struct transaction *t)
{
    if (!t)
        return;
    if (t->dns) {
        dns_scope_close(t->dns);
        dns_scope_unref(t->dns);
    }
    message_free(t->message);
    snapshot_unref(t->snapshot);
    free(t);
}

struct dns_scope *transaction_dns(struct transaction *t)
{
    return t->dns;
}

/* --- what arrives ------------------------------------------------------- */

void transaction_recipient(struct transaction *t, struct text rcpt_to)
{
    message_add_recipient(t->message, rcpt_to);
}

static void start_author_lookups(struct transaction *t, const struct field *from)
{
    struct author author;

    author_parse(from->value, &author);
    for (size_t i = 0; i < author.count; i++)
        dmarc_prefetch(t->dns, author.domains[i], discovery_of(t->snapshot->config));
}

void transaction_field(struct transaction *t, struct text name, struct text value)
{
    struct field *field = message_add_field(t->message, name, value);

    if (!field || !t->dkim)
        return;
    verify_dkim_field(t->dkim, field);
    if (t->arc)
        arc_verifier_field(t->arc, field);
    if (field->index == 1 && field_is(field, TEXT("From")))
        start_author_lookups(t, field);
}

/* An identifier that may align by its organizational domain: that asks for a
 * walk of its own.  Two labels in common make it worth starting early. */
static void start_identifier_lookups(struct transaction *t, const char *domain)
{
    for (size_t i = 0; i < t->author.count; i++) {
        const char *author = t->author.domains[i];

        if (!text_equal(text_of(author), text_of(domain)) && domain_labels(domain) > 1 &&
            domain_is_within(author, domain_last_labels(domain, 2))) {
            dmarc_prefetch(t->dns, domain, discovery_of(t->snapshot->config));
            return;
        }
    }
}

/* The HELO name as a domain; false when it is none (RFC 7208 §2.3). */
static bool helo_domain(const struct transaction *t, domain_name out)
{
    return domain_normalise(t->session->helo, out) && domain_labels(out) > 1;
}

static void end_header_of_checks(struct transaction *t)
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

static struct leaving leaving_of(const struct transaction *t)
{
    const struct config *config = t->snapshot->config;

    return (struct leaving){
        .config = config,
        .keyring = t->snapshot->keyring,
        .message = t->message,
        .author = &t->author,
        .bodies = t->body,
        .dns = t->dns,
        .arc_questions = questions_for_arc(config),
        .client = &t->session->client,
        .origin = t->judgement.origin,
        .submitted = t->submitted,
        .authserv_id = authserv_id_of(t),
        .discovery = discovery_of(config),
        .now = t->now,
    };
}

void transaction_end_of_header(struct transaction *t)
{
    t->header_ended = true;
    author_of(t->message, &t->author);
    if (t->dkim)
        end_header_of_checks(t);
    t->leaving = leaving_of(t);
    signing_begin(&t->signing, &t->leaving);
    sealing_begin(&t->sealing, &t->leaving, t->arc);
}

bool transaction_wants_body(const struct transaction *t)
{
    return body_digests_wanted(t->body) || (t->dkim && verify_dkim_wants_body(t->dkim));
}

void transaction_body(struct transaction *t, struct text chunk)
{
    body_digests_add(t->body, chunk);
    if (t->dkim)
        verify_dkim_body(t->dkim, chunk);
}

/* --- the checks, in the order of the Authentication-Results field -------- */

static void begin_waiting(struct transaction *t)
{
    int64_t deadline = clock_ms() + (int64_t)t->snapshot->config->resolver.message_timeout * 1000;

    dns_scope_set_deadline(t->dns, deadline);
    dns_scope_set_deadline(t->session->dns, deadline);
}

static void judge_spf_identity(struct transaction *t, struct findings *findings)
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
        .discovery = discovery_of(t->snapshot->config),
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

static struct evidence evidence_of(struct transaction *t)
{
    return (struct evidence){
        .config = t->snapshot->config,
        .region = t->message->region,
        .client = &t->session->client,
        .message = t->message,
        .author = &t->author,
        .findings = &t->findings,
        .spf = &t->spf,
        .dmarc = &t->dmarc,
    };
}

static void judge_client(struct transaction *t)
{
    const struct session *session = t->session;

    if (*session->client_name)
        check_iprev_named(&t->findings, session->dns, &session->client, session->client_name,
                          t->client_name);
    else
        check_iprev(&t->findings, session->dns, &session->client, t->client_name);
}

static void check_message(struct transaction *t)
{
    judge_client(t);
    judge_spf_identity(t, &t->findings);
    check_dkim(&t->findings, t->dkim);
    if (t->arc)
        check_arc(&t->findings, t->arc, &t->session->client, &t->chain);
    judge_dmarc_of(t);
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
            .discovery = discovery_of(t->snapshot->config),
        },
        &answer);
    while (finding && finding->method != METHOD_ARC)
        finding = finding->next;
    if (answer.why)
        finding_text(&t->findings, finding, "trust", text_of(answer.why));
    return answer.comment;
}

static void judge(struct transaction *t)
{
    struct judgement *j = &t->judgement;
    struct evidence evidence;

    check_message(t);
    list_claim_of(t->message, t->dkim, &t->snapshot->config->trusted_lists, &j->list);
    evidence = evidence_of(t);
    evidence.null_mx_sender = sender_has_null_mx(t);
    evidence.list_domain = *j->list.domain ? j->list.domain : NULL;
    evidence.list_signed = j->list.is_signed;
    evidence.sealers = ask_sealers(t);
    verdict_decide(&evidence, &j->verdict);
    if (t->mail_verdict.action == ACTION_REJECT)
        j->verdict = t->mail_verdict;
    j->spf = &t->spf;
    j->dkim = t->dkim;
    j->arc = t->arc ? &t->chain : NULL;
    j->dmarc = &t->dmarc;
}

static void note_authentication(struct transaction *t)
{
    struct finding *auth = findings_add(&t->findings, METHOD_AUTH, RESULT_PASS, NULL);

    if (t->snapshot->config->show_auth_name)
        finding_property(&t->findings, auth, "smtp.auth", t->session->auth_name);
}

/* Mail that does not come from outside is not judged. */
static void pass_on(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    switch (j->origin) {
    case ORIGIN_OUTSIDE:
        return;
    case ORIGIN_AUTHENTICATED:
        note_authentication(t);
        verdict_unjudged(t->message, "authenticated client", &j->verdict);
        return;
    case ORIGIN_OWN:
        verdict_unjudged(t->message, "client in sign-networks", &j->verdict);
        return;
    case ORIGIN_TRUSTED:
        j->verdict = (struct verdict){ .action = ACTION_ACCEPT, .reason = "trusted network" };
        return;
    }
}

/* --- the end ------------------------------------------------------------ */

static void plan(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    plan_build(
        &(struct plan_input){
            .config = t->snapshot->config,
            .region = t->message->region,
            .message = t->message,
            .origin = j->origin,
            .authserv_id = j->authserv_id,
            .findings = &t->findings,
            .verdict = &j->verdict,
        },
        &j->plan, &j->header);
}

/* What is added to a message that goes on: signatures, then the seal above all. */
static void add_to_plan(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    if (j->verdict.action == ACTION_ACCEPT || j->verdict.action == ACTION_QUARANTINE) {
        signing_insert(&t->signing, &t->leaving, &j->plan);
        sealing_end(&t->sealing, &t->leaving, j->header ? &t->findings : NULL,
                    t->arc ? &t->chain : NULL, &j->plan);
    } else {
        sealing_drop(&t->sealing);
    }
    j->signing = t->signing.state == SIGNING_NOT_ASKED ? NULL : &t->signing;
    j->sealing = t->sealing.state == SEALING_NOT_ASKED ? NULL : &t->sealing;
}

/* Memory ran out: whatever was found cannot be believed.  Needs none itself. */
static void give_up(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    findings_init(&t->findings, t->message->region);
    j->verdict = (struct verdict){
        .action = ACTION_TEMPFAIL,
        .reply = reply_plain(REPLY_LOCAL),
        .reason = "memory of the message exhausted",
    };
    j->plan.steps = NULL;
    j->header = NULL;
    j->spf = NULL;
    j->dkim = NULL;
    j->arc = NULL;
    j->dmarc = NULL;
    j->signing = NULL;
    j->sealing = NULL;
}

static void count_dns(struct transaction *t)
{
    struct dns_scope_usage connection;

    dns_scope_usage(t->dns, &t->judgement.dns);
    dns_scope_usage(t->session->dns, &connection);
    t->judgement.dns.questions += connection.questions;
    t->judgement.dns.waited_ms += connection.waited_ms;
    t->judgement.dns.limit_hit |= connection.limit_hit;
}

const struct judgement *transaction_end(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    if (t->ended)
        return j;
    t->ended = true;
    if (!t->header_ended)
        transaction_end_of_header(t);
    j->authserv_id = authserv_id_of(t);
    j->message = t->message;
    j->author = &t->author;
    j->findings = &t->findings;
    j->client_name = t->client_name;
    j->now = t->now;
    begin_waiting(t);
    body_digests_end(t->body);
    if (j->origin == ORIGIN_OUTSIDE)
        judge(t);
    else
        pass_on(t);
    signing_end(&t->signing, &t->leaving, &j->verdict);
    plan(t);
    add_to_plan(t);
    if (region_failed(t->message->region))
        give_up(t);
    count_dns(t);
    return j;
}

const struct verdict *transaction_mail_verdict(struct transaction *t)
{
    const struct config *config = t->snapshot->config;
    struct evidence evidence = evidence_of(t);
    struct findings findings;

    if (t->judgement.origin != ORIGIN_OUTSIDE || config->spf.on_fail != SPF_FAIL_REJECT ||
        config->spf.reject_at != SPF_REJECT_AT_MAIL)
        return NULL;
    begin_waiting(t);
    /* Looked at here only.  The end judges again, from the answers that the
     * scope remembers, so that its findings stand in their order. */
    findings_init(&findings, t->message->region);
    judge_spf_identity(t, &findings);
    evidence.findings = &findings;
    if (region_failed(t->message->region) || !verdict_at_mail(&evidence, &t->mail_verdict))
        return NULL;
    t->mail_verdict.decided_by = NULL;
    return &t->mail_verdict;
}
