#include "core/signing.h"

#include <string.h>

#include "auth/header_hash.h"
#include "auth/sign.h"
#include "base/region.h"
#include "core/alignment.h"
#include "core/own_results.h"
#include "core/plan_view.h"
#include "core/reply.h"
#include "mail/message.h"

const struct name signing_state_names[] = {
    { SIGNING_NOT_ASKED, "not-asked" },
    { SIGNING_SIGNED, "signed" },
    { SIGNING_HAS_RESULTS, "has-our-results" },
    { SIGNING_NO_RULE, "no-rule" },
    { SIGNING_NO_KEY, "no-active-key" },
    { SIGNING_KEY_MISSING, "key-missing" },
    { SIGNING_UNSIGNABLE, "unsignable" },
    { SIGNING_REFUSED, "refused" },
    { SIGNING_FAILED, "failed" },
    { 0, NULL },
};

static const char *const reasons[] = {
    [SIGNING_NOT_ASKED] = "not our own mail",
    [SIGNING_SIGNED] = NULL,
    [SIGNING_HAS_RESULTS] = "it carries our own Authentication-Results field",
    [SIGNING_NO_RULE] = "no sign rule covers the author",
    [SIGNING_NO_KEY] = "no key of the author's sign rule is active",
    [SIGNING_KEY_MISSING] = "no active key of the author's sign rule could be loaded",
    [SIGNING_UNSIGNABLE] = "it cannot be signed",
    [SIGNING_REFUSED] = "no key aligns with the author",
    [SIGNING_FAILED] = "the keys did not sign",
};

/* WHY NULL: what every message in that state has. */
static void settle(struct signing *s, enum signing_state state, const char *why)
{
    s->state = state;
    s->why = why ? why : reasons[state];
    if (state != SIGNING_SIGNED)
        s->count = 0;
}

static bool is_asked(const struct leaving *m)
{
    return m->submitted && (m->config->sign_rule_count > 0 || m->config->require_alignment);
}

/* --- by which keys -------------------------------------------------------- */

/* What the rules have for the authors, beside keys that could be loaded. */
struct found {
    bool rule;
    bool active_key;
};

static bool has_active_key(const struct sign_rule *rule)
{
    for (size_t i = 0; i < rule->key_count; i++)
        if (rule->keys[i].state == KEY_ACTIVE)
            return true;
    return false;
}

static bool same_name(const struct signer *a, const struct signer *b)
{
    return strcmp(a->domain, b->domain) == 0 && strcmp(a->selector, b->selector) == 0;
}

/* One signature cannot speak for the authors of two domains, unless both are
 * within the signer's own. */
static bool speaks_for(const struct signer *signer, const struct author *author)
{
    if (author->count == 1)
        return true;
    for (size_t i = 0; i < author->count; i++)
        if (!domain_is_within(author->domains[i], signer->domain))
            return false;
    return true;
}

static void add_signer(struct signing *s, const struct leaving *m, const struct sign_rule *rule,
                       const struct signer *signer, const char *author)
{
    for (size_t i = 0; i < s->signer_count; i++)
        if (same_name(&s->signers[i], signer))
            return;
    if (s->signer_count == SIGNERS_MAX)
        return;
    s->signers[s->signer_count++] = *signer;
    if (speaks_for(signer, m->author))
        s->signatures[s->count++] = (struct signing_signature){
            .rule = rule,
            .signer = *signer,
            .author = author,
        };
}

static void add_rule(struct signing *s, const struct leaving *m, const struct sign_rule *rule,
                     const char *author, struct found *found)
{
    struct signer signers[SIGNERS_MAX];
    size_t count = keyring_signers(m->keyring, rule, author, signers);

    found->rule = true;
    found->active_key |= has_active_key(rule);
    for (size_t i = 0; i < count; i++)
        add_signer(s, m, rule, &signers[i], author);
}

static void find_signers(struct signing *s, const struct leaving *m, struct found *found)
{
    const struct sign_rule *rules[SIGNERS_MAX];

    for (size_t i = 0; i < m->author->count; i++) {
        const char *author = m->author->domains[i];
        size_t count = keyring_rules(m->keyring, m->author->local_part, author, rules);

        for (size_t k = 0; k < count; k++)
            add_rule(s, m, rules[k], author, found);
    }
}

/* --- whether at all ------------------------------------------------------- */

