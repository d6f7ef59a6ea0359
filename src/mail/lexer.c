#include "mail/lexer.h"

static bool is_fws(char c)
{
    return octet_is_wsp(c) || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
    switch (c) {
    case '(': case ')': case '<': case '>': case '[': case ']':
    case ':': case ';': case '@': case '\\': case ',': case '.': case '"':
        return true;
    }
    return false;
}

static bool is_atom_octet(char c)
{
    return c != ' ' && !octet_is_control(c) && !is_special(c);
}

static bool is_literal_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '.' || c == ':' || c == '-';
}

/* token of RFC 2047 §2, roughly: charset and encoding. */
static bool is_encoding_octet(char c)
{
    return is_atom_octet(c) && c != '?' && c != '=';
}

/* Octets of encoded-text that are taken for it: not the blanks and '?' that
 * end it, not what starts or ends comments, quotes and angle-addrs. */
static bool is_encoded_text_octet(char c)
{
    return is_atom_octet(c) ? c != '?' : c == ',' || c == ';' || c == ':' || c == '@' || c == '.';
}

struct lexer lexer_over(struct text t)
{
    return (struct lexer){ .c = cursor_over(t) };
}

/* comment = "(" *([FWS] ccontent) [FWS] ")", counted instead of recursed. */
static bool comment(struct lexer *lexer)
{
    struct cursor *c = &lexer->c;
    bool at = false, opening = false, closing = false;
    int depth = 0;

    do {
        switch (*c->at++) {
        case '(':
            if (++depth > COMMENT_DEPTH_MAX)
                return false;
            break;
        case ')':
            depth--;
            break;
        case '\\':
            if (cursor_done(c))
                return false;
            c->at++;
            break;
        case '@':
            at = true;
            break;
        case '<':
            opening = true;
            break;
        case '>':
            closing = true;
            break;
        case '\0':
            return false;
        }
    } while (depth > 0 && !cursor_done(c));
    lexer->comment_specials |= at || opening || closing;
    lexer->comment_address |= at && opening;
    return depth == 0;
}

bool lexer_cfws(struct lexer *lexer)
{
    do {
        cursor_run(&lexer->c, is_fws);
        if (cursor_peek(&lexer->c) != '(')
            return true;
    } while (comment(lexer));
    return false;
}

static bool quoted_string(struct cursor *c)
{
    cursor_take(c, '"');
    while (!cursor_done(c)) {
        char octet = *c->at++;

        if (octet == '"')
            return true;
        if (octet == '\0' || (octet == '\\' && cursor_done(c)))
            return false;
        if (octet == '\\')
            c->at++;
    }
    return false;
}

/* encoded-word.  Broken software leaves commas, colons and '@' as they are in
 * encoded-text.  Either is harmless, but with both of them a reader that
 * splits at the comma first would find an address that we do not see. */
static bool encoded_word(struct cursor *c)
{
    struct cursor ahead = *c;
    struct text text;
    bool separator = false, at = false;

    if (!cursor_take(&ahead, '=') || !cursor_take(&ahead, '?') ||
        cursor_run(&ahead, is_encoding_octet).len == 0 || !cursor_take(&ahead, '?') ||
        cursor_run(&ahead, is_encoding_octet).len != 1 || !cursor_take(&ahead, '?'))
        return false;
    text = cursor_run(&ahead, is_encoded_text_octet);
    if (!cursor_take(&ahead, '?') || !cursor_take(&ahead, '='))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        separator |= text.data[i] == ',' || text.data[i] == ';' || text.data[i] == ':';
        at |= text.data[i] == '@';
    }
    if (separator && at)
        return false;
    *c = ahead;
    return true;
}

static bool literal(struct cursor *c)
{
    struct cursor ahead = *c;

    if (!cursor_take(&ahead, '[') || cursor_run(&ahead, is_literal_octet).len == 0 ||
        !cursor_take(&ahead, ']'))
        return false;
    *c = ahead;
    return true;
}

/* Takes the token that starts at the cursor. */
static enum token_kind take(struct cursor *c)
{
    int first = cursor_peek(c);

    if (first < 0)
        return TOKEN_END;
    if (first == '"')
        return quoted_string(c) ? TOKEN_QUOTED : TOKEN_BAD;
    if (first == '=' && encoded_word(c))
        return TOKEN_ENCODED;
    if (first == '[' && literal(c))
        return TOKEN_LITERAL;
    if (cursor_run(c, is_atom_octet).len > 0)
        return TOKEN_ATOM;
    if (!is_special((char)first))
        return TOKEN_BAD;
    c->at++;
    return TOKEN_SPECIAL;
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = { .kind = TOKEN_BAD };
    const char *start;

    if (!lexer_cfws(lexer))
        return token;
    start = lexer->c.at;
    token.kind = take(&lexer->c);
    token.text = cursor_since(&lexer->c, start);
    return token;
}

bool lexer_take(struct lexer *lexer, char c)
{
    struct lexer ahead = *lexer;

    if (!token_is(lexer_next(&ahead), c))
        return false;
    *lexer = ahead;
    return true;
}
