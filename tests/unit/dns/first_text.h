/* first_text.h: what an answer's first record says, to compare with a row. */
#ifndef VIDIMUS_TESTS_DNS_FIRST_TEXT_H
#define VIDIMUS_TESTS_DNS_FIRST_TEXT_H

#include "dns/answer.h"

static struct text first_text(const struct dns_answer *answer)
{
    switch (answer->type) {
    case DNS_MX:
        return text_of(answer->records[0].mx.exchange);
    case DNS_PTR:
    case DNS_CNAME:
        return text_of(answer->records[0].name);
    case DNS_TXT:
    case DNS_TLSA:
        return answer->records[0].data;
    case DNS_A:
        return (struct text){ (const char *)answer->records[0].address, 4 };
    case DNS_AAAA:
        break;
    }
    return TEXT("");
}

#endif
