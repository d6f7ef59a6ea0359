/* resolver_unbound.c: the backend on libunbound; nothing else sees it.
 *
 * One context, whose worker is a thread of libunbound's; a thread of ours
 * waits for its results.  Both take no signals.
 *
 * Forwarding (servers given, or found in resolv.conf) and dead servers:
 * libunbound avoids a server once its timeout has doubled up to
 * infra-cache-max-rtt, until infra-host-ttl is over; and it keeps SERVFAIL for
 * 5 s.  For mail, a name server that is back must count at once, and a slow
 * name must not make it look dead.  So the timeouts start high (a forwarder
 * needs time for names that it must look up itself) and end low, what is known
 * of a server is forgotten after a second, and nothing is cached there: the
 * cache is ours (cache.c).  A single server is hardly ever avoided, for there is
 * nobody else to ask: where one name in ten is slow, it would look dead for a
 * moment several times a second, and SERVFAIL be the answer for whoever asks then.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unbound.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/log.h"
#include "dns/answer_private.h"
#include "dns/resolver_private.h"

enum {
    SERVERS_MAX = 16,
    SERVER_TEXT_MAX = 80, /* address, %scope, @port */
    CLASS_IN = 1,
    RCODE_SERVFAIL = 2,
    RCODE_REFUSED = 5,
    SOCKETS_MAX = 4096
};

struct unbound_backend {
    struct resolver_backend backend; /* first: they share their address */
    struct ub_ctx *context;
    int stop_event; /* readable: the thread shall end */
    bool has_thread;
    pthread_t thread;
};

struct servers {
    size_t count;
    char text[SERVERS_MAX][SERVER_TEXT_MAX]; /* "192.0.2.53@5353" */
};

/* Answers */

static enum dns_failure failure_of(const struct ub_result *result)
{
    if (result->bogus)
        return DNS_FAILURE_BOGUS;
    if (result->rcode == RCODE_SERVFAIL)
        return DNS_FAILURE_SERVFAIL;
    return result->rcode == RCODE_REFUSED ? DNS_FAILURE_REFUSED : DNS_FAILURE_ERROR_RESPONSE;
}

static const struct dns_answer *records_of(const struct ub_result *result, struct dns_facts *facts)
{
    const struct dns_answer *answer;
    struct dns_rdata *rdata;

    while (result->data[facts->count])
        facts->count++;
    rdata = calloc(facts->count, sizeof *rdata);
    if (!rdata)
        return dns_answer_failure(facts->type, DNS_FAILURE_MEMORY);
    for (size_t i = 0; i < facts->count; i++)
        rdata[i] = (struct dns_rdata){ (const uint8_t *)result->data[i], (size_t)result->len[i] };
    facts->rdata = rdata;
    facts->status = DNS_OK;
    answer = dns_answer_new(facts);
    free(rdata);
    return answer;
}

/* libunbound has taken the TTL of negative answers from the SOA (RFC 2308 §5);
 * it names a canonical name when a CNAME stood at the name asked for. */
static const struct dns_answer *answer_of(enum dns_type type, const struct ub_result *result)
{
    struct dns_facts facts = {
        .status = result->nxdomain ? DNS_NXDOMAIN : DNS_NODATA,
        .type = type,
        .secure = result->secure,
        .through_cname = result->canonname != NULL,
        .ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0,
    };

    if (result->bogus || (result->rcode != 0 && !result->nxdomain))
        return dns_answer_failure(type, failure_of(result));
    if (result->havedata && result->data && result->data[0])
        return records_of(result, &facts);
    return dns_answer_new(&facts);
}

static void on_result(void *context, int error, struct ub_result *result)
{
    struct dns_future *future = context;

    if (future && (error || !result))
        resolver_answered(future, dns_answer_failure(future->type, DNS_FAILURE_RESOLVER));
    else if (future)
        resolver_answered(future, answer_of(future->type, result));
    ub_resolve_free(result);
}

/* The backend's interface */

static void unbound_ask(struct resolver_backend *backend, struct dns_future *future)
{
    struct unbound_backend *self = (struct unbound_backend *)backend;
    char name[DNS_NAME_TEXT_SIZE];

    if (ub_resolve_async(self->context, dns_name_format(&future->name, name), (int)future->type,
                         CLASS_IN, future, on_result, NULL) != 0)
        resolver_answered(future, dns_answer_failure(future->type, DNS_FAILURE_RESOLVER));
}

