#include "auth/spf_explanation.h"

#include "auth/spf_macro.h"
#include "auth/spf_pointer.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"

static const char *validated(void *context, const char *domain)
{
    return spf_pointer_name(context, domain);
}

/* The one TXT record at NAME; several, or none, give no text. */
static struct text explain_string(struct spf_walk *walk, const char *name)
{
    const struct dns_answer *answer = dns_scope_lookup(walk->request->dns, name, DNS_TXT);

    if (answer->status != DNS_OK || answer->count + answer->refused != 1 || answer->capped)
        return (struct text){ NULL, 0 };
    return answer->records[0].data;
}

const char *spf_explanation(struct spf_walk *walk, const char *domain,
                            const struct spf_record *record)
{
    struct spf_macros macros = { walk->request, domain, validated, walk };
    struct spf_expansion expansion;
    struct text text;
    domain_name name;

    if (!walk->request->explain || record->explanation.text.len == 0 ||
        !spf_expand_name(&macros, record->explanation.text, &expansion) ||
        !spf_target_name(spf_expansion_text(&expansion), name))
        return NULL;
    text = explain_string(walk, name);
    if (text.len == 0 || !spf_expand_explanation(&macros, text, &expansion) || expansion.len == 0)
        return NULL;
    return text_dup(walk->request->region, spf_expansion_text(&expansion));
}
