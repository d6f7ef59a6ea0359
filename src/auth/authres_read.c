/* authres_read.c: reads Authentication-Results (RFC 8601 §2.2).
 *
 * Liberal where others are: comments and folding anywhere, an unquoted value may
 * hold any printable octet but blanks, ";", "(" and quotes, a property may lack
 * its ptype ("action=none", Microsoft's), a trailing ";" is allowed.  Strict
 * about where the authserv-id ends.  Linear in the length of the field; nesting
 * of comments is bounded.
 */
#include "auth/authres.h"

#include <string.h>

#include "auth/authres_registry.h"
#include "base/cursor.h"
#include "base/region.h"
#include "mail/domain.h"

enum {
    NESTING_MAX = 32,   /* of comments */
    ID_MAX = 1024,      /* octets of an authserv-id that could be ours */
    RESULTS_MAX = 1000, /* results read from one field */
    FOLDINGS_MAX = 64,  /* words outside ASCII looked at in an unparsable field:
                           with more of them it counts as ours */
    NAME_MAX_OCTETS = 64
};

/* A value as it stands in the field. */
struct value {
    struct text raw; /* without the quotes */
    bool quoted;     /* raw may hold quoted-pairs and folding */
};

/* comment = "(" *([FWS] ccontent) [FWS] ")", the cursor at its "(".  Without
 * recursion: the depth is counted. */
static bool comment(struct cursor *c)
{
    unsigned depth = 0;

    do {
        if (cursor_take(c, '(')) {
            if (++depth > NESTING_MAX)
                return false;
        } else if (cursor_take(c, ')')) {
            depth--;
        } else {
            cursor_take(c, '\\');
            if (cursor_done(c))
                return false;
            c->at++;
        }
    } while (depth > 0);
    return true;
}

/* [CFWS].  False when a comment does not end or nests too deeply. */
static bool cfws(struct cursor *c)
{
    for (;;) {
        cursor_run(c, octet_is_fws);
        if (cursor_peek(c) != '(')
            return true;
        if (!comment(c))
            return false;
    }
}

/* Takes WANTED with CFWS around it. */
static bool separator(struct cursor *c, char wanted)
{
    return cfws(c) && cursor_take(c, wanted) && cfws(c);
}

/* Keyword = Ldh-str (RFC 5321 §4.1.2); "_" too, for special-smtp-verbs. */
static bool is_keyword_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_';
}

static bool keyword(struct cursor *c, struct text *out)
{
    *out = cursor_run(c, is_keyword_octet);
    return out->len > 0;
}

static bool digits(struct cursor *c, struct text *out)
{
    *out = cursor_run(c, octet_is_digit);
    return out->len > 0;
}

/* quoted-string, the cursor at its first quote */
static bool quoted_string(struct cursor *c, struct value *out)
{
    const char *start;

    if (!cursor_take(c, '"'))
        return false;
    start = c->at;
    while (!cursor_done(c) && cursor_peek(c) != '"') {
        cursor_take(c, '\\');
        if (cursor_done(c))
            return false;
        c->at++;
    }
    *out = (struct value){ cursor_since(c, start), true };
    return cursor_take(c, '"');
}

/* Octets of an authserv-id: a token, or UTF-8 (RFC 8601 §2.2, RFC 6532). */
static bool is_id_octet(char c)
{
    return c != ' ' && !octet_is_control(c) && !authres_is_tspecial(c);
}

/* Octets of an unquoted pvalue, as real software writes it. */
static bool is_loose_octet(char c)
{
    return c != ' ' && !octet_is_control(c) && c != ';' && c != '(' && c != ')' && c != '"' &&
           c != '\\';
}

static bool read_value(struct cursor *c, bool (*accept)(char), struct value *out)
{
    if (cursor_peek(c) == '"')
        return quoted_string(c, out);
    *out = (struct value){ cursor_run(c, accept), false };
    return out->raw.len > 0;
}

