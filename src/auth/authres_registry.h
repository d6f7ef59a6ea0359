/* authres_registry.h: what IANA registers for the methods that we write: their
 * results and properties (RFC 8601 §6, RFC 6008, RFC 8617, RFC 9989).  Writer
 * and reader know nothing beyond these rows. */
#ifndef VIDIMUS_AUTH_AUTHRES_REGISTRY_H
#define VIDIMUS_AUTH_AUTHRES_REGISTRY_H

#include <stdbool.h>

#include "auth/finding.h"

/* Whether RESULT is registered for METHOD. */
bool authres_has_result(enum method method, enum result result);

/* The registered spelling (static) of property NAME of METHOD, ASCII case
 * ignored; NULL when it is not registered. */
const char *authres_property(enum method method, struct text name);

#endif
