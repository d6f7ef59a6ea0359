/* nameserver.c: a DNS server that answers late, for any number of domains alike.
 *
 *   nameserver ADDRESS PORT TEMPLATE TTL DELAY-MS SLOW-MS [LOG]
 *
 * A domain is a letter and a number with what follows, such as d17.example; those
 * with the letter s are slow: their answers take SLOW-MS, all others DELAY-MS.  Each
 * line of TEMPLATE, "NAME TYPE DATA", stands for a record of every domain: NAME is
 * what stands before the domain ("@": nothing), and @ in DATA is the domain.
 *
 *   A       DATA is an address, or "client": the address of this number
 *   PTR     NAME is "reverse": of the client addresses, 10.0.0.17 for d17.example,
 *           11.0.0.17 for s17.example
 *   TXT     the text, cut into strings of 255 octets; MX: "PREFERENCE NAME"
 *
 * Names above a record exist; all others are NXDOMAIN.  TTL is that of all answers,
 * negative ones too.  UDP only.  LOG gets a line "NAME TYPE" a question.  Prints its
 * port and serves until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, PACKET_MAX = 4096, NAME_MAX_TEXT = 256, RECORDS_MAX = 256, STRING_MAX = 255 };
enum { A = 1, SOA = 6, PTR = 12, MX = 15, TXT = 16 };

static const struct {
    const char *name;
    uint16_t type;
} types[] = { { "A", A }, { "PTR", PTR }, { "MX", MX }, { "TXT", TXT } };

enum { TYPES = sizeof types / sizeof types[0] };

static struct {
    char name[NAME_MAX_TEXT];
    uint16_t type;
    char *data;
} records[RECORDS_MAX];

static size_t record_count;
static uint32_t ttl;
static FILE *log_file;

/* Answers that wait, earliest first, for each of the two delays. */
struct delayed {
    struct delayed *next;
    int64_t due_ns;
    struct sockaddr_in to;
    size_t len;
    unsigned char octets[];
};

static struct queue {
    struct delayed *first, **end;
    int64_t delay_ns;
} quick, slow;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void read_template(const char *path)
{
    FILE *in = fopen(path, "r");
    char line[PACKET_MAX], type[8];
    int at;

    if (!in)
        die(path);
    while (record_count < RECORDS_MAX && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%255s %7s %n", records[record_count].name, type, &at) < 2)
            continue;
        for (size_t i = 0; i < TYPES; i++)
            if (strcmp(types[i].name, type) == 0)
                records[record_count].type = types[i].type;
        records[record_count++].data = strdup(line + at);
    }
    fclose(in);
}

/* --- the question -------------------------------------------------------- */

struct question {
    char name[NAME_MAX_TEXT];   /* in small letters */
    char prefix[NAME_MAX_TEXT]; /* what stands before the domain */
    char domain[NAME_MAX_TEXT]; /* "": none of ours */
    uint16_t type;
    size_t end; /* of the question in its packet */
};

