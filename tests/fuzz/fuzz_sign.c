/* Fuzzes signing and sealing: the first octet is how, the rest a message file.  What
 * is signed must verify as it will arrive, and a first seal must make a chain. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "auth/seal.h"
#include "auth/sign.h"
#include "base/region.h"
#include "mail/eml.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1790000000 };

struct job {
    struct message *message;
    struct body_digests *bodies;
    struct arc_chain chain;
};

static void on_field(void *context, struct text name, struct text value)
{
    struct job *job = context;
    struct field *field = message_add_field(job->message, name, value);

    if (field)
        arc_chain_field(&job->chain, field);
}

static void on_end_of_header(void *context)
{
    (void)context;
}

static void on_body(void *context, struct text chunk)
{
    struct job *job = context;

    body_digests_add(job->bodies, chunk);
}

/* Made once; they go with the process. */
static struct signer signer_of(enum key_type type)
{
    static struct crypt_signer *keys[KEY_ED25519 + 1];

    if (!keys[type])
        keys[type] = crypt_signer_generate(type, 1024);
    return (struct signer){ keys[type], "sub.example.org", "2026" };
}

/* The header of JOB with FIELD on top, as another host reads it. */
static struct header_index *arrived(const struct job *job, struct text name, const char *value,
                                    struct message *out)
{
    struct field *field = field_inserted(out->region, name, text_of(value));

    if (!field || !message_add_field(out, field->label, field->value))
        abort();
    for (const struct field *f = job->message->fields; f; f = f->next)
        message_add_field(out, f->label, f->value);
    return header_index_new(out);
}

static void check_signature(const struct job *job, const struct body_digest *body,
                            const struct signer *signer, const char *value)
{
    struct message *message = message_new(0);
    struct header_index *header = arrived(job, TEXT("DKIM-Signature"), value, message);
    struct signature signature;
    struct crypt_key *key;
    struct text published;
    sha256_value digest;

    if (signature_parse(message->region, message->fields->value, &signature) ||
        memcmp(signature.hash.data, body->value, SHA256_OCTETS) != 0 ||
        !header_hash(header, &signature, message->fields, digest) ||
        !crypt_signer_publish(message->region, signer->key, &published))
        abort();
    key = crypt_key_new(message->region, crypt_signer_type(signer->key), published);
    if (!crypt_verify(message->region, key, digest, signature.value))
        abort();
    crypt_key_unref(key);
    message_free(message);
}

static void check_set(const struct arc_set_text *set)
{
    const char *values[] = { set->results, set->message_signature, set->seal };
    struct region *region = region_new(0);
    struct arc_chain chain;

    arc_chain_init(&chain, region);
    for (int part = ARC_RESULTS; part < ARC_PARTS; part++)
        arc_chain_field(&chain, field_inserted(region, text_of(name_of(arc_part_names, part)),
                                               text_of(values[part])));
    if (chain.fault || (chain.newest == 1 && !chain.ended && !arc_chain_end(&chain)))
        abort();
    region_free(region);
}

static void seal(struct job *job, struct arc_sealing *sealing, struct header_index *header)
{
    const struct seal_input input = {
        .chain = &job->chain,
        .status = job->chain.field_count > 0 ? CHAIN_FAIL : CHAIN_NONE,
        .authserv_id = "mx.example.org",
        .results = "none",
        .header = header,
    };
    struct arc_set_text set;
    const char *why;

    if (seal_arc_finish(sealing, &input, &set, &why))
        check_set(&set);
}

static void run(struct job *job, unsigned char how, struct text eml)
{
    const struct eml_handler handler = { job, on_field, on_end_of_header, on_body };
    struct signer signer = signer_of(KEY_ED25519), sealer = signer_of(KEY_RSA);
    struct region *region = job->message->region;
    struct sign_params params = {
        .region = region,
        .bodies = job->bodies,
        .header_canon = how & 1 ? CANON_RELAXED : CANON_SIMPLE,
        .body_canon = how & 2 ? CANON_RELAXED : CANON_SIMPLE,
        .identity = how & 4 ? "@sub.example.org" : NULL,
        .lifetime = how & 8 ? 1000 : 0,
        .now = NOW,
    };
    struct seal_params seal_params = { .region = region, .signer = &sealer,
                                       .bodies = job->bodies, .now = NOW };
    const struct body_digest *body = body_digests_want(job->bodies, params.body_canon, NULL);
    struct arc_sealing *sealing = seal_arc_new(&seal_params);
    struct dkim_signing *signing;
    const char *value;

    eml_read(eml, &handler);
    params.header = header_index_new(job->message);
    signing = sign_dkim_new(&params, &signer);
    body_digests_end(job->bodies);
    value = sign_dkim_finish(signing);
    if (!value == !sign_dkim_fault(signing))
        abort();
    if (value && !job->message->fields_capped)
        check_signature(job, body, &signer, value);
    seal(job, sealing, params.header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = { .message = message_new(0) };

    if (size > 0 && job.message) {
        job.bodies = body_digests_new(job.message->region);
        arc_chain_init(&job.chain, job.message->region);
        run(&job, data[0], (struct text){ (const char *)data + 1, size - 1 });
    }
    message_free(job.message);
    return 0;
}
