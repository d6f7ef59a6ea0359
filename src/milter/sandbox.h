/* sandbox.h: a seccomp filter over the whole process.
 *
 * What is not in sandbox_calls.c is never carried out.  The answer to it is the end
 * of the process, after a line in the log that names the call: a daemon that goes on
 * after an answer that nobody has thought of (EPERM, where the code expects none)
 * might hand back a verdict that is none, and an attacker could try one call after
 * the other.  A dead daemon judges nothing: the MTA defers (milter_default_action =
 * tempfail), systemd starts it again, and the log says why.
 *
 * Refused with an errno is only what libraries are known to try, and to do without.
 */
#ifndef VIDIMUS_MILTER_SANDBOX_H
#define VIDIMUS_MILTER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Puts this process into the sandbox for good: every thread that it has and will
 * have.  To be called with all listeners open, and privileges dropped.  False: text
 * with a remedy in ERROR. */
bool sandbox_enter(char *error, size_t error_size);

#endif
