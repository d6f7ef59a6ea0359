/* The store: rows of segments become records of reports, once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/region_fixture.h"
#include "report/store.h"

/* The URI of an empty PostgreSQL database; without it the store is a file. */
#define URI_VARIABLE "VIDIMUS_TEST_STORE"

enum { DAY = 1763683200, NOW = DAY + 3600, NEXT = DAY + DAY_S + 2 * 3600 };

static char place[64], uri[256];
static struct store *store;

static int open_store(void **state)
{
    char error[SQL_ERROR_SIZE];
    const char *given = getenv(URI_VARIABLE);

    strcpy(place, "test_store.XXXXXX");
    if (!mkdtemp(place))
        return -1;
    snprintf(uri, sizeof uri, "%s/store", place);
    if (given) {
        struct sql *sql = sql_open(given, error);

        snprintf(uri, sizeof uri, "%s", given);
        if (!sql || !sql_script(sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
            return -1;
        sql_close(sql);
    }
    store = store_open(uri, true, error);
    if (!store)
        print_error("%s\n", error);
    return store && set_up(state) == 0 ? 0 : -1;
}

static int close_store(void **state)
{
    char command[128];

    store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", place);
    return system(command) == 0 ? tear_down(state) : -1;
}

static struct row row_of_domain(const char *domain, int64_t time)
{
    struct row row = {
        .time = time,
        .source = { .family = IP_V4, .octets = { 192, 0, 2, 1 } },
        .header_from = domain,
        .envelope_from = domain,
        .envelope_to = "",
        .policy = { .domain = domain, .p = DMARC_REJECT, .fo = "", .rua = "mailto:a@b.example",
                    .ruf = "" },
        .disposition = DISPOSITION_PASS,
        .dkim_aligned = true,
        .spf = { .domain = domain, .result = RESULT_PASS, .human = "" },
    };

    return row;
}

static void begin(const char *id, int64_t now)
{
    if (store_import_begin(store, id, now) != STORE_IMPORT_NEW)
        fail_msg("import %s: %s", id, store_error(store));
}

static void add(const char *domain, int64_t time, unsigned last_octet)
{
    struct row row = row_of_domain(domain, time);

    row.source.octets[3] = (uint8_t)last_octet;
    if (!store_import_row(store, &row))
        fail_msg("row: %s", store_error(store));
}

static void commit(void)
{
    if (!store_import_commit(store, 0))
        fail_msg("commit: %s", store_error(store));
}

static uint64_t record_messages;
static size_t records;

static void count_record(void *context, const struct row *row, uint64_t count)
{
    (void)context;
    assert_int_equal(row->time, 0);
    records++;
    record_messages += count;
}

/* The next due report at NOW; false: none. */
static bool claim(int64_t now, struct store_report *report)
{
    enum store_claim claimed = store_claim(store, now, 60, region, report);

    if (claimed == STORE_CLAIM_FAILED)
        fail_msg("claim: %s", store_error(store));
    records = 0;
    record_messages = 0;
    if (claimed == STORE_CLAIMED)
        assert_true(store_records(store, report->id, count_record, NULL));
    return claimed == STORE_CLAIMED;
}

static void settle(const struct store_report *report, enum report_state state, int64_t due)
{
    assert_true(store_settle(store, report->id, state, NEXT, due, "because"));
}

static void test_equal_rows_are_one_record(void **state)
{
    struct store_report r;

    (void)state;
    begin("one", NOW);
    for (int i = 0; i < 7; i++)
        add("a.example", DAY + i, 1);
    add("a.example", DAY + 9, 2);
    commit();
    begin("two", NOW);
    add("a.example", DAY + 10, 1);
    commit();
    assert_false(claim(NEXT, &r)); /* days are not closed yet */
    assert_true(store_close_days(store, NEXT));
    assert_true(claim(NEXT, &r));
    assert_string_equal(r.policy.domain, "a.example");
    assert_string_equal(r.policy.rua, "mailto:a@b.example");
    assert_int_equal(r.day, DAY);
    assert_int_equal(r.part, 1);
    assert_int_equal(r.messages, 9);
    assert_int_equal(r.records, 2);
    assert_int_equal(records, 2);
    assert_int_equal(record_messages, 9);
    assert_int_equal(r.attempts, 1);
}

static void test_segment_counts_once(void **state)
{
    struct store_report r;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    assert_int_equal(store_import_begin(store, "one", NOW), STORE_IMPORT_KNOWN);
    begin("two", NOW);
    add("a.example", DAY, 1);
    store_import_abandon(store);
    begin("two", NOW); /* what was abandoned leaves no trace */
    add("a.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT));
    assert_true(claim(NEXT, &r));
    assert_int_equal(r.messages, 2);
}

static void test_policies_and_days_are_apart(void **state)
{
    struct row strict = row_of_domain("a.example", DAY);
    struct store_report r;
    size_t count = 0;

    (void)state;
    strict.policy.strict_dkim = true;
    begin("one", NOW);
    add("a.example", DAY, 1);
    assert_true(store_import_row(store, &strict));
    add("a.example", DAY - 1, 1);
    add("b.example", DAY, 1);
    add("b.example", DAY + DAY_S, 1); /* tomorrow's */
    commit();
    assert_true(store_close_days(store, NEXT));
    while (claim(NEXT, &r)) {
        assert_int_equal(r.messages, 1);
        settle(&r, REPORT_SENT, 0);
        count++;
    }
    assert_int_equal(count, 4);
    assert_true(store_close_days(store, NEXT + DAY_S));
    assert_true(claim(NEXT + DAY_S, &r));
    assert_int_equal(r.day, DAY + DAY_S);
}

/* Rows that come when the report of their day is closed make another part. */
static void test_late_rows(void **state)
{
    struct store_report r;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT));
    assert_true(claim(NEXT, &r));
    settle(&r, REPORT_SENT, 0);
    begin("late", NEXT);
    add("a.example", DAY, 1);
    commit();
    assert_false(claim(NEXT + 60, &r));
    assert_true(store_close_days(store, NEXT + 60));
    assert_false(claim(NEXT + DAY_S - 1, &r)); /* a domain gets that a day later */
    assert_true(claim(NEXT + DAY_S, &r));
    assert_int_equal(r.part, 2);
    assert_int_equal(r.messages, 1);
    assert_int_equal(r.day, DAY);
}

static void test_leases(void **state)
{
    struct store_report r;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT));
    assert_true(claim(NEXT, &r));
    assert_false(claim(NEXT + 59, &r));
    assert_true(claim(NEXT + 60, &r)); /* who had it has died */
    assert_int_equal(r.attempts, 2);
    settle(&r, REPORT_DUE, NEXT + 1000);
    assert_false(claim(NEXT + 999, &r));
    assert_true(claim(NEXT + 1000, &r));
    assert_string_equal(r.why, "because");
    settle(&r, REPORT_GIVEN_UP, 0);
    assert_false(claim(NEXT + 100000, &r));
}

