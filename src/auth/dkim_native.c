/* dkim_native.c: the DKIM engine of our own, on the signature core that ARC uses
 * too: header_hash, body_digest, key_record. */
#include "auth/dkim.h"

#include <string.h>

#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "base/region.h"

/* What is needed to judge one candidate. */
struct native {
    struct dkim_candidate *candidate; /* NULL: settled before */
    const struct body_digest *body;
    sha256_value header;
};

struct engine {
    struct dkim_job *job;
    struct native *natives; /* one a candidate */
};

/* The header is complete, so its digest can be had at once; the body is still to
 * come.  False for memory. */
static bool prepare(struct dkim_job *job, struct dkim_candidate *c, struct native *n)
{
    const struct signature *s = &c->signature;

    n->candidate = c;
    n->body = body_digests_want(job->body, s->body_canon, s->has_length ? &s->length : NULL);
    return n->body && header_hash(job->index, s, c->field, n->header);
}

static void *begin(struct dkim_job *job)
{
    struct engine *engine = region_alloc(job->region, sizeof *engine);

    if (!engine)
        return NULL;
    engine->job = job;
    engine->natives = region_array(job->region, job->count, sizeof engine->natives[0]);
    if (!engine->natives)
        return NULL;
    for (size_t i = 0; i < job->count; i++)
        if (!job->candidates[i]->settled &&
            !prepare(job, job->candidates[i], &engine->natives[i]))
            return NULL;
    return engine;
}

/* The lengths are the same: signature_parse() saw to it. */
static bool body_hash_matches(const struct native *n)
{
    return memcmp(n->body->value, n->candidate->signature.hash.data, SHA256_OCTETS) == 0;
}

static void judge(struct region *region, const struct native *n)
{
    struct dkim_candidate *c = n->candidate;
    const struct key_record *key;

    if (n->body->has_length)
        c->unsigned_octets = n->body->complete ? n->body->total - n->body->length : 0;
    if (!n->body->complete) {
        settle_dkim_candidate(c, RESULT_PERMERROR, "l= exceeds the body");
        return;
    }
    key = key_choice_verify(region, &c->keys, &c->signature, n->header);
    if (key) {
        c->key = key;
        c->key_bits = key->bits;
        c->header_verified = true;
    }
    c->body_hash_mismatch = !body_hash_matches(n);
    if (c->body_hash_mismatch)
        settle_dkim_candidate(c, RESULT_FAIL, "body hash did not verify");
    else if (!key)
        settle_dkim_candidate(c, RESULT_FAIL, "signature did not verify");
    else
        settle_dkim_candidate(c, RESULT_PASS, NULL);
}

static void finish(void *state)
{
    const struct engine *engine = state;

    for (size_t i = 0; i < engine->job->count; i++) {
        const struct native *n = &engine->natives[i];

        if (n->candidate && !n->candidate->settled)
            judge(engine->job->region, n);
    }
}

const struct dkim_engine engine_dkim_native = { "native", begin, NULL, finish };
