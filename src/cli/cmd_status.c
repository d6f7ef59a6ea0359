/* cmd_status.c: `vidimus status`: the counters of the running daemon.
 *
 * The daemon writes one JSON object to whoever connects to its control socket
 * and closes. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/config.h"

static const char help[] =
    "usage: vidimus status [-c FILE] [--json]\n\n"
    "  -c, --config FILE  configuration of the daemon (for its control socket)\n"
    "      --json         print the object instead of lines\n";

enum { ANSWER_MAX = 65536, PATIENCE_S = 5 };

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

static int show(const char *path, bool as_json)
{
    static char answer[ANSWER_MAX];
    int fd = connect_to(path);
    ssize_t len = fd < 0 ? -1 : read_answer(fd, answer, sizeof answer);
    int error = errno;
    json_t *object;

    if (fd >= 0)
        close(fd);
    if (len < 0)
        return complain(path, strerror(error));
    object = json_loadb(answer, (size_t)len, 0, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return complain(path, "the daemon gave no counters");
    }
    if (as_json) {
        json_dumpf(object, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        print_values(object, "");
    }
    json_decref(object);
    return EX_OK;
}

int cmd_status(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *file = NULL;
    bool as_json = false;
    struct config *config;
    int status;

    for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        if (c == '?')
            return EX_USAGE;
        if (c == 'c')
            file = optarg;
        else
            as_json = true;
    }
    if (optind < argc)
        return cli_usage("status", "no argument \"%s\"", argv[optind]);
    config = cli_config(file);
    if (!config)
        return EX_CONFIG;
    if (*config->control)
        status = show(config->control, as_json);
    else
        status = complain("control", "the configuration names no control socket");
    config_unref(config);
    return status;
}
