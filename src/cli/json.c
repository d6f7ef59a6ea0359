#include "cli/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "base/text.h"
#include "core/transaction.h"

enum { SCHEMA = 1 };

/* Memory ran out for a member or an element (then VALUE may be NULL): what is without
 * it would tell something else. */
static bool incomplete;

static void put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        incomplete = true;
}

static void append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        incomplete = true;
}

/* --- values ------------------------------------------------------------- */

/* T with U+FFFD for each octet that is not ASCII; NULL: memory. */
static json_t *repaired_value(struct text t)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *clean = malloc(3 * t.len + 1);
    size_t len = 0;
    json_t *value;

    for (size_t i = 0; clean && i < t.len; i++) {
        if ((unsigned char)t.data[i] < 0x80) {
            clean[len++] = t.data[i];
        } else {
            memcpy(clean + len, replacement, 3);
            len += 3;
        }
    }
    value = clean ? json_stringn(clean, len) : NULL;
    free(clean);
    return value;
}

static json_t *text_value(struct text t)
{
    return text_is_utf8(t) ? json_stringn(t.len ? t.data : "", t.len) : repaired_value(t);
}

/* A string, or null for NULL. */
static json_t *string_value(const char *s)
{
    return s ? text_value(text_of(s)) : json_null();
}

/* A folded field body on one line (RFC 5322 §2.2.3): LF TAB becomes a space. */
static json_t *unfolded_value(const char *s)
{
    char *copy = s ? strdup(s) : NULL;
    size_t len = 0;
    json_t *value;

    if (!s)
        return json_null();
    for (const char *at = s; copy && *at; at++)
        if (*at != '\n')
            copy[len++] = *at == '\t' ? ' ' : *at;
    value = copy ? text_value((struct text){ copy, len }) : NULL;
    free(copy);
    return value;
}

static json_t *name_json(const struct name *table, int value)
{
    return json_string(name_of(table, value));
}

/* --- findings ----------------------------------------------------------- */

static json_t *properties_json(const struct finding *f)
{
    json_t *object = json_object();

    for (const struct property *p = f->properties; p; p = p->next)
        put(object, p->name, text_value(p->value));
    return object;
}

static json_t *detail_value(const struct detail *d)
{
    switch (d->kind) {
    case DETAIL_NUMBER:
        return json_integer(d->number);
    case DETAIL_TEXT:
        return text_value(d->text);
    case DETAIL_BOOL:
        return json_boolean(d->number != 0);
    }
    return json_null();
}

static json_t *details_json(const struct finding *f)
{
    json_t *object = json_object();

    for (const struct detail *d = f->details; d; d = d->next)
        put(object, d->name, detail_value(d));
    return object;
}

static json_t *results_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (const struct finding *f = findings->first; f; f = f->next)
        append(array,
                              json_pack("{so so so so so}", "method",
                                        name_json(method_names, (int)f->method), "result",
                                        name_json(result_names, (int)f->result), "reason",
                                        string_value(f->reason), "properties", properties_json(f),
                                        "detail", details_json(f)));
    return array;
}

/* --- DMARC -------------------------------------------------------------- */

static json_t *queries_json(const struct dmarc_outcome *d)
{
    json_t *array = json_array();

    for (size_t i = 0; i < d->query_count; i++)
        append(array, string_value(d->queries[i]));
    return array;
}

static json_t *dmarc_json(const struct dmarc_outcome *d)
{
    if (!d)
        return json_null();
    return json_pack(
        "{so so so so so so so so so s{so so} so so}", "result",
        name_json(result_names, (int)d->result), "reason", string_value(d->reason), "from_domain",
        string_value(d->from_domain), "policy_domain", string_value(d->policy_domain),
        "organizational_domain", string_value(d->organizational_domain), "policy",
        d->has_policy ? name_json(dmarc_policy_names, (int)d->policy) : json_null(),
        "policy_source",
        d->has_policy ? name_json(dmarc_policy_source_names, (int)d->policy_source) : json_null(),
        "testing", json_boolean(d->testing), "record",
        d->record ? text_value(d->record->text) : json_null(), "aligned", "spf",
        string_value(d->aligned_spf), "dkim", string_value(d->aligned_dkim), "discovery",
        name_json(dmarc_discovery_names, (int)d->discovery), "queries", queries_json(d));
}

/* --- verdict and plan --------------------------------------------------- */

static json_t *reply_json(const struct reply *reply)
{
    if (reply->code == 0)
        return json_null();
    return json_pack("{si so so}", "code", (int)reply->code, "enhanced",
                     string_value(reply->enhanced), "text", string_value(reply->text));
}

