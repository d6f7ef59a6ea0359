#include "dns/scope.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/answer_private.h"
#include "dns/future_private.h"
#include "dns/resolver.h"

/* One distinct question.  Lives as long as the scope. */
struct scope_question {
    struct scope_question *next; /* in the order started */
    struct dns_scope *scope;     /* counted while the question is in flight */
    enum dns_type type;
    const struct dns_answer *answer; /* NULL while in flight; a reference */
    const struct dns_answer *given;  /* what lookups gave; NULL: nothing yet */
    struct waiter *waiters;          /* DONE callbacks, latest first */
    char name[];
};

struct dns_scope {
    atomic_uint references;
    struct resolver *resolver;
    unsigned questions_max;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t answered;
    struct scope_question *questions;
    struct scope_question **questions_end;
    int64_t deadline_ms;
    bool closed;
    struct dns_scope_usage usage;
};

struct dns_scope *dns_scope_new(struct resolver *resolver, const struct dns_scope_limits *limits)
{
    struct dns_scope *scope = calloc(1, sizeof *scope);

    if (!scope)
        return NULL;
    atomic_init(&scope->references, 1);
    scope->resolver = resolver_ref(resolver);
    scope->questions_max = limits->questions_max;
    scope->deadline_ms = limits->deadline_ms;
    scope->questions_end = &scope->questions;
    pthread_mutex_init(&scope->lock, NULL);
    condition_init(&scope->answered);
    return scope;
}

struct dns_scope *dns_scope_ref(struct dns_scope *scope)
{
    atomic_fetch_add(&scope->references, 1);
    return scope;
}

void dns_scope_unref(struct dns_scope *scope)
{
    struct resolver *resolver;

    if (!scope || atomic_fetch_sub(&scope->references, 1) != 1)
        return;
    while (scope->questions) {
        struct scope_question *question = scope->questions;

        scope->questions = question->next;
        dns_answer_unref(question->answer);
        free(question);
    }
    pthread_cond_destroy(&scope->answered);
    pthread_mutex_destroy(&scope->lock);
    resolver = scope->resolver;
    free(scope);
    resolver_unref(resolver);
}

void dns_scope_set_deadline(struct dns_scope *scope, int64_t deadline_ms)
{
    pthread_mutex_lock(&scope->lock);
    scope->deadline_ms = deadline_ms;
    pthread_cond_broadcast(&scope->answered);
    pthread_mutex_unlock(&scope->lock);
}

void dns_scope_close(struct dns_scope *scope)
{
    pthread_mutex_lock(&scope->lock);
    scope->closed = true;
    pthread_mutex_unlock(&scope->lock);
}

/* The following three: under the lock. */

