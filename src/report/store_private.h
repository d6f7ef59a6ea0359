/* store_private.h: what the files of the store share. */
#ifndef VIDIMUS_REPORT_STORE_PRIVATE_H
#define VIDIMUS_REPORT_STORE_PRIVATE_H

#include "report/store.h"

struct importing;

struct store {
    struct sql *sql;
    struct importing *importing; /* NULL: no import has begun */
    char error[SQL_ERROR_SIZE];
};

/* Notes WHY; always false. */
bool store_fail(struct store *store, const char *why);

/* A transaction that writes, alone among those that begin here. */
bool store_transaction(struct store *store);
bool store_commit(struct store *store);
void store_rollback(struct store *store);

/* Sees to it that the tables are there, and of this version; makes them if they
 * are missing and may be made. */
bool store_schema(struct store *store, bool make);

#endif
