/* file.h: reads a whole file. */
#ifndef VIDIMUS_CLI_FILE_H
#define VIDIMUS_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* All of the file called NAME (NULL: standard input), at most MAX octets, on the
 * heap: free octets->data.  False with errno (EFBIG: it is larger). */
bool file_read(const char *name, size_t max, struct text *octets);

#endif
