#include "auth/signature.h"

#include <string.h>

#include "auth/base64.h"
#include "auth/crypt.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/lexer.h"
#include "mail/message.h"
#include "mail/taglist.h"

enum { LENGTH_DIGITS_MAX = 76, TIME_DIGITS_MAX = 12, INSTANCE_DIGITS_MAX = 2 };

const struct name signature_algorithm_names[] = {
    { SIGN_RSA_SHA256, "rsa-sha256" },
    { SIGN_RSA_SHA1, "rsa-sha1" },
    { SIGN_ED25519_SHA256, "ed25519-sha256" },
    { 0, NULL },
};

const struct name chain_status_names[] = {
    { CHAIN_NONE, "none" },
    { CHAIN_FAIL, "fail" },
    { CHAIN_PASS, "pass" },
    { 0, NULL },
};

/* What the parsers of single tags work on. */
struct parse {
    struct region *region;
    enum signature_kind kind;
    struct signature *signature;
    struct text field; /* all of it */
};

/* ---- lists: item *( [FWS] ":" [FWS] item ) */

/* Takes the next item off LIST, trimmed.  False when LIST is used up. */
static bool next_item(struct cursor *list, bool *first, struct text *item)
{
    struct text rest;
    size_t len;

    if (!*first && !cursor_take(list, ':'))
        return false;
    *first = false;
    rest = cursor_rest(list);
    len = text_find(rest, ':');
    *item = text_trim(text_head(rest, len));
    list->at += len;
    return true;
}

/* ---- numbers */

/* 1*MAX_DIGITS DIGIT; what does not fit into 64 bits becomes UINT64_MAX. */
static bool number(struct text t, size_t max_digits, uint64_t *value)
{
    unsigned long long v;

    if (t.len == 0 || t.len > max_digits)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (!octet_is_digit(t.data[i]))
            return false;
    *value = text_to_uint(t, UINT64_MAX, &v) ? v : UINT64_MAX;
    return true;
}

/* ---- one parser a tag: NULL or the reason for a refusal */

static const char *parse_version(struct parse *p, struct text t)
{
    (void)p;
    return text_equal(t, TEXT("1")) ? NULL : "unknown version (v=)";
}

static const char *parse_algorithm(struct parse *p, struct text t)
{
    int value;

    if (!name_value(signature_algorithm_names, t, &value))
        return "unknown algorithm (a=)";
    p->signature->algorithm = (enum signature_algorithm)value;
    if (p->kind != SIGNATURE_DKIM && value != SIGN_RSA_SHA256)
        return "not an algorithm of ARC (a=)";
    return NULL;
}

/* A trailing dot, which domain_normalise() takes, is no part of RFC 6376. */
static bool domain_name_strict(struct text t, domain_name out)
{
    if (t.len > 0 && t.data[t.len - 1] == '.')
        return false;
    return domain_normalise(t, out);
}

static const char *parse_domain(struct parse *p, struct text t)
{
    struct signature *s = p->signature;

    if (domain_name_strict(t, s->domain) && domain_labels(s->domain) >= 2)
        return NULL;
    s->domain[0] = '\0';
    return "invalid domain (d=)";
}

static const char *parse_selector(struct parse *p, struct text t)
{
    return domain_name_strict(t, p->signature->selector) ? NULL : "invalid selector (s=)";
}

/* VALUE, a part of FIELD, with the white space around it. */
static struct text with_fws_around(struct text field, struct text value)
{
    const char *start = value.data, *end = value.data + value.len;

    while (start > field.data && octet_is_fws(start[-1]))
        start--;
    while (end < field.data + field.len && octet_is_fws(*end))
        end++;
    return (struct text){ start, (size_t)(end - start) };
}

static const char *parse_value(struct parse *p, struct text t)
{
    struct signature *s = p->signature;

    s->hole = with_fws_around(p->field, t);
    if (!base64_decode(p->region, t, &s->value) || s->value.len == 0)
        return "invalid signature value (b=)";
    s->value_b64 = base64_unfold(p->region, t);
    return NULL;
}

