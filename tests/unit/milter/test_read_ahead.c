/* Unit tests of what libmilter's connections are read through: the MTA is the other end of
 * a socket, and libmilter whoever calls poll() and read() as it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEAD_OCTETS = 5, PATIENCE_MS = 20000 };

struct line {
    int mta, ours;
};

static void open_line(struct line *line)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t octets = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    /* The kernel picks an abstract name. */
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address.sun_family), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &octets), 0);
    assert_int_equal(listen(listener, 1), 0);
    line->mta = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(line->mta, (struct sockaddr *)&address, octets), 0);
    line->ours = accept(listener, NULL, NULL);
    assert_true(line->ours >= 0);
    close(listener);
}

static void close_line(struct line *line)
{
    close(line->mta);
    close(line->ours);
}

/* --- what an MTA sends ---------------------------------------------------------- */

static void put_head(unsigned char head[HEAD_OCTETS], uint32_t length, char command)
{
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)(length >> (24 - 8 * i));
    head[4] = (unsigned char)command;
}

static void send_all(int fd, const void *octets, size_t count)
{
    assert_int_equal(send(fd, octets, count, 0), (ssize_t)count);
}

static void send_packet(int fd, char command, const char *content, size_t octets)
{
    unsigned char head[HEAD_OCTETS];

    put_head(head, (uint32_t)octets + 1, command);
    send_all(fd, head, sizeof head);
    if (octets > 0)
        send_all(fd, content, octets);
}

/* --- what libmilter does ---------------------------------------------------------- */

static bool is_ready(int fd, int timeout_ms)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN | POLLPRI };
    int ready = poll(&polled, 1, timeout_ms);

    assert_true(ready == 0 || (ready == 1 && polled.revents == POLLIN));
    return ready == 1;
}

/* Gives COUNT, 0 at the end, or -1. */
static ssize_t read_all(int fd, void *to, size_t count)
{
    for (size_t done = 0; done < count;) {
        ssize_t octets;

        assert_true(is_ready(fd, PATIENCE_MS));
        octets = read(fd, (char *)to + done, count - done);
        if (octets <= 0)
            return octets;
        done += (size_t)octets;
    }
    return (ssize_t)count;
}

