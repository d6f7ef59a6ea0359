/* standard.h: standard input, output and error of a program. */
#ifndef VIDIMUS_BASE_STANDARD_H
#define VIDIMUS_BASE_STANDARD_H

#include <stdbool.h>

/* Takes the numbers that whoever started us left closed, so that no file or socket gets
 * one: the log would be written into it.  Their use fails as that of a closed one does
 * (EBADF).  To be called first of all; false: there is no /dev/null either. */
bool standard_streams_hold(void);

#endif
