#include "core/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/region.h"
#include "core/allowance.h"
#include "core/reply.h"
#include "mail/message.h"

const struct name action_names[] = {
    { ACTION_ACCEPT, "accept" },
    { ACTION_QUARANTINE, "quarantine" },
    { ACTION_TEMPFAIL, "tempfail" },
    { ACTION_REJECT, "reject" },
    { 0, NULL },
};

const struct name verdict_rule_names[] = {
    { VERDICT_OF_DMARC, "dmarc" },
    { VERDICT_OF_AUTHOR, "author" },
    { VERDICT_OF_NULL_MX, "null_mx" },
    { VERDICT_OF_SPF, "spf" },
    { VERDICT_OF_TEMPORARY, "temporary" },
    { VERDICT_OF_HEADER, "header" },
    { VERDICT_OF_SIGNING, "signing" },
    { VERDICT_UNJUDGED, "unjudged" },
    { VERDICT_OF_MEMORY, "memory" },
    { 0, NULL },
};

const struct name disposition_names[] = {
    { DISPOSITION_NONE, "none" },
    { DISPOSITION_PASS, "pass" },
    { DISPOSITION_QUARANTINE, "quarantine" },
    { DISPOSITION_REJECT, "reject" },
    { 0, NULL },
};

const struct name override_reason_names[] = {
    { OVERRIDE_NONE, "none" },
    { OVERRIDE_LOCAL_POLICY, "local_policy" },
    { OVERRIDE_MAILING_LIST, "mailing_list" },
    { OVERRIDE_OTHER, "other" },
    { OVERRIDE_POLICY_TEST_MODE, "policy_test_mode" },
    { OVERRIDE_TRUSTED_FORWARDER, "trusted_forwarder" },
    { 0, NULL },
};

enum { REASON_MAX = 400 };

static const enum action of_enforcement[] = {
    [ENFORCE_NONE] = ACTION_ACCEPT,
    [ENFORCE_QUARANTINE] = ACTION_QUARANTINE,
    [ENFORCE_REJECT] = ACTION_REJECT,
};

static const enum action of_policy[] = {
    [DMARC_NONE] = ACTION_ACCEPT,
    [DMARC_QUARANTINE] = ACTION_QUARANTINE,
    [DMARC_REJECT] = ACTION_REJECT,
};

/* Of bad-from. */
static const enum action of_soft_action[] = {
    [SOFT_ACCEPT] = ACTION_ACCEPT,
    [SOFT_QUARANTINE] = ACTION_QUARANTINE,
    [SOFT_REJECT] = ACTION_REJECT,
};

__attribute__((format(printf, 2, 3)))
static const char *words(const struct evidence *e, const char *format, ...)
{
    char line[REASON_MAX];
    const char *text;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text = text_dup(e->region, text_of(line));
    return text ? text : "out of memory";
}

/* The first finding of METHOD with RESULT, or NULL. */
static const struct finding *found(const struct evidence *e, enum method method, enum result result)
{
    const struct finding *f = e->findings ? e->findings->first : NULL;

    while (f && (f->method != method || f->result != result))
        f = f->next;
    return f;
}

/* --- what softens ------------------------------------------------------- */

static void soften(struct verdict *v, enum action action, enum override_reason override,
                   const char *comment)
{
    v->action = action;
    v->override = override;
    v->override_comment = comment;
    v->override_is_named = false;
}

/* Caps V at what configuration and overrides allow for the recipients; BASE
 * stands where no override holds.  When they allow different things, nobody's
 * mail is refused or held for another's sake: it is tagged for all. */
static void cap(const struct evidence *e, enum enforcement base, struct verdict *v)
{
    struct allowance allowance;
    enum action most, least;
    const char *name;

    allowance_of(e, base, &allowance);
    most = of_enforcement[allowance.most];
    least = of_enforcement[allowance.least];
    if (v->action <= least)
        return;
    if (!allowance.allowed)
        v->would = v->action;
    name = allowance.override ? words(e, "override \"%s\"%s", allowance.override->name,
                                      allowance.allowed ? " allows it" : "")
                              : words(e, "enforce = %s", name_of(enforcement_names, (int)base));
    if (most == least) {
        soften(v, most, OVERRIDE_LOCAL_POLICY, name);
    } else {
        v->quarantine = QUARANTINE_TAG;
        soften(v, ACTION_QUARANTINE, OVERRIDE_LOCAL_POLICY,
               words(e, "%s holds for some recipients only: tagged for all", name));
    }
    v->override_is_named = allowance.override;
}

static bool from_trusted_forwarder(const struct evidence *e)
{
    return networks_have(&e->config->trusted_forwarders, e->client);
}

