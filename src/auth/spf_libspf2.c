/* spf_libspf2.c: the SPF engine on libspf2; the only file that sees it.
 *
 * What the library does here: the order of evaluation, qualifiers, prefix
 * matching, include and redirect.  What it never sees is text from the
 * network.  Records are fetched, judged and parsed by the walk and our parser;
 * the library gets a record that this file prints from the parsed terms, in
 * which every name is a token "R.T.t": term T of record R (T beyond the last
 * term is the redirect).  It hands the tokens back in its two DNS hooks, which
 * ask the walk.  Host names found by mx and ptr are handed to it behind a mark
 * that no token has, so that they are told from terms; an exchange with another
 * name is left out.
 *
 * So of the library's faults these cannot show: its resolver, its cache, its
 * parser on hostile text (CVE-2023-42118), the local part in URL-escapes,
 * limits that restart at every include, redirect taken as a mechanism, "/0"
 * refused (a network of no bits is given as the client's own address),
 * loopback clients passed unasked (SPF_record_interpret() does not do that),
 * its explanations.
 *
 * Records that stay away from it: any with a macro in a mechanism or the
 * redirect, since macros are what it is not safe with, and those that would
 * compile to more than it holds, since it drops the rest silently.  They are
 * permerror "engine".  exp= and unknown modifiers are not printed, so macros
 * there do no harm.
 *
 * The server and request are filled in here rather than by the library's
 * constructors: those ask for the host's name and abort when they dislike it.
 * Everything is of one evaluation, so threads share nothing.
 */
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <spf2/spf.h>
#include <string.h>

#include "auth/spf.h"
#include "auth/spf_explanation.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/region.h"

enum {
    COMPILED_MAX = SPF_MAX_MECH_LEN, /* octets of all mechanisms, compiled */
    PRINTED_MAX = 8192               /* more than COMPILED_MAX can print to */
};

/* Marks before names that the DNS gave; '@' stands in no token and no name.
 * The dot lets the library see that a ptr name lies within a domain. */
#define EXCHANGE_MARK "@"
#define POINTER_MARK "@."

struct loaded {
    struct spf_record record;
    domain_name domain; /* whose record it is: <domain> of its terms */
};

struct evaluation {
    struct spf_walk walk;
    struct loaded records[SPF_RECORDS_MAX];
    size_t count;
    size_t deciding; /* the identity's record, or where its redirects led */
    size_t reached;  /* term of that record that was asked last */
    const struct spf_term *asked; /* term of any record that was asked last */
    SPF_dns_rr_t *spare; /* the answer when there is no memory for one: the
                            library aborts without */
};

/* --- tokens --- */

static void token_print(struct buf *out, size_t record, size_t term)
{
    buf_printf(out, "%zu.%zu.t", record, term);
}

static bool number_until_dot(struct cursor *c, size_t max, size_t *number)
{
    unsigned long long value;

    if (!text_to_uint(cursor_run(c, octet_is_digit), max, &value) || !cursor_take(c, '.'))
        return false;
    *number = (size_t)value;
    return true;
}

/* False for what is not one of our tokens: never, if the library keeps to what
 * it was given. */
static bool token_read(const struct evaluation *e, const char *name, size_t *record, size_t *term)
{
    struct cursor c = cursor_over(text_of(name));

    return e->count > 0 && number_until_dot(&c, e->count - 1, record) &&
           number_until_dot(&c, e->records[*record].record.count, term) && cursor_take(&c, 't') &&
           cursor_done(&c);
}

/* --- the record as the library gets it --- */

static char qualifier_of(enum result result)
{
    return result == RESULT_FAIL       ? '-'
           : result == RESULT_SOFTFAIL ? '~'
           : result == RESULT_NEUTRAL  ? '?'
                                       : '+';
}

/* The prefix length of an a or mx term that applies to the client. */
static unsigned client_prefix(const struct evaluation *e, const struct spf_term *term)
{
    return e->walk.request->client.family == IP_V4 ? term->prefix4 : term->prefix6;
}

static void print_network(const struct evaluation *e, struct buf *out,
                          const struct ip_network *network)
{
    const struct ip_address *client = &e->walk.request->client;
    bool any = network->prefix == 0 && network->address.family == client->family;
    char text[IP_TEXT_SIZE];

    buf_printf(out, ":%s", ip_format(any ? client : &network->address, text));
    if (network->prefix > 0)
        buf_printf(out, "/%u", network->prefix);
}

static void print_prefix(const struct evaluation *e, struct buf *out, const struct spf_term *term)
{
    unsigned prefix = client_prefix(e, term);

    if (prefix > 0)
        buf_printf(out, "%s%u", e->walk.request->client.family == IP_V4 ? "/" : "//", prefix);
}

