/* Unit tests of the resolver's front, over a backend that answers when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/answer_private.h"
#include "dns/cache_private.h"
#include "dns/resolver_private.h"
#include "calls.h"

enum { ASKED_MAX = 64 };

/* Remembers what it was asked; says nothing by itself. */
struct manual {
    struct resolver_backend backend;
    pthread_mutex_t lock;
    struct dns_future *asked[ASKED_MAX];
    size_t count;
    atomic_bool *stopped;
};

static void manual_ask(struct resolver_backend *backend, struct dns_future *future)
{
    struct manual *manual = (struct manual *)backend;

    pthread_mutex_lock(&manual->lock);
    assert_true(manual->count < ASKED_MAX);
    manual->asked[manual->count++] = future;
    pthread_mutex_unlock(&manual->lock);
}

static size_t asked_of(struct manual *manual)
{
    size_t count;

    pthread_mutex_lock(&manual->lock);
    count = manual->count;
    pthread_mutex_unlock(&manual->lock);
    return count;
}

static void manual_stop(struct resolver_backend *backend)
{
    struct manual *manual = (struct manual *)backend;

    if (manual->stopped)
        atomic_store(manual->stopped, true);
    pthread_mutex_destroy(&manual->lock);
    free(manual);
}

static struct manual *manual_new(void)
{
    struct manual *manual = calloc(1, sizeof *manual);

    manual->backend = (struct resolver_backend){ manual_ask, manual_stop, false };
    pthread_mutex_init(&manual->lock, NULL);
    return manual;
}

static struct resolver *front(struct manual *manual, unsigned timeout_ms)
{
    struct resolver_limits limits = { timeout_ms, 100, 8 };
    struct resolver *resolver = resolver_new(&manual->backend, &limits);

    assert_non_null(resolver);
    return resolver;
}

static const struct dns_answer *make(enum dns_status status, enum dns_type type, uint32_t ttl,
                                     const void *octets, size_t len)
{
    struct dns_rdata rdata = { octets, len };
    struct dns_facts facts = { .status = status, .type = type, .ttl = ttl, .rdata = &rdata,
                               .count = status == DNS_OK };

    return dns_answer_new(&facts);
}

static const struct dns_answer *make_txt(uint32_t ttl)
{
    return make(DNS_OK, DNS_TXT, ttl, "\005hello", 6);
}

static struct resolver_counters counters_of(struct resolver *resolver)
{
    struct resolver_counters counters;

    resolver_count(resolver, &counters);
    return counters;
}

static void equal_questions_are_one_query(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 5000);
    struct calls calls[2] = { { .count = 0 }, { .count = 0 } };
    struct dns_future *a = dns_start(resolver, "example.org", DNS_TXT, note, &calls[0]);
    struct dns_future *b = dns_start(resolver, "EXAMPLE.org.", DNS_TXT, note, &calls[1]);
    struct dns_future *c = dns_start(resolver, "example.org", DNS_A, NULL, NULL);

    (void)state;
    assert_int_equal(manual->count, 2);
    assert_ptr_equal(a, b);
    assert_null(dns_wait(a, 0));
    assert_int_equal(counters_of(resolver).in_flight, 2);
    resolver_answered(manual->asked[0], make_txt(60));
    assert_int_equal(calls[0].count, 1);
    assert_int_equal(calls[1].count, 1);
    assert_int_equal(dns_wait(a, 0)->status, DNS_OK);
    assert_null(dns_wait(c, 0));
    resolver_answered(manual->asked[1], make(DNS_NODATA, DNS_A, 60, NULL, 0));
    assert_int_equal(dns_wait(c, 0)->status, DNS_NODATA);
    assert_int_equal(counters_of(resolver).merged, 1);
    assert_int_equal(counters_of(resolver).questions, 3);
    assert_int_equal(counters_of(resolver).queries, 2);
    assert_int_equal(counters_of(resolver).in_flight, 0);
    dns_future_unref(a);
    dns_future_unref(b);
    dns_future_unref(c);
    resolver_unref(resolver);
}

