/* Unit tests of src/base. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/region.h"
#include "base/text.h"

static void region_limit_latches(void **state)
{
    struct region *region = region_new(4096);

    (void)state;
    assert_non_null(region_alloc(region, 100));
    assert_false(region_failed(region));
    assert_null(region_alloc(region, 5000));
    assert_true(region_failed(region));
    assert_null(region_array(region, SIZE_MAX / 2, 3));
    region_free(region);
}

static int cleaned;

static void count_cleanup(void *arg)
{
    cleaned = cleaned * 10 + *(int *)arg;
}

static void region_cleanups_run_backwards(void **state)
{
    static int one = 1, two = 2;
    struct region *region = region_new(0);

    (void)state;
    cleaned = 0;
    assert_true(region_on_free(region, count_cleanup, &one));
    assert_true(region_on_free(region, count_cleanup, &two));
    region_free(region);
    assert_int_equal(cleaned, 21);
}

static void buf_grows_and_latches(void **state)
{
    struct region *region = region_new(0);
    struct buf buf;

    (void)state;
    buf_init(&buf, region, 300);
    for (int i = 0; i < 100; i++)
        buf_printf(&buf, "%d,", i % 10);
    assert_int_equal(buf_text(&buf).len, 200);
    assert_memory_equal(buf_str(&buf), "0,1,2,", 6);
    for (int i = 0; i < 100; i++)
        buf_add(&buf, "xx");
    assert_true(buf_failed(&buf));
    assert_null(buf_str(&buf));
    assert_int_equal(buf_text(&buf).len, 0);
    region_free(region);
}

/* Somebody feeds it by and by; when he is gone, that was all. */
static void buf_reads_a_pipe(void **state)
{
    const struct timespec pause = { .tv_nsec = 50000000 };
    struct region *region = region_new(1000);
    struct buf buf;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    if (fork() == 0) {
        for (int i = 0; i < 3; i++) {
            nanosleep(&pause, NULL);
            (void)!write(ends[1], "abc", 3);
        }
        _exit(0);
    }
    close(ends[1]);
    buf_init(&buf, region, 100);
    assert_true(buf_read(&buf, ends[0]));
    assert_string_equal(buf_str(&buf), "abcabcabc");
    (void)wait(NULL);
    close(ends[0]);
    region_free(region);
}

