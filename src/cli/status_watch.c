#include "cli/status_watch.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_OCTETS = 64, DAY_S = 24 * 3600 };

/* Present and former numbers, and the time between. */
struct view {
    const json_t *now, *before; /* before: NULL when there are no rates to tell */
    double seconds;
    FILE *out;
};

/* What stands at PATH ("dns.queries") in ROOT, or NULL. */
static const json_t *find(const json_t *root, const char *path)
{
    while (root && *path) {
        size_t len = strcspn(path, ".");
        char key[PATH_MAX_OCTETS];

        if (len >= sizeof key)
            return NULL;
        memcpy(key, path, len);
        key[len] = '\0';
        root = json_object_get(root, key);
        path += len + (path[len] == '.');
    }
    return root;
}

static double number(const json_t *root, const char *path)
{
    return (double)json_integer_value(find(root, path));
}

static double gained(const struct view *v, const char *path)
{
    return number(v->now, path) - number(v->before, path);
}

/* "label   12.3/s   4567" */
static void rate(const struct view *v, const char *label, const char *path)
{
    fprintf(v->out, "  %-22s", label);
    if (v->before)
        fprintf(v->out, "%10.1f/s", gained(v, path) / v->seconds);
    else
        fprintf(v->out, "%12s", "");
    fprintf(v->out, "%14.0f\n", number(v->now, path));
}

static void rates(const struct view *v, const char *heading, const char *const (*rows)[2],
                  size_t count)
{
    fprintf(v->out, "%s\n", heading);
    for (size_t i = 0; i < count; i++)
        rate(v, rows[i][0], rows[i][1]);
}

/* Every number of the object at PATH. */
static void each(const struct view *v, const char *heading, const char *path)
{
    const char *key;
    json_t *value;

    fprintf(v->out, "%s\n", heading);
    json_object_foreach((json_t *)find(v->now, path), key, value) {
        char full[PATH_MAX_OCTETS];

        if (json_is_integer(value) &&
            (size_t)snprintf(full, sizeof full, "%s.%s", path, key) < sizeof full)
            rate(v, key, full);
    }
}

/* --- durations ------------------------------------------------------------- */

/* The bound in milliseconds below which PART of the durations at PATH lie, of those
 * since BEFORE; -1: there were none, -2: beyond all bounds. */
static double quantile(const struct view *v, const char *path, double part)
{
    const json_t *now = find(v->now, path), *before = find(v->before, path);
    double count = number(now, "count") - number(before, "count");
    const char *bound;
    json_t *below;

    if (count <= 0)
        return -1;
    json_object_foreach((json_t *)find(now, "below_us"), bound, below) {
        double seen = (double)json_integer_value(below) -
                      number(find(before, "below_us"), bound);

        if (seen >= part * count)
            return strtod(bound, NULL) / 1000;
    }
    return -2;
}

static void print_quantile(FILE *out, double ms)
{
    if (ms == -1)
        fprintf(out, "%12s", "-");
    else if (ms == -2)
        fprintf(out, "%12s", "> 30 s");
    else if (ms < 1000)
        fprintf(out, "%9.4g ms", ms);
    else
        fprintf(out, "%10.4g s", ms / 1000);
}

static void durations(const struct view *v)
{
    static const char *const rows[][2] = {
        { "end of message", "latency.end_of_message" },
        { "DNS of a message", "latency.dns_wait" },
        { "a DNS query", "latency.dns_query" },
    };

    fprintf(v->out, "%-24s%12s%12s%12s\n", "took at most", "half", "95 %", "99 %");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fprintf(v->out, "  %-22s", rows[i][0]);
        print_quantile(v->out, quantile(v, rows[i][1], 0.5));
        print_quantile(v->out, quantile(v, rows[i][1], 0.95));
        print_quantile(v->out, quantile(v, rows[i][1], 0.99));
        fputc('\n', v->out);
    }
}

/* --- the picture -------------------------------------------------------------- */

static void head(const struct view *v)
{
    long uptime = (long)number(v->now, "uptime");
    const char *version = json_string_value(find(v->now, "version"));

    fprintf(v->out, "vidimusd %s, pid %.0f, up %ld d %02ld:%02ld:%02ld, %.0f in flight\n\n",
            version ? version : "?", number(v->now, "pid"), uptime / DAY_S, uptime % DAY_S / 3600,
            uptime % 3600 / 60, uptime % 60, number(v->now, "in_flight"));
}

/* What somebody should look at; nothing when all is well. */
static void troubles(const struct view *v)
{
    static const char *const rows[][2] = {
        { "keys that DNS does not have", "keys_missing" },
        { "messages that a key did not sign", "sign_faults" },
        { "rows for reports lost", "spool.lost" },
        { "temporary failures for want of memory", "memory_failures" },
        { "replies that the MTA did not take", "mta_failures" },
        { "messages with too many fields", "bounds.header-fields" },
        { "messages with too many DNS questions", "bounds.dns-questions" },
        { "messages that DNS took too long for", "bounds.dns-time" },
        { "reloads that failed", "reloads_failed" },
    };

    if (json_is_true(find(v->now, "spool.failing")))
        fputs("! the spool cannot be written\n", v->out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (number(v->now, rows[i][1]) > 0)
            fprintf(v->out, "! %s: %.0f\n", rows[i][0], number(v->now, rows[i][1]));
}

void status_watch_print(const json_t *now, const json_t *before, double seconds, FILE *out)
{
    static const char *const mail[][2] = {
        { "connections", "connections" }, { "messages", "messages" },
        { "signed", "signed" },           { "sealed", "sealed" },
    };
    static const char *const dns[][2] = {
        { "questions", "dns.questions" }, { "from memory", "dns.cache_hits" },
        { "queries", "dns.queries" },     { "timeouts", "dns.timeouts" },
        { "failures", "dns.tempfails" },
    };
    bool restarted = before && (number(now, "pid") != number(before, "pid") ||
                                number(now, "messages") < number(before, "messages"));
    const struct view v = { now, restarted || seconds <= 0 ? NULL : before, seconds, out };

    head(&v);
    rates(&v, "mail", mail, sizeof mail / sizeof mail[0]);
    each(&v, "verdicts", "verdicts");
    each(&v, "DMARC", "results.dmarc");
    rates(&v, "DNS", dns, sizeof dns / sizeof dns[0]);
    durations(&v);
    troubles(&v);
}