/* The domain-spec of a term; a mx and ptr have the record's domain without. */
static struct text target_of(const struct loaded *from, const struct spf_term *term)
{
    return term->target.text.len > 0 ? term->target.text : text_of(from->domain);
}

/* ptr is asked for the client's reverse name, so it has no use for a token and
 * needs the domain itself; "!" is within no domain. */
static void print_ptr(struct buf *out, struct text target)
{
    domain_name name;

    buf_printf(out, ":%s", spf_target_name(target, name) ? name : "!");
}

static void print_term(const struct evaluation *e, struct buf *out, size_t record, size_t index)
{
    const struct loaded *from = &e->records[record];
    const struct spf_term *term = &from->record.terms[index];

    buf_char(out, qualifier_of(term->result));
    buf_add(out, name_of(spf_mechanism_names, (int)term->mechanism));
    switch (term->mechanism) {
    case MECHANISM_ALL:
        break;
    case MECHANISM_IP4:
    case MECHANISM_IP6:
        print_network(e, out, &term->network);
        break;
    case MECHANISM_PTR:
        print_ptr(out, target_of(from, term));
        break;
    case MECHANISM_A:
    case MECHANISM_MX:
        buf_char(out, ':');
        token_print(out, record, index);
        print_prefix(e, out, term);
        break;
    case MECHANISM_INCLUDE:
    case MECHANISM_EXISTS:
        buf_char(out, ':');
        token_print(out, record, index);
        break;
    }
}

/* Octets that a term printed in LENGTH octets compiles to, at most: a head, a
 * prefix length, a head of the name, the name padded. */
static size_t compiled_size(enum spf_mechanism mechanism, size_t length)
{
    size_t head = sizeof(SPF_mech_t), part = sizeof(SPF_data_t);

    switch (mechanism) {
    case MECHANISM_ALL:
        return head;
    case MECHANISM_IP4:
        return head + sizeof(struct in_addr);
    case MECHANISM_IP6:
        return head + sizeof(struct in6_addr);
    case MECHANISM_INCLUDE:
    case MECHANISM_A:
    case MECHANISM_MX:
    case MECHANISM_PTR:
    case MECHANISM_EXISTS:
        break;
    }
    return head + part + part + (length + part - 1) / part * part;
}

static bool holds_macro(const struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->terms[i].target.macros)
            return true;
    return record->redirect.macros;
}

/* The text of a loaded record for the library; NULL: not for the library. */
static const char *print_record(const struct evaluation *e, size_t record)
{
    const struct spf_record *parsed = &e->records[record].record;
    size_t compiled = 0;
    struct buf out;

    if (holds_macro(parsed))
        return NULL;
    buf_init(&out, e->walk.request->region, PRINTED_MAX);
    buf_add(&out, "v=spf1");
    for (size_t i = 0; i < parsed->count && compiled <= COMPILED_MAX; i++) {
        size_t before = out.len;

        buf_char(&out, ' ');
        print_term(e, &out, record, i);
        compiled += compiled_size(parsed->terms[i].mechanism, out.len - before);
    }
    if (parsed->redirect.text.len > 0 && !spf_record_has_all(parsed)) {
        buf_add(&out, " redirect=");
        token_print(&out, record, parsed->count);
        compiled += compiled_size(MECHANISM_INCLUDE, 2 * sizeof "18446744073709551615");
    }
    return compiled <= COMPILED_MAX ? buf_str(&out) : NULL;
}

/* Gives the library the record loaded last.  Its own errors cannot be ours. */
static SPF_errcode_t compile(struct evaluation *e, SPF_server_t *server, SPF_response_t *response,
                             SPF_record_t **compiled)
{
    const char *text = print_record(e, e->count - 1);
    SPF_errcode_t error = SPF_E_INTERNAL_ERROR;

    if (text)
        error = SPF_record_compile(server, response, compiled, text);
    if (error == SPF_E_NO_MEMORY)
        region_fail(e->walk.request->region);
    if (error != SPF_E_SUCCESS)
        spf_walk_stop(&e->walk, RESULT_PERMERROR, "engine");
    return error;
}

/* --- hooks --- */

/* The library wants the record that an include or redirect names. */
static SPF_errcode_t get_spf(SPF_server_t *server, SPF_request_t *request,
                             SPF_response_t *response, SPF_record_t **compiled)
{
    struct evaluation *e = server->resolver->hook;
    const struct spf_record *from;
    struct loaded *to = &e->records[e->count];
    size_t record, term;
    bool redirect;

    *compiled = NULL;
    if (!token_read(e, request->cur_dom, &record, &term)) {
        spf_walk_stop(&e->walk, RESULT_PERMERROR, "engine");
        return SPF_E_INTERNAL_ERROR;
    }
    from = &e->records[record].record;
    redirect = term == from->count;
    if (!spf_walk_target(&e->walk, redirect ? from->redirect.text : from->terms[term].target.text,
                         to->domain, &to->record))
        return SPF_E_NOT_SPF;
    if (record == e->deciding) {
        e->deciding = redirect ? e->count : e->deciding;
        e->reached = redirect ? 0 : term;
    }
    e->count++;
    return compile(e, server, response, compiled);
}

