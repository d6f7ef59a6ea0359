/* survey_tls.c: what a domain says of TLS to its MX hosts: MTA-STS (RFC 8461) and
 * TLS-RPT (RFC 8460).
 *
 * The policy file comes from a host that the domain names: its size, its time and its
 * protocol are bounded, it redirects nowhere, and nothing of it is trusted. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "cli/survey.h"

enum { POLICY_OCTETS_MAX = 65536, FETCH_S = 60, CONNECT_S = 20, ID_OCTETS_MAX = 32 };
enum { MAX_AGE_LONGEST = 31557600, MAX_AGE_SHORT = 86400, AGE_DIGITS_MAX = 10 };

/* ---- the policy file */

struct policy {
    struct text mode, max_age;
    struct text hosts[SURVEY_HOSTS_MAX];
    size_t host_count;
    bool version;
};

static void take_pair(struct policy *p, struct text key, struct text value)
{
    if (text_equal(key, TEXT("version")))
        p->version = text_equal(value, TEXT("STSv1"));
    else if (text_equal(key, TEXT("mode")) && p->mode.len == 0)
        p->mode = value;
    else if (text_equal(key, TEXT("max_age")) && p->max_age.len == 0)
        p->max_age = value;
    else if (text_equal(key, TEXT("mx")) && p->host_count < SURVEY_HOSTS_MAX)
        p->hosts[p->host_count++] = value;
}

/* Lines of "key: value" (RFC 8461 §3.2). */
static void read_policy(struct policy *p, struct text file)
{
    *p = (struct policy){ .version = false };
    while (file.len > 0) {
        struct text line = text_head(file, text_find(file, '\n'));
        size_t colon = text_find(line, ':');

        file = text_tail(file, line.len + 1);
        if (colon < line.len)
            take_pair(p, text_trim(text_head(line, colon)), text_trim(text_tail(line, colon + 1)));
    }
}

/* Whether PATTERN, a host or "*.domain" (one label), covers HOST. */
static bool covers(struct text pattern, const char *host)
{
    domain_name name;
    const char *parent;

    if (pattern.len > 2 && pattern.data[0] == '*' && pattern.data[1] == '.') {
        parent = domain_parent(host);
        return parent && domain_normalise(text_tail(pattern, 2), name) && strcmp(name, parent) == 0;
    }
    return domain_normalise(pattern, name) && strcmp(name, host) == 0;
}

static bool is_covered(const struct policy *p, const char *host)
{
    for (size_t i = 0; i < p->host_count; i++)
        if (covers(p->hosts[i], host))
            return true;
    return false;
}

static void judge_age(struct aspect *a, struct text age)
{
    char digits[AGE_DIGITS_MAX + 1] = "";
    long long seconds;

    if (age.len > 0 && age.len <= AGE_DIGITS_MAX && text_all(age, octet_is_digit))
        memcpy(digits, age.data, age.len);
    seconds = atoll(digits);
    if (!*digits || seconds > MAX_AGE_LONGEST)
        aspect_judge(a, GRADE_WRONG, "give max_age as seconds, up to 31557600",
                     "max_age %s is not valid", told(&a->survey->teller, age));
    else if (seconds < MAX_AGE_SHORT)
        aspect_judge(a, GRADE_ADVICE, "some weeks (RFC 8461, 3.2), or an attacker need only wait",
                     "max_age is less than a day");
}

static void judge_policy(struct aspect *a, struct text file)
{
    const struct survey *s = a->survey;
    struct policy p;

    read_policy(&p, file);
    if (!p.version) {
        aspect_judge(a, GRADE_WRONG, "begin the file with \"version: STSv1\"",
                     "the file is no policy");
        return;
    }
    aspect_fact(a, 0, "mode %s, %zu hosts, max_age %s", told(&s->teller, p.mode), p.host_count,
                told(&s->teller, p.max_age));
    judge_age(a, p.max_age);
    if (text_equal(p.mode, TEXT("testing")))
        aspect_judge(a, GRADE_ADVICE, "mode: enforce, once the TLS reports show no failure",
                     "testing: mail goes on without TLS");
    else if (text_equal(p.mode, TEXT("none")))
        aspect_fact(a, 0, "the policy is withdrawn");
    else if (!text_equal(p.mode, TEXT("enforce")))
        aspect_judge(a, GRADE_WRONG, "mode: enforce, testing or none", "the mode means nothing");
    for (size_t i = 0; i < s->host_count && !text_equal(p.mode, TEXT("none")); i++)
        if (!is_covered(&p, s->hosts[i]))
            aspect_judge(a, GRADE_WRONG, "add it as \"mx: HOST\", or take its MX record out",
                         "%s is an MX host, and not in the policy: no mail for it from those who "
                         "heed the policy", s->hosts[i]);
}

