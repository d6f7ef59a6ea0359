#include "base/buf.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/region.h"

enum { FIRST_CAPACITY = 256, PIPE_WAIT_MS = 5000 };

void buf_init(struct buf *buf, struct region *region, size_t max)
{
    *buf = (struct buf){ .region = region, .max = max };
}

/* Room for EXTRA more octets and a NUL. */
static bool reserve(struct buf *buf, size_t extra)
{
    size_t wanted;
    char *grown;

    if (buf->failed)
        return false;
    if (extra > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    if (buf->len + extra < buf->capacity)
        return true;
    wanted = buf->capacity ? buf->capacity * 2 : FIRST_CAPACITY;
    if (wanted <= buf->len + extra)
        wanted = buf->len + extra + 1;
    grown = region_alloc(buf->region, wanted);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    if (buf->len)
        memcpy(grown, buf->data, buf->len);
    buf->data = grown;
    buf->capacity = wanted;
    return true;
}

void buf_text_add(struct buf *buf, struct text t)
{
    if (t.len == 0 || !reserve(buf, t.len))
        return;
    memcpy(buf->data + buf->len, t.data, t.len);
    buf->len += t.len;
}

void buf_char(struct buf *buf, char c)
{
    buf_text_add(buf, (struct text){ &c, 1 });
}

void buf_add(struct buf *buf, const char *s)
{
    buf_text_add(buf, text_of(s));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    size_t room;
    int len;

    if (!reserve(buf, 0))
        return;
    room = buf->capacity - buf->len; /* for the text and its NUL: most fit */
    va_start(args, format);
    len = vsnprintf(buf->data + buf->len, room, format, args);
    va_end(args);
    if (len < 0)
        buf->failed = true;
    if (len < 0 || !reserve(buf, (size_t)len))
        return;
    if ((size_t)len >= room) {
        va_start(args, format);
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
        va_end(args);
    }
    buf->len += (size_t)len;
}

/* What is wrong with FD is told by read(2). */
static bool is_fed(int fd)
{
    struct pollfd pipe = { .fd = fd, .events = POLLIN };

    if (fd < 0 || poll(&pipe, 1, PIPE_WAIT_MS) != 0)
        return true;
    errno = ETIMEDOUT;
    return false;
}

bool buf_read(struct buf *buf, int fd)
{
    char chunk[8192];
    ssize_t n;

    for (;;) {
        if (!is_fed(fd))
            return false;
        n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        buf_text_add(buf, (struct text){ chunk, (size_t)n });
        if (buf->failed) {
            errno = region_failed(buf->region) ? ENOMEM : EFBIG;
            return false;
        }
    }
}

bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

char *buf_str(struct buf *buf)
{
    if (!reserve(buf, 0))
        return NULL;
    buf->data[buf->len] = '\0';
    return buf->data;
}

struct text buf_text(struct buf *buf)
{
    const char *s = buf_str(buf);

    return (struct text){ s, s ? buf->len : 0 };
}
