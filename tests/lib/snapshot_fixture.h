/* snapshot_fixture.h: snapshots of texts, and sessions under them. */
#ifndef VIDIMUS_TESTS_SNAPSHOT_FIXTURE_H
#define VIDIMUS_TESTS_SNAPSHOT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "core/session.h"
#include "core/snapshot.h"

enum { FILE_NAME_SIZE = 32 };

/* A file of ours alone that holds TEXT; its name into NAME. */
static inline void make_file(char name[FILE_NAME_SIZE], const char *text)
{
    FILE *out;
    int fd;

    strcpy(name, "/tmp/vidimus-unit-XXXXXX");
    fd = mkstemp(name);
    assert_true(fd >= 0);
    out = fdopen(fd, "w");
    fputs(text, out);
    fclose(out);
}

static inline void print_report(void *context, const char *text)
{
    (void)context;
    print_error("%s\n", text);
}

static inline struct snapshot *snapshot_of(const char *zone_text, const char *config_text)
{
    char zone_file[FILE_NAME_SIZE], config_file[FILE_NAME_SIZE], error[256] = "";
    struct resolver *resolver;
    struct snapshot *snapshot;
    struct config *config;

    make_file(zone_file, zone_text);
    make_file(config_file, config_text);
    resolver = resolver_new_zone(zone_file, error, sizeof error);
    config = config_read(config_file, print_report, NULL);
    unlink(zone_file);
    unlink(config_file);
    assert_non_null(resolver);
    assert_non_null(config);
    snapshot = snapshot_new(config, resolver, NULL, error, sizeof error);
    assert_non_null(snapshot);
    return snapshot;
}

static inline struct ip_address address(const char *s)
{
    struct ip_address ip = { .family = IP_NONE };

    assert_true(!*s || ip_parse(text_of(s), &ip));
    return ip;
}

static inline struct session *make_session(struct snapshot *snapshot, const char *client)
{
    struct ip_address ip = address(client);
    struct session *session = session_new(snapshot, &ip);

    assert_non_null(session);
    session_set_helo(session, TEXT("mail.example.org"));
    session_set_hostname(session, TEXT("mx.example.net"));
    return session;
}

#endif
