/* store_import.c: rows into records.
 *
 * Equal rows of one day are one record with a count.  They are added up in memory
 * first, in batches, because a statement costs a thousand times what that does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "auth/crypt.h"
#include "base/buf.h"
#include "base/region.h"
#include "report/segment.h"
#include "report/store_private.h"

enum {
    BATCH_RECORDS = 20000,
    BATCH_OCTETS = 32 * 1024 * 1024, /* of their lines */
    TARGETS_MAX = 50000, /* remembered from batch to batch */
    BUCKETS = 32768,
    DIGEST_OCTETS = 16, /* of SHA-256: 2^64 rows until two are taken for one */
    DIGEST_SIZE = 2 * DIGEST_OCTETS + 1,
    RANDOM_OCTETS = 8
};

/* What rows of one policy and one day go into. */
struct target {
    char policy_digest[DIGEST_SIZE];
    int64_t day;
    int64_t report;
    uint64_t messages;   /* of the batch */
    struct target *next; /* in its bucket */
};

struct record {
    char digest[DIGEST_SIZE];
    struct target *target;
    struct text line;
    uint64_t messages;
    struct record *next; /* in its bucket */
};

struct importing {
    char id[SEGMENT_ID_SIZE];
    int64_t now;
    uint64_t messages;
    struct region *region; /* of the batch */
    struct record *records[BUCKETS];
    size_t record_count, line_octets;
    struct region *target_region;
    struct target *targets[BUCKETS];
    size_t target_count;
};

/* --- digests and lines ---------------------------------------------------- */

