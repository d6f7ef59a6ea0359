#include "report/pack.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FIRST_OCTETS = 65536 };

/* Window bits of zlib's interface: what stands around the deflated octets. */
enum { BARE = -MAX_WBITS, GZIP = MAX_WBITS + 16 };

static const char out_of_memory[] = "out of memory";
static const char damaged[] = "its compressed data is damaged";
static const char too_large[] = "it unpacks to more than is allowed";

static void drop(struct octets *o)
{
    free(o->data);
    *o = (struct octets){ NULL, 0 };
}

/* Room for more behind what STREAM has written into OUT. */
static const char *grow(struct octets *out, z_stream *stream, size_t *capacity, size_t max)
{
    size_t wanted = *capacity ? *capacity * 2 : FIRST_OCTETS;
    char *grown;

    if (*capacity > max)
        return too_large;
    if (wanted > max + 1) /* one more, to tell what fits from what does not */
        wanted = max + 1;
    grown = realloc(out->data, wanted);
    if (!grown)
        return out_of_memory;
    out->data = grown;
    stream->next_out = (Bytef *)grown + out->len;
    stream->avail_out = (uInt)(wanted - out->len);
    *capacity = wanted;
    return NULL;
}

/* All that STREAM holds; with MEMBERS, of one gzip member after the other. */
static const char *inflate_all(z_stream *stream, struct octets *out, size_t max, bool members)
{
    size_t capacity = 0;

    for (;;) {
        const char *why = stream->avail_out ? NULL : grow(out, stream, &capacity, max);
        int state;

        if (why)
            return why;
        state = inflate(stream, Z_NO_FLUSH);
        out->len = capacity - stream->avail_out;
        if (out->len > max)
            return too_large;
        if (state == Z_STREAM_END) {
            if (!members || stream->avail_in == 0)
                return NULL;
            if (inflateReset(stream) != Z_OK)
                return damaged;
        } else if (state == Z_MEM_ERROR) {
            return out_of_memory;
        } else if (state != Z_OK && !(state == Z_BUF_ERROR && stream->avail_out == 0)) {
            return damaged;
        }
    }
}

static const char *unpack(struct text packed, int wrapping, size_t max, struct octets *out)
{
    z_stream stream = { .next_in = (Bytef *)packed.data, .avail_in = (uInt)packed.len };
    const char *why;

    *out = (struct octets){ NULL, 0 };
    if (packed.len > UINT32_MAX)
        return too_large;
    if (inflateInit2(&stream, wrapping) != Z_OK)
        return out_of_memory;
    why = inflate_all(&stream, out, max, wrapping == GZIP);
    inflateEnd(&stream);
    if (why)
        drop(out);
    return why;
}

const char *unpack_gzip(struct text packed, size_t max, struct octets *out)
{
    return unpack(packed, GZIP, max, out);
}

/* --- zip (APPNOTE.TXT of PKWARE: §4.3.7, §4.3.12, §4.3.16) ----------------- */

enum {
    END_OCTETS = 22,
    END_COMMENT_MAX = 65535,
    MEMBER_OCTETS = 46, /* in the central directory */
    LOCAL_OCTETS = 30,
    FLAG_ENCRYPTED = 1,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8
};

