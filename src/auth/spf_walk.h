/* spf_walk.h: one SPF evaluation's way through the DNS.
 *
 * Whatever engine evaluates, it asks the DNS only through a walk.  The walk
 * selects and parses records and holds the limits of RFC 7208 §4.6.4 over the
 * whole evaluation, includes and redirects counted together.  The first thing
 * that ends an evaluation early (a limit, a DNS failure, a syntax error) is
 * noted in the outcome and stands: from then on every question is refused.
 */
#ifndef VIDIMUS_AUTH_SPF_WALK_H
#define VIDIMUS_AUTH_SPF_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "base/buf.h"
#include "dns/answer.h"

enum {
    SPF_TERMS_MAX = 10,     /* terms that ask the DNS */
    SPF_VOIDS_MAX = 2,      /* of them, those whose own question finds nothing */
    SPF_EXCHANGES_MAX = 10, /* names of one mx; more are an error */
    SPF_POINTERS_MAX = 10,  /* names of one ptr that are looked at */
    SPF_QUESTIONS_MAX = 30, /* that one evaluation counts: ours, so that one domain
                               cannot use up the questions of a message */
    SPF_RECORDS_MAX = 1 + SPF_TERMS_MAX
};

struct spf_walk {
    const struct spf_request *request;
    struct spf_outcome *outcome; /* lookups and voids are counted there */
    bool stopped;                /* outcome's result and reason are final */
    unsigned questions;
    struct buf path;             /* domains whose record was asked for */
};

/* Begins: clears *OUTCOME to none. */
void spf_walk_begin(struct spf_walk *walk, const struct spf_request *request,
                    struct spf_outcome *outcome);

/* Ends the evaluation with RESULT, unless it has ended already.  REASON is
 * static or of the request's region. */
void spf_walk_stop(struct spf_walk *walk, enum result result, const char *reason);

/* Ends it, likewise, because a limit is reached: permerror. */
void spf_walk_limit(struct spf_walk *walk, const char *reason);

/* Fetches, selects and parses the record of the identity's own domain; none is
 * none.  False: the walk has stopped. */
bool spf_walk_first(struct spf_walk *walk, struct spf_record *record);

/* Likewise for an include or redirect, which counts as a term; none is
 * permerror.  EXPANDED is its expanded domain-spec, DOMAIN gets the name. */
bool spf_walk_target(struct spf_walk *walk, struct text expanded, domain_name domain,
                     struct spf_record *record);

/* Asks the question of a term (a mx exists) for EXPANDED, its expanded
 * domain-spec.  NULL when the walk has stopped; a name that cannot be asked
 * finds nothing. */
const struct dns_answer *spf_walk_term(struct spf_walk *walk, struct text expanded,
                                       enum dns_type type);

/* Asks for the addresses, of the client's family, of a name that an mx term
 * found.  Not counted.  NULL when the walk has stopped. */
const struct dns_answer *spf_walk_exchange(struct spf_walk *walk, const char *name);

/* The question of a ptr term: the client's PTR records.  A failure finds nothing
 * (§5.5).  Counted as a term.  NULL when the walk has stopped. */
const struct dns_answer *spf_walk_pointer_term(struct spf_walk *walk);

/* The same records for %{p}, and the addresses of a name of these, of the
 * client's family.  Not counted. */
const struct dns_answer *spf_walk_pointers(struct spf_walk *walk);
const struct dns_answer *spf_walk_pointer(struct spf_walk *walk, const char *name);

/* Whether an address of ANSWER has CLIENT in its network of PREFIX4 or PREFIX6
 * bits. */
bool spf_answer_holds(const struct dns_answer *answer, const struct ip_address *client,
                      unsigned prefix4, unsigned prefix6);

/* The address type of the client's family. */
enum dns_type spf_walk_family(const struct spf_walk *walk);

/* Whether NAME, from a record or an answer, is one of a host: letters, digits,
 * '-' and '_'.  Only such names are printed, or shown to a library. */
bool spf_is_host_name(const char *name);

#endif
