#include "auth/seal.h"

#include "auth/authres.h"
#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "auth/sign_fields.h"
#include "auth/signature_write.h"
#include "base/region.h"
#include "mail/message.h"

enum {
    RESULTS_MAX = 60000,      /* octets of the AAR: less than a milter packet */
    SIGNATURES_COVERED = 20,  /* DKIM-Signature fields that the AMS covers, from the last up */
};

static const char no_memory[] = "out of memory";

struct arc_sealing {
    struct seal_params params;
    struct signer signer;
    const struct body_digest *body;
};

/* One set on its way. */
struct set_maker {
    const struct arc_sealing *sealing;
    const struct seal_input *input;
    struct region *region;
    unsigned instance;
    struct arc_set set;
    struct arc_set_text text;
};

struct arc_sealing *seal_arc_new(const struct seal_params *params)
{
    struct arc_sealing *sealing = region_alloc(params->region, sizeof *sealing);

    if (!sealing)
        return NULL;
    sealing->params = *params;
    sealing->signer = *params->signer;
    sealing->body = body_digests_want(params->bodies, CANON_RELAXED, NULL);
    return sealing->body ? sealing : NULL;
}

/* ---- whether there is to be a set */

static const char *judge_chain(const struct arc_chain *chain, enum chain_status status)
{
    static const char not_validated[] = "chain not validated";

    if (chain->ended) /* §5.1 step 2 */
        return "chain ended with cv=fail";
    if (chain->highest >= ARC_INSTANCE_MAX)
        return "chain of fifty sets";
    switch (status) {
    case CHAIN_NONE:
        return chain->field_count > 0 ? not_validated : NULL;
    case CHAIN_PASS:
        return chain->fault || chain->newest == 0 ? not_validated : NULL;
    case CHAIN_FAIL:
        return chain->field_count == 0 ? not_validated : NULL;
    }
    return not_validated;
}

/* ---- ARC-Authentication-Results */

/* Every line but the first begins with white space, nothing else is control. */
static bool is_folded(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '\n' && (i + 1 == t.len || !octet_is_wsp(t.data[i + 1])))
            return false;
        if (octet_is_control(t.data[i]) && t.data[i] != '\n' && t.data[i] != '\t')
            return false;
    }
    return true;
}

static const struct field *field_of(const struct set_maker *m, enum arc_part part,
                                    const char *value)
{
    return field_inserted(m->region, text_of(name_of(arc_part_names, (int)part)),
                          text_of(value));
}

static const char *make_results(struct set_maker *m)
{
    struct text results = text_of(m->input->results);
    bool own_line = results.len > 0 && (octet_is_wsp(results.data[0]) || results.data[0] == '\n');
    struct buf buf;

    if (!is_folded(results))
        return "results not folded";
    buf_init(&buf, m->region, RESULTS_MAX);
    buf_printf(&buf, "i=%u; ", m->instance);
    authres_write_id(&buf, m->input->authserv_id);
    buf_add(&buf, own_line ? ";" : ";\n\t");
    buf_text_add(&buf, results);
    m->text.results = buf_str(&buf);
    if (!m->text.results)
        return region_failed(m->region) ? no_memory : "results too long, or no authserv-id";
    m->set.fields[ARC_RESULTS] = field_of(m, ARC_RESULTS, m->text.results);
    return m->set.fields[ARC_RESULTS] ? NULL : no_memory;
}

/* ---- ARC-Message-Signature */

/* §4.1.2: what DKIM signs, and the signatures that are there. */
static const char *choose_fields(const struct set_maker *m, struct sign_fields *fields)
{
    const struct seal_params *p = &m->sealing->params;
    const struct text signatures = TEXT("DKIM-Signature");
    size_t count = header_index_count(m->input->header, signatures);
    const char *fault;

    if (p->fields)
        return sign_fields_list(m->region, text_of(p->fields), fields);
    fault = sign_fields_choose(m->region, m->input->header, p->more_fields,
                               p->more_field_count, fields);
    if (!fault && !sign_fields_add(fields, signatures,
                                   count < SIGNATURES_COVERED ? count : SIGNATURES_COVERED))
        fault = "too many fields to sign";
    return fault;
}

