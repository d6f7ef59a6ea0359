/* statements_private.h: what libconfuse accepts in silence. */
#ifndef VIDIMUS_CONFIG_STATEMENTS_PRIVATE_H
#define VIDIMUS_CONFIG_STATEMENTS_PRIVATE_H

#include "config/tokens_private.h"

/* Looks through TOKENS, which libconfuse has parsed: an option set twice in
 * one section, a section or a title used twice, a title without quotes.
 * False when a title is of no use, so that the sections cannot be read. */
bool statements_check(const struct tokens *tokens, struct region *scratch, struct errors *errors);

#endif
