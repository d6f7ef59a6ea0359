/* spf_case.h: hostile DNS for the SPF engines, made of a fuzzer's lines.
 *
 * Each line is published at r0.f, r1.f, …; r0.f is to be judged.  By its first
 * octet a line is: m, MX names between blanks; p, PTR names of the client; t, a
 * timeout of TXT; else TXT.  host.f has addresses.
 */
#ifndef VIDIMUS_TESTS_FUZZ_SPF_CASE_H
#define VIDIMUS_TESTS_FUZZ_SPF_CASE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/ip.h"
#include "dns/resolver.h"
#include "mail/domain.h"

enum { CASE_LINES_MAX = 16 };

static const char *const case_clients[] = { "192.0.2.1", "2001:db8::1", "127.0.0.1",
                                            "198.51.100.9" };

static inline struct ip_address case_client(uint8_t choice)
{
    struct ip_address client;

    ip_parse(text_of(case_clients[choice % 4]), &client);
    return client;
}

static inline bool in_line(char c)
{
    return c != '\n';
}

static inline bool in_word(char c)
{
    return c != ' ';
}

static inline void put_escaped(FILE *zone, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        fprintf(zone, "\\%03u", (unsigned)(unsigned char)t.data[i]);
}

/* Names whose labels the zone would refuse are left out. */
static inline bool is_name(struct text t)
{
    size_t label = 0;

    for (size_t i = 0; i < t.len; i++) {
        label = t.data[i] == '.' ? 0 : label + 1;
        if ((t.data[i] == '.' && (i == 0 || t.data[i - 1] == '.')) || label > LABEL_MAX)
            return false;
    }
    return t.len > 0 && t.len < 200 && t.data[t.len - 1] != '.';
}

static inline void put_name(FILE *zone, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] == '.')
            putc('.', zone);
        else
            put_escaped(zone, (struct text){ t.data + i, 1 });
    fputs(".\n", zone);
}

static inline void put_names(FILE *zone, const char *owner, const char *type, struct text names)
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

static inline void put_line(FILE *zone, size_t index, const char *reverse, struct text line)
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

static inline struct resolver *case_resolver(struct text lines, const struct ip_address *client)
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
    for (size_t i = 0; i < CASE_LINES_MAX && !cursor_done(&c); i++) {
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

#endif