static const char *parse_hash(struct parse *p, struct text t)
{
    if (!base64_decode(p->region, t, &p->signature->hash) || p->signature->hash.len == 0)
        return "invalid body hash (bh=)";
    return NULL;
}

static const char *parse_canonicalisation(struct parse *p, struct text t)
{
    size_t slash = text_find(t, '/');
    int header, body = CANON_SIMPLE;

    if (!name_value(canonicalisation_names, text_head(t, slash), &header))
        return "unknown canonicalisation (c=)";
    if (slash < t.len && !name_value(canonicalisation_names, text_tail(t, slash + 1), &body))
        return "unknown canonicalisation (c=)";
    p->signature->has_canon = true;
    p->signature->header_canon = (enum canonicalisation)header;
    p->signature->body_canon = (enum canonicalisation)body;
    return NULL;
}

/* hdr-name: 1*ftext (RFC 5322 §3.6.8); ':' and ';' never get here. */
static bool is_field_name(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] < 33 || t.data[i] > 126)
            return false;
    return t.len > 0;
}

static size_t count_items(struct text t)
{
    size_t count = 1;

    for (size_t i = 0; i < t.len; i++)
        count += t.data[i] == ':';
    return count;
}

/* A name in h=, from now on one of SIGNATURE's.  What an empty one names never
 * exists; RFC 8617 §4.1.2 keeps seals, which come later, out of the AMS. */
static const char *add_signed_name(struct parse *p, struct text name)
{
    struct signature *s = p->signature;
    bool arc = p->kind != SIGNATURE_DKIM;

    if (arc && name.len == 0)
        return NULL;
    if (!is_field_name(name))
        return "invalid list of names (h=)";
    if (arc && text_equal_nocase(name, TEXT("ARC-Seal")))
        return "ARC-Seal must not be signed (h=)";
    s->signs_from |= text_equal_nocase(name, TEXT("From"));
    s->signed_names[s->signed_name_count++] = name;
    return NULL;
}

static const char *parse_signed_names(struct parse *p, struct text t)
{
    struct signature *s = p->signature;
    struct cursor list = cursor_over(t);
    size_t count = count_items(t);
    const char *reason = NULL;
    bool first = true;
    struct text item;

    if (count > SIGNED_NAMES_MAX)
        return "too many names (h=)";
    s->signed_names = region_array(p->region, count, sizeof *s->signed_names);
    if (!s->signed_names)
        return "out of memory";
    while (!reason && next_item(&list, &first, &item))
        reason = add_signed_name(p, item);
    if (!reason && p->kind == SIGNATURE_DKIM && !s->signs_from)
        reason = "From not signed (h=)";
    return reason;
}

/* RFC 8617 §4.1.3 */
static const char *parse_forbidden_names(struct parse *p, struct text t)
{
    (void)p;
    (void)t;
    return "list of names in a seal (h=)";
}

bool signature_instance(struct text t, unsigned *instance)
{
    uint64_t value;

    if (!number(t, INSTANCE_DIGITS_MAX, &value) || value < 1 || value > ARC_INSTANCE_MAX)
        return false;
    *instance = (unsigned)value;
    return true;
}

static const char *parse_instance(struct parse *p, struct text t)
{
    return signature_instance(t, &p->signature->instance) ? NULL : "invalid instance (i=)";
}

/* seal-cv-tag = %s"cv" [CFWS] "=" [CFWS] chain-status (RFC 8617 §3.9), as far
 * as it is one of a tag-list (§4.1.3) too: that takes a comment after the "="
 * for a part of the value, and none before it. */
static const char *parse_chain_status(struct parse *p, struct text t)
{
    struct lexer lexer = lexer_over(t);
    int value;

    if (!lexer_cfws(&lexer) ||
        !name_value(chain_status_names, cursor_rest(&lexer.c), &value))
        return "unknown chain status (cv=)";
    p->signature->chain = (enum chain_status)value;
    return NULL;
}

