#include "auth/dmarc_walk.h"

#include <string.h>

#include "base/region.h"
#include "dns/scope.h"
#include "mail/domain.h"

/* After the name itself at most this many labels are kept, so that no walk
 * takes more than DMARC_WALK_MAX questions (§4.10 step 4). */
enum { LABELS_KEPT = DMARC_WALK_MAX - 1 };

size_t dmarc_walk_names(const char *domain, const char *names[DMARC_WALK_MAX])
{
    size_t labels = domain_labels(domain);
    size_t count = 0;
    const char *next;

    names[count++] = domain;
    next = labels > LABELS_KEPT ? domain_last_labels(domain, LABELS_KEPT) : domain_parent(domain);
    for (; next && count < DMARC_WALK_MAX; next = domain_parent(next))
        names[count++] = next;
    return count;
}

bool dmarc_query_name(const char *name, domain_name out)
{
    static const char prefix[] = "_dmarc.";
    size_t len = strlen(name);

    if (len == 0 || len + sizeof prefix - 1 > DOMAIN_MAX)
        return false;
    memcpy(out, prefix, sizeof prefix - 1);
    memcpy(out + sizeof prefix - 1, name, len + 1);
    return true;
}

/* Several at one name are as good as none (§4.10 step 2), and so is one that
 * cannot be read. */
enum dmarc_record_kind dmarc_record_select(const struct dns_answer *answer,
                                           struct dmarc_record *record)
{
    enum dmarc_record_kind kind = DMARC_RECORD_NONE;

    for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++) {
        struct dmarc_record found;
        enum dmarc_record_kind this = dmarc_record_parse(answer->records[i].data, &found);

        if (this == DMARC_RECORD_NONE)
            continue;
        if (kind != DMARC_RECORD_NONE)
            return DMARC_RECORD_NONE;
        kind = this;
        *record = found;
    }
    return kind == DMARC_RECORD_INVALID ? DMARC_RECORD_NONE : kind;
}

static void read_answer(struct region *region, const struct dns_answer *answer,
                        struct dmarc_level *level)
{
    struct dmarc_record found;
    enum dmarc_record_kind kind = dmarc_record_select(answer, &found);
    struct dmarc_record *kept;

    if (kind == DMARC_RECORD_NONE || !(kept = region_alloc(region, sizeof *kept)))
        return;
    *kept = found;
    level->record = kept;
    level->usable = kind == DMARC_RECORD_OK;
}

void dmarc_walk_start(struct dns_scope *dns, const char *domain)
{
    const char *names[DMARC_WALK_MAX];
    size_t count = dmarc_walk_names(domain, names);
    domain_name query;

    for (size_t i = 0; i < count; i++)
        if (dmarc_query_name(names[i], query))
            dns_scope_start(dns, query, DNS_TXT, NULL, NULL);
}

bool dmarc_walk_ask(struct dmarc_walk *walk, struct region *region, struct dns_scope *dns,
                    const char *name)
{
    struct dmarc_level *level = &walk->levels[walk->count++];
    const struct dns_answer *answer;
    domain_name query;

    *level = (struct dmarc_level){ .name = name };
    if (!dmarc_query_name(name, query))
        return true;
    answer = dns_scope_lookup(dns, query, DNS_TXT);
    if (dns_failed(answer)) {
        walk->failed = true;
        walk->over_limit = dns_over_limit(answer);
        walk->why = answer->why;
        return false;
    }
    read_answer(region, answer, level);
    return true;
}

void dmarc_walk_run(struct dmarc_walk *walk, struct region *region, struct dns_scope *dns,
                    const char *domain)
{
    const char *names[DMARC_WALK_MAX];
    size_t count = dmarc_walk_names(domain, names);

    *walk = (struct dmarc_walk){ .domain = domain };
    for (size_t i = 0; i < count; i++) {
        const struct dmarc_record *record;

        if (!dmarc_walk_ask(walk, region, dns, names[i]))
            return;
        record = walk->levels[i].record;
        if (record && record->psd != PSD_UNKNOWN)
            return;
    }
}

const struct dmarc_level *dmarc_walk_at(const struct dmarc_walk *walk, const char *name)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->levels[i].record && strcmp(walk->levels[i].name, name) == 0)
            return &walk->levels[i];
    return NULL;
}

bool dmarc_walk_found(const struct dmarc_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->levels[i].record)
            return true;
    return false;
}

const struct dmarc_level *dmarc_walk_public_suffix(const struct dmarc_walk *walk)
{
    const struct dmarc_level *last;

    if (walk->count < 2)
        return NULL;
    last = &walk->levels[walk->count - 1];
    return last->record && last->record->psd == PSD_YES ? last : NULL;
}

/* Record with the fewest labels: the last one found, as a walk goes upwards. */
static const struct dmarc_level *last_found(const struct dmarc_walk *walk)
{
    for (size_t i = walk->count; i > 0; i--)
        if (walk->levels[i - 1].record)
            return &walk->levels[i - 1];
    return NULL;
}

const char *dmarc_walk_organization(const struct dmarc_walk *walk)
{
    const struct dmarc_level *suffix = dmarc_walk_public_suffix(walk);
    const struct dmarc_level *last = last_found(walk);

    if (walk->failed)
        return NULL;
    if (suffix) /* one label below the public suffix, asked at or not */
        return domain_last_labels(walk->domain, domain_labels(suffix->name) + 1);
    /* psd=n ends the walk, so its name is the last one too */
    return last ? last->name : walk->domain;
}