/* pvalue; a local part may be quoted: "a b"@example.org */
static bool pvalue(struct cursor *c, struct value *out)
{
    const char *start = c->at;

    if (!read_value(c, is_loose_octet, out))
        return false;
    if (!out->quoted || cursor_peek(c) != '@')
        return true;
    cursor_run(c, is_loose_octet);
    *out = (struct value){ cursor_since(c, start), false };
    return true;
}

/* The octets that VALUE means, into OUT of at least value.raw.len octets:
 * quoted-pairs resolved, folding removed.  Returns their number. */
static size_t unquote(struct value value, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < value.raw.len; i++) {
        char c = value.raw.data[i];

        if (value.quoted && (c == '\r' || c == '\n'))
            continue;
        if (value.quoted && c == '\\' && i + 1 < value.raw.len)
            c = value.raw.data[++i];
        out[len++] = c;
    }
    return len;
}

/* The meaning of VALUE, in REGION.  Empty when memory is exhausted. */
static struct text keep_value(struct region *region, struct value value)
{
    char *copy = region_alloc(region, value.raw.len + 1);

    return (struct text){ copy, copy ? unquote(value, copy) : 0 };
}

/* [CFWS] authserv-id [CFWS authres-version], up to the ";" or the end.
 * VERSION stays empty when there is none. */
static bool authres_head(struct cursor *c, struct value *id, struct text *version)
{
    const char *before;

    *version = (struct text){ NULL, 0 };
    if (!cfws(c) || !read_value(c, is_id_octet, id))
        return false;
    before = c->at;
    if (!cfws(c))
        return false;
    if (c->at != before && digits(c, version) && !cfws(c))
        return false;
    return cursor_done(c) || cursor_peek(c) == ';';
}

/* methodspec = [CFWS] method [CFWS] "=" [CFWS] result, where
 * method = Keyword [ [CFWS] "/" [CFWS] method-version ].  *KNOWN gets whether
 * method, version and result mean something to us. */
static bool methodspec(struct cursor *c, enum method *method, enum result *result, bool *known)
{
    struct text name, version = TEXT("1"), outcome;
    int method_value = 0, result_value = 0;

    if (!keyword(c, &name) || !cfws(c))
        return false;
    if (cursor_take(c, '/') && (!cfws(c) || !digits(c, &version)))
        return false;
    if (!separator(c, '=') || !keyword(c, &outcome) || !cfws(c))
        return false;
    *known = name_value(method_names, name, &method_value) && text_equal(version, TEXT("1")) &&
             name_value(result_names, outcome, &result_value) &&
             authres_has_result((enum method)method_value, (enum result)result_value);
    *method = (enum method)method_value;
    *result = (enum result)result_value;
    return true;
}

/* propspec = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue, after PTYPE.
 * Kept when FINDING is not NULL and the property is registered; without a ptype
 * it never is. */
static bool propspec(struct cursor *c, struct text ptype, struct findings *findings,
                     struct finding *finding)
{
    struct text property;
    struct value value;
    char joined[2 * NAME_MAX_OCTETS + 1];
    const char *name;

    if (cursor_peek(c) == '=')
        return separator(c, '=') && pvalue(c, &value) && cfws(c);
    if (!separator(c, '.') || !keyword(c, &property) || !separator(c, '=') ||
        !pvalue(c, &value) || !cfws(c))
        return false;
    if (!finding || ptype.len > NAME_MAX_OCTETS || property.len > NAME_MAX_OCTETS)
        return true;
    memcpy(joined, ptype.data, ptype.len);
    joined[ptype.len] = '.';
    memcpy(joined + ptype.len + 1, property.data, property.len);
    name = authres_property(finding->method,
                            (struct text){ joined, ptype.len + 1 + property.len });
    if (name)
        finding_property(findings, finding, name, keep_value(findings->region, value));
    return true;
}

