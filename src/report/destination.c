#include "report/destination.h"

#include <stdio.h>
#include <string.h>

#include "auth/dmarc_walk.h"
#include "base/cursor.h"
#include "base/region.h"
#include "dns/scope.h"

/* --- URIs --------------------------------------------------------------- */

/* Undoes %XX (RFC 6068 §2).  False when T is too long for OUT, or malformed. */
static bool decode(struct text t, char out[ADDRESS_SIZE], size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];

        if (c == '%') {
            int high = i + 2 < t.len ? octet_hex(t.data[i + 1]) : -1;
            int low = i + 2 < t.len ? octet_hex(t.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (*len == ADDRESS_SIZE - 1)
            return false;
        out[(*len)++] = c;
    }
    return true;
}

/* Dot-string (RFC 5321 §4.1.2): no address that needs quotes wants reports. */
static bool is_atom_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_local_part(struct text t)
{
    if (t.len == 0 || t.len > LOCAL_PART_MAX || t.data[0] == '.' || t.data[t.len - 1] == '.')
        return false;
    for (size_t i = 0; i + 1 < t.len; i++)
        if (t.data[i] == '.' && t.data[i + 1] == '.')
            return false;
    return text_all(t, is_atom_octet);
}

/* One URI of the list: "mailto:" address ["?" fields] ["!" size]. */
static bool parse_uri(struct text uri, struct destination *d)
{
    char plain[ADDRESS_SIZE];
    struct text address, local;
    size_t len;

    uri = text_trim(uri);
    if (!text_starts_nocase(uri, TEXT("mailto:")))
        return false;
    uri = text_tail(uri, strlen("mailto:"));
    uri = text_head(uri, text_find(uri, '!'));
    uri = text_head(uri, text_find(uri, '?'));
    if (!decode(text_trim(uri), plain, &len))
        return false;
    address = (struct text){ plain, len };
    local = text_head(address, text_find(address, '@'));
    if (!is_local_part(local) || !domain_normalise(text_tail(address, local.len + 1), d->host))
        return false;
    d->state = DESTINATION_READY;
    d->why = "";
    return snprintf(d->address, sizeof d->address, "%.*s@%s", TEXT_ARGS(local), d->host) <
           (int)sizeof d->address;
}

static bool is_among(const struct destination *d, const struct destination *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i].address, d->address) == 0)
            return true;
    return false;
}

size_t destinations_parse(const char *rua, struct destination out[DESTINATIONS_MAX])
{
    struct text rest = text_of(rua);
    size_t count = 0;

    while (rest.len > 0 && count < DESTINATIONS_MAX) {
        struct text uri = text_head(rest, text_find(rest, ','));

        if (parse_uri(uri, &out[count]) && !is_among(&out[count], out, count))
            count++;
        rest = text_tail(rest, uri.len + 1);
    }
    return count;
}

/* --- is it wanted there? ------------------------------------------------ */

struct inquiry {
    struct region *region;
    struct dns_scope *dns;
    const char *policy_domain;
    enum destination_tag tag;
};

static void settle(struct destination *d, enum destination_state state, const char *why)
{
    d->state = state;
    d->why = why;
}

/* Whether the host needs to give permission: it and the policy domain are of
 * different organizations. */
static bool is_stranger(struct destination *d, const struct inquiry *q)
{
    struct dmarc_walk host, policy;
    const char *of_host, *of_policy;

    if (strcmp(d->host, q->policy_domain) == 0)
        return false;
    dmarc_walk_run(&host, q->region, q->dns, d->host);
    dmarc_walk_run(&policy, q->region, q->dns, q->policy_domain);
    of_host = dmarc_walk_organization(&host);
    of_policy = dmarc_walk_organization(&policy);
    if (of_host && of_policy)
        return strcmp(of_host, of_policy) != 0;
    settle(d, DESTINATION_LATER, "the DNS does not say whose domain it is");
    return false;
}

/* The record may name another address for these reports, on the same host. */
static void replace_address(struct destination *d, const struct dmarc_record *record,
                            const struct inquiry *q)
{
    const struct text uris = q->tag == DESTINATION_RUF ? record->ruf : record->rua;
    struct destination others[DESTINATIONS_MAX];
    const char *copy = text_dup(q->region, uris);
    size_t count = copy ? destinations_parse(copy, others) : 0;

    if (uris.len == 0)
        return;
    if (count == 0 || strcmp(others[0].host, d->host) != 0) {
        settle(d, DESTINATION_REFUSED, "it names an address on another host");
        return;
    }
    memcpy(d->address, others[0].address, sizeof d->address);
}

/* "v=DMARC1" is enough; no policy is needed here. */
static bool is_permission(struct text t, struct dmarc_record *record)
{
    switch (dmarc_record_parse(t, record)) {
    case DMARC_RECORD_OK:
    case DMARC_RECORD_UNUSABLE:
        return true;
    case DMARC_RECORD_NONE:
    case DMARC_RECORD_INVALID:
        return false;
    }
    return false;
}

/* Where the host says what it wants of reports about the policy domain (RFC 9990 §4). */
static bool permission_name(const struct destination *d, const struct inquiry *q, domain_name out)
{
    char name[3 * (DOMAIN_MAX + 1)];
    int len = snprintf(name, sizeof name, "%s._report._dmarc.%s", q->policy_domain, d->host);

    if (len > DOMAIN_MAX)
        return false;
    memcpy(out, name, (size_t)len + 1);
    return true;
}

static void ask_permission(struct destination *d, const struct inquiry *q)
{
    const struct dns_answer *answer;
    domain_name name;

    if (!permission_name(d, q, name)) {
        settle(d, DESTINATION_REFUSED, "its permission would have too long a name");
        return;
    }
    answer = dns_scope_lookup(q->dns, name, DNS_TXT);
    if (dns_failed(answer)) {
        settle(d, DESTINATION_LATER, "the DNS does not say whether it wants them");
        return;
    }
    for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++) {
        struct dmarc_record record;

        if (is_permission(answer->records[i].data, &record)) {
            replace_address(d, &record, q);
            return;
        }
    }
    settle(d, DESTINATION_REFUSED, "its domain does not say that it wants them");
}

static void start_walks(const struct destination *all, size_t count, const struct inquiry *q)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].host, q->policy_domain) != 0) {
            dmarc_walk_start(q->dns, all[i].host);
            dmarc_walk_start(q->dns, q->policy_domain);
        }
}

/* Each step asks for all before it waits for the first. */
static void check_all(struct destination *all, size_t count, const struct inquiry *q)
{
    bool strangers[DESTINATIONS_MAX];
    domain_name name;

    start_walks(all, count, q);
    for (size_t i = 0; i < count; i++) {
        strangers[i] = is_stranger(&all[i], q);
        if (strangers[i] && permission_name(&all[i], q, name))
            dns_scope_start(q->dns, name, DNS_TXT, NULL, NULL);
    }
    for (size_t i = 0; i < count; i++)
        if (strangers[i])
            ask_permission(&all[i], q);
}

size_t destinations_find(struct region *region, struct dns_scope *dns, const char *policy_domain,
                         enum destination_tag tag, const char *uris,
                         struct destination out[DESTINATIONS_MAX])
{
    const struct inquiry inquiry = { region, dns, policy_domain, tag };
    size_t count = destinations_parse(uris, out);

    check_all(out, count, &inquiry);
    return count;
}
