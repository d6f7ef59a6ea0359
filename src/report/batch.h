/* batch.h: rows added up in memory, before the store takes them: a statement costs a
 * thousand times what that does.
 *
 * Equal rows of one policy and one day are one record with a count.  Bounded: who adds
 * asks batch_is_full(), and writes and clears it then.
 */
#ifndef VIDIMUS_REPORT_BATCH_H
#define VIDIMUS_REPORT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct region;
struct row;

enum {
    DIGEST_OCTETS = 16, /* of SHA-256: 2^64 rows until two are taken for one */
    DIGEST_SIZE = 2 * DIGEST_OCTETS + 1
};

/* What rows of one policy and one day go into. */
struct batch_target {
    char policy_digest[DIGEST_SIZE]; /* of POLICY */
    struct text policy;              /* the line of a row that says nothing else */
    const char *domain;              /* of the policy */
    int64_t day;
    uint64_t messages;
    int64_t policy_id, parts, report; /* the store's; 0 until it says */
    struct batch_target *next, *next_alike;
};

struct batch_record {
    char digest[DIGEST_SIZE]; /* of LINE */
    struct text line;         /* of a row without its time */
    struct batch_target *target;
    uint64_t messages;
    struct batch_record *next, *next_alike;
};

struct batch;

struct batch *batch_new(void); /* NULL: memory */
void batch_free(struct batch *batch); /* NULL allowed */

/* False: memory, or ROW cannot be written; the batch is of no use then. */
bool batch_add(struct batch *batch, const struct row *row);
bool batch_is_full(const struct batch *batch);

/* Lists that live as long as what is in the batch, the latest first. */
struct batch_target *batch_targets(const struct batch *batch);
struct batch_record *batch_records(const struct batch *batch);

/* Sorts its records by report and digest, so that the store writes them in the order in
 * which it keeps them.  False: memory. */
bool batch_sort(struct batch *batch);

/* Forgets all.  False: memory. */
bool batch_clear(struct batch *batch);

#endif