static unsigned u16(const char *at)
{
    return (unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
}

static uint32_t u32(const char *at)
{
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

struct member {
    unsigned method;
    uint32_t crc, packed_octets, plain_octets;
    struct text packed;
};

/* The record that ends an archive; NULL: there is none. */
static const char *find_end(struct text zip)
{
    size_t looked_at = 0;

    if (zip.len < END_OCTETS)
        return NULL;
    for (size_t at = zip.len - END_OCTETS + 1; at-- > 0 && looked_at++ <= END_COMMENT_MAX;)
        if (memcmp(zip.data + at, "PK\5\6", 4) == 0)
            return zip.data + at;
    return NULL;
}

/* The octets that the local header at OFFSET stands before. */
static const char *find_packed(struct text zip, uint32_t offset, struct member *member)
{
    const char *local = zip.data + offset;
    size_t skip;

    if (offset > zip.len || zip.len - offset < LOCAL_OCTETS || memcmp(local, "PK\3\4", 4) != 0)
        return "its zip directory points nowhere";
    skip = LOCAL_OCTETS + u16(local + 26) + u16(local + 28);
    if (zip.len - offset < skip || zip.len - offset - skip < member->packed_octets)
        return "its zip directory points nowhere";
    member->packed = (struct text){ local + skip, member->packed_octets };
    return NULL;
}

static const char *find_member(struct text zip, struct member *member)
{
    const char *end = find_end(zip), *entry;
    uint32_t directory;

    if (!end)
        return "it is no whole zip archive";
    directory = u32(end + 16);
    if (u16(end + 4) != 0 || u16(end + 8) != u16(end + 10))
        return "it is a part of a zip archive";
    if (u16(end + 10) != 1)
        return "it is a zip archive of more or fewer than one file";
    if (directory > zip.len || zip.len - directory < MEMBER_OCTETS)
        return "its zip directory points nowhere";
    entry = zip.data + directory;
    if (memcmp(entry, "PK\1\2", 4) != 0)
        return "its zip directory points nowhere";
    if (u16(entry + 8) & FLAG_ENCRYPTED)
        return "it is encrypted";
    member->method = u16(entry + 10);
    member->crc = u32(entry + 16);
    member->packed_octets = u32(entry + 20);
    member->plain_octets = u32(entry + 24);
    return find_packed(zip, u32(entry + 42), member);
}

static const char *copy(struct text plain, struct octets *out)
{
    out->data = malloc(plain.len + 1);
    if (!out->data)
        return out_of_memory;
    memcpy(out->data, plain.data, plain.len);
    out->len = plain.len;
    return NULL;
}

const char *unpack_zip(struct text packed, size_t max, struct octets *out)
{
    struct member member;
    const char *why = find_member(packed, &member);

    *out = (struct octets){ NULL, 0 };
    if (why)
        return why;
    if (member.plain_octets > max)
        return too_large;
    if (member.method == METHOD_STORED)
        why = copy(member.packed, out);
    else if (member.method == METHOD_DEFLATED)
        why = unpack(member.packed, BARE, max, out);
    else
        why = "it is packed in a way that is not known here";
    if (!why && (out->len != member.plain_octets ||
                 crc32(0, (const Bytef *)out->data, (uInt)out->len) != member.crc))
        why = damaged;
    if (why)
        drop(out);
    return why;
}

/* --- packing -------------------------------------------------------------- */

enum { PIECE_OCTETS = 16384 };

struct packer {
    z_stream stream;
    struct octet_sink out;
    bool failed;
    char piece[PIECE_OCTETS];
};

struct packer *packer_new(struct octet_sink out)
{
    struct packer *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->out = out;
    if (deflateInit2(&p->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) ==
        Z_OK)
        return p;
    free(p);
    return NULL;
}

/* Packs what the stream has been given, as far as FLUSH says. */
static void pack(struct packer *p, int flush)
{
    int state;

    do {
        p->stream.next_out = (Bytef *)p->piece;
        p->stream.avail_out = PIECE_OCTETS;
        state = deflate(&p->stream, flush);
        p->out.take(p->out.context,
                    (struct text){ p->piece, PIECE_OCTETS - p->stream.avail_out });
    } while (p->stream.avail_out == 0);
    if (state == Z_STREAM_ERROR || (flush == Z_FINISH && state != Z_STREAM_END))
        p->failed = true;
}

void packer_add(struct packer *p, struct text plain)
{
    while (plain.len > 0) {
        struct text some = text_head(plain, UINT32_MAX / 2);

        p->stream.next_in = (Bytef *)some.data;
        p->stream.avail_in = (uInt)some.len;
        pack(p, Z_NO_FLUSH);
        plain = text_tail(plain, some.len);
    }
}

bool packer_end(struct packer *p)
{
    bool good;

    if (!p)
        return false;
    pack(p, Z_FINISH);
    good = !p->failed;
    deflateEnd(&p->stream);
    free(p);
    return good;
}
