/* Unit tests of src/milter, the parts that need no MTA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "core/transaction.h"
#include "dns/resolver.h"
#include "milter/counters.h"
#include "milter/endpoint.h"
#include "milter/inflight.h"
#include "milter/metrics_text.h"
#include "milter/options.h"
#include "milter/privileges.h"
#include "milter/reply.h"
#include "milter/reporting.h"
#include "milter/status.h"
#include "milter/watchdog.h"

/* --- reply ---------------------------------------------------------------- */

static void reply_is_what_libmilter_takes(void **state)
{
    static const struct {
        struct reply reply;
        const char *code, *enhanced, *text;
    } cases[] = {
        { { 550, "5.7.26", "DMARC of example.org" }, "550", "5.7.26", "DMARC of example.org" },
        { { 451, "4.7.24", "100% sure" }, "451", "4.7.24", "100%% sure" },
        { { 550, "5.7.1", "a\r\n250 ok\x7f\xff" }, "550", "5.7.1", "a??250 ok??" },
        { { 451, NULL, NULL }, "451", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct milter_reply out;

        milter_reply_make(&cases[i].reply, &out);
        assert_string_equal(out.code, cases[i].code);
        assert_string_equal(out.enhanced, cases[i].enhanced);
        assert_string_equal(out.text, cases[i].text);
    }
}

static void reply_is_cut(void **state)
{
    char text[2000];
    struct milter_reply out;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    milter_reply_make(&(struct reply){ 550, "5.7.1", text }, &out);
    assert_int_equal(strlen(out.text), REPLY_TEXT_MAX);
    text[REPLY_TEXT_MAX - 1] = '%'; /* its double does not fit any more */
    milter_reply_make(&(struct reply){ 550, "5.7.1", text }, &out);
    assert_int_equal(strlen(out.text), REPLY_TEXT_MAX - 1);
}

/* --- endpoint ------------------------------------------------------------- */

static void listen_text_is_parsed(void **state)
{
    static const struct {
        const char *listen;
        enum endpoint_kind kind;
        const char *path;
        int fd;
    } cases[] = {
        { "inet:8891@127.0.0.1", ENDPOINT_INET, NULL, -1 },
        { "inet6:8891@::1", ENDPOINT_INET, NULL, -1 },
        { "unix:/run/a", ENDPOINT_UNIX, "/run/a", -1 },
        { "UNIX:/run/a", ENDPOINT_UNIX, "/run/a", -1 },
        { "local:/run/a:b", ENDPOINT_UNIX, "/run/a:b", -1 },
        { "/run/a", ENDPOINT_UNIX, "/run/a", -1 },
        { "fd:3", ENDPOINT_FD, NULL, 3 },
        { "fd:3x", ENDPOINT_FD, NULL, -1 },
        { "fd:99999999999", ENDPOINT_FD, NULL, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint endpoint;

        endpoint_parse(cases[i].listen, &endpoint);
        assert_int_equal(endpoint.kind, cases[i].kind);
        assert_int_equal(endpoint.fd, cases[i].fd);
        if (cases[i].path)
            assert_string_equal(endpoint.path, cases[i].path);
        else
            assert_null(endpoint.path);
    }
}

struct scratch {
    char directory[64];
    char path[96];
};

static void scratch_make(struct scratch *s)
{
    strcpy(s->directory, "/tmp/vidimus-unit-XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof s->path, "%s/sock", s->directory);
}

static void scratch_remove(const struct scratch *s)
{
    char lock[128];

    snprintf(lock, sizeof lock, "%s.lock", s->path);
    (void)unlink(s->path);
    (void)unlink(lock);
    assert_int_equal(rmdir(s->directory), 0);
}

static int bound_socket(const char *path, bool listening)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (listening)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void a_stale_socket_is_removed(void **state)
{
    struct scratch s;
    struct stat st;
    char error[256];
    int lock = -1;

    (void)state;
    scratch_make(&s);
    close(bound_socket(s.path, true));
    assert_int_equal(endpoint_claim(s.path, geteuid(), &lock, error, sizeof error), ENDPOINT_OK);
    assert_int_equal(stat(s.path, &st), -1);
    close(lock);
    scratch_remove(&s);
}

static void a_living_socket_is_not_stolen(void **state)
{
    struct scratch s;
    struct stat st;
    char error[256];
    int lock = -1, other = -1, fd;

    (void)state;
    scratch_make(&s);
    fd = bound_socket(s.path, true);
    assert_int_equal(endpoint_claim(s.path, geteuid(), &lock, error, sizeof error), ENDPOINT_BUSY);
    assert_int_equal(stat(s.path, &st), 0);
    close(fd);
    /* nobody answers any more, but the first claimer still holds the lock */
    assert_int_equal(endpoint_claim(s.path, geteuid(), &other, error, sizeof error), ENDPOINT_BUSY);
    close(lock);
    assert_int_equal(endpoint_claim(s.path, geteuid(), &other, error, sizeof error), ENDPOINT_OK);
    close(other);
    scratch_remove(&s);
}

static void another_file_is_left_alone(void **state)
{
    struct scratch s;
    struct stat st;
    char error[256];
    int lock = -1;
    FILE *file;

    (void)state;
    scratch_make(&s);
    file = fopen(s.path, "w");
    fclose(file);
    assert_int_equal(endpoint_claim(s.path, geteuid(), &lock, error, sizeof error), ENDPOINT_ERROR);
    assert_non_null(strstr(error, "not a socket"));
    assert_int_equal(stat(s.path, &st), 0);
    close(lock);
    scratch_remove(&s);
}

static void only_a_socket_is_given_away(void **state)
{
    struct scratch s;
    char error[256], file[128];
    int lock = -1;
    FILE *other;

    (void)state;
    scratch_make(&s);
    snprintf(file, sizeof file, "%s/file", s.directory);
    other = fopen(file, "w");
    fclose(other);
    assert_false(endpoint_give(file, geteuid(), getegid()));
    assert_int_equal(symlink(file, s.path), 0);
    assert_false(endpoint_give(s.path, geteuid(), getegid()));
    assert_int_equal(endpoint_lock(s.path, &lock, error, sizeof error), ENDPOINT_ERROR);
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(link(file, s.path), 0); /* two names: not one that we made */
    assert_int_equal(endpoint_lock(s.path, &lock, error, sizeof error), ENDPOINT_ERROR);
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(unlink(file), 0);
    close(bound_socket(s.path, true));
    assert_true(endpoint_give(s.path, geteuid(), getegid()));
    scratch_remove(&s);
}

static void only_a_listener_is_taken_as_fd(void **state)
{
    struct scratch s;
    char error[256];
    int fd;

    (void)state;
    assert_int_equal(endpoint_check_fd(-1, error, sizeof error), ENDPOINT_ERROR);
    assert_int_equal(endpoint_check_fd(STDIN_FILENO, error, sizeof error), ENDPOINT_ERROR);
    scratch_make(&s);
    fd = bound_socket(s.path, false);
    assert_int_equal(endpoint_check_fd(fd, error, sizeof error), ENDPOINT_ERROR);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(endpoint_check_fd(fd, error, sizeof error), ENDPOINT_OK);
    close(fd);
    scratch_remove(&s);
}

/* --- watchdog ------------------------------------------------------------- */

static void test_the_listener_of_libmilter(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    int accepted, on = 0;
    socklen_t size = sizeof address;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_true(endpoint_find_listener());
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    size = sizeof on;
    assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_true(on);
    close(accepted);
    close(client);

    endpoint_stop_listening();
    size = sizeof address;
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 0), 0);
    close(client);
    close(listener);
}

static void watchdog_wants_ended_questions(void **state)
{
    int one, two;
    struct watchdog watchdog = { 0 };
    struct progress p = { .now_ms = 1000000, .resolver = &one, .queries = 10, .in_flight = 1 };

    (void)state;
    watchdog_allow(&watchdog, 5, 20);
    assert_null(watchdog_stuck(&watchdog, &p));
    p.now_ms += 11000;
    assert_null(watchdog_stuck(&watchdog, &p));
    p.now_ms += 1;
    assert_string_equal(watchdog_stuck(&watchdog, &p), "resolver");
    p.queries++; /* one more was asked, none ended */
    p.in_flight++;
    assert_string_equal(watchdog_stuck(&watchdog, &p), "resolver");
    p.in_flight--; /* one ended, as a timeout maybe */
    assert_null(watchdog_stuck(&watchdog, &p));
    p.now_ms += 12000;
    assert_non_null(watchdog_stuck(&watchdog, &p));
    p.resolver = &two; /* a reload replaced it */
    assert_null(watchdog_stuck(&watchdog, &p));
    p.now_ms += 12000;
    p.in_flight = 0; /* idle is not stuck */
    assert_null(watchdog_stuck(&watchdog, &p));
}

static void watchdog_wants_judgements_to_end(void **state)
{
    struct watchdog watchdog = { 0 };
    struct progress p = { .now_ms = 1000000, .oldest_judgement_ms = 30000 };

    (void)state;
    watchdog_allow(&watchdog, 5, 20);
    assert_null(watchdog_stuck(&watchdog, &p));
    p.oldest_judgement_ms++;
    assert_string_equal(watchdog_stuck(&watchdog, &p), "judgement");
    watchdog_allow(&watchdog, 1, 30); /* a reload allows more */
    assert_null(watchdog_stuck(&watchdog, &p));
    watchdog_allow(&watchdog, 1, 1); /* or less, but not for those who began */
    assert_null(watchdog_stuck(&watchdog, &p));
}

static void watchdog_wants_the_spool_to_move(void **state)
{
    struct watchdog watchdog = { 0 };
    struct progress p = { .now_ms = 1000000, .spool_ms = 60000 };

    (void)state;
    watchdog_allow(&watchdog, 5, 20);
    assert_null(watchdog_stuck(&watchdog, &p));
    p.spool_ms++;
    assert_string_equal(watchdog_stuck(&watchdog, &p), "spool");
}

/* --- in flight ------------------------------------------------------------ */

static void inflight_knows_the_oldest_judgement(void **state)
{
    struct inflight a = { 0 }, b = { 0 }, c = { 0 };

    (void)state;
    assert_int_equal(inflight_count(), 0);
    assert_int_equal(inflight_oldest_ms(), 0);
    inflight_begin(&a);
    inflight_begin(&b);
    inflight_begin(&c);
    a.since_ms -= 5000;
    b.since_ms -= 3000;
    assert_in_range(inflight_oldest_ms(), 5000, 5900);
    inflight_judged(&a); /* waits for its MTA */
    assert_in_range(inflight_oldest_ms(), 3000, 3900);
    assert_int_equal(inflight_count(), 3);
    inflight_end(&b);
    assert_in_range(inflight_oldest_ms(), 0, 900);
    inflight_end(&a);
    inflight_end(&c);
    assert_int_equal(inflight_count(), 0);
}

static void drain_waits_for_all(void **state)
{
    struct inflight a = { 0 };

    (void)state;
    inflight_begin(&a);
    assert_false(inflight_drain(50));
    inflight_end(&a);
    assert_true(inflight_drain(5000));
}

static void settle_waits_for_content_and_callbacks(void **state)
{
    struct inflight a = { 0 };
    int64_t began = clock_ms();

    (void)state;
    inflight_settle(5000);
    assert_in_range(clock_ms() - began, 0, 500);
    inflight_content(true);
    inflight_settle(100); /* its limit */
    assert_in_range(clock_ms() - began, 100, 900);
    inflight_content(false);
    inflight_begin(&a);
    a.since_ms -= 10;
    inflight_settle(1500); /* began before: all the time there is */
    assert_in_range(clock_ms() - began, 1600, 3500);
    inflight_end(&a);
}

/* --- counters ------------------------------------------------------------- */

static const struct status some_status = {
    .version = "1", .config_file = "/a\"b\\c\n", .pid = 7, .uptime_ms = 61999,
    .in_flight = 2, .oldest_ms = 30, .keys = 4, .keys_missing = 1,
    .dns = { .questions = 5, .in_flight = 3,
             .latency = { .counts = { [1] = 2, [HISTOGRAM_BUCKETS - 1] = 1 },
                          .sum_us = 31004000 } },
    .reports = { .enabled = true,
                 .messages = { [ROW_NOT_WANTED] = 4 },
                 .spool = { .written = 9, .lost = 8, .queued = 7, .octets = 6,
                            .failing = true } },
};

static void status_is_one_json_object(void **state)
{
    struct region *region = region_new(0);
    struct findings findings;
    struct judgement judgement = { .origin = ORIGIN_TRUSTED,
                                   .findings = &findings,
                                   .verdict = { .action = ACTION_QUARANTINE,
                                                .would = ACTION_REJECT,
                                                .rule = VERDICT_OF_SPF,
                                                .override = OVERRIDE_MAILING_LIST },
                                   .dns = { .limit_hit = true, .waited_ms = 3 } };
    struct status status = some_status;
    struct buf out;
    const char *json;

    (void)state;
    findings_init(&findings, region);
    assert_non_null(findings_add(&findings, METHOD_SPF, RESULT_FAIL, NULL));
    counters_judgement(&judgement);
    counters_end_of_message(2500);
    counters_read(&status.counts);
    buf_init(&out, region, 16384);
    status_json(&out, &status);
    json = buf_str(&out);
    assert_non_null(json);
    assert_non_null(strstr(json, "\"config\":\"/a\\\"b\\\\c\\u000a\",\"pid\":7,\"uptime\":61,"));
    assert_non_null(strstr(json, "\"verdicts\":{\"accept\":0,\"quarantine\":1,\"tempfail\":0,"
                                 "\"reject\":0}"));
    assert_non_null(strstr(json, "\"spf\":{\"fail\":1}"));
    assert_non_null(strstr(json, "\"quarantine\":{\"spf\":1}"));
    assert_non_null(strstr(json, "\"would\":{\"reject\":1}"));
    assert_non_null(strstr(json, "\"overrides\":{\"mailing_list\":1}"));
    assert_non_null(strstr(json, "\"dns_wait\":{\"count\":1,\"sum_us\":3000,\"below_us\":"
                                 "{\"1000\":0,\"2500\":0,\"5000\":1,"));
    assert_non_null(strstr(json, "\"end_of_message\":{\"count\":1,\"sum_us\":2500,\"below_us\":"
                                 "{\"1000\":0,\"2500\":1,"));
    assert_non_null(strstr(json, "\"trusted\":1"));
    assert_non_null(strstr(json, "\"bounds\":{\"dns-questions\":1}"));
    assert_non_null(strstr(json, "\"in_flight\":2,\"oldest_ms\":30,\"keys\":4,"
                                 "\"keys_missing\":1"));
    assert_non_null(strstr(json, "\"dns\":{\"questions\":5"));
    assert_non_null(strstr(json, "\"spool\":{\"enabled\":true,\"failing\":true,\"rows\":9,"
                                 "\"lost\":8,\"waiting\":7,\"octets\":6,\"segments\":0,"
                                 "\"stuck_ms\":0,"
                                 "\"messages\":{\"reported\":0,"));
    assert_non_null(strstr(json, "\"not_wanted\":4,\"left_out\":0}"));
    assert_string_equal(json + strlen(json) - 3, "}}\n");
    assert_null(strchr(json, '?')); /* every name is in its table */
    region_free(region);
}

static const char *metrics_of(struct region *region, enum metrics_format format)
{
    struct buf out;

    buf_init(&out, region, 262144);
    metrics_write(&out, format, &some_status);
    assert_false(buf_failed(&out));
    return buf_str(&out);
}

static void metrics_speak_two_formats(void **state)
{
    static const struct {
        const char *text;
        bool plain, open;
    } cases[] = {
        { "# TYPE vidimus_build_info gauge\n", true, false },
        { "# TYPE vidimus_build info\n", false, true },
        { "vidimus_build_info{version=\"1\"} 1\n", true, true },
        { "# TYPE vidimus_dns_questions_total counter\n", true, false },
        { "# TYPE vidimus_dns_questions counter\n", false, true },
        { "\nvidimus_dns_questions_total 5\n", true, true },
        { "vidimus_oldest_message_seconds 0.030000\n", true, true },
        { "vidimus_verdicts_total{action=\"reject\",rule=\"dmarc\"} 0\n", true, true },
        { "vidimus_results_total{method=\"arc\",result=\"none\"} 0\n", true, true },
        { "vidimus_overrides_total{reason=\"none\"}", false, false },
        { "vidimus_dns_query_seconds_bucket{le=\"0.001000\"} 0\n", true, true },
        { "vidimus_dns_query_seconds_bucket{le=\"0.002500\"} 2\n", true, true },
        { "vidimus_dns_query_seconds_bucket{le=\"30.000000\"} 2\n", true, true },
        { "vidimus_dns_query_seconds_bucket{le=\"+Inf\"} 3\n", true, true },
        { "vidimus_dns_query_seconds_count 3\nvidimus_dns_query_seconds_sum 31.004000\n", true,
          true },
        { "vidimus_spool_failing 1\n", true, true },
        { "vidimus_report_messages_total{case=\"not_wanted\"} 4\n", true, true },
        { "\n# EOF\n", false, true },
        { "?", false, false }, /* every name is in its table */
    };
    struct region *region = region_new(0);
    const char *plain = metrics_of(region, METRICS_PLAIN);
    const char *open = metrics_of(region, METRICS_OPENMETRICS);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if ((strstr(plain, cases[i].text) != NULL) != cases[i].plain)
            fail_msg("plain: %s", cases[i].text);
        if ((strstr(open, cases[i].text) != NULL) != cases[i].open)
            fail_msg("OpenMetrics: %s", cases[i].text);
    }
    region_free(region);
}

