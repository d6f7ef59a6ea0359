/* survey_mx.c: where mail to the domain goes (RFC 5321 §5.1, RFC 7505), and whether
 * TLSA records hold its hosts to their keys (RFC 7672). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/finding.h"
#include "auth/iprev.h"
#include "base/ip.h"
#include "cli/survey.h"

enum { ADDRESSES_SHOWN_MAX = 8, TLSA_OCTETS_MIN = 3 + 32 };

/* ---- one host */

static void see_reverse(struct aspect *a, const struct ip_address *ip)
{
    struct findings findings;
    domain_name confirmed;
    char shown[IP_TEXT_SIZE];

    ip_format(ip, shown);
    findings_init(&findings, a->survey->teller.region);
    check_iprev(&findings, a->survey->dns, ip, confirmed);
    if (!findings.first)
        return;
    if (findings.first->result == RESULT_PASS)
        aspect_fact(a, 2, "%s is %s, and back", shown, confirmed);
    else if (findings.first->result == RESULT_TEMPERROR)
        aspect_judge(a, GRADE_UNKNOWN, "try again later", "%s: %s", shown,
                     findings.first->reason ? findings.first->reason : "DNS failed");
    else if (findings.first->result == RESULT_FAIL)
        aspect_judge(a, GRADE_ADVICE, "let the reverse name have this address, if the host sends "
                                      "mail, too: many receivers insist",
                     "the reverse name of %s does not lead back", shown);
    else
        aspect_judge(a, GRADE_ADVICE, "have one published (by whoever the network belongs to), if "
                                      "the host sends mail, too: many receivers insist",
                     "%s has no reverse name", shown);
}

static size_t see_addresses(struct aspect *a, const char *host, enum dns_type type)
{
    const struct dns_answer *answer = survey_ask(a, host, type);

    if (!answer)
        return 1; /* judged; not to be told missing, too */
    if (answer->through_cname)
        aspect_judge(a, GRADE_WRONG, "name the host itself in the MX record (RFC 2181, 10.3)",
                     "%s is an alias (CNAME)", host);
    for (size_t i = 0; i < answer->count && i < ADDRESSES_SHOWN_MAX; i++) {
        struct ip_address ip = ip_from_octets(type == DNS_A ? IP_V4 : IP_V6,
                                              answer->records[i].address);

        see_reverse(a, &ip);
    }
    return answer->count;
}

static void see_host(struct aspect *a, unsigned preference, const char *host)
{
    domain_name name;

    aspect_fact(a, 1, "%u %s", preference, told(&a->survey->teller, text_of(host)));
    if (!domain_normalise(text_of(host), name)) {
        aspect_judge(a, GRADE_WRONG, "name a host there", "%s is no host name",
                     told(&a->survey->teller, text_of(host)));
        return;
    }
    if (see_addresses(a, name, DNS_A) + see_addresses(a, name, DNS_AAAA) == 0)
        aspect_judge(a, GRADE_WRONG, "publish its address, or take it out of the MX records",
                     "%s has no address", name);
}

/* ---- MX */

static int by_preference(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;

    return x->mx.preference - y->mx.preference;
}

static void note_hosts(struct survey *s, const struct dns_answer *answer,
                       const struct dns_record *sorted)
{
    s->hosts_secure = answer->secure;
    for (size_t i = 0; i < answer->count && s->host_count < SURVEY_HOSTS_MAX; i++)
        if (domain_normalise(text_of(sorted[i].mx.exchange), s->hosts[s->host_count]))
            s->host_count++;
}

static void see_exchanges(struct aspect *a, const struct dns_answer *answer)
{
    struct dns_record sorted[DNS_RECORDS_MAX];
    bool null_mx = false;

    memcpy(sorted, answer->records, answer->count * sizeof *sorted);
    qsort(sorted, answer->count, sizeof *sorted, by_preference);
    for (size_t i = 0; i < answer->count; i++)
        null_mx |= sorted[i].mx.exchange[0] == '\0';
    if (null_mx && answer->count > 1) {
        aspect_judge(a, GRADE_WRONG, "the null MX (\".\") stands alone, or not at all (RFC 7505)",
                     "a null MX among other MX records");
    } else if (null_mx) {
        aspect_fact(a, 0, "null MX: the domain takes no mail, and says so");
        return;
    }
    note_hosts(a->survey, answer, sorted);
    for (size_t i = 0; i < answer->count && i < SURVEY_HOSTS_MAX; i++)
        if (sorted[i].mx.exchange[0])
            see_host(a, sorted[i].mx.preference, sorted[i].mx.exchange);
}