static bool from_trusted_list(const struct evidence *e)
{
    return e->list_signed && e->list_domain &&
           domains_cover(&e->config->trusted_lists, e->list_domain);
}

/* Mail over a path that the administrator trusts to break authentication. */
static bool spare_trusted_path(const struct evidence *e, struct verdict *v)
{
    if (from_trusted_forwarder(e))
        soften(v, ACTION_ACCEPT, OVERRIDE_TRUSTED_FORWARDER, "client is in trusted-forwarders");
    else if (from_trusted_list(e))
        soften(v, ACTION_ACCEPT, OVERRIDE_MAILING_LIST,
               words(e, "list %s is in trusted-lists", e->list_domain));
    else if (e->sealers)
        soften(v, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY, e->sealers);
    else
        return false;
    return true;
}

/* A list that nobody here vouches for: anybody can make that evidence, so it
 * turns a rejection into quarantine at best, never into acceptance. */
static bool list_spares(const struct evidence *e)
{
    return e->list_signed && e->config->dmarc.indirect_mail != SOFT_REJECT;
}

static void spare_list(const struct evidence *e, struct verdict *v)
{
    if (v->action != ACTION_REJECT || !list_spares(e))
        return;
    soften(v, ACTION_QUARANTINE, OVERRIDE_MAILING_LIST,
           words(e, "signed by mailing list %s", e->list_domain));
}

/* --- DMARC -------------------------------------------------------------- */

/* Whether t=y made the policy milder than what is published (RFC 9989 §4.7). */
static bool test_mode_applied(const struct dmarc_outcome *d)
{
    const struct dmarc_record *r = d->record;
    enum dmarc_policy published = DMARC_NONE;

    if (!d->testing || !r)
        return false;
    switch (d->policy_source) {
    case DMARC_SOURCE_P:
        published = r->p;
        break;
    case DMARC_SOURCE_SP:
        published = r->has_sp ? r->sp : r->p;
        break;
    case DMARC_SOURCE_NP:
    case DMARC_SOURCE_PSD:
        published = r->has_np ? r->np : r->has_sp ? r->sp : r->p;
        break;
    }
    return published != DMARC_NONE;
}

static void judge_dmarc_failure(const struct evidence *e, struct verdict *v)
{
    const struct dmarc_outcome *d = e->dmarc;

    v->reason = words(e, "DMARC fail, policy %s of %s", name_of(dmarc_policy_names, (int)d->policy),
                      d->policy_domain ? d->policy_domain : "?");
    v->action = of_policy[d->policy];
    if (test_mode_applied(d))
        soften(v, v->action, OVERRIDE_POLICY_TEST_MODE, "t=y");
    if (v->action == ACTION_ACCEPT || spare_trusted_path(e, v))
        return;
    cap(e, e->config->dmarc.enforce, v);
    if (list_spares(e) && v->would == ACTION_REJECT)
        v->would = ACTION_QUARANTINE;
    spare_list(e, v);
    if (v->action == ACTION_REJECT)
        v->reply = reply_make(e->region, REPLY_DMARC, "Message rejected per DMARC policy of %s",
                              d->from_domain ? d->from_domain : "the author domain");
}

static void judge_dmarc(const struct evidence *e, struct verdict *v)
{
    const struct dmarc_outcome *d = e->dmarc;

    v->decided_by = found(e, METHOD_DMARC, d->result);
    switch (d->result) {
    case RESULT_PASS:
        v->reason = "DMARC pass";
        break;
    case RESULT_FAIL:
        if (d->has_policy)
            judge_dmarc_failure(e, v);
        else
            v->reason = "DMARC fail";
        break;
    case RESULT_NONE:
        v->reason = "no DMARC policy";
        break;
    case RESULT_TEMPERROR:
        v->reason = "temporary error in DMARC validation";
        break;
    case RESULT_PERMERROR:
    case RESULT_SOFTFAIL:
    case RESULT_POLICY:
    case RESULT_NEUTRAL:
        v->reason = d->reason ? d->reason : "DMARC cannot be applied";
        break;
    }
}

/* --- the author --------------------------------------------------------- */

static const char *const author_faults[] = {
    [AUTHOR_OK] = "From field gives no usable author domain",
    [AUTHOR_SEVERAL] = "From field names authors of several domains, not all authenticated",
    [AUTHOR_TOO_MANY] = "From field names authors of too many domains",
    [AUTHOR_NO_FIELD] = "From field is missing (RFC 5322 section 3.6)",
    [AUTHOR_MANY_FIELDS] = "more than one From field (RFC 5322 section 3.6)",
    [AUTHOR_NO_MAILBOX] = "From field holds no address (RFC 5322 section 3.6.2)",
    [AUTHOR_NO_DOMAIN] = "From address has no usable domain (RFC 5322 section 3.4.1)",
    [AUTHOR_UNPARSABLE] = "From field is malformed (RFC 5322 section 3.6.2)",
};