static bool name_is(const char *a, const char *b)
{
    while (*a && octet_lower(*a) == octet_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static struct scope_question *find(struct dns_scope *scope, const char *name, enum dns_type type)
{
    struct scope_question *question = scope->questions;

    while (question && (question->type != type || !name_is(question->name, name)))
        question = question->next;
    return question;
}

/* Adds a question that is not there yet.  NULL, and *WHY, when it may not. */
static struct scope_question *add(struct dns_scope *scope, const char *name, enum dns_type type,
                                  enum dns_failure *why)
{
    struct scope_question *question;
    size_t size = strlen(name) + 1;

    if (scope->closed) {
        *why = DNS_FAILURE_CLOSED;
        return NULL;
    }
    if (scope->usage.questions >= scope->questions_max) {
        scope->usage.limit_hit = true;
        *why = DNS_FAILURE_QUESTION_LIMIT;
        return NULL;
    }
    question = calloc(1, sizeof *question + size);
    if (!question) {
        scope->usage.out_of_memory = true;
        *why = DNS_FAILURE_MEMORY;
        return NULL;
    }
    memcpy(question->name, name, size);
    question->type = type;
    question->scope = scope;
    *scope->questions_end = question;
    scope->questions_end = &question->next;
    scope->usage.questions++;
    return question;
}

/* The resolver's answer to a question of the scope; drops the reference on the
 * scope that the question held while in flight. */
static void take_answer(void *context, const struct dns_answer *answer)
{
    struct scope_question *question = context;
    struct dns_scope *scope = question->scope;
    struct waiter *waiters;

    pthread_mutex_lock(&scope->lock);
    question->answer = dns_answer_ref(answer);
    waiters = question->waiters;
    question->waiters = NULL;
    pthread_cond_broadcast(&scope->answered);
    pthread_mutex_unlock(&scope->lock);
    waiters_call(waiters, answer);
    dns_scope_unref(scope);
}

/* Answers a new question with what is known, or hands it to the resolver.  No
 * lock held. */
static void launch(struct dns_scope *scope, struct scope_question *question)
{
    const struct dns_answer *known = dns_known(scope->resolver, question->name, question->type);
    struct dns_future *future;

    dns_scope_ref(scope);
    if (known) {
        take_answer(question, known);
        dns_answer_unref(known);
        return;
    }
    future = dns_start(scope->resolver, question->name, question->type, take_answer, question);
    if (future)
        dns_future_unref(future);
    else
        take_answer(question, dns_answer_failure(question->type, DNS_FAILURE_MEMORY));
}

void dns_scope_fail(struct dns_scope *scope)
{
    pthread_mutex_lock(&scope->lock);
    scope->usage.out_of_memory = true;
    pthread_mutex_unlock(&scope->lock);
}

void dns_scope_start(struct dns_scope *scope, const char *name, enum dns_type type,
                     void (*done)(void *context, const struct dns_answer *answer), void *context)
{
    struct waiter *waiter = done ? malloc(sizeof *waiter) : NULL;
    const struct dns_answer *known = NULL;
    enum dns_failure why = DNS_FAILURE_MEMORY;
    struct scope_question *question;
    bool added = false;

    if (done && !waiter) {
        dns_scope_fail(scope);
        done(context, dns_answer_failure(type, DNS_FAILURE_MEMORY));
        return;
    }
    pthread_mutex_lock(&scope->lock);
    question = find(scope, name, type);
    if (!question) {
        question = add(scope, name, type, &why);
        added = question != NULL;
    }
    known = question ? question->answer : dns_answer_failure(type, why);
    if (waiter) {
        *waiter = (struct waiter){ known ? NULL : question->waiters, done, context };
        if (!known)
            question->waiters = waiter;
    }
    pthread_mutex_unlock(&scope->lock);
    if (known)
        waiters_call(waiter, known);
    else if (added)
        launch(scope, question);
}

/* Under the lock: ANSWER is what a lookup gives. */
static const struct dns_answer *note_given(struct dns_scope *scope, const struct dns_answer *answer)
{
    if (answer == dns_answer_failure(answer->type, DNS_FAILURE_MEMORY))
        scope->usage.out_of_memory = true;
    return answer;
}

/* Under the lock: waits for the answer of QUESTION until the deadline. */
static const struct dns_answer *await(struct dns_scope *scope, struct scope_question *question)
{
    int64_t start = clock_ms();

    while (!question->answer) {
        if (scope->deadline_ms == 0)
            pthread_cond_wait(&scope->answered, &scope->lock);
        else if (clock_ms() < scope->deadline_ms)
            condition_wait_until(&scope->answered, &scope->lock, scope->deadline_ms);
        else
            break;
    }
    scope->usage.waited_ms += clock_ms() - start;
    if (question->answer)
        return question->answer;
    scope->usage.deadline_hit = true;
    return dns_answer_failure(question->type, DNS_FAILURE_TIMEOUT);
}

const struct dns_answer *dns_scope_lookup(struct dns_scope *scope, const char *name,
                                          enum dns_type type)
{
    enum dns_failure why = DNS_FAILURE_MEMORY;
    struct scope_question *question;
    const struct dns_answer *given;

    pthread_mutex_lock(&scope->lock);
    question = find(scope, name, type);
    if (!question) {
        question = add(scope, name, type, &why);
        if (!question) {
            given = note_given(scope, dns_answer_failure(type, why));
            pthread_mutex_unlock(&scope->lock);
            return given;
        }
        pthread_mutex_unlock(&scope->lock);
        launch(scope, question);
        pthread_mutex_lock(&scope->lock);
    }
    if (!question->given) {
        given = await(scope, question);
        if (!question->given)
            question->given = given;
    }
    given = note_given(scope, question->given);
    pthread_mutex_unlock(&scope->lock);
    return given;
}

void dns_scope_usage(struct dns_scope *scope, struct dns_scope_usage *usage)
{
    pthread_mutex_lock(&scope->lock);
    *usage = scope->usage;
    pthread_mutex_unlock(&scope->lock);
}

void dns_scope_each(struct dns_scope *scope,
                    void (*visit)(void *context, const char *name, const struct dns_answer *answer),
                    void *context)
{
    struct scope_question *question;

    pthread_mutex_lock(&scope->lock);
    question = scope->questions;
    pthread_mutex_unlock(&scope->lock);
    for (; question; question = question->next) {
        const struct dns_answer *answer = question->given ? question->given : question->answer;

        if (answer)
            visit(context, question->name, answer);
    }
}
