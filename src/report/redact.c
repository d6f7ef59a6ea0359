#include "report/redact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/crypt.h"
#include "base/buf.h"
#include "base/cursor.h"

/* --- the key ---------------------------------------------------------------- */

static bool fail(char *error, size_t error_size, const char *name, const char *why)
{
    snprintf(error, error_size, "%s: %s", name, why);
    return false;
}

/* NULL, or why the file cannot be the key. */
static const char *read_key(struct redactor *redactor, int fd)
{
    struct stat st;
    unsigned char octets[REDACTION_KEY_OCTETS + 1];

    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return "is open to others: chmod 600";
    if (read(fd, octets, sizeof octets) != REDACTION_KEY_OCTETS)
        return "does not hold 32 octets";
    memcpy(redactor->key, octets, sizeof redactor->key);
    return NULL;
}

/* A key file that is not whole must not stay. */
static const char *write_key(const struct redactor *redactor, int directory, const char *name)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const char *why = NULL;

    if (fd < 0)
        return strerror(errno);
    errno = ENOSPC; /* what a short write means */
    if (write(fd, redactor->key, sizeof redactor->key) != sizeof redactor->key || fsync(fd) != 0)
        why = strerror(errno);
    if (close(fd) != 0 && !why)
        why = strerror(errno);
    if (why)
        (void)unlinkat(directory, name, 0);
    return why;
}

bool redactor_open(struct redactor *redactor, int directory, const char *name, char *error,
                   size_t error_size)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const char *why = NULL;

    redactor->keyed = getrandom(redactor->key, sizeof redactor->key, 0) == sizeof redactor->key;
    if (!redactor->keyed)
        return fail(error, error_size, name, "the system gives no random numbers");
    if (fd < 0)
        why = errno == ENOENT ? write_key(redactor, directory, name) : strerror(errno);
    else
        why = read_key(redactor, fd);
    if (fd >= 0)
        close(fd);
    return !why || fail(error, error_size, name, why);
}

/* --- local parts ------------------------------------------------------------ */

const char *redact_local_part(const struct redactor *redactor, struct text local_part,
                              char out[REDACTED_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_";
    const struct text key = { (const char *)redactor->key, sizeof redactor->key };
    sha256_value hash;

    *out = '\0';
    if (local_part.len == 0)
        return out;
    if (!redactor->keyed || !crypt_keyed_hash(key, local_part, hash))
        return strcpy(out, "redacted");
    for (size_t i = 0; i < REDACTED_OCTETS; i++) {
        unsigned at = (unsigned)(6 * i / 8), bit = (unsigned)(6 * i % 8);
        unsigned pair = (unsigned)hash[at] << 8 | hash[at + 1];

        out[i] = alphabet[pair >> (10 - bit) & 63];
    }
    out[REDACTED_OCTETS] = '\0';
    return out;
}

/* Also what RFC 5322 would not have: whatever stands there may be a name. */
static bool is_local_octet(char c)
{
    return !octet_is_control(c) && c != ' ' && !(c && strchr("()<>[]:;@,\"", c));
}

/* What there is of a quoted-string. */
static void quoted(struct cursor *c)
{
    while (!cursor_done(c) && !cursor_take(c, '"')) {
        (void)cursor_take(c, '\\');
        if (!cursor_done(c))
            c->at++;
    }
}

/* Atoms and quoted strings without anything between; maybe none. */
static struct text word(struct cursor *c)
{
    const char *start = c->at, *before;

    do {
        before = c->at;
        (void)cursor_run(c, is_local_octet);
        if (cursor_take(c, '"'))
            quoted(c);
    } while (c->at != before);
    return cursor_since(c, start);
}

static bool at_sign_follows(struct cursor c)
{
    while (cursor_take(&c, ' ') || cursor_take(&c, '\t') || cursor_take(&c, '\r') ||
           cursor_take(&c, '\n'))
        continue;
    return cursor_peek(&c) == '@';
}

void redact_addresses(struct buf *out, const struct redactor *redactor, struct text t)
{
    struct cursor c = cursor_over(t);
    char shown[REDACTED_SIZE];

    while (!cursor_done(&c)) {
        struct text found = word(&c);

        if (found.len == 0)
            buf_char(out, *c.at++);
        else if (at_sign_follows(c))
            buf_add(out, redact_local_part(redactor, found, shown));
        else if (text_find(found, '@') < found.len)
            buf_add(out, "\"\""); /* quoted, and holds an address */
        else
            buf_text_add(out, found);
    }
}
