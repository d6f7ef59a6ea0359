#include "core/bounds.h"

#include "auth/dkim.h"
#include "auth/spf.h"
#include "core/transaction.h"
#include "mail/author.h"
#include "mail/message.h"

const struct name bound_names[] = {
    { BOUND_AUTHORS, "authors" },
    { BOUND_DNS_QUESTIONS, "dns-questions" },
    { BOUND_DNS_TIME, "dns-time" },
    { BOUND_HEADER_FIELDS, "header-fields" },
    { BOUND_SIGNATURES, "signatures" },
    { BOUND_SPF, "spf" },
    { 0, NULL },
};

bool bound_reached(const struct judgement *j, enum bound bound)
{
    switch (bound) {
    case BOUND_AUTHORS:
        return j->author && j->author->status == AUTHOR_TOO_MANY;
    case BOUND_DNS_QUESTIONS:
        return j->dns.limit_hit;
    case BOUND_DNS_TIME:
        return j->dns.deadline_hit;
    case BOUND_HEADER_FIELDS:
        return j->message && j->message->fields_capped;
    case BOUND_SIGNATURES:
        return j->dkim && verify_dkim_left_out(j->dkim) > 0;
    case BOUND_SPF:
        return j->spf && j->spf->limit_hit;
    }
    return false;
}
