/* store_import.c: rows into records.
 *
 * Rows are added up in memory (batch.h) and written in batches, statements of one kind
 * some hundred at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "report/batch.h"
#include "report/segment.h"
#include "report/store_private.h"

enum { GROUP_STATEMENTS = 256, GROUP_VALUES = 6, RANDOM_OCTETS = 8 };

struct importing {
    char id[SEGMENT_ID_SIZE];
    int64_t now;
    uint64_t messages;
    struct batch *batch;
};

static bool sql_failed(struct store *store)
{
    return store_fail(store, sql_error(store->sql));
}

/* --- groups of statements --------------------------------------------------- */

/* One statement, to be run with several lists of values. */
struct group {
    struct store *store;
    const char *statement;
    size_t width; /* values of one */
    size_t count;
    struct sql_value values[GROUP_STATEMENTS * GROUP_VALUES];
    int64_t *answers[GROUP_STATEMENTS]; /* where they go; NULL: nowhere */
};

static void group_begin(struct group *group, struct store *store, const char *statement,
                        size_t width)
{
    group->store = store;
    group->statement = statement;
    group->width = width;
    group->count = 0;
}

static bool group_run(struct group *group)
{
    int64_t answers[GROUP_STATEMENTS];
    bool good = sql_run_each(group->store->sql, group->statement, group->values, group->width,
                             group->count, answers);

    for (size_t i = 0; good && i < group->count; i++)
        if (group->answers[i])
            *group->answers[i] = answers[i];
    group->count = 0;
    return good || sql_failed(group->store);
}

/* The texts of VALUES, and ANSWER, are lent until the group has run. */
static bool group_add(struct group *group, const struct sql_value *values, int64_t *answer)
{
    memcpy(&group->values[group->count * group->width], values, group->width * sizeof *values);
    group->answers[group->count++] = answer;
    return group->count < GROUP_STATEMENTS || group_run(group);
}

/* --- the reports that rows belong into ---------------------------------------- */

static bool find_reports(struct store *store, struct batch_target *targets, struct group *group)
{
    group_begin(group, store,
                "SELECT r.id FROM policies p JOIN reports r ON r.policy = p.id "
                "WHERE p.digest = $1 AND r.day = $2 AND r.state = 0",
                2);
    for (struct batch_target *t = targets; t; t = t->next) {
        const struct sql_value values[] = { SQL_STR(t->policy_digest), SQL_INT(t->day) };

        if (!group_add(group, values, &t->report))
            return false;
    }
    return group_run(group);
}

/* Of those that have no report that collects. */
static bool add_policies(struct store *store, struct batch_target *targets, struct group *group)
{
    group_begin(group, store,
                "INSERT INTO policies (digest, domain, line) VALUES ($1, $2, $3) "
                "ON CONFLICT (digest) DO NOTHING",
                3);
    for (struct batch_target *t = targets; t; t = t->next) {
        const struct sql_value values[] = { SQL_STR(t->policy_digest), SQL_STR(t->domain),
                                            SQL_OCTETS(t->policy) };

        if (!t->report && !group_add(group, values, NULL))
            return false;
    }
    if (!group_run(group))
        return false;
    group_begin(group, store, "SELECT id FROM policies WHERE digest = $1", 1);
    for (struct batch_target *t = targets; t; t = t->next)
        if (!t->report && !group_add(group, &SQL_STR(t->policy_digest), &t->policy_id))
            return false;
    return group_run(group);
}

