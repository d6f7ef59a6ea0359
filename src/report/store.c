#include "report/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "report/sql_private.h"
#include "report/store_private.h"

const struct name report_state_names[] = {
    { REPORT_COLLECTING, "collecting" },
    { REPORT_DUE, "due" },
    { REPORT_SENT, "sent" },
    { REPORT_UNWANTED, "unwanted" },
    { REPORT_GIVEN_UP, "given-up" },
    { 0, NULL },
};

const struct name delivery_state_names[] = {
    { DELIVERY_OPEN, "open" },
    { DELIVERY_SENT, "sent" },
    { DELIVERY_REFUSED, "refused" },
    { 0, NULL },
};

/* A day is closed this long after its end: importers run every few minutes. */
enum { GRACE_S = 3600 };

#define COUNT(values) (sizeof(values) / sizeof(values)[0])

const char *store_error(const struct store *store)
{
    return store->error;
}

bool store_fail(struct store *store, const char *why)
{
    sql_say(store->error, why);
    return false;
}

/* Passes on how a statement ended. */
static bool told(struct store *store, bool good)
{
    return good ? true : store_fail(store, sql_error(store->sql));
}

static bool run(struct store *store, const char *statement, const struct sql_value *values,
                size_t count, uint64_t *changed)
{
    return told(store, sql_run(store->sql, statement, values, count, changed));
}

/* --- transactions ------------------------------------------------------- */

/* Any number, the same for all: who adds rows and who closes days take turns. */
#define LOCK "SELECT pg_advisory_xact_lock(5293470112)"

bool store_transaction(struct store *store)
{
    if (!sql_is_postgresql(store->sql))
        return told(store, sql_script(store->sql, "BEGIN IMMEDIATE"));
    return told(store, sql_script(store->sql, "BEGIN")) &&
           told(store, sql_script(store->sql, LOCK));
}

bool store_commit(struct store *store)
{
    if (told(store, sql_script(store->sql, "COMMIT")))
        return true;
    sql_script(store->sql, "ROLLBACK");
    return false;
}

void store_rollback(struct store *store)
{
    sql_script(store->sql, "ROLLBACK");
}

/* --- opening ------------------------------------------------------------ */

struct store *store_open(const char *uri, bool make, char error[SQL_ERROR_SIZE])
{
    struct store *store = calloc(1, sizeof *store);

    if (!store) {
        sql_say(error, "out of memory");
        return NULL;
    }
    store->sql = sql_open(uri, error);
    if (store->sql && store_schema(store, make))
        return store;
    if (store->sql)
        sql_say(error, store->error);
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->importing)
        store_import_abandon(store);
    sql_close(store->sql);
    free(store);
}

/* --- reports ------------------------------------------------------------ */

bool store_day_is_over(int64_t day, int64_t now)
{
    return day <= now - GRACE_S - DAY_S;
}

bool store_close_days(struct store *store, int64_t now)
{
    const struct sql_value values[] = { SQL_INT(now), SQL_INT(now),
                                        SQL_INT(now - GRACE_S - DAY_S) };

    if (!store_transaction(store))
        return false;
    if (run(store, "UPDATE reports SET state = 1, closed = $1, changed = $2 "
                   "WHERE state = 0 AND day <= $3", values, COUNT(values), NULL))
        return store_commit(store);
    store_rollback(store);
    return false;
}

#define REPORT_COLUMNS                                                                            \
    "r.id, r.report_id, r.day, r.part, r.state, r.messages, "                                      \
    "(SELECT COUNT(*) FROM records x WHERE x.report = r.id), r.due, r.changed, r.attempts, "      \
    "r.why, p.line, r.closed "

