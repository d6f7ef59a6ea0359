/* tokens_private.h: from configuration files to tokens that know their place.
 *
 * The octets never reach libconfuse, whose scanner expands ${NAME} from the
 * environment and ~ from the password file, lets line breaks into values, reads
 * 010 as 8, forgets the file inside a section and keeps its state after an
 * error.  Here:
 *
 *   word     1*(ALPHA / DIGIT / "_" / "-" / ".")   names, numbers, true, false
 *   string   "…" with \" and \\, or '…' with \' and \\; one line, no controls
 *   { } = ,  and include("FILE") between statements, resolved on the spot
 *   comments # … and // … to the end of the line, and between slash-star and star-slash
 *
 * An include is looked for beside the file that names it.  Files hold whole
 * statements; their number, depth and size are bounded.
 */
#ifndef VIDIMUS_CONFIG_TOKENS_PRIVATE_H
#define VIDIMUS_CONFIG_TOKENS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/errors_private.h"

struct region;

enum token_kind { TOKEN_WORD, TOKEN_STRING, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EQUAL, TOKEN_COMMA };

struct token {
    enum token_kind kind;
    struct text text; /* of a string: without quotes and escapes */
    struct place place;
};

struct tokens {
    struct region *region;
    size_t count;
    size_t capacity;
    struct token *items;
};

void tokens_init(struct tokens *tokens, struct region *region);

/* Appends the tokens of the file, or of TEXT, which NAME is for messages and
 * which may include nothing.  False after the first error. */
bool tokens_read_file(struct tokens *tokens, struct errors *errors, const char *name);
bool tokens_read_text(struct tokens *tokens, struct errors *errors, const char *name,
                      struct text text);

#endif