/* What is wrong with a message that somebody here wrote; NULL: nothing.  A From
 * field that holds several authors may be right. */
static const char *fault_of(const struct leaving *m)
{
    if (m->message->fields_capped)
        return "too many header fields";
    if (m->author->status == AUTHOR_OK || m->author->status == AUTHOR_SEVERAL)
        return NULL;
    return author_fault(m->author->status);
}

static void decide(struct signing *s, const struct leaving *m, const struct found *found)
{
    const struct own_ids ids = { m->authserv_id, &m->config->own_authserv_ids };
    const char *fault = fault_of(m);

    if (own_results_in(&ids, m->message))
        settle(s, SIGNING_HAS_RESULTS, NULL);
    else if (fault)
        settle(s, SIGNING_UNSIGNABLE, fault);
    else if (s->count > 0)
        s->state = SIGNING_SIGNED; /* if all goes well */
    else if (s->signer_count > 0)
        settle(s, SIGNING_UNSIGNABLE, "From field names authors of domains that no one key is for");
    else if (found->active_key)
        settle(s, SIGNING_KEY_MISSING, NULL);
    else
        settle(s, found->rule ? SIGNING_NO_KEY : SIGNING_NO_RULE, NULL);
}

/* --- the signatures ------------------------------------------------------- */

/* The header as the message will leave.  What is inserted later no signature
 * covers: only what is deleted matters. */
static struct header_index *header_of(const struct leaving *m)
{
    const struct plan_input input = {
        .config = m->config,
        .region = m->message->region,
        .message = m->message,
        .origin = m->origin,
        .authserv_id = m->authserv_id,
    };
    struct plan_view view;
    struct plan plan;

    plan_deletions(&input, &plan);
    if (!plan_view(m->message->region, m->message, &plan, &view))
        return NULL;
    return header_index_of(m->message->region, view.fields, view.count);
}

static struct text *texts_of(struct region *region, const struct strings *strings)
{
    struct text *texts = region_array(region, strings->count, sizeof *texts);

    for (size_t i = 0; texts && i < strings->count; i++)
        texts[i] = text_of(strings->items[i]);
    return texts;
}

static void begin_signature(struct signing_signature *signature, const struct leaving *m,
                            struct header_index *header)
{
    struct region *region = m->message->region;
    const struct sign_rule *rule = signature->rule;
    struct sign_params params = {
        .region = region,
        .header = header,
        .bodies = m->bodies,
        .header_canon = rule->header_canon,
        .body_canon = rule->body_canon,
        .identity = keyring_identity(region, rule, &signature->signer, signature->author),
        .lifetime = rule->lifetime,
        .more_fields = texts_of(region, &rule->more_fields),
        .more_field_count = rule->more_fields.count,
        .now = m->now,
    };

    if (params.more_fields)
        signature->making = sign_dkim_new(&params, &signature->signer);
}

/* Whether the fields that SIGNATURE is to cover are here in full. */
static const char *judge_fields(const struct signing_signature *signature, const struct leaving *m,
                                struct header_index *header)
{
    struct region *region = m->message->region;
    const struct strings *more = &signature->rule->more_fields;
    const struct text *names = texts_of(region, more);
    struct sign_fields fields;
    const char *fault;

    if (!names)
        return NULL;
    fault = sign_fields_choose(region, header, names, more->count, &fields);
    return fault ? fault : sign_fields_judge(&fields, header);
}

static void begin_signatures(struct signing *s, const struct leaving *m)
{
    struct header_index *header = header_of(m);

    for (size_t i = 0; header && i < s->count; i++) {
        const char *fault = judge_fields(&s->signatures[i], m, header);

        if (fault) {
            settle(s, SIGNING_UNSIGNABLE, fault);
            return;
        }
        begin_signature(&s->signatures[i], m, header);
    }
}

/* Keeps those that could be made. */
static void make_signatures(struct signing *s)
{
    const char *fault = NULL;
    size_t made = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct signing_signature *signature = &s->signatures[i];

        signature->value = signature->making ? sign_dkim_finish(signature->making) : NULL;
        if (signature->value)
            s->signatures[made++] = *signature;
        else if (signature->making)
            fault = sign_dkim_fault(signature->making);
    }
    s->count = made;
    if (made == 0)
        settle(s, SIGNING_FAILED, fault);
    else
        s->why = fault;
}

/* --- what becomes of the message ------------------------------------------ */

