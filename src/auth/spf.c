/* spf.c: from an SMTP session's identities to findings (RFC 7208 §2.3, §2.4). */
#include "auth/spf.h"

#include <string.h>

#include "base/region.h"

static const struct spf_engine *const engines[] = { &spf_engine_libspf2 };

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

/* HELO is hostile text; only a domain comes out of it, or "". */
static void helo_domain(struct text helo, domain_name out)
{
    if (!domain_normalise(helo, out) || !can_be_judged(out))
        out[0] = '\0';
}

/* One identity: postmaster stands for an empty LOCAL_PART (§4.3). */
static void judge(struct findings *findings, const struct spf_params *params, const char *helo,
                  struct text local_part, const char *domain, struct spf_outcome *outcome)
{
    struct spf_request request = {
        .region = findings->region,
        .dns = params->dns,
        .client = params->client,
        .helo = helo[0] ? helo : NULL,
        .local_part = local_part.len > 0 ? local_part : TEXT("postmaster"),
        .domain = domain,
        .receiver = params->receiver,
        .now = params->now,
    };

    *outcome = (struct spf_outcome){ .result = RESULT_NONE };
    if (params->client.family == IP_NONE)
        outcome->reason = "no client address";
    else if (!can_be_judged(domain))
        outcome->reason = "no fully qualified domain";
    else
        params->engine->evaluate(&request, outcome);
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
    if (outcome->include_path)
        finding_text(findings, finding, "path", text_of(outcome->include_path));
}

static void identify(struct spf_identity *identity, const char *domain,
                     const struct spf_outcome *outcome)
{
    identity->result = outcome->result;
    identity->explanation = outcome->explanation;
    identity->reason = outcome->reason;
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

/* The MAIL FROM identity; a null sender's is postmaster@HELO. */
static void check_mail_from(struct findings *findings, const struct spf_params *params,
                            const char *helo, struct spf_identity *identity)
{
    const struct path *path = params->mail_from;
    bool null = path->kind == PATH_NULL;
    const char *domain = null ? helo : path->domain;
    struct spf_outcome outcome = { .result = RESULT_NONE, .reason = why_none(path->kind) };

    if (domain[0])
        judge(findings, params, helo, null ? (struct text){ NULL, 0 } : path->local_part, domain,
              &outcome);
    report(findings, params, null ? "smtp.helo" : "smtp.mailfrom", domain, &outcome);
    identify(identity, domain, &outcome);
}

static void check_helo(struct findings *findings, const struct spf_params *params,
                       const char *helo)
{
    struct spf_outcome outcome;

    judge(findings, params, helo, (struct text){ NULL, 0 }, helo, &outcome);
    if (outcome.result != RESULT_NONE)
        report(findings, params, "smtp.helo", helo, &outcome);
}

void check_spf(struct findings *findings, const struct spf_params *params,
               struct spf_identity *identity)
{
    domain_name helo;

    *identity = (struct spf_identity){ .result = RESULT_NONE };
    helo_domain(params->helo, helo);
    check_mail_from(findings, params, helo, identity);
    switch (params->mail_from->kind) {
    case PATH_ADDRESS:
    case PATH_LOCAL:
    case PATH_LITERAL:
        if (helo[0])
            check_helo(findings, params, helo);
        break;
    case PATH_NULL:      /* judged already */
    case PATH_MALFORMED: /* a client that means to be misread gets no pass at all */
        break;
    }
}