/* No family twice, no sample outside of its family. */
static void metrics_keep_families_together(void **state)
{
    struct region *region = region_new(0);
    char *text = (char *)metrics_of(region, METRICS_PLAIN);
    char name[96] = "", seen[8192] = "";

    (void)state;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char key[100];

        if (sscanf(line, "# TYPE %90s", name) == 1) {
            snprintf(key, sizeof key, " %s ", name);
            if (strstr(seen, key))
                fail_msg("%s stands twice", name);
            assert_true(strlen(seen) + strlen(key) < sizeof seen);
            strcat(seen, key);
        } else if (line[0] != '#' && strncmp(line, name, strlen(name)) != 0) {
            fail_msg("%s is not of %s", line, name);
        }
    }
    region_free(region);
}

/* --- histogram ------------------------------------------------------------ */

static void durations_find_their_bucket(void **state)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } cases[] = {
        { -5, 0 }, { 0, 0 }, { 1000, 0 }, { 1001, 1 }, { 30000000, HISTOGRAM_BUCKETS - 2 },
        { 30000001, HISTOGRAM_BUCKETS - 1 }, { INT64_MAX, HISTOGRAM_BUCKETS - 1 },
    };
    struct histogram h = { .sum_us = 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(histogram_bucket(cases[i].us), cases[i].bucket);
    for (size_t i = 1; i < HISTOGRAM_BUCKETS - 1; i++)
        assert_true(histogram_bound_us(i) > histogram_bound_us(i - 1));
    histogram_add(&h, -1);
    histogram_add(&h, 7);
    assert_int_equal(histogram_count(&h), 2);
    assert_int_equal(h.sum_us, 7);
}

