/* Unit tests of dns_scope. */
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
#include "dns/resolver_private.h"
#include "dns/scope.h"
#include "calls.h"

static const char zone[] = "$ORIGIN example.\n"
                           "a MX 1 b\n"
                           "b A 192.0.2.1\n"
                           "t TXT hello\n";

static struct resolver *zone_resolver(void)
{
    char error[200];
    struct resolver *resolver = resolver_new_zone_text(text_of(zone), error, sizeof error);

    assert_non_null(resolver);
    return resolver;
}

/* A backend that keeps every question until told. */
static struct dns_future *held[16];
static size_t held_count;

static void hold_ask(struct resolver_backend *backend, struct dns_future *future)
{
    (void)backend;
    held[held_count++] = future;
}

static void hold_stop(struct resolver_backend *backend)
{
    free(backend);
}

static struct resolver *holding_resolver(unsigned timeout_ms)
{
    struct resolver_backend *backend = calloc(1, sizeof *backend);
    struct resolver_limits limits = { timeout_ms, 0, 100 };

    held_count = 0;
    backend->ask = hold_ask;
    backend->stop = hold_stop;
    return resolver_new(backend, &limits);
}

static void release(size_t i)
{
    struct dns_facts facts = { .status = DNS_NODATA, .type = held[i]->type, .ttl = 1 };

    resolver_answered(held[i], dns_answer_new(&facts));
}

/* A scope over RESOLVER, whose reference it takes over. */
static struct dns_scope *scope_over(struct resolver *resolver, unsigned max, int64_t deadline)
{
    struct dns_scope_limits limits = { max, deadline };
    struct dns_scope *scope = dns_scope_new(resolver, &limits);

    assert_non_null(scope);
    resolver_unref(resolver);
    return scope;
}

static struct dns_scope_usage usage_of(struct dns_scope *scope)
{
    struct dns_scope_usage usage;

    dns_scope_usage(scope, &usage);
    return usage;
}

static void questions_are_remembered(void **state)
{
    struct dns_scope *scope = scope_over(zone_resolver(), 100, 0);
    const struct dns_answer *first = dns_scope_lookup(scope, "t.example", DNS_TXT);
    struct calls calls = { .count = 0 };

    (void)state;
    assert_int_equal(first->status, DNS_OK);
    assert_ptr_equal(dns_scope_lookup(scope, "T.Example", DNS_TXT), first);
    assert_int_equal(usage_of(scope).questions, 1);
    dns_scope_start(scope, "t.example", DNS_TXT, note, &calls);
    assert_int_equal(calls.count, 1);
    assert_int_equal(dns_scope_lookup(scope, "t.example", DNS_A)->status, DNS_NODATA);
    assert_int_equal(dns_scope_lookup(scope, "u.example", DNS_A)->status, DNS_NXDOMAIN);
    assert_int_equal(dns_scope_lookup(scope, "a..b", DNS_A)->status, DNS_NXDOMAIN);
    assert_int_equal(usage_of(scope).questions, 4);
    assert_false(usage_of(scope).limit_hit);
    dns_scope_unref(scope);
}

static void questions_are_bounded(void **state)
{
    struct dns_scope *scope = scope_over(zone_resolver(), 2, 0);
    struct calls calls = { .count = 0 };

    (void)state;
    dns_scope_start(scope, "t.example", DNS_TXT, NULL, NULL);
    dns_scope_lookup(scope, "b.example", DNS_A);
    assert_false(usage_of(scope).limit_hit);
    assert_int_equal(dns_scope_lookup(scope, "c.example", DNS_A)->status, DNS_TEMPFAIL);
    assert_string_equal(dns_scope_lookup(scope, "c.example", DNS_A)->why, "question limit");
    assert_int_equal(dns_scope_lookup(scope, "c.example", DNS_A)->type, DNS_A);
    assert_true(usage_of(scope).limit_hit);
    dns_scope_start(scope, "d.example", DNS_A, note, &calls);
    assert_int_equal(calls.count, 1);
    assert_string_equal(calls.why, "question limit");
    assert_int_equal(dns_scope_lookup(scope, "t.example", DNS_TXT)->status, DNS_OK);
    assert_int_equal(usage_of(scope).questions, 2);
    dns_scope_unref(scope);
}

/* A callback asks on: the addresses of a mail exchanger. */
struct chain {
    struct dns_scope *scope;
    struct calls address;
};

static void ask_address(void *context, const struct dns_answer *answer)
{
    struct chain *chain = context;

    if (answer->count == 1)
        dns_scope_start(chain->scope, answer->records[0].mx.exchange, DNS_A, note, &chain->address);
}

static void callbacks_ask_on(void **state)
{
    struct chain chain = { scope_over(zone_resolver(), 100, 0), { .count = 0 } };

    (void)state;
    dns_scope_start(chain.scope, "a.example", DNS_MX, ask_address, &chain);
    assert_int_equal(chain.address.count, 1);
    assert_int_equal(chain.address.status, DNS_OK);
    assert_int_equal(usage_of(chain.scope).questions, 2);
    dns_scope_unref(chain.scope);
}

static void callbacks_share_a_question_in_flight(void **state)
{
    struct dns_scope *scope = scope_over(holding_resolver(60000), 100, 0);
    struct calls calls[2] = { { .count = 0 }, { .count = 0 } };

    (void)state;
    dns_scope_start(scope, "a.example", DNS_A, note, &calls[0]);
    dns_scope_start(scope, "a.example", DNS_A, note, &calls[1]);
    assert_int_equal(held_count, 1);
    assert_int_equal(calls[0].count + calls[1].count, 0);
    release(0);
    assert_int_equal(calls[0].count, 1);
    assert_int_equal(calls[1].count, 1);
    assert_int_equal(calls[1].status, DNS_NODATA);
    dns_scope_unref(scope);
}

