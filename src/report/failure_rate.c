#include "report/failure_rate.h"

enum { HOUR_MS = 3600000 };

/* FNV-1a.  Who finds two domains that collide has them share their rate. */
static uint64_t hash(const char *s)
{
    uint64_t h = 0xcbf29ce484222325;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3;
    return h;
}

static bool is_recent(const struct failure_mark *mark, int64_t now_ms)
{
    return mark->ms != 0 && now_ms - mark->ms < HOUR_MS;
}

bool failure_rate_take(struct failure_rate *rate, const char *domain, int64_t now_ms)
{
    const uint64_t key = hash(domain);
    size_t count = 0;

    if (rate->whole == 0 || is_recent(&rate->marks[rate->next], now_ms))
        return false;
    for (size_t i = 0; i < rate->whole; i++)
        if (rate->marks[i].domain == key && is_recent(&rate->marks[i], now_ms))
            count++;
    if (count >= rate->domain)
        return false;
    rate->marks[rate->next] = (struct failure_mark){ now_ms ? now_ms : 1, key };
    rate->next = (rate->next + 1) % rate->whole;
    return true;
}
