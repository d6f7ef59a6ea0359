#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct ip_address ip_from_octets(enum ip_family family, const uint8_t *octets)
{
    struct ip_address ip = { .family = family };

    if (family == IP_V6 && memcmp(octets, mapped_prefix, sizeof mapped_prefix) == 0) {
        ip.family = IP_V4;
        octets += sizeof mapped_prefix;
    }
    if (ip.family != IP_NONE)
        memcpy(ip.octets, octets, ip.family == IP_V4 ? 4 : 16);
    return ip;
}

bool ip_parse(struct text t, struct ip_address *ip)
{
    char name[IP_TEXT_SIZE];
    uint8_t octets[16];

    *ip = (struct ip_address){ .family = IP_NONE };
    if (text_starts_nocase(t, TEXT("IPv6:")))
        t = text_tail(t, 5);
    if (t.len == 0 || t.len >= sizeof name || text_find(t, '\0') < t.len)
        return false;
    memcpy(name, t.data, t.len);
    name[t.len] = '\0';
    if (inet_pton(AF_INET, name, octets) == 1)
        *ip = ip_from_octets(IP_V4, octets);
    else if (inet_pton(AF_INET6, name, octets) == 1)
        *ip = ip_from_octets(IP_V6, octets);
    return ip->family != IP_NONE;
}

struct ip_address ip_from_sockaddr(const struct sockaddr *sa)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (sa && sa->sa_family == AF_INET) {
        memcpy(&v4, sa, sizeof v4);
        return ip_from_octets(IP_V4, (const uint8_t *)&v4.sin_addr);
    }
    if (sa && sa->sa_family == AF_INET6) {
        memcpy(&v6, sa, sizeof v6);
        return ip_from_octets(IP_V6, v6.sin6_addr.s6_addr);
    }
    return (struct ip_address){ .family = IP_NONE };
}

bool ip_port_parse(struct text t, struct ip_address *ip, unsigned *port)
{
    bool bracketed = t.len > 0 && t.data[0] == '[';
    size_t colon = bracketed ? text_find(t, ']') + 1 : text_find(t, ':');
    struct text address = text_head(t, colon);
    unsigned long long number;

    *ip = (struct ip_address){ .family = IP_NONE };
    if (colon >= t.len || t.data[colon] != ':' ||
        !text_to_uint(text_tail(t, colon + 1), 65535, &number) || number == 0)
        return false;
    if (bracketed)
        address = text_head(text_tail(address, 1), address.len - 2);
    *port = (unsigned)number;
    return !text_starts_nocase(address, TEXT("IPv6:")) && ip_parse(address, ip);
}

size_t ip_to_sockaddr(const struct ip_address *ip, unsigned port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    memset(out, 0, sizeof *out);
    switch (ip->family) {
    case IP_NONE:
        return 0;
    case IP_V4:
        memcpy(&v4.sin_addr, ip->octets, sizeof v4.sin_addr);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    case IP_V6:
        memcpy(&v6.sin6_addr, ip->octets, sizeof v6.sin6_addr);
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

bool ip_is_loopback(const struct ip_address *ip)
{
    static const uint8_t v6_loopback[16] = { [15] = 1 };

    if (ip->family == IP_V4)
        return ip->octets[0] == 127;
    return ip->family == IP_V6 && memcmp(ip->octets, v6_loopback, sizeof v6_loopback) == 0;
}

bool ip_network_parse(struct text t, struct ip_network *net)
{
    size_t slash = text_find(t, '/');
    struct text address = text_head(t, slash);
    unsigned long long bits;
    unsigned max;

    if (text_starts_nocase(address, TEXT("IPv6:")) || !ip_parse(address, &net->address))
        return false;
    max = net->address.family == IP_V4 ? 32 : 128;
    net->prefix = max;
    if (slash == t.len)
        return true;
    /* A mapped address was folded to IPv4; its prefix counts from /96. */
    if (net->address.family == IP_V4 && text_find(address, ':') < address.len) {
        if (!text_to_uint(text_tail(t, slash + 1), 128, &bits) || bits < 96)
            return false;
        bits -= 96;
    } else if (!text_to_uint(text_tail(t, slash + 1), max, &bits)) {
        return false;
    }
    net->prefix = (unsigned)bits;
    return true;
}

bool ip_network_has(const struct ip_network *net, const struct ip_address *ip)
{
    unsigned whole = net->prefix / 8;
    unsigned rest = net->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    if (ip->family == IP_NONE || net->address.family != ip->family)
        return false;
    if (memcmp(net->address.octets, ip->octets, whole) != 0)
        return false;
    return rest == 0 || ((net->address.octets[whole] ^ ip->octets[whole]) & mask) == 0;
}

const char *ip_format(const struct ip_address *ip, char out[IP_TEXT_SIZE])
{
    out[0] = '\0';
    if (ip->family != IP_NONE)
        inet_ntop(ip->family == IP_V4 ? AF_INET : AF_INET6, ip->octets, out, IP_TEXT_SIZE);
    return out;
}

const char *ip_reverse_name(const struct ip_address *ip, char out[IP_REVERSE_SIZE])
{
    const uint8_t *o = ip->octets;
    char *at = out;

    if (ip->family != IP_V6) {
        snprintf(out, IP_REVERSE_SIZE, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
        return out;
    }
    for (int i = 15; i >= 0; i--)
        at += snprintf(at, (size_t)(IP_REVERSE_SIZE - (at - out)), "%x.%x.", o[i] & 0xfu,
                       (unsigned)o[i] >> 4);
    snprintf(at, (size_t)(IP_REVERSE_SIZE - (at - out)), "ip6.arpa");
    return out;
}
