/* ip.h: client addresses and networks.
 *
 * An IPv4-mapped IPv6 address is the IPv4 address it maps (RFC 7208 §5):
 * every way into this type folds it, so no caller can forget. */
#ifndef VIDIMUS_BASE_IP_H
#define VIDIMUS_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct sockaddr;
struct sockaddr_storage;

enum ip_family { IP_NONE, IP_V4, IP_V6 };

enum { IP_TEXT_SIZE = 46, IP_REVERSE_SIZE = 74 };

struct ip_address {
    enum ip_family family;
    uint8_t octets[16]; /* network order; the first 4 for IPv4 */
};

struct ip_network {
    struct ip_address address;
    unsigned prefix; /* bits, 0..32 or 0..128 */
};

/* Parses T ("192.0.2.1", "2001:db8::1", also "IPv6:…" as in address
 * literals).  False, and *IP of IP_NONE, for anything else. */
bool ip_parse(struct text t, struct ip_address *ip);

struct ip_address ip_from_octets(enum ip_family family, const uint8_t *octets);

/* "192.0.2.1:80", "[2001:db8::1]:80"; the port is 1 to 65535. */
bool ip_port_parse(struct text t, struct ip_address *ip, unsigned *port);

/* Fills *OUT for connect(2) or bind(2); its size, 0 for IP_NONE. */
size_t ip_to_sockaddr(const struct ip_address *ip, unsigned port, struct sockaddr_storage *out);

/* IP_NONE for a NULL pointer or a family other than IPv4 and IPv6. */
struct ip_address ip_from_sockaddr(const struct sockaddr *sa);

bool ip_equal(const struct ip_address *a, const struct ip_address *b);
bool ip_is_loopback(const struct ip_address *ip);

/* "address" or "address/bits", host bits allowed and ignored. */
bool ip_network_parse(struct text t, struct ip_network *net);

bool ip_network_has(const struct ip_network *net, const struct ip_address *ip);

/* Text form, lower case, RFC 5952.  "" for IP_NONE.  Returns OUT. */
const char *ip_format(const struct ip_address *ip, char out[IP_TEXT_SIZE]);

/* The name to ask for PTR: "1.2.0.192.in-addr.arpa", "….ip6.arpa". */
const char *ip_reverse_name(const struct ip_address *ip, char out[IP_REVERSE_SIZE]);

#endif
