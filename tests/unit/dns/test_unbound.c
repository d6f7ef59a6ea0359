/* Tests of the libunbound backend against a real DNS server on loopback
 * (tests/lib/dnsserver.py), which each test starts, and stops by its pid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/resolver.h"
#include "dns/scope.h"
#include "first_text.h"

static const char zone[] =
    "$ORIGIN example.org.\n"
    "@ 60 MX 10 mx\n"
    "@ 60 MX 20 mx2\n"
    "@ TXT \"v=spf1 \" \"-all\"\n"
    "mx A 192.0.2.1\n"
    "mx AAAA 2001:db8::1\n"
    "null MX 0 .\n"
    "alias CNAME mx\n"
    "dangling CNAME nowhere.example.net.\n"
    "loop CNAME loop\n"
    "*.wild 0 TXT wild\n"
    "evil PTR a\\.b.example.org.\n"
    "evil PTR a\\000b.example.org.\n"
    "evil PTR with\\032space.example.org.\n"
    "evil PTR good.example.org.\n"
    "evilmx MX 5 bad\\ name\n"
    "tlsa TLSA 3 1 1 aabbccdd\n"
    "sp\\032a\\\\c\\(e\\%+ TXT odd\n"
    "$FAULT slow * timeout\n"
    "$FAULT broken * servfail\n";

struct server {
    pid_t pid;
    int stdin_fd; /* closing it ends the server, also when we crash */
    int port;
    char zone_file[40], log_file[40];
};

