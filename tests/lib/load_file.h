/* load_file.h: a file of the tests as a whole. */
#ifndef VIDIMUS_TESTS_LOAD_FILE_H
#define VIDIMUS_TESTS_LOAD_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { FILE_OCTETS_MAX = 1 << 20 };

/* The octets of the file at PATH; to be freed. */
static struct text load_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(FILE_OCTETS_MAX);
    size_t len;

    if (!file || !data)
        fail_msg("%s", path);
    len = fread(data, 1, FILE_OCTETS_MAX, file);
    fclose(file);
    return (struct text){ data, len };
}

#endif
