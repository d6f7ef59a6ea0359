/* allowance.h: what overrides say of a message, above all the strongest action that its
 * recipients may suffer.
 *
 * An override holds when every condition of it that is not empty holds; of those that
 * say something of a matter the first that holds counts, recipient by recipient.  All
 * recipients share one verdict, so what counts is the range over them.  Pure.
 */
#ifndef VIDIMUS_CORE_ALLOWANCE_H
#define VIDIMUS_CORE_ALLOWANCE_H

#include <stdbool.h>

#include "config/config.h"

struct evidence;

struct allowance {
    enum enforcement least, most;    /* over the recipients; equal for one recipient */
    bool allowed;                    /* by an override, for every recipient */
    const struct override *override; /* the first that holds for any of them, or NULL */
};

/* BASE stands where no override holds. */
void allowance_of(const struct evidence *evidence, enum enforcement base,
                  struct allowance *allowance);

/* Whether, as far as client and envelope sender tell, an override may yet hold
 * that spares the message a rejection. */
bool allowance_may_soften(const struct evidence *evidence);

/* Whether the message stands in reports: not if overrides keep it out for every
 * recipient. */
bool allowance_reports(const struct evidence *evidence);

/* The override that names an engine and holds, as far as is known at MAIL FROM; NULL:
 * none. */
const struct override *allowance_spf_engine(const struct evidence *evidence);
const struct override *allowance_dkim_engine(const struct evidence *evidence);

#endif
