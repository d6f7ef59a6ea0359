/* name_private.h: DNS names as octets of the wire (RFC 1035 §3.1).
 *
 * Questions and zone data are compared in this form, lower-cased, because a
 * label may hold any octet.  A name leaves this layer only as a domain_name,
 * after dns_name_to_domain() found it harmless; of an MX record, after
 * dns_name_to_visible() did.
 */
#ifndef VIDIMUS_DNS_NAME_PRIVATE_H
#define VIDIMUS_DNS_NAME_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "mail/domain.h"

enum { DNS_NAME_OCTETS_MAX = 255 };

/* Uncompressed labels with the closing root label; lower case.  A zeroed name
 * is none at all (the root has len 1). */
struct dns_name {
    uint8_t len;
    uint8_t octets[DNS_NAME_OCTETS_MAX];
};

/* The name that dotted text T means; one trailing dot is allowed.  A backslash
 * is an octet like any other.  False when that is no possible name: an empty
 * label or one over 63 octets, over 253 in all, control octets. */
bool dns_name_from_text(struct text t, struct dns_name *name);

/* The name at the start of LEN octets DATA, stored uncompressed.  Returns the
 * octets it took, 0 when it is malformed. */
size_t dns_name_from_wire(const uint8_t *data, size_t len, struct dns_name *name);

/* Appends one label; false when it does not fit.  The name must not be closed
 * yet; dns_name_close() adds the root label. */
bool dns_name_add_label(struct dns_name *name, struct text label);
bool dns_name_close(struct dns_name *name);

/* Appends all labels of SUFFIX, the root label included. */
bool dns_name_add_name(struct dns_name *name, const struct dns_name *suffix);

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

/* The name without its first label; false for the root. */
bool dns_name_parent(const struct dns_name *name, struct dns_name *parent);

/* Whether every label is letters, digits, '-' and '_' only; then OUT is the
 * name as mail/domain.h wants it ("" for the root).  Else OUT is "". */
bool dns_name_to_domain(const struct dns_name *name, domain_name out);

/* Likewise for labels of any visible ASCII but '.' and '\\': a name that may be
 * asked for again, and is no domain. */
bool dns_name_to_visible(const struct dns_name *name, domain_name out);

enum { DNS_NAME_TEXT_SIZE = DNS_NAME_OCTETS_MAX * 4 + 1 };

/* Presentation form with a trailing dot; every octet but letters, digits, '-',
 * '_' and '*' is escaped as \DDD.  Returns OUT. */
const char *dns_name_format(const struct dns_name *name, char out[DNS_NAME_TEXT_SIZE]);

/* Hash for tables whose keys strangers choose: seeded once a process. */
uint32_t dns_name_hash(const struct dns_name *name, unsigned type);

#endif
