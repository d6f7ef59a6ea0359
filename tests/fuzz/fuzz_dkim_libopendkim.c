/* Fuzzes the engine on libopendkim with whole messages: the library stands
 * behind our parsers and guards, the keys are good ones. */
#include "dkim_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dkim_case run;

    dkim_case_run(&run, &engine_dkim_libopendkim, 0, (struct text){ (const char *)data, size });
    dkim_case_free(&run);
    return 0;
}
