#include "auth/dkim.h"

#include <inttypes.h>
#include <string.h>

#include "auth/body_digest.h"
#include "auth/copied_fields.h"
#include "auth/header_hash.h"
#include "base/buf.h"
#include "base/region.h"
#include "dns/scope.h"
#include "mail/message.h"

enum {
    REASON_MAX = 100,
    SHOWN_VALUE_OCTETS = 8, /* of b=, for header.b (RFC 6008 §4) */
    FUTURE_MAX = 86400,     /* seconds: no wrong time zone puts t= farther ahead */
};

/* No body reaches this length; engines may keep lengths in signed numbers. */
static const uint64_t length_max = INT64_MAX / 2;

struct dkim_verifier {
    struct dkim_params params;
    struct dkim_job job;
    size_t not_evaluated;  /* DKIM-Signature fields beyond max_signatures */
    void *engine_state;    /* NULL: nothing for the engine to do */
};

static const struct dkim_engine *const engines[] = {
    &engine_dkim_libopendkim,
    &engine_dkim_native,
};

const struct dkim_engine *engine_dkim_named(const char *name)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

void settle_dkim_candidate(struct dkim_candidate *candidate, enum result result,
                           const char *reason)
{
    candidate->settled = true;
    candidate->result = result;
    candidate->reason = reason;
}

struct dkim_verifier *verify_dkim_new(struct message *message, const struct dkim_params *params)
{
    struct dkim_verifier *verifier = region_alloc(message->region, sizeof *verifier);

    if (!verifier)
        return NULL;
    verifier->params = *params;
    verifier->job = (struct dkim_job){
        .region = message->region,
        .message = message,
        .body = params->body,
        .candidates = region_array(message->region, params->max_signatures,
                                   sizeof verifier->job.candidates[0]),
        .now = params->now,
    };
    return verifier->job.candidates ? verifier : NULL;
}

/* ---- what the field alone decides */

/* Whether time A is before time B by more than SKEW seconds. */
static bool is_before(uint64_t a, uint64_t b, unsigned skew)
{
    return a < b && b - a > skew;
}

static void judge_field(struct dkim_verifier *verifier, struct dkim_candidate *c)
{
    const struct signature *s = &c->signature;
    unsigned skew = verifier->params.clock_skew;
    uint64_t now = verifier->job.now > 0 ? (uint64_t)verifier->job.now : 0;
    const char *reason = "field too long";

    if (!c->field->cut)
        reason = signature_parse(verifier->job.region, c->field->value, &c->signature);
    c->well_formed = !reason;
    if (reason)
        settle_dkim_candidate(c, RESULT_PERMERROR, reason);
    else if (s->algorithm == SIGN_RSA_SHA1)
        settle_dkim_candidate(c, RESULT_PERMERROR, "rsa-sha1 is not to be used");
    else if (s->has_length && s->length > length_max)
        settle_dkim_candidate(c, RESULT_PERMERROR, "l= exceeds the body");
    else if (s->has_expiry && is_before(s->expiry, now, skew))
        settle_dkim_candidate(c, RESULT_FAIL, "signature expired");
    else if (s->has_timestamp && is_before(now, s->timestamp, skew + FUTURE_MAX)) /* §3.5 */
        settle_dkim_candidate(c, RESULT_POLICY, "signed in the future");
}

void verify_dkim_field(struct dkim_verifier *verifier, const struct field *field)
{
    struct dkim_job *job = &verifier->job;
    struct dkim_candidate *c;
    domain_name key_name;

    if (!field_is(field, TEXT("DKIM-Signature")))
        return;
    if (job->count == verifier->params.max_signatures) {
        verifier->not_evaluated++;
        return;
    }
    c = region_alloc(job->region, sizeof *c);
    if (!c)
        return;
    c->field = field;
    job->candidates[job->count++] = c;
    judge_field(verifier, c);
    if (c->settled)
        return;
    if (signature_key_name(&c->signature, key_name))
        dns_scope_start(verifier->params.dns, key_name, DNS_TXT, NULL, NULL);
    else
        settle_dkim_candidate(c, RESULT_PERMERROR, "name of the key too long");
}

