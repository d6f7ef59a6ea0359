/* Unit tests of the sandbox: a child enters it and makes one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/sandbox.h"

#ifdef SANITIZED
enum { HELD = 0 };
#else
enum { HELD = 1 };
#endif

enum { NOT_ENTERED = 99 };

static const char program[] = "/bin/true";
static int listener; /* bound, not listening yet */
static pid_t parent;

/* ---- calls: 0, or the errno */

static int seen(long result)
{
    return result < 0 ? errno : 0;
}

static int run_program(void)
{
    char *const arguments[] = { (char *)(uintptr_t)program, NULL };

    return seen(execve(program, arguments, NULL));
}

static int run_program_at(void)
{
    char *const arguments[] = { (char *)(uintptr_t)program, NULL };

    return seen(syscall(SYS_execveat, AT_FDCWD, program, arguments, NULL, 0));
}

static int make_process(void)
{
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (child == 0)
        _exit(0);
    return seen(child);
}

static int make_process_anew(void)
{
    return seen(syscall(SYS_clone3, NULL, 0));
}

static int become_root(void)
{
    return seen(syscall(SYS_setuid, 0)); /* glibc asks all threads */
}

static int start_to_listen(void)
{
    return seen(listen(listener, 1));
}

static int open_packets(void)
{
    return seen(socket(AF_PACKET, SOCK_RAW, 0));
}

