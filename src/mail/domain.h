/* domain.h: domain names as mail authentication compares them.
 *
 * Inside vidimus a domain is always a NUL-terminated C string in lower-case
 * A-label form without trailing dot, at most DOMAIN_MAX octets, made by
 * domain_normalise().  So two domains are the same if strcmp() says so.  Text
 * that did not go through domain_normalise() is never compared, asked for in
 * DNS, or printed as a domain.  (RFC 1035 §2.3.4, RFC 5890, RFC 8616)
 */
#ifndef VIDIMUS_MAIL_DOMAIN_H
#define VIDIMUS_MAIL_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63 };

typedef char domain_name[DOMAIN_MAX + 1];

/* Normalises T into OUT.  Accepts letters, digits, '-' and '_' in labels of 1
 * to 63 octets, UTF-8 labels (made A-labels by IDNA2008/UTS 46), and one
 * trailing dot.  False (and OUT empty) for anything else: empty name or label,
 * control octets, over-long names, a malformed A-label, what IDNA refuses. */
bool domain_normalise(struct text t, domain_name out);

/* Number of labels of a normalised name; 0 for "". */
size_t domain_labels(const char *name);

/* NAME without its first label, or NULL when it has only one. */
const char *domain_parent(const char *name);

/* The last COUNT labels of NAME (NAME itself when it has no more). */
const char *domain_last_labels(const char *name, size_t count);

/* NAME is ANCESTOR or below it, by whole labels. */
bool domain_is_within(const char *name, const char *ancestor);

#endif