static json_t *verdict_json(const struct verdict *v)
{
    return json_pack("{so so so so so so so so}", "action",
                     name_json(action_names, (int)v->action), "would",
                     v->would <= v->action ? json_null()
                                           : name_json(action_names, (int)v->would),
                     "reply", reply_json(&v->reply), "reason", string_value(v->reason),
                     "decided_by",
                     v->decided_by ? name_json(method_names, (int)v->decided_by->method)
                                   : json_null(),
                     "override",
                     v->override == OVERRIDE_NONE
                         ? json_null()
                         : name_json(override_reason_names, (int)v->override),
                     "override_comment", string_value(v->override_comment), "report_disposition",
                     name_json(disposition_names, (int)v->disposition));
}

static json_t *step_json(const struct plan_step *step)
{
    json_t *object = json_pack("{so}", "action", name_json(plan_kind_names, (int)step->kind));

    switch (step->kind) {
    case PLAN_DELETE:
    case PLAN_INSERT:
        put(object, "index", json_integer((json_int_t)step->index));
        put(object, "name", string_value(step->name));
        if (step->kind == PLAN_INSERT)
            put(object, "value", string_value(step->value));
        break;
    case PLAN_HOLD:
        put(object, "reason", string_value(step->value));
        break;
    }
    return object;
}

static json_t *plan_json(const struct plan *plan)
{
    json_t *array = json_array();

    for (const struct plan_step *step = plan->steps; step; step = step->next)
        append(array, step_json(step));
    return array;
}

/* --- signatures and seal -------------------------------------------------- */

static json_t *signer_json(const struct signer *signer)
{
    return json_pack("{so so}", "domain", string_value(signer->domain), "selector",
                     string_value(signer->selector));
}

static json_t *signatures_json(const struct signing *signing)
{
    json_t *array = json_array();

    for (size_t i = 0; i < signing->count; i++) {
        json_t *signature = signer_json(&signing->signatures[i].signer);

        put(signature, "rule", string_value(signing->signatures[i].rule->pattern));
        append(array, signature);
    }
    return array;
}

static json_t *signing_json(const struct signing *signing)
{
    if (!signing)
        return json_null();
    return json_pack("{so so so}", "state", name_json(signing_state_names, (int)signing->state),
                     "reason", string_value(signing->why), "signatures",
                     signatures_json(signing));
}

static json_t *sealing_json(const struct sealing *sealing)
{
    bool sealed = sealing && sealing->state == SEALING_SEALED;

    if (!sealing)
        return json_null();
    return json_pack("{so so so so so}", "state",
                     name_json(sealing_state_names, (int)sealing->state), "reason",
                     string_value(sealing->why), "seal",
                     sealed ? signer_json(&sealing->signer) : json_null(), "instance",
                     sealed ? json_integer((json_int_t)sealing->instance) : json_null(), "chain",
                     sealed ? name_json(chain_status_names, (int)sealing->chain) : json_null());
}

static json_t *list_json(const struct list_claim *list)
{
    if (!*list->domain)
        return json_null();
    return json_pack("{so so}", "domain", string_value(list->domain), "signed",
                     json_boolean(list->is_signed));
}

static json_t *judgement_json(const struct judgement *j)
{
    return json_pack(
        "{si so so so so so so so so so so so so s{si sI}}", "schema", SCHEMA, "authserv_id",
        string_value(j->authserv_id), "origin", name_json(origin_names, (int)j->origin),
        "client_name", *j->client_name ? string_value(j->client_name) : json_null(), "results",
        results_json(j->findings), "dmarc", dmarc_json(j->dmarc), "spf_explanation",
        string_value(j->spf ? j->spf->explanation : NULL), "list", list_json(&j->list), "verdict",
        verdict_json(&j->verdict), "header", unfolded_value(j->header), "plan", plan_json(&j->plan),
        "signing", signing_json(j->signing), "sealing", sealing_json(j->sealing), "dns", "questions",
        (int)j->dns.questions, "waited_ms", (json_int_t)j->dns.waited_ms);
}

static int add_piece(const char *piece, size_t len, void *whole)
{
    buf_text_add(whole, (struct text){ piece, len });
    return buf_failed(whole) ? -1 : 0;
}

/* ROOT as text; NULL without memory.  json_dumps() goes on after a piece that it could not
 * add, and calls the rest a success. */
static const char *whole_text(const json_t *root, struct region *region)
{
    struct buf whole;

    buf_init(&whole, region, SIZE_MAX / 2);
    if (json_dump_callback(root, add_piece, &whole, JSON_INDENT(1)) != 0)
        return NULL;
    buf_char(&whole, '\n');
    return buf_str(&whole);
}

bool print_json(const struct judgement *j, FILE *out)
{
    struct region *region = region_new(0);
    const char *text = NULL;
    json_t *root;
    bool written;

    incomplete = false;
    root = judgement_json(j);
    if (root && region && !incomplete)
        text = whole_text(root, region);
    errno = ENOMEM;
    written = text && fputs(text, out) >= 0 && fflush(out) == 0;
    region_free(region);
    json_decref(root);
    return written;
}
