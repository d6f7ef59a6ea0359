/* background.h: going to the background, honestly: the command returns only
 * after the daemon listens, or with its error and exit status. */
#ifndef VIDIMUS_MILTER_BACKGROUND_H
#define VIDIMUS_MILTER_BACKGROUND_H

#include <stdbool.h>

/* Forks; call before any thread exists.  Only the child returns; false: the
 * fork failed. */
bool background_begin(void);

/* Lets the parent exit with 0 and detaches stdin, stdout and stderr.  Does
 * nothing without background_begin(). */
void background_ready(void);

#endif
