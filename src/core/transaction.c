#include "core/transaction_private.h"

#include <stdlib.h>

#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "base/clock.h"
#include "base/region.h"
#include "core/checks.h"
#include "core/reply.h"
#include "core/snapshot.h"
#include "mail/author.h"
#include "mail/eml.h"
#include "mail/message.h"

/* Envelope, header fields and findings of one message; the body is not kept. */
enum { MESSAGE_MEMORY_MAX = 32 * 1024 * 1024 };

/* --- beginning ---------------------------------------------------------- */

const char *transaction_authserv_id(const struct transaction *t)
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
    return true;
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
    if (!prepare(t))
        goto failed;
    parse_sender(t, mail_from, mail_addr);
    if (t->judgement.origin != ORIGIN_OUTSIDE)
        return t;
    if (!checks_prepare(t))
        goto failed;
    checks_sender(t);
    return t;
failed:
    transaction_free(t);
    return NULL;
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

void transaction_field(struct transaction *t, struct text name, struct text value)
{
    struct field *field = message_add_field(t->message, name, value);

    if (field && t->dkim)
        checks_field(t, field);
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
        .arc_questions = checks_arc_questions(config),
        .client = &t->session->client,
        .origin = t->judgement.origin,
        .submitted = t->submitted,
        .authserv_id = transaction_authserv_id(t),
        .discovery = checks_discovery(config),
        .now = t->now,
    };
}

void transaction_end_of_header(struct transaction *t)
{
    if (t->header_ended)
        return;
    t->header_ended = true;
    author_of(t->message, &t->author);
    if (t->dkim)
        checks_end_of_header(t);
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

static void on_field(void *context, struct text label, struct text value)
{
    transaction_field(context, label, value);
}

static void on_end_of_header(void *context)
{
    transaction_end_of_header(context);
}

static void on_body(void *context, struct text chunk)
{
    transaction_body(context, chunk);
}

void transaction_message(struct transaction *t, struct text octets)
{
    eml_read(octets, &(struct eml_handler){ t, on_field, on_end_of_header, on_body });
}

/* --- the end ------------------------------------------------------------ */

static void begin_waiting(struct transaction *t)
{
    int64_t deadline = clock_ms() + (int64_t)t->snapshot->config->resolver.message_timeout * 1000;

    dns_scope_set_deadline(t->dns, deadline);
    dns_scope_set_deadline(t->session->dns, deadline);
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
        j->verdict = (struct verdict){
            .action = ACTION_ACCEPT,
            .rule = VERDICT_UNJUDGED,
            .reason = "trusted network",
        };
        return;
    }
}

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
        .would = ACTION_TEMPFAIL,
        .rule = VERDICT_OF_MEMORY,
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

/* The connection's questions and the wait for them belong to its first message. */
static void count_dns(struct transaction *t)
{
    struct dns_scope_usage connection;

    dns_scope_usage(t->dns, &t->judgement.dns);
    dns_scope_usage(t->session->dns, &connection);
    t->judgement.dns.questions += connection.questions - t->session->questions_told;
    t->judgement.dns.waited_ms += connection.waited_ms - t->session->waited_told_ms;
    t->session->questions_told = connection.questions;
    t->session->waited_told_ms = connection.waited_ms;
    t->judgement.dns.limit_hit |= connection.limit_hit;
    t->judgement.dns.deadline_hit |= connection.deadline_hit;
    t->judgement.dns.out_of_memory |= connection.out_of_memory;
}

/* After count_dns().  What DNS could not say for want of memory is no temporary
 * error of somebody else's, which a configuration may let pass. */
static bool memory_failed(const struct transaction *t)
{
    return region_failed(t->message->region) || t->session->failed ||
           t->judgement.dns.out_of_memory;
}

const struct judgement *transaction_end(struct transaction *t)
{
    struct judgement *j = &t->judgement;

    if (t->ended)
        return j;
    t->ended = true;
    transaction_end_of_header(t);
    j->authserv_id = t->leaving.authserv_id = transaction_authserv_id(t);
    j->message = t->message;
    j->author = &t->author;
    j->findings = &t->findings;
    j->client_name = t->client_name;
    j->now = t->now;
    begin_waiting(t);
    body_digests_end(t->body);
    if (j->origin == ORIGIN_OUTSIDE)
        checks_judge(t);
    else
        pass_on(t);
    signing_end(&t->signing, &t->leaving, &j->verdict);
    plan(t);
    add_to_plan(t);
    count_dns(t);
    if (memory_failed(t))
        give_up(t);
    return j;
}

const struct verdict *transaction_mail_verdict(struct transaction *t)
{
    const struct config *config = t->snapshot->config;
    struct evidence evidence = checks_evidence(t);
    struct findings findings;

    if (t->judgement.origin != ORIGIN_OUTSIDE || config->spf.on_fail != SPF_FAIL_REJECT ||
        config->spf.reject_at != SPF_REJECT_AT_MAIL)
        return NULL;
    begin_waiting(t);
    /* Looked at here only.  The end judges again, from the answers that the
     * scope remembers, so that its findings stand in their order. */
    findings_init(&findings, t->message->region);
    checks_spf(t, &findings);
    spf_identity_explain(&t->spf);
    evidence.findings = &findings;
    if (!verdict_at_mail(&evidence, &t->mail_verdict) || t->session->failed ||
        region_failed(t->message->region))
        return NULL;
    t->mail_verdict.decided_by = NULL;
    return &t->mail_verdict;
}
