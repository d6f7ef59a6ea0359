#include "report/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/crypt.h"
#include "base/buf.h"
#include "base/region.h"
#include "report/row.h"
#include "report/store.h"

enum {
    RECORDS_MAX = 50000,            /* a segment of the usual size has less */
    OCTETS_MAX = 32 * 1024 * 1024,  /* of lines */
    BUCKETS = 32768
};

struct batch {
    struct region *region;
    struct batch_target *targets, *target_buckets[BUCKETS];
    struct batch_record *records, *record_buckets[BUCKETS];
    size_t record_count, octets;
};

struct batch *batch_new(void)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (batch && batch_clear(batch))
        return batch;
    free(batch);
    return NULL;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    region_free(batch->region);
    free(batch);
}

bool batch_clear(struct batch *batch)
{
    region_free(batch->region);
    memset(batch, 0, sizeof *batch);
    batch->region = region_new(0);
    return batch->region;
}

bool batch_is_full(const struct batch *batch)
{
    return batch->record_count >= RECORDS_MAX || batch->octets >= OCTETS_MAX;
}

struct batch_target *batch_targets(const struct batch *batch)
{
    return batch->targets;
}

struct batch_record *batch_records(const struct batch *batch)
{
    return batch->records;
}

/* --- digests and lines ---------------------------------------------------- */

static void digest_text(struct region *scratch, struct text t, char out[DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    struct crypt_digest *digest = crypt_digest_new(scratch);
    sha256_value value = { 0 };

    if (digest) {
        crypt_digest_add(digest, t);
        crypt_digest_value(digest, value);
    }
    for (size_t i = 0; i < DIGEST_OCTETS; i++) {
        out[2 * i] = digits[value[i] >> 4];
        out[2 * i + 1] = digits[value[i] & 15];
    }
    out[DIGEST_SIZE - 1] = '\0';
}

static size_t bucket_of(const char *digest)
{
    char start[5] = { digest[0], digest[1], digest[2], digest[3], '\0' };

    return (size_t)strtoul(start, NULL, 16) % BUCKETS;
}

/* The line of ROW without its LF, in REGION; data is NULL when there is none. */
static struct text line_of(struct region *region, const struct row *row)
{
    struct text none = { NULL, 0 };
    struct buf buf;

    buf_init(&buf, region, ROW_LINE_MAX);
    row_write(&buf, row);
    return buf_failed(&buf) ? none : text_head(buf_text(&buf), buf_text(&buf).len - 1);
}

/* A row that says nothing but its policy. */
static struct row policy_row(const struct row_policy *policy)
{
    struct row row = {
        .source = { .family = IP_V4 },
        .header_from = policy->domain,
        .envelope_from = "",
        .envelope_to = "",
        .policy = *policy,
        .spf = { .domain = "", .human = "" },
    };

    return row;
}

/* --- adding ----------------------------------------------------------------- */

/* LINE for as long as the batch has it. */
static struct text keep(struct batch *batch, struct text line)
{
    batch->octets += line.len;
    return (struct text){ text_dup(batch->region, line), line.len };
}

static struct batch_target *add_target(struct batch *batch, struct batch_target **bucket,
                                       const char *domain, struct text line)
{
    struct batch_target *t = region_alloc(batch->region, sizeof *t);

    if (!t)
        return NULL;
    t->policy = keep(batch, line);
    t->domain = text_dup(batch->region, text_of(domain));
    t->next = batch->targets;
    t->next_alike = *bucket;
    *bucket = batch->targets = t;
    return t;
}

static struct batch_target *target_of(struct batch *batch, struct region *scratch,
                                      const struct row *row)
{
    struct row only_policy = policy_row(&row->policy);
    struct text line = line_of(scratch, &only_policy);
    int64_t day = row->time - row->time % DAY_S;
    struct batch_target **bucket, *t;
    char digest[DIGEST_SIZE];

    if (!line.data)
        return NULL;
    digest_text(scratch, line, digest);
    bucket = &batch->target_buckets[bucket_of(digest)];
    for (t = *bucket; t; t = t->next_alike)
        if (t->day == day && strcmp(t->policy_digest, digest) == 0)
            return t;
    t = add_target(batch, bucket, row->policy.domain, line);
    if (t) {
        memcpy(t->policy_digest, digest, sizeof digest);
        t->day = day;
    }
    return t;
}

static struct batch_record *record_of(struct batch *batch, struct batch_target *target,
                                      struct text line, const char digest[DIGEST_SIZE])
{
    struct batch_record **bucket = &batch->record_buckets[bucket_of(digest)], *r;

    for (r = *bucket; r; r = r->next_alike)
        if (r->target == target && strcmp(r->digest, digest) == 0)
            return r;
    r = region_alloc(batch->region, sizeof *r);
    if (!r)
        return NULL;
    memcpy(r->digest, digest, DIGEST_SIZE);
    r->line = keep(batch, line);
    r->target = target;
    r->next = batch->records;
    r->next_alike = *bucket;
    *bucket = batch->records = r;
    batch->record_count++;
    return r;
}

static bool add_row(struct batch *batch, struct region *scratch, const struct row *row)
{
    struct batch_target *target = target_of(batch, scratch, row);
    struct batch_record *record = NULL;
    struct row timeless = *row;
    char digest[DIGEST_SIZE];
    struct text line;

    timeless.time = 0;
    line = line_of(scratch, &timeless);
    if (target && line.data) {
        digest_text(scratch, line, digest);
        record = record_of(batch, target, line, digest);
    }
    if (!record || region_failed(scratch))
        return false;
    record->messages++;
    target->messages++;
    return true;
}

bool batch_add(struct batch *batch, const struct row *row)
{
    struct region *scratch = region_new(0);
    bool good = scratch && add_row(batch, scratch, row) && !region_failed(batch->region);

    region_free(scratch);
    return good;
}

/* --- sorting ------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    const struct batch_record *one = *(struct batch_record *const *)a;
    const struct batch_record *other = *(struct batch_record *const *)b;

    if (one->target->report != other->target->report)
        return one->target->report < other->target->report ? -1 : 1;
    return strcmp(one->digest, other->digest);
}

bool batch_sort(struct batch *batch)
{
    struct batch_record **all, **end, **to = &batch->records;

    all = end = region_array(batch->region, batch->record_count, sizeof *all);
    if (!all)
        return false;
    for (struct batch_record *r = batch->records; r; r = r->next)
        *end++ = r;
    qsort(all, batch->record_count, sizeof *all, compare);
    for (struct batch_record **r = all; r < end; r++) {
        *to = *r;
        to = &(*r)->next;
    }
    *to = NULL;
    return true;
}
