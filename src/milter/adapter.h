/* adapter.h: libmilter's callbacks, as calls of core/transaction.h.
 *
 * libmilter runs the callbacks of one connection one after another, but on
 * changing threads: all state hangs off smfi_setpriv(), no lock is held when
 * a callback returns.  A message's state goes with its end, an abort or the
 * next MAIL; a connection's with close.
 */
#ifndef VIDIMUS_MILTER_ADAPTER_H
#define VIDIMUS_MILTER_ADAPTER_H

#include <stdbool.h>

/* Registers the callbacks with libmilter.  REPLIES_AT_MAIL: `spf { reject-at =
 * mail }`: MAIL FROM gets a reply.  It is negotiated with every MTA alike,
 * because libmilter's state table is one for all: it cannot change later. */
bool adapter_register(bool replies_at_mail);

#endif
