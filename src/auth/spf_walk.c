#include "auth/spf_walk.h"

#include "dns/scope.h"

enum {
    PATH_TEXT_MAX = SPF_RECORDS_MAX * (DOMAIN_MAX + 1),
    REASON_MAX = 512
};

/* What a name that cannot be asked, or a failure that must not matter, finds. */
static const struct dns_answer nothing = { .status = DNS_NXDOMAIN };

void spf_walk_begin(struct spf_walk *walk, const struct spf_request *request,
                    struct spf_outcome *outcome)
{
    *outcome = (struct spf_outcome){ .result = RESULT_NONE };
    *walk = (struct spf_walk){ .request = request, .outcome = outcome };
    buf_init(&walk->path, request->region, PATH_TEXT_MAX);
}

void spf_walk_stop(struct spf_walk *walk, enum result result, const char *reason)
{
    if (walk->stopped)
        return;
    walk->stopped = true;
    walk->outcome->result = result;
    walk->outcome->reason = reason;
}

void spf_walk_limit(struct spf_walk *walk, const char *reason)
{
    walk->outcome->limit_hit |= !walk->stopped;
    spf_walk_stop(walk, RESULT_PERMERROR, reason);
}

static bool is_host_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_' || c == '.';
}

bool spf_is_host_name(const char *name)
{
    return text_all(text_of(name), is_host_octet);
}

/* NAME, as it may be shown to people. */
static const char *shown(const char *name)
{
    return spf_is_host_name(name) ? name : "(odd name)";
}

/* Stops with a reason made of NAME and static texts. */
static void stop_at(struct spf_walk *walk, enum result result, const char *before,
                    const char *name, const char *after)
{
    struct buf reason;

    buf_init(&reason, walk->request->region, REASON_MAX);
    buf_add(&reason, before);
    buf_add(&reason, shown(name));
    buf_add(&reason, after);
    spf_walk_stop(walk, result, buf_str(&reason));
}

static void stop_failed(struct spf_walk *walk, const char *name, const struct dns_answer *answer)
{
    struct buf why;

    buf_init(&why, walk->request->region, REASON_MAX);
    buf_printf(&why, ": %s", answer->why ? answer->why : "failure");
    stop_at(walk, dns_over_limit(answer) ? RESULT_PERMERROR : RESULT_TEMPERROR, "DNS at ", name,
            buf_str(&why));
}

static bool count_term(struct spf_walk *walk)
{
    if (walk->stopped)
        return false;
    if (walk->outcome->lookups++ >= SPF_TERMS_MAX)
        spf_walk_limit(walk, "more than 10 terms that ask the DNS");
    return !walk->stopped;
}

static bool count_void(struct spf_walk *walk)
{
    if (walk->outcome->voids++ >= SPF_VOIDS_MAX)
        spf_walk_limit(walk, "more than 2 void lookups");
    return !walk->stopped;
}

static bool is_void(const struct dns_answer *answer)
{
    return answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
}

/* NULL when the walk has stopped. */
static const struct dns_answer *ask(struct spf_walk *walk, const char *name, enum dns_type type)
{
    if (!walk->stopped && walk->questions++ >= SPF_QUESTIONS_MAX)
        spf_walk_limit(walk, "more than 30 DNS questions");
    return walk->stopped ? NULL : dns_scope_lookup(walk->request->dns, name, type);
}

/* --- records --- */

static void note_path(struct spf_walk *walk, const char *domain)
{
    if (walk->path.len > 0)
        buf_char(&walk->path, '>');
    buf_add(&walk->path, shown(domain));
    walk->outcome->include_path = buf_str(&walk->path);
}

static void stop_without_record(struct spf_walk *walk, const char *domain, bool first)
{
    if (first)
        spf_walk_stop(walk, RESULT_NONE, "no SPF record");
    else
        stop_at(walk, RESULT_PERMERROR, "", domain, " has no SPF record");
}

static void parse(struct spf_walk *walk, const char *domain, struct text text,
                  struct spf_record *record)
{
    const char *error = spf_record_parse(walk->request->region, text, record);
    struct buf before;

    if (!error)
        return;
    buf_init(&before, walk->request->region, REASON_MAX);
    buf_printf(&before, "syntax error (%s) in the record of ", error);
    stop_at(walk, RESULT_PERMERROR, buf_str(&before), domain, "");
}