/* Without MX records mail goes to the domain's own address. */
static void see_own_address(struct aspect *a)
{
    const char *domain = a->survey->domain;
    const struct dns_answer *v4 = survey_ask(a, domain, DNS_A);
    const struct dns_answer *v6 = survey_ask(a, domain, DNS_AAAA);

    if (v4 && v6 && v4->count + v6->count > 0)
        aspect_judge(a, GRADE_ADVICE, "publish an MX record, or the null MX (\"0 .\") if the "
                                      "domain takes no mail",
                     "no MX record: mail goes to the domain's own address");
    else if (v4 && v6)
        aspect_judge(a, GRADE_ADVICE, "publish the null MX (\"0 .\"), so that senders need not try",
                     "no MX record and no address: no mail reaches the domain");
}

void survey_mx(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "MX");
    const struct dns_answer *answer = survey_ask(a, survey->domain, DNS_MX);

    if (!answer)
        return;
    if (answer->status == DNS_NXDOMAIN)
        aspect_judge(a, GRADE_WRONG, "check the spelling; nothing else can be right either",
                     "%s does not exist", survey->domain);
    else if (answer->count > 0)
        see_exchanges(a, answer);
    else
        see_own_address(a);
    aspect_number(a, "hosts", (double)survey->host_count);
}

/* ---- DANE */

/* usage, selector, matching type and the data of one TLSA record (RFC 6698 §2.1). */
static bool is_usable(struct text rdata)
{
    const unsigned char *o = (const unsigned char *)rdata.data;

    return rdata.len >= TLSA_OCTETS_MIN && (o[0] == 2 || o[0] == 3) && o[1] <= 1 && o[2] <= 2;
}

/* Whether senders go by what stands there. */
static bool see_tlsa(struct aspect *a, const char *host, const struct dns_answer *answer)
{
    const char *secured = answer->secure ? ", secured by DNSSEC" : "";
    bool usable = false;

    for (size_t i = 0; i < answer->count; i++) {
        const unsigned char *o = (const unsigned char *)answer->records[i].data.data;

        if (answer->records[i].data.len >= 3)
            aspect_fact(a, 1, "%s: TLSA %u %u %u%s", host, o[0], o[1], o[2], secured);
        usable |= is_usable(answer->records[i].data);
    }
    if (!usable)
        aspect_judge(a, GRADE_WRONG, "publish \"3 1 1\" with the SHA-256 of the host's public key "
                                     "(RFC 7672, 3.1)",
                     "%s: no TLSA record that SMTP can use", host);
    else if (a->survey->validates && !answer->secure)
        aspect_judge(a, GRADE_ADVICE, "have the zone of the host signed, and its DS record in the "
                                      "zone above",
                     "%s: DNSSEC does not secure the TLSA records: senders ignore them", host);
    return usable && answer->secure;
}

/* TLSA records count only with a secure way to the host's name (RFC 7672 §2.2.1). */
static void judge_way(struct aspect *a)
{
    const struct survey *s = a->survey;

    if (!s->validates)
        aspect_judge(a, GRADE_ADVICE, "ask with --dnssec",
                     "not validated here: senders ignore TLSA records that DNSSEC does not secure");
    else if (!s->hosts_secure)
        aspect_judge(a, GRADE_ADVICE, "have the zone of the domain signed, and its DS record in "
                                      "the zone above",
                     "DNSSEC does not secure the MX records: senders ignore the TLSA records");
    else
        aspect_fact(a, 0, "DNSSEC secures the MX records");
}

void survey_dane(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "DANE");
    size_t found = 0, secure = 0;

    for (size_t i = 0; i < survey->host_count; i++) {
        const struct dns_answer *answer;
        domain_name name;

        if (!survey_name("_25._tcp", survey->hosts[i], name))
            continue;
        answer = survey_ask(a, name, DNS_TLSA);
        if (answer && answer->count > 0) {
            found++;
            secure += see_tlsa(a, survey->hosts[i], answer);
        }
    }
    if (found > 0)
        judge_way(a);
    if (found > 0 && found < survey->host_count)
        aspect_judge(a, GRADE_ADVICE, "publish them for every host: the weakest is what is attacked",
                     "%zu of %zu MX hosts have TLSA records", found, survey->host_count);
    else if (found == 0 && a && a->grade == GRADE_GOOD)
        aspect_judge(a, GRADE_ABSENT, NULL, "no TLSA record of an MX host");
    aspect_number(a, "hosts", (double)found);
    aspect_number(a, "secure", (double)(survey->hosts_secure ? secure : 0));
}
