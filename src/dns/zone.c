#include "dns/zone_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/region.h"

enum {
    BUCKETS = 4096, /* a power of two */
    CNAMES_MAX = 8,
    NEGATIVE_TTL = 300
};

struct record {
    struct record *next;
    enum dns_type type;
    uint32_t ttl;
    struct dns_rdata rdata;
};

/* A name that exists: it has records, or stands above one that has. */
struct node {
    struct node *next; /* in its bucket */
    struct dns_name name;
    struct record *records; /* in the order of the file */
    struct record **records_end;
};

struct fault {
    struct fault *next;
    struct text glob;
    unsigned type; /* 0: any */
    enum dns_failure failure;
};

struct zone {
    struct region *region;
    struct node *buckets[BUCKETS];
    struct fault *faults; /* the first that matches counts */
    struct fault **faults_end;
};

struct zone *zone_new(void)
{
    struct region *region = region_new(0);
    struct zone *zone = region ? region_alloc(region, sizeof *zone) : NULL;

    if (!zone) {
        region_free(region);
        return NULL;
    }
    zone->region = region;
    zone->faults_end = &zone->faults;
    return zone;
}

void zone_free(struct zone *zone)
{
    if (zone)
        region_free(zone->region);
}

static const struct node *find(const struct zone *zone, const struct dns_name *name)
{
    const struct node *node = zone->buckets[dns_name_hash(name, 0) & (BUCKETS - 1)];

    while (node && !dns_name_equal(&node->name, name))
        node = node->next;
    return node;
}

static struct node *find_or_add(struct zone *zone, const struct dns_name *name)
{
    struct node **bucket = &zone->buckets[dns_name_hash(name, 0) & (BUCKETS - 1)];
    struct node *node = *bucket;

    while (node && !dns_name_equal(&node->name, name))
        node = node->next;
    if (node)
        return node;
    node = region_alloc(zone->region, sizeof *node);
    if (!node)
        return NULL;
    node->name = *name;
    node->records_end = &node->records;
    node->next = *bucket;
    *bucket = node;
    return node;
}

/* Makes the names above NAME exist. */
static bool add_ancestors(struct zone *zone, struct dns_name name)
{
    struct dns_name parent;

    while (dns_name_parent(&name, &parent)) {
        if (find(zone, &parent))
            return true;
        if (!find_or_add(zone, &parent))
            return false;
        name = parent;
    }
    return true;
}

bool zone_add(struct zone *zone, const struct dns_name *owner, enum dns_type type, uint32_t ttl,
              const struct dns_rdata *rdata)
{
    struct node *node = find_or_add(zone, owner);
    struct record *record = region_alloc(zone->region, sizeof *record);
    uint8_t *octets = region_alloc(zone->region, rdata->len);

    if (!node || !record || !octets || !add_ancestors(zone, *owner))
        return false;
    if (rdata->len)
        memcpy(octets, rdata->octets, rdata->len);
    record->type = type;
    record->ttl = ttl;
    record->rdata = (struct dns_rdata){ octets, rdata->len };
    *node->records_end = record;
    node->records_end = &record->next;
    return true;
}

bool zone_add_fault(struct zone *zone, struct text glob, unsigned type, enum dns_failure failure)
{
    struct fault *fault = region_alloc(zone->region, sizeof *fault);
    char *copy = text_dup(zone->region, glob);

    if (!fault || !copy)
        return false;
    fault->glob = (struct text){ copy, glob.len };
    fault->type = type;
    fault->failure = failure;
    *zone->faults_end = fault;
    zone->faults_end = &fault->next;
    return true;
}

