/* authres.c: writes Authentication-Results (RFC 8601 §2.2). */
#include "auth/authres.h"

#include "auth/authres_registry.h"
#include "base/buf.h"

enum {
    VALUE_MAX = 255, /* octets of a value that is written */
    LINE_SOFT = 78   /* RFC 5322 §2.1.1: a result longer than this is folded */
};

enum { METHODS = METHOD_DMARC + 1 };

/* token of RFC 2045 §5.1 */
static bool is_token_octet(char c)
{
    return c > 0x20 && c < 0x7f && !authres_is_tspecial(c);
}

static bool is_ldh_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* [[local-part] "@"] domain-name, where no octet of it could be read otherwise */
static bool is_address(struct text t)
{
    size_t at = text_find(t, '@');

    return at + 1 < t.len && text_all(text_head(t, at), is_token_octet) &&
           text_all(text_tail(t, at + 1), is_ldh_octet);
}

/* Whether T may be written at all: short, valid UTF-8, no control character. */
static bool is_writable(struct text t)
{
    if (t.len == 0 || t.len > VALUE_MAX || !text_is_utf8(t))
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (authres_is_control(t, i))
            return false;
    return true;
}

/* T, writable, as a quoted-string (RFC 5322 §3.2.4). */
static void quoted_string(struct buf *out, struct text t)
{
    buf_char(out, '"');
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '"' || t.data[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, t.data[i]);
    }
    buf_char(out, '"');
}

/* value of RFC 2045 §5.1; T is writable */
static void value(struct buf *out, struct text t)
{
    if (text_all(t, is_token_octet))
        buf_text_add(out, t);
    else
        quoted_string(out, t);
}

/* pvalue */
static void pvalue(struct buf *out, struct text t)
{
    if (is_address(t))
        buf_text_add(out, t);
    else
        value(out, t);
}

/* Goes on to the next part of a result: on the same line while it fits. */
static void separate(struct buf *out, size_t *line, size_t len)
{
    if (out->len - *line + 1 + len <= LINE_SOFT) {
        buf_char(out, ' ');
    } else {
        buf_add(out, "\n\t");
        *line = out->len - 1;
    }
}

/* Writes one part ("name=value") of a result.  What is not writable is left
 * out. */
static void part(struct buf *out, size_t *line, const char *name, struct text t,
                 void (*write)(struct buf *, struct text))
{
    if (!is_writable(t))
        return;
    separate(out, line, text_of(name).len + 1 + t.len);
    buf_add(out, name);
    buf_char(out, '=');
    write(out, t);
}

static void resinfo(struct buf *out, const struct finding *finding)
{
    size_t line = out->len ? out->len - 1 : 0; /* the TAB before */

    buf_add(out, name_of(method_names, (int)finding->method));
    buf_char(out, '=');
    buf_add(out, name_of(result_names, (int)finding->result));
    if (finding->reason)
        part(out, &line, "reason", text_of(finding->reason), quoted_string);
    for (const struct property *p = finding->properties; p; p = p->next) {
        const char *name = authres_property(finding->method, text_of(p->name));

        if (name)
            part(out, &line, name, p->value, pvalue);
    }
}

/* resinfos on lines of their own, the first after LEAD; how many. */
static unsigned resinfos(struct buf *out, const char *lead, const struct findings *findings)
{
    unsigned written = 0;

    for (int method = 0; method < METHODS; method++)
        for (const struct finding *f = findings->first; f; f = f->next)
            if ((int)f->method == method && authres_has_result(f->method, f->result)) {
                buf_add(out, written++ ? ";\n\t" : lead);
                resinfo(out, f);
            }
    return written;
}

void authres_write_results(struct buf *out, const struct findings *findings)
{
    if (resinfos(out, "", findings) == 0)
        buf_add(out, "none");
}

void authres_write_id(struct buf *out, const char *authserv_id)
{
    struct text id = text_of(authserv_id);

    if (is_writable(id))
        value(out, id);
    else
        out->failed = true;
}

void authres_write(struct buf *out, const char *authserv_id, const struct findings *findings)
{
    authres_write_id(out, authserv_id);
    if (resinfos(out, ";\n\t", findings) == 0)
        buf_add(out, "; none");
}
