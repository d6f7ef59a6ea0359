/* sign_index.h: which rule signs for an address, found by search, not by trying.
 *
 * Of DOMAIN, BELOW and ANY rules the most specific counts; where there is none,
 * the ADDRESS rules are gone through in their order (config.h).
 */
#ifndef VIDIMUS_CORE_SIGN_INDEX_H
#define VIDIMUS_CORE_SIGN_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config.h"

struct sign_index;

/* CONFIG stays lent.  NULL: memory. */
struct sign_index *sign_index_new(const struct config *config);
void sign_index_free(struct sign_index *index); /* NULL allowed */

/* The rules for LOCAL @ DOMAIN, at most MAX (> 0), into RULES; how many.  More
 * than one only of OpenDKIM tables with MultipleSignatures. */
size_t sign_index_find(const struct sign_index *index, struct text local, const char *domain,
                       const struct sign_rule **rules, size_t max);

#endif