/* What is kept, by status and TTL. */
static void answers_are_cached(void **state)
{
    static const struct {
        enum dns_status status;
        uint32_t ttl;
        bool kept;
    } cases[] = {
        { DNS_OK, 60, true },      { DNS_OK, 0, false },     { DNS_NODATA, 60, true },
        { DNS_NXDOMAIN, 1, true }, { DNS_NODATA, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct manual *manual = manual_new();
        struct resolver *resolver = front(manual, 5000);

        dns_future_unref(dns_start(resolver, "a.example", DNS_TXT, NULL, NULL));
        resolver_answered(manual->asked[0], make(cases[i].status, DNS_TXT, cases[i].ttl,
                                                 "\001x", 2));
        dns_future_unref(dns_start(resolver, "A.example", DNS_TXT, NULL, NULL));
        assert_int_equal(manual->count, cases[i].kept ? 1 : 2);
        assert_int_equal(counters_of(resolver).cache_hits, cases[i].kept);
        resolver_unref(resolver);
    }
}

/* What is at hand is told at once, and counted once; what is not is not counted. */
static void what_is_known_is_told_at_once(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 5000);
    const struct dns_answer *known;

    (void)state;
    assert_null(dns_known(resolver, "a.example", DNS_TXT));
    assert_int_equal(counters_of(resolver).questions, 0);
    dns_future_unref(dns_start(resolver, "a.example", DNS_TXT, NULL, NULL));
    assert_null(dns_known(resolver, "a.example", DNS_TXT)); /* in flight */
    resolver_answered(manual->asked[0], make_txt(60));
    known = dns_known(resolver, "A.example.", DNS_TXT);
    assert_non_null(known);
    assert_int_equal(known->status, DNS_OK);
    assert_null(dns_known(resolver, "a.example", DNS_A));
    assert_int_equal(counters_of(resolver).questions, 2);
    assert_int_equal(counters_of(resolver).cache_hits, 1);
    assert_int_equal(manual->count, 1);
    resolver_unref(resolver); /* the answer outlives it */
    assert_int_equal(known->count, 1);
    dns_answer_unref(known);
    resolver = front(manual = manual_new(), 5000);
    known = dns_known(resolver, "a..example", DNS_A);
    assert_int_equal(known->status, DNS_NXDOMAIN);
    dns_answer_unref(known);
    assert_int_equal(manual->count, 0);
    resolver_unref(resolver);
}

static void failures_are_not_cached(void **state)
{
    static const enum dns_failure failures[] = { DNS_FAILURE_SERVFAIL, DNS_FAILURE_BOGUS,
                                                 DNS_FAILURE_TIMEOUT };
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 900); /* no time to ask again */

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct calls calls = { .count = 0 };

        dns_future_unref(dns_start(resolver, "a.example", DNS_A, note, &calls));
        assert_int_equal(manual->count, i + 1);
        resolver_answered(manual->asked[i], dns_answer_failure(DNS_A, failures[i]));
        assert_int_equal(calls.count, 1);
        assert_int_equal(calls.status, i == 1 ? DNS_BOGUS : DNS_TEMPFAIL);
    }
    assert_int_equal(counters_of(resolver).tempfails, 3);
    resolver_unref(resolver);
}

/* A SERVFAIL is asked again once, if there is time. */
static void servfail_is_asked_again(void **state)
{
    (void)state;
    for (int good = 0; good < 2; good++) {
        struct manual *manual = manual_new();
        struct resolver *resolver = front(manual, 5000);
        struct calls calls = { .count = 0 };
        int64_t start = clock_ms();

        dns_future_unref(dns_start(resolver, "a.example", DNS_TXT, note, &calls));
        resolver_answered(manual->asked[0], dns_answer_failure(DNS_TXT, DNS_FAILURE_SERVFAIL));
        assert_int_equal(calls.count, 0);
        while (asked_of(manual) < 2 && clock_ms() < start + 5000)
            usleep(10000);
        assert_in_range(clock_ms() - start, 1000, 3000);
        assert_ptr_equal(manual->asked[0], manual->asked[1]);
        resolver_answered(manual->asked[1],
                          good ? make_txt(60)
                               : dns_answer_failure(DNS_TXT, DNS_FAILURE_SERVFAIL));
        assert_int_equal(calls.count, 1);
        assert_int_equal(calls.status, good ? DNS_OK : DNS_TEMPFAIL);
        assert_int_equal(asked_of(manual), 2);
        assert_int_equal(counters_of(resolver).queries, 1);
        assert_int_equal(counters_of(resolver).asked_again, 1);
        assert_int_equal(counters_of(resolver).in_flight, 0);
        resolver_unref(resolver);
    }
}

