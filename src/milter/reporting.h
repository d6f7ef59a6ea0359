/* reporting.h: a report row for each message that deserves one, into the spool (with
 * `reports { enabled = true }`), and a file for each failure that does (with `failure =
 * true`). */
#ifndef VIDIMUS_MILTER_REPORTING_H
#define VIDIMUS_MILTER_REPORTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/failure_spool.h"
#include "report/row.h"
#include "report/spool.h"

struct config;
struct dns_scope;
struct ip_address;
struct judgement;

/* While we are root: the directory, for UID and GID. */
void reporting_prepare(const struct config *config, uid_t uid, gid_t gid);

/* CONFIG stays lent.  SPOOL_STARTED also when reports are off. */
enum spool_start reporting_start(const struct config *config, char *error, size_t error_size);

/* A message came to its end; DNS: its questions; COMES_AGAIN: it was answered with a
 * temporary failure.  From any thread; waits for nothing. */
void reporting_note(const struct judgement *judgement, struct dns_scope *dns,
                    const struct ip_address *client, bool comes_again);

enum { ROW_CASE_COUNT = ROW_LEFT_OUT + 1 };

struct reporting_counters {
    bool enabled;
    uint64_t messages[ROW_CASE_COUNT]; /* by enum row_case */
    struct spool_counters spool;
    bool failure; /* is on */
    struct failure_counters failures;
};

void reporting_count(struct reporting_counters *counters);

/* Writes out what waits, at most LIMIT_MS.  Messages noted later are lost. */
void reporting_stop(int64_t limit_ms);

/* After reporting_stop(), when nothing is noted any more. */
void reporting_free(void);

#endif
