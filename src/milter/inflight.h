/* inflight.h: the end-of-message callbacks that run at this moment.
 *
 * Two parties ask: the drain at stop (no message that came to its end is
 * lost) and the watchdog (how old is the oldest judgement).  A callback that
 * waits for a slow MTA to read its reply is in flight but no longer judging:
 * that is the MTA's slowness, not ours.
 *
 * Messages whose content is still coming are counted too, because libmilter
 * reads nothing more once it stops.
 */
#ifndef VIDIMUS_MILTER_INFLIGHT_H
#define VIDIMUS_MILTER_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One callback; zeroed memory that its connection owns. */
struct inflight {
    int64_t since_ms;
    bool judging;
    struct inflight *next, *previous;
};

void inflight_begin(struct inflight *entry);
void inflight_judged(struct inflight *entry);
void inflight_end(struct inflight *entry);

/* One message more, or less, of which content has come but not the end. */
void inflight_content(bool begins);

/* Before libmilter stops: no message may begin any more; waits until nothing is on its
 * way, or until all that was when called is done; at most LIMIT_MS. */
void inflight_settle(int64_t limit_ms);

bool inflight_may_begin(void);

/* Notes that a callback of any kind ran: a message may be on its way. */
void inflight_touch(void);

size_t inflight_count(void);

/* Age of the oldest judgement that is not finished; 0: there is none. */
int64_t inflight_oldest_ms(void);

/* After libmilter stopped: waits until no callback runs and none ran for a moment (the reply is
 * written after the callback returns).  False: LIMIT_MS passed first. */
bool inflight_drain(int64_t limit_ms);

#endif