/* --- options -------------------------------------------------------------- */

static void options_are_the_contract(void **state)
{
    char *all[] = { "vidimusd", "-f", "-v", "-n", "-V", "-c", "/x", NULL };
    char *long_form[] = { "vidimusd", "--config", "/nowhere/x", NULL };
    char *none[] = { "vidimusd", NULL };
    struct options o;

    (void)state;
    assert_true(options_parse(7, all, &o));
    assert_true(o.foreground && o.verbose && o.check && o.version && o.config_given);
    assert_string_equal(o.config_file, "/x");
    optind = 0;
    assert_true(options_parse(3, long_form, &o));
    assert_string_equal(options_config_file(&o), "/nowhere/x"); /* must exist: read tells */
    optind = 0;
    assert_true(options_parse(1, none, &o));
    assert_false(o.foreground || o.verbose || o.check || o.version || o.config_given);
    assert_string_equal(o.config_file, DEFAULT_CONFIG_FILE);
}

static void options_refuse_the_rest(void **state)
{
    char *unknown[] = { "vidimusd", "-x", NULL };
    char *missing[] = { "vidimusd", "-c", NULL };
    char *extra[] = { "vidimusd", "-f", "word", NULL };
    struct options o;

    (void)state;
    optind = 0;
    assert_false(options_parse(2, unknown, &o));
    optind = 0;
    assert_false(options_parse(2, missing, &o));
    optind = 0;
    assert_false(options_parse(3, extra, &o));
}

