/* Authentication-Results: any body is read or refused; what is written from it
 * is clean and reads back to the same findings; a body of ours is claimed; the
 * results of one that can be read can be read behind another id. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/authres.h"
#include "auth/authres_registry.h"
#include "base/buf.h"
#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* No control octet but LF, and that only as LF TAB. */
static void require_clean(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '\n')
            require(i + 1 < t.len && t.data[i + 1] == '\t');
        else if (t.data[i] == '\t')
            require(i > 0 && t.data[i - 1] == '\n');
        else
            require(!octet_is_control(t.data[i]));
    }
}

/* Results that are written: all but arc=none. */
static size_t count(const struct findings *findings)
{
    size_t n = 0;

    for (const struct finding *f = findings->first; f; f = f->next)
        n += f->method != METHOD_ARC || f->result != RESULT_NONE;
    return n;
}

static struct text write(struct region *region, const struct findings *findings)
{
    struct buf buf;

    buf_init(&buf, region, SIZE_MAX / 2);
    authres_write(&buf, "mx.example.org", findings);
    require(!buf_failed(&buf));
    require_clean(buf_text(&buf));
    return buf_text(&buf);
}

/* FINDINGS written, read and written again: the same text. */
static void round_trip(struct region *region, const struct findings *findings)
{
    struct text first = write(region, findings), id;
    struct findings again;

    findings_init(&again, region);
    require(authres_read(first, &id, &again));
    require(text_equal(id, TEXT("mx.example.org")));
    require(count(&again) == count(findings));
    require(text_equal(write(region, &again), first));
    require(authres_claims(first, "MX.example.org") == AUTHRES_OURS);
    require(authres_claims(first, "x.example.org") == AUTHRES_OTHER);
}

/* The results of INPUT, a readable body, under our id. */
static void moved(struct region *region, struct text input)
{
    struct findings findings;
    struct text results, id;
    struct buf buf;

    require(authres_results_of(input, &results));
    buf_init(&buf, region, SIZE_MAX / 2);
    buf_add(&buf, "mx.example.org; ");
    buf_text_add(&buf, results.len > 0 ? results : TEXT("none"));
    findings_init(&findings, region);
    require(authres_read(buf_text(&buf), &id, &findings));
}

/* INPUT as the value of everything that a check may put there. */
static void as_value(struct region *region, struct text input)
{
    struct findings findings;
    struct finding *finding;

    findings_init(&findings, region);
    finding = findings_add(&findings, METHOD_DKIM, RESULT_FAIL, text_dup(region, input));
    finding_property(&findings, finding, "header.d", input);
    finding_property(&findings, finding, "header.b", text_head(input, 8));
    finding = findings_add(&findings, METHOD_SPF, RESULT_PASS, NULL);
    finding_property(&findings, finding, "smtp.helo", input);
    round_trip(region, &findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    struct region *region = region_new(0);
    struct findings findings;
    struct text id;

    if (!region)
        return 0;
    findings_init(&findings, region);
    authres_claims(input, "mx.example.org");
    authres_claims(input, "mx.b\xc3\xbc" "cher.example");
    if (authres_read(input, &id, &findings)) {
        round_trip(region, &findings);
        moved(region, input);
    }
    as_value(region, input);
    region_free(region);
    return 0;
}
