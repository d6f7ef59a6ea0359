#include "core/key_survey.h"

#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/region.h"
#include "dns/resolver.h"

enum { AT_A_TIME = 32, LOOK_UP_MS = 100 };

/* ---- which keys */

/* Whether an ADDRESS rule may sign for the author domain. */
static bool may_cover(const struct sign_rule *rule, const char *author)
{
    const char *at = strrchr(rule->pattern, '@');

    return glob_matches(text_of(at ? at + 1 : rule->pattern), text_of(author));
}

/* RULE: of sections and key-table, for the author. */
static bool concerns(const struct key_survey *s, const struct sign_rule *rule,
                     const struct keyring_entry *entry)
{
    if (s->active_only && entry->source->state != KEY_ACTIVE)
        return false;
    if (!*s->author || strcmp(entry->source->domain, s->author) == 0)
        return true;
    if (!entry->rule)
        return false;
    if (entry->rule->kind != SIGN_ADDRESS)
        return entry->rule == rule;
    return (!rule || rule->kind == SIGN_ADDRESS) && may_cover(entry->rule, s->author);
}

/* ---- some at a time */

struct batch {
    size_t count;
    const struct keyring_entry *entries[AT_A_TIME];
    domain_name names[AT_A_TIME]; /* "": nothing to ask for */
    struct dns_future *futures[AT_A_TIME];
    int64_t deadline_ms;
};

static bool is_stopped(const struct key_survey *s)
{
    return s->stop && atomic_load(s->stop);
}

/* The answer; NULL: stopped. */
static const struct dns_answer *wait_for(const struct key_survey *s, struct dns_future *future,
                                         int64_t deadline_ms)
{
    while (!is_stopped(s)) {
        const struct dns_answer *answer = dns_wait(future, 0);
        int64_t now = clock_ms();

        if (answer)
            return answer;
        if (now >= deadline_ms)
            return dns_wait(future, deadline_ms);
        dns_wait(future, now + LOOK_UP_MS < deadline_ms ? now + LOOK_UP_MS : deadline_ms);
    }
    return NULL;
}

/* False: stopped, or SEE has enough, or memory (REGION has failed). */
static bool see_one(const struct key_survey *s, struct region *region, const struct batch *batch,
                    size_t i)
{
    const struct dns_answer *answer;
    struct key_check check;

    if (!batch->names[i][0])
        return s->see(s->context, region, batch->entries[i], "", NULL);
    if (!batch->futures[i]) {
        region_fail(region);
        return false;
    }
    answer = wait_for(s, batch->futures[i], batch->deadline_ms);
    if (!answer)
        return false;
    key_check(region, batch->entries[i], s->author, answer, &check);
    return s->see(s->context, region, batch->entries[i], batch->names[i], &check) &&
           !region_failed(region);
}

static void start(const struct key_survey *s, struct batch *batch)
{
    batch->deadline_ms = clock_ms() + s->timeout_ms;
    for (size_t i = 0; i < batch->count; i++)
        batch->futures[i] = batch->names[i][0]
                                ? dns_start(s->resolver, batch->names[i], DNS_TXT, NULL, NULL)
                                : NULL;
}

/* Empties the batch.  *MEMORY is cleared when it ran out; false: that is enough. */
static bool run(const struct key_survey *s, struct batch *batch, bool *memory)
{
    struct region *region = region_new(0);
    bool more = region != NULL;

    start(s, batch);
    for (size_t i = 0; i < batch->count && more; i++)
        more = see_one(s, region, batch, i);
    for (size_t i = 0; i < batch->count; i++)
        dns_future_unref(batch->futures[i]);
    *memory = region && !region_failed(region);
    region_free(region);
    batch->count = 0;
    return more;
}

static void add(const struct key_survey *s, struct batch *batch,
                const struct keyring_entry *entry)
{
    batch->entries[batch->count] = entry;
    if (!key_check_name(entry, s->author, batch->names[batch->count]))
        batch->names[batch->count][0] = '\0';
    batch->count++;
}

bool key_survey(const struct key_survey *s)
{
    const struct sign_rule *rule =
        *s->author ? keyring_rule(s->keyring, TEXT(""), s->author) : NULL;
    size_t count = keyring_count(s->keyring);
    struct batch batch = { .count = 0 };
    bool more = true, memory = true;

    for (size_t i = 0; i < count && more; i++) {
        if (concerns(s, rule, keyring_entry(s->keyring, i)))
            add(s, &batch, keyring_entry(s->keyring, i));
        if (batch.count == AT_A_TIME)
            more = run(s, &batch, &memory);
    }
    if (batch.count > 0 && more)
        run(s, &batch, &memory);
    return memory;
}