static void stopping_ends_what_was_put_aside(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 5000);
    struct calls calls = { .count = 0 };

    (void)state;
    dns_future_unref(dns_start(resolver, "a.example", DNS_TXT, note, &calls));
    resolver_answered(manual->asked[0], dns_answer_failure(DNS_TXT, DNS_FAILURE_SERVFAIL));
    resolver_unref(resolver);
    assert_int_equal(calls.count, 1);
    assert_int_equal(calls.status, DNS_TEMPFAIL);
}

static void cache_lives_are_capped(void **state)
{
    struct answer_cache *cache = answer_cache_new(10);
    const struct dns_answer *good = make_txt(86400);
    const struct dns_answer *negative = make(DNS_NXDOMAIN, DNS_TXT, 86400, NULL, 0);
    struct dns_name a, b;
    const struct dns_answer *got;

    (void)state;
    assert_true(dns_name_from_text(TEXT("a.example"), &a));
    assert_true(dns_name_from_text(TEXT("b.example"), &b));
    answer_cache_put(cache, &a, good, 1000);
    answer_cache_put(cache, &b, negative, 1000);
    assert_null(answer_cache_get(cache, &a, DNS_A, 1000));
    got = answer_cache_get(cache, &a, DNS_TXT, 1000 + DNS_CACHE_TTL_MAX * 1000 - 1);
    assert_ptr_equal(got, good);
    dns_answer_unref(got);
    assert_null(answer_cache_get(cache, &a, DNS_TXT, 1000 + DNS_CACHE_TTL_MAX * 1000));
    got = answer_cache_get(cache, &b, DNS_TXT, 1000 + DNS_CACHE_NEGATIVE_TTL_MAX * 1000 - 1);
    assert_ptr_equal(got, negative);
    dns_answer_unref(got);
    assert_null(answer_cache_get(cache, &b, DNS_TXT, 1000 + DNS_CACHE_NEGATIVE_TTL_MAX * 1000));
    dns_answer_unref(good);
    dns_answer_unref(negative);
    answer_cache_free(cache);
}

static bool cached(struct answer_cache *cache, const struct dns_name *name)
{
    const struct dns_answer *got = answer_cache_get(cache, name, DNS_TXT, 1);

    dns_answer_unref(got);
    return got != NULL;
}

static void the_least_used_goes_first(void **state)
{
    struct answer_cache *cache = answer_cache_new(3);
    const struct dns_answer *answer = make_txt(60);
    struct dns_name name[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[] = { (char)('a' + i), '\0' };

        assert_true(dns_name_from_text(text_of(text), &name[i]));
        answer_cache_put(cache, &name[i], answer, 0);
        assert_true(cached(cache, &name[0])); /* used again and again */
    }
    assert_false(cached(cache, &name[1]));
    assert_true(cached(cache, &name[2]));
    assert_true(cached(cache, &name[3]));
    dns_answer_unref(answer);
    answer_cache_free(cache);
}

static void cache_memory_is_bounded(void **state)
{
    static uint8_t strings[64 * 256];
    struct answer_cache *cache = answer_cache_new(16); /* 64 kB */
    const struct dns_answer *big;
    struct dns_name name[16];
    unsigned kept = 0;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        strings[i * 256] = 255;
    big = make(DNS_OK, DNS_TXT, 60, strings, sizeof strings);
    assert_int_equal(big->count, 1);
    for (size_t i = 0; i < 16; i++) {
        char text[] = { (char)('a' + i), '\0' };

        assert_true(dns_name_from_text(text_of(text), &name[i]));
        answer_cache_put(cache, &name[i], big, 0);
    }
    for (size_t i = 0; i < 16; i++)
        kept += cached(cache, &name[i]);
    assert_int_equal(kept, 3); /* of 16 kB and a little each */
    assert_true(cached(cache, &name[15]));
    dns_answer_unref(big);
    answer_cache_free(cache);
}

static void silence_ends_as_timeout(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 100);
    struct calls calls[2] = { { .count = 0 }, { .count = 0 } };
    struct dns_future *a = dns_start(resolver, "slow.example", DNS_TXT, note, &calls[0]);
    struct dns_future *b = dns_start(resolver, "slow.example", DNS_TXT, note, &calls[1]);
    int64_t start = clock_ms();
    const struct dns_answer *answer = dns_wait(a, start + 5000);

    (void)state;
    assert_in_range(clock_ms() - start, 80, 1500);
    assert_int_equal(answer->status, DNS_TEMPFAIL);
    assert_string_equal(answer->why, "timeout");
    dns_future_unref(a);
    dns_future_unref(b);
    assert_int_equal(counters_of(resolver).timeouts, 1);
    assert_int_equal(counters_of(resolver).in_flight, 0);

    /* The answer comes late: nobody hears it twice, but the cache learns. */
    resolver_answered(manual->asked[0], make_txt(60));
    a = dns_start(resolver, "slow.example", DNS_TXT, NULL, NULL);
    assert_int_equal(dns_wait(a, 0)->status, DNS_OK);
    dns_future_unref(a);
    resolver_unref(resolver);
    assert_int_equal(calls[0].count, 1);
    assert_int_equal(calls[1].count, 1);
    assert_string_equal(calls[1].why, "timeout");
}