static void write_file(char path[40], const char *text)
{
    int fd;

    strcpy(path, "/tmp/vidimus-dns-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Runs the server on PORT (0: any) and waits until it serves. */
static void server_run(struct server *server, int port, const char *address, const char *delay)
{
    const char *top = getenv("top_srcdir");
    char path[4096], port_text[12], line[16] = "";
    int in[2], out[2];
    FILE *reply;

    snprintf(path, sizeof path, "%s/tests/lib/dnsserver.py", top ? top : ".");
    snprintf(port_text, sizeof port_text, "%d", port);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->pid = fork();
    if (server->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl("/usr/bin/python3", "python3", path, "--zone", server->zone_file, "--port",
              port_text, "--address", address, "--delay", delay, "--log", server->log_file,
              "--until-eof", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server->stdin_fd = in[1];
    reply = fdopen(out[0], "r");
    if (!fgets(line, sizeof line, reply))
        fail_msg("no DNS server: is python3-dnspython there, and top_srcdir set?");
    fclose(reply);
    server->port = atoi(line);
}

static void server_start(struct server *server, const char *text)
{
    write_file(server->zone_file, text);
    write_file(server->log_file, "");
    server_run(server, 0, "127.0.0.1", "0");
}

static void server_kill(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->stdin_fd);
}

static void server_stop(struct server *server)
{
    server_kill(server);
    unlink(server->zone_file);
    unlink(server->log_file);
}

/* Lines of the log that hold TEXT. */
static unsigned server_asked(const struct server *server, const char *text)
{
    FILE *file = fopen(server->log_file, "r");
    char line[600];
    unsigned count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

static struct resolver *resolver_at(const char *address, int port, unsigned timeout_ms)
{
    char text[64], error[300] = "";
    const char *servers[] = { text, NULL };
    struct resolver_settings settings = { servers, timeout_ms, NULL, 1000 };
    struct resolver *resolver;

    snprintf(text, sizeof text, "%s@%d", address, port);
    resolver = resolver_new_unbound(&settings, error, sizeof error);
    if (!resolver)
        fail_msg("%s", error);
    return resolver;
}

static struct dns_future *ask(struct resolver *resolver, const char *name, enum dns_type type)
{
    struct dns_future *future = dns_start(resolver, name, type, NULL, NULL);

    print_message("%s %s\n", name, name_of(dns_type_names, (int)type));
    assert_non_null(dns_wait(future, clock_ms() + 20000));
    return future;
}

struct lookup {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    size_t count;
    bool through_cname;
    unsigned refused;
    const char *text; /* of the first record, or `why` */
};

static const struct lookup lookups[] = {
    { "example.org", DNS_TXT, DNS_OK, 1, false, 0, "v=spf1 -all" },
    { "Example.ORG", DNS_MX, DNS_OK, 2, false, 0, NULL },
    { "null.example.org", DNS_MX, DNS_OK, 1, false, 0, "" },
    { "mx.example.org", DNS_A, DNS_OK, 1, false, 0, "\300\0\2\1" },
    { "mx.example.org", DNS_AAAA, DNS_OK, 1, false, 0, NULL },
    { "mx.example.org", DNS_TXT, DNS_NODATA, 0, false, 0, NULL },
    { "org", DNS_TXT, DNS_NODATA, 0, false, 0, NULL },
    { "alias.example.org", DNS_A, DNS_OK, 1, true, 0, NULL },
    { "alias.example.org", DNS_TXT, DNS_NODATA, 0, true, 0, NULL },
    { "alias.example.org", DNS_CNAME, DNS_OK, 1, false, 0, "mx.example.org" },
    { "dangling.example.org", DNS_A, DNS_NXDOMAIN, 0, true, 0, NULL },
    { "nothing.example.org", DNS_A, DNS_NXDOMAIN, 0, false, 0, NULL },
    { "a.b.wild.example.org", DNS_TXT, DNS_OK, 1, false, 0, "wild" },
    { "evil.example.org", DNS_PTR, DNS_OK, 1, false, 3, "good.example.org" },
    { "evilmx.example.org", DNS_MX, DNS_NODATA, 0, false, 1, NULL },
    { "tlsa.example.org", DNS_TLSA, DNS_OK, 1, false, 0, "\003\001\001\252\273\314\335" },
    { "sp a\\c(e%+.example.org", DNS_TXT, DNS_OK, 1, false, 0, "odd" },
    { "SP A\\C(E%+.example.org", DNS_TXT, DNS_OK, 1, false, 0, "odd" },
    { "a..example.org", DNS_TXT, DNS_NXDOMAIN, 0, false, 0, NULL },
    { "broken.example.org", DNS_TXT, DNS_TEMPFAIL, 0, false, 0, "SERVFAIL" },
    { "loop.example.org", DNS_A, DNS_TEMPFAIL, 0, false, 0, "SERVFAIL" },
    { "localhost", DNS_A, DNS_OK, 1, false, 0, NULL },
};

static void check_lookup(struct resolver *resolver, const struct lookup *l)
{
    struct dns_future *future = ask(resolver, l->name, l->type);
    const struct dns_answer *answer = dns_wait(future, 0);

    assert_int_equal(answer->status, l->status);
    assert_int_equal(answer->type, l->type);
    assert_int_equal(answer->count, l->count);
    assert_int_equal(answer->through_cname, l->through_cname);
    assert_int_equal(answer->refused, l->refused);
    assert_false(answer->secure);
    if (l->text && l->count && l->type == DNS_A)
        assert_memory_equal(answer->records[0].address, l->text, 4);
    else if (l->text && l->count)
        assert_true(text_equal(first_text(answer), text_of(l->text)));
    else if (l->text)
        assert_string_equal(answer->why, l->text);
    dns_future_unref(future);
}

static void answers_come_over_the_wire(void **state)
{
    struct server server;
    struct resolver *resolver;

    (void)state;
    server_start(&server, zone);
    resolver = resolver_at("127.0.0.1", server.port, 5000);
    for (size_t i = 0; i < sizeof lookups / sizeof lookups[0]; i++)
        check_lookup(resolver, &lookups[i]);
    assert_int_equal(server_asked(&server, "a..example"), 0);
    resolver_unref(resolver);
    server_stop(&server);
}

static void ttls_are_honoured(void **state)
{
    struct server server;
    struct resolver *resolver;
    struct dns_future *future;

    (void)state;
    server_start(&server, zone);
    resolver = resolver_at("127.0.0.1", server.port, 5000);
    future = ask(resolver, "example.org", DNS_MX);
    assert_int_equal(dns_wait(future, 0)->ttl, 60);
    dns_future_unref(future);
    dns_future_unref(ask(resolver, "example.org", DNS_MX));
    assert_int_equal(server_asked(&server, "example.org MX"), 1);

    future = ask(resolver, "nothing.example.org", DNS_A);
    assert_int_equal(dns_wait(future, 0)->ttl, 2); /* the SOA's minimum */
    dns_future_unref(future);
    dns_future_unref(ask(resolver, "nothing.example.org", DNS_A));
    assert_int_equal(server_asked(&server, "nothing.example.org"), 1);
    sleep(3);
    dns_future_unref(ask(resolver, "nothing.example.org", DNS_A));
    assert_int_equal(server_asked(&server, "nothing.example.org"), 2);

    dns_future_unref(ask(resolver, "x.wild.example.org", DNS_TXT)); /* TTL 0 */
    dns_future_unref(ask(resolver, "x.wild.example.org", DNS_TXT));
    assert_int_equal(server_asked(&server, "x.wild.example.org"), 2);
    resolver_unref(resolver);
    server_stop(&server);
}

static void long_text_comes_over_tcp(void **state)
{
    static char text[40000];
    struct server server;
    struct resolver *resolver;
    struct dns_future *future;
    size_t at;

    (void)state;
    at = (size_t)sprintf(text, "long.example TXT \"");
    memset(text + at, 'x', 8000);
    at += 8000;
    at += (size_t)sprintf(text + at, "\"\nover.example TXT \"");
    memset(text + at, 'y', DNS_TXT_MAX + 1);
    at += DNS_TXT_MAX + 1;
    sprintf(text + at, "\"\n");
    server_start(&server, text);
    resolver = resolver_at("127.0.0.1", server.port, 5000);
    future = ask(resolver, "long.example", DNS_TXT);
    assert_int_equal(dns_wait(future, 0)->status, DNS_OK);
    assert_int_equal(dns_wait(future, 0)->records[0].data.len, 8000);
    assert_false(dns_wait(future, 0)->capped);
    dns_future_unref(future);
    assert_int_equal(server_asked(&server, "TXT tcp"), 1);
    future = ask(resolver, "over.example", DNS_TXT);
    assert_int_equal(dns_wait(future, 0)->status, DNS_NODATA);
    assert_true(dns_wait(future, 0)->capped);
    dns_future_unref(future);
    resolver_unref(resolver);
    server_stop(&server);
}

/* Every zone that libunbound would answer itself must reach the servers. */
static const char *const special_zones[] = {
    "test",
    "invalid",
    "onion",
    "home.arpa",
    "local",
    "internal",
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

static void check_zone(struct resolver *resolver, const char *special)
{
    char name[120];
    struct lookup l = { special, DNS_PTR, DNS_OK, 1, false, 0, "apex.example" };

    check_lookup(resolver, &l);
    snprintf(name, sizeof name, "x.%.100s", special);
    l = (struct lookup){ name, DNS_PTR, DNS_OK, 1, false, 0, "below.example" };
    check_lookup(resolver, &l);
}

static void special_zones_reach_the_servers(void **state)
{
    static char text[60000];
    char names[110][120];
    struct server server;
    struct resolver *resolver;
    size_t count = 0, at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof special_zones / sizeof special_zones[0]; i++)
        snprintf(names[count++], 120, "%s", special_zones[i]);
    for (unsigned i = 16; i <= 31; i++)
        snprintf(names[count++], 120, "%u.172.in-addr.arpa", i);
    for (unsigned i = 64; i <= 127; i++)
        snprintf(names[count++], 120, "%u.100.in-addr.arpa", i);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%.100s. PTR apex.example.\nx.%.100s. PTR below.example.\n",
                               names[i], names[i]);
    server_start(&server, text);
    resolver = resolver_at("127.0.0.1", server.port, 5000);
    for (size_t i = 0; i < count; i++)
        check_zone(resolver, names[i]);
    resolver_unref(resolver);
    server_stop(&server);
}

static void silence_is_a_timeout(void **state)
{
    struct server server;
    struct resolver *resolver;
    struct dns_future *future;
    int64_t start;

    (void)state;
    server_start(&server, zone);
    resolver = resolver_at("127.0.0.1", server.port, 1000);
    start = clock_ms();
    future = ask(resolver, "slow.example.org", DNS_TXT);
    assert_in_range(clock_ms() - start, 900, 2500);
    assert_int_equal(dns_wait(future, 0)->status, DNS_TEMPFAIL);
    assert_string_equal(dns_wait(future, 0)->why, "timeout");
    dns_future_unref(future);
    future = ask(resolver, "example.org", DNS_TXT); /* others are not held up */
    assert_int_equal(dns_wait(future, 0)->status, DNS_OK);
    dns_future_unref(future);
    resolver_unref(resolver); /* with the slow one still under way below */
    server_stop(&server);
}

/* A server that needs its time is waited for. */
static void slow_servers_answer(void **state)
{
    struct server server;
    struct resolver *resolver;
    struct dns_future *future;

    (void)state;
    server_start(&server, zone);
    server_kill(&server);
    server_run(&server, server.port, "127.0.0.1", "1500");
    resolver = resolver_at("127.0.0.1", server.port, 5000);
    future = ask(resolver, "example.org", DNS_TXT);
    assert_int_equal(dns_wait(future, 0)->status, DNS_OK);
    dns_future_unref(future);
    resolver_unref(resolver);
    server_stop(&server);
}

static enum dns_status status_of(struct resolver *resolver, const char *name, const char **why)
{
    struct dns_future *future = ask(resolver, name, DNS_TXT);
    enum dns_status status = dns_wait(future, 0)->status;

    *why = dns_wait(future, 0)->why;
    dns_future_unref(future);
    return status;
}

/* DNS dead for DOWN_MS, asked meanwhile for one name and for many; then back
 * on the same port: both kinds must be answered within 5 s. */
static void outage(int down_ms)
{
    struct server server;
    struct resolver *resolver;
    const char *why;
    int64_t start, back;
    unsigned asked = 0;
    char name[40];

    server_start(&server, zone);
    resolver = resolver_at("127.0.0.1", server.port, 1500);
    assert_int_equal(status_of(resolver, "same.wild.example.org", &why), DNS_OK);
    server_kill(&server);
    for (start = clock_ms(); clock_ms() < start + down_ms;) {
        assert_int_equal(status_of(resolver, "same.wild.example.org", &why), DNS_TEMPFAIL);
        snprintf(name, sizeof name, "n%u.wild.example.org", asked++);
        assert_int_equal(status_of(resolver, name, &why), DNS_TEMPFAIL);
    }
    server_run(&server, server.port, "127.0.0.1", "0");
    back = clock_ms();
    while (status_of(resolver, "same.wild.example.org", &why) != DNS_OK)
        assert_true(clock_ms() < back + 5000);
    snprintf(name, sizeof name, "n%u.wild.example.org", asked);
    while (status_of(resolver, name, &why) != DNS_OK)
        assert_true(clock_ms() < back + 5000);
    print_message("good again %d ms after the server\n", (int)(clock_ms() - back));
    resolver_unref(resolver);
    server_stop(&server);
}

static void dns_dead_then_back(void **state)
{
    (void)state;
    outage(3000);
    outage(14000);
}

static void a_dead_server_among_two_is_passed_over(void **state)
{
    char dead[] = "127.0.0.1@9", alive[64], error[300];
    const char *servers[] = { dead, alive, NULL };
    struct resolver_settings settings = { servers, 5000, NULL, 1000 };
    struct server server;
    struct resolver *resolver;
    const char *why;
    char name[40];

    (void)state;
    server_start(&server, zone);
    snprintf(alive, sizeof alive, "127.0.0.1@%d", server.port);
    resolver = resolver_new_unbound(&settings, error, sizeof error);
    assert_non_null(resolver);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "n%d.wild.example.org", i);
        assert_int_equal(status_of(resolver, name, &why), DNS_OK);
    }
    resolver_unref(resolver);
    server_stop(&server);
}

static void ipv6_servers_work(void **state)
{
    struct server server;
    struct resolver *resolver;
    const char *why;

    (void)state;
    if (access("/proc/sys/net/ipv6/conf/lo", F_OK) != 0)
        skip();
    write_file(server.zone_file, zone);
    write_file(server.log_file, "");
    server_run(&server, 0, "::1", "0");
    resolver = resolver_at("::1", server.port, 5000);
    assert_int_equal(status_of(resolver, "example.org", &why), DNS_OK);
    resolver_unref(resolver);
    server_stop(&server);
}

static void bad_servers_are_refused(void **state)
{
    static const char *const bad[] = {
        "",           "localhost",     "192.0.2.1@",     "192.0.2.1@0", "192.0.2.1@65536",
        "192.0.2.1:53", "192.0.2.1@5x", "192.0.2.1\nx: y", "[::1]@53",    "fe80::1%\"x@53",
        "IPv6:::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *servers[] = { bad[i], NULL };
        struct resolver_settings settings = { servers, 5000, NULL, 1000 };
        char error[300] = "";

        print_message("%s\n", bad[i]);
        assert_null(resolver_new_unbound(&settings, error, sizeof error));
        assert_non_null(strstr(error, "is not ADDRESS"));
        assert_null(strchr(error, '\n'));
    }
}

static void empty_servers_start(void **state)
{
    struct resolver_settings settings = { NULL, 5000, NULL, 1000 };
    char error[300] = "";
    struct resolver *resolver = resolver_new_unbound(&settings, error, sizeof error);

    (void)state;
    assert_non_null(resolver);
    resolver_unref(resolver);
}

static void write_anchors(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* What an unsigned root says is bogus.  (tests/dnssec has signed zones.) */
static void validation_needs_anchors(void **state)
{
    char address[64], error[300] = "";
    const char *servers[] = { address, NULL };
    char anchors[] = "/tmp/test_unbound.XXXXXX";
    struct resolver_settings settings = { servers, 5000, anchors, 1000 };
    struct server server;
    struct resolver *resolver;
    const char *why;

    (void)state;
    server_start(&server, zone);
    snprintf(address, sizeof address, "127.0.0.1@%d", server.port);
    close(mkstemp(anchors));
    unlink(anchors);
    assert_null(resolver_new_unbound(&settings, error, sizeof error));
    assert_non_null(strstr(error, "No such file or directory"));
    assert_non_null(strstr(error, "dns-root-data"));

    write_anchors(anchors, "what is this\n");
    assert_null(resolver_new_unbound(&settings, error, sizeof error));
    assert_non_null(strstr(error, "does not start: is "));
    write_anchors(anchors, "\n; nothing\n");
    assert_null(resolver_new_unbound(&settings, error, sizeof error));
    assert_non_null(strstr(error, "no trust anchors"));

    write_anchors(anchors, ". DS 20326 8 2 "
                           "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n");
    resolver = resolver_new_unbound(&settings, error, sizeof error);
    assert_non_null(resolver);
    assert_int_equal(status_of(resolver, "example.org", &why), DNS_BOGUS);
    assert_string_equal(why, "DNSSEC validation failed");
    resolver_unref(resolver);
    unlink(anchors);
    server_stop(&server);
}

/* SigBlk of every thread but the caller's own must hold HUP, INT and TERM. */
static unsigned threads_that_take_signals(unsigned *threads)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned bad = 0;

    *threads = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        char path[300], line[200];
        unsigned long long blocked = 0;
        FILE *file;

        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        file = fopen(path, "r");
        while (file && fgets(line, sizeof line, file))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
                break;
        if (file)
            fclose(file);
        (*threads)++;
        for (size_t i = 0; i < 3; i++)
            bad += !(blocked >> ((const int[]){ SIGHUP, SIGINT, SIGTERM }[i] - 1) & 1);
    }
    closedir(tasks);
    return bad;
}

