#include "core/logline.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/log.h"
#include "core/bounds.h"
#include "core/session.h"
#include "core/transaction.h"
#include "mail/message.h"

enum { DKIM_SHOWN_MAX = 8, SEALERS_SHOWN_MAX = 8 };

/* VALUE needs no quotes. */
static void add_word(struct buf *out, const char *key, const char *value)
{
    buf_char(out, ' ');
    buf_add(out, key);
    buf_char(out, '=');
    buf_add(out, value);
}

static void add_text(struct buf *out, const char *key, struct text value)
{
    char quoted[LOG_QUOTED_MAX];

    if (value.len > 0)
        add_word(out, key, log_quote(value, quoted));
}

static const struct finding *first_of(const struct judgement *j, enum method method)
{
    const struct finding *f = j->findings->first;

    while (f && f->method != method)
        f = f->next;
    return f;
}

static void add_result(struct buf *out, const struct judgement *j, enum method method)
{
    const struct finding *f = first_of(j, method);

    if (f)
        add_word(out, name_of(method_names, (int)method), name_of(result_names, (int)f->result));
}

/* dkim=pass:example.org/s1,fail:example.net/s2.  Names in a finding went through
 * domain_normalise(): nothing in them needs quotes. */
static void add_dkim(struct buf *out, const struct judgement *j)
{
    unsigned shown = 0;

    for (const struct finding *f = j->findings->first; f; f = f->next) {
        struct text d = finding_get(f, "header.d"), s = finding_get(f, "header.s");

        if (f->method != METHOD_DKIM || shown == DKIM_SHOWN_MAX)
            continue;
        buf_add(out, shown++ ? "," : " dkim=");
        buf_add(out, name_of(result_names, (int)f->result));
        if (d.len > 0) {
            buf_char(out, ':');
            buf_text_add(out, d);
        }
        if (d.len > 0 && s.len > 0) {
            buf_char(out, '/');
            buf_text_add(out, s);
        }
    }
}

/* arc=pass:lists.example/s2,example.org/s1: who sealed, newest first */
static void add_arc(struct buf *out, const struct judgement *j)
{
    unsigned shown = 0;

    add_result(out, j, METHOD_ARC);
    if (!j->arc || j->arc->result != RESULT_PASS)
        return;
    for (unsigned i = j->arc->chain->newest; i >= 1 && shown < SEALERS_SHOWN_MAX; i--) {
        const struct signature *seal = &j->arc->chain->sets[i]->seal;

        buf_printf(out, "%c%s/%s", shown++ ? ',' : ':', seal->domain, seal->selector);
    }
}

static void add_dmarc(struct buf *out, const struct judgement *j)
{
    add_result(out, j, METHOD_DMARC);
    if (j->dmarc && j->dmarc->has_policy)
        add_word(out, "policy", name_of(dmarc_policy_names, (int)j->dmarc->policy));
}

static void add_signer(struct buf *out, const struct signer *signer)
{
    buf_printf(out, "%s/%s", signer->domain, signer->selector);
}

/* Whether the name of the state leaves anything to say. */
static bool wants_words(enum signing_state state)
{
    return state == SIGNING_SIGNED || state == SIGNING_UNSIGNABLE || state == SIGNING_FAILED;
}

/* sign=example.org/s1,example.org/s2, or why not */
static void add_signing(struct buf *out, const struct signing *signing)
{
    if (!signing)
        return;
    for (size_t i = 0; i < signing->count; i++) {
        buf_add(out, i ? "," : " sign=");
        add_signer(out, &signing->signatures[i].signer);
    }
    if (signing->count == 0)
        add_word(out, "sign", name_of(signing_state_names, (int)signing->state));
    if (wants_words(signing->state))
        add_text(out, "unsigned", text_of(signing->why));
}

/* seal=example.org/s1 cv=pass, or why not */
static void add_sealing(struct buf *out, const struct sealing *sealing)
{
    if (!sealing)
        return;
    buf_add(out, " seal=");
    if (sealing->state == SEALING_SEALED) {
        add_signer(out, &sealing->signer);
        add_word(out, "cv", name_of(chain_status_names, (int)sealing->chain));
        return;
    }
    buf_add(out, name_of(sealing_state_names, (int)sealing->state));
    if (sealing->state != SEALING_NO_KEY)
        add_text(out, "unsealed", text_of(sealing->why));
}

static void add_recipients(struct buf *out, const struct message *message)
{
    if (!message->recipients)
        return;
    add_text(out, "rcpt", text_of(message->recipients->path.domain));
    if (message->recipient_count > 1)
        buf_printf(out, " rcpts=%zu", message->recipient_count);
}

static void add_why(struct buf *out, const struct verdict *v)
{
    if (v->would > v->action)
        buf_printf(out, " would=%s", name_of(action_names, (int)v->would));
    if (v->action != ACTION_ACCEPT || v->override != OVERRIDE_NONE)
        add_text(out, "reason", text_of(v->reason));
    if (v->override != OVERRIDE_NONE)
        add_word(out, "override", name_of(override_reason_names, (int)v->override));
    add_text(out, "because", text_of(v->override_comment));
}

static void add_bounds(struct buf *out, const struct judgement *j)
{
    for (const struct name *n = bound_names; n->name; n++)
        if (bound_reached(j, (enum bound)n->value))
            buf_printf(out, " bound=%s", n->name);
}