static int open_netlink(void)
{
    return seen(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int trace(void)
{
    return seen(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}

static int mount_something(void)
{
    return seen(mount("none", "/mnt", "tmpfs", 0, NULL));
}

static int open_rights(void)
{
    return seen(chmod("/tmp", 0777));
}

static int ask_bpf(void)
{
    return seen(syscall(SYS_bpf, 0, NULL, 0));
}

static int ask_io_uring(void)
{
    return seen(syscall(SYS_io_uring_setup, 1, NULL));
}

static int end_another(void)
{
    return seen(kill(parent, SIGTERM));
}

static int be_traceable(void)
{
    return seen(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int raise_limit(void)
{
    const struct rlimit limit = { 10, 10 };

    return seen(setrlimit(RLIMIT_NOFILE, &limit));
}

static int push_input(void)
{
    return seen(ioctl(STDERR_FILENO, TIOCSTI, "x"));
}

static int make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? errno : seen(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int map_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? errno : 0;
}

static void *in_thread(void *result)
{
    *(int *)result = 0;
    return NULL;
}

static int make_thread(void)
{
    pthread_t thread;
    int result = -1;

    if (pthread_create(&thread, NULL, in_thread, &result) != 0 ||
        pthread_join(thread, NULL) != 0)
        return EAGAIN;
    return result;
}

static int ask_dns(void)
{
    return seen(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) |
           seen(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int read_file(void)
{
    return seen(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

/* ---- */

enum answer { CARRIED_OUT, REFUSED, BREACH };

static const struct {
    const char *name;
    int (*call)(void);
    enum answer answer;
    int error;         /* REFUSED */
    const char *shown; /* BREACH: the call, in the log line */
    bool sanitizers;   /* need it themselves */
} cases[] = {
    { "a program", run_program, BREACH, 0, "execve", true },
    { "a program, by descriptor", run_program_at, BREACH, 0, "execveat", false },
    { "a process", make_process, BREACH, 0, "clone", true },
    { "a process or thread, the new way", make_process_anew, REFUSED, ENOSYS, NULL, false },
    { "another user", become_root, BREACH, 0, "setuid", false },
    { "another listener", start_to_listen, REFUSED, EPERM, NULL, false },
    { "a packet socket", open_packets, BREACH, 0, "socket", false },
    { "a netlink socket", open_netlink, REFUSED, EAFNOSUPPORT, NULL, false },
    { "tracing", trace, BREACH, 0, "ptrace", true },
    { "a mount", mount_something, BREACH, 0, "mount", false },
    { "another mode", open_rights, BREACH, 0, "chmod", false },
    { "bpf", ask_bpf, BREACH, 0, "bpf", false },
    { "io_uring", ask_io_uring, BREACH, 0, "io_uring_setup", false },
    { "a signal to somebody else", end_another, BREACH, 0, "kill", true },
    { "to be traced", be_traceable, BREACH, 0, "prctl", true },
    { "another limit", raise_limit, BREACH, 0, "prlimit64", true },
    { "input of a terminal", push_input, BREACH, 0, "ioctl", true },
    { "data as code", make_code, BREACH, 0, "mprotect", true },
    { "more code", map_code, REFUSED, EPERM, NULL, true },
    { "a thread", make_thread, CARRIED_OUT, 0, NULL, false },
    { "sockets of DNS", ask_dns, CARRIED_OUT, 0, NULL, false },
    { "a file", read_file, CARRIED_OUT, 0, NULL, false },
};

/* Never comes back.  What it makes is the child's result. */
static void enter_and(int (*call)(void), int log)
{
    char error[256];

    (void)dup2(log, STDERR_FILENO);
    if (!sandbox_enter(error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        _exit(NOT_ENTERED);
    }
    _exit(call());
}

/* How the child ended (wait status); LOG: what it wrote. */
static int end_of(int (*call)(void), char *log, size_t size)
{
    int pipe_ends[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        enter_and(call, pipe_ends[1]);
    close(pipe_ends[1]);
    while (len < size - 1 && (n = read(pipe_ends[0], log + len, size - 1 - len)) > 0)
        len += (size_t)n;
    log[len] = '\0';
    close(pipe_ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_breach(int status, const char *log, const char *shown)
{
    char call[64];

    snprintf(call, sizeof call, "call=%s ", shown);
    if (HELD || WIFSIGNALED(status)) { /* ThreadSanitizer keeps the signal to itself */
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    } else {
        assert_int_equal(WEXITSTATUS(status), 128 + SIGSYS);
    }
    assert_non_null(strstr(log, "sandbox: breach: "));
    assert_non_null(strstr(log, call));
}

static void calls_are_held(void **state)
{
    char log[1024];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status;

        if (cases[i].sanitizers && !HELD)
            continue;
        status = end_of(cases[i].call, log, sizeof log);
        print_message("%s: %s\n", cases[i].name, log);
        switch (cases[i].answer) {
        case CARRIED_OUT:
        case REFUSED:
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), cases[i].error);
            break;
        case BREACH:
            assert_breach(status, log, cases[i].shown);
            break;
        }
    }
}

/* ---- a thread that was there before */

static pthread_barrier_t entered;

static void *wait_and_mount(void *unused)
{
    pthread_barrier_wait(&entered);
    (void)mount_something();
    return unused;
}

static void in_two_threads(int log)
{
    pthread_t thread;
    char error[256];

    (void)dup2(log, STDERR_FILENO);
    pthread_barrier_init(&entered, NULL, 2);
    if (pthread_create(&thread, NULL, wait_and_mount, NULL) != 0 ||
        !sandbox_enter(error, sizeof error))
        _exit(NOT_ENTERED);
    pthread_barrier_wait(&entered);
    pthread_join(thread, NULL);
    _exit(0);
}

static void threads_of_before_are_held(void **state)
{
    int pipe_ends[2], status;
    char log[1024] = "";
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        in_two_threads(pipe_ends[1]);
    close(pipe_ends[1]);
    (void)!read(pipe_ends[0], log, sizeof log - 1);
    close(pipe_ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_breach(status, log, "mount");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_held),
        cmocka_unit_test(threads_of_before_are_held),
    };
    const struct sockaddr_in loopback = { .sin_family = AF_INET,
                                          .sin_addr = { htonl(INADDR_LOOPBACK) } };

    parent = getpid();
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&loopback, sizeof loopback) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
