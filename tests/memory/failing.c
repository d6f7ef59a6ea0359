/* failing.c: runs a program again and again, each time with another allocation failing.
 *
 *   PROGRAM ARGUMENT...      with FAILING="WHO FIRST STEP [TIMES PATHS]" in the environment
 *
 * Linked in front of a program with --wrap=main.  The first run fails nothing and counts;
 * then allocation FIRST, FIRST + STEP, … fails, once, in a child of its own.  WHO is "ours"
 * (what the program itself allocates, and the C library for it) or "all" (the other
 * libraries' too).  With PATHS, a file of PATHS_OCTETS zeros at first, an allocation fails
 * only if those who called for it (the whole stack of them) are not yet in there TIMES
 * times: so runs on many messages fail what is new in each.  Addresses must be
 * the same in each of them: setarch -R.  Without FAILING the program just runs.
 *
 * Standard output gets, for the first run and for each that ends, tells or prints anything
 * else than the first one did:
 *
 *   NUMBER STATUS SIGNAL OCTETS-OF-OUTPUT OCTETS-OF-ERRORS FRAMES CRASH-FRAMES\n
 *   output, errors, then frames (OBJECT+OFFSET, one a line): those of the allocation that
 *   failed, and those of the crash, innermost first
 *
 * and at the end "total NUMBER-OF-ALLOCATIONS NUMBER-OF-RUNS\n". */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

/* What stands behind malloc() otherwise. */
#if defined(__SANITIZE_ADDRESS__)
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *old, size_t size);

#define EXPORTED __attribute__((visibility("default"))) /* the libraries call them, too */

enum { FRAMES = 32, RANGES = 2, RUN_SECONDS = 120 };
enum { PATHS_MAX = 1 << 19, PATHS_OCTETS = 16 * PATHS_MAX, ALLOCATIONS_MAX = 1 << 20 };

struct range {
    uintptr_t begin, end;
};

static struct range ours[RANGES]; /* the program, the C library */
static bool everybody;            /* WHO is "all" */
static bool counting;
static _Thread_local bool noting; /* what backtrace() allocates is nobody's */

struct trace {
    int count;
    void *frames[FRAMES];
};

/* Between the child and its parent. */
static struct shared {
    unsigned long count;   /* allocations so far */
    unsigned long fail_at; /* 0: none */
    struct trace failed, crash;
    bool chosen[ALLOCATIONS_MAX]; /* with PATHS: those to fail, by the run that fails none */
} *shared;

/* Who called for memory: shared with the runs on other messages; NULL without PATHS. */
static struct path {
    uint64_t key; /* 0: free */
    uint64_t times;
} *paths;
static unsigned long path_times;

/* --- the allocator ------------------------------------------------------- */

static bool is_ours(const void *caller)
{
    for (int i = 0; i < RANGES; i++)
        if ((uintptr_t)caller >= ours[i].begin && (uintptr_t)caller < ours[i].end)
            return true;
    return false;
}

/* Part of its caller, for runs.py leaves out as many frames as there are then. */
__attribute__((always_inline)) static inline void note(struct trace *trace)
{
    noting = true;
    trace->count = backtrace(trace->frames, FRAMES);
    noting = false;
}

static struct path *path_of(const struct trace *trace)
{
    const uint64_t prime = 0x100000001b3;
    uint64_t key = 0xcbf29ce484222325;

    for (int i = 0; i < trace->count; i++)
        key = (key ^ (uintptr_t)trace->frames[i]) * prime;
    key ^= key >> 32;
    for (uint64_t at = key % PATHS_MAX;; at = (at + 1) % PATHS_MAX) {
        uint64_t found = 0;

        if (__atomic_compare_exchange_n(&paths[at].key, &found, key, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED) || found == key)
            return &paths[at];
    }
}

/* Notes whether allocation NUMBER, which is wanted now, is one to fail in a later run. */
static void choose(unsigned long number)
{
    struct trace trace;

    note(&trace);
    if (number < ALLOCATIONS_MAX)
        shared->chosen[number] =
            __atomic_fetch_add(&path_of(&trace)->times, 1, __ATOMIC_RELAXED) < path_times;
}

/* Whether the allocation that CALLER wants is the one to fail. */
__attribute__((noinline)) static bool refuse(const void *caller)
{
    unsigned long number;

    if (!counting || noting || (!everybody && !is_ours(caller)))
        return false;
    number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_RELAXED);
    if (paths && shared->fail_at == 0)
        choose(number);
    if (number != shared->fail_at)
        return false;
    note(&shared->failed);
    errno = ENOMEM;
    return true;
}

EXPORTED void *malloc(size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : REAL(malloc)(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : REAL(calloc)(count, size);
}

EXPORTED void *realloc(void *old, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : REAL(realloc)(old, size);
}

static int note_object(struct dl_phdr_info *info, size_t size, void *context)
{
    bool program = !*info->dlpi_name, libc = strstr(info->dlpi_name, "/libc.so") != NULL;
    struct range *range = &ours[libc];

    (void)size;
    (void)context;
    if (!program && !libc)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        range->begin = info->dlpi_addr + header->p_vaddr;
        range->end = range->begin + header->p_memsz;
    }
    return 0;
}