static bool fetch(struct spf_walk *walk, const char *domain, bool first,
                  struct spf_record *record)
{
    const struct dns_answer *answer = ask(walk, domain, DNS_TXT);
    struct text text;

    note_path(walk, domain);
    if (!answer)
        return false;
    if (dns_failed(answer)) {
        stop_failed(walk, domain, answer);
        return false;
    }
    if (answer->capped) {
        stop_at(walk, RESULT_PERMERROR, "too much TXT at ", domain, "");
        return false;
    }
    switch (spf_record_select(answer, &text)) {
    case RECORD_NONE:
        stop_without_record(walk, domain, first);
        break;
    case RECORD_ONE:
        parse(walk, domain, text, record);
        break;
    case RECORD_MANY:
        stop_at(walk, RESULT_PERMERROR, "more than one SPF record at ", domain, "");
        break;
    }
    return !walk->stopped;
}

bool spf_walk_first(struct spf_walk *walk, struct spf_record *record)
{
    return fetch(walk, walk->request->domain, true, record);
}

bool spf_walk_target(struct spf_walk *walk, struct text expanded, domain_name domain,
                     struct spf_record *record)
{
    if (!count_term(walk))
        return false;
    if (spf_target_name(expanded, domain))
        return fetch(walk, domain, false, record);
    spf_walk_stop(walk, RESULT_PERMERROR, "include or redirect to what is not a domain");
    return false;
}

/* --- the questions of terms --- */

enum dns_type spf_walk_family(const struct spf_walk *walk)
{
    return walk->request->client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

const struct dns_answer *spf_walk_term(struct spf_walk *walk, struct text expanded,
                                       enum dns_type type)
{
    const struct dns_answer *answer;
    domain_name name;

    if (!count_term(walk))
        return NULL;
    if (!spf_target_name(expanded, name))
        return &nothing;
    answer = ask(walk, name, type);
    if (!answer)
        return NULL;
    if (dns_failed(answer)) {
        stop_failed(walk, name, answer);
        return NULL;
    }
    if (is_void(answer) && !count_void(walk))
        return NULL;
    if (type == DNS_MX && answer->count + answer->refused > SPF_EXCHANGES_MAX) {
        walk->outcome->limit_hit = true;
        stop_at(walk, RESULT_PERMERROR, "more than 10 MX names at ", name, "");
        return NULL;
    }
    return answer;
}

const struct dns_answer *spf_walk_exchange(struct spf_walk *walk, const char *name)
{
    const struct dns_answer *answer = ask(walk, name, spf_walk_family(walk));

    if (!answer || !dns_failed(answer))
        return answer;
    stop_failed(walk, name, answer);
    return NULL;
}

/* Not for counting: the client's reverse name leads to the same few questions
 * whatever the record says. */
static const struct dns_answer *ask_about_client(struct spf_walk *walk, const char *name,
                                                 enum dns_type type)
{
    const struct dns_answer *answer;

    if (walk->stopped)
        return NULL;
    answer = dns_scope_lookup(walk->request->dns, name, type);
    return dns_failed(answer) ? &nothing : answer;
}

const struct dns_answer *spf_walk_pointers(struct spf_walk *walk)
{
    char reverse[IP_REVERSE_SIZE];

    return ask_about_client(walk, ip_reverse_name(&walk->request->client, reverse), DNS_PTR);
}

const struct dns_answer *spf_walk_pointer(struct spf_walk *walk, const char *name)
{
    return ask_about_client(walk, name, spf_walk_family(walk));
}

const struct dns_answer *spf_walk_pointer_term(struct spf_walk *walk)
{
    const struct dns_answer *answer;

    if (!count_term(walk))
        return NULL;
    answer = spf_walk_pointers(walk);
    if (answer != &nothing && is_void(answer) && !count_void(walk))
        return NULL;
    return answer;
}

bool spf_answer_holds(const struct dns_answer *answer, const struct ip_address *client,
                      unsigned prefix4, unsigned prefix6)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct ip_network network = {
            ip_from_octets(answer->type == DNS_A ? IP_V4 : IP_V6, answer->records[i].address),
            client->family == IP_V4 ? prefix4 : prefix6,
        };

        if (ip_network_has(&network, client))
            return true;
    }
    return false;
}
