#include "core/sealing.h"

#include <string.h>

#include "auth/arc.h"
#include "auth/authres.h"
#include "auth/header_hash.h"
#include "base/buf.h"
#include "base/region.h"
#include "core/keyring.h"
#include "core/own_results.h"
#include "core/plan_view.h"
#include "mail/message.h"

/* Beside what the message needs: its header once more, in pointers, and the set. */
enum { SEALING_MEMORY_MAX = 16 * 1024 * 1024 };

const struct name sealing_state_names[] = {
    { SEALING_NOT_ASKED, "not-asked" },
    { SEALING_SEALED, "sealed" },
    { SEALING_NO_KEY, "no-key" },
    { SEALING_NOT_SEALED, "not-sealed" },
    { 0, NULL },
};

static const char no_memory[] = "out of memory";

static void give_up(struct sealing *s, const char *why)
{
    s->state = SEALING_NOT_SEALED;
    s->why = why;
}

static struct own_ids own_ids_of(const struct leaving *m)
{
    return (struct own_ids){ m->authserv_id, &m->config->own_authserv_ids };
}

/* --- which mail ----------------------------------------------------------- */

static bool passes_through(const struct leaving *m)
{
    struct own_ids ids = own_ids_of(m);

    switch (m->origin) {
    case ORIGIN_OUTSIDE:
        return true;
    case ORIGIN_AUTHENTICATED:
    case ORIGIN_OWN:
        return false;
    case ORIGIN_TRUSTED:
        return own_results_find(&ids, m->message->fields);
    }
    return false;
}

/* The recipient's domain that makes the message one to be sealed; NULL: none. */
static const char *wanted_recipient(const struct leaving *m)
{
    const struct recipient *first = m->message->recipients;

    for (const struct recipient *r = first; r; r = r->next)
        if (domains_cover(&m->config->seal.recipient_domains, r->path.domain))
            return r->path.domain;
    if (!m->config->seal.all)
        return NULL;
    return first ? first->path.domain : "";
}

static void free_region(void *region)
{
    region_free(region);
}

/* A region that goes with the message's. */
static struct region *own_region(const struct leaving *m)
{
    struct region *region = region_new(SEALING_MEMORY_MAX);

    return region && region_on_free(m->message->region, free_region, region) ? region : NULL;
}

static void read_chain(struct sealing *s, const struct leaving *m)
{
    s->chain_seen = region_alloc(s->region, sizeof *s->chain_seen);
    if (!s->chain_seen)
        return;
    arc_chain_init(s->chain_seen, s->region);
    for (const struct field *f = m->message->fields; f; f = f->next)
        arc_chain_field(s->chain_seen, f);
    arc_chain_end(s->chain_seen);
}

/* The domain of ours that sealed the message last, when it came here: a list's
 * members are recipients elsewhere.  NULL: none. */
static const char *sealed_before(struct sealing *s, const struct leaving *m)
{
    const struct arc_set *newest;

    if (m->origin != ORIGIN_TRUSTED || !field_find(m->message->fields, TEXT("ARC-Seal")))
        return NULL;
    s->region = own_region(m);
    if (s->region)
        read_chain(s, m);
    newest = s->chain_seen ? s->chain_seen->sets[s->chain_seen->newest_seal] : NULL;
    for (size_t i = 0; newest && i < m->config->seal.key_count; i++)
        if (strcmp(newest->seal.domain, m->config->seal.keys[i].domain) == 0)
            return newest->seal.domain;
    return NULL;
}

/* --- the chain as it came ------------------------------------------------- */

/* What our own fields on MESSAGE say of the chain; false: nothing. */
static bool recorded_result(struct sealing *s, const struct leaving *m, enum result *result)
{
    const struct own_ids ids = own_ids_of(m);
    bool found = false;

    for (const struct field *f = own_results_find(&ids, m->message->fields); f;
         f = own_results_find(&ids, f->next)) {
        struct findings findings;
        struct text id;

        findings_init(&findings, s->region);
        if (!authres_read(f->value, &id, &findings))
            continue;
        for (const struct finding *arc = findings.first; arc; arc = arc->next) {
            if (arc->method != METHOD_ARC)
                continue;
            if (!found || arc->result == RESULT_FAIL)
                *result = arc->result; /* one host's fail is final (§5.2.1) */
            found = true;
        }
    }
    return found;
}

static void begin_validation(struct sealing *s, const struct leaving *m)
{
    s->verifier = arc_verifier_new(m->message,
                                   &(struct arc_params){
                                       .dns = m->dns,
                                       .bodies = m->bodies,
                                       .questions_max = m->arc_questions,
                                       .clock_skew = m->config->dkim.clock_skew,
                                       .now = m->now,
                                   });
    if (!s->verifier)
        return;
    for (const struct field *f = m->message->fields; f; f = f->next)
        arc_verifier_field(s->verifier, f);
    arc_verifier_end_of_header(s->verifier, header_index_new(m->message));
}

static void begin_chain(struct sealing *s, const struct leaving *m)
{
    enum result recorded;

    if (m->origin != ORIGIN_TRUSTED || !recorded_result(s, m, &recorded)) {
        s->chain_seen = NULL;
        begin_validation(s, m);
        return;
    }
    if (!s->chain_seen)
        read_chain(s, m);
    s->chain = recorded == RESULT_FAIL ? CHAIN_FAIL : CHAIN_PASS;
}

static enum chain_status status_of(enum result arc)
{
    if (arc == RESULT_NONE)
        return CHAIN_NONE;
    return arc == RESULT_PASS ? CHAIN_PASS : CHAIN_FAIL;
}

