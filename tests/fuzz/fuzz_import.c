/* fuzz_import: the configurations of other programs, and the files that they name.
 * The first octet chooses the program; what stands behind a line of "%" is in every
 * other file.  What is printed must be plain text that our own reader takes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files { struct text first, others; };

static const char *read_file(void *context, const char *name, struct region *region,
                             struct text *octets)
{
    const struct files *files = context;

    (void)region;
    if (strstr(name, "missing"))
        return "No such file or directory";
    *octets = strcmp(name, "input") == 0 ? files->first : files->others;
    return NULL;
}

static struct files split(struct text input)
{
    static const char separator[] = "\n%\n";
    const char *at = input.len ? memmem(input.data, input.len, separator, strlen(separator)) : NULL;
    size_t first = at ? (size_t)(at - input.data) : input.len;

    return (struct files){ text_head(input, first), text_tail(input, first + strlen(separator)) };
}

/* A domain may be UTF-8, in an option; what stands in comments and errors is
 * ASCII. */
static void check_plain(struct text text, bool ascii)
{
    if (!text_is_utf8(text))
        abort();
    while (text.len) {
        struct text line = text_head(text, text_find(text, '\n'));

        text = text_tail(text, line.len + 1);
        if ((ascii || text_starts_nocase(text_trim(line), TEXT("#"))) && !text_is_ascii(line))
            abort();
        for (size_t i = 0; i < line.len; i++)
            if (octet_is_control(line.data[i]))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct import_program *const programs[] = { &import_opendkim, &import_opendmarc,
                                                             &import_openarc };
    struct files files = split((struct text){ (const char *)data + (size > 0), size - (size > 0) });
    struct import_disk disk = { read_file, &files };
    struct import_options options = { .file = "input", .disk = &disk };
    char *printed = NULL, *said = NULL;
    size_t printed_size, said_size;
    FILE *out = open_memstream(&printed, &printed_size);
    FILE *errors = open_memstream(&said, &said_size);
    unsigned choice = size ? data[0] : 0;
    int status;

    options.expand = choice & 4;
    status = import_run(programs[(choice & 3) % 3], &options, out, errors);
    fclose(out);
    fclose(errors);
    if (status != EX_OK && status != EX_DATAERR && status != EX_NOINPUT)
        abort();
    if ((status == EX_OK) != (said_size == 0) || (status == EX_OK) != (printed_size > 0))
        abort();
    check_plain((struct text){ printed, printed_size }, false);
    check_plain((struct text){ said, said_size }, true);
    free(printed);
    free(said);
    return 0;
}
