/* dmarc_prefetch.c: starts what a walk will ask for, without waiting. */
#include "auth/dmarc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/dmarc_walk.h"
#include "auth/psl.h"
#include "dns/scope.h"
#include "mail/domain.h"

/* Whether a domain exists matters when it has no record of its own and one above it
 * has np.  Shared by the answers that tell so; the scope is alive while it calls. */
struct existence {
    atomic_uint references; /* one a question */
    atomic_bool has_no_record, np_above;
    struct dns_scope *dns;
    domain_name domain;
};

static struct existence *existence_new(struct dns_scope *dns, const char *domain, size_t questions)
{
    struct existence *existence = calloc(1, sizeof *existence);

    if (!existence)
        return NULL;
    atomic_init(&existence->references, (unsigned)questions);
    existence->dns = dns;
    memcpy(existence->domain, domain, strlen(domain) + 1);
    return existence;
}

static void drop(struct existence *existence)
{
    if (atomic_fetch_sub(&existence->references, 1) == 1)
        free(existence);
}

static void ask_if_it_matters(struct existence *existence)
{
    if (existence->has_no_record && existence->np_above)
        dns_scope_start(existence->dns, existence->domain, DNS_A, NULL, NULL);
    drop(existence);
}

static void own_known(void *context, const struct dns_answer *answer)
{
    struct existence *existence = context;
    struct dmarc_record record;

    if (!dns_failed(answer) && dmarc_record_select(answer, &record) == DMARC_RECORD_NONE)
        existence->has_no_record = true;
    ask_if_it_matters(existence);
}

static void inherited_known(void *context, const struct dns_answer *answer)
{
    struct existence *existence = context;
    struct dmarc_record record;

    if (dmarc_record_select(answer, &record) == DMARC_RECORD_OK && record.has_np)
        existence->np_above = true;
    ask_if_it_matters(existence);
}

static size_t names_of(const char *domain, enum dmarc_discovery discovery,
                       const char *names[DMARC_WALK_MAX])
{
    if (discovery == DMARC_TREE_WALK)
        return dmarc_walk_names(domain, names);
    names[0] = domain;
    names[1] = listed_organizational_domain(domain);
    return strcmp(names[1], domain) != 0 ? 2 : 1;
}

void dmarc_prefetch(struct dns_scope *dns, const char *domain, enum dmarc_discovery discovery)
{
    const char *names[DMARC_WALK_MAX];
    size_t count = names_of(domain, discovery, names);
    struct existence *existence = existence_new(dns, domain, count);
    domain_name query;

    if (!existence)
        dns_scope_fail(dns);
    for (size_t i = 0; existence && i < count; i++) {
        if (dmarc_query_name(names[i], query))
            dns_scope_start(dns, query, DNS_TXT, i == 0 ? own_known : inherited_known, existence);
        else
            drop(existence);
    }
}

/* Whether DOMAIN may be of the organization of AUTHOR, which is not known yet: two
 * labels in common make it likely enough. */
static bool may_align(const char *author, const char *domain)
{
    return strcmp(author, domain) != 0 && domain_labels(domain) > 1 &&
           domain_is_within(author, domain_last_labels(domain, 2));
}

void dmarc_prefetch_identifier(struct dns_scope *dns, const struct author *author,
                               const char *domain, enum dmarc_discovery discovery)
{
    if (discovery != DMARC_TREE_WALK)
        return;
    for (size_t i = 0; i < author->count; i++)
        if (may_align(author->domains[i], domain)) {
            dmarc_walk_start(dns, domain);
            return;
        }
}
