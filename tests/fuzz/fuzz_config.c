/* fuzz_config: the configuration's text; includes are off.  What is accepted
 * must print as something that reads back as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *text)
{
    (void)context;
    if (strncmp(text, "input:", 6) != 0 && strncmp(text, "configuration: ", 15) != 0)
        abort(); /* an error without a place */
}

static char *print(const struct config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    config_print(config, out);
    fclose(out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = { (const char *)data, size };
    struct config *config = config_read_text("input", text, false, ignore, NULL);
    struct config *again;
    char *first, *second;

    if (!config)
        return 0;
    first = print(config);
    again = config_read_text("input", text_of(first), false, ignore, NULL);
    if (!again)
        abort();
    second = print(again);
    if (strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    config_unref(config);
    config_unref(again);
    return 0;
}
