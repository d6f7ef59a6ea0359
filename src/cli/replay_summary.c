#include "cli/replay_summary.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SLOTS = 65536, FIRST_DOMAINS = 64, DOMAINS_SHOWN = 40 };

/* Names that no domain has. */
static const char others[] = "(others)", nobody[] = "(none)";

/* --- adding up ------------------------------------------------------------- */

static size_t slot_of(const struct replay_summary *s, const char *name)
{
    uint32_t hash = 2166136261; /* FNV-1a */
    size_t slot;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619;
    slot = hash % SLOTS;
    while (s->slots[slot] && strcmp(s->domains[s->slots[slot] - 1].name, name) != 0)
        slot = (slot + 1) % SLOTS;
    return slot;
}

static bool reserve(struct replay_summary *s)
{
    size_t capacity = s->capacity ? s->capacity * 2 : FIRST_DOMAINS;
    struct replay_domain *domains;

    if (!s->slots)
        s->slots = calloc(SLOTS, sizeof *s->slots);
    if (!s->slots || s->domain_count < s->capacity)
        return s->slots;
    domains = realloc(s->domains, capacity * sizeof *domains);
    if (!domains)
        return false;
    s->domains = domains;
    s->capacity = capacity;
    return true;
}

/* The entry of NAME, made if need be; NULL: memory. */
static struct replay_domain *entry(struct replay_summary *s, const char *name)
{
    size_t slot;

    if (!reserve(s))
        return NULL;
    slot = slot_of(s, name);
    if (!s->slots[slot] && s->domain_count >= REPLAY_DOMAINS_MAX && name != others)
        return entry(s, others);
    if (!s->slots[slot]) {
        struct replay_domain *domain = &s->domains[s->domain_count++];

        memset(domain, 0, sizeof *domain);
        snprintf(domain->name, sizeof domain->name, "%s", name);
        s->slots[slot] = (uint32_t)s->domain_count;
    }
    return &s->domains[s->slots[slot] - 1];
}

bool replay_summary_add(struct replay_summary *s, const struct outcome *before,
                        const struct outcome *after)
{
    const char *author = *after->author ? after->author : before->author;
    struct replay_domain *domain = entry(s, *author ? author : nobody);
    bool changed = before->fate != after->fate;

    if (!domain)
        return false;
    s->messages++;
    s->moves[before->fate][after->fate]++;
    domain->messages++;
    domain->moves[before->fate][after->fate]++;
    s->changed += changed;
    domain->changed += changed;
    if (!changed && memcmp(before->results, after->results, sizeof before->results) != 0)
        s->results++;
    return true;
}

void replay_summary_free(struct replay_summary *s)
{
    free(s->domains);
    free(s->slots);
    *s = (struct replay_summary){ .messages = 0 };
}

/* --- for people ------------------------------------------------------------- */

/* Most changes first, then by name. */
static int compare(const void *a, const void *b)
{
    const struct replay_domain *x = a, *y = b;

    if (x->changed != y->changed)
        return x->changed < y->changed ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* After this nothing can be added. */
static void sort(struct replay_summary *s)
{
    if (s->domain_count > 0)
        qsort(s->domains, s->domain_count, sizeof *s->domains, compare);
}

static void print_moves(FILE *out, uint64_t moves[FATE_COUNT][FATE_COUNT], const char *margin,
                        const char *separator)
{
    const char *before = margin;

    for (int from = 0; from < FATE_COUNT; from++)
        for (int to = 0; to < FATE_COUNT; to++) {
            if (from == to || moves[from][to] == 0)
                continue;
            fprintf(out, "%s%" PRIu64 " %s -> %s", before, moves[from][to],
                    name_of(fate_names, from), name_of(fate_names, to));
            before = separator;
        }
}

void replay_summary_print(struct replay_summary *s, FILE *out)
{
    size_t shown = 0;

    fprintf(out, "%" PRIu64 " messages judged, %" PRIu64 " would fare differently\n", s->messages,
            s->changed);
    if (s->changed > 0) {
        print_moves(out, s->moves, "  ", "\n  ");
        fputc('\n', out);
    }
    if (s->results > 0)
        fprintf(out, "%" PRIu64 " others would have other results, and fare the same\n",
                s->results);
    if (s->inside > 0)
        fprintf(out, "%" PRIu64 " came from our own hosts and are left out\n", s->inside);
    if (s->unreadable > 0)
        fprintf(out, "%" PRIu64 " could not be read, or are no messages\n", s->unreadable);
    sort(s);
    for (; shown < s->domain_count && shown < DOMAINS_SHOWN; shown++) {
        struct replay_domain *d = &s->domains[shown];

        if (d->changed == 0)
            break;
        fprintf(out, "%s%s: %" PRIu64 " of %" PRIu64 " messages:", shown ? "" : "\n", d->name,
                d->changed, d->messages);
        print_moves(out, d->moves, " ", ", ");
        fputc('\n', out);
    }
    if (shown < s->domain_count && s->domains[shown].changed > 0)
        fputs("... and more domains: --json has them all\n", out);
}

/* --- for programs ------------------------------------------------------------ */

static json_t *moves_json(uint64_t moves[FATE_COUNT][FATE_COUNT])
{
    json_t *array = json_array();

    for (int from = 0; from < FATE_COUNT; from++)
        for (int to = 0; to < FATE_COUNT; to++)
            if (from != to && moves[from][to] > 0)
                json_array_append_new(
                    array, json_pack("{ss ss sI}", "from", name_of(fate_names, from), "to",
                                     name_of(fate_names, to), "messages",
                                     (json_int_t)moves[from][to]));
    return array;
}

static json_t *domains_json(const struct replay_summary *s)
{
    json_t *array = json_array();

    for (size_t i = 0; i < s->domain_count && s->domains[i].changed > 0; i++) {
        struct replay_domain *d = &s->domains[i];

        json_array_append_new(array, json_pack("{ss sI sI so}", "domain", d->name, "messages",
                                               (json_int_t)d->messages, "changed",
                                               (json_int_t)d->changed, "changes",
                                               moves_json(d->moves)));
    }
    return array;
}

bool replay_summary_json(struct replay_summary *s, FILE *out)
{
    json_t *root;
    bool written;

    sort(s);
    root = json_pack("{si sI sI sI sI sI so so}", "schema", 1, "messages", (json_int_t)s->messages,
                     "changed", (json_int_t)s->changed, "other_results", (json_int_t)s->results,
                     "inside", (json_int_t)s->inside, "unreadable", (json_int_t)s->unreadable,
                     "changes", moves_json(s->moves), "domains", domains_json(s));
    written = root && json_dumpf(root, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF;
    json_decref(root);
    return written;
}
