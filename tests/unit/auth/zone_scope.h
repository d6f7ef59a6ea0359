/* zone_scope.h: a DNS scope over zone text, for the tests of evaluators. */
#ifndef VIDIMUS_TESTS_ZONE_SCOPE_H
#define VIDIMUS_TESTS_ZONE_SCOPE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/resolver.h"
#include "dns/scope.h"

/* A scope that allows QUESTIONS questions; aborts with a message on an error in
 * the zone text, which is the test's own. */
static inline struct dns_scope *zone_scope(const char *zone, unsigned questions)
{
    const char *directory = getenv("TMPDIR");
    struct dns_scope_limits limits = { .questions_max = questions };
    struct resolver *resolver;
    struct dns_scope *scope;
    char name[4096], error[500];
    FILE *file;
    int fd;

    snprintf(name, sizeof name, "%s/vidimus-zone-XXXXXX", directory ? directory : "/tmp");
    fd = mkstemp(name);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file || fputs(zone, file) == EOF || fclose(file) != 0) {
        perror(name);
        abort();
    }
    resolver = resolver_new_zone(name, error, sizeof error);
    unlink(name);
    if (!resolver) {
        fprintf(stderr, "%s\n%s\n", error, zone);
        abort();
    }
    scope = dns_scope_new(resolver, &limits);
    resolver_unref(resolver);
    return scope;
}

#endif
