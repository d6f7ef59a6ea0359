/* failure_sender.h: sends the failures that wait in files.
 *
 * A file is deleted when the MTA took its report for everybody who may have it, and not
 * before; what fails is tried again, ever more rarely, for a week.  One sender a spool.
 */
#ifndef VIDIMUS_REPORT_FAILURE_SENDER_H
#define VIDIMUS_REPORT_FAILURE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "report/sender.h"

struct failure;

/* What became of a file, or of one destination of it. */
enum failure_end {
    FAILURE_SENT,
    FAILURE_LATER,
    FAILURE_UNWANTED, /* nobody may have it, or the file is damaged */
    FAILURE_GIVEN_UP
};

enum { FAILURE_END_COUNT = FAILURE_GIVEN_UP + 1 };

extern const struct name failure_end_names[];

struct failure_event {
    const char *file;
    const struct failure *failure;         /* NULL: it could not be read */
    const struct destination *destination; /* NULL: it is about the file */
    enum failure_end end;
    const char *why; /* "" */
};

struct failure_run {
    struct sender *sender; /* its store is not used, nor its tell */
    int64_t now;
    bool for_show; /* nothing changes */
    void *context;
    void (*tell)(void *context, const struct failure_event *event);
};

/* Sends what is due.  False, with the reason in ERROR: the directory cannot be used.  If
 * there is none, or another process sends, nothing is to be done. */
bool failures_send(const struct failure_run *run, char *error, size_t error_size);

/* How many wait. */
bool failures_count(const char *spool, size_t *count, char *error, size_t error_size);

#endif