/* "=" value, after "reason" */
static bool reasonspec(struct cursor *c, struct findings *findings, struct finding *finding)
{
    struct value value;

    if (!separator(c, '=') || !read_value(c, is_id_octet, &value) || !cfws(c))
        return false;
    if (finding)
        finding->reason =
            text_dup(findings->region, keep_value(findings->region, value));
    return true;
}

/* resinfo after its ";" and CFWS.  FINDINGS may be NULL: only the syntax is
 * looked at. */
static bool resinfo(struct cursor *c, struct findings *findings)
{
    struct finding *finding = NULL;
    struct text name;
    enum method method;
    enum result result;
    bool known, first = true;

    if (!methodspec(c, &method, &result, &known))
        return false;
    if (known && findings)
        finding = findings_add(findings, method, result, NULL);
    for (; !cursor_done(c) && cursor_peek(c) != ';'; first = false) {
        bool ok;

        if (!keyword(c, &name) || !cfws(c))
            return false;
        if (first && text_equal_nocase(name, TEXT("reason")) && cursor_peek(c) == '=')
            ok = reasonspec(c, findings, finding);
        else
            ok = propspec(c, name, findings, finding);
        if (!ok)
            return false;
    }
    return true;
}

/* no-result = [CFWS] ";" [CFWS] "none", the cursor after the ";" and CFWS */
static bool no_result(struct cursor *c)
{
    struct cursor saved = *c;
    struct text word;

    if (keyword(c, &word) && text_equal_nocase(word, TEXT("none")) && cfws(c) && cursor_done(c))
        return true;
    *c = saved;
    return false;
}

/* ( no-result / 1*resinfo ) [CFWS], from the first ";" to the end; a further ";"
 * is taken there.  TEXT, where it is not NULL, gets the resinfos. */
static bool authres_results(struct cursor *c, struct findings *findings, struct text *text)
{
    const char *start;

    if (!separator(c, ';'))
        return false;
    if (no_result(c))
        return true;
    start = c->at;
    for (unsigned count = 0; count < RESULTS_MAX; count++) {
        if (!resinfo(c, findings))
            return false;
        if (text)
            *text = text_trim(cursor_since(c, start));
        if (cursor_done(c))
            return true;
        if (!separator(c, ';'))
            return false;
        if (cursor_done(c))
            return true;
    }
    return false;
}

/* Whether a field of that authres-version can be read. */
static bool is_known_version(struct text version)
{
    return version.len == 0 || text_equal(version, TEXT("1"));
}

bool authres_read(struct text value, struct text *id, struct findings *findings)
{
    struct cursor c = cursor_over(value);
    struct value raw;
    struct text version;

    *id = (struct text){ NULL, 0 };
    if (!authres_head(&c, &raw, &version))
        return false;
    *id = keep_value(findings->region, raw);
    return is_known_version(version) && authres_results(&c, findings, NULL);
}

/* Whether T may stand in a field that we write: valid UTF-8 without control
 * characters, folding aside. */
static bool is_quotable(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (authres_is_control(t, i) && !octet_is_fws(t.data[i]))
            return false;
    return text_is_utf8(t);
}

bool authres_results_of(struct text value, struct text *results)
{
    struct cursor c = cursor_over(value);
    struct text version;
    struct value id;

    *results = (struct text){ NULL, 0 };
    return authres_head(&c, &id, &version) && is_known_version(version) &&
           authres_results(&c, NULL, results) && is_quotable(*results);
}

/* Our own authserv-id, to compare with. */
struct own_id {
    struct text text;
    domain_name normalised; /* "" when it is not a domain name */
    unsigned foldings;      /* of non-ASCII words done so far: each is dear */
};

static struct own_id own_id(const char *authserv_id)
{
    struct own_id own = { .text = text_of(authserv_id) };

    domain_normalise(own.text, own.normalised);
    return own;
}

