/* The native SPF engine on hostile DNS, and beside it the engine on libspf2:
 * where the library is let, both say the same.
 *
 * Input: the first octet chooses the client (2 bits), the sender (3 bits) and
 * the HELO name (2 bits); its last bit, whether the lookups are started early,
 * which must not change anything.  What follows is as in spf_case.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spf.h"
#include "auth/spf_explanation.h"
#include "auth/spf_macro.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/scope.h"
#include "spf_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct text senders[] = {
    { "user", 4 },         { "a.b-c+d", 7 }, { "\xc3\xbc", 2 },     { "\"a b\\\"\"", 7 },
    { "%{l}%{s}x=y", 11 }, { "..", 2 },      { "A\x01\xff/_%", 6 }, { NULL, 700 },
};
static const char *const helos[] = { "helo.f", "[192.0.2.1]", "a\"b (c", NULL };

struct run {
    struct region *region;
    struct dns_scope *dns;
    struct spf_outcome outcome;
    const char *explanation;
    struct dns_scope_usage usage;
};

static struct spf_request request_of(uint8_t choice, const char *long_sender)
{
    struct spf_request request = {
        .client = case_client(choice),
        .local_part = senders[choice >> 2 & 7],
        .helo = helos[choice >> 5 & 3],
        .domain = "r0.f",
        .receiver = "mx.f",
        .now = 1700000000,
        .explain = true,
    };

    if (!request.local_part.data)
        request.local_part.data = long_sender;
    return request;
}

static void run(struct run *run, const struct spf_engine *engine, struct resolver *resolver,
                struct spf_request request, bool prefetch)
{
    struct dns_scope_limits limits = { .questions_max = 200 };

    request.region = run->region = region_new(0);
    request.dns = run->dns = dns_scope_new(resolver, &limits);
    if (prefetch)
        spf_prefetch(&request);
    engine->evaluate(&request, &run->outcome);
    run->explanation = spf_explanation_text(run->outcome.explanation);
    dns_scope_usage(run->dns, &run->usage);
}

static void run_end(struct run *run)
{
    region_free(run->region);
    dns_scope_unref(run->dns);
}

static void expect(bool true_thing)
{
    if (!true_thing)
        abort();
}

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static void expect_printable(const char *text)
{
    expect(!text || text_all(text_of(text), is_printable));
}

static void expect_bounded(const struct run *run, bool prefetch)
{
    const struct spf_outcome *o = &run->outcome;
    unsigned own = SPF_QUESTIONS_MAX + 1 + 1 + SPF_POINTERS_MAX; /* exp, PTR and names */

    expect(!region_failed(run->region));
    expect(o->lookups <= SPF_TERMS_MAX + 1 && o->voids <= SPF_VOIDS_MAX + 1);
    expect(run->usage.questions <= (prefetch ? 2 * own : own));
    expect_printable(o->reason);
    expect_printable(o->mechanism);
    expect_printable(o->trail);
    expect_printable(o->include_path);
    expect_printable(run->explanation);
    expect(!run->explanation || (o->result == RESULT_FAIL && *run->explanation &&
                                 strlen(run->explanation) <= SPF_EXPLANATION_MAX));
    expect(o->result != RESULT_POLICY);
    expect((o->result == RESULT_TEMPERROR || o->result == RESULT_PERMERROR ||
            o->result == RESULT_NONE) == (o->reason != NULL));
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool holds_odd_exchange(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == 'm' && (i == 0 || data[i - 1] == '\n'))
            for (; i < size && data[i] != '\n'; i++)
                if (!octet_is_alpha((char)data[i]) && !octet_is_digit((char)data[i]) &&
                    !strchr(" .-_", data[i]))
                    return true;
    return false;
}

/* The library's own "engine" means that it was not asked, or not to be trusted. */
static void expect_agreement(const struct run *native, const struct run *library)
{
    const struct spf_outcome *n = &native->outcome, *l = &library->outcome;

    if (same_text(l->reason, "engine"))
        return;
    expect(n->result == l->result && n->lookups == l->lookups && n->voids == l->voids);
    expect(same_text(n->reason, l->reason));
    expect(same_text(native->explanation, library->explanation));
    expect(same_text(n->include_path, l->include_path));
    expect(!l->mechanism || same_text(n->mechanism, l->mechanism));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char long_sender[700];
    struct run native, early, library;
    struct resolver *resolver;
    struct spf_request request;

    if (size == 0)
        return 0;
    memset(long_sender, 'x', sizeof long_sender);
    request = request_of(data[0], long_sender);
    resolver = case_resolver((struct text){ (const char *)data + 1, size - 1 }, &request.client);
    run(&native, &spf_engine_native, resolver, request, false);
    expect_bounded(&native, false);
    if (data[0] >> 7) {
        run(&early, &spf_engine_native, resolver, request, true);
        expect_bounded(&early, true);
        expect(early.outcome.result == native.outcome.result &&
               same_text(early.outcome.reason, native.outcome.reason) &&
               same_text(early.explanation, native.explanation));
        run_end(&early);
    }
    if (!holds_odd_exchange(data + 1, size - 1)) {
        run(&library, &spf_engine_libspf2, resolver, request, false);
        expect_agreement(&native, &library);
        run_end(&library);
    }
    run_end(&native);
    resolver_unref(resolver);
    return 0;
}