static void begin(const struct set_maker *m, enum arc_part part, struct signature_writer *w)
{
    signature_write_begin(w, m->region, name_of(arc_part_names, (int)part));
    signature_write_number(w, "i", m->instance);
}

static void write_time(const struct set_maker *m, struct signature_writer *w)
{
    signature_write_number(w, "t", (uint64_t)m->sealing->params.now);
}

static const char *make_message_signature(struct set_maker *m)
{
    struct header_index *header = m->input->header;
    struct signature_writer w;
    struct signature_draft draft;
    struct sign_fields fields;
    sha256_value digest;
    const char *fault = choose_fields(m, &fields);

    if (!fault)
        fault = sign_fields_judge(&fields, header);
    if (fault)
        return fault;
    begin(m, ARC_MESSAGE_SIGNATURE, &w);
    signature_write_signer(&w, &m->sealing->signer);
    signature_write_text(&w, "c", TEXT("relaxed/relaxed"));
    write_time(m, &w);
    signature_write_names(&w, "h", fields.names, fields.count);
    signature_write_base64(
        &w, "bh", (struct text){ (const char *)m->sealing->body->value, SHA256_OCTETS });
    fault = signature_write_draft(&w, SIGNATURE_ARC_MESSAGE, &draft);
    if (!fault && !header_hash(header, &draft.signature, draft.field, digest))
        fault = no_memory;
    if (!fault)
        fault = signature_write_end(&w, &m->sealing->signer, digest);
    if (fault)
        return fault;
    m->text.message_signature = buf_str(&w.buf);
    m->set.fields[ARC_MESSAGE_SIGNATURE] =
        field_of(m, ARC_MESSAGE_SIGNATURE, m->text.message_signature);
    return m->set.fields[ARC_MESSAGE_SIGNATURE] ? NULL : no_memory;
}

/* ---- ARC-Seal */

/* All sets of an intact chain, then the new one (§5.1.1, §5.1.2). */
static bool hash_sets(const struct set_maker *m, sha256_value out)
{
    const struct arc_chain *chain = m->input->chain;
    unsigned covered = m->input->status == CHAIN_PASS ? chain->newest : 0;
    struct crypt_digest *digest = crypt_digest_new(m->region);
    struct octet_sink sink;

    if (!digest)
        return false;
    sink = crypt_digest_sink(digest);
    for (unsigned i = 1; i <= covered; i++)
        arc_set_canon(chain->sets[i], false, &sink);
    arc_set_canon(&m->set, true, &sink);
    crypt_digest_value(digest, out);
    return !region_failed(m->region);
}

static const char *make_seal(struct set_maker *m)
{
    const char *status = name_of(chain_status_names, (int)m->input->status);
    struct signature_writer w;
    struct signature_draft draft;
    sha256_value digest;
    const char *fault;

    begin(m, ARC_SEAL, &w);
    signature_write_signer(&w, &m->sealing->signer);
    signature_write_text(&w, "cv", text_of(status));
    write_time(m, &w);
    fault = signature_write_draft(&w, SIGNATURE_ARC_SEAL, &draft);
    if (fault)
        return fault;
    m->set.fields[ARC_SEAL] = draft.field;
    m->set.seal = draft.signature;
    if (!hash_sets(m, digest))
        return no_memory;
    fault = signature_write_end(&w, &m->sealing->signer, digest);
    m->text.seal = fault ? NULL : buf_str(&w.buf);
    return fault;
}

/* ---- the set */

static const char *make_set(struct set_maker *m)
{
    const char *fault = judge_chain(m->input->chain, m->input->status);

    if (crypt_signer_type(m->sealing->signer.key) != KEY_RSA)
        fault = "not an RSA key";
    else if (!m->sealing->body->complete)
        fault = "body not digested";
    if (!fault)
        fault = make_results(m);
    if (!fault)
        fault = make_message_signature(m);
    return fault ? fault : make_seal(m);
}

bool seal_arc_finish(struct arc_sealing *sealing, const struct seal_input *input,
                     struct arc_set_text *set, const char **why)
{
    struct set_maker maker = {
        .sealing = sealing,
        .input = input,
        .region = sealing->params.region,
        .instance = input->chain->highest + 1, /* §5.1 step 3 */
    };

    *why = make_set(&maker);
    *set = *why ? (struct arc_set_text){ NULL, NULL, NULL } : maker.text;
    return !*why;
}
