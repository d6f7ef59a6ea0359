/* lexer.h: the tokens of structured field bodies (RFC 5322 §3.2), as liberal
 * as real From fields need.
 *
 * White space, folding and comments (CFWS) separate tokens and are skipped,
 * but what a comment holds is remembered, because a reader that knows no
 * comments would take it for part of an address.  Octets >= 0x80 belong to
 * words.  Linear; comments nest up to COMMENT_DEPTH_MAX.  A lexer may be
 * copied to look ahead and copied back.
 */
#ifndef VIDIMUS_MAIL_LEXER_H
#define VIDIMUS_MAIL_LEXER_H

#include <stdbool.h>

#include "base/cursor.h"

enum { COMMENT_DEPTH_MAX = 50 };

enum token_kind {
    TOKEN_END,
    TOKEN_ATOM,
    TOKEN_QUOTED,  /* quoted-string, quotes included */
    TOKEN_ENCODED, /* encoded-word (RFC 2047), with specials that it may hold
                      without making addresses doubtful */
    TOKEN_LITERAL, /* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
    TOKEN_SPECIAL, /* one of ()<>[]:;@\,. */
    TOKEN_BAD      /* control octet, open quote or comment, too much nesting */
};

struct token {
    enum token_kind kind;
    struct text text;
};

struct lexer {
    struct cursor c;
    bool comment_specials; /* a comment held '@', '<' or '>' */
    bool comment_address;  /* a comment held both '@' and '<' */
};

struct lexer lexer_over(struct text t);

/* Skips CFWS; false where a comment is not sane. */
bool lexer_cfws(struct lexer *lexer);

struct token lexer_next(struct lexer *lexer);

/* Takes the special C if it is the next token. */
bool lexer_take(struct lexer *lexer, char c);

static inline bool token_is(struct token token, char special)
{
    return token.kind == TOKEN_SPECIAL && token.text.data[0] == special;
}

#endif