static void digest_text(struct region *scratch, struct text t, char out[DIGEST_SIZE])
{
    struct crypt_digest *digest = crypt_digest_new(scratch);
    sha256_value value = { 0 };

    if (digest) {
        crypt_digest_add(digest, t);
        crypt_digest_value(digest, value);
    }
    for (size_t i = 0; i < DIGEST_OCTETS; i++)
        snprintf(out + 2 * i, 3, "%02x", value[i]);
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

/* --- the report that a row belongs into ------------------------------------ */

static bool sql_failed(struct store *store)
{
    return store_fail(store, sql_error(store->sql));
}

/* The number that STATEMENT gives; 0: none. */
static bool number(struct store *store, const char *statement, const struct sql_value *values,
                   size_t count, int64_t *out)
{
    *out = 0;
    if (sql_begin(store->sql, statement, values, count) && sql_next(store->sql))
        *out = sql_integer(store->sql, 0);
    return sql_end(store->sql) || sql_failed(store);
}

static bool policy_id(struct store *store, const char *digest, const char *domain,
                      struct text line, int64_t *id)
{
    const struct sql_value values[] = { SQL_STR(digest), SQL_STR(domain), SQL_OCTETS(line) };

    if (!sql_run(store->sql,
                 "INSERT INTO policies (digest, domain, line) VALUES ($1, $2, $3) "
                 "ON CONFLICT (digest) DO NOTHING",
                 values, 3, NULL))
        return sql_failed(store);
    return number(store, "SELECT id FROM policies WHERE digest = $1", values, 1, id);
}

/* "20251121.1a2b3c4d5e6f7081": for ever unique, and sorted by day. */
static bool make_report_id(int64_t day, char out[REPORT_ID_SIZE])
{
    unsigned char octets[RANDOM_OCTETS];
    time_t t = (time_t)day;
    struct tm tm;
    size_t len;

    if (getrandom(octets, sizeof octets, 0) != sizeof octets || !gmtime_r(&t, &tm))
        return false;
    len = strftime(out, REPORT_ID_SIZE, "%Y%m%d.", &tm);
    for (size_t i = 0; i < RANDOM_OCTETS; i++)
        len += (size_t)snprintf(out + len, 3, "%02x", octets[i]);
    return true;
}

/* A report that collects: the first of its day, or one more for rows that come
 * when the day's report is closed already: a domain gets that a day later, so
 * that late rows do not make many mails. */
static bool new_report(struct store *store, int64_t policy, int64_t day, int64_t now, int64_t *id)
{
    char report_id[REPORT_ID_SIZE];
    int64_t parts;
    const struct sql_value place[] = { SQL_INT(policy), SQL_INT(day) };

    if (!make_report_id(day, report_id))
        return store_fail(store, "the system gives no random numbers");
    if (!number(store, "SELECT COUNT(*) FROM reports WHERE policy = $1 AND day = $2", place, 2,
                &parts))
        return false;
    const struct sql_value values[] = { SQL_STR(report_id), SQL_INT(policy),
                                        SQL_INT(day),       SQL_INT(parts + 1),
                                        SQL_INT(parts ? now + DAY_S : 0), SQL_INT(now) };

    return number(store,
                  "INSERT INTO reports (report_id, policy, day, part, state, messages, closed, "
                  "due, lease, attempts, changed, why) "
                  "VALUES ($1, $2, $3, $4, 0, 0, 0, $5, 0, 0, $6, '') RETURNING id",
                  values, 6, id);
}

static bool find_report(struct store *store, struct target *target, const struct row_policy *policy,
                        struct text policy_line)
{
    int64_t id;

    if (!policy_id(store, target->policy_digest, policy->domain, policy_line, &id))
        return false;
    const struct sql_value values[] = { SQL_INT(id), SQL_INT(target->day) };

    if (!number(store,
                "SELECT id FROM reports WHERE policy = $1 AND day = $2 AND state = 0 "
                "ORDER BY part LIMIT 1",
                values, 2, &target->report))
        return false;
    return target->report ||
           new_report(store, id, target->day, store->importing->now, &target->report);
}

static struct target *target_of(struct store *store, struct region *scratch,
                                const struct row *row)
{
    struct importing *im = store->importing;
    struct row only_policy = policy_row(&row->policy);
    struct text line = line_of(scratch, &only_policy);
    char digest[DIGEST_SIZE];
    struct target **bucket, *t;
    int64_t day = row->time - row->time % DAY_S;

    digest_text(scratch, line, digest);
    bucket = &im->targets[bucket_of(digest)];
    for (t = *bucket; t; t = t->next)
        if (t->day == day && strcmp(t->policy_digest, digest) == 0)
            return t;
    t = line.data ? region_alloc(im->target_region, sizeof *t) : NULL;
    if (!t)
        return NULL;
    memcpy(t->policy_digest, digest, sizeof digest);
    t->day = day;
    if (!find_report(store, t, &row->policy, line))
        return NULL;
    t->next = *bucket;
    *bucket = t;
    im->target_count++;
    return t;
}

/* --- batches -------------------------------------------------------------- */

static bool write_record(struct store *store, const struct record *r)
{
    const struct sql_value values[] = { SQL_INT(r->target->report), SQL_STR(r->digest),
                                        SQL_INT((int64_t)r->messages), SQL_OCTETS(r->line) };

    return sql_run(store->sql,
                   "INSERT INTO records (report, digest, messages, line) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (report, digest) DO UPDATE SET "
                   "messages = records.messages + excluded.messages",
                   values, 4, NULL) ||
           sql_failed(store);
}

static bool write_sum(struct store *store, const struct target *t)
{
    const struct sql_value values[] = { SQL_INT((int64_t)t->messages),
                                        SQL_INT(store->importing->now), SQL_INT(t->report) };

    return sql_run(store->sql,
                   "UPDATE reports SET messages = messages + $1, changed = $2 WHERE id = $3",
                   values, 3, NULL) ||
           sql_failed(store);
}

static bool forget_targets(struct importing *im)
{
    region_free(im->target_region);
    im->target_region = region_new(0);
    memset(im->targets, 0, sizeof im->targets);
    im->target_count = 0;
    return im->target_region;
}

static bool start_batch(struct store *store)
{
    struct importing *im = store->importing;

    region_free(im->region);
    im->region = region_new(0);
    memset(im->records, 0, sizeof im->records);
    im->record_count = im->line_octets = 0;
    if (im->region && ((im->target_region && im->target_count < TARGETS_MAX) || forget_targets(im)))
        return true;
    return store_fail(store, "out of memory");
}

static bool write_batch(struct store *store)
{
    const struct importing *im = store->importing;

    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct record *r = im->records[i]; r; r = r->next)
            if (!write_record(store, r))
                return false;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct target *t = im->targets[i]; t; t = t->next) {
            if (t->messages && !write_sum(store, t))
                return false;
            t->messages = 0;
        }
    return start_batch(store);
}

