#include "auth/arc.h"

#include <string.h>

#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "auth/key_record.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/region.h"
#include "dns/scope.h"
#include "mail/message.h"

enum {
    EARLY_KEYS_MAX = 16, /* lookups begun before the chain is seen to be one */
    REASON_MAX = 200,
    SEALS_MAX = 32 * 1024, /* octets in which all seals can be told */
};

/* What verifying one set needs beside the set. */
struct evidence {
    const struct body_digest *body;    /* of the AMS */
    const struct body_digest *relaxed; /* where it does not say how (c=) */
    sha256_value seal;                 /* what the AS signs */
    bool asked[ARC_PARTS];             /* for the key of that part */
};

struct arc_verifier {
    struct arc_params params;
    const struct message *message;
    struct header_index *header;
    struct arc_chain chain;
    struct evidence evidence[ARC_INSTANCE_MAX + 1]; /* by instance */
    size_t early_keys;
    const struct signature *early[EARLY_KEYS_MAX]; /* with keys of their own */
    bool newest_judged; /* the newest AMS: */
    const char *newest_fault;
};

struct arc_verifier *arc_verifier_new(struct message *message, const struct arc_params *params)
{
    struct arc_verifier *verifier = region_alloc(message->region, sizeof *verifier);

    if (!verifier)
        return NULL;
    verifier->params = *params;
    verifier->message = message;
    arc_chain_init(&verifier->chain, message->region);
    return verifier;
}

/* ---- the header */

static void ask_key(struct arc_verifier *v, enum arc_part part, const struct signature *s)
{
    domain_name name;

    v->evidence[s->instance].asked[part] = true;
    if (signature_key_name(s, name))
        dns_scope_start(v->params.dns, name, DNS_TXT, NULL, NULL);
}

/* Whether the key of S is among the first few, counting each key once. */
static bool may_ask_early(struct arc_verifier *v, const struct signature *s)
{
    for (size_t i = 0; i < v->early_keys; i++)
        if (strcmp(v->early[i]->domain, s->domain) == 0 &&
            strcmp(v->early[i]->selector, s->selector) == 0)
            return true;
    if (v->early_keys == EARLY_KEYS_MAX)
        return false;
    v->early[v->early_keys++] = s;
    return true;
}

void arc_verifier_field(struct arc_verifier *v, const struct field *field)
{
    const struct signature *s = arc_chain_field(&v->chain, field);

    if (s && may_ask_early(v, s))
        ask_key(v, field_is(field, TEXT("ARC-Seal")) ? ARC_SEAL : ARC_MESSAGE_SIGNATURE, s);
}

/* What cannot be verified whatever the keys are. */
static void check_header(struct arc_verifier *v)
{
    struct arc_chain *chain = &v->chain;

    if (v->message->fields_capped)
        arc_chain_break(chain, ARC_MESSAGE_SIGNATURE, chain->newest, "too many header fields");
    else if (signature_signs_cut_field(&chain->sets[chain->newest]->message, v->message))
        arc_chain_break(chain, ARC_MESSAGE_SIGNATURE, chain->newest, "signed field too long");
}

/* What each seal signs: all sets before its own, then its own (RFC 8617 §5.1.1).
 * One digest runs over the sets; each seal's branches off from it. */
static bool hash_seals(struct arc_verifier *v)
{
    struct region *region = v->message->region;
    struct crypt_digest *before = crypt_digest_new(region);
    struct crypt_digest *digest = crypt_digest_new(region);
    struct octet_sink to_before, to_digest;

    if (!before || !digest)
        return false;
    to_before = crypt_digest_sink(before);
    to_digest = crypt_digest_sink(digest);
    for (unsigned i = 1; i <= v->chain.newest; i++) {
        crypt_digest_copy(digest, before);
        arc_set_canon(v->chain.sets[i], true, &to_digest);
        crypt_digest_value(digest, v->evidence[i].seal);
        arc_set_canon(v->chain.sets[i], false, &to_before);
    }
    return !region_failed(region);
}

static const struct body_digest *want_body(struct arc_verifier *v, const struct signature *s,
                                           enum canonicalisation canon)
{
    return body_digests_want(v->params.bodies, canon, s->has_length ? &s->length : NULL);
}

static bool want_bodies(struct arc_verifier *v)
{
    for (unsigned i = 1; i <= v->chain.newest; i++) {
        const struct signature *s = &v->chain.sets[i]->message;
        struct evidence *e = &v->evidence[i];

        e->body = want_body(v, s, s->body_canon);
        e->relaxed = s->has_canon ? e->body : want_body(v, s, CANON_RELAXED);
        if (!e->body || !e->relaxed)
            return false;
    }
    return true;
}

