/* pack.h: gzip and zip, bounded: the one place that uses zlib.
 *
 * What is unpacked comes from strangers: a few octets can stand for gigabytes,
 * so every call says how much it will take.
 *
 * What is unpacked is on the heap, for free(); the answer is NULL for success,
 * else a static reason in words.
 */
#ifndef VIDIMUS_REPORT_PACK_H
#define VIDIMUS_REPORT_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "mail/canonicalise.h"

struct octets {
    char *data; /* NULL after an error */
    size_t len;
};

/* A gzip file (RFC 1952) of one or several members, of at most MAX octets. */
const char *unpack_gzip(struct text packed, size_t max, struct octets *out);

/* The one member of a zip archive, stored or deflated, of at most MAX octets.
 * An archive of several members, encrypted, or in several parts is refused. */
const char *unpack_zip(struct text packed, size_t max, struct octets *out);

/* A gzip file in the making.  It holds neither name nor time: the same octets
 * give the same file. */
struct packer;

/* NULL: memory.  Packed octets go to OUT in pieces. */
struct packer *packer_new(struct octet_sink out);
void packer_add(struct packer *packer, struct text plain);

/* Gives out the rest and frees PACKER (NULL allowed).  False: memory. */
bool packer_end(struct packer *packer);

#endif