/* No memory: one answer is left, and it ends the evaluation. */
static SPF_dns_rr_t *last_answer(struct evaluation *e)
{
    SPF_dns_rr_t *answer = e->spare;

    region_fail(e->walk.request->region);
    spf_walk_stop(&e->walk, RESULT_TEMPERROR, "memory");
    e->spare = NULL;
    if (answer)
        answer->herrno = TRY_AGAIN;
    return answer;
}

static bool add(SPF_dns_rr_t *rr, const void *data, size_t len)
{
    if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, len) != SPF_E_SUCCESS)
        return false;
    memcpy(rr->rr[rr->num_rr++], data, len);
    return true;
}

static bool add_name(SPF_dns_rr_t *rr, const char *mark, const char *name)
{
    char marked[sizeof POINTER_MARK + DOMAIN_MAX];
    int len = snprintf(marked, sizeof marked, "%s%s", mark, name);

    return add(rr, marked, (size_t)len + 1);
}

/* OWN: the client's address stands for each one found. */
static bool add_record(const struct evaluation *e, SPF_dns_rr_t *rr,
                       const struct dns_record *record, bool own)
{
    const uint8_t *address = own ? e->walk.request->client.octets : record->address;

    if (rr->rr_type == ns_t_a)
        return add(rr, address, sizeof(struct in_addr));
    if (rr->rr_type == ns_t_aaaa)
        return add(rr, address, sizeof(struct in6_addr));
    if (rr->rr_type == ns_t_mx)
        return record->mx.exchange[0] == '\0' || !spf_is_host_name(record->mx.exchange) ||
               add_name(rr, EXCHANGE_MARK, record->mx.exchange);
    return rr->num_rr >= SPF_POINTERS_MAX || add_name(rr, POINTER_MARK, record->name);
}

/* ANSWER in the library's form; NULL, when the walk has stopped, is its
 * temporary failure: it unwinds then, and the walk's result stands. */
static SPF_dns_rr_t *reply(struct evaluation *e, ns_type type, const struct dns_answer *answer,
                           bool own)
{
    SPF_dns_rr_t *rr = SPF_dns_rr_new();

    if (!rr)
        return last_answer(e);
    rr->rr_type = type;
    rr->herrno = answer ? NETDB_SUCCESS : TRY_AGAIN;
    for (size_t i = 0; answer && i < answer->count; i++)
        if (!add_record(e, rr, &answer->records[i], own)) {
            SPF_dns_rr_free(rr);
            return last_answer(e);
        }
    return rr;
}

/* The question of the term that NAME is the token of. */
static const struct dns_answer *ask_term(struct evaluation *e, const char *name, ns_type type)
{
    size_t record, term;

    if (!token_read(e, name, &record, &term) || term == e->records[record].record.count) {
        spf_walk_stop(&e->walk, RESULT_PERMERROR, "engine");
        return NULL;
    }
    e->asked = &e->records[record].record.terms[term];
    if (record == e->deciding)
        e->reached = term;
    return spf_walk_term(&e->walk, target_of(&e->records[record], e->asked), (enum dns_type)type);
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *dns, const char *name, ns_type type, int should_cache)
{
    struct evaluation *e = dns->hook;
    const struct dns_answer *answer;
    bool own;

    (void)should_cache;
    if (type == ns_t_ptr)
        return reply(e, type, spf_walk_pointer_term(&e->walk), false);
    if (strncmp(name, POINTER_MARK, strlen(POINTER_MARK)) == 0)
        return reply(e, type, spf_walk_pointer(&e->walk, name + strlen(POINTER_MARK)), false);
    if (strncmp(name, EXCHANGE_MARK, strlen(EXCHANGE_MARK)) == 0)
        answer = spf_walk_exchange(&e->walk, name + strlen(EXCHANGE_MARK));
    else
        answer = ask_term(e, name, type);
    own = e->asked && e->asked->mechanism != MECHANISM_EXISTS && client_prefix(e, e->asked) == 0;
    return reply(e, type, answer, own);
}

/* --- evaluation --- */

/* The library does not tell which term decided.  It is one that gives RESULT,
 * at or after the one asked last, up to the first that matches without DNS;
 * NULL when that leaves several. */