/* Local-part = dot-string / quoted-string, as dkim-quoted-printable: whatever is
 * hidden in "=XX" stays hidden; it is never shown or compared. */
static bool is_local_part(struct text t)
{
    bool quoted = t.len >= 2 && t.data[0] == '"' && t.data[t.len - 1] == '"';

    if (quoted)
        t = (struct text){ t.data + 1, t.len - 2 };
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (octet_is_control(c) && c != '\t')
            return false;
        if (quoted && c == '\\') {
            if (++i == t.len || octet_is_control(t.data[i]))
                return false;
        } else if (c == '"' || (!quoted && (c == ' ' || memchr("()<>[]:;@\\,", c, 11)))) {
            return false;
        }
    }
    return true;
}

/* [ Local-part ] "@" domain-name.  White space is no part of the value
 * (dkim-quoted-printable ignores it).  It need not be an address that takes mail,
 * so the lengths of RFC 5321 §4.5.3 do not bind it. */
static const char *parse_identity(struct parse *p, struct text t)
{
    struct text identity = base64_unfold(p->region, t);
    size_t at = identity.len;

    while (at > 0 && identity.data[at - 1] != '@')
        at--;
    if (at == 0 || !is_local_part(text_head(identity, at - 1)) ||
        !domain_name_strict(text_tail(identity, at), p->signature->identity_domain))
        return "invalid identity (i=)";
    return NULL;
}

static const char *parse_length(struct parse *p, struct text t)
{
    p->signature->has_length = true;
    return number(t, LENGTH_DIGITS_MAX, &p->signature->length) ? NULL : "invalid length (l=)";
}

/* sig-q-tag-method *( ":" method ): ours must be among them. */
static const char *parse_query(struct parse *p, struct text t)
{
    struct cursor list = cursor_over(t);
    bool first = true, dns = false;
    struct text item;

    (void)p;
    while (next_item(&list, &first, &item)) {
        if (!is_field_name(item))
            return "invalid query method (q=)";
        dns |= text_equal_nocase(item, TEXT("dns/txt"));
    }
    return dns ? NULL : "unknown query method (q=)";
}

static const char *parse_timestamp(struct parse *p, struct text t)
{
    p->signature->has_timestamp = true;
    return number(t, TIME_DIGITS_MAX, &p->signature->timestamp) ? NULL : "invalid time (t=)";
}

static const char *parse_expiry(struct parse *p, struct text t)
{
    p->signature->has_expiry = true;
    return number(t, TIME_DIGITS_MAX, &p->signature->expiry) ? NULL : "invalid time (x=)";
}

/* Looked into where a signature fails (copied_fields.h), so nothing refuses it. */
static const char *parse_copies(struct parse *p, struct text t)
{
    p->signature->copies = t;
    return NULL;
}

enum {
    DKIM = 1 << SIGNATURE_DKIM,
    AMS = 1 << SIGNATURE_ARC_MESSAGE,
    SEAL = 1 << SIGNATURE_ARC_SEAL,
};

/* RFC 6376 §3.5, RFC 8617 §4.1.  d= and s= first, so that a finding can name
 * them whatever else is wrong. */
static const struct tag_rule {
    unsigned kinds;      /* a tag of these; elsewhere it is ignored as unknown */
    const char *name;
    const char *missing; /* reason when it is not there; NULL: optional */
    const char *(*parse)(struct parse *p, struct text t);
} rules[] = {
    { DKIM | AMS | SEAL, "d", "no domain (d=)", parse_domain },
    { DKIM | AMS | SEAL, "s", "no selector (s=)", parse_selector },
    { DKIM, "v", "no version (v=)", parse_version },
    { DKIM | AMS | SEAL, "a", "no algorithm (a=)", parse_algorithm },
    { DKIM | AMS | SEAL, "b", "no signature value (b=)", parse_value },
    { DKIM | AMS, "bh", "no body hash (bh=)", parse_hash },
    { DKIM | AMS, "c", NULL, parse_canonicalisation },
    { SEAL, "cv", "no chain status (cv=)", parse_chain_status },
    { DKIM | AMS, "h", "no list of names (h=)", parse_signed_names },
    { SEAL, "h", NULL, parse_forbidden_names },
    { DKIM, "i", NULL, parse_identity },
    { AMS | SEAL, "i", NULL, parse_instance },
    { DKIM | AMS, "l", NULL, parse_length },
    { DKIM | AMS, "q", NULL, parse_query },
    { DKIM | AMS | SEAL, "t", NULL, parse_timestamp },
    { DKIM | AMS, "x", NULL, parse_expiry },
    { DKIM | AMS, "z", NULL, parse_copies },
};

