/* round_trip.h: signs and seals a message in a test, and has what an MTA would
 * make of it judged by our verifiers, from the text alone. */
#ifndef VIDIMUS_TESTS_ROUND_TRIP_H
#define VIDIMUS_TESTS_ROUND_TRIP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base64.h"
#include "auth/body_digest.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "auth/signer.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/eml.h"
#include "mail/message.h"
#include "../../lib/rfc_keys.h"
#include "zone_scope.h"

enum { ROUND_TRIP_NOW = 1790000000, TEXT_MAX = 64 << 20 };

static inline struct crypt_signer *signer_of(const char *pem)
{
    const char *why = NULL;
    struct crypt_signer *signer = crypt_signer_new(text_of(pem), &why);

    if (!signer)
        fail_msg("%s", why);
    return signer;
}

/* The keys of rfc_keys.h, for the whole group of tests. */
static struct crypt_signer *rsa, *ed25519;

static inline int set_up(void **state)
{
    (void)state;
    rsa = signer_of(RFC_RSA_PEM);
    ed25519 = signer_of(RFC_ED25519_PEM);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    crypt_signer_unref(rsa);
    crypt_signer_unref(ed25519);
    return 0;
}

/* A scope in which the keys of COUNT SIGNERS are published. */
static inline struct dns_scope *scope_of(const struct signer *signers, size_t count)
{
    struct region *region = region_new(0);
    struct dns_scope *scope;
    struct buf zone;

    buf_init(&zone, region, TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        struct text key;

        assert_true(crypt_signer_publish(region, signers[i].key, &key));
        key = base64_encode(region, key);
        buf_printf(&zone, "%s._domainkey.%s. TXT \"v=DKIM1; k=%s; p=\"", signers[i].selector,
                   signers[i].domain,
                   crypt_signer_type(signers[i].key) == KEY_RSA ? "rsa" : "ed25519");
        for (size_t at = 0; at < key.len; at += 200)
            buf_printf(&zone, " \"%.*s\"", TEXT_ARGS(text_head(text_tail(key, at), 200)));
        buf_char(&zone, '\n');
    }
    assert_non_null(buf_str(&zone));
    scope = zone_scope(buf_str(&zone), 200);
    region_free(region);
    return scope;
}

/* A message file, read for one who signs. */
struct outgoing {
    struct message *message;
    struct header_index *header;
    struct body_digests *bodies;
};

static inline void outgoing_field(void *context, struct text name, struct text value)
{
    struct outgoing *o = context;

    message_add_field(o->message, name, value);
}

static inline void outgoing_end_of_header(void *context)
{
    (void)context;
}

static inline void outgoing_body(void *context, struct text chunk)
{
    struct outgoing *o = context;

    body_digests_add(o->bodies, chunk);
}

static inline void ignore_body(void *context, struct text chunk)
{
    (void)context;
    (void)chunk;
}

/* The header of EML; wishes for digests of the body may follow. */
static inline void outgoing_header(struct outgoing *o, const char *eml)
{
    const struct eml_handler handler = { o, outgoing_field, outgoing_end_of_header,
                                         ignore_body };
    const char *end = strstr(eml, "\n\n");
    struct text header = { eml, end ? (size_t)(end - eml) + 2 : strlen(eml) };

    *o = (struct outgoing){ .message = message_new(0) };
    assert_non_null(o->message);
    eml_read(header, &handler);
    o->bodies = body_digests_new(o->message->region);
    o->header = header_index_new(o->message);
    assert_non_null(o->bodies);
    assert_non_null(o->header);
}

static inline void ignore_field(void *context, struct text name, struct text value)
{
    (void)context;
    (void)name;
    (void)value;
}

static inline void outgoing_end(struct outgoing *o, const char *eml)
{
    const struct eml_handler handler = { o, ignore_field, outgoing_end_of_header,
                                         outgoing_body };

    eml_read(text_of(eml), &handler);
    body_digests_end(o->bodies);
}

static inline void outgoing_free(struct outgoing *o)
{
    assert_false(region_failed(o->message->region));
    message_free(o->message);
}

/* EML with a field on top; to be freed. */
static inline char *with_field(const char *name, const char *value, const char *eml)
{
    size_t size = strlen(name) + strlen(value) + strlen(eml) + 4;
    char *out = malloc(size);

    snprintf(out, size, "%s: %s\n%s", name, value, eml);
    return out;
}

/* What a verifier of DKIM makes of a message. */
struct incoming {
    struct message *message;
    struct dns_scope *dns;
    struct body_digests *bodies;
    struct dkim_verifier *verifier;
    struct findings findings;
};

static inline void incoming_field(void *context, struct text name, struct text value)
{
    struct incoming *in = context;
    struct field *field = message_add_field(in->message, name, value);

    if (field)
        verify_dkim_field(in->verifier, field);
}

static inline void incoming_end_of_header(void *context)
{
    struct incoming *in = context;

    verify_dkim_end_of_header(in->verifier, header_index_new(in->message));
}

static inline void incoming_body(void *context, struct text chunk)
{
    struct incoming *in = context;

    body_digests_add(in->bodies, chunk);
    verify_dkim_body(in->verifier, chunk);
}

/* The result of each DKIM-Signature in EML from the top, as "pass fail"; in
 * RESULTS, of SIZE octets. */
static inline void verify_dkim_eml(const char *eml, const struct dkim_engine *engine,
                                   const struct signer *signers, size_t count, char *results,
                                   size_t size)
{
    const struct eml_handler handler_template = { NULL, incoming_field, incoming_end_of_header,
                                                  incoming_body };
    struct incoming in = { .message = message_new(0), .dns = scope_of(signers, count) };
    struct eml_handler handler = handler_template;
    size_t len = 0;

    handler.context = &in;
    in.bodies = body_digests_new(in.message->region);
    in.verifier = verify_dkim_new(in.message, &(struct dkim_params){
                                                  .engine = engine,
                                                  .dns = in.dns,
                                                  .body = in.bodies,
                                                  .min_rsa_bits = 1024,
                                                  .max_signatures = 8,
                                                  .now = ROUND_TRIP_NOW,
                                              });
    findings_init(&in.findings, in.message->region);
    eml_read(text_of(eml), &handler);
    body_digests_end(in.bodies);
    check_dkim(&in.findings, in.verifier);
    results[0] = '\0';
    for (const struct finding *f = in.findings.first; f && len < size; f = f->next)
        len += (size_t)snprintf(results + len, size - len, "%s%s", len ? " " : "",
                                name_of(result_names, (int)f->result));
    dns_scope_close(in.dns);
    dns_scope_unref(in.dns);
    message_free(in.message);
}

#endif