/* --- one run ------------------------------------------------------------- */

struct output {
    int fd;
    size_t size;
    char *octets;
};

struct run {
    int status, signal;
    struct output out, err;
};

static void die(const char *what)
{
    perror(what);
    _exit(2);
}

static struct output output_new(void)
{
    int fd = memfd_create("output", MFD_CLOEXEC);

    if (fd < 0)
        die("memfd_create");
    return (struct output){ .fd = fd };
}

static void output_read(struct output *o)
{
    ssize_t got;

    o->size = (size_t)lseek(o->fd, 0, SEEK_END);
    o->octets = REAL(malloc)(o->size + 1);
    got = pread(o->fd, o->octets, o->size, 0);
    if (got < 0 || (size_t)got != o->size)
        die("pread");
    close(o->fd);
}

static void on_crash(int signal_number)
{
    note(&shared->crash);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* A sanitizer tells more than we can. */
static void watch_crashes(void)
{
    static char stack[1 << 16];
    const struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };

    if (getenv("ASAN_OPTIONS"))
        return;
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGABRT, &action, NULL);
}

static void child(const struct run *run, int argc, char **argv)
{
    dup2(run->out.fd, STDOUT_FILENO);
    dup2(run->err.fd, STDERR_FILENO);
    alarm(RUN_SECONDS);
    watch_crashes();
    counting = true;
    exit(__real_main(argc, argv));
}

static struct run run_with(unsigned long fail_at, int argc, char **argv)
{
    struct run run = { .out = output_new(), .err = output_new() };
    int status;
    pid_t pid;

    shared->count = 0;
    shared->fail_at = fail_at;
    shared->failed.count = shared->crash.count = 0;
    fflush(stdout); /* or the child would write it, too */
    pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        child(&run, argc, argv);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    run.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    output_read(&run.out);
    output_read(&run.err);
    return run;
}

static void run_free(struct run *run)
{
    free(run->out.octets);
    free(run->err.octets);
}

/* --- all of them --------------------------------------------------------- */

static bool same_output(const struct output *a, const struct output *b)
{
    return a->size == b->size && memcmp(a->octets, b->octets, a->size) == 0;
}

static bool same(const struct run *a, const struct run *b)
{
    return a->status == b->status && a->signal == b->signal && same_output(&a->out, &b->out) &&
           same_output(&a->err, &b->err);
}

static void tell_trace(const struct trace *trace)
{
    for (int i = 0; i < trace->count; i++) {
        Dl_info info = { .dli_fname = "?" };

        dladdr(trace->frames[i], &info);
        printf("%s+%#lx\n", info.dli_fname,
               (unsigned long)((char *)trace->frames[i] - (char *)info.dli_fbase));
    }
}

static void tell(unsigned long number, const struct run *run)
{
    printf("%lu %d %d %zu %zu %d %d\n", number, run->status, run->signal, run->out.size,
           run->err.size, shared->failed.count, shared->crash.count);
    fwrite(run->out.octets, 1, run->out.size, stdout);
    fwrite(run->err.octets, 1, run->err.size, stdout);
    tell_trace(&shared->failed);
    tell_trace(&shared->crash);
}

static int run_all(unsigned long first, unsigned long step, int argc, char **argv)
{
    struct run base = run_with(0, argc, argv);
    unsigned long total = shared->count, runs = 0;

    tell(0, &base);
    for (unsigned long i = first; i <= total; i += step) {
        struct run run;

        if (paths && !shared->chosen[i])
            continue;
        run = run_with(i, argc, argv);
        runs++;
        if (!same(&run, &base))
            tell(i, &run);
        run_free(&run);
    }
    run_free(&base);
    printf("total %lu %lu\n", total, runs);
    return 0;
}

static void *map(int fd, size_t size)
{
    int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

    if (mapped == MAP_FAILED)
        die("mmap");
    return mapped;
}

static struct path *open_paths(const char *file)
{
    int fd = open(file, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        die(file);
    return map(fd, PATHS_OCTETS);
}

int __wrap_main(int argc, char **argv)
{
    const char *how = getenv("FAILING");
    unsigned long first, step;
    void *warm[1];
    char who[8], file[256];
    int given;

    if (!how)
        return __real_main(argc, argv);
    given = sscanf(how, "%7s %lu %lu %lu %255s", who, &first, &step, &path_times, file);
    if (given < 3 || first == 0 || step == 0) {
        fprintf(stderr, "FAILING=\"ours|all FIRST STEP [TIMES PATHS]\"\n");
        return 64;
    }
    if (given == 5)
        paths = open_paths(file);
    everybody = strcmp(who, "all") == 0;
    backtrace(warm, 1); /* loads what it needs */
    dl_iterate_phdr(note_object, NULL);
    shared = map(-1, sizeof *shared);
    return run_all(first, step, argc, argv);
}