static void buf_reads_to_the_end(void **state)
{
    struct region *region = region_new(100000);
    char big[20000];
    struct buf buf;
    FILE *file = tmpfile();

    (void)state;
    memset(big, 'x', sizeof big);
    assert_int_equal(fwrite(big, 1, sizeof big, file), sizeof big);
    assert_int_equal(fflush(file), 0);
    for (size_t bound = sizeof big - 1; bound <= sizeof big; bound++) {
        buf_init(&buf, region, bound);
        assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
        errno = 0;
        assert_int_equal(buf_read(&buf, fileno(file)), bound == sizeof big);
        assert_int_equal(errno, bound == sizeof big ? 0 : EFBIG);
    }
    assert_int_equal(buf_text(&buf).len, sizeof big);
    buf_init(&buf, region, sizeof big * 20);
    for (int i = 0; i < 10 && !buf_failed(&buf); i++) {
        assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
        (void)buf_read(&buf, fileno(file));
    }
    assert_int_equal(errno, ENOMEM);
    buf_init(&buf, region, 10);
    assert_false(buf_read(&buf, -1));
    assert_int_equal(errno, EBADF);
    fclose(file);
    region_free(region);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void text_order(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        { "", "", 0 },    { "", "a", -1 },    { "a", "A", 0 },       { "ab", "A", 1 },
        { "a", "B", -1 }, { "_", "A", -1 }, { "\xc3\xa4", "z", 1 }, { "ABC", "abd", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text a = text_of(cases[i].a), b = text_of(cases[i].b);

        assert_int_equal(sign(text_compare_nocase(a, b)), cases[i].order);
        assert_int_equal(sign(text_compare_nocase(b, a)), -cases[i].order);
    }
}

static void text_numbers(void **state)
{
    unsigned long long v;

    (void)state;
    assert_true(text_to_uint(TEXT("018446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_false(text_to_uint(TEXT("18446744073709551616"), UINT64_MAX, &v));
    assert_false(text_to_uint(TEXT(""), 10, &v));
    assert_false(text_to_uint(TEXT("+1"), 10, &v));
    assert_true(text_to_uint(TEXT("5"), 5, &v));
    assert_false(text_to_uint(TEXT("6"), 5, &v));
    assert_false(text_to_uint(TEXT("10"), 9, &v));
}

static void text_octets(void **state)
{
    (void)state;
    assert_true(text_all(TEXT("0129"), octet_is_digit));
    assert_false(text_all(TEXT("01x9"), octet_is_digit));
    assert_false(text_all(TEXT("019\0"), octet_is_digit));
    assert_true(text_all(TEXT(""), octet_is_digit));
}

static void ip_parses_and_folds(void **state)
{
    static const struct {
        const char *text, *printed, *reverse;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1", "1.2.0.192.in-addr.arpa" },
        { "::ffff:192.0.2.1", "192.0.2.1", "1.2.0.192.in-addr.arpa" },
        { "IPv6:2001:DB8::1", "2001:db8::1",
          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[IP_TEXT_SIZE], reverse[IP_REVERSE_SIZE];
        struct ip_address ip;

        assert_true(ip_parse(text_of(rows[i].text), &ip));
        assert_string_equal(ip_format(&ip, text), rows[i].printed);
        assert_string_equal(ip_reverse_name(&ip, reverse), rows[i].reverse);
    }
    {
        struct ip_address ip;

        assert_false(ip_parse(TEXT("192.0.2"), &ip));
        assert_false(ip_parse(TEXT("192.0.2.1\0"), &ip));
        assert_false(ip_parse(TEXT(""), &ip));
        assert_int_equal(ip.family, IP_NONE);
    }
}

static void ip_networks(void **state)
{
    static const struct {
        const char *network, *ip;
        bool has;
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.255", true },   { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.129/25", "192.0.2.200", true }, { "192.0.2.129/25", "192.0.2.1", false },
        { "0.0.0.0/0", "203.0.113.9", true },      { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "2001:db8::1", true },           { "::ffff:192.0.2.0/120", "192.0.2.9", true },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "192.0.2.1", "192.0.2.1", true },        { "192.0.2.1", "192.0.2.2", false },
    };
    static const char *const bad[] = { "", "192.0.2.0/33", "::/129", "192.0.2.0/", "x/8",
                                       "192.0.2.0/-1", "::ffff:192.0.2.0/95", "IPv6:::1/64" };
    struct ip_network net;
    struct ip_address ip;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(ip_network_parse(text_of(rows[i].network), &net));
        assert_true(ip_parse(text_of(rows[i].ip), &ip));
        assert_int_equal(ip_network_has(&net, &ip), rows[i].has);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ip_network_parse(text_of(bad[i]), &net));
}

static void log_quotes_one_line(void **state)
{
    char out[LOG_QUOTED_MAX];
    char big[4000];

    (void)state;
    assert_string_equal(log_quote(TEXT("example.org"), out), "example.org");
    assert_string_equal(log_quote(TEXT("a b"), out), "\"a b\"");
    assert_string_equal(log_quote(TEXT("a\r\nb=\"c\""), out), "\"a\\015\\012b=\\\"c\\\"\"");
    assert_string_equal(log_quote(TEXT(""), out), "\"\"");
    memset(big, 1, sizeof big);
    assert_true(strlen(log_quote((struct text){ big, sizeof big }, out)) < LOG_QUOTED_MAX);
    memset(big, '"', sizeof big);
    assert_true(strlen(log_quote((struct text){ big, sizeof big }, out)) < LOG_QUOTED_MAX);
}

/* --- the journal ------------------------------------------------------------ */

static int bound(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void expect_datagram(int fd, const char *wanted, size_t len)
{
    char got[2000];

    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), len);
    assert_memory_equal(got, wanted, len);
}

static void the_journal_gets_entries(void **state)
{
    static const char several[] = "PRIORITY=6\nSYSLOG_IDENTIFIER=test\nMESSAGE=q: a=1\nQUEUE_ID=q\n"
                                  "EMPTY=\nTWO\n\x05\0\0\0\0\0\0\0on\ne!\nLAST=x\n";
    const struct journal_field fields[] = {
        { "QUEUE_ID", TEXT("q") }, { "EMPTY", TEXT("") }, { "TWO", TEXT("on\ne!") },
        { "LAST", TEXT("x") },
    };
    char folder[] = "/tmp/vidimus-journal-XXXXXX", path[64];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    fd = bound(path);
    journal_set_socket(path);
    assert_false(log_has_fields());
    log_open(LOG_TARGET_JOURNAL, "test", false);
    assert_true(log_has_fields());
    log_line(LOG_LEVEL_DEBUG, "not wanted");
    log_line(LOG_LEVEL_FAULT, "%s", "bad");
    expect_datagram(fd, "PRIORITY=3\nSYSLOG_IDENTIFIER=test\nMESSAGE=bad\n", 46);
    log_event(LOG_LEVEL_MAIL, fields, 4, "q: a=%d", 1);
    expect_datagram(fd, several, sizeof several - 1);
    close(fd); /* the journal is started again */
    unlink(path);
    fd = bound(path);
    log_line(LOG_LEVEL_WARN, "back");
    expect_datagram(fd, "PRIORITY=4\nSYSLOG_IDENTIFIER=test\nMESSAGE=back\n", 47);
    log_open(LOG_TARGET_STDERR, "vidimus", false);
    close(fd);
    unlink(path);
    rmdir(folder);
}

/* Nothing is lost when nobody listens there. */
static void stderr_stands_in_for_the_journal(void **state)
{
    static const char wanted[] = "<4>said\n";
    int before = dup(STDERR_FILENO), ends[2];
    const struct journal_field field = { "A", TEXT("b") };
    char got[64];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    journal_set_socket("/nonexistent/socket");
    log_open(LOG_TARGET_JOURNAL, "test", false);
    dup2(ends[1], STDERR_FILENO);
    log_event(LOG_LEVEL_WARN, &field, 1, "said");
    dup2(before, STDERR_FILENO);
    log_open(LOG_TARGET_STDERR, "vidimus", false);
    assert_int_equal(read(ends[0], got, sizeof got), sizeof wanted - 1);
    assert_memory_equal(got, wanted, sizeof wanted - 1);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

static void fields_are_escaped(void **state)
{
    char out[LOG_QUOTED_MAX];

    (void)state;
    assert_string_equal(log_escape(TEXT("a b \"c\""), out), "a b \"c\"");
    assert_string_equal(log_escape(TEXT("a\n\x1b[31m\xff\\"), out), "a\\012\\033[31m\\377\\134");
    assert_string_equal(log_escape(TEXT(""), out), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_limit_latches),
        cmocka_unit_test(region_cleanups_run_backwards),
        cmocka_unit_test(buf_grows_and_latches),
        cmocka_unit_test(buf_reads_a_pipe),
        cmocka_unit_test(buf_reads_to_the_end),
        cmocka_unit_test(text_order),
        cmocka_unit_test(text_numbers),
        cmocka_unit_test(text_octets),
        cmocka_unit_test(ip_parses_and_folds),
        cmocka_unit_test(ip_networks),
        cmocka_unit_test(log_quotes_one_line),
        cmocka_unit_test(the_journal_gets_entries),
        cmocka_unit_test(stderr_stands_in_for_the_journal),
        cmocka_unit_test(fields_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
