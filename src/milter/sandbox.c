#include "milter/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/prctl.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/crypt.h"
#include "base/log.h"
#include "milter/sandbox_calls.h"

#ifdef SANITIZED /* their runtimes do what our own code never does */
enum { HELD = 0 };
#else
enum { HELD = 1 };
#endif

enum { NUMBERS_MAX = 1024, DIGITS_MAX = 12 };

/* Where clone(2) has its flags. */
#if defined __s390__ || defined __CRIS__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

/* ---- a breach */

/* The names of system calls, for the handler, which cannot look them up. */
static const char *names[NUMBERS_MAX];

static char *write_decimal(char *at, unsigned value)
{
    char digits[DIGITS_MAX];
    size_t len = 0;

    do {
        digits[len++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 && len < sizeof digits);
    while (len > 0)
        *at++ = digits[--len];
    return at;
}

/* On the stack of the thread that made the call, wherever that was: nothing but what
 * signal-safety(7) allows.  SIGSYS has its default again by now (SA_RESETHAND). */
static void end_of_breach(int signal_number, siginfo_t *info, void *context)
{
    unsigned number = (unsigned)info->si_syscall;
    char text[256], *at;

    (void)context;
    at = stpcpy(text, "sandbox: breach: call=");
    at = stpcpy(at, number < NUMBERS_MAX && names[number] ? names[number] : "unknown");
    at = write_decimal(stpcpy(at, " number="), number);
    stpcpy(at, ": not carried out, ending at once (a fault in vidimusd, or an attack; "
               "please report it)");
    log_last_words(text);
    raise(signal_number);
    _exit(128 + signal_number); /* a sanitizer holds the signal back */
}

static bool watch_for_breaches(void)
{
    struct sigaction action = { .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER) };

    for (int number = 0; number < NUMBERS_MAX; number++) /* the names are ours to keep */
        names[number] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    action.sa_sigaction = end_of_breach;
    return sigaction(SIGSYS, &action, NULL) == 0;
}

/* ---- the filter */

/* Argument N is VALUE where MASK has ones. */
static struct scmp_arg_cmp masked(unsigned n, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){ n, SCMP_CMP_MASKED_EQ, mask, value };
}

/* Argument N, an int, is VALUE; what the other half of the register holds is nobody's. */
static struct scmp_arg_cmp is(unsigned n, uint32_t value)
{
    return masked(n, UINT32_MAX, value);
}

/* Adds rules until one fails. */
struct filter {
    scmp_filter_ctx context;
    int number; /* of the call */
    int error;  /* 0: none yet; else an errno */
};

static void add(struct filter *f, uint32_t action, struct scmp_arg_cmp argument)
{
    if (f->error == 0)
        f->error = -seccomp_rule_add(f->context, action, f->number, 1, argument);
}

static void add_any(struct filter *f, uint32_t action)
{
    if (f->error == 0)
        f->error = -seccomp_rule_add(f->context, action, f->number, 0);
}

static void add_families(struct filter *f)
{
    add(f, SCMP_ACT_ALLOW, is(0, AF_UNIX));
    add(f, SCMP_ACT_ALLOW, is(0, AF_INET));
    add(f, SCMP_ACT_ALLOW, is(0, AF_INET6));
    /* getaddrinfo() sorts addresses by what it learns there, or does not. */
    add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), is(0, AF_NETLINK));
}

static void add_controls(struct filter *f)
{
    add(f, SCMP_ACT_ALLOW, is(1, FIONBIO));
    add(f, SCMP_ACT_ALLOW, is(1, FIONREAD));
    add(f, SCMP_ACT_ERRNO(ENOTTY), is(1, TCGETS)); /* stdio's isatty() */
}

static void add_names(struct filter *f)
{
    add(f, SCMP_ACT_ALLOW, is(0, PR_SET_NAME));
    add(f, SCMP_ACT_ALLOW, is(0, PR_SET_VMA));
}

