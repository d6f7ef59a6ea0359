#include "auth/signature_write.h"

#include "auth/base64.h"
#include "base/region.h"
#include "mail/message.h"

enum {
    LINE_OCTETS = 72,
    NUMBER_OCTETS = 24,
};

static const char no_memory[] = "out of memory";

void signature_write_begin(struct signature_writer *w, struct region *region,
                           const char *field_name)
{
    *w = (struct signature_writer){ .region = region, .field_name = text_of(field_name) };
    buf_init(&w->buf, region, SIGNATURE_OCTETS_MAX);
    w->column = w->field_name.len + sizeof ": " - 1;
}

static void put(struct signature_writer *w, struct text t)
{
    buf_text_add(&w->buf, t);
    w->column += t.len;
}

static void fold(struct signature_writer *w)
{
    buf_add(&w->buf, "\n\t");
    w->column = 1;
}

/* Begins a tag of which LEN octets are to stay together. */
static void begin_tag(struct signature_writer *w, const char *tag, size_t len)
{
    struct text name = text_of(tag);

    if (buf_text(&w->buf).len > 0) {
        put(w, TEXT(";"));
        if (w->column + sizeof " =;" - 1 + name.len + len > LINE_OCTETS)
            fold(w);
        else
            put(w, TEXT(" "));
    }
    put(w, name);
    put(w, TEXT("="));
}

void signature_write_text(struct signature_writer *w, const char *tag, struct text value)
{
    begin_tag(w, tag, value.len);
    put(w, value);
}

void signature_write_number(struct signature_writer *w, const char *tag, unsigned long long value)
{
    struct buf digits;

    buf_init(&digits, w->region, NUMBER_OCTETS);
    buf_printf(&digits, "%llu", value);
    signature_write_text(w, tag, buf_text(&digits));
}

void signature_write_names(struct signature_writer *w, const char *tag, const struct text *names,
                           size_t count)
{
    begin_tag(w, tag, LINE_OCTETS);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(w, TEXT(":"));
        if (i > 0 && w->column + names[i].len + 1 > LINE_OCTETS)
            fold(w);
        put(w, names[i]);
    }
}

static void put_base64(struct signature_writer *w, struct text octets)
{
    struct text rest = base64_encode(w->region, octets);

    while (rest.len > 0) {
        size_t room = w->column < LINE_OCTETS ? LINE_OCTETS - w->column : 0;

        put(w, text_head(rest, room));
        rest = text_tail(rest, room);
        if (rest.len > 0)
            fold(w);
    }
}

void signature_write_base64(struct signature_writer *w, const char *tag, struct text octets)
{
    begin_tag(w, tag, LINE_OCTETS);
    put_base64(w, octets);
}

static enum signature_algorithm algorithm_of(const struct signer *signer)
{
    switch (crypt_signer_type(signer->key)) {
    case KEY_RSA:
        return SIGN_RSA_SHA256;
    case KEY_ED25519:
        return SIGN_ED25519_SHA256;
    }
    return SIGN_RSA_SHA256;
}

void signature_write_signer(struct signature_writer *w, const struct signer *signer)
{
    const char *algorithm = name_of(signature_algorithm_names, (int)algorithm_of(signer));

    signature_write_text(w, "a", text_of(algorithm));
    signature_write_text(w, "d", text_of(signer->domain));
    signature_write_text(w, "s", text_of(signer->selector));
}

const char *signature_write_draft(struct signature_writer *w, enum signature_kind kind,
                                  struct signature_draft *draft)
{
    const char *wrong;
    struct buf whole;

    begin_tag(w, "b", LINE_OCTETS);
    buf_init(&whole, w->region, SIGNATURE_OCTETS_MAX);
    buf_text_add(&whole, buf_text(&w->buf));
    buf_add(&whole, "AA==");
    if (region_failed(w->region)) /* also of what was to be put into the field */
        return no_memory;
    if (buf_failed(&w->buf) || buf_failed(&whole))
        return "field too long";
    draft->field = field_inserted(w->region, w->field_name, buf_text(&whole));
    if (!draft->field)
        return no_memory;
    wrong = signature_parse_kind(w->region, kind, draft->field->value, &draft->signature);
    return region_failed(w->region) ? no_memory : wrong;
}

const char *signature_write_end(struct signature_writer *w, const struct signer *signer,
                                const sha256_value digest)
{
    struct text value;

    if (!crypt_sign(w->region, signer->key, digest, &value))
        return region_failed(w->region) ? no_memory : "libcrypto could not sign";
    put_base64(w, value);
    if (region_failed(w->region))
        return no_memory;
    return buf_failed(&w->buf) ? "field too long" : NULL;
}