/* All rules run, so that d= and s= are known even if an earlier tag is bad;
 * the first refusal counts. */
static const char *apply_rules(struct parse *p, const struct taglist *list)
{
    const char *refusal = NULL;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct text *value;
        const char *reason;

        if (!(rules[i].kinds & 1U << p->kind))
            continue;
        value = taglist_get(list, rules[i].name);
        reason = value ? rules[i].parse(p, *value) : rules[i].missing;
        if (!refusal)
            refusal = reason;
    }
    return refusal;
}

/* What one tag says about another. */
static const char *check_together(enum signature_kind kind, struct signature *s)
{
    if (s->identity_domain[0] == '\0')
        memcpy(s->identity_domain, s->domain, sizeof s->domain);
    if (!domain_is_within(s->identity_domain, s->domain))
        return "identity outside the domain (i=)";
    if (kind == SIGNATURE_ARC_SEAL)
        s->header_canon = CANON_RELAXED;
    else if (s->algorithm != SIGN_RSA_SHA1 && s->hash.len != SHA256_OCTETS)
        return "invalid body hash (bh=)";
    if (s->has_timestamp && s->has_expiry && s->expiry <= s->timestamp)
        return "expires before it was made (x=)";
    return NULL;
}

static const char *taglist_reason(enum taglist_error error)
{
    switch (error) {
    case TAGLIST_OK:
        break;
    case TAGLIST_SYNTAX:
        return "syntax error";
    case TAGLIST_DUPLICATE:
        return "duplicate tag";
    case TAGLIST_TOO_MANY:
        return "too many tags";
    }
    return NULL;
}

const char *signature_parse(struct region *region, struct text t, struct signature *signature)
{
    return signature_parse_kind(region, SIGNATURE_DKIM, t, signature);
}

const char *signature_parse_kind(struct region *region, enum signature_kind kind, struct text t,
                                 struct signature *signature)
{
    struct parse p = { region, kind, signature, t };
    struct taglist list;
    const char *reason;

    memset(signature, 0, sizeof *signature);
    if (t.len > SIGNATURE_OCTETS_MAX)
        return "field too long";
    reason = taglist_reason(taglist_parse(t, true, &list));
    if (!reason)
        reason = apply_rules(&p, &list);
    if (!reason)
        reason = check_together(kind, signature);
    if (!reason && region_failed(region))
        reason = "out of memory";
    return reason;
}

bool signature_key_name(const struct signature *signature, domain_name out)
{
    static const char middle[] = "._domainkey.";
    size_t selector = strlen(signature->selector), domain = strlen(signature->domain);

    out[0] = '\0';
    if (selector + sizeof middle - 1 + domain > DOMAIN_MAX)
        return false;
    memcpy(out, signature->selector, selector);
    memcpy(out + selector, middle, sizeof middle - 1);
    memcpy(out + selector + sizeof middle - 1, signature->domain, domain + 1);
    return true;
}

bool signature_signs_cut_field(const struct signature *signature, const struct message *message)
{
    for (const struct field *f = message->fields; f; f = f->next)
        for (size_t i = 0; f->cut && i < signature->signed_name_count; i++)
            if (field_is(f, signature->signed_names[i]))
                return true;
    return false;
}
