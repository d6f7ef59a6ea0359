/* psl.h: the Public Suffix List, for `organizational-domain = psl` (RFC 7489). */
#ifndef VIDIMUS_AUTH_PSL_H
#define VIDIMUS_AUTH_PSL_H

#include "mail/domain.h"

/* The organizational domain of NAME (normalised) by the list: a suffix of NAME
 * itself, or NAME when it is a public suffix.  A top-level domain that the list
 * does not know counts as a public suffix, as the list's own rule "*" says. */
const char *listed_organizational_domain(const char *name);

#endif