const char *author_fault(enum author_status status)
{
    return author_faults[status];
}

static bool author_is_bad(const struct evidence *e)
{
    enum result dmarc = e->dmarc->result;

    switch (e->author->status) {
    case AUTHOR_OK: /* DMARC may refuse one that our parser let through */
        return dmarc == RESULT_PERMERROR;
    case AUTHOR_SEVERAL: /* good if each domain authenticates */
        return dmarc != RESULT_PASS && dmarc != RESULT_TEMPERROR;
    case AUTHOR_TOO_MANY:
    case AUTHOR_NO_FIELD:
    case AUTHOR_MANY_FIELDS:
    case AUTHOR_NO_MAILBOX:
    case AUTHOR_NO_DOMAIN:
    case AUTHOR_UNPARSABLE:
        return true;
    }
    return true;
}

static void judge_author(const struct evidence *e, struct verdict *v)
{
    if (!author_is_bad(e))
        return;
    v->reason = author_fault(e->author->status);
    v->decided_by = found(e, METHOD_DMARC, e->dmarc->result);
    v->action = of_soft_action[e->config->dmarc.bad_from];
    cap(e, ENFORCE_REJECT, v);
    if (v->action == ACTION_REJECT)
        v->reply = reply_make(e->region, REPLY_BAD_FROM, "Message rejected: %s", v->reason);
}

/* --- the envelope sender ------------------------------------------------ */

static void judge_null_mx(const struct evidence *e, struct verdict *v)
{
    if (!e->null_mx_sender)
        return;
    v->reason = words(e, "sender domain %s has a null MX", e->message->mail_from.domain);
    v->action = ACTION_REJECT;
    cap(e, ENFORCE_REJECT, v);
    if (v->action == ACTION_REJECT)
        v->reply = reply_make(e->region, REPLY_NULL_MX,
                              "Sender domain %s accepts no mail (null MX, RFC 7505)",
                              e->message->mail_from.domain);
}

/* The words of the domain are marked as such (RFC 7208 §6.2). */
static struct reply spf_reply(const struct evidence *e)
{
    const char *domain = e->spf->domain;

    if (e->spf->explanation)
        return reply_make(e->region, REPLY_SPF, "SPF validation failed; %s explained: %s", domain,
                          e->spf->explanation);
    return reply_make(e->region, REPLY_SPF, "SPF validation failed: %s does not allow this client",
                      domain);
}

static bool spf_refuses(const struct evidence *e)
{
    return e->config->spf.on_fail == SPF_FAIL_REJECT && e->spf->result == RESULT_FAIL;
}

static void propose_spf(const struct evidence *e, struct verdict *v)
{
    v->action = ACTION_REJECT;
    v->reason = words(e, "SPF fail of %s", e->spf->domain);
    v->decided_by = found(e, METHOD_SPF, RESULT_FAIL);
    v->reply = spf_reply(e);
}

/* A message that authenticates by DKIM is not refused for a broken path. */
static void judge_spf(const struct evidence *e, struct verdict *v)
{
    if (!spf_refuses(e) || e->dmarc->result == RESULT_PASS)
        return;
    propose_spf(e, v);
    if (!spare_trusted_path(e, v))
        cap(e, ENFORCE_REJECT, v);
}

bool verdict_at_mail(const struct evidence *e, struct verdict *v)
{
    if (e->config->spf.reject_at != SPF_REJECT_AT_MAIL || !spf_refuses(e) ||
        from_trusted_forwarder(e) || allowance_may_soften(e))
        return false;
    *v = (struct verdict){ .rule = VERDICT_OF_SPF, .disposition = DISPOSITION_REJECT };
    propose_spf(e, v);
    v->would = v->action;
    return true;
}

/* --- temporary errors --------------------------------------------------- */

