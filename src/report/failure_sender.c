#include "report/failure_sender.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "dns/scope.h"
#include "report/failure.h"
#include "report/failure_file.h"
#include "report/failure_mail.h"
#include "report/segment.h"
#include "report/submit.h"

enum {
    QUESTIONS_MAX = 200,
    DNS_WAIT_MS = 60000,
    PAUSE_MIN_S = 600,
    PAUSE_MAX_S = 43200,
    GIVE_UP_S = 7 * DAY_S,
    WHY_SIZE = 512
};

const struct name failure_end_names[] = {
    { FAILURE_SENT, "sent" },
    { FAILURE_LATER, "later" },
    { FAILURE_UNWANTED, "unwanted" },
    { FAILURE_GIVEN_UP, "given-up" },
    { 0, NULL },
};

/* One failure on its way. */
struct sending {
    const struct failure_run *run;
    struct region *region;
    int directory;
    const char *file;
    char id[FAILURE_NAME_SIZE];
    struct failure failure;
    struct report_mail mail;
    unsigned served, later; /* destinations */
    const char *why;        /* of the last that has to wait, or was refused */
};

static void tell(const struct sending *s, const struct destination *d, enum failure_end end,
                 const char *why)
{
    const struct failure_event event = {
        .file = s->file,
        .failure = *s->failure.policy_domain ? &s->failure : NULL,
        .destination = d,
        .end = end,
        .why = why,
    };

    s->run->tell(s->run->context, &event);
}

static void note(struct sending *s, const struct destination *d, enum failure_end end,
                 const char *why)
{
    s->served += end == FAILURE_SENT;
    s->later += end == FAILURE_LATER;
    if (end != FAILURE_SENT)
        s->why = mail_words(s->region, "%s", why);
    tell(s, d, end, why);
}

/* --- one destination ------------------------------------------------------------ */

static bool is_served(const struct sending *s, const char *address)
{
    struct text rest = text_of(s->failure.served);

    while (rest.len > 0) {
        struct text one = text_head(rest, text_find(rest, ','));

        if (text_equal(one, text_of(address)))
            return true;
        rest = text_tail(rest, one.len + 1);
    }
    return false;
}

/* In the file, at once: who is killed now shall not serve it again. */
static void note_served(struct sending *s, const struct destination *d, bool is_only)
{
    char name[FAILURE_NAME_SIZE];
    struct buf served, out;

    if (s->run->for_show || is_only)
        return;
    buf_init(&served, s->region, FAILURE_VALUE_MAX);
    buf_printf(&served, "%s%s%s", s->failure.served, *s->failure.served ? "," : "", d->address);
    s->failure.served = buf_str(&served) ? buf_str(&served) : s->failure.served;
    buf_init(&out, s->region, FAILURE_OCTETS_MAX);
    failure_write(&out, &s->failure);
    snprintf(name, sizeof name, "%s", s->file);
    if (buf_failed(&out) || !failure_file_write(s->directory, name, buf_text(&out)))
        tell(s, d, FAILURE_SENT, "it cannot be noted, so it may be sent again");
}

static void send_to(struct sending *s, const struct destination *d, bool is_only)
{
    struct sender *sender = s->run->sender;
    char why[WHY_SIZE] = "";
    const char *header = NULL;

    if (s->mail.body || failure_mail_open(&s->mail, s->region, &s->failure, s->id,
                                          &sender->reporter, why, sizeof why))
        header = failure_mail_header(&s->mail, s->region, &s->failure, s->id, &sender->reporter,
                                     d->address, s->run->now, why, sizeof why);
    if (!header) {
        note(s, d, FAILURE_LATER, why);
        return;
    }
    switch ((enum submit_result)sender->submit(sender->context, d->address, header, &s->mail, why,
                                               sizeof why)) {
    case SUBMIT_TAKEN:
        note(s, d, FAILURE_SENT, "");
        note_served(s, d, is_only);
        break;
    case SUBMIT_LATER:
        note(s, d, FAILURE_LATER, why);
        break;
    case SUBMIT_REFUSED:
        note(s, d, FAILURE_UNWANTED, why);
        break;
    }
}

static void serve(struct sending *s, const struct destination *d, bool is_only)
{
    if (is_served(s, d->address)) {
        s->served++;
        return;
    }
    if (text_equal_nocase(text_of(d->address), text_of(s->run->sender->reporter.email))) {
        note(s, d, FAILURE_UNWANTED, "that is our own address");
        return;
    }
    switch (d->state) {
    case DESTINATION_READY:
        send_to(s, d, is_only);
        break;
    case DESTINATION_LATER:
        note(s, d, FAILURE_LATER, d->why);
        break;
    case DESTINATION_REFUSED:
        note(s, d, FAILURE_UNWANTED, d->why);
        break;
    }
}

/* --- one file ------------------------------------------------------------------- */

static bool is_unwanted(const struct sending *s)
{
    const struct config *config = s->run->sender->config;
    const char *domain = s->failure.policy_domain;

    return domains_cover(&config->reports.skip_domains, domain) ||
           (config->reports.only_domains.count > 0 &&
            !domains_cover(&config->reports.only_domains, domain));
}

