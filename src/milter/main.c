/* vidimusd: from the command line to smfi_main() and back. */
#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/crypt.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/standard.h"
#include "config/config.h"
#include "core/keyring.h"
#include "milter/adapter.h"
#include "milter/background.h"
#include "milter/control.h"
#include "milter/endpoint.h"
#include "milter/housekeeper.h"
#include "milter/inflight.h"
#include "milter/key_watch.h"
#include "milter/metrics.h"
#include "milter/options.h"
#include "milter/privileges.h"
#include "milter/read_ahead.h"
#include "milter/reload.h"
#include "milter/reporting.h"
#include "milter/running.h"
#include "milter/sandbox.h"
#include "milter/status.h"
#include "milter/systemd.h"

enum {
    THREAD_STACK = 512 * 1024, /* libmilter makes a thread a waiting message */
    BACKLOG = 1024,
    DRAIN_MS = 10000, /* from the signal on */
    LAST_DRAIN_MS = 1000,
    SPOOL_STOP_MS = 3000,
    ERROR_OCTETS = 512
};

struct daemon {
    struct options options;
    struct config *config;   /* that we started with */
    struct keyring *keyring; /* its keys, until they run */
    struct identity identity;
    struct endpoint endpoint;
    int pid_lock, socket_lock;
    bool bound; /* the UNIX socket is ours to remove */
    int64_t started_ms;
    char error[ERROR_OCTETS];
};

static int fail(int status, const char *text)
{
    log_line(LOG_LEVEL_FAULT, "%s", text);
    return status;
}

static int status_of(enum endpoint_state state)
{
    switch (state) {
    case ENDPOINT_OK:
        return EX_OK;
    case ENDPOINT_BUSY:
        return EX_TEMPFAIL;
    case ENDPOINT_ERROR:
        return EX_OSERR;
    }
    return EX_OSERR;
}

static void print_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static int check_configuration(const struct options *options)
{
    struct config *config = config_read(options_config_file(options), print_report, NULL);

    if (!config)
        return EX_CONFIG;
    if (!reload_run(config, reload_keys(config)))
        return EX_CONFIG;
    running_set(NULL);
    return EX_OK;
}

static void raise_limits(void)
{
    struct rlimit limit;
    pthread_attr_t attributes;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < READ_AHEAD_DESCRIPTORS ? limit.rlim_max
                                                                 : READ_AHEAD_DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (pthread_attr_init(&attributes) != 0)
        return;
    if (pthread_attr_setstacksize(&attributes, THREAD_STACK) == 0)
        (void)pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

/* Writes our process id into the locked FD. */
static bool write_pid(int fd)
{
    char line[24];
    int len = snprintf(line, sizeof line, "%ld\n", (long)getpid());

    return ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)len, 0) == len;
}

static int take_pid_file(struct daemon *daemon)
{
    const char *file = daemon->config->pid_file;
    const struct identity *identity = &daemon->identity;
    enum endpoint_state state;

    if (!file[0])
        return EX_OK;
    endpoint_make_directory(file, identity->uid, identity->gid);
    state = endpoint_lock(file, &daemon->pid_lock, daemon->error, sizeof daemon->error);
    if (state != ENDPOINT_OK)
        return fail(status_of(state), daemon->error);
    if (!write_pid(daemon->pid_lock))
        return fail(EX_OSERR, "cannot write the pid file");
    return EX_OK; /* it stays root's: root may signal what it names */
}

/* Before libmilter binds: the path is free, the descriptor is a listener. */
static int claim_endpoint(struct daemon *daemon)
{
    enum endpoint_state state = ENDPOINT_OK;

    endpoint_parse(daemon->config->listen, &daemon->endpoint);
    switch (daemon->endpoint.kind) {
    case ENDPOINT_INET:
        break;
    case ENDPOINT_UNIX:
        endpoint_make_directory(daemon->endpoint.path, daemon->identity.uid,
                                daemon->identity.gid);
        state = endpoint_claim(daemon->endpoint.path, daemon->identity.uid,
                               &daemon->socket_lock, daemon->error, sizeof daemon->error);
        break;
    case ENDPOINT_FD:
        state = endpoint_check_fd(daemon->endpoint.fd, daemon->error, sizeof daemon->error);
        break;
    }
    return state == ENDPOINT_OK ? EX_OK : fail(status_of(state), daemon->error);
}

