/* Fuzz target: hostile RDATA to answers.  Input: an octet that chooses the
 * type, then records: a length of two octets and that much RDATA. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer_private.h"
#include "dns/name_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MAX = 300 };

static const enum dns_type types[] = { DNS_A,   DNS_CNAME, DNS_PTR, DNS_MX,
                                       DNS_TXT, DNS_AAAA,  DNS_TLSA };

static void check_domain(const char *domain)
{
    if (strlen(domain) > DOMAIN_MAX)
        abort();
    for (const char *c = domain; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", *c))
            abort();
}

/* Any visible octet but a backslash. */
static void check_exchange(const char *name)
{
    if (strlen(name) > DOMAIN_MAX)
        abort();
    for (const char *c = name; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '\\')
            abort();
}

static void check_record(enum dns_type type, const struct dns_record *record)
{
    volatile char seen = 0;

    switch (type) {
    case DNS_MX:
        check_exchange(record->mx.exchange);
        break;
    case DNS_PTR:
    case DNS_CNAME:
        check_domain(record->name);
        break;
    case DNS_TXT:
    case DNS_TLSA:
        if (record->data.len > DNS_TXT_MAX)
            abort();
        for (size_t i = 0; i < record->data.len; i++)
            seen = (char)(seen ^ record->data.data[i]);
        break;
    case DNS_A:
    case DNS_AAAA:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_rdata rdata[RECORDS_MAX];
    struct dns_facts facts = { .status = DNS_OK, .ttl = 60, .rdata = rdata };
    const struct dns_answer *answer;
    size_t at = 1;

    if (size == 0)
        return 0;
    facts.type = types[data[0] % (sizeof types / sizeof types[0])];
    while (size - at >= 2 && facts.count < RECORDS_MAX) {
        size_t len = (size_t)(data[at] << 8 | data[at + 1]);

        at += 2;
        if (len > size - at)
            len = size - at;
        rdata[facts.count++] = (struct dns_rdata){ data + at, len };
        at += len;
    }
    answer = dns_answer_new(&facts);
    if (answer->count > DNS_RECORDS_MAX ||
        (!answer->capped && answer->count + answer->refused != facts.count))
        abort();
    for (size_t i = 0; i < answer->count; i++)
        check_record(facts.type, &answer->records[i]);
    dns_answer_unref(answer);
    return 0;
}
