/* Fuzzes the engine on libopendkim with whole messages: the library stands
 * behind our parsers and guards, the keys are good ones.  Every candidate must
 * come out with a result. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "base/region.h"
#include "mail/eml.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Public halves of the test keys rsa1024 and ed25519. */
#define ED25519_RECORD "v=DKIM1; k=ed25519; p=jm5aHM3yFblv2Brcm5ukDZUqVm5o7tbzg3va4FFVSwQ="
#define RSA_RECORD \
    "v=DKIM1; p=" \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTOGL5GP6ggp+hxJ8mqABP+IstXtlM3glI8nvNDvvK" \
    "V9NbW+4cBHm7OJoYgNcqh1DbJtnIAK9Zzptl3iYNeKVgT5pc48d6cFWoqnRmR+fm6gKZO3tbbi61ORu4" \
    "8cCND3PybrXnlYf36YnE1YgbNLR5BaLOdcFBXOgPnmdR/HFZrwIDAQAB"

enum { CANDIDATES_MAX = 8 };

struct run {
    struct dkim_job job;
    struct dkim_candidate *candidates[CANDIDATES_MAX];
    struct message *message;
    void *state;
};

static void on_field(void *context, struct text name, struct text value)
{
    struct run *run = context;
    struct field *field = message_add_field(run->message, name, value);
    struct dkim_candidate *c;

    if (!field || !field_is(field, TEXT("DKIM-Signature")) || run->job.count == CANDIDATES_MAX)
        return;
    c = region_alloc(run->message->region, sizeof *c);
    if (!c)
        return;
    c->field = field;
    c->well_formed = !signature_parse(run->message->region, field->value, &c->signature);
    if (!c->well_formed)
        dkim_candidate_settle(c, RESULT_PERMERROR, "refused");
    run->candidates[run->job.count++] = c;
}

static void on_end_of_header(void *context)
{
    struct run *run = context;

    run->state = dkim_engine_libopendkim.begin(&run->job);
}

static void on_body(void *context, struct text chunk)
{
    struct run *run = context;

    body_digests_add(run->job.body, chunk);
    if (run->state)
        dkim_engine_libopendkim.body(run->state, chunk);
}

static void finish(struct run *run)
{
    for (size_t i = 0; i < run->job.count; i++) {
        struct dkim_candidate *c = run->candidates[i];
        bool rsa = c->signature.algorithm != SIGN_ED25519_SHA256;

        if (key_record_parse(run->message->region, rsa ? TEXT(RSA_RECORD) : TEXT(ED25519_RECORD),
                             &c->keys.keys[0]))
            abort();
        c->keys.count = 1;
        c->key = &c->keys.keys[0];
    }
    body_digests_end(run->job.body);
    if (run->state)
        dkim_engine_libopendkim.finish(run->state);
    for (size_t i = 0; run->state && i < run->job.count; i++)
        if (!run->candidates[i]->settled)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = { .message = message_new(0) };
    const struct eml_handler handler = { &run, on_field, on_end_of_header, on_body };

    if (!run.message)
        return 0;
    run.job = (struct dkim_job){ .region = run.message->region,
                                 .message = run.message,
                                 .body = body_digests_new(run.message->region),
                                 .candidates = run.candidates };
    eml_read((struct text){ (const char *)data, size }, &handler);
    finish(&run);
    message_free(run.message);
    return 0;
}
