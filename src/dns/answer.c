#include "dns/answer_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name_private.h"

const struct name dns_status_names[] = {
    { DNS_OK, "ok" },
    { DNS_NODATA, "nodata" },
    { DNS_NXDOMAIN, "nxdomain" },
    { DNS_TEMPFAIL, "tempfail" },
    { DNS_BOGUS, "bogus" },
    { 0, NULL },
};

const struct name dns_type_names[] = {
    { DNS_A, "A" },
    { DNS_CNAME, "CNAME" },
    { DNS_PTR, "PTR" },
    { DNS_MX, "MX" },
    { DNS_TXT, "TXT" },
    { DNS_AAAA, "AAAA" },
    { DNS_TLSA, "TLSA" },
    { 0, NULL },
};

/* An answer and its count of references; `octets` of TXT and TLSA follow the
 * records in the same block. */
struct counted_answer {
    atomic_size_t references; /* 0: static, never freed */
    size_t size;
    struct dns_answer answer;
};

#define FAILURE(TYPE, STATUS, WHY)                                                        \
    {                                                                                     \
        .size = sizeof(struct counted_answer),                                            \
        .answer = { .status = (STATUS), .type = (TYPE), .why = (WHY) }                    \
    }
#define FAILURE_ROW(STATUS, WHY)                                                          \
    {                                                                                     \
        FAILURE(DNS_A, STATUS, WHY), FAILURE(DNS_CNAME, STATUS, WHY),                     \
        FAILURE(DNS_PTR, STATUS, WHY), FAILURE(DNS_MX, STATUS, WHY),                      \
        FAILURE(DNS_TXT, STATUS, WHY), FAILURE(DNS_AAAA, STATUS, WHY),                    \
        FAILURE(DNS_TLSA, STATUS, WHY)                                                    \
    }

enum { TYPES = 7 };

static const struct counted_answer failures[DNS_FAILURES][TYPES] = {
    [DNS_FAILURE_TIMEOUT] = FAILURE_ROW(DNS_TEMPFAIL, "timeout"),
    [DNS_FAILURE_SERVFAIL] = FAILURE_ROW(DNS_TEMPFAIL, "SERVFAIL"),
    [DNS_FAILURE_REFUSED] = FAILURE_ROW(DNS_TEMPFAIL, "REFUSED"),
    [DNS_FAILURE_ERROR_RESPONSE] = FAILURE_ROW(DNS_TEMPFAIL, "error response"),
    [DNS_FAILURE_RESOLVER] = FAILURE_ROW(DNS_TEMPFAIL, "resolver failure"),
    [DNS_FAILURE_STOPPED] = FAILURE_ROW(DNS_TEMPFAIL, "resolver stopped"),
    [DNS_FAILURE_BUSY] = FAILURE_ROW(DNS_TEMPFAIL, "too many questions"),
    [DNS_FAILURE_QUESTION_LIMIT] = FAILURE_ROW(DNS_TEMPFAIL, "question limit"),
    [DNS_FAILURE_CLOSED] = FAILURE_ROW(DNS_TEMPFAIL, "message gone"),
    [DNS_FAILURE_CNAMES] = FAILURE_ROW(DNS_TEMPFAIL, "too many CNAMEs"),
    [DNS_FAILURE_MEMORY] = FAILURE_ROW(DNS_TEMPFAIL, "out of memory"),
    [DNS_FAILURE_BOGUS] = FAILURE_ROW(DNS_BOGUS, "DNSSEC validation failed"),
    [DNS_FAILURE_IMPOSSIBLE_NAME] = FAILURE_ROW(DNS_NXDOMAIN, NULL),
};

const struct dns_answer *dns_answer_failure(enum dns_type type, enum dns_failure failure)
{
    for (size_t i = 0; i < TYPES; i++)
        if (failures[failure][i].answer.type == type)
            return &failures[failure][i].answer;
    return &failures[failure][0].answer;
}

bool dns_over_limit(const struct dns_answer *answer)
{
    return answer == dns_answer_failure(answer->type, DNS_FAILURE_QUESTION_LIMIT);
}

static struct counted_answer *counted(const struct dns_answer *answer)
{
    return (struct counted_answer *)((uintptr_t)answer - offsetof(struct counted_answer, answer));
}

const struct dns_answer *dns_answer_ref(const struct dns_answer *answer)
{
    struct counted_answer *c = counted(answer);

    if (atomic_load(&c->references) != 0)
        atomic_fetch_add(&c->references, 1);
    return answer;
}

void dns_answer_unref(const struct dns_answer *answer)
{
    struct counted_answer *c;

    if (!answer)
        return;
    c = counted(answer);
    if (atomic_load(&c->references) != 0 && atomic_fetch_sub(&c->references, 1) == 1)
        free(c);
}

size_t dns_answer_size(const struct dns_answer *answer)
{
    return counted(answer)->size;
}

/* The octets of one record behind the records, for TXT and TLSA. */
struct store {
    char *at;
};

/* What came of one record. */
enum verdict { TAKEN, REFUSED, CAPPED };