static uint32_t length_in(const unsigned char head[HEAD_OCTETS])
{
    return (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

/* The octets of the content, or -1 when the connection came to its end or failed. */
static ssize_t read_packet(int fd, char *command, void *content)
{
    unsigned char head[HEAD_OCTETS];
    ssize_t octets = -1;

    if (read_all(fd, head, sizeof head) <= 0)
        return -1;
    *command = (char)head[4];
    octets = (ssize_t)length_in(head) - 1;
    return octets <= 0 || read_all(fd, content, (size_t)octets) > 0 ? octets : -1;
}

/* What the kernel still holds. */
static size_t held_by_kernel(int fd)
{
    static char octets[1 << 16];
    ssize_t count = recv(fd, octets, sizeof octets, MSG_PEEK | MSG_DONTWAIT);

    return count > 0 ? (size_t)count : 0;
}

static void expect_packet(int fd, char command, const char *content)
{
    char got_command, got[256];

    assert_int_equal(read_packet(fd, &got_command, got), (ssize_t)strlen(content));
    assert_int_equal(got_command, command);
    assert_memory_equal(got, content, strlen(content));
}

static void open_known_line(struct line *line)
{
    open_line(line);
    send_packet(line->mta, 'O', "version", 7);
    expect_packet(line->ours, 'O', "version");
}

/* --- the look ahead ----------------------------------------------------------------- */

static void test_takes_what_there_is(void **state)
{
    struct line line;

    (void)state;
    open_known_line(&line);
    send_packet(line.mta, 'H', "one", 3);
    send_packet(line.mta, 'H', "two", 3);
    send_packet(line.mta, 'N', "", 0);
    assert_int_equal(held_by_kernel(line.ours), 21);
    expect_packet(line.ours, 'H', "one");
    assert_int_equal(held_by_kernel(line.ours), 0);
    assert_true(is_ready(line.ours, 0));
    expect_packet(line.ours, 'H', "two");
    expect_packet(line.ours, 'N', "");
    assert_false(is_ready(line.ours, 0));
    send_packet(line.mta, 'Q', "", 0);
    expect_packet(line.ours, 'Q', "");
    close_line(&line);
}

static void test_first_packet_as_asked(void **state)
{
    struct line line;
    unsigned char head[HEAD_OCTETS];

    (void)state;
    open_line(&line);
    send_packet(line.mta, 'O', "version", 7);
    send_packet(line.mta, 'C', "client", 6);
    assert_int_equal(read_all(line.ours, head, sizeof head), HEAD_OCTETS);
    assert_int_equal(held_by_kernel(line.ours), 18);
    close_line(&line);
}

/* As some other libmilter might: it gets all, and the rest stays where it looks for it. */
static void test_reads_of_another_kind(void **state)
{
    static const size_t asks[] = { 1, 4, 6, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct line line;
        char octets[4096];

        open_line(&line);
        for (int n = 0; n < 3; n++) {
            send_packet(line.mta, 'O', "version", 7);
            assert_true(is_ready(line.ours, PATIENCE_MS));
            assert_true(read(line.ours, octets, asks[i]) > 0);
        }
        while (held_by_kernel(line.ours) > 0) {
            size_t held = held_by_kernel(line.ours);

            assert_true(is_ready(line.ours, 0));
            assert_int_equal(held_by_kernel(line.ours), held);
            assert_int_equal(read(line.ours, octets, 1), 1);
        }
        close_line(&line);
    }
}

/* What was read ahead already is not lost. */
static void test_changes_its_mind(void **state)
{
    struct line line;
    char octets[64];

    (void)state;
    open_known_line(&line);
    send_packet(line.mta, 'H', "one", 3);
    send_packet(line.mta, 'H', "two", 3);
    assert_true(is_ready(line.ours, PATIENCE_MS));
    assert_int_equal(held_by_kernel(line.ours), 0);
    assert_int_equal(read(line.ours, octets, 7), 7);
    send_packet(line.mta, 'Q', "", 0);
    assert_true(is_ready(line.ours, 0));
    assert_int_equal(read(line.ours, octets + 7, 50), 9);
    assert_memory_equal(octets, "\0\0\0\4Hone\0\0\0\4Htwo", 16);
    assert_true(is_ready(line.ours, 0));
    assert_int_equal(held_by_kernel(line.ours), HEAD_OCTETS);
    close_line(&line);
}

/* Who hangs up has sent what it sent, as much as it is. */
static void test_end(void **state)
{
    static const size_t sizes[] = { 3, 8180, 8192, 9000, 60000 };
    static char body[60000];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct line line;
        char command;

        open_known_line(&line);
        send_packet(line.mta, 'B', body, sizes[i]);
        send_packet(line.mta, 'E', "", 0);
        close(line.mta);
        assert_int_equal(read_packet(line.ours, &command, body), sizes[i]);
        expect_packet(line.ours, 'E', "");
        assert_int_equal(read_packet(line.ours, &command, body), -1);
        close(line.ours);
    }
}

/* What a libmilter calls that was built with _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *to, size_t octets, size_t room);
int __poll_chk(struct pollfd *polled, nfds_t count, int timeout_ms, size_t room);

static void test_checked_calls(void **state)
{
    struct line line;
    char octets[16];

    (void)state;
    open_known_line(&line);
    send_packet(line.mta, 'H', "one", 3);
    for (size_t done = 0; done < 8;) {
        struct pollfd polled = { .fd = line.ours, .events = POLLIN };

        assert_int_equal(__poll_chk(&polled, 1, 0, sizeof polled), 1);
        assert_int_equal(held_by_kernel(line.ours), 0);
        done += (size_t)__read_chk(line.ours, octets + done, done < 5 ? 5 : 3, sizeof octets - done);
    }
    assert_memory_equal(octets, "\0\0\0\4Hone", 8);
    close_line(&line);
}

static void test_next_owner_of_descriptor(void **state)
{
    struct line line;
    char octets[HEAD_OCTETS];
    int ends[2];

    (void)state;
    open_known_line(&line);
    send_packet(line.mta, 'H', "one", 3);
    assert_int_equal(read_all(line.ours, octets, sizeof octets), HEAD_OCTETS);
    close_line(&line);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], line.ours), line.ours);
    assert_false(is_ready(line.ours, 0));
    assert_int_equal(write(ends[1], "pipe", 4), 4);
    for (int i = 0; i < 2; i++) {
        assert_true(is_ready(line.ours, 0));
        assert_int_equal(read(line.ours, octets + 2 * i, 2), 2);
    }
    assert_memory_equal(octets, "pipe", 4);
    close(line.ours);
    close(ends[0]);
    close(ends[1]);
}

/* --- many packets, in pieces of any size ----------------------------------------------- */

enum { PACKETS = 400, CONTENT_MAX = 70000 };

struct sender {
    int fd;
    unsigned seed;
};

static size_t content_octets(unsigned *seed)
{
    static const int bounds[] = { 3, 60, 8192, CONTENT_MAX };
    int bound = bounds[rand_r(seed) % 4];

    return (size_t)(rand_r(seed) % bound);
}

static void make_packet(unsigned char *packet, size_t *octets, unsigned *seed)
{
    *octets = HEAD_OCTETS + content_octets(seed);
    put_head(packet, (uint32_t)(*octets - HEAD_OCTETS + 1), "HBCM"[rand_r(seed) % 4]);
    for (size_t i = HEAD_OCTETS; i < *octets; i++)
        packet[i] = (unsigned char)rand_r(seed);
}

static void *send_many(void *argument)
{
    struct sender *sender = argument;
    unsigned char *packet = malloc(HEAD_OCTETS + CONTENT_MAX);
    unsigned content_seed = sender->seed, piece_seed = sender->seed + 1;
    size_t octets;

    for (int i = 0; i < PACKETS; i++) {
        make_packet(packet, &octets, &content_seed);
        for (size_t done = 0, piece; done < octets; done += piece) {
            piece = 1 + (size_t)rand_r(&piece_seed) % 9000;
            piece = piece < octets - done ? piece : octets - done;
            send_all(sender->fd, packet + done, piece);
        }
    }
    free(packet);
    return NULL;
}

static void test_many_packets(void **state)
{
    unsigned char *wanted = malloc(HEAD_OCTETS + CONTENT_MAX);
    char *got = malloc(CONTENT_MAX);

    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        struct line line;
        struct sender sender = { .seed = seed };
        pthread_t thread;
        unsigned content_seed = seed;

        open_line(&line);
        sender.fd = line.mta;
        assert_int_equal(pthread_create(&thread, NULL, send_many, &sender), 0);
        for (int i = 0; i < PACKETS; i++) {
            size_t octets;
            char command;

            make_packet(wanted, &octets, &content_seed);
            assert_int_equal(read_packet(line.ours, &command, got), octets - HEAD_OCTETS);
            assert_int_equal((unsigned char)command, wanted[4]);
            assert_memory_equal(got, wanted + HEAD_OCTETS, octets - HEAD_OCTETS);
        }
        pthread_join(thread, NULL);
        assert_false(is_ready(line.ours, 0));
        close_line(&line);
    }
    free(got);
    free(wanted);
}

