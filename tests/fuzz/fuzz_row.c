/* Fuzzes row_read(): whatever the line is, and whatever stands behind a head that
 * fits it.  A row that was read can be written, and is read as the same. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "report/crc32.h"
#include "report/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A LINE of LEN octets in memory of just that size, its LF included. */
static char *copy_of(const void *line, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        abort();
    if (len)
        memcpy(copy, line, len);
    copy[len] = '\n';
    return copy;
}

static struct text written(struct region *region, const struct row *row)
{
    struct buf out;

    buf_init(&out, region, ROW_LINE_MAX);
    row_write(&out, row);
    return buf_text(&out);
}

static void read_line(const void *line, size_t len)
{
    struct region *region = region_new(0);
    char *first = copy_of(line, len), *second;
    struct row row;
    struct text text;

    if (row_read(first, len, &row) == ROW_READ_OK) {
        text = written(region, &row);
        if (text.len > 0) { /* else longer than a line may be: escapes */
            second = copy_of(text.data, text.len - 1);
            if (row_read(second, text.len - 1, &row) != ROW_READ_OK ||
                !text_equal(written(region, &row), text))
                abort();
            free(second);
        } else if (len < ROW_LINE_MAX / 3) {
            abort();
        }
    }
    free(first);
    region_free(region);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *sealed = malloc(size + 64);
    size_t head;

    if (!sealed)
        abort();
    read_line(data, size);
    head = (size_t)sprintf(sealed, "00000000 1 %06zu ", size);
    if (size)
        memcpy(sealed + head, data, size);
    sprintf(sealed, "%08" PRIx32, crc32_of((struct text){ sealed + 9, head - 9 + size }));
    sealed[8] = ' ';
    read_line(sealed, head + size);
    free(sealed);
    return 0;
}
