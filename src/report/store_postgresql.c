/* store_postgresql.c: the store in PostgreSQL, which several hosts share.
 *
 * Rows come one by one: a day may have more of them than memory holds. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/sql_private.h"

/* Prepared statements, found by the address of their text. */
enum { STATEMENTS_MAX = 64, NAME_SIZE = 16, NUMBER_SIZE = 24 };

struct connection {
    PGconn *pg;
    PGresult *result; /* the row at hand, or how it ended */
    uint64_t changed;
    const char *known[STATEMENTS_MAX];
};

static const char setting[] =
    "SET client_min_messages = warning; SET lock_timeout = '60s'; SET TIME ZONE 'UTC'";

static bool run_script(void *handle, const char *script, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    PGresult *result = PQexec(c->pg, script);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK ||
                PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!good)
        sql_say(error, PQerrorMessage(c->pg));
    PQclear(result);
    return good;
}

static void close_connection(void *handle)
{
    struct connection *c = handle;

    PQclear(c->result);
    PQfinish(c->pg);
    free(c);
}

static void *open_connection(const char *uri, char error[SQL_ERROR_SIZE])
{
    struct connection *c = calloc(1, sizeof *c);

    if (!c) {
        sql_say(error, "out of memory");
        return NULL;
    }
    c->pg = PQconnectdb(uri);
    if (PQstatus(c->pg) == CONNECTION_OK && run_script(c, setting, error))
        return c;
    sql_say(error, PQerrorMessage(c->pg));
    close_connection(c);
    return NULL;
}

/* The name under which TEXT is prepared; NULL: it cannot be. */
static const char *prepared(struct connection *c, const char *text, char name[NAME_SIZE],
                            char error[SQL_ERROR_SIZE])
{
    PGresult *result;
    size_t i = 0;

    while (i < STATEMENTS_MAX && c->known[i] && c->known[i] != text)
        i++;
    if (i == STATEMENTS_MAX) {
        sql_say(error, "too many statements");
        return NULL;
    }
    snprintf(name, NAME_SIZE, "s%zu", i);
    if (c->known[i] == text)
        return name;
    result = PQprepare(c->pg, name, text, 0, NULL);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        c->known[i] = text;
    else
        sql_say(error, PQerrorMessage(c->pg));
    PQclear(result);
    return c->known[i] ? name : NULL;
}

/* VALUES as libpq wants them, texts copied because they end in no NUL.  The
 * copies are in *OCTETS, for free().  False: memory. */
static bool as_strings(const struct sql_value *values, size_t count, const char **strings,
                       char **octets)
{
    size_t size = 1;
    char *at;

    for (size_t i = 0; i < count; i++)
        size += values[i].type == SQL_TEXT ? values[i].text.len + 1 : NUMBER_SIZE;
    at = *octets = malloc(size);
    for (size_t i = 0; at && i < count; i++) {
        strings[i] = values[i].type == SQL_NULL ? NULL : at;
        if (values[i].type == SQL_TEXT) {
            if (values[i].text.len)
                memcpy(at, values[i].text.data, values[i].text.len);
            at[values[i].text.len] = '\0';
            at += values[i].text.len + 1;
        } else if (values[i].type == SQL_INTEGER) {
            at += snprintf(at, NUMBER_SIZE, "%" PRId64, values[i].integer) + 1;
        }
    }
    return *octets;
}

static bool send_values(struct connection *c, const char *name, const struct sql_value *values,
                        size_t count, char error[SQL_ERROR_SIZE])
{
    const char *strings[SQL_VALUES_MAX];
    char *octets = NULL;
    bool good;

    if (count > SQL_VALUES_MAX || !as_strings(values, count, strings, &octets)) {
        sql_say(error, "out of memory");
        return false;
    }
    good = PQsendQueryPrepared(c->pg, name, (int)count, strings, NULL, NULL, 0) == 1;
    free(octets);
    if (!good)
        sql_say(error, PQerrorMessage(c->pg));
    return good;
}

static bool begin(void *handle, const char *text, const struct sql_value *values, size_t count,
                  char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    char name[NAME_SIZE];

    c->changed = 0;
    if (!prepared(c, text, name, error) || !send_values(c, name, values, count, error))
        return false;
    PQsetSingleRowMode(c->pg);
    return true;
}

static int next(void *handle, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    ExecStatusType status;

    PQclear(c->result);
    c->result = PQgetResult(c->pg);
    if (!c->result)
        return 0;
    status = PQresultStatus(c->result);
    if (status == PGRES_SINGLE_TUPLE)
        return 1;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        c->changed = strtoull(PQcmdTuples(c->result), NULL, 10);
        return 0;
    }
    sql_say(error, PQresultErrorMessage(c->result));
    return -1;
}

static struct text text(void *handle, unsigned column)
{
    const struct connection *c = handle;

    return (struct text){ PQgetvalue(c->result, 0, (int)column),
                          (size_t)PQgetlength(c->result, 0, (int)column) };
}

static int64_t integer(void *handle, unsigned column)
{
    return strtoll(text(handle, column).data, NULL, 10);
}

/* Rows that nobody took are received all the same: to cancel them would undo the
 * transaction around. */
static uint64_t end(void *handle)
{
    struct connection *c = handle;

    PQclear(c->result);
    while ((c->result = PQgetResult(c->pg)))
        PQclear(c->result);
    return c->changed;
}

/* Takes how one statement in the pipeline ended; libpq may still be giving rows one by
 * one, as a query before asked it to.  Behind a statement that failed, the others are
 * not run: the first error is the one to tell. */
static bool take_answer(struct connection *c, bool good, int64_t *answer,
                        char error[SQL_ERROR_SIZE])
{
    PGresult *result;

    *answer = 0;
    while ((result = PQgetResult(c->pg))) {
        ExecStatusType status = PQresultStatus(result);

        if (PQntuples(result) > 0)
            *answer = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        if (good && status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK &&
            status != PGRES_COMMAND_OK) {
            sql_say(error, PQresultErrorMessage(result));
            good = false;
        }
        PQclear(result);
    }
    return good;
}

/* In a pipeline: their answers are small, so that the server never waits for us to read
 * while we wait for it. */
static bool run_each(void *handle, const char *text, const struct sql_value *values,
                     size_t count, size_t times, int64_t *answers, char error[SQL_ERROR_SIZE])
{
    struct connection *c = handle;
    char name[NAME_SIZE];
    size_t sent = 0;
    bool good;

    if (!prepared(c, text, name, error))
        return false;
    if (PQenterPipelineMode(c->pg) != 1) {
        sql_say(error, PQerrorMessage(c->pg));
        return false;
    }
    while (sent < times && send_values(c, name, values + sent * count, count, error))
        sent++;
    good = sent == times;
    if (PQpipelineSync(c->pg) != 1 && good) {
        sql_say(error, PQerrorMessage(c->pg));
        good = false;
    }
    for (size_t i = 0; i < sent; i++)
        good = take_answer(c, good, &answers[i], error);
    PQclear(PQgetResult(c->pg)); /* of the synchronisation */
    if (PQexitPipelineMode(c->pg) == 1)
        return good;
    if (good)
        sql_say(error, PQerrorMessage(c->pg));
    return false;
}

const struct sql_backend sql_postgresql = {
    .open = open_connection,
    .close = close_connection,
    .script = run_script,
    .begin = begin,
    .next = next,
    .integer = integer,
    .text = text,
    .end = end,
    .run_each = run_each,
};