/* --- identity ------------------------------------------------------------- */

static void missing_names_have_a_remedy(void **state)
{
    struct identity identity;
    char error[512];

    (void)state;
    assert_true(identity_find("", "", &identity, error, sizeof error));
    assert_false(identity.change);
    assert_int_equal(identity.uid, geteuid());
    assert_false(identity_find("", "no-such-group", &identity, error, sizeof error));
    assert_non_null(strstr(error, "no-such-group"));
    if (geteuid() != 0)
        return;
    assert_false(identity_find("no-such-user", "", &identity, error, sizeof error));
    assert_non_null(strstr(error, "useradd"));
    assert_true(identity_find("nobody", "", &identity, error, sizeof error));
    assert_true(identity.change);
    assert_int_not_equal(identity.uid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_listener_of_libmilter),
        cmocka_unit_test(reply_is_what_libmilter_takes),
        cmocka_unit_test(reply_is_cut),
        cmocka_unit_test(listen_text_is_parsed),
        cmocka_unit_test(a_stale_socket_is_removed),
        cmocka_unit_test(a_living_socket_is_not_stolen),
        cmocka_unit_test(another_file_is_left_alone),
        cmocka_unit_test(only_a_socket_is_given_away),
        cmocka_unit_test(only_a_listener_is_taken_as_fd),
        cmocka_unit_test(watchdog_wants_ended_questions),
        cmocka_unit_test(watchdog_wants_judgements_to_end),
        cmocka_unit_test(watchdog_wants_the_spool_to_move),
        cmocka_unit_test(inflight_knows_the_oldest_judgement),
        cmocka_unit_test(drain_waits_for_all),
        cmocka_unit_test(settle_waits_for_content_and_callbacks),
        cmocka_unit_test(status_is_one_json_object),
        cmocka_unit_test(metrics_speak_two_formats),
        cmocka_unit_test(metrics_keep_families_together),
        cmocka_unit_test(durations_find_their_bucket),
        cmocka_unit_test(options_are_the_contract),
        cmocka_unit_test(options_refuse_the_rest),
        cmocka_unit_test(missing_names_have_a_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
