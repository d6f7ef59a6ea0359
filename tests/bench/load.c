/* load.c: many messages through a milter, as an MTA would send them, and how long
 * each waited after its final dot.
 *
 *   load [-c CONNECTIONS] [-n MESSAGES] [-m PER-CONNECTION] [-p PAUSE-MS]
 *        [-b BETWEEN-MS] ADDRESS FILE...
 *
 * ADDRESS is a loopback port, or the path of a UNIX socket.  CONNECTIONS threads
 * send MESSAGES in all, PER-CONNECTION on each connection: each connection is a client
 * with one FILE, taken in turn.  PAUSE-MS passes between envelope and data.  A session's messages begin BETWEEN-MS
 * apart, and the sessions spread over that time.  Replies and steps that the milter
 * has negotiated away are not waited for, or sent.
 *
 * A FILE begins with a line "IP HELO MAIL-FROM RCPT-TO [CLASS]"; the message follows,
 * with CRLF line ends.
 *
 * Prints "messages N errors N p50 N p90 N p99 N max N us", and each reply and change
 * with its count; then the same for every CLASS.  The times are from the final dot,
 * when an MTA hands over header and body at once, to the verdict. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The milter protocol, version 6, as Postfix 3 and Sendmail 8.17 speak it. */
enum { VERSION_6 = 6, ALL_ACTIONS = 0x1ff, ALL_STEPS = 0x1fffff, CHUNK_MAX = 65535 };

enum step { STEP_CONNECT, STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_HEADER, STEP_EOH,
            STEP_BODY, STEP_COUNT };

/* The command of each step, and the bits by which a milter does without it, or
 * without replying to it. */
static const struct {
    char command;
    uint32_t skipped, unanswered;
} steps[STEP_COUNT] = {
    [STEP_CONNECT] = { 'C', 0x1, 0x1000 }, [STEP_HELO] = { 'H', 0x2, 0x2000 },
    [STEP_MAIL] = { 'M', 0x4, 0x4000 },    [STEP_RCPT] = { 'R', 0x8, 0x8000 },
    [STEP_DATA] = { 'T', 0x200, 0x10000 }, [STEP_HEADER] = { 'L', 0x20, 0x80 },
    [STEP_EOH] = { 'N', 0x40, 0x40000 },   [STEP_BODY] = { 'B', 0x10, 0x80000 },
};

struct mail {
    char *octets; /* of the file */
    const char *ip, *helo, *from, *to, *class;
    char *headers; /* "name\0value\0" for each, in one piece */
    size_t header_count;
    const char *body;
    size_t body_len;
};

static const char *address;
static long connections = 1, message_count = 1, per_connection = 1, pause_ms, between_ms;
static struct mail *mails;
static size_t mail_count;
static atomic_long next_message, next_mail, errors;
static uint32_t *waits; /* microseconds, by message; 0: no verdict */
static const struct mail **mail_of; /* by message */
static atomic_long replies[256];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- connection --------------------------------------------------------- */

struct connection {
    int fd;
    const struct mail *mail;
    uint32_t negotiated;
    char *out; /* packets that are to be sent together */
    size_t out_len, out_room;
};

