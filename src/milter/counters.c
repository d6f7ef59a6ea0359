#include "milter/counters.h"

#include <stdatomic.h>

#include "core/transaction.h"
#include "mail/message.h"

struct shared_histogram {
    atomic_uint_least64_t counts[HISTOGRAM_BUCKETS];
    atomic_uint_least64_t sum_us;
};

static atomic_uint_least64_t counters[COUNTER_COUNT];
static atomic_uint_least64_t verdicts[ACTION_COUNT][RULE_COUNT];
static atomic_uint_least64_t results[METHOD_COUNT][RESULT_COUNT];
static atomic_uint_least64_t overrides[OVERRIDE_COUNT];
static atomic_uint_least64_t would[ACTION_COUNT];
static atomic_uint_least64_t bounds[BOUND_COUNT];
static struct shared_histogram end_of_message, dns_wait;

static void add(atomic_uint_least64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

void counter_add(enum counter counter, uint64_t by)
{
    add(&counters[counter], by);
}

static void observe(struct shared_histogram *histogram, int64_t us)
{
    add(&histogram->counts[histogram_bucket(us)], 1);
    if (us > 0)
        add(&histogram->sum_us, (uint64_t)us);
}

void counters_end_of_message(int64_t us)
{
    observe(&end_of_message, us);
}

static void count_origin(enum origin origin)
{
    switch (origin) {
    case ORIGIN_OUTSIDE:
        break;
    case ORIGIN_AUTHENTICATED:
        counter_add(COUNTER_AUTHENTICATED, 1);
        break;
    case ORIGIN_OWN:
        counter_add(COUNTER_OWN, 1);
        break;
    case ORIGIN_TRUSTED:
        counter_add(COUNTER_TRUSTED, 1);
        break;
    }
}

static void count_leaving(const struct judgement *judgement)
{
    const struct signing *signing = judgement->signing;
    const struct sealing *sealing = judgement->sealing;

    if (signing)
        counter_add(signing->state == SIGNING_SIGNED ? COUNTER_SIGNED : COUNTER_UNSIGNED, 1);
    if (sealing && sealing->state == SEALING_SEALED)
        counter_add(COUNTER_SEALED, 1);
    if ((signing && signing_is_fault(signing)) || (sealing && sealing->state == SEALING_NO_KEY))
        counter_add(COUNTER_SIGN_FAULTS, 1);
}

void counters_judgement(const struct judgement *judgement)
{
    const struct verdict *v = &judgement->verdict;

    add(&verdicts[v->action][v->rule], 1);
    add(&overrides[v->override], 1);
    if (v->would > v->action)
        add(&would[v->would], 1);
    observe(&dns_wait, judgement->dns.waited_ms * 1000);
    count_origin(judgement->origin);
    count_leaving(judgement);
    for (int i = 0; i < BOUND_COUNT; i++)
        if (bound_reached(judgement, (enum bound)i))
            add(&bounds[i], 1);
    if (!judgement->findings)
        return;
    for (const struct finding *f = judgement->findings->first; f; f = f->next)
        add(&results[f->method][f->result], 1);
}

static void read_all(uint64_t *to, atomic_uint_least64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

static void read_histogram(struct histogram *to, struct shared_histogram *from)
{
    read_all(to->counts, from->counts, HISTOGRAM_BUCKETS);
    read_all(&to->sum_us, &from->sum_us, 1);
}

void counters_read(struct counts *counts)
{
    read_all(counts->counters, counters, COUNTER_COUNT);
    for (size_t i = 0; i < ACTION_COUNT; i++)
        read_all(counts->verdicts[i], verdicts[i], RULE_COUNT);
    for (size_t i = 0; i < METHOD_COUNT; i++)
        read_all(counts->results[i], results[i], RESULT_COUNT);
    read_all(counts->overrides, overrides, OVERRIDE_COUNT);
    read_all(counts->would, would, ACTION_COUNT);
    read_all(counts->bounds, bounds, BOUND_COUNT);
    read_histogram(&counts->end_of_message, &end_of_message);
    read_histogram(&counts->dns_wait, &dns_wait);
}
