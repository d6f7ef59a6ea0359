/* pack.h: gzip and zip, in memory and bounded: the one place that uses zlib.
 *
 * What is unpacked comes from strangers: a few octets can stand for gigabytes,
 * so every call says how much it will take.
 *
 * Results are on the heap, for free().  Answers are NULL for success, else a
 * static reason in words.
 */
#ifndef VIDIMUS_REPORT_PACK_H
#define VIDIMUS_REPORT_PACK_H

#include <stddef.h>

#include "base/text.h"

struct octets {
    char *data; /* NULL after an error */
    size_t len;
};

/* A gzip file (RFC 1952) of one or several members, of at most MAX octets. */
const char *unpack_gzip(struct text packed, size_t max, struct octets *out);

/* The one member of a zip archive, stored or deflated, of at most MAX octets.
 * An archive of several members, encrypted, or in several parts is refused. */
const char *unpack_zip(struct text packed, size_t max, struct octets *out);

/* PLAIN as a gzip file that holds neither name nor time: the same octets give
 * the same file. */
const char *pack_gzip(struct text plain, struct octets *out);

#endif
