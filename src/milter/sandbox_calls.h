/* sandbox_calls.h: what vidimusd may ask of the kernel once it has started.
 *
 * To allow a call: add its name to the group of who makes it, in sandbox_calls.c,
 * with a guard if an argument can be held to a few values.  systemd/vidimusd.service
 * must allow it too (tests/units compares).
 */
#ifndef VIDIMUS_MILTER_SANDBOX_CALLS_H
#define VIDIMUS_MILTER_SANDBOX_CALLS_H

/* How a call is held to what we make of it.  Other arguments are a breach, but for
 * those marked "refused": libraries try them and can live without. */
enum sandbox_guard {
    SANDBOX_ANY,       /* all arguments */
    SANDBOX_FAMILY,    /* 1st: AF_UNIX, AF_INET, AF_INET6; refused: AF_NETLINK */
    SANDBOX_PAIR,      /* 1st: AF_UNIX */
    SANDBOX_THREAD,    /* a thread, not a process */
    SANDBOX_OLDER,     /* refused as by an older kernel: its arguments cannot be seen */
    SANDBOX_DENIED,    /* refused: EPERM */
    SANDBOX_NO_CODE,   /* 3rd: not PROT_EXEC */
    SANDBOX_NO_LIBRARY, /* likewise; refused: PROT_EXEC (dlopen() fails) */
    SANDBOX_OURSELVES, /* 1st: our own process */
    SANDBOX_NAMES,     /* prctl: names of threads and of memory */
    SANDBOX_LOOK,      /* 3rd: null, so that a limit is read and not set */
    SANDBOX_CONTROLS   /* ioctl: blocking or not, octets that wait; refused: is it a terminal */
};

struct sandbox_call {
    const char *name; /* as in syscalls(2); one that this machine has not is passed over */
    enum sandbox_guard guard;
};

extern const struct sandbox_call sandbox_calls[]; /* ends with a null name */

#endif
