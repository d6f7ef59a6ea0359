#include "core/sealers.h"

#include <string.h>

#include "auth/authres.h"
#include "base/buf.h"
#include "base/ip.h"

enum {
    COMMENT_MAX = 32 * 1024, /* 50 seals with the longest names fit */
    SIGNATURES_MAX = 10,     /* DKIM results believed of one sealer */
    WHY_MAX = 400,
};

/* ---- what one sealer saw */

/* The domain of an identifier: what follows its last "@", or all of it. */
static bool domain_of(struct text identifier, domain_name out)
{
    size_t start = identifier.len;

    while (start > 0 && identifier.data[start - 1] != '@')
        start--;
    return domain_normalise(text_tail(identifier, start), out);
}

/* His DMARC result for AUTHOR: none if he has not judged it. */
static enum result dmarc_result(const struct findings *seen, const char *author)
{
    domain_name from;

    for (const struct finding *f = seen->first; f; f = f->next)
        if (f->method == METHOD_DMARC && domain_of(finding_get(f, "header.from"), from) &&
            strcmp(from, author) == 0)
            return f->result;
    return RESULT_NONE;
}

/* Where the domain of a passing result stands: the first that is given. */
static struct text identifier_of(const struct finding *f)
{
    struct text value = { NULL, 0 };

    if (f->result != RESULT_PASS)
        return value;
    if (f->method == METHOD_SPF)
        return finding_get(f, "smtp.mailfrom");
    if (f->method == METHOD_DKIM)
        value = finding_get(f, "header.d");
    if (f->method == METHOD_DKIM && value.len == 0)
        value = finding_get(f, "header.i");
    return value;
}

/* DMARC, judged here from the SPF and DKIM results that he saw. */
static bool aligned_pass(const struct sealers_question *q, const struct findings *seen)
{
    domain_name domains[SIGNATURES_MAX], sender = "";
    struct dmarc_dkim signatures[SIGNATURES_MAX];
    struct dmarc_outcome outcome;
    struct findings unused;
    size_t count = 0;
    domain_name domain;

    for (const struct finding *f = seen->first; f; f = f->next) {
        if (!domain_of(identifier_of(f), domain))
            continue;
        if (f->method == METHOD_SPF) {
            memcpy(sender, domain, sizeof domain);
        } else if (count < SIGNATURES_MAX) {
            memcpy(domains[count], domain, sizeof domain);
            signatures[count] = (struct dmarc_dkim){ RESULT_PASS, domains[count] };
            count++;
        }
    }
    if (count == 0 && !*sender)
        return false;
    findings_init(&unused, q->region);
    check_dmarc(&unused,
                &(struct dmarc_request){
                    .region = q->region,
                    .dns = q->dns,
                    .author = q->author,
                    .discovery = q->discovery,
                    .spf_result = *sender ? RESULT_PASS : RESULT_NONE,
                    .spf_domain = sender,
                    .dkim_count = count,
                    .dkim = signatures,
                },
                &outcome);
    return outcome.result == RESULT_PASS;
}

static bool saw_author(const struct sealers_question *q, const struct arc_set *set)
{
    struct findings seen;
    struct text id;

    findings_init(&seen, q->region);
    if (!authres_read(set->results, &id, &seen))
        return false;
    switch (dmarc_result(&seen, q->author->domains[0])) {
    case RESULT_PASS:
        return true;
    case RESULT_NONE: /* no policy then, or not his business */
        return aligned_pass(q, &seen);
    case RESULT_FAIL:
    case RESULT_SOFTFAIL:
    case RESULT_POLICY:
    case RESULT_NEUTRAL:
    case RESULT_TEMPERROR:
    case RESULT_PERMERROR:
        return false;
    }
    return false;
}

/* ---- the chain */

/* What a reader sees and the newest sealer has not signed; NULL: nothing. */
static const char *open_part(const struct sealers_question *q)
{
    const struct arc_outcome *arc = q->arc;
    const struct arc_chain *chain = arc->chain;
    struct buf buf;

    if (!chain->sets[chain->newest]->message.signs_from)
        return "the newest ARC-Message-Signature does not cover From";
    if (arc->unsigned_octets > 0)
        return "the newest ARC-Message-Signature does not cover the whole body";
    if (!arc->surplus)
        return NULL;
    buf_init(&buf, q->region, WHY_MAX);
    buf_printf(&buf, "the newest ARC-Message-Signature does not cover all %s fields", arc->surplus);
    return buf_str(&buf);
}

static const char *about(const struct sealers_question *q, unsigned instance, const char *words)
{
    struct buf buf;

    buf_init(&buf, q->region, WHY_MAX);
    buf_printf(&buf, "i=%u: %s %s", instance, q->arc->chain->sets[instance]->seal.domain, words);
    return buf_str(&buf);
}

/* Goes back as far as the sealers are trusted. */
static bool vouched(const struct sealers_question *q, const char **why)
{
    const struct arc_chain *chain = q->arc->chain;

    for (unsigned i = chain->newest; i >= 1; i--) {
        if (!domains_have(q->trusted, chain->sets[i]->seal.domain)) {
            *why = about(q, i, "is not in trusted-sealers");
            return false;
        }
        if (saw_author(q, chain->sets[i])) {
            *why = about(q, i, "saw the author authenticated");
            return true;
        }
    }
    *why = "no sealer saw the author authenticated";
    return false;
}

/* The client of the first sealer, as he wrote it down; IP_NONE: he did not. */
static struct ip_address first_client(const struct sealers_question *q)
{
    struct ip_address ip = { .family = IP_NONE };
    struct findings seen;
    struct text id;

    findings_init(&seen, q->region);
    if (!authres_read(q->arc->chain->sets[1]->results, &id, &seen))
        return ip;
    for (const struct finding *f = seen.first; f; f = f->next)
        if (ip_parse(finding_get(f, "smtp.remote-ip"), &ip) ||
            ip_parse(finding_get(f, "policy.iprev"), &ip))
            return ip;
    return ip;
}

static const char *comment(const struct sealers_question *q)
{
    const struct arc_chain *chain = q->arc->chain;
    struct ip_address client = first_client(q);
    char ip[IP_TEXT_SIZE];
    struct buf buf;

    buf_init(&buf, q->region, COMMENT_MAX);
    buf_add(&buf, "arc=pass");
    for (unsigned i = chain->newest; i >= 1; i--)
        buf_printf(&buf, " as[%u].d=%s as[%u].s=%s", i, chain->sets[i]->seal.domain, i,
                   chain->sets[i]->seal.selector);
    if (client.family != IP_NONE)
        buf_printf(&buf, " remote-ip[1]=%s", ip_format(&client, ip));
    return buf_str(&buf);
}

void sealers_ask(const struct sealers_question *q, struct sealers_answer *answer)
{
    *answer = (struct sealers_answer){ .comment = NULL };
    if (q->arc->result != RESULT_PASS)
        return;
    answer->why = q->author->status == AUTHOR_OK ? open_part(q) : "there is no single author";
    if (!answer->why && vouched(q, &answer->why))
        answer->comment = comment(q);
}
