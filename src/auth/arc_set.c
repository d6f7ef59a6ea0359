#include "auth/arc_set.h"

#include "base/region.h"
#include "mail/canonicalise.h"
#include "mail/lexer.h"
#include "mail/message.h"

const struct name arc_part_names[] = {
    { ARC_RESULTS, "ARC-Authentication-Results" },
    { ARC_MESSAGE_SIGNATURE, "ARC-Message-Signature" },
    { ARC_SEAL, "ARC-Seal" },
    { 0, NULL },
};

/* No honest chain has more fields: what stands beyond them is not read. */
enum { FIELDS_MAX = ARC_PARTS * ARC_INSTANCE_MAX };

void arc_set_canon(const struct arc_set *set, bool unfinished, const struct octet_sink *sink)
{
    canon_field(CANON_RELAXED, set->fields[ARC_RESULTS], *sink);
    canon_field(CANON_RELAXED, set->fields[ARC_MESSAGE_SIGNATURE], *sink);
    if (unfinished)
        canon_signature_field(CANON_RELAXED, set->fields[ARC_SEAL], set->seal.hole, *sink);
    else
        canon_field(CANON_RELAXED, set->fields[ARC_SEAL], *sink);
}

void arc_chain_init(struct arc_chain *chain, struct region *region)
{
    *chain = (struct arc_chain){ .region = region };
}

void arc_chain_break(struct arc_chain *chain, enum arc_part part, unsigned instance,
                     const char *fault)
{
    if (chain->fault)
        return;
    chain->fault = fault;
    chain->fault_part = part;
    chain->fault_instance = instance;
}

/* ---- the fields */

/* instance [CFWS] ";", where
 * instance = [CFWS] %s"i" [CFWS] "=" [CFWS] position (RFC 8617 §3.9) */
static bool instance_prefix(struct text t, unsigned *instance, struct text *rest)
{
    struct lexer lexer = lexer_over(t);
    unsigned position;

    if (!lexer_cfws(&lexer) || !cursor_take(&lexer.c, 'i') || !lexer_cfws(&lexer) ||
        !cursor_take(&lexer.c, '=') || !lexer_cfws(&lexer))
        return false;
    if (!signature_instance(cursor_run(&lexer.c, octet_is_digit), &position) ||
        !lexer_cfws(&lexer) || !cursor_take(&lexer.c, ';'))
        return false;
    *instance = position;
    *rest = cursor_rest(&lexer.c);
    return true;
}

/* A field on its way into its set. */
struct arrival {
    enum arc_part part;
    const struct field *field;
    unsigned instance; /* 0: not known yet */
    struct text results;
    struct signature *signature; /* NULL: none in this part */
};

static const char *read_results(struct arrival *arrival)
{
    return instance_prefix(arrival->field->value, &arrival->instance, &arrival->results)
               ? NULL
               : "no valid instance (i=)";
}

/* The RFC puts i= before the tag list, with comments at will; real sealers
 * treat it as a tag like others, anywhere. */
static const char *read_signature(struct region *region, struct arrival *arrival)
{
    enum signature_kind kind =
        arrival->part == ARC_SEAL ? SIGNATURE_ARC_SEAL : SIGNATURE_ARC_MESSAGE;
    struct signature *s = region_alloc(region, sizeof *s);
    struct text list = arrival->field->value;
    unsigned instance = 0;
    const char *reason;

    if (!s)
        return "out of memory";
    instance_prefix(arrival->field->value, &instance, &list);
    reason = signature_parse_kind(region, kind, list, s);
    if (instance && s->instance)
        reason = "duplicate tag";
    if (instance)
        s->instance = instance;
    arrival->instance = s->instance;
    arrival->signature = s;
    if (!reason && s->instance == 0)
        reason = "no instance (i=)";
    return reason;
}

static const char *put(struct arc_chain *chain, const struct arrival *arrival)
{
    struct arc_set **set = &chain->sets[arrival->instance];

    if (!*set)
        *set = region_alloc(chain->region, sizeof **set);
    if (!*set)
        return "out of memory";
    if ((*set)->fields[arrival->part])
        return "duplicate field";
    (*set)->fields[arrival->part] = arrival->field;
    if (arrival->part == ARC_RESULTS)
        (*set)->results = arrival->results;
    else if (arrival->part == ARC_MESSAGE_SIGNATURE)
        (*set)->message = *arrival->signature;
    else
        (*set)->seal = *arrival->signature;
    if (arrival->instance > chain->newest)
        chain->newest = arrival->instance;
    return NULL;
}

/* What a sealer needs to know of a chain that is broken, too. */
static void note_claims(struct arc_chain *chain, const struct arrival *arrival)
{
    if (arrival->instance > chain->highest)
        chain->highest = arrival->instance;
    if (arrival->part != ARC_SEAL || arrival->instance == 0 ||
        arrival->instance < chain->newest_seal)
        return;
    if (arrival->instance > chain->newest_seal)
        chain->ended = false;
    chain->newest_seal = arrival->instance;
    chain->ended |= arrival->signature->chain == CHAIN_FAIL;
}

const struct signature *arc_chain_field(struct arc_chain *chain, const struct field *field)
{
    struct arrival arrival = { .field = field };
    const char *fault;
    int part;

    if (!name_value(arc_part_names, field->name, &part))
        return NULL;
    chain->field_count++;
    if (chain->fault && chain->field_count > FIELDS_MAX)
        return NULL;
    arrival.part = (enum arc_part)part;
    if (field->cut)
        fault = "field too long";
    else if (arrival.part == ARC_RESULTS)
        fault = read_results(&arrival);
    else
        fault = read_signature(chain->region, &arrival);
    note_claims(chain, &arrival);
    if (chain->fault)
        return NULL;
    if (!fault)
        fault = put(chain, &arrival);
    if (!fault)
        return arrival.signature;
    arc_chain_break(chain, arrival.part, arrival.instance, fault);
    return NULL;
}

/* ---- the structure */

/* The newest seal says that the chain was broken before it (§5.2 step 2).  It
 * may say so over an incomplete set. */
static bool gave_up(const struct arc_chain *chain)
{
    const struct arc_set *newest = chain->newest ? chain->sets[chain->newest] : NULL;

    return newest && newest->fields[ARC_SEAL] && newest->seal.chain == CHAIN_FAIL;
}

static void check_set(struct arc_chain *chain, unsigned instance)
{
    const struct arc_set *set = chain->sets[instance];
    enum chain_status wanted = instance == 1 ? CHAIN_NONE : CHAIN_PASS;

    for (int part = ARC_RESULTS; part < ARC_PARTS; part++)
        if (!set || !set->fields[part]) {
            arc_chain_break(chain, (enum arc_part)part, instance, "missing");
            return;
        }
    if (set->seal.chain != wanted)
        arc_chain_break(chain, ARC_SEAL, instance,
                        set->seal.chain == CHAIN_FAIL ? "chain broken (cv=fail)"
                        : instance == 1               ? "first, but not cv=none"
                                                      : "not first, but cv=none");
}

bool arc_chain_end(struct arc_chain *chain)
{
    if (gave_up(chain)) {
        chain->fault = NULL; /* what the sealer found then explains any other */
        arc_chain_break(chain, ARC_SEAL, chain->newest, "chain broken (cv=fail)");
    }
    for (unsigned instance = chain->newest; instance >= 1 && !chain->fault; instance--)
        check_set(chain, instance);
    return !chain->fault;
}