static bool count_parts(struct store *store, struct batch_target *targets, struct group *group)
{
    group_begin(group, store, "SELECT COUNT(*) FROM reports WHERE policy = $1 AND day = $2", 2);
    for (struct batch_target *t = targets; t; t = t->next) {
        const struct sql_value values[] = { SQL_INT(t->policy_id), SQL_INT(t->day) };

        if (!t->report && !group_add(group, values, &t->parts))
            return false;
    }
    return group_run(group);
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

/* Reports that collect: the first of its day, or one more for rows that come when
 * the day's report is closed already: a domain gets that a day later, so that late
 * rows do not make many mails. */
static bool add_reports(struct store *store, struct batch_target *targets, struct group *group)
{
    char ids[GROUP_STATEMENTS][REPORT_ID_SIZE];
    int64_t now = store->importing->now;

    group_begin(group, store,
                "INSERT INTO reports (report_id, policy, day, part, state, messages, closed, due, "
                "lease, attempts, changed, why) "
                "VALUES ($1, $2, $3, $4, 0, 0, 0, $5, 0, 0, $6, '') RETURNING id",
                6);
    for (struct batch_target *t = targets; t; t = t->next) {
        char *id = ids[group->count];

        if (t->report)
            continue;
        if (!make_report_id(t->day, id))
            return store_fail(store, "the system gives no random numbers");
        const struct sql_value values[] = { SQL_STR(id),           SQL_INT(t->policy_id),
                                            SQL_INT(t->day),       SQL_INT(t->parts + 1),
                                            SQL_INT(t->parts ? now + DAY_S : 0), SQL_INT(now) };

        if (!group_add(group, values, &t->report))
            return false;
    }
    return group_run(group);
}

/* --- batches -------------------------------------------------------------- */

static bool write_records(struct store *store, struct batch_record *records, struct group *group)
{
    group_begin(group, store,
                "INSERT INTO records (report, digest, messages, line) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (report, digest) DO UPDATE SET "
                "messages = records.messages + excluded.messages",
                4);
    for (struct batch_record *r = records; r; r = r->next) {
        const struct sql_value values[] = { SQL_INT(r->target->report), SQL_STR(r->digest),
                                            SQL_INT((int64_t)r->messages), SQL_OCTETS(r->line) };

        if (!group_add(group, values, NULL))
            return false;
    }
    return group_run(group);
}

static bool write_sums(struct store *store, struct batch_target *targets, struct group *group)
{
    group_begin(group, store,
                "UPDATE reports SET messages = messages + $1, changed = $2 WHERE id = $3", 3);
    for (struct batch_target *t = targets; t; t = t->next) {
        const struct sql_value values[] = { SQL_INT((int64_t)t->messages),
                                            SQL_INT(store->importing->now), SQL_INT(t->report) };

        if (!group_add(group, values, NULL))
            return false;
    }
    return group_run(group);
}

static bool write_batch(struct store *store)
{
    struct batch *batch = store->importing->batch;
    struct batch_target *targets = batch_targets(batch);
    struct group *group = malloc(sizeof *group);
    bool good;

    if (!group)
        return store_fail(store, "out of memory");
    good = find_reports(store, targets, group) && add_policies(store, targets, group) &&
           count_parts(store, targets, group) && add_reports(store, targets, group);
    if (good && !batch_sort(batch))
        good = store_fail(store, "out of memory");
    good = good && write_records(store, batch_records(batch), group) &&
           write_sums(store, targets, group);
    free(group);
    if (good && !batch_clear(batch))
        good = store_fail(store, "out of memory");
    return good;
}

bool store_import_row(struct store *store, const struct row *row)
{
    struct importing *im = store->importing;

    if (!batch_add(im->batch, row))
        return store_fail(store, "out of memory");
    im->messages++;
    return !batch_is_full(im->batch) || write_batch(store);
}

/* --- the import --------------------------------------------------------- */

static void end_import(struct store *store)
{
    batch_free(store->importing->batch);
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
    store->importing->batch = batch_new();
    if (!store->importing->batch)
        store_fail(store, "out of memory");
    else if (store_transaction(store)) {
        if (note_segment(store, &noted))
            begun = noted ? STORE_IMPORT_NEW : STORE_IMPORT_KNOWN;
        if (begun == STORE_IMPORT_NEW)
            return begun;
        store_rollback(store);
    }
    end_import(store);
    return begun;
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
