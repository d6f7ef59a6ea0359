/* authres_registry.h: what IANA registers for the methods that we write: their
 * results and properties (RFC 8601 §6, RFC 6008, RFC 8617, RFC 9989).  Writer
 * and reader know nothing beyond these rows. */
#ifndef VIDIMUS_AUTH_AUTHRES_REGISTRY_H
#define VIDIMUS_AUTH_AUTHRES_REGISTRY_H

#include <stdbool.h>

#include "auth/finding.h"
#include "base/text.h"

/* Whether RESULT is registered for METHOD. */
bool authres_has_result(enum method method, enum result result);

/* The registered spelling (static) of property NAME of METHOD, ASCII case
 * ignored; NULL when it is not registered. */
const char *authres_property(enum method method, struct text name);

/* tspecials of RFC 2045 §5.1: never in an unquoted value */
static inline bool authres_is_tspecial(char c)
{
    switch (c) {
    case '(': case ')': case '<': case '>': case '@':
    case ',': case ';': case ':': case '\\': case '"':
    case '/': case '[': case ']': case '?': case '=':
        return true;
    default:
        return false;
    }
}

/* Whether a control character starts at octet I of the UTF-8 text T: C0, DEL, or
 * U+0080..U+009F. */
bool authres_is_control(struct text t, size_t i);

#endif
