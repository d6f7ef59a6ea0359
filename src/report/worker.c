#include "report/worker.h"

#include "base/clock.h"

bool worker_start(struct worker *w, void *(*run)(void *context), void *context)
{
    *w = (struct worker){ .stopping = false };
    if (pthread_mutex_init(&w->lock, NULL) != 0)
        return false;
    if (!condition_init(&w->work))
        goto no_work;
    if (!condition_init(&w->done))
        goto no_done;
    if (thread_start(&w->thread, run, context))
        return true;
    pthread_cond_destroy(&w->done);
no_done:
    pthread_cond_destroy(&w->work);
no_work:
    pthread_mutex_destroy(&w->lock);
    return false;
}

void worker_wait(struct worker *w, int64_t until_ms)
{
    condition_wait_until(&w->work, &w->lock, until_ms);
}

void worker_ends(struct worker *w)
{
    w->ended = true;
    pthread_cond_signal(&w->done);
}

bool worker_stop(struct worker *w, int64_t limit_ms)
{
    int64_t until = clock_ms() + limit_ms;
    bool ended;

    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    while (!w->ended && clock_ms() < until)
        condition_wait_until(&w->done, &w->lock, until);
    ended = w->ended;
    pthread_mutex_unlock(&w->lock);
    return ended;
}

bool worker_free(struct worker *w)
{
    bool ended;

    pthread_mutex_lock(&w->lock);
    ended = w->ended;
    pthread_mutex_unlock(&w->lock);
    if (!ended)
        return false;
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    return true;
}