static enum verdict take_address(struct dns_record *record, const struct dns_rdata *rdata,
                                 size_t size)
{
    if (rdata->len != size)
        return REFUSED;
    memcpy(record->address, rdata->octets, size);
    return TAKEN;
}

/* RDATA is a domain, and not the root. */
static enum verdict take_name(domain_name out, const struct dns_rdata *rdata)
{
    struct dns_name name;

    if (dns_name_from_wire(rdata->octets, rdata->len, &name) != rdata->len ||
        !dns_name_to_domain(&name, out))
        return REFUSED;
    return out[0] != '\0' ? TAKEN : REFUSED;
}

static enum verdict take_mx(struct dns_record *record, const struct dns_rdata *rdata)
{
    size_t len = rdata->len < 2 ? 0 : rdata->len - 2;
    struct dns_name exchange;

    if (len == 0 || dns_name_from_wire(rdata->octets + 2, len, &exchange) != len ||
        !dns_name_to_visible(&exchange, record->mx.exchange))
        return REFUSED;
    record->mx.preference = (uint16_t)(rdata->octets[0] << 8 | rdata->octets[1]);
    return TAKEN;
}

/* The character-strings of a TXT record (RFC 1035 §3.3.14), joined without
 * space (RFC 7208 §3.3, RFC 6376 §3.6.2.2). */
static enum verdict take_txt(struct dns_record *record, const struct dns_rdata *rdata,
                             struct store *store)
{
    char *start = store->at;
    size_t used = 0;

    if (rdata->len == 0)
        return REFUSED;
    for (size_t at = 0; at < rdata->len;) {
        size_t len = rdata->octets[at++];

        if (len > rdata->len - at)
            return REFUSED;
        if (len > DNS_TXT_MAX - used)
            return CAPPED;
        memcpy(start + used, rdata->octets + at, len);
        used += len;
        at += len;
    }
    store->at += used;
    record->data = (struct text){ start, used };
    return TAKEN;
}

/* Usage, selector, matching type, data (RFC 6698 §2.1). */
static enum verdict take_tlsa(struct dns_record *record, const struct dns_rdata *rdata,
                              struct store *store)
{
    if (rdata->len < 4)
        return REFUSED;
    if (rdata->len > DNS_TXT_MAX)
        return CAPPED;
    memcpy(store->at, rdata->octets, rdata->len);
    record->data = (struct text){ store->at, rdata->len };
    store->at += rdata->len;
    return TAKEN;
}

static enum verdict take(struct dns_record *record, enum dns_type type,
                         const struct dns_rdata *rdata, struct store *store)
{
    switch (type) {
    case DNS_A:
        return take_address(record, rdata, 4);
    case DNS_AAAA:
        return take_address(record, rdata, 16);
    case DNS_CNAME:
    case DNS_PTR:
        return take_name(record->name, rdata);
    case DNS_MX:
        return take_mx(record, rdata);
    case DNS_TXT:
        return take_txt(record, rdata, store);
    case DNS_TLSA:
        return take_tlsa(record, rdata, store);
    }
    return REFUSED;
}

/* Octets that the records of FACTS can need behind them, at most: a record
 * that is longer than its bound is dropped. */
static size_t stored_octets(const struct dns_facts *facts)
{
    size_t total = 0;

    if (facts->type != DNS_TXT && facts->type != DNS_TLSA)
        return 0;
    for (size_t i = 0; i < facts->count; i++)
        total += facts->rdata[i].len;
    return total;
}

static void take_all(struct dns_answer *answer, struct dns_record *records, struct store *store,
                     const struct dns_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (answer->count == DNS_RECORDS_MAX) {
            answer->capped = true;
            return;
        }
        switch (take(&records[answer->count], facts->type, &facts->rdata[i], store)) {
        case TAKEN:
            answer->count++;
            break;
        case REFUSED:
            answer->refused++;
            break;
        case CAPPED:
            answer->capped = true;
            break;
        }
    }
}

const struct dns_answer *dns_answer_new(const struct dns_facts *facts)
{
    size_t slots = facts->count < DNS_RECORDS_MAX ? facts->count : DNS_RECORDS_MAX;
    size_t size = sizeof(struct counted_answer) + slots * sizeof(struct dns_record) +
                  stored_octets(facts);
    struct counted_answer *c = calloc(1, size);
    struct dns_record *records;
    struct store store;

    if (!c)
        return dns_answer_failure(facts->type, DNS_FAILURE_MEMORY);
    records = (struct dns_record *)(void *)(c + 1);
    store.at = (char *)(records + slots);
    atomic_init(&c->references, 1);
    c->size = size;
    c->answer = (struct dns_answer){
        .status = facts->status,
        .type = facts->type,
        .secure = facts->secure,
        .through_cname = facts->through_cname,
        .ttl = facts->ttl,
        .records = records,
    };
    take_all(&c->answer, records, &store, facts);
    if (facts->status == DNS_OK && c->answer.count == 0)
        c->answer.status = DNS_NODATA;
    return &c->answer;
}
