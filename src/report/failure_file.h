/* failure_file.h: the files of failures: SECONDS-RANDOM.failure, mode 0600, in a
 * directory of mode 0700.
 *
 * A file comes into being whole, by rename.  Its modification time says when it is to be
 * looked at next.  Functions that return bool or -1 set errno.
 */
#ifndef VIDIMUS_REPORT_FAILURE_FILE_H
#define VIDIMUS_REPORT_FAILURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct region;

#define FAILURE_KEY_FILE "redaction.key"
#define FAILURE_SEND_LOCK "send.lock"

enum {
    FAILURE_NAME_SIZE = 64,
    FAILURE_FILES_MAX = 1000 /* beyond, nothing more is written */
};

struct failure_file {
    char name[FAILURE_NAME_SIZE];
    int64_t due; /* epoch seconds */
};

/* The directory `failure` of SPOOL as a descriptor; with MAKE it is made.  -1. */
int failure_directory(const char *spool, bool make);

/* The files of DIRECTORY, the oldest first, in REGION; what a writer left unfinished an
 * hour before NOW is deleted. */
bool failure_files(int directory, struct region *region, int64_t now,
                   struct failure_file **files, size_t *count);

/* Writes T, a file of failure_write(), under a new NAME (NAME empty), or in its place. */
bool failure_file_write(int directory, char name[FAILURE_NAME_SIZE], struct text t);

/* The whole of the file NAME, in REGION. */
bool failure_file_read(int directory, struct region *region, const char *name, struct text *t);

/* NAME is looked at again at DUE. */
bool failure_file_postpone(int directory, const char *name, int64_t due);

bool failure_file_delete(int directory, const char *name);

#endif