static void unbound_stop(struct resolver_backend *backend)
{
    struct unbound_backend *self = (struct unbound_backend *)backend;
    uint64_t one = 1;

    if (self->has_thread) {
        while (write(self->stop_event, &one, sizeof one) < 0 && errno == EINTR)
            continue;
        pthread_join(self->thread, NULL);
    }
    ub_ctx_delete(self->context);
    if (self->stop_event >= 0)
        close(self->stop_event);
    free(self);
}

/* Hands results to on_result() until told to stop. */
static void *results_main(void *arg)
{
    struct unbound_backend *self = arg;
    struct pollfd wait[2] = {
        { .fd = ub_fd(self->context), .events = POLLIN },
        { .fd = self->stop_event, .events = POLLIN },
    };

    for (;;) {
        int error;

        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            log_line(LOG_LEVEL_FAULT, "event=resolver error=\"poll: %s\"", strerror(errno));
            return NULL;
        }
        if (wait[1].revents)
            return NULL;
        if (!wait[0].revents)
            continue;
        error = ub_process(self->context);
        if (error) {
            log_line(LOG_LEVEL_FAULT, "event=resolver error=\"%s\"", ub_strerror(error));
            return NULL; /* questions time out from now on */
        }
    }
}

/* libunbound starts its worker with the first question, which is this one
 * (answered locally), so that no caller's signal mask is inherited. */
static bool start_threads(struct unbound_backend *self)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = ub_resolve_async(self->context, "localhost.", DNS_A, CLASS_IN, NULL, on_result,
                               NULL) == 0;
    self->has_thread = started && pthread_create(&self->thread, NULL, results_main, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return self->has_thread;
}

/* Servers */

static bool is_scope_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '.' || c == '_' || c == '-';
}

/* ADDR[%scope][@PORT]: nothing that could mean more in a configuration file. */
static bool is_server(struct text t)
{
    size_t at = text_find(t, '@');
    struct text host = text_head(t, at);
    size_t percent = text_find(host, '%');
    struct ip_address ip;
    unsigned long long port;

    if (t.len >= SERVER_TEXT_MAX || text_starts_nocase(t, TEXT("IPv6:")))
        return false;
    if (at < t.len && (!text_to_uint(text_tail(t, at + 1), 65535, &port) || port == 0))
        return false;
    for (size_t i = percent + 1; i < host.len; i++)
        if (!is_scope_octet(host.data[i]))
            return false;
    return ip_parse(text_head(host, percent), &ip);
}

static bool add_server(struct servers *servers, struct text t)
{
    if (!is_server(t) || servers->count == SERVERS_MAX)
        return false;
    memcpy(servers->text[servers->count], t.data, t.len);
    servers->text[servers->count++][t.len] = '\0';
    return true;
}

/* "nameserver ADDR" lines of resolv.conf(5); others are not for us. */
static void read_resolv_conf(const char *path, struct servers *servers)
{
    FILE *file = fopen(path, "re");
    char line[512];

    while (file && fgets(line, sizeof line, file)) {
        char *rest = line;
        char *keyword = strsep(&rest, " \t\n");
        struct text value = text_trim(text_of(rest));

        if (strcmp(keyword, "nameserver") != 0)
            continue;
        for (size_t i = 0; i < value.len; i++)
            if (octet_is_wsp(value.data[i]) || value.data[i] == '#' || value.data[i] == ';')
                value.len = i;
        add_server(servers, value);
    }
    if (file)
        fclose(file);
}

static bool collect_servers(const struct resolver_settings *settings, struct servers *servers,
                            char *error, size_t error_size)
{
    char quoted[LOG_QUOTED_MAX];

    for (const char *const *s = settings->servers; s && *s; s++) {
        if (add_server(servers, text_of(*s)))
            continue;
        snprintf(error, error_size,
                 servers->count == SERVERS_MAX ? "more than 16 servers at %s"
                                               : "%s is not ADDRESS or ADDRESS@PORT",
                 log_quote(text_of(*s), quoted));
        return false;
    }
    if (servers->count == 0)
        read_resolv_conf("/etc/resolv.conf", servers);
    return true;
}

/* Options */

struct option {
    const char *name, *value;
};