static void threads_take_no_signals(void **state)
{
    unsigned before, threads;
    struct resolver *resolver;

    (void)state;
    threads_that_take_signals(&before);
    resolver = resolver_at("127.0.0.1", 9, 1000);
    dns_future_unref(dns_start(resolver, "a.example", DNS_A, NULL, NULL));
    assert_int_equal(threads_that_take_signals(&threads), 0);
    assert_int_equal(threads, before + 3); /* worker, results, timer */
    resolver_unref(resolver);
}

enum { THREADS = 32, ROUNDS = 40 };

static void *look_up(void *arg)
{
    struct resolver *resolver = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct dns_scope *scope = dns_scope_new(resolver, &(struct dns_scope_limits){ 10, 0 });
        char name[40];

        snprintf(name, sizeof name, "n%u.wild.example.org", i % 11);
        dns_scope_start(scope, "example.org", DNS_MX, NULL, NULL);
        dns_scope_start(scope, "alias.example.org", DNS_A, NULL, NULL);
        if (dns_scope_lookup(scope, name, DNS_TXT)->status != DNS_OK ||
            dns_scope_lookup(scope, "alias.example.org", DNS_A)->status != DNS_OK)
            return arg;
        dns_scope_close(scope);
        dns_scope_unref(scope);
    }
    return NULL;
}

static void many_threads_share_questions(void **state)
{
    struct resolver_counters counters;
    struct server server;
    struct resolver *resolver;
    pthread_t threads[THREADS];
    void *failed = NULL, *result;

    (void)state;
    server_start(&server, zone);
    resolver = resolver_at("127.0.0.1", server.port, 20000);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, resolver), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        failed = result ? result : failed;
    }
    assert_null(failed);
    resolver_count(resolver, &counters);
    assert_true(counters.merged > 0);
    assert_int_equal(server_asked(&server, "alias.example.org A"), 1);
    resolver_unref(resolver);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_over_the_wire),
        cmocka_unit_test(ttls_are_honoured),
        cmocka_unit_test(long_text_comes_over_tcp),
        cmocka_unit_test(special_zones_reach_the_servers),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(slow_servers_answer),
        cmocka_unit_test(dns_dead_then_back),
        cmocka_unit_test(a_dead_server_among_two_is_passed_over),
        cmocka_unit_test(ipv6_servers_work),
        cmocka_unit_test(bad_servers_are_refused),
        cmocka_unit_test(empty_servers_start),
        cmocka_unit_test(validation_needs_anchors),
        cmocka_unit_test(threads_take_no_signals),
        cmocka_unit_test(many_threads_share_questions),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