static void serve_all(struct sending *s)
{
    const struct dns_scope_limits limits = { .questions_max = QUESTIONS_MAX,
                                             .deadline_ms = clock_ms() + DNS_WAIT_MS };
    struct dns_scope *dns = dns_scope_new(s->run->sender->resolver, &limits);
    struct destination found[DESTINATIONS_MAX];
    size_t count = 0;

    s->why = "its record names no address that could be used";
    if (dns)
        count = destinations_find(s->region, dns, s->failure.policy_domain, DESTINATION_RUF,
                                  s->failure.ruf, found);
    else
        s->later++;
    for (size_t i = 0; i < count; i++)
        serve(s, &found[i], count == 1);
    if (dns)
        dns_scope_close(dns);
    dns_scope_unref(dns);
}

/* The file goes; or, if it has to stay, waits as long again as it has waited. */
static void settle(struct sending *s, enum failure_end end, const char *why)
{
    int64_t age = s->run->now - s->failure.time;
    int64_t pause = age < PAUSE_MIN_S ? PAUSE_MIN_S : age > PAUSE_MAX_S ? PAUSE_MAX_S : age;
    bool done = true;

    if (!s->run->for_show)
        done = end == FAILURE_LATER
                   ? failure_file_postpone(s->directory, s->file, s->run->now + pause)
                   : failure_file_delete(s->directory, s->file);
    tell(s, NULL, end, done ? why : strerror(errno));
}

static void conclude(struct sending *s)
{
    if (s->later > 0 && s->run->now - s->failure.time < GIVE_UP_S)
        settle(s, FAILURE_LATER, s->why);
    else if (s->served > 0)
        settle(s, FAILURE_SENT, "");
    else
        settle(s, s->later > 0 ? FAILURE_GIVEN_UP : FAILURE_UNWANTED, s->why);
}

/* A file of a later version stays: a later vidimus will send it. */
static void send_read(struct sending *s, enum failure_reading reading)
{
    switch (reading) {
    case FAILURE_READ_OK:
        if (is_unwanted(s)) {
            settle(s, FAILURE_UNWANTED, "the configuration wants no reports about this domain");
            return;
        }
        serve_all(s);
        conclude(s);
        report_mail_close(&s->mail);
        return;
    case FAILURE_READ_DAMAGED:
        settle(s, FAILURE_UNWANTED, "the file is damaged");
        return;
    case FAILURE_READ_NEWER:
        tell(s, NULL, FAILURE_LATER, "the file is of a later version of vidimus");
        return;
    }
}

static void send_file(const struct failure_run *run, int directory, const char *file)
{
    struct sending s = { .run = run,
                         .region = region_new(0),
                         .directory = directory,
                         .file = file,
                         .failure = { .policy_domain = "" } };
    struct text octets;

    snprintf(s.id, sizeof s.id, "%.*s", (int)strcspn(file, "."), file);
    if (!s.region)
        tell(&s, NULL, FAILURE_LATER, "out of memory");
    else if (!failure_file_read(directory, s.region, file, &octets))
        tell(&s, NULL, FAILURE_LATER, strerror(errno));
    else
        send_read(&s, failure_read(s.region, octets, &s.failure));
    region_free(s.region);
}

/* --- all ------------------------------------------------------------------------ */

static bool fail(char *error, size_t error_size, const char *spool, const char *why)
{
    snprintf(error, error_size, "%s/failure: %s", spool, why);
    return false;
}

/* DIRECTORY is ours to change: what was sent could not be deleted else.  *LOCK is -1 if
 * another process sends. */
static bool lock(int directory, int *lock_fd)
{
    *lock_fd = segment_lock(directory, FAILURE_SEND_LOCK);
    if (*lock_fd < 0)
        return errno == EWOULDBLOCK;
    return faccessat(directory, ".", W_OK, AT_EACCESS) == 0;
}

static bool send_all(const struct failure_run *run, int directory)
{
    struct region *region = region_new(0);
    struct failure_file *files;
    size_t count = 0;
    bool good = region && failure_files(directory, region, run->now, &files, &count);

    for (size_t i = 0; good && i < count; i++)
        if (files[i].due <= run->now)
            send_file(run, directory, files[i].name);
    region_free(region);
    return good;
}

bool failures_send(const struct failure_run *run, char *error, size_t error_size)
{
    const char *spool = run->sender->config->reports.spool;
    int directory = failure_directory(spool, false), lock_fd = -1;
    bool good = true;

    if (directory < 0)
        return errno == ENOENT || fail(error, error_size, spool, strerror(errno));
    if (!run->for_show)
        good = lock(directory, &lock_fd);
    if (good && (run->for_show || lock_fd >= 0))
        good = send_all(run, directory);
    if (!good)
        fail(error, error_size, spool, strerror(errno));
    if (lock_fd >= 0)
        close(lock_fd);
    close(directory);
    return good;
}

bool failures_count(const char *spool, size_t *count, char *error, size_t error_size)
{
    int directory = failure_directory(spool, false);
    struct region *region = region_new(0);
    struct failure_file *files;
    bool good = true;

    *count = 0;
    if (directory < 0)
        good = errno == ENOENT;
    else
        good = region && failure_files(directory, region, 0, &files, count);
    if (!good)
        fail(error, error_size, spool, strerror(errno));
    region_free(region);
    if (directory >= 0)
        close(directory);
    return good;
}
