/* dkim_case.h: a fuzzer's message through a DKIM engine, behind our parsers and
 * with good keys. */
#ifndef VIDIMUS_TESTS_FUZZ_DKIM_CASE_H
#define VIDIMUS_TESTS_FUZZ_DKIM_CASE_H

#include <stdint.h>
#include <stdlib.h>

#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "base/region.h"
#include "mail/eml.h"
#include "mail/message.h"

/* Public halves of the test keys, by selector. */
#define ED25519_RECORD "v=DKIM1; k=ed25519; p=jm5aHM3yFblv2Brcm5ukDZUqVm5o7tbzg3va4FFVSwQ="
#define RSA_1024_RECORD \
    "v=DKIM1; p=" \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTOGL5GP6ggp+hxJ8mqABP+IstXtlM3glI8nvNDvvK" \
    "V9NbW+4cBHm7OJoYgNcqh1DbJtnIAK9Zzptl3iYNeKVgT5pc48d6cFWoqnRmR+fm6gKZO3tbbi61ORu4" \
    "8cCND3PybrXnlYf36YnE1YgbNLR5BaLOdcFBXOgPnmdR/HFZrwIDAQAB"
#define RSA_2048_RECORD \
    "v=DKIM1; p=" \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqBTftzYVy+bSPuj6b3UpGf00e+tbOYMedaI+" \
    "TGIxZ9vTNhPHHU18e5ZdtqpdByYki/RRK2fV6DVjUSxKcjiB1g87au2k66270tBGrRPTX2DafSGG1EmY" \
    "QkFddLvYHcXODfv/cg4xrx98ZzdAe1OG3jGumiVUJnsiB/DT1vxG/3dsJ7MpetIovgKtNtLn/wvPIeMS" \
    "//D3gs+bqV+hCYZRkH9YH/xVmpsEqp4tLus30zBK6fJtZbXYuBh10IJuEO7AD5olcW03posRx3P26kyq" \
    "hqGEwO3UqDDUCie4iUWfNz+xIdtYYxSs2UluTtnZv9oGsjI1q8NysSy7WN6buc/XJQIDAQAB"

enum { CANDIDATES_MAX = 8 };

struct dkim_case {
    const struct dkim_engine *engine;
    size_t chunk; /* octets of body at a time; 0: as they come */
    struct dkim_job job;
    struct dkim_candidate *candidates[CANDIDATES_MAX];
    struct message *message;
    void *state;
};

static inline void case_field(void *context, struct text label, struct text value)
{
    struct dkim_case *run = context;
    struct field *field = message_add_field(run->message, label, value);
    struct dkim_candidate *c;

    if (!field || !field_is(field, TEXT("DKIM-Signature")) || run->job.count == CANDIDATES_MAX)
        return;
    c = region_alloc(run->message->region, sizeof *c);
    if (!c)
        return;
    c->field = field;
    c->well_formed = !signature_parse(run->message->region, field->value, &c->signature);
    if (!c->well_formed)
        settle_dkim_candidate(c, RESULT_PERMERROR, "refused");
    run->candidates[run->job.count++] = c;
}

static inline void case_end_of_header(void *context)
{
    struct dkim_case *run = context;

    run->job.index = header_index_new(run->message);
    run->state = run->engine->begin(&run->job);
}

static inline void case_piece(struct dkim_case *run, struct text piece)
{
    body_digests_add(run->job.body, piece);
    if (run->state && run->engine->body)
        run->engine->body(run->state, piece);
}

static inline void case_body(void *context, struct text chunk)
{
    struct dkim_case *run = context;
    size_t step = run->chunk ? run->chunk : chunk.len;

    for (; chunk.len > 0; chunk = text_tail(chunk, step))
        case_piece(run, text_head(chunk, step));
}

static inline struct text case_key(const struct signature *s)
{
    if (s->algorithm == SIGN_ED25519_SHA256)
        return TEXT(ED25519_RECORD);
    return text_equal(text_of(s->selector), TEXT("rsa1024")) ? TEXT(RSA_1024_RECORD)
                                                             : TEXT(RSA_2048_RECORD);
}

/* Every candidate must come out with a result. */
static inline void case_finish(struct dkim_case *run)
{
    for (size_t i = 0; i < run->job.count; i++) {
        struct dkim_candidate *c = run->candidates[i];

        if (key_record_parse(run->message->region, case_key(&c->signature), &c->keys.keys[0]))
            abort();
        c->keys.count = 1;
        c->key = &c->keys.keys[0];
    }
    body_digests_end(run->job.body);
    if (run->state)
        run->engine->finish(run->state);
    for (size_t i = 0; run->state && i < run->job.count; i++)
        if (!run->candidates[i]->settled)
            abort();
}

/* False when there was no memory.  To be freed either way. */
static inline bool dkim_case_run(struct dkim_case *run, const struct dkim_engine *engine,
                                 size_t chunk, struct text data)
{
    const struct eml_handler handler = { run, case_field, case_end_of_header, case_body };

    *run = (struct dkim_case){ .engine = engine, .chunk = chunk, .message = message_new(0) };
    if (!run->message)
        return false;
    run->job = (struct dkim_job){ .region = run->message->region,
                                  .message = run->message,
                                  .body = body_digests_new(run->message->region),
                                  .candidates = run->candidates };
    eml_read(data, &handler);
    case_finish(run);
    return run->state;
}

static inline void dkim_case_free(struct dkim_case *run)
{
    message_free(run->message);
}

#endif