/* The mode is right since bind(2), by umask. */
static int hand_over_socket(struct daemon *daemon)
{
    const struct identity *identity = &daemon->identity;

    if (!daemon->bound || (!identity->change && identity->socket_gid == getegid()) ||
        endpoint_give(daemon->endpoint.path, identity->uid, identity->socket_gid))
        return EX_OK;
    snprintf(daemon->error, sizeof daemon->error,
             "cannot give %s to socket-group \"%s\": %s (is the user that starts vidimusd a "
             "member of it?)", daemon->endpoint.path, daemon->config->socket_group,
             strerror(errno));
    return fail(EX_OSERR, daemon->error);
}

static int listen_for_mta(struct daemon *daemon)
{
    char *listen = strdup(daemon->config->listen);
    mode_t mask;
    int result;

    if (!listen || !adapter_register(daemon->config->spf.reject_at == SPF_REJECT_AT_MAIL) ||
        smfi_setconn(listen) != MI_SUCCESS || smfi_setbacklog(BACKLOG) != MI_SUCCESS) {
        free(listen);
        return fail(EX_OSERR, "out of memory");
    }
    free(listen); /* libmilter keeps a copy */
    mask = umask(0777 & ~(mode_t)daemon->config->socket_mode);
    errno = 0;
    result = smfi_opensocket(false);
    umask(mask);
    if (result == MI_SUCCESS)
        (void)endpoint_find_listener();
    daemon->bound = result == MI_SUCCESS && daemon->endpoint.kind == ENDPOINT_UNIX;
    if (daemon->bound)
        endpoint_note_bound(daemon->endpoint.path);
    if (result == MI_SUCCESS)
        return hand_over_socket(daemon);
    snprintf(daemon->error, sizeof daemon->error, "cannot listen on %s: %s",
             daemon->config->listen, strerror(errno));
    return fail(errno == EADDRINUSE ? EX_TEMPFAIL : EX_OSERR, daemon->error);
}

/* The daemon works without a status socket. */
static void open_control(struct daemon *daemon)
{
    const struct identity *identity = &daemon->identity;

    if (!daemon->config->control[0])
        return;
    if (!control_open(daemon->config->control, identity->uid, identity->gid, daemon->error,
                      sizeof daemon->error))
        log_line(LOG_LEVEL_WARN, "no status socket: %s", daemon->error);
}

/* Nor does it need to be watched. */
static void open_metrics(struct daemon *daemon)
{
    const char *listen = daemon->config->metrics.listen;

    if (listen[0] && !metrics_open(listen, daemon->error, sizeof daemon->error))
        log_line(LOG_LEVEL_WARN, "no metrics: %s: %s", listen, daemon->error);
}

static enum log_target log_target_of(const struct daemon *daemon)
{
    const char *log = daemon->config->log;

    if (strcmp(log, "syslog") == 0)
        return LOG_TARGET_SYSLOG;
    if (strcmp(log, "journal") == 0)
        return LOG_TARGET_JOURNAL;
    if (strcmp(log, "stderr") == 0)
        return LOG_TARGET_STDERR;
    if (log_stderr_is_journal())
        return LOG_TARGET_JOURNAL;
    if (daemon->options.foreground || systemd_waits())
        return LOG_TARGET_STDERR;
    return LOG_TARGET_SYSLOG;
}

/* All that needs root, or that only one daemon may have. */
static int acquire(struct daemon *daemon)
{
    int status;

    if (!identity_find(daemon->config->user, daemon->config->socket_group, &daemon->identity,
                       daemon->error, sizeof daemon->error))
        return fail(EX_CONFIG, daemon->error);
    status = take_pid_file(daemon);
    if (status == EX_OK)
        status = claim_endpoint(daemon);
    if (status == EX_OK)
        status = listen_for_mta(daemon);
    if (status != EX_OK)
        return status;
    open_control(daemon);
    open_metrics(daemon);
    reporting_prepare(daemon->config, daemon->identity.uid, daemon->identity.gid);
    daemon->keyring = reload_keys(daemon->config);
    if (!daemon->keyring)
        return EX_OSERR;
    if (!privileges_drop(&daemon->identity, daemon->error, sizeof daemon->error))
        return fail(EX_OSERR, daemon->error);
    if (!daemon->config->sandbox)
        log_line(LOG_LEVEL_WARN, "sandbox = false: system calls are not filtered");
    else if (!sandbox_enter(daemon->error, sizeof daemon->error))
        return fail(EX_OSERR, daemon->error);
    return EX_OK;
}

static int start_reporting(struct daemon *daemon)
{
    switch (reporting_start(daemon->config, daemon->error, sizeof daemon->error)) {
    case SPOOL_STARTED:
        return EX_OK;
    case SPOOL_BUSY:
        return fail(EX_TEMPFAIL, daemon->error);
    case SPOOL_FAILED:
        return fail(EX_OSERR, daemon->error);
    }
    return EX_OSERR;
}