static void test_policies_of_a_day(void **state)
{
    uint64_t before, sum = 0;
    struct store_report r;

    (void)state;
    begin("one", NOW);
    for (unsigned i = 0; i < 3; i++) {
        struct row row = row_of_domain("a.example", DAY);

        row.policy.strict_dkim = i == 1;
        row.policy.strict_spf = i == 2;
        assert_true(store_import_row(store, &row));
    }
    add("a.example", DAY - DAY_S, 1);
    add("b.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT));
    while (claim(NEXT, &r)) {
        assert_true(store_policies_of_day(store, &r, &before));
        assert_in_range(before, 0, r.day == DAY && *r.policy.domain == 'a' ? 2 : 0);
        sum += before;
        settle(&r, REPORT_SENT, 0);
    }
    assert_int_equal(sum, 0 + 1 + 2);
}

static size_t listed;

static void count_report(void *context, const struct store_report *report)
{
    const char **domain = context;

    listed++;
    if (domain)
        assert_string_equal(report->policy.domain, *domain);
}

static void test_list(void **state)
{
    const char *b = "b.example";
    struct store_filter filter = { .state = -1 };

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    add("b.example", DAY, 1);
    add("b.example", DAY - DAY_S, 1);
    commit();
    listed = 0;
    assert_true(store_list(store, &filter, count_report, NULL));
    assert_int_equal(listed, 3);
    filter.domain = b;
    assert_true(store_list(store, &filter, count_report, &b));
    assert_int_equal(listed, 5);
    filter.from = DAY;
    assert_true(store_list(store, &filter, count_report, &b));
    assert_int_equal(listed, 6);
    filter.state = REPORT_SENT;
    assert_true(store_list(store, &filter, count_report, NULL));
    assert_int_equal(listed, 6);
}

static void see_delivery(void *context, const struct store_delivery *d)
{
    unsigned *seen = context;

    assert_string_equal(d->why, d->state == DELIVERY_SENT ? "" : "no");
    (*seen)++;
}

static void test_deliveries(void **state)
{
    struct store_report r;
    unsigned seen = 0;
    bool delivered;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT) && claim(NEXT, &r));
    assert_true(store_note_delivery(store, r.id, "x@a.example", DELIVERY_OPEN, NEXT, "no"));
    assert_true(store_note_delivery(store, r.id, "y@a.example", DELIVERY_REFUSED, NEXT, "no"));
    assert_true(store_is_delivered(store, r.id, "x@a.example", &delivered));
    assert_false(delivered);
    assert_true(store_note_delivery(store, r.id, "x@a.example", DELIVERY_SENT, NEXT, ""));
    assert_true(store_is_delivered(store, r.id, "x@a.example", &delivered));
    assert_true(delivered);
    assert_true(store_deliveries(store, r.id, see_delivery, &seen));
    assert_int_equal(seen, 2);
}

