/* cmd_replay.c: `vidimus replay`: stored mail under a new configuration, against what
 * the old one makes of it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/mailstore.h"
#include "cli/replay_judge.h"
#include "cli/replay_summary.h"
#include "core/snapshot.h"

static const char help[] =
    "usage: vidimus replay --config NEW [--against OLD] [OPTION]... DIR|MBOX\n\n"
    "Judges the mail stored in a directory (such as a Maildir) or an mbox under two\n"
    "configurations, and tells what would fare differently, by author domain.  Client,\n"
    "envelope and time are those of the trace fields on top of each message; DNS is\n"
    "asked as it is now.\n\n"
    "  -c, --config NEW      the configuration to try\n"
    "      --against OLD     the other one (default: the installed one)\n"
    "      --list            name every message that would fare differently\n"
    "      --json            print one JSON object\n"
    "      --resolver A@PORT ask this DNS server\n"
    "      --zone FILE       answer DNS questions from this zone file alone\n"
    "      --now EPOCH       judge as at this time, in seconds since 1970\n"
    "  -h, --help            print this\n\n"
    "Exit status: 0 nothing would fare differently; 1 something would; 64 usage; 66 no\n"
    "such file; 78 configuration.\n";

enum { STATUS_CHANGED = 1, PROGRESS_MS = 200, ERROR_OCTETS = 512 };
enum { OPT_AGAINST = 256, OPT_LIST, OPT_JSON, OPT_RESOLVER, OPT_ZONE, OPT_NOW };

struct replay {
    const char *config, *against, *resolver, *zone, *path;
    bool list, json;
    int64_t now;
    struct snapshot *before, *after;
    struct mailstore *store;
    struct replay_summary summary;
    int64_t progress_ms; /* when it was told last; -1: it is not */
};

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "vidimus replay: %s: %s\n", what, why);
    return status;
}

/* --- options ------------------------------------------------------------------ */

static bool set_now(struct replay *r, const char *argument)
{
    unsigned long long now;

    if (!text_to_uint(text_of(argument), INT64_MAX, &now))
        return false;
    r->now = (int64_t)now;
    return true;
}

static int parse_options(struct replay *r, int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "against", required_argument, NULL, OPT_AGAINST },
        { "list", no_argument, NULL, OPT_LIST },
        { "json", no_argument, NULL, OPT_JSON },
        { "resolver", required_argument, NULL, OPT_RESOLVER },
        { "zone", required_argument, NULL, OPT_ZONE },
        { "now", required_argument, NULL, OPT_NOW },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int status = EX_OK;

    for (int c; (c = cli_option(argc, argv, "c:h", options, help, &status)) != -1;) {
        switch (c) {
        case 'c': r->config = optarg; break;
        case OPT_AGAINST: r->against = optarg; break;
        case OPT_LIST: r->list = true; break;
        case OPT_JSON: r->json = true; break;
        case OPT_RESOLVER: r->resolver = optarg; break;
        case OPT_ZONE: r->zone = optarg; break;
        case OPT_NOW:
            if (!set_now(r, optarg))
                return cli_usage("replay", "\"%s\" is no number of seconds", optarg);
            break;
        }
    }
    if (status != EX_OK)
        return status;
    if (!r->config)
        return cli_usage("replay", "--config NEW is missing");
    if (argc - optind != 1)
        return cli_usage("replay", "name one directory or mbox");
    if (r->zone && r->resolver)
        return cli_usage("replay", "--zone or --resolver, not both");
    if (r->list && r->json)
        return cli_usage("replay", "--list or --json, not both");
    r->path = argv[optind];
    return EX_OK;
}

/* --- preparing ------------------------------------------------------------------ */

static struct resolver *make_resolver(const struct replay *r, const struct config *config,
                                      char error[ERROR_OCTETS])
{
    const char *servers[] = { r->resolver, NULL };

    if (r->zone)
        return resolver_new_zone(r->zone, error, ERROR_OCTETS);
    return resolver_configured(config, r->resolver ? servers : config->resolver.servers.items,
                               error, ERROR_OCTETS);
}

