/* store_sqlite.c: the store in an SQLite file, for one host.
 *
 * WAL, so that people can look while an import runs; synchronous, because a segment
 * of the spool is deleted once its rows are here. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/sql_private.h"

/* Prepared statements, found by the address of their text. */
enum { STATEMENTS_MAX = 64 };

struct connection {
    sqlite3 *db;
    sqlite3_stmt *statement; /* the one at work */
    struct {
        const char *text;
        sqlite3_stmt *prepared;
    } known[STATEMENTS_MAX];
};

static const char setting[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON; PRAGMA temp_store = FILE;"
                              "PRAGMA cache_size = -65536;"; /* KiB: records come in no order */

static void *open_file(const char *path, char error[SQL_ERROR_SIZE])
{
    struct connection *c = calloc(1, sizeof *c);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (!c) {
        sql_say(error, "out of memory");
        return NULL;
    }
    if (sqlite3_open_v2(path, &c->db, flags, NULL) == SQLITE_OK) {
        sqlite3_extended_result_codes(c->db, 1);
        sqlite3_busy_timeout(c->db, SQL_WAIT_S * 1000);
        if (sqlite3_exec(c->db, setting, NULL, NULL, NULL) == SQLITE_OK)
            return c;
    }
    snprintf(error, SQL_ERROR_SIZE, "%s: %s", path, sqlite3_errmsg(c->db));
    sqlite3_close(c->db);
    free(c);
    return NULL;
}

static void close_file(void *handle)
{
    struct connection *c = handle;

    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(c->known[i].prepared);
    sqlite3_close(c->db);
    free(c);
}

static bool run_script(void *handle, const char *script, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;

    if (sqlite3_exec(c->db, script, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sql_say(error, sqlite3_errmsg(c->db));
    return false;
}

static sqlite3_stmt *prepared(struct connection *c, const char *text)
{
    size_t i = 0;

    while (i < STATEMENTS_MAX - 1 && c->known[i].text && c->known[i].text != text)
        i++;
    if (c->known[i].text != text) {
        sqlite3_finalize(c->known[i].prepared);
        c->known[i].text = text;
        if (sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, &c->known[i].prepared,
                               NULL) != SQLITE_OK)
            c->known[i].text = NULL;
    }
    return c->known[i].text ? c->known[i].prepared : NULL;
}

static int bind(sqlite3_stmt *statement, int place, const struct sql_value *v)
{
    switch (v->type) {
    case SQL_NULL:
        return sqlite3_bind_null(statement, place);
    case SQL_INTEGER:
        return sqlite3_bind_int64(statement, place, v->integer);
    case SQL_TEXT:
        return sqlite3_bind_text64(statement, place, v->text.len ? v->text.data : "", v->text.len,
                                   SQLITE_STATIC, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

static bool begin(void *handle, const char *text, const struct sql_value *values, size_t count,
                  char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    bool good;

    c->statement = prepared(c, text);
    good = c->statement;
    for (size_t i = 0; good && i < count; i++)
        good = bind(c->statement, (int)i + 1, &values[i]) == SQLITE_OK;
    if (good)
        return true;
    sql_say(error, sqlite3_errmsg(c->db));
    if (c->statement)
        sqlite3_reset(c->statement);
    return false;
}

static int next(void *handle, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    int state = sqlite3_step(c->statement);

    if (state == SQLITE_ROW)
        return 1;
    if (state == SQLITE_DONE)
        return 0;
    sql_say(error, sqlite3_errmsg(c->db));
    return -1;
}

static int64_t integer(void *handle, unsigned column)
{
    const struct connection *c = handle;

    return sqlite3_column_int64(c->statement, (int)column);
}

static struct text text(void *handle, unsigned column)
{
    const struct connection *c = handle;
    const char *octets = (const char *)sqlite3_column_text(c->statement, (int)column);

    size_t len = octets ? (size_t)sqlite3_column_bytes(c->statement, (int)column) : 0;

    return (struct text){ octets, len };
}

static uint64_t end(void *handle)
{
    struct connection *c = handle;
    int changed = sqlite3_changes(c->db);

    sqlite3_reset(c->statement);
    sqlite3_clear_bindings(c->statement);
    return (uint64_t)changed;
}

static bool run_each(void *handle, const char *text, const struct sql_value *values,
                     size_t count, size_t times, int64_t *answers, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;

    for (size_t i = 0; i < times; i++) {
        int got;

        if (!begin(c, text, values + i * count, count, error))
            return false;
        got = next(c, error);
        answers[i] = got > 0 ? integer(c, 0) : 0;
        while (got > 0)
            got = next(c, error);
        end(c);
        if (got < 0)
            return false;
    }
    return true;
}

const struct sql_backend sql_sqlite = {
    .open = open_file,
    .close = close_file,
    .script = run_script,
    .begin = begin,
    .next = next,
    .integer = integer,
    .text = text,
    .end = end,
    .run_each = run_each,
};
