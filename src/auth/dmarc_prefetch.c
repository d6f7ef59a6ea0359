/* dmarc_prefetch.c: starts what a walk will ask for, without waiting. */
#include "auth/dmarc.h"

#include <stdlib.h>
#include <string.h>

#include "auth/dmarc_walk.h"
#include "auth/psl.h"
#include "dns/scope.h"
#include "mail/domain.h"

/* Waits for a record that may be inherited: with np, whether the domain exists
 * will matter too.  The scope is alive while it calls. */
struct existence {
    struct dns_scope *dns;
    domain_name domain;
};

static void ask_existence(void *context, const struct dns_answer *answer)
{
    struct existence *existence = context;
    bool has_np = false;

    for (size_t i = 0; answer->status == DNS_OK && i < answer->count && !has_np; i++) {
        struct dmarc_record record;

        has_np = dmarc_record_parse(answer->records[i].data, &record) == DMARC_RECORD_OK &&
                 record.has_np;
    }
    if (has_np)
        dns_scope_start(existence->dns, existence->domain, DNS_A, NULL, NULL);
    free(existence);
}

/* Starts the question for a record above DOMAIN. */
static void start_inherited(struct dns_scope *dns, const char *query, const char *domain)
{
    struct existence *existence = malloc(sizeof *existence);

    if (existence) {
        existence->dns = dns;
        memcpy(existence->domain, domain, strlen(domain) + 1);
    }
    dns_scope_start(dns, query, DNS_TXT, existence ? ask_existence : NULL, existence);
}

void dmarc_prefetch(struct dns_scope *dns, const char *domain, enum dmarc_discovery discovery)
{
    const char *names[DMARC_WALK_MAX] = { domain };
    size_t count = 1;
    domain_name query;

    if (discovery == DMARC_TREE_WALK)
        count = dmarc_walk_names(domain, names);
    else if (strcmp(names[1] = listed_organizational_domain(domain), domain) != 0)
        count = 2;
    if (dmarc_query_name(names[0], query))
        dns_scope_start(dns, query, DNS_TXT, NULL, NULL);
    for (size_t i = 1; i < count; i++)
        if (dmarc_query_name(names[i], query))
            start_inherited(dns, query, domain);
}
