#include "core/key_survey.h"

#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/region.h"
#include "dns/scope.h"

enum { AT_A_TIME = 32 };

struct survey {
    const struct keyring *keyring;
    struct resolver *resolver;
    const char *author;
    const struct sign_rule *rule; /* of sections and key-table, for the author */
    int64_t timeout_ms;
    key_survey_fn *see;
    void *context;
};

/* ---- which keys */

/* Whether an ADDRESS rule may sign for the author domain. */
static bool may_cover(const struct sign_rule *rule, const char *author)
{
    const char *at = strrchr(rule->pattern, '@');

    return glob_matches(text_of(at ? at + 1 : rule->pattern), text_of(author));
}

static bool concerns(const struct survey *s, const struct keyring_entry *entry)
{
    if (!*s->author || strcmp(entry->source->domain, s->author) == 0)
        return true;
    if (!entry->rule)
        return false;
    if (entry->rule->kind != SIGN_ADDRESS)
        return entry->rule == s->rule;
    return (!s->rule || s->rule->kind == SIGN_ADDRESS) && may_cover(entry->rule, s->author);
}

/* ---- some at a time */

struct batch {
    struct region *region;
    struct dns_scope *dns;
    size_t count;
    const struct keyring_entry *entries[AT_A_TIME];
    domain_name names[AT_A_TIME];
};

static bool see_one(const struct survey *s, struct batch *batch, size_t i)
{
    struct key_check check;

    if (!batch->names[i][0])
        return s->see(s->context, batch->region, batch->entries[i], "", NULL);
    key_check(batch->region, batch->entries[i], s->author,
              dns_scope_lookup(batch->dns, batch->names[i], DNS_TXT), &check);
    return s->see(s->context, batch->region, batch->entries[i], batch->names[i], &check);
}

static bool ask(const struct survey *s, struct batch *batch, bool *enough)
{
    const struct dns_scope_limits limits = {
        .questions_max = AT_A_TIME,
        .deadline_ms = clock_ms() + s->timeout_ms,
    };

    batch->dns = dns_scope_new(s->resolver, &limits);
    batch->region = region_new(0);
    if (!batch->dns || !batch->region)
        return false;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->names[i][0])
            dns_scope_start(batch->dns, batch->names[i], DNS_TXT, NULL, NULL);
    for (size_t i = 0; i < batch->count && !*enough; i++)
        *enough = !see_one(s, batch, i);
    return !region_failed(batch->region);
}

static bool run_batch(const struct survey *s, struct batch *batch, bool *enough)
{
    bool good = ask(s, batch, enough);

    if (batch->dns)
        dns_scope_close(batch->dns);
    dns_scope_unref(batch->dns);
    region_free(batch->region);
    batch->count = 0;
    return good;
}

static void add(const struct survey *s, struct batch *batch, const struct keyring_entry *entry)
{
    batch->entries[batch->count] = entry;
    if (!key_check_name(entry, s->author, batch->names[batch->count]))
        batch->names[batch->count][0] = '\0';
    batch->count++;
}

bool key_survey(const struct keyring *keyring, struct resolver *resolver, const char *author,
                int64_t timeout_ms, key_survey_fn *see, void *context)
{
    const struct survey s = {
        .keyring = keyring,
        .resolver = resolver,
        .author = author,
        .rule = *author ? keyring_rule(keyring, TEXT(""), author) : NULL,
        .timeout_ms = timeout_ms,
        .see = see,
        .context = context,
    };
    size_t count = keyring_count(keyring);
    struct batch batch = { .count = 0 };
    bool enough = false, good = true;

    for (size_t i = 0; i < count && good && !enough; i++) {
        if (concerns(&s, keyring_entry(keyring, i)))
            add(&s, &batch, keyring_entry(keyring, i));
        if (batch.count == AT_A_TIME)
            good = run_batch(&s, &batch, &enough);
    }
    if (batch.count > 0 && good && !enough)
        good = run_batch(&s, &batch, &enough);
    return good;
}