static void judge_temporary(const struct evidence *e, struct verdict *v)
{
    bool spf_failed = e->spf->result == RESULT_TEMPERROR;
    bool spf_matters = e->config->spf.on_fail == SPF_FAIL_REJECT && e->dmarc->result != RESULT_PASS;
    bool dmarc_failed = e->dmarc->result == RESULT_TEMPERROR;
    struct allowance allowance;
    bool blame_spf;

    if (e->config->dmarc.temperror == TEMPERROR_ACCEPT || from_trusted_forwarder(e) ||
        !(dmarc_failed || (spf_failed && spf_matters)))
        return;
    allowance_of(e, ENFORCE_REJECT, &allowance);
    if (allowance.most == ENFORCE_NONE) { /* nothing would be enforced anyway */
        if (!allowance.allowed)
            v->would = ACTION_TEMPFAIL;
        return;
    }
    /* Without a policy domain it was DMARC's own question that failed. */
    blame_spf = spf_failed && !found(e, METHOD_DKIM, RESULT_TEMPERROR) &&
                (!dmarc_failed || e->dmarc->policy_domain);
    v->action = ACTION_TEMPFAIL;
    v->reason = blame_spf ? "temporary error in SPF validation"
                          : "temporary error in DKIM or DMARC validation";
    v->decided_by = blame_spf ? found(e, METHOD_SPF, RESULT_TEMPERROR)
                              : found(e, METHOD_DMARC, RESULT_TEMPERROR);
    v->reply = reply_make(e->region, blame_spf ? REPLY_SPF_TEMPORARY : REPLY_AUTH_TEMPORARY,
                          "%s, please try again", v->reason);
}

/* --- header bombs ------------------------------------------------------- */

/* Forged fields could stand where none was looked at (mail/message.h). */
static void judge_header(const struct message *message, struct verdict *v)
{
    if (!message->fields_flooded)
        return;
    v->action = ACTION_REJECT;
    v->rule = VERDICT_OF_HEADER;
    v->reason = "too many header fields";
    v->reply = reply_plain(REPLY_FLOOD);
}

static void judge_flood(const struct evidence *e, struct verdict *v)
{
    judge_header(e->message, v);
}

void verdict_unjudged(const struct message *message, const char *reason, struct verdict *v)
{
    *v = (struct verdict){
        .action = ACTION_ACCEPT,
        .rule = VERDICT_UNJUDGED,
        .reason = reason,
    };
    judge_header(message, v);
    v->would = v->action;
}

/* --- all together ------------------------------------------------------- */

static enum disposition disposition_of(const struct evidence *e, const struct verdict *v)
{
    switch (v->action) {
    case ACTION_REJECT:
        return DISPOSITION_REJECT;
    case ACTION_QUARANTINE:
        return DISPOSITION_QUARANTINE;
    case ACTION_ACCEPT:
        if (e->dmarc->result == RESULT_PASS && e->dmarc->policy != DMARC_NONE)
            return DISPOSITION_PASS;
        return DISPOSITION_NONE;
    case ACTION_TEMPFAIL:
        return DISPOSITION_NONE;
    }
    return DISPOSITION_NONE;
}

/* What another rule than DMARC's did beyond the published policy is local. */
static void explain_departure(const struct evidence *e, struct verdict *v)
{
    if (!e->dmarc->has_policy || v->override != OVERRIDE_NONE || v->action == ACTION_TEMPFAIL)
        return;
    if (v->action > ACTION_ACCEPT &&
        (e->dmarc->result != RESULT_FAIL || v->action != of_policy[e->dmarc->policy]))
        soften(v, v->action, OVERRIDE_LOCAL_POLICY, v->reason);
}

/* The stronger one; among equals the one that tells why it is not stronger. */
static bool prevails(const struct verdict *proposal, const struct verdict *verdict)
{
    if (!verdict->reason || proposal->action != verdict->action)
        return !verdict->reason || proposal->action > verdict->action;
    return verdict->override == OVERRIDE_NONE && proposal->override != OVERRIDE_NONE;
}

void verdict_decide(const struct evidence *e, struct verdict *verdict)
{
    static const struct {
        enum verdict_rule rule;
        void (*judge)(const struct evidence *, struct verdict *);
    } rules[] = {
        { VERDICT_OF_DMARC, judge_dmarc },         { VERDICT_OF_AUTHOR, judge_author },
        { VERDICT_OF_NULL_MX, judge_null_mx },     { VERDICT_OF_SPF, judge_spf },
        { VERDICT_OF_TEMPORARY, judge_temporary }, { VERDICT_OF_HEADER, judge_flood },
    };

    enum action would = ACTION_ACCEPT;

    *verdict = (struct verdict){ .action = ACTION_ACCEPT };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct verdict proposal = {
            .action = ACTION_ACCEPT,
            .rule = rules[i].rule,
            .quarantine = e->config->dmarc.quarantine,
        };

        rules[i].judge(e, &proposal);
        if (proposal.would > would)
            would = proposal.would;
        if (prevails(&proposal, verdict))
            *verdict = proposal;
    }
    if (verdict->action != ACTION_REJECT && verdict->action != ACTION_TEMPFAIL)
        verdict->reply = (struct reply){ 0 };
    verdict->would = would > verdict->action ? would : verdict->action;
    explain_departure(e, verdict);
    verdict->disposition = disposition_of(e, verdict);
}