static bool add_record(struct importing *im, struct target *target, struct text line,
                       const char digest[DIGEST_SIZE])
{
    struct record **bucket = &im->records[bucket_of(digest)], *r;

    for (r = *bucket; r; r = r->next)
        if (r->target == target && strcmp(r->digest, digest) == 0)
            break;
    if (!r) {
        r = region_alloc(im->region, sizeof *r);
        if (!r)
            return false;
        memcpy(r->digest, digest, DIGEST_SIZE);
        r->target = target;
        r->line = (struct text){ text_dup(im->region, line), line.len };
        r->next = *bucket;
        *bucket = r;
        im->record_count++;
        im->line_octets += line.len;
    }
    r->messages++;
    return r->line.data;
}

/* Adds ROW to the batch. */
static bool add_row(struct store *store, struct region *scratch, const struct row *row)
{
    struct importing *im = store->importing;
    struct target *target = target_of(store, scratch, row);
    struct row timeless = *row;
    char digest[DIGEST_SIZE];
    struct text line;

    timeless.time = 0;
    line = line_of(scratch, &timeless);
    if (!target || !line.data)
        return false;
    digest_text(scratch, line, digest);
    if (region_failed(scratch) || !add_record(im, target, line, digest))
        return false;
    target->messages++;
    im->messages++;
    return true;
}

bool store_import_row(struct store *store, const struct row *row)
{
    struct importing *im = store->importing;
    struct region *scratch = region_new(0);
    bool good;

    *store->error = '\0';
    good = scratch && add_row(store, scratch, row);
    region_free(scratch);
    if (!good)
        return *store->error ? false : store_fail(store, "out of memory");
    return (im->record_count < BATCH_RECORDS && im->line_octets < BATCH_OCTETS) ||
           write_batch(store);
}

/* --- the import --------------------------------------------------------- */

static void end_import(struct store *store)
{
    region_free(store->importing->region);
    region_free(store->importing->target_region);
    free(store->importing);
    store->importing = NULL;
}

/* Notes the segment; *NOTED is 0 when it was noted before. */
static bool note_segment(struct store *store, uint64_t *noted)
{
    const struct importing *im = store->importing;
    const struct sql_value values[] = { SQL_STR(im->id), SQL_INT(im->now) };

    return sql_run(store->sql,
                   "INSERT INTO segments (id, imported, messages, damaged) "
                   "VALUES ($1, $2, 0, 0) ON CONFLICT (id) DO NOTHING",
                   values, 2, noted) ||
           sql_failed(store);
}

enum store_import store_import_begin(struct store *store, const char *id, int64_t now)
{
    enum store_import begun = STORE_IMPORT_FAILED;
    uint64_t noted = 0;

    store->importing = calloc(1, sizeof *store->importing);
    if (!store->importing) {
        store_fail(store, "out of memory");
        return begun;
    }
    snprintf(store->importing->id, sizeof store->importing->id, "%s", id);
    store->importing->now = now;
    if (store_transaction(store)) {
        if (note_segment(store, &noted))
            begun = noted ? STORE_IMPORT_NEW : STORE_IMPORT_KNOWN;
        if (begun == STORE_IMPORT_NEW && start_batch(store))
            return begun;
        store_rollback(store);
    }
    end_import(store);
    return begun == STORE_IMPORT_KNOWN ? begun : STORE_IMPORT_FAILED;
}

bool store_import_commit(struct store *store, uint64_t damaged)
{
    const struct importing *im = store->importing;
    const struct sql_value values[] = { SQL_INT((int64_t)im->messages),
                                        SQL_INT((int64_t)damaged), SQL_STR(im->id) };
    bool good = write_batch(store) &&
                (sql_run(store->sql,
                         "UPDATE segments SET messages = $1, damaged = $2 WHERE id = $3", values, 3,
                         NULL) ||
                 sql_failed(store));

    if (good)
        good = store_commit(store);
    else
        store_rollback(store);
    end_import(store);
    return good;
}

void store_import_abandon(struct store *store)
{
    store_rollback(store);
    end_import(store);
}