void logline_write(struct buf *out, const char *queue_id, const struct session *session,
                   const struct judgement *j, int64_t end_of_message_ms)
{
    char ip[IP_TEXT_SIZE];
    const struct field *mid = field_find(j->message->fields, TEXT("Message-Id"));

    buf_printf(out, "%s: action=%s", queue_id, name_of(action_names, (int)j->verdict.action));
    if (j->origin != ORIGIN_OUTSIDE)
        add_word(out, "origin", name_of(origin_names, (int)j->origin));
    if (j->author->count > 0)
        add_text(out, "from", text_of(j->author->domains[0]));
    add_result(out, j, METHOD_IPREV);
    add_result(out, j, METHOD_SPF);
    add_dkim(out, j);
    add_arc(out, j);
    add_dmarc(out, j);
    add_signing(out, j->signing);
    add_sealing(out, j->sealing);
    add_why(out, &j->verdict);
    add_text(out, "ip", text_of(ip_format(&session->client, ip)));
    add_text(out, "helo", session->helo);
    add_recipients(out, j->message);
    if (mid)
        add_text(out, "mid", text_trim(mid->value));
    add_bounds(out, j);
    buf_printf(out, " dns=%u/%lldms eom=%lldms", j->dns.questions, (long long)j->dns.waited_ms,
               (long long)end_of_message_ms);
}

/* --- the same for the journal ------------------------------------------------ */

/* Of "a verdict on a message": journalctl MESSAGE_ID=... finds them all. */
static const char message_id[] = "1ee50f7b811f4743946c9bc252d410f0";

struct fields {
    struct region *region;
    struct journal_field *items;
    size_t count;
};

/* Nothing for the empty VALUE. */
static void add_field(struct fields *f, const char *name, struct text value)
{
    char escaped[LOG_QUOTED_MAX];
    const char *copy;

    if (value.len == 0 || f->count == LOG_FIELDS_MAX)
        return;
    copy = text_dup(f->region, text_of(log_escape(value, escaped)));
    if (copy)
        f->items[f->count++] = (struct journal_field){ name, text_of(copy) };
}

static void add_name(struct fields *f, const char *name, const struct name *table, int value)
{
    add_field(f, name, text_of(name_of(table, value)));
}

static void add_number(struct fields *f, const char *name, long long number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", number);
    add_field(f, name, text_of(digits));
}

static void add_verdict(struct fields *f, const struct verdict *v)
{
    add_field(f, "MESSAGE_ID", text_of(message_id));
    add_name(f, "VERDICT", action_names, (int)v->action);
    add_name(f, "VERDICT_RULE", verdict_rule_names, (int)v->rule);
    if (v->would > v->action)
        add_name(f, "VERDICT_WOULD", action_names, (int)v->would);
    add_field(f, "VERDICT_REASON", text_of(v->reason));
    if (v->override != OVERRIDE_NONE)
        add_name(f, "OVERRIDE", override_reason_names, (int)v->override);
    add_field(f, "OVERRIDE_REASON", text_of(v->override_comment));
}

static void add_client(struct fields *f, const struct session *session)
{
    char ip[IP_TEXT_SIZE];

    add_field(f, "CLIENT_IP", text_of(ip_format(&session->client, ip)));
    add_field(f, "CLIENT_HELO", session->helo);
    add_field(f, "LISTENER", session->listener);
}

/* The first of METHOD; of signatures one that passes, if any does. */
static const struct finding *shown_of(const struct judgement *j, enum method method)
{
    for (const struct finding *f = j->findings->first; method == METHOD_DKIM && f; f = f->next)
        if (f->method == METHOD_DKIM && f->result == RESULT_PASS)
            return f;
    return first_of(j, method);
}

static void add_results(struct fields *f, const struct judgement *j)
{
    static const struct {
        enum method method;
        const char *name;
    } methods[] = {
        { METHOD_IPREV, "IPREV" }, { METHOD_SPF, "SPF" },     { METHOD_DKIM, "DKIM" },
        { METHOD_ARC, "ARC" },     { METHOD_DMARC, "DMARC" },
    };
    const struct finding *signature = shown_of(j, METHOD_DKIM);

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const struct finding *finding = shown_of(j, methods[i].method);

        if (finding)
            add_name(f, methods[i].name, result_names, (int)finding->result);
    }
    if (signature && signature->result == RESULT_PASS)
        add_field(f, "DKIM_DOMAIN", finding_get(signature, "header.d"));
    if (j->dmarc && j->dmarc->has_policy)
        add_name(f, "DMARC_POLICY", dmarc_policy_names, (int)j->dmarc->policy);
}

size_t logline_fields(struct region *region, const char *queue_id, const struct session *session,
                      const struct judgement *j, struct journal_field fields[LOG_FIELDS_MAX])
{
    struct fields f = { .region = region, .items = fields };
    const struct field *mid = field_find(j->message->fields, TEXT("Message-Id"));

    add_verdict(&f, &j->verdict);
    add_field(&f, "QUEUE_ID", text_of(queue_id));
    add_name(&f, "ORIGIN", origin_names, (int)j->origin);
    if (j->author->count > 0)
        add_field(&f, "AUTHOR_DOMAIN", text_of(j->author->domains[0]));
    add_results(&f, j);
    add_client(&f, session);
    if (j->message->recipients)
        add_field(&f, "RECIPIENT_DOMAIN", text_of(j->message->recipients->path.domain));
    if (mid)
        add_field(&f, "MAIL_MESSAGE_ID", text_trim(mid->value));
    add_number(&f, "DNS_QUESTIONS", j->dns.questions);
    add_number(&f, "DNS_WAIT_MS", j->dns.waited_ms);
    return f.count;
}

size_t logline_fields_at_mail(struct region *region, const struct session *session,
                              const struct verdict *verdict,
                              struct journal_field fields[LOG_FIELDS_MAX])
{
    struct fields f = { .region = region, .items = fields };

    add_verdict(&f, verdict);
    add_client(&f, session);
    return f.count;
}