/* ---- what the header decides */

static bool any_open(const struct dkim_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (!job->candidates[i]->settled)
            return true;
    return false;
}

void verify_dkim_end_of_header(struct dkim_verifier *verifier, struct header_index *index)
{
    struct dkim_job *job = &verifier->job;

    if (!index)
        return;
    job->index = index;
    for (size_t i = 0; i < job->count; i++) {
        struct dkim_candidate *c = job->candidates[i];

        if (c->settled)
            continue;
        if (job->message->fields_capped)
            settle_dkim_candidate(c, RESULT_PERMERROR, "too many header fields");
        else if (signature_signs_cut_field(&c->signature, job->message))
            settle_dkim_candidate(c, RESULT_PERMERROR, "signed field too long");
    }
    if (any_open(job))
        verifier->engine_state = verifier->params.engine->begin(job);
}

/* ---- body */

/* Whether the engine has something to do. */
static bool is_engine_open(const struct dkim_verifier *verifier)
{
    return verifier->engine_state && any_open(&verifier->job);
}

bool verify_dkim_wants_body(const struct dkim_verifier *verifier)
{
    return is_engine_open(verifier) && verifier->params.engine->body;
}

void verify_dkim_body(struct dkim_verifier *verifier, struct text chunk)
{
    if (chunk.len > 0 && verify_dkim_wants_body(verifier))
        verifier->params.engine->body(verifier->engine_state, chunk);
}

size_t verify_dkim_count(const struct dkim_verifier *verifier)
{
    return verifier->job.count;
}

const struct dkim_candidate *verify_dkim_candidate(const struct dkim_verifier *verifier, size_t i)
{
    return verifier->job.candidates[i];
}

size_t verify_dkim_left_out(const struct dkim_verifier *verifier)
{
    return verifier->not_evaluated;
}

/* ---- what the key decides */

static const char *weak_key_reason(struct region *region, unsigned bits, unsigned wanted)
{
    struct buf buf;

    buf_init(&buf, region, REASON_MAX);
    buf_printf(&buf, "RSA key of %u bits, %u wanted", bits, wanted);
    return buf_str(&buf);
}

static void judge_key(struct dkim_verifier *verifier, struct dkim_candidate *c)
{
    unsigned wanted_bits = verifier->params.min_rsa_bits;
    const struct dns_answer *answer;
    domain_name key_name;

    signature_key_name(&c->signature, key_name);
    answer = dns_scope_lookup(verifier->params.dns, key_name, DNS_TXT);
    if (dns_over_limit(answer)) {
        settle_dkim_candidate(c, RESULT_PERMERROR, "too many DNS questions");
        return;
    }
    if (dns_failed(answer)) {
        settle_dkim_candidate(c, RESULT_TEMPERROR, "no answer for the key");
        return;
    }
    key_choose(verifier->job.region, answer, &c->signature, &c->keys);
    c->key_bits = c->keys.bits;
    if (c->keys.count == 0) {
        settle_dkim_candidate(c, RESULT_PERMERROR, c->keys.refusal);
        return;
    }
    key_choice_drop_short(&c->keys, wanted_bits);
    if (c->keys.count == 0) {
        settle_dkim_candidate(c, RESULT_POLICY,
                              weak_key_reason(verifier->job.region, c->key_bits, wanted_bits));
        return;
    }
    c->key = &c->keys.keys[0];
    c->key_bits = c->key->bits;
}

/* ---- what a signature leaves open */

/* A signature that leaves part of the body open lets anybody append to it
 * (RFC 6376 §8.2): our policy gives it no credit. */
static void judge_unsigned_octets(struct dkim_job *job, struct dkim_candidate *c)
{
    struct buf buf;

    if (c->unsigned_octets == 0)
        return;
    buf_init(&buf, job->region, REASON_MAX);
    buf_printf(&buf, "%" PRIu64 " of %" PRIu64 " body octets not signed", c->unsigned_octets,
               c->signature.length + c->unsigned_octets);
    c->result = RESULT_POLICY;
    c->reason = buf_str(&buf);
}

