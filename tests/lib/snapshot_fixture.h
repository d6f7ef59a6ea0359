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
static inline void make_file_of(char name[FILE_NAME_SIZE], struct text text)
{
    FILE *out;
    int fd;

    strcpy(name, "/tmp/vidimus-unit-XXXXXX");
    fd = mkstemp(name);
    assert_true(fd >= 0);
    out = fdopen(fd, "w");
    fwrite(text.data, 1, text.len, out);
    fclose(out);
}

static inline void make_file(char name[FILE_NAME_SIZE], const char *text)
{
    make_file_of(name, text_of(text));
}

static inline void print_report(void *context, const char *text)
{
    (void)context;
    print_error("%s\n", text);
}

/* Takes RESOLVER over. */
static inline struct snapshot *snapshot_over(struct resolver *resolver, struct text config_text)
{
    char config_file[FILE_NAME_SIZE], error[256] = "";
    struct snapshot *snapshot;
    struct config *config;

    make_file_of(config_file, config_text);
    config = config_read(config_file, print_report, NULL);
    unlink(config_file);
    assert_non_null(config);
    snapshot = snapshot_new(config, resolver, NULL, error, sizeof error);
    assert_non_null(snapshot);
    return snapshot;
}

static inline struct snapshot *snapshot_of(const char *zone_text, const char *config_text)
{
    char error[256] = "";
    struct resolver *resolver = resolver_new_zone_text(text_of(zone_text), error, sizeof error);

    if (!resolver)
        print_error("%s\n", error);
    assert_non_null(resolver);
    return snapshot_over(resolver, text_of(config_text));
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