static struct alignment_question question_of(const struct signing *s, const struct leaving *m)
{
    return (struct alignment_question){
        .region = m->message->region,
        .dns = m->dns,
        .discovery = m->discovery,
        .author = m->author,
        .signers = s->signers,
        .signer_count = s->signer_count,
    };
}

/* Whether the message is handed back, rather than handed in. */
static bool is_returned(const struct signing *s, const struct leaving *m)
{
    return s->state == SIGNING_HAS_RESULTS && m->origin == ORIGIN_TRUSTED;
}

static bool needs_alignment(const struct signing *s, const struct leaving *m)
{
    return m->config->require_alignment && !is_returned(s, m);
}

static void refuse(struct verdict *verdict, const char *why, struct reply reply)
{
    verdict->action = reply.code >= 500 ? ACTION_REJECT : ACTION_TEMPFAIL;
    verdict->would = verdict->action;
    verdict->rule = VERDICT_OF_SIGNING;
    verdict->reason = why;
    verdict->reply = reply;
}

static void defer(const struct signing *s, struct verdict *verdict)
{
    refuse(verdict, s->why, reply_plain(REPLY_KEY_TEMPORARY));
}

static void refuse_unsignable(const struct signing *s, const struct leaving *m,
                              struct verdict *verdict)
{
    refuse(verdict, s->why, reply_make(m->message->region, REPLY_UNSIGNABLE,
                                       "Message cannot be DKIM-signed: %s", s->why));
}

static void refuse_unaligned(struct signing *s, const struct leaving *m, struct verdict *verdict)
{
    if (s->state == SIGNING_KEY_MISSING) {
        defer(s, verdict);
        return;
    }
    if (s->state == SIGNING_UNSIGNABLE && m->author->count == 0) {
        refuse_unsignable(s, m, verdict);
        return;
    }
    refuse(verdict, "require-alignment: no key aligns with the author",
           reply_make(m->message->region, REPLY_UNALIGNED, "No DKIM key here is for mail from %s",
                      m->author->count > 0 ? m->author->domains[0] : "nobody"));
    if (s->state == SIGNING_SIGNED)
        settle(s, SIGNING_REFUSED, NULL);
}

static void judge(struct signing *s, const struct leaving *m, struct verdict *verdict)
{
    bool strict = m->config->unsignable == UNSIGNABLE_REJECT;

    if (needs_alignment(s, m)) {
        struct alignment_question question = question_of(s, m);

        if (alignment_ask(&question) == ALIGNMENT_NO) {
            refuse_unaligned(s, m, verdict);
            return;
        }
    }
    if (s->state == SIGNING_UNSIGNABLE && strict)
        refuse_unsignable(s, m, verdict);
}

/* --- all together --------------------------------------------------------- */

void signing_begin(struct signing *s, const struct leaving *m)
{
    struct found found = { false, false };

    *s = (struct signing){ .state = SIGNING_NOT_ASKED };
    if (!is_asked(m))
        return;
    find_signers(s, m, &found);
    decide(s, m, &found);
    if (s->state == SIGNING_SIGNED)
        begin_signatures(s, m);
    if (needs_alignment(s, m)) {
        struct alignment_question question = question_of(s, m);

        alignment_start(&question);
    }
}

/* For want of a key that is right. */
static bool is_unsigned_by_us(const struct signing *s)
{
    return s->state == SIGNING_KEY_MISSING || s->state == SIGNING_FAILED;
}

bool signing_is_fault(const struct signing *s)
{
    return is_unsigned_by_us(s) || (s->state == SIGNING_SIGNED && s->why);
}

void signing_end(struct signing *s, const struct leaving *m, struct verdict *verdict)
{
    if (s->state == SIGNING_NOT_ASKED || verdict->action != ACTION_ACCEPT)
        return;
    judge(s, m, verdict);
    if (s->state == SIGNING_SIGNED)
        make_signatures(s);
    if (is_unsigned_by_us(s) && verdict->action == ACTION_ACCEPT &&
        (m->config->unsignable == UNSIGNABLE_REJECT || m->config->require_alignment))
        defer(s, verdict);
}

void signing_insert(const struct signing *s, const struct leaving *m, struct plan *plan)
{
    if (s->state != SIGNING_SIGNED)
        return;
    for (size_t i = 0; i < s->count; i++)
        plan_insert(m->message->region, plan, "DKIM-Signature", s->signatures[i].value);
}
