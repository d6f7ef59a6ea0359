#include "auth/finding.h"

#include "base/region.h"

const struct name method_names[] = {
    { METHOD_AUTH, "auth" }, { METHOD_IPREV, "iprev" }, { METHOD_SPF, "spf" },
    { METHOD_DKIM, "dkim" }, { METHOD_ARC, "arc" },     { METHOD_DMARC, "dmarc" },
    { 0, NULL },
};

const struct name result_names[] = {
    { RESULT_NONE, "none" },           { RESULT_PASS, "pass" },
    { RESULT_FAIL, "fail" },           { RESULT_SOFTFAIL, "softfail" },
    { RESULT_POLICY, "policy" },       { RESULT_NEUTRAL, "neutral" },
    { RESULT_TEMPERROR, "temperror" }, { RESULT_PERMERROR, "permerror" },
    { 0, NULL },
};

void findings_init(struct findings *findings, struct region *region)
{
    *findings = (struct findings){ .region = region };
    findings->end = &findings->first;
}

struct finding *findings_add(struct findings *findings, enum method method, enum result result,
                             const char *reason)
{
    struct finding *finding = region_alloc(findings->region, sizeof *finding);

    if (!finding)
        return NULL;
    *finding = (struct finding){ .method = method, .result = result, .reason = reason };
    *findings->end = finding;
    findings->end = &finding->next;
    return finding;
}

void findings_put_first(struct findings *findings, struct findings *first)
{
    if (!first->first)
        return;
    if (!findings->first)
        findings->end = first->end;
    *first->end = findings->first;
    findings->first = first->first;
    findings_init(first, first->region);
}

void finding_property(struct findings *findings, struct finding *finding, const char *name,
                      struct text value)
{
    struct property *property;
    struct property **end;

    if (!finding || !(property = region_alloc(findings->region, sizeof *property)))
        return;
    *property = (struct property){ .name = name, .value = value };
    for (end = &finding->properties; *end; end = &(*end)->next)
        ;
    *end = property;
}

/* Appends DETAIL; all details of a finding are few, so the end is searched. */
static void add_detail(struct findings *findings, struct finding *finding,
                       const struct detail *detail)
{
    struct detail *copy;
    struct detail **end;

    if (!finding || !(copy = region_alloc(findings->region, sizeof *copy)))
        return;
    *copy = *detail;
    for (end = &finding->details; *end; end = &(*end)->next)
        ;
    *end = copy;
}

void finding_number(struct findings *findings, struct finding *finding, const char *name,
                    long long number)
{
    add_detail(findings, finding,
               &(struct detail){ .name = name, .kind = DETAIL_NUMBER, .number = number });
}

void finding_bool(struct findings *findings, struct finding *finding, const char *name, bool value)
{
    add_detail(findings, finding,
               &(struct detail){ .name = name, .kind = DETAIL_BOOL, .number = value });
}

void finding_text(struct findings *findings, struct finding *finding, const char *name,
                  struct text value)
{
    add_detail(findings, finding,
               &(struct detail){ .name = name, .kind = DETAIL_TEXT, .text = value });
}

struct text finding_get(const struct finding *finding, const char *name)
{
    struct text wanted = text_of(name);

    for (const struct property *p = finding ? finding->properties : NULL; p; p = p->next)
        if (text_equal(text_of(p->name), wanted))
            return p->value;
    return (struct text){ NULL, 0 };
}