static void a_closed_scope_asks_no_more(void **state)
{
    struct dns_scope *scope = scope_over(holding_resolver(60000), 100, 0);
    struct calls calls[2] = { { .count = 0 }, { .count = 0 } };

    (void)state;
    dns_scope_start(scope, "a.example", DNS_A, note, &calls[0]);
    dns_scope_close(scope);
    dns_scope_start(scope, "b.example", DNS_A, note, &calls[1]);
    assert_int_equal(held_count, 1);
    assert_int_equal(calls[1].count, 1);
    assert_int_equal(calls[1].status, DNS_TEMPFAIL);
    assert_string_equal(calls[1].why, "message gone");
    assert_int_equal(dns_scope_lookup(scope, "c.example", DNS_A)->status, DNS_TEMPFAIL);
    release(0); /* in flight: heard */
    assert_int_equal(calls[0].count, 1);
    assert_int_equal(dns_scope_lookup(scope, "a.example", DNS_A)->status, DNS_NODATA);
    dns_scope_unref(scope);
}

/* Dropping a scope with questions in flight: callbacks still come, and then
 * nothing is left (LeakSanitizer looks). */
static void a_scope_may_go_before_its_answers(void **state)
{
    struct dns_scope *scope = scope_over(holding_resolver(50), 100, 0);
    struct calls calls[2] = { { .count = 0 }, { .count = 0 } };

    (void)state;
    dns_scope_start(scope, "a.example", DNS_A, note, &calls[0]);
    dns_scope_start(scope, "b.example", DNS_A, note, &calls[1]); /* times out */
    dns_scope_close(scope);
    dns_scope_unref(scope);
    release(0);
    assert_int_equal(calls[0].count, 1);
    for (int i = 0; i < 500 && atomic_load(&calls[1].count) == 0; i++)
        usleep(10000);
    assert_int_equal(calls[1].count, 1);
    assert_string_equal(calls[1].why, "timeout");
    usleep(50000); /* the scope's last reference goes on the timer's thread */
}

static void waiting_ends_at_the_deadline(void **state)
{
    int64_t start = clock_ms();
    struct dns_scope *scope = scope_over(holding_resolver(60000), 100, start + 100);
    const struct dns_answer *answer = dns_scope_lookup(scope, "a.example", DNS_A);

    (void)state;
    assert_in_range(clock_ms() - start, 99, 2000);
    assert_string_equal(answer->why, "timeout");
    assert_in_range(usage_of(scope).waited_ms, 90, 2000);
    release(0); /* too late: the message saw a timeout and goes on seeing it */
    assert_ptr_equal(dns_scope_lookup(scope, "a.example", DNS_A), answer);
    assert_string_equal(dns_scope_lookup(scope, "b.example", DNS_A)->why, "timeout");
    assert_in_range(clock_ms() - start, 99, 2000); /* no second wait */
    dns_scope_set_deadline(scope, clock_ms() + 60000);
    release(1);
    assert_string_equal(dns_scope_lookup(scope, "b.example", DNS_A)->why, "timeout");
    dns_scope_unref(scope);
}

static void *release_later(void *arg)
{
    (void)arg;
    usleep(50000);
    release(0);
    return NULL;
}

static void waiting_ends_with_the_answer(void **state)
{
    struct dns_scope *scope = scope_over(holding_resolver(60000), 100, 0);
    pthread_t thread;

    (void)state;
    dns_scope_start(scope, "a.example", DNS_A, NULL, NULL);
    pthread_create(&thread, NULL, release_later, NULL);
    assert_int_equal(dns_scope_lookup(scope, "a.example", DNS_A)->status, DNS_NODATA);
    assert_in_range(usage_of(scope).waited_ms, 30, 2000);
    pthread_join(thread, NULL);
    dns_scope_unref(scope);
}

static char visited[200];

static void visit(void *context, const char *name, const struct dns_answer *answer)
{
    (void)context;
    snprintf(visited + strlen(visited), sizeof visited - strlen(visited), "%s/%s ", name,
             name_of(dns_status_names, (int)answer->status));
}

static void questions_are_listed_in_order(void **state)
{
    struct dns_scope *scope = scope_over(zone_resolver(), 100, 0);

    (void)state;
    dns_scope_lookup(scope, "t.example", DNS_TXT);
    dns_scope_lookup(scope, "nope.example", DNS_A);
    dns_scope_start(scope, "example", DNS_A, NULL, NULL);
    dns_scope_each(scope, visit, NULL);
    assert_string_equal(visited, "t.example/ok nope.example/nxdomain example/nodata ");
    dns_scope_unref(scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_remembered),
        cmocka_unit_test(questions_are_bounded),
        cmocka_unit_test(callbacks_ask_on),
        cmocka_unit_test(callbacks_share_a_question_in_flight),
        cmocka_unit_test(a_closed_scope_asks_no_more),
        cmocka_unit_test(a_scope_may_go_before_its_answers),
        cmocka_unit_test(waiting_ends_at_the_deadline),
        cmocka_unit_test(waiting_ends_with_the_answer),
        cmocka_unit_test(questions_are_listed_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
