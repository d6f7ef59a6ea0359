/* cmd_config.c: `vidimus config`. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/config.h"
#include "core/snapshot.h"

static const char help[] =
    "usage: vidimus config --check|--print [-c FILE]\n\n"
    "  --check            check the configuration as the daemon would read it\n"
    "  --print            print the configuration in effect, defaults included\n"
    "  -c, --config FILE  this file instead of " SYSCONFDIR "/vidimus/vidimus.conf\n";

enum task { TASK_NONE, TASK_CHECK, TASK_PRINT };

/* ---- what is right in the file, and missing on this host: told, and no error, for the
 * file may be for another */

__attribute__((format(printf, 3, 4)))
static void note(const struct config *config, const char *option, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: %s: ", *config->file ? config->file : "defaults", option);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static bool is_member(const struct passwd *user, const struct group *group)
{
    bool member = user->pw_gid == group->gr_gid;

    for (char **name = group->gr_mem; !member && *name; name++)
        member = strcmp(*name, user->pw_name) == 0;
    return member;
}

static void note_group(const struct config *config, const struct passwd *user)
{
    const struct group *group = getgrnam(config->socket_group);

    if (!group)
        note(config, "socket-group", "there is no group %s on this host", config->socket_group);
    else if (user && !is_member(user, group))
        note(config, "socket-group", "%s cannot give it the socket unless he is a member: "
             "adduser %s %s (or the socket's folder is of that group, mode 2750)",
             user->pw_name, user->pw_name, group->gr_name);
}

static void note_listener(const struct config *config)
{
    const char *path = strchr(config->listen, '/');
    char folder[PATH_MAX];
    struct stat st;

    if (strncmp(config->listen, "inet", 4) == 0 || !path ||
        (size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return;
    *strrchr(folder, '/') = '\0';
    if (*folder && stat(folder, &st) != 0 && errno == ENOENT)
        note(config, "listen", "there is no folder %s on this host; it must be there before "
             "vidimusd starts", folder);
}

static void note_host(const struct config *config)
{
    const struct passwd *user = *config->user ? getpwnam(config->user) : NULL;

    /* `vidimus` is made by sysusers.d. */
    if (*config->user && !user && strcmp(config->user, "vidimus") != 0)
        note(config, "user", "there is no user %s on this host", config->user);
    if (*config->socket_group)
        note_group(config, user);
    note_listener(config);
}

/* ---- the tasks */

/* The unit starts vidimusd as its user.  So root looks at the keys with his eyes. */
static void look_as_user(const struct config *config)
{
    const struct passwd *user = *config->user ? getpwnam(config->user) : NULL;

    if (geteuid() == 0 && user &&
        (initgroups(user->pw_name, user->pw_gid) != 0 || setegid(user->pw_gid) != 0 ||
         seteuid(user->pw_uid) != 0))
        note(config, "user", "what %s can read is not known: %s", user->pw_name, strerror(errno));
}

static void look_as_before(void)
{
    if (seteuid(getuid()) != 0 || setegid(getgid()) != 0)
        fprintf(stderr, "vidimus config: %s\n", strerror(errno));
}

/* Takes over CONFIG.  Engines and resolver must take it as well. */
static int check(struct config *config)
{
    char error[512] = "";
    struct snapshot *snapshot;

    note_host(config);
    look_as_user(config);
    snapshot = snapshot_new(config, NULL, NULL, error, sizeof error);
    look_as_before();
    if (!snapshot) {
        fprintf(stderr, "vidimus config: %s\n", error);
        return EX_CONFIG;
    }
    printf("%s: ok\n", *snapshot->config->file ? snapshot->config->file : "defaults");
    snapshot_unref(snapshot);
    return EX_OK;
}

static int print(struct config *config)
{
    config_print(config, stdout);
    config_unref(config);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int cmd_config(int argc, char **argv)
{
    static const struct option options[] = {
        { "check", no_argument, NULL, 'k' },
        { "print", no_argument, NULL, 'p' },
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    enum task task = TASK_NONE;
    const char *file = NULL;
    struct config *config;
    int status = EX_OK;

    for (int c; (c = cli_option(argc, argv, "c:h", options, help, &status)) != -1;) {
        if (c == 'c')
            file = optarg;
        else if (task != TASK_NONE)
            return cli_usage("config", "one of --check and --print, once");
        else
            task = c == 'k' ? TASK_CHECK : TASK_PRINT;
    }
    if (status != EX_OK)
        return status;
    if (optind < argc || task == TASK_NONE)
        return cli_usage("config", "--check or --print, and no other argument");
    config = cli_config(file);
    if (!config)
        return EX_CONFIG;
    return task == TASK_CHECK ? check(config) : print(config);
}
