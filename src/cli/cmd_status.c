/* cmd_status.c: `vidimus status`: the counters of the running daemon.
 *
 * The daemon writes one JSON object to whoever connects to its control socket
 * and closes. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/status_watch.h"
#include "config/config.h"

static const char help[] =
    "usage: vidimus status [-c FILE] [--json | --watch[=SECONDS] [--count N]]\n\n"
    "  -c, --config FILE      configuration of the daemon (for its control socket)\n"
    "      --json             print the object instead of lines\n"
    "      --watch[=SECONDS]  show rates and durations, every 2 seconds\n"
    "      --count N          so many times; without it until interrupted\n";

enum { ANSWER_MAX = 65536, PATIENCE_S = 5, WATCH_S = 2, WATCH_MAX_S = 3600 };

struct options {
    const char *file;
    bool as_json;
    unsigned long long watch; /* seconds; 0: once, as lines */
    unsigned long long count; /* 0: for ever */
};

static int complain(const char *path, const char *why)
{
    fprintf(stderr, "vidimus status: %s: %s\n", path, why);
    return EX_UNAVAILABLE;
}

/* A stream connected to PATH, or -1 (errno). */
static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Reads to the end; the count of octets, or -1 (errno). */
static ssize_t read_answer(int fd, char *answer, size_t size)
{
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && len < size) {
        got = read(fd, answer + len, size - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? -1 : (ssize_t)len;
}

/* "name value" lines; what stands inside an object gets its name in front. */
static void print_values(const json_t *object, const char *prefix)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) {
        char name[128];

        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value))
            print_values(value, name);
        else if (json_is_string(value))
            printf("%-32s %s\n", name, json_string_value(value));
        else if (json_is_integer(value))
            printf("%-32s %lld\n", name, (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            printf("%-32s %s\n", name, json_is_true(value) ? "yes" : "no");
    }
}

/* What the daemon says, or NULL after it was said why not. */
static json_t *ask(const char *path)
{
    static char answer[ANSWER_MAX];
    int fd = connect_to(path);
    ssize_t len = fd < 0 ? -1 : read_answer(fd, answer, sizeof answer);
    int error = errno;
    json_t *object = NULL;

    if (fd >= 0)
        close(fd);
    if (len >= 0)
        object = json_loadb(answer, (size_t)len, 0, NULL);
    if (json_is_object(object))
        return object;
    complain(path, len < 0 ? strerror(error) : "the daemon gave no counters");
    json_decref(object);
    return NULL;
}

static int show(const char *path, bool as_json)
{
    json_t *object = ask(path);

    if (!object)
        return EX_UNAVAILABLE;
    if (as_json) {
        json_dumpf(object, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        print_values(object, "");
    }
    json_decref(object);
    return EX_OK;
}

/* On a terminal each picture takes the place of the one before.  A daemon that is away
 * for a while is waited for. */
static int watch(const char *path, const struct options *o)
{
    bool on_terminal = isatty(STDOUT_FILENO);
    json_t *before = NULL;
    int64_t asked_ms = 0;

    for (unsigned long long i = 0; o->count == 0 || i < o->count; i++) {
        json_t *now;
        int64_t now_ms;

        if (i > 0)
            sleep((unsigned)o->watch);
        now = ask(path);
        now_ms = clock_ms();
        if (!now && i == 0)
            return EX_UNAVAILABLE;
        if (!now)
            continue;
        fputs(on_terminal ? "\033[H\033[2J" : i > 0 ? "\n" : "", stdout);
        status_watch_print(now, before, (double)(now_ms - asked_ms) / 1000, stdout);
        if (fflush(stdout) != 0)
            break;
        json_decref(before);
        before = now;
        asked_ms = now_ms;
    }
    json_decref(before);
    return ferror(stdout) ? EX_IOERR : EX_OK;
}

static int parse(struct options *o, int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "json", no_argument, NULL, 'j' },
        { "watch", optional_argument, NULL, 'w' },
        { "count", required_argument, NULL, 'n' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int status = EX_OK;

    for (int c; (c = cli_option(argc, argv, "c:h", options, help, &status)) != -1;) {
        switch (c) {
        case 'c':
            o->file = optarg;
            break;
        case 'j':
            o->as_json = true;
            break;
        case 'w':
            o->watch = WATCH_S;
            if (optarg && (!text_to_uint(text_of(optarg), WATCH_MAX_S, &o->watch) || !o->watch))
                return cli_usage("status", "\"%s\" is no number of seconds", optarg);
            break;
        case 'n':
            if (!text_to_uint(text_of(optarg), UINT32_MAX, &o->count) || !o->count)
                return cli_usage("status", "\"%s\" is no count", optarg);
            break;
        }
    }
    if (status != EX_OK)
        return status;
    if (optind < argc)
        return cli_usage("status", "no argument \"%s\"", argv[optind]);
    if ((o->as_json && o->watch) || (o->count && !o->watch))
        return cli_usage("status", "--json, or --watch and --count, not both");
    return EX_OK;
}

int cmd_status(int argc, char **argv)
{
    struct options options = { .file = NULL };
    int status = parse(&options, argc, argv);
    struct config *config;

    if (status != EX_OK)
        return status;
    config = cli_config(options.file);
    if (!config)
        return EX_CONFIG;
    if (!*config->control)
        status = complain("control", "the configuration names no control socket");
    else if (options.watch)
        status = watch(config->control, &options);
    else
        status = show(config->control, options.as_json);
    config_unref(config);
    return status;
}
