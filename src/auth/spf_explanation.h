/* spf_explanation.h: what a domain says about its fail (RFC 7208 §6.2).  It is asked for
 * when the fail is known and waited for when the words are wanted, so that other questions
 * of the message are not kept waiting meanwhile.
 */
#ifndef VIDIMUS_AUTH_SPF_EXPLANATION_H
#define VIDIMUS_AUTH_SPF_EXPLANATION_H

struct spf_explanation;
struct spf_record;
struct spf_walk;

/* Asks, without waiting, for the explanation of a fail that RECORD, of DOMAIN, gave.  Lives in the region of
 * WALK's request.  NULL when nobody wants it (spf_request) or there is none.  Its questions
 * are not counted (§4.6.4). */
struct spf_explanation *spf_explanation_ask(const struct spf_walk *walk, const char *domain,
                                            const struct spf_record *record);

/* Waits for it; NULL has none.  Expanded: printable ASCII of at most SPF_EXPLANATION_MAX
 * octets, in the same region.  NULL when anything goes wrong, which is not an error. */
const char *spf_explanation_text(struct spf_explanation *explanation);

#endif