static const struct option common_options[] = {
    { "edns-buffer-size:", "1232" },
    { "do-ip6:", "yes" },
    { "do-not-query-localhost:", "no" },
    { "num-queries-per-thread:", "10000" },
    { "minimal-responses:", "yes" },
    { "rrset-roundrobin:", "no" }, /* equal questions, equal answers */
    { "serve-expired:", "no" },
    { "cache-max-ttl:", "3600" },
    { "cache-max-negative-ttl:", "300" },
    { "infra-keep-probing:", "yes" },
    { NULL, NULL }
};

/* A question is sent again after 2 s, and then later and later; see the top. */
static const struct option forwarding_options[] = {
    { "unknown-server-time-limit:", "2000" },
    { "infra-cache-min-rtt:", "2000" },
    { "outbound-msg-retry:", "2" },
    { "infra-host-ttl:", "0" },
    { NULL, NULL }
};

/* When a server is avoided: after two timeouts in a row, or after four. */
static const struct option avoid_soon[] = { { "infra-cache-max-rtt:", "4100" }, { NULL, NULL } };
static const struct option avoid_late[] = { { "infra-cache-max-rtt:", "16400" }, { NULL, NULL } };

static const struct option recursing_options[] = {
    { "infra-cache-max-rtt:", "4100" },
    { "infra-host-ttl:", "2" },
    { "msg-cache-size:", "16m" },
    { "rrset-cache-size:", "32m" },
    { "key-cache-size:", "4m" },
    { "neg-cache-size:", "1m" },
    { NULL, NULL }
};

static bool set_option(struct ub_ctx *context, const char *name, const char *value, char *error,
                       size_t error_size)
{
    int failed = ub_ctx_set_option(context, name, value);

    if (failed)
        snprintf(error, error_size, "libunbound: %s %s: %s", name, value, ub_strerror(failed));
    return !failed;
}

static bool set_options(struct ub_ctx *context, const struct option *options, char *error,
                        size_t error_size)
{
    for (; options->name; options++)
        if (!set_option(context, options->name, options->value, error, error_size))
            return false;
    return true;
}

/* Each query in flight takes a socket; half of the descriptors are left for
 * everything else. */
static bool set_sockets(struct ub_ctx *context, char *error, size_t error_size)
{
    struct rlimit limit = { .rlim_cur = 1024 };
    unsigned long sockets;
    char number[24];

    getrlimit(RLIMIT_NOFILE, &limit);
    sockets = limit.rlim_cur / 2 < SOCKETS_MAX ? (unsigned long)limit.rlim_cur / 2 : SOCKETS_MAX;
    if (sockets < 16)
        sockets = 16;
    snprintf(number, sizeof number, "%lu", sockets);
    if (!set_option(context, "outgoing-range:", number, error, error_size))
        return false;
    snprintf(number, sizeof number, "%lu", sockets / 16 < 8 ? 8 : sockets / 16);
    return set_option(context, "outgoing-num-tcp:", number, error, error_size);
}

/* With an empty file libunbound would validate nothing, and not say so; what is no
 * record it refuses itself. */
static bool has_anchors(const char *path, char *error, size_t error_size)
{
    FILE *file = fopen(path, "re");
    bool found = false;
    char line[512];

    if (!file) {
        snprintf(error, error_size, "%s: %s (those of the root: Debian package dns-root-data)",
                 path, strerror(errno));
        return false;
    }
    while (!found && fgets(line, sizeof line, file))
        found = !strchr(";\r\n", line[strspn(line, " \t")]);
    fclose(file);
    if (!found)
        snprintf(error, error_size, "%s: no trust anchors in it", path);
    return found;
}

static bool set_dnssec(struct ub_ctx *context, const char *anchors, char *error,
                       size_t error_size)
{
    int failed;

    if (!anchors)
        return set_option(context, "module-config:", "iterator", error, error_size);
    if (!has_anchors(anchors, error, error_size))
        return false;
    if (!set_option(context, "module-config:", "validator iterator", error, error_size))
        return false;
    failed = ub_ctx_add_ta_file(context, anchors);
    if (failed)
        snprintf(error, error_size, "%s: %s", anchors, ub_strerror(failed));
    return !failed;
}

/* Zones that libunbound would answer by itself (its defaults: RFC 6303, 6761,
 * 7686, 8375), but for localhost.  Who names servers wants their answers; that
 * no chain of trust leads to such names must not make them bogus. */
static void open_zone(FILE *file, const char *zone)
{
    fprintf(file, "  local-zone: \"%s.\" nodefault\n  domain-insecure: \"%s.\"\n", zone, zone);
}