/* '*' matches any run of octets; the rest matches itself, case ignored. */
static bool glob_matches(struct text glob, struct text t)
{
    size_t g = 0, i = 0, star = glob.len, resume = 0;

    while (i < t.len) {
        if (g < glob.len && glob.data[g] == '*') {
            star = g++;
            resume = i;
        } else if (g < glob.len && octet_lower(glob.data[g]) == octet_lower(t.data[i])) {
            g++;
            i++;
        } else if (star < glob.len) {
            g = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.data[g] == '*')
        g++;
    return g == glob.len;
}

/* NAME with dots and nothing escaped, for globs.  The root is "". */
static struct text plain_text(const struct dns_name *name, char out[DNS_NAME_OCTETS_MAX])
{
    size_t used = 0;

    for (size_t at = 0; name->octets[at] != 0; at += 1u + name->octets[at]) {
        if (used > 0)
            out[used++] = '.';
        memcpy(out + used, name->octets + at + 1, name->octets[at]);
        used += name->octets[at];
    }
    return (struct text){ out, used };
}

static const struct fault *find_fault(const struct zone *zone, const struct dns_name *name,
                                      enum dns_type type)
{
    char buffer[DNS_NAME_OCTETS_MAX];
    const struct fault *fault = zone->faults;
    struct text t;

    if (!fault)
        return NULL;
    t = plain_text(name, buffer);
    while (fault && ((fault->type != 0 && fault->type != type) || !glob_matches(fault->glob, t)))
        fault = fault->next;
    return fault;
}

/* The node that answers for NAME: its own, or the wildcard below the closest
 * name above it that exists (RFC 4592 §3.3.1). */
static const struct node *find_with_wildcard(const struct zone *zone, const struct dns_name *name)
{
    const struct node *node = find(zone, name);
    struct dns_name above = *name, wildcard, next;

    while (!node && dns_name_parent(&above, &next)) {
        above = next;
        if (!find(zone, &above))
            continue;
        wildcard = (struct dns_name){ 0 };
        if (!dns_name_add_label(&wildcard, TEXT("*")) || !dns_name_add_name(&wildcard, &above))
            return NULL;
        return find(zone, &wildcard);
    }
    return node;
}

static const struct record *first_of(const struct node *node, enum dns_type type)
{
    const struct record *record = node->records;

    while (record && record->type != type)
        record = record->next;
    return record;
}

static const struct dns_answer *records_of(const struct node *node, struct dns_facts *facts)
{
    struct dns_rdata *rdata;
    const struct dns_answer *answer;
    size_t count = 0;

    for (const struct record *r = node->records; r; r = r->next)
        count += r->type == facts->type;
    rdata = calloc(count, sizeof *rdata);
    if (!rdata)
        return dns_answer_failure(facts->type, DNS_FAILURE_MEMORY);
    facts->status = DNS_OK;
    for (const struct record *r = node->records; r; r = r->next) {
        if (r->type != facts->type)
            continue;
        if (facts->count == 0 || r->ttl < facts->ttl)
            facts->ttl = r->ttl;
        rdata[facts->count++] = r->rdata;
    }
    facts->rdata = rdata;
    answer = dns_answer_new(facts);
    free(rdata);
    return answer;
}

const struct dns_answer *zone_lookup(const struct zone *zone, const struct dns_name *name,
                                     enum dns_type type)
{
    struct dns_facts facts = { .status = DNS_NODATA, .type = type, .ttl = NEGATIVE_TTL };
    struct dns_name at = *name;

    for (unsigned cnames = 0; cnames <= CNAMES_MAX; cnames++) {
        const struct fault *fault = find_fault(zone, &at, type);
        const struct node *node = find_with_wildcard(zone, &at);
        const struct record *cname;

        if (fault)
            return dns_answer_failure(type, fault->failure);
        if (!node) {
            facts.status = DNS_NXDOMAIN;
            return dns_answer_new(&facts);
        }
        if (first_of(node, type))
            return records_of(node, &facts);
        cname = first_of(node, DNS_CNAME);
        if (!cname)
            return dns_answer_new(&facts);
        facts.through_cname = true;
        if (dns_name_from_wire(cname->rdata.octets, cname->rdata.len, &at) == 0)
            break;
    }
    return dns_answer_failure(type, DNS_FAILURE_CNAMES);
}