static void waiting_ends_at_the_callers_deadline(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 60000);
    struct dns_future *a = dns_start(resolver, "slow.example", DNS_MX, NULL, NULL);
    int64_t start = clock_ms();
    const struct dns_answer *answer = dns_wait(a, start + 50);

    (void)state;
    assert_in_range(clock_ms() - start, 49, 1500);
    assert_int_equal(answer->status, DNS_TEMPFAIL);
    assert_int_equal(answer->type, DNS_MX);
    assert_null(dns_wait(a, 0));
    resolver_answered(manual->asked[0], make(DNS_NODATA, DNS_MX, 5, NULL, 0));
    assert_int_equal(dns_wait(a, clock_ms() + 50)->status, DNS_NODATA);
    dns_future_unref(a);
    resolver_unref(resolver);
}

static void too_many_in_flight_fail(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 60000);
    struct calls calls = { .count = 0 };
    struct dns_future *future;
    char name[] = "a.example";

    (void)state;
    for (int i = 0; i < 8; i++, name[0]++)
        dns_future_unref(dns_start(resolver, name, DNS_A, NULL, NULL));
    future = dns_start(resolver, name, DNS_A, note, &calls);
    assert_int_equal(calls.count, 1);
    assert_string_equal(dns_wait(future, 0)->why, "too many questions");
    dns_future_unref(future);
    future = dns_start(resolver, "a.example", DNS_A, NULL, NULL); /* joins */
    assert_null(dns_wait(future, 0));
    assert_int_equal(manual->count, 8);
    dns_future_unref(future);
    resolver_answered(manual->asked[0], make(DNS_NODATA, DNS_A, 0, NULL, 0));
    dns_future_unref(dns_start(resolver, name, DNS_A, NULL, NULL));
    assert_int_equal(manual->count, 9);
    resolver_unref(resolver);
}

static void stopping_ends_questions(void **state)
{
    struct manual *manual = manual_new();
    struct resolver *resolver = front(manual, 60000);
    struct calls calls = { .count = 0 };
    struct dns_future *future = dns_start(resolver, "a.example", DNS_A, note, &calls);

    (void)state;
    resolver_unref(resolver);
    assert_int_equal(calls.count, 1);
    assert_string_equal(calls.why, "resolver stopped");
    assert_int_equal(dns_wait(future, 0)->status, DNS_TEMPFAIL);
    dns_future_unref(future);
}

static void drop_resolver(void *context, const struct dns_answer *answer)
{
    (void)answer;
    resolver_unref(context);
}

/* The last reference may go inside a callback, also on the timer's thread. */
static void resolver_may_go_inside_a_callback(void **state)
{
    (void)state;
    for (int by_timer = 0; by_timer < 2; by_timer++) {
        struct manual *manual = manual_new();
        atomic_bool stopped = false;
        struct resolver *resolver;

        manual->stopped = &stopped;
        resolver = front(manual, by_timer ? 20 : 60000);
        dns_future_unref(dns_start(resolver, "a.example", DNS_A, drop_resolver, resolver));
        if (!by_timer)
            resolver_answered(manual->asked[0], make(DNS_NODATA, DNS_A, 0, NULL, 0));
        for (int i = 0; i < 500 && !atomic_load(&stopped); i++)
            usleep(10000);
        assert_true(atomic_load(&stopped));
        usleep(20000); /* the timer frees what is left */
    }
}

/* Stress: many threads, few names, a backend that answers from its own
 * thread, sometimes never. */

enum { THREADS = 32, ROUNDS = 200, NAMES = 7 };

struct slow {
    struct resolver_backend backend;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    TAILQ_HEAD(, job) jobs;
    bool stopping;
    pthread_t thread;
};

struct job {
    TAILQ_ENTRY(job) next;
    struct dns_future *future;
};

