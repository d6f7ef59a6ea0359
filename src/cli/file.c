#include "cli/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_OCTETS = 65536 };

/* DATA with room for more; NULL (errno), DATA freed. */
static char *grow(char *data, size_t *capacity, size_t max)
{
    char *grown = NULL;

    if (*capacity > max)
        errno = EFBIG;
    else
        grown = realloc(data, *capacity *= 2);
    if (!grown)
        free(data);
    return grown;
}

static bool read_stream(FILE *in, size_t max, struct text *octets)
{
    size_t capacity = FIRST_OCTETS, len = 0;
    char *data = malloc(capacity);

    while (data) {
        len += fread(data + len, 1, capacity - len, in);
        if (len < capacity)
            break;
        data = grow(data, &capacity, max);
    }
    if (data && (ferror(in) || len > max)) {
        errno = ferror(in) ? errno : EFBIG;
        free(data);
        data = NULL;
    }
    *octets = (struct text){ data, data ? len : 0 };
    return data;
}

bool file_read(const char *name, size_t max, struct text *octets)
{
    FILE *in = name ? fopen(name, "rb") : stdin;
    bool good;
    int error;

    if (!in)
        return false;
    good = read_stream(in, max, octets);
    error = errno;
    if (name)
        fclose(in);
    errno = error;
    return good;
}