static void judge_unsigned_fields(struct dkim_job *job, struct dkim_candidate *c)
{
    struct header_surplus surplus;
    struct buf buf;

    if (!header_surplus(job->index, &c->signature, &surplus))
        return;
    buf_init(&buf, job->region, REASON_MAX);
    buf_printf(&buf, "%zu %s fields, %zu signed", surplus.present, surplus.name,
               surplus.covered);
    c->result = RESULT_POLICY;
    c->reason = buf_str(&buf);
}

/* ---- findings */

static void add_properties(struct findings *findings, struct finding *finding,
                           const struct dkim_candidate *c)
{
    const struct signature *s = &c->signature;

    if (s->domain[0])
        finding_property(findings, finding, "header.d", text_of(s->domain));
    if (s->selector[0])
        finding_property(findings, finding, "header.s", text_of(s->selector));
    if (!c->well_formed)
        return;
    finding_property(findings, finding, "header.a",
                     text_of(name_of(signature_algorithm_names, (int)s->algorithm)));
    finding_property(findings, finding, "header.b", text_head(s->value_b64, SHOWN_VALUE_OCTETS));
}

static struct text canonicalisation_text(struct region *region, const struct signature *s)
{
    struct buf buf;

    buf_init(&buf, region, REASON_MAX);
    buf_printf(&buf, "%s/%s", name_of(canonicalisation_names, (int)s->header_canon),
               name_of(canonicalisation_names, (int)s->body_canon));
    return buf_text(&buf);
}

/* What is known about where a signature broke. */
static void add_damage(struct findings *findings, struct finding *finding,
                       const struct dkim_candidate *c, const struct message *message)
{
    struct text changed;

    if (c->body_hash_mismatch)
        finding_bool(findings, finding, "body_changed", true);
    if (c->header_verified) {
        finding_bool(findings, finding, "header_intact", true);
        return;
    }
    changed = copied_fields_changed(message, c->signature.copies);
    if (changed.len > 0)
        finding_text(findings, finding, "changed_fields", changed);
}

static void add_details(struct findings *findings, struct finding *finding,
                        const struct dkim_candidate *c, size_t index)
{
    finding_number(findings, finding, "signature", (long long)index);
    if (c->well_formed)
        finding_text(findings, finding, "canonicalisation",
                     canonicalisation_text(findings->region, &c->signature));
    if (c->key_bits)
        finding_number(findings, finding, "key_bits", c->key_bits);
    if (c->key && c->key->testing)
        finding_bool(findings, finding, "testing", true);
    if (c->signature.has_length && c->well_formed && c->signature.length <= length_max)
        finding_number(findings, finding, "unsigned_octets", (long long)c->unsigned_octets);
}

void check_dkim(struct findings *findings, struct dkim_verifier *verifier)
{
    struct dkim_job *job = &verifier->job;
    struct finding *finding = NULL;

    for (size_t i = 0; i < job->count; i++)
        if (!job->candidates[i]->settled)
            judge_key(verifier, job->candidates[i]);
    if (is_engine_open(verifier))
        verifier->params.engine->finish(verifier->engine_state);

    for (size_t i = 0; i < job->count; i++) {
        struct dkim_candidate *c = job->candidates[i];

        if (!c->settled) /* the engine had no memory */
            settle_dkim_candidate(c, RESULT_TEMPERROR, "out of memory");
        if (c->result == RESULT_PASS)
            judge_unsigned_octets(job, c);
        if (c->result == RESULT_PASS)
            judge_unsigned_fields(job, c);
        finding = findings_add(findings, METHOD_DKIM, c->result, c->reason);
        add_properties(findings, finding, c);
        add_details(findings, finding, c, i + 1);
        if (c->result == RESULT_FAIL)
            add_damage(findings, finding, c, job->message);
    }
    if (job->count == 0)
        finding = findings_add(findings, METHOD_DKIM, RESULT_NONE, NULL);
    if (verifier->not_evaluated)
        finding_number(findings, finding, "not_evaluated", (long long)verifier->not_evaluated);
}
