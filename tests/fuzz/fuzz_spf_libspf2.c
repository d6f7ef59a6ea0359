/* The SPF evaluation through libspf2, on hostile DNS: our parser, the guards
 * and the library behind them.
 *
 * Input: the first octet chooses the client; what follows is as in spf_case.h.
 */
#include <stdint.h>
#include <stdlib.h>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"
#include "spf_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A first record that the parser refuses, or with a macro, is never judged. */
static void expect_guarded(struct region *region, struct dns_scope *dns,
                           const struct spf_outcome *outcome)
{
    const struct dns_answer *answer = dns_scope_lookup(dns, "r0.f", DNS_TXT);
    struct spf_record record;
    struct text text;

    if (dns_failed(answer)) {
        if (outcome->result != RESULT_TEMPERROR)
            abort();
    } else if (spf_record_select(answer, &text) == RECORD_NONE) {
        if (outcome->result != RESULT_NONE)
            abort();
    } else if (spf_record_parse(region, text, &record)) {
        if (outcome->result != RESULT_PERMERROR)
            abort();
    } else if (record.redirect.macros && outcome->result != RESULT_PERMERROR) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_scope_limits limits = { .questions_max = 100 };
    struct dns_scope_usage usage;
    struct spf_request request = { .local_part = TEXT("a%{l}"), .domain = "r0.f", .receiver = "x" };
    struct spf_outcome outcome;
    struct resolver *resolver;

    if (size == 0)
        return 0;
    request.client = case_client(data[0]);
    resolver = case_resolver((struct text){ (const char *)data + 1, size - 1 }, &request.client);
    request.dns = dns_scope_new(resolver, &limits);
    request.region = region_new(0);
    spf_engine_libspf2.evaluate(&request, &outcome);
    dns_scope_usage(request.dns, &usage);
    if (outcome.lookups > SPF_TERMS_MAX + 1 || outcome.voids > SPF_VOIDS_MAX + 1 ||
        usage.questions > SPF_QUESTIONS_MAX + 1 + SPF_POINTERS_MAX || region_failed(request.region))
        abort();
    expect_guarded(request.region, request.dns, &outcome);
    region_free(request.region);
    dns_scope_unref(request.dns);
    resolver_unref(resolver);
    return 0;
}
