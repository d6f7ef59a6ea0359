/* The SPF evaluation through libspf2, on hostile DNS: our parser, the guards
 * and the library behind them.
 *
 * Input: the first octet chooses the client.  Each line after it is published
 * at r0.f, r1.f, …; r0.f is judged.  By its first octet a line is: m, MX names
 * between blanks; p, PTR names of the client; t, a timeout of TXT; else TXT.
 * host.f has addresses.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "auth/spf_walk.h"
#include "base/cursor.h"
#include "base/region.h"
#include "dns/resolver.h"
#include "dns/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 16 };

static const char *const clients[] = { "192.0.2.1", "2001:db8::1", "127.0.0.1", "198.51.100.9" };

static bool in_line(char c)
{
    return c != '\n';
}

static bool in_word(char c)
{
    return c != ' ';
}

static void put_escaped(FILE *zone, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        fprintf(zone, "\\%03u", (unsigned)(unsigned char)t.data[i]);
}

/* Names whose labels the zone would refuse are left out. */
static bool is_name(struct text t)
{
    size_t label = 0;

    for (size_t i = 0; i < t.len; i++) {
        label = t.data[i] == '.' ? 0 : label + 1;
        if ((t.data[i] == '.' && (i == 0 || t.data[i - 1] == '.')) || label > LABEL_MAX)
            return false;
    }
    return t.len > 0 && t.len < 200 && t.data[t.len - 1] != '.';
}

static void put_name(FILE *zone, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] == '.')
            putc('.', zone);
        else
            put_escaped(zone, (struct text){ t.data + i, 1 });
    fputs(".\n", zone);
}

static void put_names(FILE *zone, const char *owner, const char *type, struct text names)
{
    struct cursor c = cursor_over(names);

    do {
        struct text name = cursor_run(&c, in_word);

        if (!is_name(name))
            continue;
        fprintf(zone, "%s %s", owner, type);
        put_name(zone, name);
    } while (cursor_take(&c, ' '));
}

static void put_line(FILE *zone, size_t index, const char *reverse, struct text line)
{
    char owner[16];

    snprintf(owner, sizeof owner, "r%zu.f.", index);
    if (line.len > 0 && line.data[0] == 'm') {
        put_names(zone, owner, "MX 10 ", text_tail(line, 1));
    } else if (line.len > 0 && line.data[0] == 'p') {
        put_names(zone, reverse, "PTR ", text_tail(line, 1));
    } else if (line.len > 0 && line.data[0] == 't') {
        fprintf(zone, "$FAULT %s TXT timeout\n", owner);
    } else {
        fprintf(zone, "%s TXT \"", owner);
        put_escaped(zone, line);
        fputs("\"\n", zone);
    }
}

static struct resolver *make_resolver(struct text lines, const struct ip_address *client)
{
    char path[64], reverse[IP_REVERSE_SIZE], error[200];
    struct cursor c = cursor_over(lines);
    struct resolver *resolver;
    int fd = memfd_create("zone", 0);
    FILE *zone = fdopen(fd, "w");

    if (!zone)
        abort();
    ip_reverse_name(client, reverse);
    fputs("host.f. A 192.0.2.1\nhost.f. AAAA 2001:db8::1\n", zone);
    for (size_t i = 0; i < LINES_MAX && !cursor_done(&c); i++) {
        put_line(zone, i, reverse, cursor_run(&c, in_line));
        cursor_take(&c, '\n');
    }
    fflush(zone);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    resolver = resolver_new_zone(path, error, sizeof error);
    if (!resolver) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    fclose(zone);
    return resolver;
}

/* A first record that the parser refuses, or with a macro, is never judged. */
static void expect_guarded(struct region *region, struct dns_scope *dns,
                           const struct spf_outcome *outcome)
{
    const struct dns_answer *answer = dns_scope_lookup(dns, "r0.f", DNS_TXT);
    struct spf_record record;
    struct text text;

    if (dns_failed(answer)) {
        if (outcome->result != RESULT_TEMPERROR)
            abort();
    } else if (spf_record_select(answer, &text) == RECORD_NONE) {
        if (outcome->result != RESULT_NONE)
            abort();
    } else if (spf_record_parse(region, text, &record)) {
        if (outcome->result != RESULT_PERMERROR)
            abort();
    } else if (record.redirect.macros && outcome->result != RESULT_PERMERROR) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_scope_limits limits = { .questions_max = 100 };
    struct dns_scope_usage usage;
    struct spf_request request = { .local_part = TEXT("a%{l}"), .domain = "r0.f", .receiver = "x" };
    struct spf_outcome outcome;
    struct resolver *resolver;

    if (size == 0)
        return 0;
    ip_parse(text_of(clients[data[0] % 4]), &request.client);
    resolver = make_resolver((struct text){ (const char *)data + 1, size - 1 }, &request.client);
    request.dns = dns_scope_new(resolver, &limits);
    request.region = region_new(0);
    spf_engine_libspf2.evaluate(&request, &outcome);
    dns_scope_usage(request.dns, &usage);
    if (outcome.lookups > SPF_TERMS_MAX + 1 || outcome.voids > SPF_VOIDS_MAX + 1 ||
        usage.questions > SPF_QUESTIONS_MAX + 1 || region_failed(request.region))
        abort();
    expect_guarded(request.region, request.dns, &outcome);
    region_free(request.region);
    dns_scope_unref(request.dns);
    resolver_unref(resolver);
    return 0;
}