static void open_zones(FILE *file)
{
    static const char *const zones[] = {
        "home.arpa",
        "onion",
        "test",
        "invalid",
        "10.in-addr.arpa",
        "168.192.in-addr.arpa",
        "0.in-addr.arpa",
        "127.in-addr.arpa",
        "254.169.in-addr.arpa",
        "2.0.192.in-addr.arpa",
        "100.51.198.in-addr.arpa",
        "113.0.203.in-addr.arpa",
        "255.255.255.255.in-addr.arpa",
        "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        "d.f.ip6.arpa",
        "8.e.f.ip6.arpa",
        "9.e.f.ip6.arpa",
        "a.e.f.ip6.arpa",
        "b.e.f.ip6.arpa",
        "8.b.d.0.1.0.0.2.ip6.arpa",
    };

    char zone[32];

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        open_zone(file, zones[i]);
    for (unsigned i = 16; i <= 31; i++) {
        snprintf(zone, sizeof zone, "%u.172.in-addr.arpa", i);
        open_zone(file, zone);
    }
    for (unsigned i = 64; i <= 127; i++) {
        snprintf(zone, sizeof zone, "%u.100.in-addr.arpa", i);
        open_zone(file, zone);
    }
}

static void write_forwarding(FILE *file, const struct servers *servers)
{
    fprintf(file, "server:\n");
    open_zones(file);
    fprintf(file, "forward-zone:\n  name: \".\"\n  forward-no-cache: yes\n");
    for (size_t i = 0; i < servers->count; i++)
        fprintf(file, "  forward-addr: %s\n", servers->text[i]);
}

/* forward-no-cache is known to configuration files only, so this is one, in
 * memory. */
static bool set_forwarding(struct ub_ctx *context, const struct servers *servers, char *error,
                           size_t error_size)
{
    int fd = memfd_create("vidimus-unbound", MFD_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    char path[40];
    int failed = UB_READFILE;

    if (file) {
        write_forwarding(file, servers);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (fflush(file) == 0)
            failed = ub_ctx_config(context, path);
        fclose(file);
    } else if (fd >= 0) {
        close(fd);
    }
    if (failed)
        snprintf(error, error_size, "libunbound: forwarding: %s", ub_strerror(failed));
    return !failed;
}

static bool configure(struct ub_ctx *context, const struct resolver_settings *settings,
                      char *error, size_t error_size)
{
    struct servers servers = { .count = 0 };

    ub_ctx_debugout(context, NULL); /* it would log to stderr */
    if (!collect_servers(settings, &servers, error, error_size) ||
        !set_options(context, common_options, error, error_size) ||
        !set_sockets(context, error, error_size) ||
        !set_dnssec(context, settings->anchors, error, error_size))
        return false;
    if (servers.count == 0)
        return set_options(context, recursing_options, error, error_size);
    return set_options(context, forwarding_options, error, error_size) &&
           set_options(context, servers.count > 1 ? avoid_soon : avoid_late, error, error_size) &&
           set_forwarding(context, &servers, error, error_size);
}

static struct unbound_backend *backend_new(const struct resolver_settings *settings, char *error,
                                           size_t error_size)
{
    struct unbound_backend *self = calloc(1, sizeof *self);

    if (settings->anchors) /* it reads them last */
        snprintf(error, error_size, "libunbound does not start: is %s right?", settings->anchors);
    else
        snprintf(error, error_size, "libunbound does not start");
    if (!self)
        return NULL;
    self->backend = (struct resolver_backend){ unbound_ask, unbound_stop, false };
    self->stop_event = eventfd(0, EFD_CLOEXEC);
    self->context = ub_ctx_create();
    if (self->stop_event >= 0 && self->context &&
        configure(self->context, settings, error, error_size) &&
        ub_ctx_async(self->context, 1) == 0 && start_threads(self))
        return self;
    unbound_stop(&self->backend);
    return NULL;
}

struct resolver *resolver_new_unbound(const struct resolver_settings *settings, char *error,
                                      size_t error_size)
{
    struct resolver_limits limits = {
        .timeout_ms = settings->timeout_ms,
        .cache_max = settings->cache_max,
        .questions_max = RESOLVER_QUESTIONS_MAX,
    };
    struct unbound_backend *self = backend_new(settings, error, error_size);
    struct resolver *resolver;

    if (!self)
        return NULL;
    resolver = resolver_new(&self->backend, &limits);
    if (!resolver)
        snprintf(error, error_size, "out of memory");
    return resolver;
}