/* The row at hand of a statement that gives REPORT_COLUMNS. */
static bool take_report(struct store *store, struct region *region, struct store_report *report)
{
    const struct sql *sql = store->sql;
    struct text id = sql_text(sql, 1), line = sql_text(sql, 11);
    char *copy = text_dup(region, line);
    struct row row;

    if (!copy || line.len == 0 || row_read(copy, line.len, &row) != ROW_READ_OK)
        return store_fail(store, "a policy in the store cannot be read; was it written by a later "
                                 "version?");
    *report = (struct store_report){
        .id = sql_integer(sql, 0),
        .day = sql_integer(sql, 2),
        .part = (unsigned)sql_integer(sql, 3),
        .state = (enum report_state)sql_integer(sql, 4),
        .messages = (uint64_t)sql_integer(sql, 5),
        .records = (uint64_t)sql_integer(sql, 6),
        .due = sql_integer(sql, 7),
        .changed = sql_integer(sql, 8),
        .attempts = (unsigned)sql_integer(sql, 9),
        .closed = sql_integer(sql, 12),
        .why = text_dup(region, sql_text(sql, 10)),
        .policy = row.policy,
    };
    snprintf(report->report_id, sizeof report->report_id, "%.*s", TEXT_ARGS(id));
    return report->why || store_fail(store, "out of memory");
}

/* Two senders must not take one report: PostgreSQL passes over what another has
 * locked; SQLite has one writer at a time. */
#define CLAIM(passing_over)                                                                       \
    "UPDATE reports SET lease = $1, attempts = attempts + 1 WHERE id = (SELECT id FROM reports "  \
    "WHERE state = 1 AND due <= $2 AND lease <= $3 ORDER BY due, id LIMIT 1" passing_over         \
    ") RETURNING id"

static bool claim(struct store *store, int64_t now, unsigned lease_s, int64_t *id)
{
    const struct sql_value values[] = { SQL_INT(now + lease_s), SQL_INT(now), SQL_INT(now) };
    const char *statement = sql_is_postgresql(store->sql) ? CLAIM(" FOR UPDATE SKIP LOCKED")
                                                          : CLAIM("");

    *id = 0;
    sql_begin(store->sql, statement, values, COUNT(values));
    while (sql_next(store->sql))
        *id = sql_integer(store->sql, 0);
    return told(store, sql_end(store->sql));
}

enum store_claim store_claim(struct store *store, int64_t now, unsigned lease_s,
                             struct region *region, struct store_report *report)
{
    int64_t id;
    bool good;

    if (!claim(store, now, lease_s, &id))
        return STORE_CLAIM_FAILED;
    if (!id)
        return STORE_NONE_DUE;
    good = sql_begin(store->sql,
                     "SELECT " REPORT_COLUMNS
                     "FROM reports r JOIN policies p ON p.id = r.policy WHERE r.id = $1",
                     &SQL_INT(id), 1) &&
           sql_next(store->sql) && take_report(store, region, report);
    return told(store, sql_end(store->sql)) && good ? STORE_CLAIMED : STORE_CLAIM_FAILED;
}

bool store_settle(struct store *store, int64_t id, enum report_state state, int64_t now,
                  int64_t due, const char *why)
{
    const struct sql_value values[] = { SQL_INT((int64_t)state), SQL_INT(now), SQL_INT(due),
                                        SQL_STR(why), SQL_INT(id) };

    return run(store,
               "UPDATE reports SET state = $1, changed = $2, due = $3, why = $4, lease = 0 "
               "WHERE id = $5",
               values, COUNT(values), NULL);
}

bool store_records(struct store *store, int64_t id, store_record_fn *visit, void *context)
{
    static const char select[] =
        "SELECT line, messages FROM records WHERE report = $1 ORDER BY digest";
    char *line = malloc(ROW_LINE_MAX);
    struct row row;
    bool good = line || store_fail(store, "out of memory");

    good = good && sql_begin(store->sql, select, &SQL_INT(id), 1);
    while (good && sql_next(store->sql)) {
        struct text t = sql_text(store->sql, 0);

        good = t.len > 0 && t.len < ROW_LINE_MAX;
        if (good) {
            memcpy(line, t.data, t.len);
            good = row_read(line, t.len, &row) == ROW_READ_OK;
        }
        if (good)
            visit(context, &row, (uint64_t)sql_integer(store->sql, 1));
        else
            store_fail(store, "a record in the store cannot be read; was it written by a later "
                              "version?");
    }
    free(line);
    return told(store, sql_end(store->sql)) && good;
}