static void add_guarded(struct filter *f, enum sandbox_guard guard)
{
    const struct scmp_arg_cmp code = masked(2, PROT_EXEC, PROT_EXEC);
    const struct scmp_arg_cmp no_code = masked(2, PROT_EXEC, 0);

    switch (guard) {
    case SANDBOX_ANY:
        add_any(f, SCMP_ACT_ALLOW);
        break;
    case SANDBOX_FAMILY:
        add_families(f);
        break;
    case SANDBOX_PAIR:
        add(f, SCMP_ACT_ALLOW, is(0, AF_UNIX));
        break;
    case SANDBOX_THREAD:
        add(f, SCMP_ACT_ALLOW, masked(CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD));
        break;
    case SANDBOX_OLDER: /* clone3(): the C library falls back to clone() */
        add_any(f, SCMP_ACT_ERRNO(ENOSYS));
        break;
    case SANDBOX_DENIED:
        add_any(f, SCMP_ACT_ERRNO(EPERM));
        break;
    case SANDBOX_NO_LIBRARY:
        add(f, SCMP_ACT_ERRNO(EPERM), code);
        add(f, SCMP_ACT_ALLOW, no_code);
        break;
    case SANDBOX_NO_CODE:
        add(f, SCMP_ACT_ALLOW, no_code);
        break;
    case SANDBOX_OURSELVES:
        add(f, SCMP_ACT_ALLOW, is(0, (uint32_t)getpid()));
        break;
    case SANDBOX_NAMES:
        add_names(f);
        break;
    case SANDBOX_LOOK:
        add(f, SCMP_ACT_ALLOW, masked(2, UINT64_MAX, 0));
        break;
    case SANDBOX_CONTROLS:
        add_controls(f);
        break;
    }
}

static bool for_libraries_alone(enum sandbox_guard guard)
{
    return guard == SANDBOX_FAMILY || guard == SANDBOX_PAIR || guard == SANDBOX_OLDER ||
           guard == SANDBOX_DENIED;
}

static void add_call(struct filter *f, const struct sandbox_call *call)
{
    f->number = seccomp_syscall_resolve_name(call->name);
    if (f->number == __NR_SCMP_ERROR)
        return; /* libseccomp is older than the call */
    add_guarded(f, HELD || for_libraries_alone(call->guard) ? call->guard : SANDBOX_ANY);
}

/* All threads, code for a foreign machine is as bad, and a cheap order.  The kernel's
 * guard against speculative reads of other code in the same process stays off: there
 * is none, and all of our code would pay for it. */
static void set_attributes(struct filter *f)
{
    if (f->error == 0)
        f->error = -seccomp_attr_set(f->context, SCMP_FLTATR_CTL_TSYNC, 1);
    if (f->error == 0)
        f->error = -seccomp_attr_set(f->context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    (void)seccomp_attr_set(f->context, SCMP_FLTATR_CTL_SSB, 1);
    (void)seccomp_attr_set(f->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

static int install(void)
{
    struct filter f = { .context = seccomp_init(SCMP_ACT_TRAP) };

    if (!f.context)
        return ENOMEM;
    set_attributes(&f);
    for (const struct sandbox_call *call = sandbox_calls; call->name; call++)
        add_call(&f, call);
    if (f.error == 0)
        f.error = -seccomp_load(f.context);
    seccomp_release(f.context);
    return f.error;
}

/* ---- before */

/* Libraries load others when they first need them, which the filter refuses: libcrypto
 * its providers, the C library the sources of user names after /etc/passwd. */
static void load_what_comes_late(void)
{
    const struct text nothing = { "", 0 };
    sha256_value value;

    (void)crypt_keyed_hash(nothing, nothing, value);
    (void)getpwuid((uid_t)-2);
    (void)getgrgid((gid_t)-2);
}

bool sandbox_enter(char *error, size_t error_size)
{
    int result;

    load_what_comes_late();
    if (!watch_for_breaches())
        result = errno;
    else
        result = install();
    if (result == 0)
        return true;
    snprintf(error, error_size,
             "cannot enter the sandbox: %s (does this kernel have seccomp filters? sandbox = "
             "false does without)", strerror(result));
    return false;
}
