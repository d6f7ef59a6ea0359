#include "mail/path.h"

#include "base/cursor.h"

/* Octets of an unquoted local part.  More than a dot-string of RFC 5321: dots
 * anywhere and inner blanks are in use, and neither makes it doubtful where
 * the domain starts.  The specials of RFC 5322 do, so they are refused; a
 * second '@' with them. */
static bool is_local_octet(char c)
{
    switch (c) {
    case '(': case ')': case '<': case '>': case '[': case ']':
    case ':': case ';': case '@': case '\\': case ',': case '"':
        return false;
    }
    return !octet_is_control(c);
}

static bool is_literal_octet(char c)
{
    return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != '\\';
}

static bool is_route_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '.' || c == '-' || c == '_' ||
           c == '@' || c == ',' || (unsigned char)c >= 0x80;
}

/* Only SP and TAB: a line end around a path is not something to tolerate. */
static struct text trim_blanks(struct text t)
{
    while (t.len > 0 && octet_is_wsp(t.data[0]))
        t = text_tail(t, 1);
    while (t.len > 0 && octet_is_wsp(t.data[t.len - 1]))
        t.len--;
    return t;
}

/* Drops A-d-l ":" (RFC 5321 Appendix C): "@x,@y:".  A path that begins with
 * '@' but has no ':' is an address with an empty local part. */
static void source_route(struct cursor *c)
{
    struct cursor route = *c;

    if (cursor_peek(&route) != '@')
        return;
    cursor_run(&route, is_route_octet);
    if (cursor_take(&route, ':'))
        *c = route;
}

/* Quoted-string: printable octets or UTF-8, '\' before any of them. */
static bool quoted_string(struct cursor *c)
{
    if (!cursor_take(c, '"'))
        return false;
    while (!cursor_done(c) && !octet_is_control(*c->at)) {
        if (cursor_take(c, '"'))
            return true;
        if (cursor_take(c, '\\') && (cursor_done(c) || octet_is_control(*c->at)))
            return false;
        c->at++;
    }
    return false;
}

static bool local_part(struct cursor *c, struct text *out)
{
    const char *start = c->at;

    if (cursor_peek(c) == '"') {
        if (!quoted_string(c))
            return false;
    } else {
        cursor_run(c, is_local_octet);
    }
    *out = cursor_since(c, start);
    return text_is_utf8(*out);
}

static bool address_literal(struct text t)
{
    struct cursor c = cursor_over(t);

    return cursor_take(&c, '[') && cursor_run(&c, is_literal_octet).len > 0 &&
           cursor_take(&c, ']') && cursor_done(&c);
}

/* Mailbox (RFC 5321 §4.1.2), or a local part alone. */
static enum path_kind mailbox(struct cursor *c, struct path *path)
{
    struct text domain;

    source_route(c);
    if (!local_part(c, &path->local_part))
        return PATH_MALFORMED;
    if (cursor_done(c))
        return path->local_part.len > 0 ? PATH_LOCAL : PATH_MALFORMED;
    if (!cursor_take(c, '@'))
        return PATH_MALFORMED;
    domain = cursor_rest(c);
    if (address_literal(domain))
        return PATH_LITERAL;
    return domain_normalise(domain, path->domain) ? PATH_ADDRESS : PATH_MALFORMED;
}

/* T without "<" and ">" around it; false if only one of them is there. */
static bool angle_brackets(struct text *t)
{
    bool opened = t->len > 0 && t->data[0] == '<';
    bool closed = t->len > 0 && t->data[t->len - 1] == '>';

    if (opened != closed)
        return false;
    if (opened) {
        *t = text_tail(*t, 1);
        t->len--;
    }
    return true;
}

void path_parse(struct text raw, struct path *path)
{
    struct text t = trim_blanks(raw);
    struct cursor c;

    *path = (struct path){ .kind = PATH_MALFORMED };
    if (!angle_brackets(&t))
        return;
    t = trim_blanks(t);
    c = cursor_over(t);
    path->kind = cursor_done(&c) ? PATH_NULL : mailbox(&c, path);
    if (path->kind == PATH_MALFORMED)
        path->local_part = (struct text){ NULL, 0 };
}