static void slow_ask(struct resolver_backend *backend, struct dns_future *future)
{
    struct slow *slow = (struct slow *)backend;
    struct job *job = malloc(sizeof *job);

    job->future = future;
    pthread_mutex_lock(&slow->lock);
    TAILQ_INSERT_TAIL(&slow->jobs, job, next);
    pthread_cond_signal(&slow->wake);
    pthread_mutex_unlock(&slow->lock);
}

static void *slow_main(void *arg)
{
    struct slow *slow = arg;
    unsigned answered = 0;

    pthread_mutex_lock(&slow->lock);
    while (!slow->stopping || !TAILQ_EMPTY(&slow->jobs)) {
        struct job *job = TAILQ_FIRST(&slow->jobs);

        if (!job) {
            pthread_cond_wait(&slow->wake, &slow->lock);
            continue;
        }
        TAILQ_REMOVE(&slow->jobs, job, next);
        pthread_mutex_unlock(&slow->lock);
        if (answered++ % 50 == 49) /* as good as never */
            usleep(30000);
        resolver_answered(job->future, make_txt(answered % 3 ? 0 : 60));
        free(job);
        pthread_mutex_lock(&slow->lock);
    }
    pthread_mutex_unlock(&slow->lock);
    return NULL;
}

static void slow_stop(struct resolver_backend *backend)
{
    struct slow *slow = (struct slow *)backend;

    pthread_mutex_lock(&slow->lock);
    slow->stopping = true;
    pthread_cond_signal(&slow->wake);
    pthread_mutex_unlock(&slow->lock);
    pthread_join(slow->thread, NULL);
    pthread_mutex_destroy(&slow->lock);
    pthread_cond_destroy(&slow->wake);
    free(slow);
}

static struct slow *slow_new(void)
{
    struct slow *slow = calloc(1, sizeof *slow);

    slow->backend = (struct resolver_backend){ slow_ask, slow_stop, false };
    pthread_mutex_init(&slow->lock, NULL);
    pthread_cond_init(&slow->wake, NULL);
    TAILQ_INIT(&slow->jobs);
    assert_int_equal(pthread_create(&slow->thread, NULL, slow_main, slow), 0);
    return slow;
}

static atomic_uint callbacks;

static void count_callback(void *context, const struct dns_answer *answer)
{
    (void)context;
    if (answer->status == DNS_OK || answer->status == DNS_TEMPFAIL)
        atomic_fetch_add(&callbacks, 1);
}

static void *ask_much(void *arg)
{
    struct resolver *resolver = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[] = "a.example";
        struct dns_future *future;

        name[0] = (char)('a' + i % NAMES);
        future = dns_start(resolver, name, DNS_TXT, count_callback, NULL);
        if (i % 3 == 0)
            dns_wait(future, clock_ms() + 5000);
        dns_future_unref(future);
    }
    resolver_unref(resolver);
    return NULL;
}

static void many_threads_merge(void **state)
{
    struct resolver_limits limits = { 10, 4, RESOLVER_QUESTIONS_MAX };
    struct resolver *resolver = resolver_new(&slow_new()->backend, &limits);
    struct resolver_counters counters;
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_much, resolver_ref(resolver)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    resolver_count(resolver, &counters);
    assert_int_equal(counters.questions, THREADS * ROUNDS);
    assert_true(counters.merged > 0);
    assert_int_equal(counters.queries + counters.merged + counters.cache_hits, THREADS * ROUNDS);
    resolver_unref(resolver);
    assert_int_equal(atomic_load(&callbacks), THREADS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_questions_are_one_query),
        cmocka_unit_test(answers_are_cached),
        cmocka_unit_test(what_is_known_is_told_at_once),
        cmocka_unit_test(failures_are_not_cached),
        cmocka_unit_test(servfail_is_asked_again),
        cmocka_unit_test(stopping_ends_what_was_put_aside),
        cmocka_unit_test(cache_lives_are_capped),
        cmocka_unit_test(the_least_used_goes_first),
        cmocka_unit_test(cache_memory_is_bounded),
        cmocka_unit_test(silence_ends_as_timeout),
        cmocka_unit_test(waiting_ends_at_the_callers_deadline),
        cmocka_unit_test(too_many_in_flight_fail),
        cmocka_unit_test(stopping_ends_questions),
        cmocka_unit_test(resolver_may_go_inside_a_callback),
        cmocka_unit_test(many_threads_merge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