/* --- macros ------------------------------------------------------------------------------ */

static void test_odd_macros(void **state)
{
    static const struct { char command; const char *content; size_t octets; bool good; } rows[] = {
        { 'D', "Mi\0Q1\0", 6, true },
        { 'D', "Mi\0Q1\0j\0mx\0", 11, true },
        { 'D', "M", 1, true },
        { 'D', "Mi\0", 3, false },
        { 'D', "Mi\0Q1", 5, false },
        { 'D', "Mi\0Q1\0j\0", 8, false },
        { 'D', "M\0", 2, false },
        { 'H', "Subject\0", 8, true }, /* libmilter sees to the others */
        { 'C', "a\0b\0c\0", 6, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece <= rows[i].octets; piece++) {
            struct line line;
            char command, content[16];
            unsigned char head[HEAD_OCTETS];

            open_known_line(&line);
            put_head(head, (uint32_t)rows[i].octets + 1, rows[i].command);
            send_all(line.mta, head, sizeof head);
            send_all(line.mta, rows[i].content, piece);
            /* known by now that the rest comes later */
            assert_true(is_ready(line.ours, 0));
            if (piece < rows[i].octets)
                send_all(line.mta, rows[i].content + piece, rows[i].octets - piece);
            errno = 0;
            assert_int_equal(read_packet(line.ours, &command, content),
                             rows[i].good ? (ssize_t)rows[i].octets : -1);
            assert_int_equal(errno, rows[i].good ? 0 : EPROTO);
            close_line(&line);
        }
    }
}

/* A length that libmilter takes for no content at all hides nothing behind it. */
static void test_lengths(void **state)
{
    static const uint32_t lengths[] = { 0, 1, 0x80000000, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct line line;
        unsigned char head[HEAD_OCTETS];
        char command, content[8];

        open_known_line(&line);
        put_head(head, lengths[i], 'X');
        send_all(line.mta, head, sizeof head);
        send_packet(line.mta, 'H', "one", 3);
        send_packet(line.mta, 'D', "Mi\0", 3);
        assert_int_equal(read_all(line.ours, head, sizeof head), HEAD_OCTETS);
        expect_packet(line.ours, 'H', "one");
        assert_int_equal(read_packet(line.ours, &command, content), -1);
        assert_int_equal(errno, EPROTO);
        close_line(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_what_there_is),
        cmocka_unit_test(test_first_packet_as_asked),
        cmocka_unit_test(test_reads_of_another_kind),
        cmocka_unit_test(test_changes_its_mind),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_checked_calls),
        cmocka_unit_test(test_next_owner_of_descriptor),
        cmocka_unit_test(test_many_packets),
        cmocka_unit_test(test_odd_macros),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
