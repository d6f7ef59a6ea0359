/* buf.h: the one string builder.
 *
 * Grows inside a region up to a bound.  Errors latch: once memory or the bound
 * is hit, nothing more is added and buf_failed() stays true, so a caller
 * builds everything and asks once at the end.  A latched builder never yields
 * half a text: buf_str() is NULL and buf_text() is empty.
 */
#ifndef VIDIMUS_BASE_BUF_H
#define VIDIMUS_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct region;

struct buf {
    struct region *region;
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool failed;
};

/* An empty builder whose text may grow to MAX octets, in REGION. */
void buf_init(struct buf *buf, struct region *region, size_t max);

void buf_char(struct buf *buf, char c);
void buf_text_add(struct buf *buf, struct text t);
void buf_add(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what FD still gives.  False with errno: FD does not let itself be read, it is a
 * pipe (opened with O_NONBLOCK) that nobody feeds (ETIMEDOUT, after seconds), or the
 * builder latched (EFBIG: its bound; ENOMEM). */
bool buf_read(struct buf *buf, int fd);

bool buf_failed(const struct buf *buf);

/* The text so far, NUL-terminated, owned by the region; NULL when latched. */
char *buf_str(struct buf *buf);
struct text buf_text(struct buf *buf);

#endif