void arc_verifier_end_of_header(struct arc_verifier *v, struct header_index *header)
{
    struct arc_chain *chain = &v->chain;

    v->header = header;
    if (chain->field_count == 0 || !arc_chain_end(chain))
        return;
    check_header(v);
    if (chain->fault)
        return;
    if (!header || !want_bodies(v) || !hash_seals(v))
        arc_chain_break(chain, ARC_SEAL, chain->newest, "out of memory");
}

/* ---- one signature */

static const char *verify_signature(const struct arc_verifier *v, const struct signature *s,
                                    const sha256_value digest)
{
    struct region *region = v->message->region;
    const struct dns_answer *answer;
    struct key_choice choice;
    domain_name name;

    if (!signature_key_name(s, name))
        return "name of the key too long";
    answer = dns_scope_lookup(v->params.dns, name, DNS_TXT);
    if (dns_failed(answer))
        return "no answer for the key (temporary error)";
    key_choose(region, answer, s, &choice);
    if (choice.count == 0)
        return choice.refusal;
    return key_choice_verify(region, &choice, s, digest) ? NULL : "signature did not verify";
}

static bool has_expired(const struct arc_verifier *v, const struct signature *s)
{
    int64_t now = v->params.now - v->params.clock_skew;

    return s->has_expiry && now > 0 && s->expiry < (uint64_t)now;
}

static const char *verify_message_as(const struct arc_verifier *v, const struct signature *s,
                                     const struct field *own, const struct body_digest *body)
{
    sha256_value digest;

    if (has_expired(v, s))
        return "signature expired";
    if (!body->complete)
        return "l= exceeds the body";
    if (memcmp(body->value, s->hash.data, SHA256_OCTETS) != 0)
        return "body hash did not verify";
    if (!header_hash(v->header, s, own, digest))
        return "out of memory";
    return verify_signature(v, s, digest);
}

/* Without c= it is simple/simple (RFC 6376 §3.5), but the first drafts of ARC
 * knew relaxed only, and sealers followed them. */
static const char *verify_message(const struct arc_verifier *v, unsigned instance)
{
    const struct arc_set *set = v->chain.sets[instance];
    const struct field *own = set->fields[ARC_MESSAGE_SIGNATURE];
    const struct evidence *e = &v->evidence[instance];
    const char *reason = verify_message_as(v, &set->message, own, e->body);
    struct signature relaxed = set->message;

    if (!reason || set->message.has_canon)
        return reason;
    relaxed.header_canon = relaxed.body_canon = CANON_RELAXED;
    return verify_message_as(v, &relaxed, own, e->relaxed) ? reason : NULL;
}

/* ---- all of them, in the order of RFC 8617 §5.2 */

/* The steps: the newest AMS, all seals from the newest on, the older AMS. */
struct step {
    enum arc_part part;
    unsigned instance;
    const struct signature *signature;
};

static unsigned step_count(const struct arc_chain *chain)
{
    return 2 * chain->newest;
}

static struct step step_at(const struct arc_chain *chain, unsigned i)
{
    unsigned newest = chain->newest;
    struct step step = { .part = ARC_MESSAGE_SIGNATURE };

    if (i == 0)
        step.instance = newest;
    else if (i <= newest)
        step = (struct step){ .part = ARC_SEAL, .instance = newest - i + 1 };
    else
        step.instance = 2 * newest - i;
    step.signature = step.part == ARC_SEAL ? &chain->sets[step.instance]->seal
                                           : &chain->sets[step.instance]->message;
    return step;
}

/* Asks for the keys of steps FIRST to END at once, as far as the bound goes. */
static void ask_keys(struct arc_verifier *v, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        struct step step = step_at(&v->chain, i);
        struct dns_scope_usage usage;

        dns_scope_usage(v->params.dns, &usage);
        if (usage.questions < v->params.questions_max)
            ask_key(v, step.part, step.signature);
    }
}

static const char *verify_step(const struct arc_verifier *v, struct step step)
{
    if (!v->evidence[step.instance].asked[step.part])
        return "too many DNS questions";
    return step.part == ARC_SEAL
               ? verify_signature(v, step.signature, v->evidence[step.instance].seal)
               : verify_message(v, step.instance);
}

static bool keys_left(const struct arc_verifier *v)
{
    unsigned steps = step_count(&v->chain);

    for (unsigned i = 0; i < steps; i++) {
        struct step step = step_at(&v->chain, i);

        if (!v->evidence[step.instance].asked[step.part])
            return true;
    }
    return false;
}

/* The keys of a long chain are not asked for before its newest AMS is good: an
 * invented one costs few questions. */
static void verify_newest(struct arc_verifier *v)
{
    if (v->newest_judged)
        return;
    v->newest_judged = true;
    ask_keys(v, 0, 1);
    v->newest_fault = verify_step(v, step_at(&v->chain, 0));
    if (!v->newest_fault)
        ask_keys(v, 1, step_count(&v->chain));
}