/* The chain, with cv= into S; NULL: memory. */
static const struct arc_chain *end_chain(struct sealing *s, const struct leaving *m,
                                         const struct arc_outcome *arc)
{
    struct arc_outcome outcome;
    struct findings findings;

    if (s->chain_seen) {
        if (s->chain_seen->field_count == 0)
            s->chain = CHAIN_NONE;
        else if (s->chain_seen->fault)
            s->chain = CHAIN_FAIL;
        return s->chain_seen;
    }
    if (s->verifier) {
        findings_init(&findings, s->region);
        check_arc(&findings, s->verifier, m->client, &outcome);
        arc = &outcome;
    }
    if (!arc)
        return NULL;
    s->chain = status_of(arc->result);
    return arc->chain;
}

/* --- what we saw ---------------------------------------------------------- */

/* Results of a field of ours as they stand there, folded with LF TAB. */
static void add_results(struct buf *out, struct text results)
{
    bool folding = false;

    if (results.len > 0 && out->len > 0)
        buf_add(out, ";\n\t");
    for (size_t i = 0; i < results.len; i++) {
        char c = results.data[i];

        if (c == '\r' && i + 1 < results.len && results.data[i + 1] == '\n') {
            buf_add(out, "\n\t");
            folding = true;
            i++;
        } else if (!folding || !octet_is_wsp(c)) {
            buf_char(out, c);
            folding = false;
        }
    }
}

static const char *results_text(struct sealing *s, const struct leaving *m,
                                const struct findings *findings)
{
    const struct own_ids ids = own_ids_of(m);
    struct buf out;

    buf_init(&out, s->region, PLAN_VALUE_MAX);
    if (findings) {
        authres_write_results(&out, findings);
        return buf_str(&out);
    }
    for (const struct field *f = own_results_find(&ids, m->message->fields); f;
         f = own_results_find(&ids, f->next)) {
        struct text results;

        if (authres_results_of(f->value, &results))
            add_results(&out, results);
    }
    if (!buf_failed(&out) && out.len == 0)
        buf_add(&out, "none");
    return buf_str(&out);
}

/* --- the set -------------------------------------------------------------- */

static struct header_index *header_of(struct sealing *s, const struct leaving *m,
                                      const struct plan *plan)
{
    struct plan_view view;

    if (!plan_view(s->region, m->message, plan, &view))
        return NULL;
    return header_index_of(s->region, view.fields, view.count);
}

static const char *make(struct sealing *s, const struct leaving *m, const struct findings *findings,
                        const struct arc_outcome *arc, const struct plan *plan,
                        struct arc_set_text *set)
{
    const char *why;
    struct seal_input input = {
        .chain = end_chain(s, m, arc),
        .authserv_id = m->authserv_id,
        .results = results_text(s, m, findings),
        .header = header_of(s, m, plan),
    };

    if (!input.chain || !input.header || region_failed(s->region))
        return no_memory;
    if (!input.results)
        return "results too long";
    input.status = s->chain;
    s->instance = input.chain->highest + 1;
    return seal_arc_finish(s->making, &input, set, &why) ? NULL : why;
}

/* "from:to:date"; NULL: our choice. */
static const char *fields_list(struct region *region, const struct strings *fields)
{
    struct buf out;

    if (fields->count == 0)
        return NULL;
    buf_init(&out, region, SEALING_MEMORY_MAX);
    for (size_t i = 0; i < fields->count; i++)
        buf_printf(&out, "%s%s", i ? ":" : "", fields->items[i]);
    return buf_str(&out);
}

static void begin(struct sealing *s, const struct leaving *m, bool validated)
{
    if (m->message->fields_capped) {
        give_up(s, "too many header fields");
        return;
    }
    s->making = seal_arc_new(&(struct seal_params){
        .region = s->region,
        .signer = &s->signer,
        .bodies = m->bodies,
        .fields = fields_list(s->region, &m->config->seal.fields),
        .now = m->now,
    });
    if (s->making && !(validated && m->origin == ORIGIN_OUTSIDE))
        begin_chain(s, m);
    if (!s->making || region_failed(s->region))
        give_up(s, no_memory);
}

/* --- all together --------------------------------------------------------- */

void sealing_begin(struct sealing *s, const struct leaving *m, bool validated)
{
    const char *domain;

    *s = (struct sealing){ .state = SEALING_NOT_ASKED };
    if (m->config->seal.key_count == 0 || !passes_through(m))
        return;
    domain = wanted_recipient(m);
    if (!domain)
        domain = sealed_before(s, m);
    if (!domain)
        return;
    if (!keyring_sealer(m->keyring, domain, &s->signer)) {
        s->state = SEALING_NO_KEY;
        s->why = "no active RSA key of `seal' could be loaded";
        return;
    }
    s->state = SEALING_SEALED; /* if all goes well */
    if (!s->region)
        s->region = own_region(m);
    if (s->region)
        begin(s, m, validated);
    else
        give_up(s, no_memory);
}

void sealing_end(struct sealing *s, const struct leaving *m, const struct findings *findings,
                 const struct arc_outcome *arc, struct plan *plan)
{
    struct arc_set_text set;
    const char *why;

    if (s->state != SEALING_SEALED)
        return;
    why = make(s, m, findings, arc, plan, &set);
    if (why) {
        give_up(s, why);
        return;
    }
    plan_insert(m->message->region, plan, name_of(arc_part_names, ARC_RESULTS), set.results);
    plan_insert(m->message->region, plan, name_of(arc_part_names, ARC_MESSAGE_SIGNATURE),
                set.message_signature);
    plan_insert(m->message->region, plan, name_of(arc_part_names, ARC_SEAL), set.seal);
}

void sealing_drop(struct sealing *s)
{
    s->state = SEALING_NOT_ASKED;
}
