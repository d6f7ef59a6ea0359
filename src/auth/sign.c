#include "auth/sign.h"

#include "auth/body_digest.h"
#include "auth/header_hash.h"
#include "auth/signature_write.h"
#include "base/region.h"
#include "mail/domain.h"

enum { IDENTITY_MAX = 1024 };

struct dkim_signing {
    struct sign_params params;
    struct signer signer;
    const struct body_digest *body;
    const char *fault;
};

struct dkim_signing *sign_dkim_new(const struct sign_params *params, const struct signer *signer)
{
    struct dkim_signing *signing = region_alloc(params->region, sizeof *signing);

    if (!signing)
        return NULL;
    signing->params = *params;
    signing->signer = *signer;
    signing->body = body_digests_want(params->bodies, params->body_canon, NULL);
    return signing->body ? signing : NULL;
}

const char *sign_dkim_fault(const struct dkim_signing *signing)
{
    return signing->fault;
}

/* ---- the field */

/* dkim-safe-char (RFC 6376 §2.11) */
static bool is_safe(char c)
{
    return c > ' ' && c < '\x7f' && c != ';' && c != '=';
}

/* i=: the local part as dkim-quoted-printable, the domain as A-labels. */
static const char *write_identity(struct signature_writer *w, struct text identity)
{
    size_t at = identity.len;
    struct buf value;
    domain_name domain;

    while (at > 0 && identity.data[at - 1] != '@')
        at--;
    if (at == 0 || !domain_normalise(text_tail(identity, at), domain))
        return "invalid identity (i=)";
    buf_init(&value, w->region, IDENTITY_MAX);
    for (size_t i = 0; i < at; i++)
        if (is_safe(identity.data[i]))
            buf_char(&value, identity.data[i]);
        else
            buf_printf(&value, "=%02X", (unsigned)(unsigned char)identity.data[i]);
    buf_add(&value, domain);
    if (buf_failed(&value))
        return "identity too long (i=)";
    signature_write_text(w, "i", buf_text(&value));
    return NULL;
}

static void write_canonicalisation(struct signature_writer *w, const struct sign_params *p)
{
    struct buf value;

    buf_init(&value, w->region, sizeof "relaxed/relaxed");
    buf_printf(&value, "%s/%s", name_of(canonicalisation_names, (int)p->header_canon),
               name_of(canonicalisation_names, (int)p->body_canon));
    signature_write_text(w, "c", buf_text(&value));
}

/* All tags but b=. */
static const char *write_tags(struct signature_writer *w, const struct dkim_signing *signing,
                              const struct sign_fields *fields)
{
    const struct sign_params *p = &signing->params;
    const char *fault = NULL;

    signature_write_text(w, "v", TEXT("1"));
    signature_write_signer(w, &signing->signer);
    write_canonicalisation(w, p);
    if (p->identity)
        fault = write_identity(w, text_of(p->identity));
    signature_write_number(w, "t", (uint64_t)p->now);
    if (p->lifetime > 0)
        signature_write_number(w, "x", (uint64_t)p->now + p->lifetime);
    signature_write_names(w, "h", fields->names, fields->count);
    signature_write_base64(w, "bh", (struct text){ (const char *)signing->body->value,
                                                   SHA256_OCTETS });
    return fault;
}

/* Whose message it is must be plain (RFC 5322 §3.6.2). */
static const char *judge_author(const struct header_index *header)
{
    switch (header_index_count(header, TEXT("From"))) {
    case 0:
        return "no From field";
    case 1:
        return NULL;
    default:
        return "more than one From field";
    }
}

static const char *make(struct dkim_signing *signing, struct signature_writer *w)
{
    const struct sign_params *p = &signing->params;
    struct sign_fields fields;
    struct signature_draft draft;
    sha256_value digest;
    const char *fault = judge_author(p->header);

    if (!fault)
        fault = sign_fields_choose(p->region, p->header, p->more_fields, p->more_field_count,
                                   &fields);
    if (!fault)
        fault = sign_fields_judge(&fields, p->header);
    if (!fault)
        fault = write_tags(w, signing, &fields);
    if (!fault)
        fault = signature_write_draft(w, SIGNATURE_DKIM, &draft);
    if (!fault && !header_hash(p->header, &draft.signature, draft.field, digest))
        fault = "out of memory";
    return fault ? fault : signature_write_end(w, &signing->signer, digest);
}

const char *sign_dkim_finish(struct dkim_signing *signing)
{
    struct signature_writer writer;

    signature_write_begin(&writer, signing->params.region, "DKIM-Signature");
    signing->fault = signing->body->complete ? make(signing, &writer) : "body not digested";
    return signing->fault ? NULL : buf_str(&writer.buf);
}