static bool read_question(const unsigned char *packet, size_t len, struct question *q)
{
    size_t at = HEADER, out = 0;

    while (at < len && packet[at] > 0) {
        size_t label = packet[at++];

        if (label > 63 || at + label >= len || out + label + 2 > sizeof q->name)
            return false;
        if (out > 0)
            q->name[out++] = '.';
        for (size_t i = 0; i < label; i++) {
            unsigned char c = packet[at++];

            q->name[out++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
    }
    q->name[out] = '\0';
    if (len < HEADER + 5 || at + 5 > len)
        return false;
    q->type = (uint16_t)(packet[at + 1] << 8 | packet[at + 2]);
    q->end = at + 5;
    return true;
}

static bool is_domain(const char *label)
{
    size_t digits = *label ? strspn(label + 1, "0123456789") : 0;

    return *label >= 'a' && *label <= 'z' && digits > 0 && label[1 + digits] == '.';
}

static const char *next_label(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot ? dot + 1 : NULL;
}

/* Cuts the name into prefix and domain; an address back into its domain. */
static void cut(struct question *q)
{
    const char *label = NULL; /* the last that could be a domain: s1 is a selector too */
    unsigned a, b, c, net;

    *q->domain = *q->prefix = '\0';
    if (sscanf(q->name, "%u.%u.%u.%u.in-addr.arpa", &c, &b, &a, &net) == 4) {
        strcpy(q->prefix, "reverse");
        snprintf(q->domain, sizeof q->domain, "%c%u.example", net == 11 ? 's' : 'd',
                 a << 16 | b << 8 | c);
        return;
    }
    for (const char *at = q->name; at; at = next_label(at))
        if (is_domain(at))
            label = at;
    if (!label)
        return;
    strcpy(q->domain, label);
    if (label == q->name)
        strcpy(q->prefix, "@");
    else
        snprintf(q->prefix, sizeof q->prefix, "%.*s", (int)(label - q->name - 1), q->name);
}

/* --- the answer ---------------------------------------------------------- */

struct answer {
    size_t len;
    unsigned char octets[PACKET_MAX];
};

static void put(struct answer *a, const void *octets, size_t len)
{
    if (a->len + len > sizeof a->octets)
        len = 0;
    memcpy(a->octets + a->len, octets, len);
    a->len += len;
}

static void put16(struct answer *a, unsigned value)
{
    put(a, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

static void put32(struct answer *a, uint32_t value)
{
    put16(a, value >> 16);
    put16(a, value & 0xffff);
}

static void put_name(struct answer *a, const char *name)
{
    while (*name) {
        size_t label = strcspn(name, ".");

        put(a, &(unsigned char){ (unsigned char)label }, 1);
        put(a, name, label);
        name += label;
        name += *name == '.';
    }
    put(a, "", 1);
}

static void put_text(struct answer *a, const char *text)
{
    size_t left = strlen(text);

    do {
        size_t some = left < STRING_MAX ? left : STRING_MAX;

        put(a, &(unsigned char){ (unsigned char)some }, 1);
        put(a, text, some);
        text += some;
        left -= some;
    } while (left > 0);
}

/* DATA with the domain in place of each @. */
static void fill_in(const char *data, const char *domain, char *out, size_t room)
{
    size_t len = 0, domain_len = strlen(domain);

    for (; *data && len + domain_len + 1 < room; data++) {
        if (*data == '@') {
            memcpy(out + len, domain, domain_len);
            len += domain_len;
        } else {
            out[len++] = *data;
        }
    }
    out[len] = '\0';
}

static void put_address(struct answer *a, const char *data, const char *domain)
{
    struct in_addr address;
    uint32_t number = (uint32_t)atol(domain + 1);

    if (strcmp(data, "client") == 0)
        address.s_addr = htonl((*domain == 's' ? 11u : 10u) << 24 | (number & 0xffffff));
    else if (inet_pton(AF_INET, data, &address) != 1)
        die(data);
    put(a, &address, 4);
}

static void put_record(struct answer *a, uint16_t type, const char *template, const char *domain)
{
    char data[PACKET_MAX];
    size_t at;

    fill_in(template, domain, data, sizeof data);
    put16(a, 0xc000 | HEADER);
    put16(a, type);
    put16(a, 1);
    put32(a, ttl);
    put16(a, 0);
    at = a->len;
    if (type == TXT)
        put_text(a, data);
    else if (type == A)
        put_address(a, data, domain);
    else if (type == MX)
        put16(a, (unsigned)atoi(data));
    if (type == MX || type == PTR)
        put_name(a, type == MX ? data + strcspn(data, " ") + 1 : data);
    a->octets[at - 2] = (unsigned char)((a->len - at) >> 8);
    a->octets[at - 1] = (unsigned char)(a->len - at);
}

/* How long a negative answer may be kept (RFC 2308). */
static void put_soa(struct answer *a)
{
    put(a, "", 1);
    put16(a, SOA);
    put16(a, 1);
    put32(a, ttl);
    put16(a, 22);
    put(a, "", 1);
    put(a, "", 1);
    for (int i = 0; i < 4; i++)
        put32(a, 3600);
    put32(a, ttl);
}

static bool is_above(const char *above, const char *name)
{
    size_t len = strlen(name), above_len = strlen(above);

    return strcmp(above, "@") == 0 ||
           (len > above_len && name[len - above_len - 1] == '.' &&
            strcmp(name + len - above_len, above) == 0);
}

static void respond(const unsigned char *packet, const struct question *q, struct answer *a)
{
    bool exists = false;
    unsigned count = 0;

    a->len = 0;
    put(a, packet, q->end);
    for (size_t i = 0; *q->domain && i < record_count; i++) {
        bool same = strcmp(records[i].name, q->prefix) == 0;

        exists |= same || is_above(q->prefix, records[i].name);
        if (same && records[i].type == q->type) {
            put_record(a, q->type, records[i].data, q->domain);
            count++;
        }
    }
    if (count == 0)
        put_soa(a);
    a->octets[2] = 0x84 | (packet[2] & 1); /* response, authoritative */
    a->octets[3] = exists ? 0x80 : 0x83;   /* recursion available; NXDOMAIN */
    memcpy(a->octets + 4, (unsigned char[]){ 0, 1, 0, (unsigned char)count, 0, count == 0, 0, 0 }, 8);
}

static void write_log(const struct question *q)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == q->type) {
            fprintf(log_file, "%s %s\n", q->name, types[i].name);
            return;
        }
    fprintf(log_file, "%s TYPE%u\n", q->name, q->type);
}

/* --- delays -------------------------------------------------------------- */

static void enqueue(struct queue *queue, const struct answer *a, const struct sockaddr_in *to)
{
    struct delayed *delayed = malloc(sizeof *delayed + a->len);

    if (!delayed)
        die("memory");
    delayed->next = NULL;
    delayed->due_ns = now_ns() + queue->delay_ns;
    delayed->to = *to;
    delayed->len = a->len;
    memcpy(delayed->octets, a->octets, a->len);
    *queue->end = delayed;
    queue->end = &delayed->next;
}

static void send_due(int fd, struct queue *queue)
{
    while (queue->first && queue->first->due_ns <= now_ns()) {
        struct delayed *d = queue->first;

        sendto(fd, d->octets, d->len, 0, (struct sockaddr *)&d->to, sizeof d->to);
        queue->first = d->next;
        if (!queue->first)
            queue->end = &queue->first;
        free(d);
    }
}

static void take_questions(int fd)
{
    unsigned char packet[PACKET_MAX];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    struct question q;
    struct answer a;
    ssize_t len;

    while ((len = recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from,
                           &from_len)) > 0) {
        if (!read_question(packet, (size_t)len, &q))
            continue;
        cut(&q);
        if (log_file)
            write_log(&q);
        respond(packet, &q, &a);
        enqueue(*q.domain == 's' ? &slow : &quick, &a, &from);
    }
}

static void serve(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    for (;;) {
        int64_t due = INT64_MAX, left;
        struct timespec t;

        send_due(fd, &quick);
        send_due(fd, &slow);
        if (quick.first)
            due = quick.first->due_ns;
        if (slow.first && slow.first->due_ns < due)
            due = slow.first->due_ns;
        left = due == INT64_MAX ? 3600 * (int64_t)1000000000 : due - now_ns();
        left = left > 0 ? left : 0;
        t = (struct timespec){ left / 1000000000, left % 1000000000 };
        if (ppoll(&wait, 1, &t, NULL) > 0)
            take_questions(fd);
        if (log_file)
            fflush(log_file);
    }
}

static int open_socket(const char *address, int port)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    socklen_t len = sizeof here;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 8 << 20;

    if (fd < 0 || inet_pton(AF_INET, address, &here.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&here, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&here, &len) != 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return 64;
    read_template(argv[3]);
    ttl = (uint32_t)atol(argv[4]);
    quick = (struct queue){ .end = &quick.first, .delay_ns = atol(argv[5]) * 1000000 };
    slow = (struct queue){ .end = &slow.first, .delay_ns = atol(argv[6]) * 1000000 };
    if (argc > 7 && !(log_file = fopen(argv[7], "w")))
        die(argv[7]);
    serve(open_socket(argv[1], atoi(argv[2])));
}
