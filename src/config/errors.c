#include "config/errors_private.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/region.h"

enum { ERRORS_MAX = 100, ERROR_LEN_MAX = 8192 };

struct error {
    struct place place;
    char *text;
};

void errors_init(struct errors *errors, struct region *region)
{
    *errors = (struct errors){
        .region = region,
        .items = region_array(region, ERRORS_MAX, sizeof(struct error)),
    };
}

bool errors_add(struct errors *errors, struct place place, const char *format, ...)
{
    char message[ERROR_LEN_MAX / 2];
    struct buf buf;
    va_list args;

    errors->count++;
    if (!errors->items || errors->count > ERRORS_MAX)
        return false;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    buf_init(&buf, errors->region, ERROR_LEN_MAX);
    buf_printf(&buf, "%s:%u: %s", place.file, place.line, message);
    errors->items[errors->count - 1] = (struct error){ place, buf_str(&buf) };
    return false;
}

static int by_place(const void *a, const void *b)
{
    size_t x = ((const struct error *)a)->place.order;
    size_t y = ((const struct error *)b)->place.order;

    return (x > y) - (x < y);
}

bool errors_report(struct errors *errors, config_report_fn *report, void *context)
{
    size_t kept = errors->count < ERRORS_MAX ? errors->count : ERRORS_MAX;

    if (errors->count == 0)
        return false;
    if (!errors->items) {
        report(context, "configuration: out of memory");
        return true;
    }
    qsort(errors->items, kept, sizeof errors->items[0], by_place);
    for (size_t i = 0; i < kept; i++)
        report(context, errors->items[i].text ? errors->items[i].text
                                              : "configuration: out of memory");
    if (errors->count > kept)
        report(context, "configuration: there are more errors; mend these first");
    return true;
}