static const char *deciding_term(const struct evaluation *e, enum result result)
{
    const struct spf_record *record = &e->records[e->deciding].record;
    const struct spf_term *found = NULL;

    for (size_t i = e->reached; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];
        bool certain = spf_term_matches(term, &e->walk.request->client);
        bool possible = i == e->reached || term->mechanism == MECHANISM_PTR;

        if (term->result == result &&
            (certain || (possible && spf_mechanism_asks(term->mechanism)))) {
            if (found)
                return NULL;
            found = term;
        }
        if (certain)
            break;
    }
    return found ? text_dup(e->walk.request->region, found->text) : NULL;
}

static void settle(struct evaluation *e, enum result result, bool by_term)
{
    struct spf_outcome *outcome = e->walk.outcome;

    outcome->result = result;
    if (by_term)
        outcome->mechanism = deciding_term(e, result);
    if (result == RESULT_FAIL)
        outcome->explanation = spf_explanation_ask(&e->walk, e->records[e->deciding].domain,
                                                   &e->records[e->deciding].record);
}

/* The library's result, unless the walk has one.  The library has no reason of
 * its own to give up but memory. */
static void conclude(struct evaluation *e, SPF_response_t *response)
{
    bool by_term = SPF_response_reason(response) == SPF_REASON_MECH;

    if (e->walk.stopped)
        return;
    switch (SPF_response_result(response)) {
    case SPF_RESULT_PASS:
        settle(e, RESULT_PASS, by_term);
        break;
    case SPF_RESULT_FAIL:
        settle(e, RESULT_FAIL, by_term);
        break;
    case SPF_RESULT_SOFTFAIL:
        settle(e, RESULT_SOFTFAIL, by_term);
        break;
    case SPF_RESULT_NEUTRAL:
        settle(e, RESULT_NEUTRAL, by_term);
        break;
    case SPF_RESULT_INVALID:
    case SPF_RESULT_NONE:
    case SPF_RESULT_TEMPERROR:
    case SPF_RESULT_PERMERROR:
        if (SPF_response_errcode(response) == SPF_E_NO_MEMORY)
            region_fail(e->walk.request->region);
        spf_walk_stop(&e->walk, RESULT_PERMERROR, "engine");
        break;
    }
}

static void fill_client(SPF_request_t *request, const struct ip_address *client)
{
    if (client->family == IP_V4) {
        request->client_ver = AF_INET;
        memcpy(&request->ipv4, client->octets, sizeof request->ipv4);
    } else {
        request->client_ver = AF_INET6;
        memcpy(&request->ipv6, client->octets, sizeof request->ipv6);
    }
}

/* Hands the identity's record, loaded as the first, to the library. */
static void interpret(struct evaluation *e)
{
    char receiver[] = "localhost"; /* for comments that nobody reads */
    SPF_dns_server_t dns = { .lookup = lookup, .get_spf = get_spf, .name = "vidimus", .hook = e };
    SPF_server_t server = { .resolver = &dns,
                            .rec_dom = receiver,
                            .max_dns_mech = SPF_TERMS_MAX,
                            .max_dns_ptr = SPF_POINTERS_MAX,
                            .max_dns_mx = SPF_EXCHANGES_MAX };
    SPF_request_t request = { .spf_server = &server, .cur_dom = "" };
    SPF_response_t *response = SPF_response_new(&request);
    SPF_record_t *record = NULL;

    if (!response) {
        region_fail(e->walk.request->region);
        spf_walk_stop(&e->walk, RESULT_TEMPERROR, "memory");
        return;
    }
    fill_client(&request, &e->walk.request->client);
    if (compile(e, &server, response, &record) == SPF_E_SUCCESS) {
        response->spf_record_exp = record;
        SPF_record_interpret(record, &request, response, 0);
        conclude(e, response);
    }
    if (record)
        SPF_record_free(record);
    SPF_response_free(response);
}

static void evaluate(const struct spf_request *request, struct spf_outcome *outcome)
{
    struct evaluation *e = region_alloc(request->region, sizeof *e);

    if (!e || !(e->spare = SPF_dns_rr_new())) {
        region_fail(request->region);
        *outcome = (struct spf_outcome){ .result = RESULT_TEMPERROR, .reason = "memory" };
        return;
    }
    spf_walk_begin(&e->walk, request, outcome);
    if (spf_walk_first(&e->walk, &e->records[0].record)) {
        memcpy(e->records[0].domain, request->domain, strlen(request->domain) + 1);
        e->count = 1;
        interpret(e);
    }
    if (e->spare)
        SPF_dns_rr_free(e->spare);
}

const struct spf_engine spf_engine_libspf2 = { "libspf2", evaluate };