static int start_threads(struct daemon *daemon)
{
    const char *file = options_config_file(&daemon->options);
    struct keyring *keyring = daemon->keyring;
    int status;

    daemon->keyring = NULL;
    if (!reload_run(config_ref(daemon->config), keyring))
        return EX_CONFIG;
    status = start_reporting(daemon);
    if (status != EX_OK)
        return status;
    status_begin(file ? file : "", daemon->started_ms);
    if (!housekeeper_start(&daemon->options, daemon->config) || !control_start())
        return fail(EX_OSERR, "cannot create a thread");
    if (!metrics_start())
        log_line(LOG_LEVEL_WARN, "no metrics: the listener cannot be started");
    return EX_OK;
}

/* What is left after the housekeeper's wait: libmilter does not wait for its
 * workers, they would die with us in the middle of a verdict. */
static void drain(void)
{
    int64_t since = housekeeper_stop_signal_ms();
    int64_t spent = since ? clock_ms() - since : 0;

    systemd_stopping();
    log_line(LOG_LEVEL_MAIL, "stopping: in_flight=%zu", inflight_count());
    if (inflight_drain(spent < DRAIN_MS - LAST_DRAIN_MS ? DRAIN_MS - spent : LAST_DRAIN_MS))
        return;
    log_line(LOG_LEVEL_FAULT, "stopping: %zu messages lost their verdict", inflight_count());
    reporting_stop(LAST_DRAIN_MS);
    fflush(NULL);
    _exit(EX_OK); /* callbacks still run: nothing may be freed under them */
}

static void release(struct daemon *daemon)
{
    key_watch_stop();
    housekeeper_stop();
    control_stop();
    metrics_stop();
    reporting_stop(SPOOL_STOP_MS);
    reporting_free();
    running_set(NULL);
    keyring_free(daemon->keyring);
    if (daemon->bound && endpoint_is_bound())
        (void)unlink(daemon->endpoint.path);
    if (daemon->pid_lock >= 0)
        (void)unlink(daemon->config->pid_file);
    config_unref(daemon->config);
}

static int serve(struct daemon *daemon)
{
    int status = acquire(daemon);
    int result;

    if (status == EX_OK)
        status = start_threads(daemon);
    if (status != EX_OK)
        return status;
    log_open(log_target_of(daemon), "vidimusd", daemon->options.verbose);
    background_ready();
    log_line(LOG_LEVEL_MAIL, "started: version=%s listen=%s uid=%u", PACKAGE_VERSION,
             daemon->config->listen, (unsigned)geteuid());
    if (!key_watch_start())
        log_line(LOG_LEVEL_WARN, "cannot create a thread: keys are not looked for in DNS");
    systemd_ready();
    result = smfi_main();
    drain();
    /* libmilter calls it a failure when its listener finds the socket closed
     * before it looks whether it shall stop. */
    if (result != MI_SUCCESS && !housekeeper_stop_signal_ms())
        return fail(EX_OSERR, "libmilter gave up");
    log_line(LOG_LEVEL_MAIL, "stopped");
    return EX_OK;
}

/* Names the file so that it is found again after chdir("/"); and one that was there must
 * be there at a reload, which else would let the built-in defaults run. */
static void settle_file(struct options *options)
{
    static char path[PATH_MAX];

    if (options->config_file[0] != '/' && realpath(options->config_file, path))
        options->config_file = path;
    if (options_config_file(options))
        options->config_given = true;
}

int main(int argc, char **argv)
{
    struct daemon daemon = { .pid_lock = -1, .socket_lock = -1, .started_ms = clock_ms() };
    int status;

    if (!standard_streams_hold())
        return EX_OSFILE;
    if (!options_parse(argc, argv, &daemon.options))
        return EX_USAGE;
    if (daemon.options.help) {
        options_help();
        return EX_OK;
    }
    if (daemon.options.version) {
        puts("vidimusd " PACKAGE_VERSION);
        return EX_OK;
    }
    if (daemon.options.check)
        return check_configuration(&daemon.options);
    crypt_stays_at_exit(); /* libmilter does not end its workers */
    log_open(LOG_TARGET_STDERR, "vidimusd", daemon.options.verbose);
    daemon.config = reload_read(&daemon.options);
    if (!daemon.config)
        return EX_CONFIG;
    settle_file(&daemon.options);
    if (!daemon.options.foreground && !systemd_waits() && !background_begin())
        return fail(EX_OSERR, "cannot go to the background");
    housekeeper_block_signals();
    raise_limits();
    status = serve(&daemon);
    release(&daemon);
    return status;
}
