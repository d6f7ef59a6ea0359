/* sql.h: one connection to the database of the store: what SQLite and PostgreSQL
 * have in common, and no more.
 *
 * Statements are literals in the SQL that both understand, with $1, $2, … for
 * values in the order in which they appear.  They are prepared once a connection.
 * Not for two threads at once; one query at a time.
 */
#ifndef VIDIMUS_REPORT_SQL_H
#define VIDIMUS_REPORT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct sql;

enum { SQL_ERROR_SIZE = 512, SQL_VALUES_MAX = 24, SQL_WAIT_S = 60 };

/* URI: "postgresql:…" as libpq takes it, else the path of an SQLite file, which is
 * made when it is missing.  NULL with the reason in ERROR; a password in the URI
 * does not show in it. */
struct sql *sql_open(const char *uri, char error[SQL_ERROR_SIZE]);
void sql_close(struct sql *sql); /* NULL allowed */

bool sql_is_postgresql(const struct sql *sql);

/* Why the last call failed, in the database's words, on one line. */
const char *sql_error(const struct sql *sql);

struct sql_value {
    enum sql_type { SQL_NULL, SQL_INTEGER, SQL_TEXT } type;
    int64_t integer;
    struct text text; /* UTF-8 without NUL; lent for the call */
};

#define SQL_INT(n) ((struct sql_value){ .type = SQL_INTEGER, .integer = (n) })
#define SQL_STR(s) ((struct sql_value){ .type = SQL_TEXT, .text = text_of(s) })
#define SQL_OCTETS(t) ((struct sql_value){ .type = SQL_TEXT, .text = (t) })

/* Several statements without values or rows: a schema, BEGIN, COMMIT.  A write
 * waits up to SQL_WAIT_S for another connection's. */
bool sql_script(struct sql *sql, const char *script);

/* Begins a statement.  VALUES are lent until sql_end(). */
bool sql_begin(struct sql *sql, const char *statement, const struct sql_value *values,
               size_t count);

/* The next row: true.  None, or an error: false, and sql_end() tells which. */
bool sql_next(struct sql *sql);

/* Of the row at hand, by column from 0; valid until the next call.  NULL is 0 and
 * the empty text. */
int64_t sql_integer(const struct sql *sql, unsigned column);
struct text sql_text(const struct sql *sql, unsigned column);

/* Ends the statement, wherever it stands.  False: it has failed. */
bool sql_end(struct sql *sql);

/* A statement whose rows nobody wants; *CHANGED (NULL allowed) rows changed. */
bool sql_run(struct sql *sql, const char *statement, const struct sql_value *values, size_t count,
             uint64_t *changed);

/* STATEMENT with each of TIMES lists of COUNT values, in their order and without waiting
 * for one's end before the next goes: for some hundred at most.  ANSWERS[i]: the first
 * column of the first row that the i-th gave; 0: none. */
bool sql_run_each(struct sql *sql, const char *statement, const struct sql_value *values,
                  size_t count, size_t times, int64_t *answers);

#endif
