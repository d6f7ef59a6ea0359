#include "auth/body_digest.h"

#include <string.h>

#include "base/region.h"

/* One canonical form of the body. */
struct stream {
    struct canon_body canon;
    struct crypt_digest *running; /* NULL: nothing wanted */
    uint64_t total;
    struct body_digest *limited;  /* not complete yet, by length */
    struct body_digest *whole;    /* NULL: not wanted */
    struct body_digest *complete; /* limited ones that are */
};

struct body_digests {
    struct region *region;
    struct stream streams[CANONICALISATIONS];
    bool ended;
};

/* Every digest that is due at the current length. */
static void complete_due(struct stream *s)
{
    while (s->limited && s->limited->length == s->total) {
        struct body_digest *digest = s->limited;

        s->limited = digest->next;
        digest->next = s->complete;
        s->complete = digest;
        crypt_digest_value(s->running, digest->value);
        digest->complete = true;
    }
}

/* Canonical octets: digested as long as a digest still wants them. */
static void take(void *context, struct text octets)
{
    struct stream *s = context;

    while (s->limited && octets.len > 0) {
        uint64_t wanted = s->limited->length - s->total;
        struct text part = text_head(octets, wanted < octets.len ? (size_t)wanted : octets.len);

        crypt_digest_add(s->running, part);
        s->total += part.len;
        octets = text_tail(octets, part.len);
        complete_due(s);
    }
    if (s->whole)
        crypt_digest_add(s->running, octets);
    s->total += octets.len;
}

struct body_digests *body_digests_new(struct region *region)
{
    struct body_digests *digests = region_alloc(region, sizeof *digests);

    if (!digests)
        return NULL;
    digests->region = region;
    for (size_t i = 0; i < CANONICALISATIONS; i++)
        canon_body_init(&digests->streams[i].canon, (enum canonicalisation)i,
                        (struct octet_sink){ take, &digests->streams[i] });
    return digests;
}

/* Where a digest of LENGTH octets stands or would stand. */
static struct body_digest **place_of(struct stream *s, const uint64_t *length)
{
    struct body_digest **at = &s->limited;

    if (!length)
        return &s->whole;
    while (*at && (*at)->length < *length)
        at = &(*at)->next;
    return at;
}

const struct body_digest *body_digests_want(struct body_digests *digests,
                                            enum canonicalisation canon, const uint64_t *length)
{
    struct stream *s = &digests->streams[canon];
    struct body_digest **at = place_of(s, length);
    struct body_digest *digest = *at;

    if (digest && (!length || digest->length == *length))
        return digest;
    digest = region_alloc(digests->region, sizeof *digest);
    if (!s->running)
        s->running = crypt_digest_new(digests->region);
    if (!digest || !s->running)
        return NULL;
    *digest = (struct body_digest){
        .canon = canon,
        .has_length = length,
        .length = length ? *length : 0,
        .next = *at,
    };
    *at = digest;
    return digest;
}

bool body_digests_wanted(const struct body_digests *digests)
{
    for (size_t i = 0; i < CANONICALISATIONS; i++)
        if (digests->streams[i].running)
            return true;
    return false;
}

void body_digests_add(struct body_digests *digests, struct text chunk)
{
    for (size_t i = 0; i < CANONICALISATIONS; i++)
        if (digests->streams[i].running)
            canon_body_add(&digests->streams[i].canon, chunk);
}

static void note_total(struct body_digest *digest, uint64_t total)
{
    for (; digest; digest = digest->next)
        digest->total = total;
}

static void end_stream(struct stream *s)
{
    complete_due(s); /* l=0 of an empty body */
    canon_body_end(&s->canon);
    if (s->whole) {
        crypt_digest_value(s->running, s->whole->value);
        s->whole->complete = true;
    }
    note_total(s->limited, s->total);
    note_total(s->complete, s->total);
    note_total(s->whole, s->total);
}

void body_digests_end(struct body_digests *digests)
{
    if (digests->ended)
        return;
    digests->ended = true;
    for (size_t i = 0; i < CANONICALISATIONS; i++)
        if (digests->streams[i].running)
            end_stream(&digests->streams[i]);
}
