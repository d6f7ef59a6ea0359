/* running.h: the snapshot that new connections and messages begin with.
 *
 * Swapped as one by a reload; whoever began with the old one keeps it until
 * he is done.
 */
#ifndef VIDIMUS_MILTER_RUNNING_H
#define VIDIMUS_MILTER_RUNNING_H

struct resolver_counters;
struct snapshot;

/* Takes over one reference of SNAPSHOT (NULL: nothing runs any more) and drops
 * the one of the snapshot before. */
void running_set(struct snapshot *snapshot);

/* A new reference of the present snapshot, or NULL. */
struct snapshot *running_get(void);

/* What all resolvers counted, so that no number falls at a reload.  Of one that is
 * replaced it is what it had counted by then: what messages still ask it is not. */
void running_count_dns(struct resolver_counters *counters);

#endif