bool store_list(struct store *store, const struct store_filter *f, store_report_fn *visit,
                void *context)
{
    const struct sql_value values[] = {
        SQL_STR(f->domain ? f->domain : ""), SQL_STR(f->report_id ? f->report_id : ""),
        SQL_INT(f->state),                   SQL_INT(f->from),
        SQL_INT(f->most ? f->most : INT32_MAX),
    };
    bool good = sql_begin(store->sql,
                          "SELECT " REPORT_COLUMNS
                          "FROM reports r JOIN policies p ON p.id = r.policy "
                          "WHERE ($1 = '' OR p.domain = $1) AND ($2 = '' OR r.report_id = $2) "
                          "AND ($3 < 0 OR r.state = $3) AND r.day >= $4 "
                          "ORDER BY r.day DESC, p.domain, r.id LIMIT $5",
                          values, COUNT(values));

    while (good && sql_next(store->sql)) {
        struct region *region = region_new(0);
        struct store_report report;

        good = region && take_report(store, region, &report);
        if (good)
            visit(context, &report);
        region_free(region);
    }
    return told(store, sql_end(store->sql)) && good;
}

/* Its policies one by one: as a join it may become a walk over the reports of the day. */
bool store_policies_of_day(struct store *store, const struct store_report *report,
                           uint64_t *before)
{
    const struct sql_value values[] = { SQL_INT(report->day), SQL_INT(report->id),
                                        SQL_STR(report->policy.domain) };

    *before = 0;
    if (sql_begin(store->sql,
                  "SELECT SUM((SELECT COUNT(*) FROM reports r WHERE r.policy = p.id "
                  "AND r.day = $1 AND r.id < $2)) FROM policies p WHERE p.domain = $3",
                  values, COUNT(values)) &&
        sql_next(store->sql))
        *before = (uint64_t)sql_integer(store->sql, 0);
    return told(store, sql_end(store->sql));
}

/* --- destinations ------------------------------------------------------- */

bool store_note_delivery(struct store *store, int64_t report, const char *address,
                         enum delivery_state state, int64_t now, const char *why)
{
    const struct sql_value values[] = { SQL_INT(report), SQL_STR(address),
                                        SQL_INT((int64_t)state), SQL_INT(now), SQL_STR(why) };

    return run(store,
               "INSERT INTO deliveries (report, address, state, changed, why) "
               "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (report, address) DO UPDATE SET "
               "state = excluded.state, changed = excluded.changed, why = excluded.why",
               values, COUNT(values), NULL);
}

bool store_deliveries(struct store *store, int64_t report, store_delivery_fn *visit, void *context)
{
    bool good = sql_begin(store->sql,
                          "SELECT address, state, changed, why FROM deliveries WHERE report = $1 "
                          "ORDER BY address",
                          &SQL_INT(report), 1);

    while (good && sql_next(store->sql)) {
        struct region *region = region_new(0);
        struct store_delivery d = {
            .address = region ? text_dup(region, sql_text(store->sql, 0)) : NULL,
            .state = (enum delivery_state)sql_integer(store->sql, 1),
            .changed = sql_integer(store->sql, 2),
            .why = region ? text_dup(region, sql_text(store->sql, 3)) : NULL,
        };

        good = d.address && d.why;
        if (good)
            visit(context, &d);
        region_free(region);
    }
    return told(store, sql_end(store->sql)) && good;
}

