/* store.h: where rows become reports: imported from the spool, added up, sent.
 *
 * SQLite for one host; PostgreSQL where several share one.  A row counts once
 * however often its segment is imported; a report is claimed by one sender at a
 * time.  README has the tables and the states of a report.
 *
 * Not for two threads at once.  Functions answer false, or an error of their enum,
 * with the reason in store_error().
 */
#ifndef VIDIMUS_REPORT_STORE_H
#define VIDIMUS_REPORT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "report/row.h"
#include "report/sql.h"

struct region;
struct store;

enum { DAY_S = 86400, REPORT_ID_SIZE = 80 };

/* Opens the store at URI (sql.h).  An SQLite file is made when it is missing; the
 * tables of PostgreSQL only with MAKE (`vidimus report init`), because that takes
 * other rights.  Tables of an earlier version are brought up to date.  NULL with the
 * reason in ERROR. */
struct store *store_open(const char *uri, bool make, char error[SQL_ERROR_SIZE]);
void store_close(struct store *store); /* NULL allowed */
const char *store_error(const struct store *store);

/* --- import ------------------------------------------------------------- */

enum store_import {
    STORE_IMPORT_NEW,   /* begun: add its rows */
    STORE_IMPORT_KNOWN, /* its rows are here already: nothing was begun */
    STORE_IMPORT_FAILED
};

/* Begins to import the segment called ID.  Importers take turns.  NOW decides which
 * days are over. */
enum store_import store_import_begin(struct store *store, const char *id, int64_t now);

/* A row of it.  Memory stays bounded whatever there is of them. */
bool store_import_row(struct store *store, const struct row *row);

/* All rows or none.  DAMAGED lines are noted with the segment. */
bool store_import_commit(struct store *store, uint64_t damaged);
void store_import_abandon(struct store *store);

/* --- reports ------------------------------------------------------------ */

enum report_state {
    REPORT_COLLECTING, /* its day is not over */
    REPORT_DUE,        /* to be sent, at `due` or later */
    REPORT_SENT,       /* the MTA took it for every destination that may have it */
    REPORT_UNWANTED,   /* no destination may have it */
    REPORT_GIVEN_UP    /* it could not be sent in time */
};

extern const struct name report_state_names[]; /* "collecting", … */

struct store_report {
    int64_t id;
    char report_id[REPORT_ID_SIZE]; /* the part before "@", unique for ever */
    int64_t day;                    /* its first second, UTC */
    unsigned part;                  /* 1; more: rows that came after the report was made */
    enum report_state state;
    uint64_t messages;
    uint64_t records;
    int64_t closed, due, changed; /* epoch seconds; CLOSED: when it became due first */
    unsigned attempts;
    const char *why; /* of the last attempt; "" */
    struct row_policy policy; /* texts, like `why`, in the region given */
};

/* Days over at NOW, by an hour for those who import late: their reports are due. */
bool store_close_days(struct store *store, int64_t now);

/* Whether that is so of the day that begins at DAY. */
bool store_day_is_over(int64_t day, int64_t now);

enum store_claim { STORE_CLAIMED, STORE_NONE_DUE, STORE_CLAIM_FAILED };

/* Takes a due report: nobody else gets it before LEASE_S seconds are over, or it is
 * settled. */
enum store_claim store_claim(struct store *store, int64_t now, unsigned lease_s,
                             struct region *region, struct store_report *report);

/* What became of the claimed report: its state (DUE: again at DUE), and why. */
bool store_settle(struct store *store, int64_t id, enum report_state state, int64_t now,
                  int64_t due, const char *why);

/* Calls VISIT for each record of the report; ROW is lent for the call. */
typedef void store_record_fn(void *context, const struct row *row, uint64_t count);
bool store_records(struct store *store, int64_t id, store_record_fn *visit, void *context);

/* Reports by day, newest first, then by domain.  What is left out (NULL, 0, -1)
 * does not restrict. */
struct store_filter {
    const char *domain;    /* policy domain */
    const char *report_id;
    int state;             /* an enum report_state, or -1 */
    int64_t from;          /* days that begin at or after it */
    unsigned most;         /* reports */
};

/* How many reports there were about the same domain and day before REPORT: a domain
 * that changes its record all the time would have very many. */
bool store_policies_of_day(struct store *store, const struct store_report *report,
                           uint64_t *before);

typedef void store_report_fn(void *context, const struct store_report *report);
bool store_list(struct store *store, const struct store_filter *filter, store_report_fn *visit,
                void *context);

/* --- destinations ------------------------------------------------------- */

enum delivery_state { DELIVERY_OPEN, DELIVERY_SENT, DELIVERY_REFUSED };

extern const struct name delivery_state_names[]; /* "open", "sent", "refused" */

struct store_delivery {
    const char *address; /* lent for the call */
    enum delivery_state state;
    int64_t changed;
    const char *why; /* "" */
};

/* Notes what became of the report for ADDRESS. */
bool store_note_delivery(struct store *store, int64_t report, const char *address,
                         enum delivery_state state, int64_t now, const char *why);

typedef void store_delivery_fn(void *context, const struct store_delivery *delivery);
bool store_deliveries(struct store *store, int64_t report, store_delivery_fn *visit,
                      void *context);

/* Whether ADDRESS has the report already. */
bool store_is_delivered(struct store *store, int64_t report, const char *address,
                        bool *delivered);

/* --- housekeeping ------------------------------------------------------- */

struct store_status {
    uint64_t reports[REPORT_GIVEN_UP + 1]; /* by state */
    uint64_t messages;                     /* in all of them */
    uint64_t segments;                     /* imported, and still remembered */
    int64_t oldest_due;                    /* 0: none */
};

bool store_status(struct store *store, struct store_status *status);

/* What was seen of policy domains since FROM: for `vidimus report domains`. */
struct store_domain {
    const char *domain;
    uint64_t messages, reports;
    int64_t last_day;
};

typedef void store_domain_fn(void *context, const struct store_domain *domain);
bool store_domains(struct store *store, int64_t from, store_domain_fn *visit, void *context);

/* Forgets settled reports of days before BEFORE; *COUNT reports went.  What is not
 * settled stays.  And segments imported before SEGMENTS_BEFORE: one whose file is still
 * there would count again. */
bool store_purge(struct store *store, int64_t before, int64_t segments_before, uint64_t *count);

#endif