static void test_status_and_purge(void **state)
{
    struct store_status status;
    struct store_report r;
    uint64_t gone;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    add("b.example", DAY, 1);
    add("c.example", DAY + DAY_S, 1);
    commit();
    assert_true(store_close_days(store, NEXT) && claim(NEXT, &r));
    settle(&r, REPORT_SENT, 0);
    assert_true(store_status(store, &status));
    assert_int_equal(status.reports[REPORT_COLLECTING], 1);
    assert_int_equal(status.reports[REPORT_DUE], 1);
    assert_int_equal(status.reports[REPORT_SENT], 1);
    assert_int_equal(status.messages, 3);
    assert_int_equal(status.segments, 1);
    assert_true(store_purge(store, NEXT + 10 * DAY_S, NOW, &gone));
    assert_int_equal(gone, 1); /* what is not settled stays */
    assert_true(store_status(store, &status));
    assert_int_equal(status.reports[REPORT_DUE], 1);
    assert_int_equal(status.messages, 2);
    assert_int_equal(status.segments, 1); /* its file may still be there */
    assert_int_equal(store_import_begin(store, "one", NOW), STORE_IMPORT_KNOWN);
    assert_true(store_purge(store, NEXT, NOW + 1, &gone));
    assert_int_equal(gone, 0);
    assert_true(store_status(store, &status));
    assert_int_equal(status.segments, 0);
}

/* More than one batch, and more than one look at the same report. */
static void test_many_rows(void **state)
{
    struct store_report r;
    uint64_t messages = 0;
    char domain[32];
    size_t count = 0;

    (void)state;
    begin("one", NOW);
    for (unsigned i = 0; i < 50000; i++) {
        struct row row;

        snprintf(domain, sizeof domain, "d%u.example", i % 10);
        row = row_of_domain(domain, DAY);
        row.source.octets[3] = (uint8_t)(i >> 8);
        row.source.octets[2] = (uint8_t)i;
        assert_true(store_import_row(store, &row));
    }
    commit();
    assert_true(store_close_days(store, NEXT));
    for (; claim(NEXT, &r); count++) {
        assert_int_equal(r.messages, record_messages);
        messages += r.messages;
    }
    assert_int_equal(count, 10);
    assert_int_equal(messages, 50000);
}

static void test_reopening_keeps_all(void **state)
{
    struct store_status status;
    char error[SQL_ERROR_SIZE];

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    store_close(store);
    store = store_open(uri, false, error);
    assert_non_null(store);
    assert_true(store_status(store, &status));
    assert_int_equal(status.messages, 1);
}

/* The number in the one row that QUERY gives. */
static int64_t number(struct sql *sql, const char *query)
{
    int64_t n = -1;

    assert_true(sql_begin(sql, query, NULL, 0));
    if (sql_next(sql))
        n = sql_integer(sql, 0);
    assert_true(sql_end(sql));
    return n;
}