void arc_verifier_end_of_body(struct arc_verifier *v)
{
    if (v->chain.field_count > 0 && !v->chain.fault && keys_left(v))
        verify_newest(v);
}

/* Breaks the chain at the first step that fails; an older AMS ends the search
 * for oldest-pass instead (step 5). */
static void verify_chain(struct arc_verifier *v, struct arc_outcome *outcome)
{
    unsigned steps = step_count(&v->chain);

    verify_newest(v);
    for (unsigned i = 0; i < steps; i++) {
        struct step step = step_at(&v->chain, i);
        const char *reason = i == 0 ? v->newest_fault : verify_step(v, step);

        if (!reason)
            continue;
        if (i <= v->chain.newest)
            arc_chain_break(&v->chain, step.part, step.instance, reason);
        else
            outcome->oldest_pass = step.instance + 1;
        return;
    }
}

/* ---- the finding */

static const char *fault_text(const struct arc_chain *chain)
{
    struct buf buf;

    buf_init(&buf, chain->region, REASON_MAX);
    buf_add(&buf, name_of(arc_part_names, (int)chain->fault_part));
    if (chain->fault_instance)
        buf_printf(&buf, " i=%u", chain->fault_instance);
    buf_printf(&buf, ": %s", chain->fault);
    return buf_str(&buf);
}

static struct text number_text(struct region *region, unsigned number)
{
    struct buf buf;

    buf_init(&buf, region, REASON_MAX);
    buf_printf(&buf, "%u", number);
    return buf_text(&buf);
}

/* The seals that are there, newest first. */
static struct text seals_text(const struct arc_chain *chain)
{
    struct buf buf;

    buf_init(&buf, chain->region, SEALS_MAX);
    for (unsigned i = chain->newest; i >= 1; i--) {
        const struct arc_set *set = chain->sets[i];

        if (set && set->fields[ARC_SEAL])
            buf_printf(&buf, "%si=%u cv=%s d=%s s=%s", buf.len ? ", " : "", i,
                       name_of(chain_status_names, (int)set->seal.chain), set->seal.domain,
                       set->seal.selector);
    }
    return buf_text(&buf);
}

static void add_details(struct findings *findings, struct finding *finding,
                        const struct arc_chain *chain, const struct arc_outcome *outcome)
{
    finding_number(findings, finding, "sets", chain->newest);
    finding_text(findings, finding, "seals", seals_text(chain));
    if (chain->fault)
        finding_text(findings, finding, "broken_field",
                     text_of(name_of(arc_part_names, (int)chain->fault_part)));
    if (chain->fault && chain->fault_instance)
        finding_number(findings, finding, "broken_at", chain->fault_instance);
    if (outcome->unsigned_octets)
        finding_number(findings, finding, "unsigned_octets", (long long)outcome->unsigned_octets);
}

/* What the newest AMS leaves open; of the body, in whichever form has more. */
static void judge_coverage(const struct arc_verifier *v, struct arc_outcome *outcome)
{
    const struct evidence *e = &v->evidence[v->chain.newest];
    uint64_t total = e->body->total > e->relaxed->total ? e->body->total : e->relaxed->total;
    struct header_surplus surplus;

    if (e->body->has_length && total > e->body->length)
        outcome->unsigned_octets = total - e->body->length;
    if (header_surplus(v->header, &v->chain.sets[v->chain.newest]->message, &surplus))
        outcome->surplus = surplus.name;
}

static void add_client(struct findings *findings, struct finding *finding,
                       const struct ip_address *client)
{
    char ip[IP_TEXT_SIZE];
    char *copy;

    if (client->family == IP_NONE)
        return;
    copy = text_dup(findings->region, text_of(ip_format(client, ip)));
    finding_property(findings, finding, "smtp.remote-ip", text_of(copy));
}

void check_arc(struct findings *findings, struct arc_verifier *v, const struct ip_address *client,
               struct arc_outcome *outcome)
{
    struct arc_chain *chain = &v->chain;
    struct finding *finding;

    *outcome = (struct arc_outcome){ .result = RESULT_NONE, .chain = chain };
    if (chain->field_count == 0) {
        findings_add(findings, METHOD_ARC, RESULT_NONE, NULL);
        return;
    }
    if (!chain->fault)
        verify_chain(v, outcome);
    outcome->result = chain->fault ? RESULT_FAIL : RESULT_PASS;
    finding = findings_add(findings, METHOD_ARC, outcome->result,
                           chain->fault ? fault_text(chain) : NULL);
    add_client(findings, finding, client);
    if (!chain->fault) {
        judge_coverage(v, outcome);
        finding_property(findings, finding, "header.oldest-pass",
                         number_text(findings->region, outcome->oldest_pass));
    }
    add_details(findings, finding, chain, outcome);
}