static bool flush(struct connection *c)
{
    size_t at = 0;

    while (at < c->out_len) {
        ssize_t sent = send(c->fd, c->out + at, c->out_len - at, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += (size_t)sent;
    }
    c->out_len = 0;
    return true;
}

static bool receive(struct connection *c, void *octets, size_t len)
{
    for (char *at = octets; len > 0;) {
        ssize_t got = recv(c->fd, at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static void packet(struct connection *c, char command, const void *data, size_t len)
{
    uint32_t size = htonl((uint32_t)len + 1);

    if (c->out_room < c->out_len + len + 5) {
        c->out_room = 2 * (c->out_len + len + 5);
        c->out = realloc(c->out, c->out_room);
        if (!c->out)
            die("memory");
    }
    memcpy(c->out + c->out_len, &size, 4);
    c->out[c->out_len + 4] = command;
    if (len)
        memcpy(c->out + c->out_len + 5, data, len);
    c->out_len += len + 5;
}

/* The command of the next packet; its data is thrown away but for the first LEN
 * octets, into HEAD.  0: the connection is gone. */
static char reply(struct connection *c, void *head, size_t len)
{
    char start[5], rest[4096];
    uint32_t size;

    if (!flush(c) || !receive(c, start, sizeof start))
        return 0;
    memcpy(&size, start, 4);
    size = ntohl(size) - 1;
    if (len > size || (len && !receive(c, head, len)))
        return 0;
    for (size -= (uint32_t)len; size > 0;) {
        size_t some = size < sizeof rest ? size : sizeof rest;

        if (!receive(c, rest, some))
            return 0;
        size -= (uint32_t)some;
    }
    return start[4];
}

static int open_socket(void)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in loopback = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(*address == '/' ? AF_UNIX : AF_INET, SOCK_STREAM, 0), one = 1, failed;

    if (fd < 0)
        die("socket");
    if (*address == '/') {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address);
        failed = connect(fd, (struct sockaddr *)&local, sizeof local);
    } else {
        loopback.sin_port = htons((uint16_t)atoi(address));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        failed = connect(fd, (struct sockaddr *)&loopback, sizeof loopback);
    }
    if (!failed)
        return fd;
    close(fd);
    return -1;
}

static bool open_connection(struct connection *c)
{
    const uint32_t offer[] = { htonl(VERSION_6), htonl(ALL_ACTIONS), htonl(ALL_STEPS) };
    uint32_t answer[3];

    c->fd = open_socket();
    c->out_len = 0;
    if (c->fd < 0)
        return false;
    packet(c, 'O', offer, sizeof offer);
    if (reply(c, answer, sizeof answer) != 'O')
        return false;
    c->negotiated = ntohl(answer[2]);
    return true;
}

static void close_connection(struct connection *c)
{
    if (c->fd < 0)
        return;
    packet(c, 'Q', NULL, 0);
    flush(c);
    close(c->fd);
    c->fd = -1;
}

/* --- one message -------------------------------------------------------- */

/* Sends STEP as far as the milter wants it.  What it answered; 'c' if nothing. */
static char take_step(struct connection *c, enum step step, const void *data, size_t len)
{
    if (c->negotiated & steps[step].skipped)
        return 'c';
    packet(c, steps[step].command, data, len);
    return c->negotiated & steps[step].unanswered ? 'c' : reply(c, NULL, 0);
}

static bool goes_on(char answer)
{
    return answer == 'c' || answer == 's';
}

/* "A\0B\0" as one piece of data. */
static size_t join(char *out, const char *a, const char *b)
{
    size_t first = strlen(a) + 1, second = strlen(b) + 1;

    memcpy(out, a, first);
    memcpy(out + first, b, second);
    return first + second;
}

static char introduce(struct connection *c, const struct mail *m)
{
    char data[1024];
    size_t len = (size_t)snprintf(data, sizeof data, "client.example") + 1;
    bool v6 = strchr(m->ip, ':');
    char answer;

    data[len++] = v6 ? '6' : '4';
    data[len++] = 0;
    data[len++] = 25;
    len += (size_t)snprintf(data + len, sizeof data - len, "%s%s", v6 ? "IPv6:" : "", m->ip) + 1;
    packet(c, 'D', "Cj\0mx.example.net", 18);
    answer = take_step(c, STEP_CONNECT, data, len);
    return goes_on(answer) ? take_step(c, STEP_HELO, m->helo, strlen(m->helo) + 1) : answer;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_until(int64_t us)
{
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}

static char send_envelope(struct connection *c, const struct mail *m, long number)
{
    char data[1024], id[32];
    size_t len = join(data, "Mi", "");
    char answer;

    snprintf(id, sizeof id, "Q%ld", number);
    len = join(data + 1, "i", id) + 1;
    data[0] = 'M';
    packet(c, 'D', data, len);
    answer = take_step(c, STEP_MAIL, m->from, strlen(m->from) + 1);
    if (goes_on(answer))
        answer = take_step(c, STEP_RCPT, m->to, strlen(m->to) + 1);
    flush(c);
    if (pause_ms)
        sleep_until(now_us() + pause_ms * 1000);
    return goes_on(answer) ? take_step(c, STEP_DATA, NULL, 0) : answer;
}

static char send_content(struct connection *c, const struct mail *m)
{
    const char *header = m->headers;
    char answer = 'c';

    for (size_t i = 0; goes_on(answer) && i < m->header_count; i++) {
        size_t name = strlen(header) + 1, value = strlen(header + name) + 1;

        answer = take_step(c, STEP_HEADER, header, name + value);
        header += name + value;
    }
    if (goes_on(answer))
        answer = take_step(c, STEP_EOH, NULL, 0);
    for (size_t at = 0; answer == 'c' && at < m->body_len; at += CHUNK_MAX) {
        size_t left = m->body_len - at;

        answer = take_step(c, STEP_BODY, m->body + at, left < CHUNK_MAX ? left : CHUNK_MAX);
    }
    return answer;
}

/* The verdict; what changes the message comes before it. */
static char finish(struct connection *c)
{
    char answer;

    packet(c, 'E', NULL, 0);
    while ((answer = reply(c, NULL, 0)) && strchr("+-hmieobqp", answer))
        replies[(unsigned char)answer]++;
    return answer;
}

static bool send_message(struct connection *c, long number, bool first)
{
    const struct mail *m = c->mail;
    char answer = first ? introduce(c, m) : 'c';
    int64_t started;

    if (goes_on(answer))
        answer = send_envelope(c, m, number);
    started = now_us();
    if (goes_on(answer))
        answer = send_content(c, m);
    if (goes_on(answer))
        answer = finish(c);
    if (answer)
        waits[number] = (uint32_t)(now_us() - started);
    mail_of[number] = m;
    replies[(unsigned char)answer]++;
    if (!answer)
        errors++;
    return answer;
}

static void *run(void *first)
{
    struct connection c = { .fd = -1 };
    int64_t next_us = *(int64_t *)first;
    long number, on_this = 0;

    while ((number = next_message++) < message_count) {
        if (between_ms) {
            sleep_until(next_us);
            next_us += between_ms * 1000;
        }
        if (on_this == per_connection || c.fd < 0) {
            close_connection(&c);
            on_this = 0;
            c.mail = &mails[(size_t)next_mail++ % mail_count];
            if (!open_connection(&c)) {
                errors++;
                if (c.fd >= 0)
                    close(c.fd);
                c.fd = -1;
                continue;
            }
        }
        if (!send_message(&c, number, on_this++ == 0)) {
            close(c.fd);
            c.fd = -1;
        }
    }
    close_connection(&c);
    free(c.out);
    return NULL;
}

/* --- files -------------------------------------------------------------- */

static char *read_file(const char *name, size_t *len)
{
    FILE *in = fopen(name, "rb");
    char *octets = NULL;
    long size;

    if (!in || fseek(in, 0, SEEK_END) != 0 || (size = ftell(in)) < 0)
        die(name);
    rewind(in);
    *len = (size_t)size;
    octets = malloc(*len + 1);
    if (!octets || fread(octets, 1, *len, in) != *len)
        die(name);
    octets[*len] = '\0';
    fclose(in);
    return octets;
}

static char *word(char **rest)
{
    char *w = strsep(rest, " ");

    return w ? w : (char *)"";
}

/* Cuts the header into names and values: an MTA hands folds over with LF, and keeps
 * the blank behind the colon (SMFIP_HDR_LEADSPC). */
static char *take_header(struct mail *m, char *at)
{
    char *out = malloc(strlen(at) + 1);

    m->headers = out;
    if (!out)
        die("memory");
    while (*at && strncmp(at, "\r\n", 2) != 0) {
        char *colon = strchr(at, ':');

        if (!colon)
            break;
        out += snprintf(out, (size_t)(colon - at) + 1, "%s", at) < 0 ? 0 : colon - at + 1;
        for (at = colon + 1; *at && !(at[0] == '\n' && at[1] != ' ' && at[1] != '\t'); at++)
            if (*at != '\r')
                *out++ = *at;
        *out++ = '\0';
        at += *at != '\0';
        m->header_count++;
    }
    return *at ? at + 2 : at;
}

static void read_mail(const char *name, struct mail *m)
{
    size_t len;
    char *line_end, *rest;

    m->octets = rest = read_file(name, &len);
    line_end = strchr(m->octets, '\n');
    if (!line_end)
        die(name);
    *line_end = '\0';
    m->ip = word(&rest);
    m->helo = word(&rest);
    m->from = word(&rest);
    m->to = word(&rest);
    m->class = word(&rest);
    m->body = take_header(m, line_end + 1);
    m->body_len = len - (size_t)(m->body - m->octets);
}

/* --- the whole ---------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Of the messages of CLASS; NULL: of all.  Messages without a verdict do not count. */
static void print(const char *class)
{
    uint32_t *these = calloc((size_t)message_count + 1, sizeof *these);
    size_t n = 0;

    if (!these)
        die("memory");
    for (long i = 0; i < message_count; i++)
        if (waits[i] && (!class || strcmp(mail_of[i]->class, class) == 0))
            these[n++] = waits[i];
    qsort(these, n, sizeof *these, compare);
    if (class)
        printf("class %s ", class);
    printf("messages %zu errors %ld p50 %u p90 %u p99 %u max %u us", n, (long)errors, these[n / 2],
           these[n * 9 / 10], these[n * 99 / 100], these[n ? n - 1 : 0]);
    for (int c = 1; !class && c < 256; c++)
        if (replies[c])
            printf(" %c=%ld", c, (long)replies[c]);
    putchar('\n');
    free(these);
}

static void print_classes(void)
{
    for (size_t i = 0; i < mail_count; i++) {
        bool seen = !*mails[i].class;

        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(mails[k].class, mails[i].class) == 0;
        if (!seen)
            print(mails[i].class);
    }
}

static bool read_options(int argc, char **argv)
{
    static const struct {
        char letter;
        long *value, least;
    } options[] = {
        { 'c', &connections, 1 }, { 'n', &message_count, 1 }, { 'm', &per_connection, 1 },
        { 'p', &pause_ms, 0 },    { 'b', &between_ms, 0 },
    };
    int letter;

    while ((letter = getopt(argc, argv, "c:n:m:p:b:")) != -1) {
        size_t i = 0;

        while (i < sizeof options / sizeof options[0] && options[i].letter != letter)
            i++;
        if (i == sizeof options / sizeof options[0] || atol(optarg) < options[i].least)
            return false;
        *options[i].value = atol(optarg);
    }
    return argc - optind >= 2 && connections <= 4000;
}

static void run_all(void)
{
    pthread_t *threads = calloc((size_t)connections, sizeof *threads);
    int64_t *first = calloc((size_t)connections, sizeof *first), now = now_us();
    pthread_attr_t small;

    if (!threads || !first)
        die("memory");
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (long i = 0; i < connections; i++) {
        first[i] = now + i * between_ms * 1000 / connections;
        if (pthread_create(&threads[i], &small, run, &first[i]) != 0)
            die("thread");
    }
    for (long i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    free(first);
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        fputs("usage: load [-c CONNECTIONS] [-n MESSAGES] [-m PER-CONNECTION] [-p PAUSE-MS] "
              "[-b BETWEEN-MS] ADDRESS FILE...\n",
              stderr);
        return 64;
    }
    address = argv[optind];
    mail_count = (size_t)(argc - optind - 1);
    mails = calloc(mail_count, sizeof *mails);
    waits = calloc((size_t)message_count, sizeof *waits);
    mail_of = calloc((size_t)message_count, sizeof *mail_of);
    if (!mails || !waits || !mail_of)
        die("memory");
    for (size_t i = 0; i < mail_count; i++)
        read_mail(argv[optind + 1 + (int)i], &mails[i]);
    run_all();
    print(NULL);
    print_classes();
    return errors > 0;
}
