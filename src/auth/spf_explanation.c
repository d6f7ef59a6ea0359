#include "auth/spf_explanation.h"

#include <string.h>

#include "auth/spf_macro.h"
#include "auth/spf_pointer.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"

/* The evaluation's own walk is over by the time that the text is wanted. */
struct spf_explanation {
    struct spf_request request;
    struct spf_outcome outcome;
    struct spf_walk walk;
    struct text where;        /* exp= */
    domain_name domain, name; /* whose fail it is; where the text is: "" when that names the
                               * client, and so has to wait */
};

static const char *validated(void *context, const char *domain)
{
    return spf_pointer_name(context, domain);
}

static struct spf_macros macros_of(struct spf_explanation *e, bool may_wait)
{
    return (struct spf_macros){ &e->request, e->domain, may_wait ? validated : NULL, &e->walk };
}

static bool find_name(struct spf_explanation *e, bool may_wait)
{
    struct spf_macros macros = macros_of(e, may_wait);
    struct spf_expansion expansion;

    return spf_expand_name(&macros, e->where, &expansion) &&
           spf_target_name(spf_expansion_text(&expansion), e->name);
}

static struct spf_explanation *explanation_new(const struct spf_walk *walk, const char *domain,
                                               struct text where)
{
    struct region *region = walk->request->region;
    struct spf_explanation *e = region_alloc(region, sizeof *e);

    if (!e)
        return NULL;
    e->request = *walk->request;
    e->request.domain = text_dup(region, text_of(walk->request->domain));
    if (walk->request->helo)
        e->request.helo = text_dup(region, text_of(walk->request->helo));
    e->outcome = *walk->outcome;
    e->walk = *walk;
    e->walk.request = &e->request;
    e->walk.outcome = &e->outcome;
    memcpy(e->domain, domain, strlen(domain) + 1);
    e->where = where;
    e->name[0] = '\0';
    return region_failed(region) ? NULL : e;
}

struct spf_explanation *spf_explanation_ask(const struct spf_walk *walk, const char *domain,
                                            const struct spf_record *record)
{
    struct text where = record->explanation.text;
    struct spf_explanation *e;

    if (!walk->request->explain || where.len == 0 || !(e = explanation_new(walk, domain, where)))
        return NULL;
    if (spf_macro_uses(where, 'p'))
        return e;
    if (!find_name(e, false))
        return NULL;
    dns_scope_start(e->request.dns, e->name, DNS_TXT, NULL, NULL);
    return e;
}

/* The one TXT record there; several, or none, give no text. */
static struct text explain_string(const struct spf_explanation *e)
{
    const struct dns_answer *answer = dns_scope_lookup(e->request.dns, e->name, DNS_TXT);

    if (answer->status != DNS_OK || answer->count + answer->refused != 1 || answer->capped)
        return (struct text){ NULL, 0 };
    return answer->records[0].data;
}

const char *spf_explanation_text(struct spf_explanation *e)
{
    struct spf_expansion expansion;
    struct spf_macros macros;
    struct text text;

    if (!e || (!*e->name && !find_name(e, true)))
        return NULL;
    text = explain_string(e);
    macros = macros_of(e, true);
    if (text.len == 0 || !spf_expand_explanation(&macros, text, &expansion) || expansion.len == 0)
        return NULL;
    return text_dup(e->request.region, spf_expansion_text(&expansion));
}
