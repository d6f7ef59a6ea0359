/* errors_private.h: the errors of one reading, told in the order of the file.
 *
 * Checks run option by option, people read line by line: errors are kept and
 * reported together, sorted by the place they are about. */
#ifndef VIDIMUS_CONFIG_ERRORS_PRIVATE_H
#define VIDIMUS_CONFIG_ERRORS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config.h"

struct region;

struct place {
    const char *file;
    unsigned line;
    size_t order; /* number of the token: what stands earlier is told earlier */
};

struct errors {
    struct region *region;
    size_t count;
    struct error *items; /* in region */
};

/* Errors live in REGION, which also is where memory runs out. */
void errors_init(struct errors *errors, struct region *region);

/* Notes an error; beyond a bound (100) only that there are more.  Always false,
 * for the caller to pass on. */
bool errors_add(struct errors *errors, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls REPORT for each as "FILE:LINE: message"; whether there were any. */
bool errors_report(struct errors *errors, config_report_fn *report, void *context);

#endif