/* Both ask one resolver, the new one's: what DNS says is the same for both. */
static int make_snapshots(struct replay *r)
{
    struct config *new = cli_config(r->config), *old = new ? cli_config(r->against) : NULL;
    char error[ERROR_OCTETS] = "";
    struct resolver *resolver;

    if (!old) {
        config_unref(new);
        return EX_CONFIG;
    }
    resolver = make_resolver(r, new, error);
    if (!resolver) {
        config_unref(old);
        config_unref(new);
        return complain("DNS", error, r->zone ? EX_DATAERR : EX_USAGE);
    }
    r->after = snapshot_new(new, resolver_ref(resolver), NULL, error, sizeof error);
    r->before = snapshot_new(old, resolver, NULL, error, sizeof error);
    return r->after && r->before ? EX_OK : complain("configuration", error, EX_CONFIG);
}

/* --- one message after the other --------------------------------------------------- */

static void tell_progress(struct replay *r)
{
    int64_t now = clock_ms();

    if (r->progress_ms < 0 || now - r->progress_ms < PROGRESS_MS)
        return;
    r->progress_ms = now;
    fprintf(stderr, "\r%" PRIu64 " messages, %" PRIu64 " would fare differently ",
            r->summary.messages, r->summary.changed);
}

static void clear_progress(const struct replay *r)
{
    if (r->progress_ms >= 0)
        fprintf(stderr, "\r%60s\r", "");
}

static void list_message(const struct replay *r, const struct stored_message *message,
                         const struct outcome *before, const struct outcome *after)
{
    char file[LOG_QUOTED_MAX];

    clear_progress(r);
    printf("%s:%zu: %s -> %s (%s)\n", log_quote(text_of(message->file), file), message->number,
           name_of(fate_names, (int)before->fate), name_of(fate_names, (int)after->fate),
           after->fate == FATE_ACCEPT ? before->reason : after->reason);
}

static void tell_unreadable(struct replay *r, const struct stored_message *message,
                            const char *why)
{
    char file[LOG_QUOTED_MAX];

    r->summary.unreadable++;
    if (!message->fault && !r->list)
        return; /* a file of some other kind */
    clear_progress(r);
    complain(log_quote(text_of(message->file), file), why, 0);
}

static int replay_message(struct replay *r, const struct stored_message *message)
{
    struct outcome before, after;
    enum replayed done[2];

    if (message->fault) {
        tell_unreadable(r, message, message->fault);
        return EX_OK;
    }
    done[0] = replay_judge(r->before, message->octets, r->now, &before);
    done[1] = replay_judge(r->after, message->octets, r->now, &after);
    if (done[0] == REPLAY_MEMORY || done[1] == REPLAY_MEMORY)
        return complain("memory", strerror(ENOMEM), EX_OSERR);
    if (done[0] == REPLAY_EMPTY) {
        tell_unreadable(r, message, "not a message");
    } else if (done[0] == REPLAY_INSIDE && done[1] == REPLAY_INSIDE) {
        r->summary.inside++;
    } else {
        if (!replay_summary_add(&r->summary, &before, &after))
            return complain("memory", strerror(ENOMEM), EX_OSERR);
        if (r->list && before.fate != after.fate)
            list_message(r, message, &before, &after);
    }
    return EX_OK;
}

static int replay_all(struct replay *r)
{
    struct stored_message message;
    int status = EX_OK;

    while (status == EX_OK && mailstore_next(r->store, &message)) {
        status = replay_message(r, &message);
        tell_progress(r);
    }
    clear_progress(r);
    if (status != EX_OK)
        return status;
    if (!r->json)
        replay_summary_print(&r->summary, stdout);
    else if (!replay_summary_json(&r->summary, stdout))
        return complain("standard output", strerror(errno), EX_IOERR);
    if (fflush(stdout) != 0)
        return complain("standard output", strerror(errno), EX_IOERR);
    return r->summary.changed > 0 ? STATUS_CHANGED : EX_OK;
}

static int run(struct replay *r)
{
    int status = make_snapshots(r);

    if (status != EX_OK)
        return status;
    r->store = mailstore_open(r->path);
    if (!r->store)
        return complain(r->path, strerror(errno), EX_NOINPUT);
    return replay_all(r);
}

int cmd_replay(int argc, char **argv)
{
    struct replay replay = { .now = -1, .progress_ms = isatty(STDERR_FILENO) ? 0 : -1 };
    int status = parse_options(&replay, argc, argv);

    if (status == EX_OK)
        status = run(&replay);
    mailstore_close(replay.store);
    replay_summary_free(&replay.summary);
    snapshot_unref(replay.before);
    snapshot_unref(replay.after);
    return status;
}
