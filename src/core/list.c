#include "core/list.h"

#include "auth/dkim.h"
#include "config/config.h"
#include "mail/message.h"

bool list_id_parse(struct text value, domain_name domain)
{
    size_t open = value.len, close = value.len;

    domain[0] = '\0';
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '<')
            open = i;
        else if (value.data[i] == '>')
            close = i;
    }
    if (open < close && close < value.len)
        value = text_head(text_tail(value, open + 1), close - open - 1);
    return domain_normalise(text_trim(value), domain);
}

static bool signed_by(const char *list, const struct dkim_verifier *dkim)
{
    for (size_t i = 0; i < verify_dkim_count(dkim); i++) {
        const struct dkim_candidate *c = verify_dkim_candidate(dkim, i);
        const char *signer = c->signature.domain;

        if (c->result != RESULT_PASS || domain_labels(signer) < 2)
            continue;
        if (domain_is_within(list, signer) || domain_is_within(signer, list))
            return true;
    }
    return false;
}

void list_claim_of(const struct message *message, const struct dkim_verifier *dkim,
                   const struct domains *trusted, struct list_claim *claim)
{
    int best = -1, seen = 0;

    *claim = (struct list_claim){ .is_signed = false };
    for (struct field *f = field_find(message->fields, TEXT("List-Id"));
         f && seen < LIST_FIELDS_MAX; f = field_find(f->next, TEXT("List-Id")), seen++) {
        struct list_claim this = { .is_signed = false };
        int worth;

        if (!list_id_parse(f->value, this.domain) || domain_labels(this.domain) < 2)
            continue;
        this.is_signed = signed_by(this.domain, dkim);
        worth = !this.is_signed ? 0 : domains_cover(trusted, this.domain) ? 2 : 1;
        if (worth > best) {
            best = worth;
            *claim = this;
        }
    }
}
