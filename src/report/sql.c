#include "report/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/sql_private.h"

struct sql {
    const struct sql_backend *backend;
    void *handle;
    bool running; /* a statement is */
    bool failed;  /* it has */
    char error[SQL_ERROR_SIZE];
};

void sql_say(char error[SQL_ERROR_SIZE], const char *message)
{
    snprintf(error, SQL_ERROR_SIZE, "%.*s", (int)strcspn(message, "\n"), message);
}

static const struct sql_backend *backend_of(const char *uri)
{
    return strncmp(uri, "postgresql:", 11) == 0 ? &sql_postgresql : &sql_sqlite;
}

struct sql *sql_open(const char *uri, char error[SQL_ERROR_SIZE])
{
    struct sql *sql = calloc(1, sizeof *sql);

    if (!sql) {
        sql_say(error, "out of memory");
        return NULL;
    }
    sql->backend = backend_of(uri);
    sql->handle = sql->backend->open(uri, error);
    if (sql->handle)
        return sql;
    free(sql);
    return NULL;
}

void sql_close(struct sql *sql)
{
    if (!sql)
        return;
    sql_end(sql);
    sql->backend->close(sql->handle);
    free(sql);
}

bool sql_is_postgresql(const struct sql *sql)
{
    return sql->backend == &sql_postgresql;
}

const char *sql_error(const struct sql *sql)
{
    return sql->error;
}

bool sql_script(struct sql *sql, const char *script)
{
    return sql->backend->script(sql->handle, script, sql->error);
}

bool sql_begin(struct sql *sql, const char *statement, const struct sql_value *values,
               size_t count)
{
    sql_end(sql);
    sql->failed = !sql->backend->begin(sql->handle, statement, values, count, sql->error);
    sql->running = !sql->failed;
    return sql->running;
}

bool sql_next(struct sql *sql)
{
    int got = sql->running && !sql->failed ? sql->backend->next(sql->handle, sql->error) : 0;

    if (got < 0)
        sql->failed = true;
    return got > 0;
}

int64_t sql_integer(const struct sql *sql, unsigned column)
{
    return sql->backend->integer(sql->handle, column);
}

struct text sql_text(const struct sql *sql, unsigned column)
{
    return sql->backend->text(sql->handle, column);
}

static uint64_t end(struct sql *sql)
{
    uint64_t changed = sql->running ? sql->backend->end(sql->handle) : 0;

    sql->running = false;
    return changed;
}

bool sql_end(struct sql *sql)
{
    bool good = !sql->failed;

    end(sql);
    sql->failed = false;
    return good;
}

bool sql_run(struct sql *sql, const char *statement, const struct sql_value *values, size_t count,
             uint64_t *changed)
{
    uint64_t rows;

    if (!sql_begin(sql, statement, values, count)) {
        sql->failed = false;
        return false;
    }
    while (sql_next(sql))
        continue;
    rows = end(sql);
    if (changed)
        *changed = rows;
    return sql_end(sql);
}

bool sql_run_each(struct sql *sql, const char *statement, const struct sql_value *values,
                  size_t count, size_t times, int64_t *answers)
{
    sql_end(sql);
    return times == 0 || sql->backend->run_each(sql->handle, statement, values, count, times,
                                                answers, sql->error);
}
