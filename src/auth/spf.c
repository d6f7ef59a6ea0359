/* spf.c: from an SMTP session's identities to findings (RFC 7208 §2.3, §2.4). */
#include "auth/spf.h"

#include <string.h>

#include "auth/spf_explanation.h"
#include "base/region.h"

static const struct spf_engine *const engines[] = { &spf_engine_libspf2, &spf_engine_native };

const struct spf_engine *spf_engine_named(const char *name)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

static bool is_number(const char *label)
{
    return label[strspn(label, "0123456789")] == '\0';
}

/* Whether check_host() goes on with DOMAIN (§4.3): more than one label, and not
 * an address. */
static bool can_be_judged(const char *domain)
{
    return domain_labels(domain) > 1 && !is_number(domain_last_labels(domain, 1));
}

/* --- identities --- */

/* HELO is hostile text. */
struct helo {
    domain_name domain; /* the identity; "" when it is none that can be judged */
    domain_name text;   /* for macros; "" when it cannot be told */
};

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static void read_helo(struct text helo, struct helo *out)
{
    *out = (struct helo){ .domain = "" };
    if (domain_normalise(helo, out->text)) {
        if (can_be_judged(out->text))
            memcpy(out->domain, out->text, sizeof out->domain);
    } else if (helo.len > 0 && helo.len <= DOMAIN_MAX && text_all(helo, is_printable)) {
        memcpy(out->text, helo.data, helo.len);
        out->text[helo.len] = '\0';
    }
}

/* postmaster stands for an empty LOCAL_PART (§4.3). */
static struct spf_request request_for(const struct spf_params *params, const struct helo *helo,
                                      struct text local_part, const char *domain)
{
    return (struct spf_request){
        .dns = params->dns,
        .client = params->client,
        .helo = helo->text[0] ? helo->text : NULL,
        .local_part = local_part.len > 0 ? local_part : TEXT("postmaster"),
        .domain = domain,
        .receiver = params->receiver,
        .now = params->now,
    };
}

/* A null sender's is postmaster@HELO (§2.4). */
static struct spf_request mail_from_request(const struct spf_params *params,
                                            const struct helo *helo)
{
    const struct path *path = params->mail_from;
    struct spf_request request;

    if (path->kind == PATH_NULL)
        request = request_for(params, helo, (struct text){ NULL, 0 }, helo->domain);
    else
        request = request_for(params, helo, path->local_part, path->domain);
    request.explain = params->explain;
    return request;
}

static struct spf_request helo_request(const struct spf_params *params, const struct helo *helo)
{
    return request_for(params, helo, (struct text){ NULL, 0 }, helo->domain);
}

/* Whether HELO is judged beside MAIL FROM. */
static bool helo_has_a_say(enum path_kind mail_from)
{
    switch (mail_from) {
    case PATH_ADDRESS:
    case PATH_LOCAL:
    case PATH_LITERAL:
        return true;
    case PATH_NULL:      /* judged already */
    case PATH_MALFORMED: /* a client that means to be misread gets no pass at all */
        break;
    }
    return false;
}

static void prefetch(const struct spf_request *request)
{
    if (request->client.family != IP_NONE && can_be_judged(request->domain))
        spf_prefetch(request);
}

void prefetch_spf(const struct spf_params *params)
{
    struct spf_request request;
    struct helo helo;

    read_helo(params->helo, &helo);
    request = mail_from_request(params, &helo);
    prefetch(&request);
    request = helo_request(params, &helo);
    if (helo_has_a_say(params->mail_from->kind))
        prefetch(&request);
}

/* --- evaluation --- */

static void judge(struct findings *findings, const struct spf_params *params,
                  struct spf_request *request, struct spf_outcome *outcome)
{
    *outcome = (struct spf_outcome){ .result = RESULT_NONE };
    request->region = findings->region;
    if (request->client.family == IP_NONE)
        outcome->reason = "no client address";
    else if (!can_be_judged(request->domain))
        outcome->reason = "no fully qualified domain";
    else
        params->engine->evaluate(request, outcome);
}

/* PROPERTY gets a copy of DOMAIN: never a local part. */
static void report(struct findings *findings, const struct spf_params *params,
                   const char *property, const char *domain, const struct spf_outcome *outcome)
{
    struct finding *finding =
        findings_add(findings, METHOD_SPF, outcome->result, outcome->reason);

    if (domain[0])
        finding_property(findings, finding, property,
                         text_of(text_dup(findings->region, text_of(domain))));
    finding_text(findings, finding, "engine", text_of(params->engine->name));
    finding_number(findings, finding, "lookups", outcome->lookups);
    finding_number(findings, finding, "voids", outcome->voids);
    if (outcome->mechanism)
        finding_text(findings, finding, "mechanism", text_of(outcome->mechanism));
    if (outcome->trail)
        finding_text(findings, finding, "trail", text_of(outcome->trail));
    if (outcome->include_path)
        finding_text(findings, finding, "path", text_of(outcome->include_path));
}

static void identify(struct spf_identity *identity, const char *domain,
                     const struct spf_outcome *outcome)
{
    identity->result = outcome->result;
    identity->asked = outcome->explanation;
    identity->reason = outcome->reason;
    identity->limit_hit = outcome->limit_hit;
    memcpy(identity->domain, domain, strlen(domain) + 1);
}

/* Why a path without a domain has no result. */
static const char *why_none(enum path_kind kind)
{
    switch (kind) {
    case PATH_LOCAL:
        return "no domain in MAIL FROM";
    case PATH_LITERAL:
        return "address literal in MAIL FROM";
    case PATH_MALFORMED:
        return "malformed MAIL FROM";
    case PATH_NULL:
        return "null sender, no domain in HELO";
    case PATH_ADDRESS:
        break;
    }
    return NULL;
}

static void check_mail_from(struct findings *findings, const struct spf_params *params,
                            const struct helo *helo, struct spf_identity *identity)
{
    enum path_kind kind = params->mail_from->kind;
    struct spf_request request = mail_from_request(params, helo);
    struct spf_outcome outcome = { .result = RESULT_NONE, .reason = why_none(kind) };

    if (request.domain[0])
        judge(findings, params, &request, &outcome);
    report(findings, params, kind == PATH_NULL ? "smtp.helo" : "smtp.mailfrom", request.domain,
           &outcome);
    identify(identity, request.domain, &outcome);
}

static void check_helo(struct findings *findings, const struct spf_params *params,
                       const struct helo *helo, struct spf_identity *identity)
{
    struct spf_request request = helo_request(params, helo);
    struct spf_outcome outcome;

    judge(findings, params, &request, &outcome);
    identity->limit_hit |= outcome.limit_hit;
    if (outcome.result != RESULT_NONE)
        report(findings, params, "smtp.helo", helo->domain, &outcome);
}

void check_spf(struct findings *findings, const struct spf_params *params,
               struct spf_identity *identity)
{
    struct helo helo;

    *identity = (struct spf_identity){ .result = RESULT_NONE };
    read_helo(params->helo, &helo);
    check_mail_from(findings, params, &helo, identity);
    if (helo.domain[0] && helo_has_a_say(params->mail_from->kind))
        check_helo(findings, params, &helo, identity);
}

void spf_identity_explain(struct spf_identity *identity)
{
    identity->explanation = spf_explanation_text(identity->asked);
}
