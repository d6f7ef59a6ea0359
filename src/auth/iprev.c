#include "auth/iprev.h"

#include <string.h>

#include "base/region.h"
#include "dns/scope.h"

/* Names of one address that are tried (RFC 8601 §3 asks for a bound). */
enum { NAMES_MAX = 10 };

static size_t name_count(const struct dns_answer *ptr)
{
    return ptr->count < NAMES_MAX ? ptr->count : NAMES_MAX;
}

static enum dns_type address_type(const struct ip_address *client)
{
    return client->family == IP_V4 ? DNS_A : DNS_AAAA;
}

static void start_forward(struct dns_scope *dns, const struct dns_answer *ptr, enum dns_type type)
{
    if (ptr->status != DNS_OK)
        return;
    for (size_t i = 0; i < name_count(ptr); i++)
        dns_scope_start(dns, ptr->records[i].name, type, NULL, NULL);
}

/* Completion of the PTR lookup: the scope is the context; it is alive while it
 * calls. */
static void forward_v4(void *context, const struct dns_answer *ptr)
{
    start_forward(context, ptr, DNS_A);
}

static void forward_v6(void *context, const struct dns_answer *ptr)
{
    start_forward(context, ptr, DNS_AAAA);
}

void iprev_start(struct dns_scope *dns, const struct ip_address *client)
{
    char reverse[IP_REVERSE_SIZE];

    if (client->family == IP_NONE)
        return;
    dns_scope_start(dns, ip_reverse_name(client, reverse), DNS_PTR,
                    client->family == IP_V4 ? forward_v4 : forward_v6, dns);
}

void iprev_start_named(struct dns_scope *dns, const struct ip_address *client, const char *name)
{
    if (client->family != IP_NONE)
        dns_scope_start(dns, name, address_type(client), NULL, NULL);
}

static bool holds_address(const struct dns_answer *answer, const struct ip_address *client)
{
    for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++) {
        struct ip_address ip = ip_from_octets(client->family, answer->records[i].address);

        if (ip_equal(&ip, client))
            return true;
    }
    return false;
}

/* Tries the names of PTR.  A name that leads back passes, whatever happened to
 * the others; if one could not be asked, nothing is known. */
static enum result confirm(struct dns_scope *dns, const struct dns_answer *ptr,
                           const struct ip_address *client, domain_name confirmed)
{
    enum result result = RESULT_FAIL;

    start_forward(dns, ptr, address_type(client));
    for (size_t i = 0; i < name_count(ptr); i++) {
        const struct dns_answer *forward =
            dns_scope_lookup(dns, ptr->records[i].name, address_type(client));

        if (holds_address(forward, client)) {
            memcpy(confirmed, ptr->records[i].name, sizeof(domain_name));
            return RESULT_PASS;
        }
        if (dns_failed(forward))
            result = RESULT_TEMPERROR;
    }
    return result;
}

static const char *reason_of(enum result result, const struct dns_answer *ptr)
{
    if (result == RESULT_TEMPERROR)
        return dns_failed(ptr) ? "no answer for the PTR record" : "no answer for a name";
    if (result == RESULT_PERMERROR)
        return ptr->refused ? "malformed PTR record" : "no PTR record";
    return result == RESULT_FAIL ? "no name leads back to the address" : NULL;
}

static void judge(struct findings *findings, struct dns_scope *dns, const struct dns_answer *ptr,
                  const struct ip_address *client, domain_name confirmed)
{
    enum result result = RESULT_PERMERROR;
    char address[IP_TEXT_SIZE];
    struct finding *finding;
    const char *copy;

    if (dns_failed(ptr))
        result = RESULT_TEMPERROR;
    else if (ptr->status == DNS_OK && ptr->count > 0)
        result = confirm(dns, ptr, client, confirmed);
    finding = findings_add(findings, METHOD_IPREV, result, reason_of(result, ptr));
    copy = text_dup(findings->region, text_of(ip_format(client, address)));
    if (copy)
        finding_property(findings, finding, "policy.iprev", text_of(copy));
    copy = confirmed[0] ? text_dup(findings->region, text_of(confirmed)) : NULL;
    if (copy)
        finding_text(findings, finding, "name", text_of(copy));
}

void check_iprev(struct findings *findings, struct dns_scope *dns, const struct ip_address *client,
                 domain_name confirmed)
{
    char reverse[IP_REVERSE_SIZE];

    confirmed[0] = '\0';
    if (client->family == IP_NONE)
        return;
    judge(findings, dns, dns_scope_lookup(dns, ip_reverse_name(client, reverse), DNS_PTR), client,
          confirmed);
}

void check_iprev_named(struct findings *findings, struct dns_scope *dns,
                       const struct ip_address *client, const char *name, domain_name confirmed)
{
    struct dns_record record = { 0 };
    const struct dns_answer ptr = {
        .status = DNS_OK,
        .type = DNS_PTR,
        .count = 1,
        .records = &record,
    };

    confirmed[0] = '\0';
    if (client->family == IP_NONE)
        return;
    memcpy(record.name, name, strnlen(name, DOMAIN_MAX));
    judge(findings, dns, &ptr, client, confirmed);
}
