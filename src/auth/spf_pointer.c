#include "auth/spf_pointer.h"

#include <string.h>

#include "auth/spf_walk.h"
#include "dns/answer.h"
#include "mail/domain.h"

/* In the order of §7.3's preference for %{p}. */
enum kinship { KIN_SAME, KIN_WITHIN, KIN_STRANGER };

static enum kinship kinship(const char *name, const char *domain)
{
    if (strcmp(name, domain) == 0)
        return KIN_SAME;
    return domain_is_within(name, domain) ? KIN_WITHIN : KIN_STRANGER;
}

static bool leads_back(struct spf_walk *walk, const char *name)
{
    const struct dns_answer *answer = spf_walk_pointer(walk, name);

    return answer && spf_answer_holds(answer, &walk->request->client, 32, 128);
}

/* A validated name that is at most a FURTHEST of DOMAIN, the closest first. */
static const char *validated(struct spf_walk *walk, const struct dns_answer *pointers,
                             const char *domain, enum kinship furthest)
{
    size_t count = pointers->count < SPF_POINTERS_MAX ? pointers->count : SPF_POINTERS_MAX;

    for (int kin = KIN_SAME; kin <= (int)furthest; kin++)
        for (size_t i = 0; i < count; i++) {
            const char *name = pointers->records[i].name;

            if ((int)kinship(name, domain) == kin && leads_back(walk, name))
                return name;
        }
    return NULL;
}

bool spf_pointer_within(struct spf_walk *walk, const struct dns_answer *pointers,
                        const char *domain)
{
    return validated(walk, pointers, domain, KIN_WITHIN);
}

const char *spf_pointer_name(struct spf_walk *walk, const char *domain)
{
    const struct dns_answer *pointers = spf_walk_pointers(walk);

    return pointers ? validated(walk, pointers, domain, KIN_STRANGER) : NULL;
}