/* Takes the dots off both ends. */
static struct text trim_dots(struct text t)
{
    while (t.len > 0 && t.data[0] == '.')
        t = text_tail(t, 1);
    while (t.len > 0 && t.data[t.len - 1] == '.')
        t.len--;
    return t;
}

/* Whether T, but for blanks and dots around it, is OWN: the same text, or the
 * same domain in another spelling (case, trailing dot, U-label for A-label). */
static bool is_id(struct text t, struct own_id *own)
{
    domain_name name;

    t = trim_dots(text_trim(t));
    if (t.len == 0 || t.len > ID_MAX)
        return false;
    if (text_equal_nocase(t, own->text) || text_equal_nocase(t, text_of(own->normalised)))
        return true;
    if (text_is_ascii(t) || !own->normalised[0])
        return false;
    if (++own->foldings > FOLDINGS_MAX)
        return true;
    return domain_normalise(t, name) && strcmp(name, own->normalised) == 0;
}

/* Octets that may belong to a host name in any spelling. */
static bool is_word_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_' || c == '.' ||
           (unsigned char)c >= 0x80;
}

static bool is_no_word_octet(char c)
{
    return !is_word_octet(c);
}

/* Whether OWN stands in T as a word of its own. */
static bool holds_id(struct text t, struct own_id *own)
{
    struct cursor c = cursor_over(t);

    while (!cursor_done(&c)) {
        cursor_run(&c, is_no_word_octet);
        if (is_id(cursor_run(&c, is_word_octet), own))
            return true;
    }
    return false;
}

/* The same with quoted-pairs resolved: m\x.example.org.  Of a longer word the
 * first ID_MAX octets are looked at, and one more to know that it is longer. */
static bool holds_hidden_id(struct text t, struct own_id *own)
{
    char word[ID_MAX + 1];
    size_t len = 0;

    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '\\' && i + 1 < t.len)
            i++;
        if (is_word_octet(t.data[i])) {
            if (len < sizeof word)
                word[len++] = t.data[i];
            continue;
        }
        if (is_id((struct text){ word, len }, own))
            return true;
        len = 0;
    }
    return is_id((struct text){ word, len }, own);
}

/* Whether the text before the first ";", read without the comments, blanks,
 * quotes and backslashes in it, is or begins with OWN: mx(c).example.org,
 * "mx". "example.org", mx.exam (folded) ple.org.  Not one of them is our id to
 * a strict reader, and all of them are to a sloppy one. */
static bool squeezes_to_id(struct text value, struct own_id *own)
{
    struct cursor c = cursor_over(value);
    bool quoted = false;
    char id[ID_MAX];
    size_t len = 0;

    for (;;) {
        const char *start = c.at;
        bool sane = cfws(&c), gap = c.at != start && !quoted;
        int next = cursor_peek(&c);
        bool end = next < 0 || next == ';';

        if (!sane)
            return false;
        if ((gap || end) && is_id((struct text){ id, len }, own))
            return true;
        if (end || len == sizeof id)
            return false;
        c.at++;
        if (next == '"')
            quoted = !quoted;
        else if (next != '\\')
            id[len++] = (char)next;
    }
}

enum authres_claim authres_claims(struct text value, const char *authserv_id)
{
    struct cursor c = cursor_over(value);
    struct own_id own = own_id(authserv_id);
    struct value raw;
    struct text version;
    char id[ID_MAX];
    bool parsed = authres_head(&c, &raw, &version) && raw.raw.len <= sizeof id;

    if (parsed && is_id((struct text){ id, unquote(raw, id) }, &own))
        return AUTHRES_OURS;
    if (squeezes_to_id(value, &own))
        return AUTHRES_OURS;
    if (parsed && authres_results(&c, NULL, NULL))
        return AUTHRES_OTHER;
    return holds_id(value, &own) || holds_hidden_id(value, &own) ? AUTHRES_OURS : AUTHRES_OTHER;
}