/* Several at once, after a query whose rows came one by one. */
static void test_groups_of_statements(void **state)
{
    enum { TIMES = 200 };
    static const char insert[] = "INSERT INTO numbers (n) VALUES ($1) RETURNING n";
    struct sql_value values[TIMES];
    int64_t answers[TIMES];
    char error[SQL_ERROR_SIZE];
    struct sql *sql = sql_open(uri, error);

    (void)state;
    assert_non_null(sql);
    assert_true(sql_script(sql, "CREATE TABLE numbers (n BIGINT PRIMARY KEY)"));
    assert_int_equal(number(sql, "SELECT COUNT(*) FROM numbers"), 0);
    for (int i = 0; i < TIMES; i++)
        values[i] = SQL_INT(i + 1);
    assert_true(sql_run_each(sql, insert, values, 1, TIMES, answers));
    for (int i = 0; i < TIMES; i++)
        assert_int_equal(answers[i], i + 1);
    assert_true(sql_run_each(sql, "SELECT n FROM numbers WHERE n > $1 ORDER BY n", values, 1,
                             TIMES, answers));
    assert_int_equal(answers[0], 2);
    assert_int_equal(answers[TIMES - 1], 0); /* no row */
    assert_true(sql_run_each(sql, insert, values, 1, 0, answers));

    for (int i = 0; i < TIMES; i++)
        values[i] = SQL_INT(i < TIMES / 2 ? 1000 + i : i);
    assert_true(sql_script(sql, "BEGIN"));
    assert_false(sql_run_each(sql, insert, values, 1, TIMES, answers)); /* one is there already */
    assert_string_not_equal(sql_error(sql), "");
    assert_true(sql_script(sql, "ROLLBACK"));
    assert_int_equal(number(sql, "SELECT COUNT(*) FROM numbers"), TIMES);
    sql_close(sql);
}

/* What the tables of version 1 were, with rows in them. */
static const char back_to_1[] = "DROP INDEX reports_by_day;"
                                "CREATE INDEX reports_by_day ON reports (day);"
                                "UPDATE version SET number = 1;";

static void test_earlier_tables_are_brought_up_to_date(void **state)
{
    struct store_report r;
    char error[SQL_ERROR_SIZE];
    struct sql *sql;

    (void)state;
    begin("one", NOW);
    add("a.example", DAY, 1);
    commit();
    store_close(store);
    sql = sql_open(uri, error);
    assert_non_null(sql);
    assert_true(sql_script(sql, back_to_1));
    store = store_open(uri, false, error);
    assert_non_null(store);
    assert_int_equal(number(sql, "SELECT number FROM version"), 2);
    assert_int_equal(store_import_begin(store, "one", NOW), STORE_IMPORT_KNOWN);
    begin("two", NOW);
    add("a.example", DAY, 1);
    commit();
    assert_true(store_close_days(store, NEXT) && claim(NEXT, &r));
    assert_int_equal(record_messages, 2);
    assert_true(sql_script(sql, "UPDATE version SET number = 3"));
    sql_close(sql);
    assert_null(store_open(uri, true, error));
    assert_non_null(strstr(error, "later version"));
}

static void test_bad_stores_are_told(void **state)
{
    char error[SQL_ERROR_SIZE] = "", path[96];
    FILE *file;

    (void)state;
    assert_null(store_open("/nonexistent/store", true, error));
    assert_non_null(strstr(error, "/nonexistent/store"));
    snprintf(path, sizeof path, "%s/rubbish", place);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database. ", file);
    fclose(file);
    assert_null(store_open(path, true, error));
    assert_non_null(strstr(error, "not a database"));
    assert_null(store_open("postgresql://nobody:secret@127.0.0.1:1/none", true, error));
    assert_null(strstr(error, "secret"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_equal_rows_are_one_record),
        TEST(test_segment_counts_once),
        TEST(test_policies_and_days_are_apart),
        TEST(test_late_rows),
        TEST(test_leases),
        TEST(test_policies_of_a_day),
        TEST(test_list),
        TEST(test_deliveries),
        TEST(test_status_and_purge),
        TEST(test_many_rows),
        TEST(test_reopening_keeps_all),
        TEST(test_groups_of_statements),
        TEST(test_earlier_tables_are_brought_up_to_date),
        TEST(test_bad_stores_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
