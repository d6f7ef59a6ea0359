/* Fuzzes our DKIM engine with whole messages: the body in pieces gives what the
 * body at once gives, and libopendkim, where it can judge, says the same. */
#include <string.h>

#include "dkim_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct dkim_candidate *a, const struct dkim_candidate *b)
{
    const char *x = a->reason ? a->reason : "", *y = b->reason ? b->reason : "";

    if (strcmp(x, DKIM_REASON_ENGINE) == 0 || strcmp(y, DKIM_REASON_ENGINE) == 0)
        return;
    if (a->result != b->result || strcmp(x, y) != 0 || a->unsigned_octets != b->unsigned_octets ||
        a->body_hash_mismatch != b->body_hash_mismatch)
        abort();
}

static void check_against(const struct dkim_case *native, const struct dkim_engine *engine,
                          size_t chunk, struct text data)
{
    struct dkim_case other;

    if (dkim_case_run(&other, engine, chunk, data)) {
        if (other.job.count != native->job.count)
            abort();
        for (size_t i = 0; i < other.job.count; i++)
            compare(native->candidates[i], other.candidates[i]);
    }
    dkim_case_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text whole = { (const char *)data, size };
    struct dkim_case native;

    if (dkim_case_run(&native, &engine_dkim_native, 0, whole)) {
        check_against(&native, &engine_dkim_native, 1, whole);
        check_against(&native, &engine_dkim_native, 7, whole);
        check_against(&native, &engine_dkim_libopendkim, 0, whole);
    }
    dkim_case_free(&native);
    return 0;
}