/* ---- fetching it */

struct download {
    char octets[POLICY_OCTETS_MAX];
    size_t len;
};

static size_t take(char *octets, size_t size, size_t count, void *context)
{
    struct download *d = context;

    if (size * count > sizeof d->octets - d->len)
        return 0; /* ends it with an error */
    memcpy(d->octets + d->len, octets, size * count);
    d->len += size * count;
    return size * count;
}

static bool set_up(CURL *curl, const struct survey *s, struct download *d, struct curl_slist *to)
{
    char url[sizeof(domain_name) + 64];

    snprintf(url, sizeof url, "https://mta-sts.%s/.well-known/mta-sts.txt", s->domain);
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, d) == CURLE_OK &&
           (!to || (curl_easy_setopt(curl, CURLOPT_CONNECT_TO, to) == CURLE_OK &&
                    curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK)) &&
           (!s->ca_file || curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca_file) == CURLE_OK);
}

/* An answer of 3xx is no policy either (RFC 8461 §3.3). */
static const char *failure(CURL *curl, CURLcode code, struct region *region)
{
    long status = 0;
    char why[128];

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200)
        return NULL;
    if (status != 0 && status != 200)
        snprintf(why, sizeof why, "the server answers %ld", status);
    else if (code == CURLE_WRITE_ERROR)
        snprintf(why, sizeof why, "more than %d octets", (int)POLICY_OCTETS_MAX);
    else
        snprintf(why, sizeof why, "%s", curl_easy_strerror(code));
    return text_dup(region, text_of(why));
}

/* NULL, or why D does not hold the file. */
static const char *fetch(const struct survey *s, struct download *d)
{
    struct region *region = s->teller.region;
    const char *why = "out of memory";
    struct curl_slist *to = NULL;
    CURL *curl = curl_easy_init();
    char target[300];

    if (s->connect) {
        snprintf(target, sizeof target, "::%s", s->connect);
        to = curl_slist_append(NULL, target);
    }
    if (curl && (to || !s->connect) && set_up(curl, s, d, to))
        why = failure(curl, curl_easy_perform(curl), region);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return why;
}

static void see_policy(struct aspect *a)
{
    const struct survey *s = a->survey;
    struct download *d = region_alloc(s->teller.region, sizeof *d);
    const char *why;

    if (!d)
        return;
    if (!s->fetch) {
        aspect_fact(a, 0, "the policy file was not fetched (--fetch does)");
        return;
    }
    why = fetch(s, d);
    if (why)
        aspect_judge(a, GRADE_WRONG, "serve https://mta-sts.DOMAIN/.well-known/mta-sts.txt with a "
                                     "certificate for that name",
                     "no policy file: %s", why);
    else
        judge_policy(a, (struct text){ d->octets, d->len });
}

/* ---- records */

static bool is_id(struct text id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!octet_is_alpha(id.data[i]) && !octet_is_digit(id.data[i]))
            return false;
    return id.len > 0 && id.len <= ID_OCTETS_MAX;
}

void survey_mta_sts(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "MTA-STS");
    const struct text *id;
    struct text record;
    domain_name name;

    if (!survey_name("_mta-sts", survey->domain, name) ||
        !survey_record(a, name, "v=STSv1", &record))
        return;
    id = survey_tag(survey, record, "id");
    if (!id || !is_id(*id))
        aspect_judge(a, GRADE_WRONG, "add id= of up to 32 letters and digits, new with each change",
                     "the record has no valid id=");
    see_policy(a);
}

void survey_tls_rpt(struct survey *survey)
{
    struct aspect *a = survey_aspect(survey, "TLS-RPT");
    const struct text *rua;
    struct text record;
    domain_name name;

    if (!survey_name("_smtp._tls", survey->domain, name) ||
        !survey_record(a, name, "v=TLSRPTv1", &record))
        return;
    rua = survey_tag(survey, record, "rua");
    if (!rua || (!text_starts_nocase(*rua, TEXT("mailto:")) &&
                 !text_starts_nocase(*rua, TEXT("https://"))))
        aspect_judge(a, GRADE_WRONG, "add rua=mailto:ADDRESS", "the record names nobody who gets "
                     "the reports");
}
