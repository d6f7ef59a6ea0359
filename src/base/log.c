#include "base/log.h"

#define LIBBSD_OPENBSD_VIS 1 /* choose one strnvis(); we use vis() only */
#include <bsd/vis.h>
#include <stdarg.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

/* Room for the longest line about a message: eight signatures with names of 253
 * octets twice, and the quoted texts. */
enum { LINE_MAX_OCTETS = 8192, SYSLOG_HEAD_OCTETS = 64 };

/* Atomic: a daemon changes its target while its threads log already. */
static atomic_int target = LOG_TARGET_STDERR;
static atomic_bool verbose;
static const char *_Atomic program = "vidimus";

static const int priorities[] = {
    [LOG_LEVEL_FAULT] = LOG_ERR,
    [LOG_LEVEL_WARN] = LOG_WARNING,
    [LOG_LEVEL_MAIL] = LOG_INFO,
    [LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

void log_open(enum log_target to, const char *name, bool with_debug)
{
    if (to == LOG_TARGET_SYSLOG)
        openlog(name, LOG_PID, LOG_MAIL);
    program = name;
    verbose = with_debug;
    target = (int)to;
}

bool log_stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
        return false;
    return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

bool log_has_fields(void)
{
    return target == LOG_TARGET_JOURNAL;
}

/* What takes our lines may stand still: a pipe that nobody reads, a syslog daemon that
 * was stopped.  Mail does not wait for that: one line waits PATIENCE_MS, those after it
 * are thrown away until it moves again, and the first one then tells their number. */
enum { PATIENCE_MS = 1000, NOTE_OCTETS = 48 };

static struct {
    pthread_mutex_t order; /* of lines; who waits, waits for all */
    int probe;             /* of syslog; -1: not yet */
    bool still;
    unsigned long lost;
} taker = { .order = PTHREAD_MUTEX_INITIALIZER, .probe = -1 };

static bool takes(int fd)
{
    struct pollfd out = { .fd = fd, .events = POLLOUT };

    taker.still = poll(&out, 1, taker.still ? 0 : PATIENCE_MS) == 0;
    taker.lost += taker.still;
    return !taker.still;
}

/* Looked at through a socket of our own, connected anew each time, for a syslog daemon
 * may have been started again: syslog(3) hides its, and waits for ever.  It knows best
 * what to do when there is nobody at all. */
static bool syslog_takes(void)
{
    const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };

    if (taker.probe < 0)
        taker.probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return taker.probe < 0 ||
           connect(taker.probe, (const struct sockaddr *)&address, sizeof address) != 0 ||
           takes(taker.probe);
}

static const char *note_lost(char note[NOTE_OCTETS])
{
    note[0] = '\0';
    if (taker.lost > 0)
        snprintf(note, NOTE_OCTETS, " lines_lost=%lu", taker.lost);
    taker.lost = 0;
    return note;
}

/* HEAD, which goes in front of LINE, ends with a blank or what else parts them. */
__attribute__((format(printf, 2, 3)))
static void to_stderr(const char *line, const char *head, ...)
{
    char note[NOTE_OCTETS], front[SYSLOG_HEAD_OCTETS];
    va_list args;

    if (!takes(STDERR_FILENO))
        return;
    va_start(args, head);
    vsnprintf(front, sizeof front, head, args);
    va_end(args);
    fprintf(stderr, "%s%s%s\n", front, line, note_lost(note));
}

static void to_syslog(enum log_level level, const char *line)
{
    char note[NOTE_OCTETS];

    if (syslog_takes())
        syslog(priorities[level], "%s%s", line, note_lost(note));
}

/* As an entry of the journal; or by stderr, where "<N>" names the priority
 * (sd-daemon(3)): too long for a datagram, or nobody listens. */
static void to_journal(enum log_level level, const char *line, const struct journal_field *fields,
                       size_t count)
{
    const char digit[] = { (char)('0' + priorities[level]) };
    struct journal_field all[JOURNAL_FIELDS_MAX] = {
        { "PRIORITY", { digit, sizeof digit } },
        { "SYSLOG_IDENTIFIER", text_of(program) },
        { "MESSAGE", text_of(line) },
    };

    if (count > LOG_FIELDS_MAX)
        count = LOG_FIELDS_MAX;
    if (count > 0)
        memcpy(all + 3, fields, count * sizeof *fields);
    if (!journal_send(all, count + 3))
        to_stderr(line, "<%d>", priorities[level]);
}

__attribute__((format(printf, 4, 0)))
static void write_line(enum log_level level, const struct journal_field *fields, size_t count,
                       const char *format, va_list args)
{
    char line[LINE_MAX_OCTETS];

    vsnprintf(line, sizeof line, format, args);
    pthread_mutex_lock(&taker.order);
    switch ((enum log_target)target) {
    case LOG_TARGET_SYSLOG:
        to_syslog(level, line);
        break;
    case LOG_TARGET_JOURNAL:
        to_journal(level, line, fields, count);
        break;
    case LOG_TARGET_STDERR:
        to_stderr(line, "%s: ", program);
        break;
    }
    pthread_mutex_unlock(&taker.order);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (level == LOG_LEVEL_DEBUG && !verbose)
        return;
    va_start(args, format);
    write_line(level, NULL, 0, format, args);
    va_end(args);
}

void log_event(enum log_level level, const struct journal_field *fields, size_t count,
               const char *format, ...)
{
    va_list args;

    if (level == LOG_LEVEL_DEBUG && !verbose)
        return;
    va_start(args, format);
    write_line(level, fields, count, format, args);
    va_end(args);
}

/* "<N>program[pid]: ", as syslog(3) has it in front (of the time, which may be left
 * out: RFC 3164 §4.3.2). */
static size_t syslog_head(char out[SYSLOG_HEAD_OCTETS])
{
    char digits[16];
    size_t len = 0, digit = sizeof digits;
    const char *name = program;
    unsigned long pid = (unsigned long)getpid();

    do
        digits[--digit] = (char)('0' + pid % 10);
    while ((pid /= 10) > 0 && digit > 0);
    memcpy(out, "<19>", 4); /* LOG_MAIL | LOG_ERR */
    len = 4;
    while (*name && len < SYSLOG_HEAD_OCTETS - sizeof digits - 4)
        out[len++] = *name++;
    out[len++] = '[';
    memcpy(out + len, digits + digit, sizeof digits - digit);
    len += sizeof digits - digit;
    memcpy(out + len, "]: ", 3);
    return len + 3;
}

/* On a socket of its own: the C library's is behind a lock. */
static void send_to_syslog(struct iovec *parts, size_t count)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
    struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address,
                              .msg_iov = parts, .msg_iovlen = count };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        (void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

static struct iovec part(const char *text, size_t len)
{
    return (struct iovec){ (void *)(uintptr_t)text, len };
}

void log_last_words(const char *text)
{
    static const char journal[] = "<3>"; /* LOG_ERR */
    const char *name = program;
    char head[SYSLOG_HEAD_OCTETS];
    struct iovec parts[4];

    switch ((enum log_target)target) {
    case LOG_TARGET_SYSLOG:
        parts[0] = part(head, syslog_head(head));
        parts[1] = part(text, strlen(text));
        send_to_syslog(parts, 2);
        break;
    case LOG_TARGET_JOURNAL:
        parts[0] = part(journal, sizeof journal - 1);
        parts[1] = part(text, strlen(text));
        parts[2] = part("\n", 1);
        (void)!writev(STDERR_FILENO, parts, 3);
        break;
    case LOG_TARGET_STDERR:
        parts[0] = part(name, strlen(name));
        parts[1] = part(": ", 2);
        parts[2] = part(text, strlen(text));
        parts[3] = part("\n", 1);
        (void)!writev(STDERR_FILENO, parts, 4);
        break;
    }
}

static bool is_plain(char c)
{
    return (unsigned char)c > ' ' && (unsigned char)c < 0x7f && c != '"' && c != '=' && c != '\\';
}

enum { SHOWN_MAX = (LOG_QUOTED_MAX - 8) / 4 };

/* vis(3) of libbsd wants memory for each octet: it is asked only for what cannot stand as
 * it is, which without memory is a question mark. */
static char *show(char *at, unsigned char octet)
{
    bool as_it_is = octet >= ' ' && octet < 0x7f && octet != '\\';
    char *next = as_it_is ? NULL : vis(at, octet, VIS_OCTAL | VIS_TAB | VIS_NL, 0);

    if (next)
        return next;
    *at = as_it_is ? (char)octet : '?';
    return at + 1;
}

/* As much of T as is shown; QUOTE, if any, is escaped as well. */
static char *escape(char *at, struct text t, char quote)
{
    for (size_t i = 0; i < t.len && i < SHOWN_MAX; i++) {
        if (quote && t.data[i] == quote)
            *at++ = '\\';
        at = show(at, (unsigned char)t.data[i]);
    }
    return t.len > SHOWN_MAX ? stpcpy(at, "...") : at;
}

const char *log_escape(struct text t, char out[LOG_QUOTED_MAX])
{
    *escape(out, t, '\0') = '\0';
    return out;
}

const char *log_quote(struct text t, char out[LOG_QUOTED_MAX])
{
    bool plain = t.len > 0 && t.len <= SHOWN_MAX;
    char *at = out;

    for (size_t i = 0; plain && i < t.len; i++)
        plain = is_plain(t.data[i]);
    if (plain) {
        memcpy(out, t.data, t.len);
        out[t.len] = '\0';
        return out;
    }
    *at++ = '"';
    at = escape(at, t, '"');
    *at++ = '"';
    *at = '\0';
    return out;
}