bool store_is_delivered(struct store *store, int64_t report, const char *address,
                        bool *delivered)
{
    const struct sql_value values[] = { SQL_INT(report), SQL_STR(address),
                                        SQL_INT(DELIVERY_SENT) };

    *delivered = sql_begin(store->sql,
                           "SELECT 1 FROM deliveries WHERE report = $1 AND address = $2 "
                           "AND state = $3",
                           values, COUNT(values)) &&
                 sql_next(store->sql);
    return told(store, sql_end(store->sql));
}

/* --- housekeeping ------------------------------------------------------- */

static bool count_states(struct store *store, struct store_status *status)
{
    bool good = sql_begin(store->sql,
                          "SELECT state, COUNT(*), SUM(messages), MIN(due) FROM reports "
                          "GROUP BY state",
                          NULL, 0);

    while (good && sql_next(store->sql)) {
        int64_t state = sql_integer(store->sql, 0);

        if (state < 0 || state > REPORT_GIVEN_UP)
            continue;
        status->reports[state] = (uint64_t)sql_integer(store->sql, 1);
        status->messages += (uint64_t)sql_integer(store->sql, 2);
        if (state == REPORT_DUE)
            status->oldest_due = sql_integer(store->sql, 3);
    }
    return told(store, sql_end(store->sql));
}

bool store_status(struct store *store, struct store_status *status)
{
    *status = (struct store_status){ 0 };
    if (!count_states(store, status))
        return false;
    if (sql_begin(store->sql, "SELECT COUNT(*) FROM segments", NULL, 0) && sql_next(store->sql))
        status->segments = (uint64_t)sql_integer(store->sql, 0);
    return told(store, sql_end(store->sql));
}

bool store_domains(struct store *store, int64_t from, store_domain_fn *visit, void *context)
{
    bool good = sql_begin(store->sql,
                          "SELECT p.domain, SUM(r.messages), COUNT(*), MAX(r.day) "
                          "FROM reports r JOIN policies p ON p.id = r.policy WHERE r.day >= $1 "
                          "GROUP BY p.domain ORDER BY 2 DESC, 1",
                          &SQL_INT(from), 1);

    while (good && sql_next(store->sql)) {
        struct region *region = region_new(0);
        struct store_domain d = {
            .domain = region ? text_dup(region, sql_text(store->sql, 0)) : NULL,
            .messages = (uint64_t)sql_integer(store->sql, 1),
            .reports = (uint64_t)sql_integer(store->sql, 2),
            .last_day = sql_integer(store->sql, 3),
        };

        good = d.domain;
        if (good)
            visit(context, &d);
        region_free(region);
    }
    return told(store, sql_end(store->sql)) && good;
}

/* Settled reports are those of a state from SENT on. */
bool store_purge(struct store *store, int64_t before, int64_t segments_before, uint64_t *count)
{
#define SETTLED "FROM reports WHERE day < $1 AND state > 1"
    static const char records[] = "DELETE FROM records WHERE report IN (SELECT id " SETTLED ")";
    static const char deliveries[] =
        "DELETE FROM deliveries WHERE report IN (SELECT id " SETTLED ")";
    static const char reports[] = "DELETE " SETTLED;
#undef SETTLED
    const char *const statements[] = { records, deliveries, reports };
    bool good = store_transaction(store);

    if (!good)
        return false;
    for (size_t i = 0; good && i < COUNT(statements); i++)
        good = run(store, statements[i], &SQL_INT(before), 1, count);
    if (good)
        good = run(store, "DELETE FROM segments WHERE imported < $1", &SQL_INT(segments_before),
                   1, NULL);
    if (good)
        good = run(store,
                   "DELETE FROM policies WHERE NOT EXISTS "
                   "(SELECT 1 FROM reports r WHERE r.policy = policies.id)",
                   NULL, 0, NULL);
    if (good)
        return store_commit(store);
    store_rollback(store);
    return false;
}
