/* spf_pointer.h: validated domain names of the client (RFC 7208 §5.5): the
 * names of its PTR records whose addresses hold it.
 *
 * No name is looked up that could not change the answer.  These questions are
 * not counted: they depend on the client alone, so no record can multiply them.
 */
#ifndef VIDIMUS_AUTH_SPF_POINTER_H
#define VIDIMUS_AUTH_SPF_POINTER_H

#include <stdbool.h>

struct dns_answer;
struct spf_walk;

/* Whether a validated name among those of POINTERS is DOMAIN or within it. */
bool spf_pointer_within(struct spf_walk *walk, const struct dns_answer *pointers,
                        const char *domain);

/* What %{p} stands for: DOMAIN itself, else a name within it, else another;
 * NULL when none is validated. */
const char *spf_pointer_name(struct spf_walk *walk, const char *domain);

#endif
