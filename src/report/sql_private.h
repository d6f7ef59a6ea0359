/* sql_private.h: what a kind of database does for sql.c. */
#ifndef VIDIMUS_REPORT_SQL_PRIVATE_H
#define VIDIMUS_REPORT_SQL_PRIVATE_H

#include "report/sql.h"

/* As in sql.h; HANDLE is the database's own connection.  What fails says why in
 * ERROR, on one line. */
struct sql_backend {
    void *(*open)(const char *uri, char error[SQL_ERROR_SIZE]);
    void (*close)(void *handle);
    bool (*script)(void *handle, const char *script, char error[SQL_ERROR_SIZE]);
    bool (*begin)(void *handle, const char *statement, const struct sql_value *values,
                  size_t count, char error[SQL_ERROR_SIZE]);
    int (*next)(void *handle, char error[SQL_ERROR_SIZE]); /* 1 a row, 0 the end, -1 an error */
    int64_t (*integer)(void *handle, unsigned column);
    struct text (*text)(void *handle, unsigned column);
    uint64_t (*end)(void *handle); /* rows changed */
    bool (*run_each)(void *handle, const char *statement, const struct sql_value *values,
                     size_t count, size_t times, int64_t *answers, char error[SQL_ERROR_SIZE]);
};

extern const struct sql_backend sql_sqlite, sql_postgresql;

/* MESSAGE on one line in ERROR. */
void sql_say(char error[SQL_ERROR_SIZE], const char *message);

#endif
