#include "report/sender.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/region.h"
#include "dns/scope.h"
#include "report/submit.h"

enum {
    QUESTIONS_MAX = 200, /* two tree walks and a permission for each destination */
    DNS_WAIT_MS = 60000,
    FIRST_PAUSE_S = 600,
    PAUSES_DOUBLED_MAX = 6,
    GIVE_UP_S = 7 * DAY_S
};

/* One report on its way. */
struct sending {
    struct sender *sender;
    struct region *region;
    const struct store_report *report;
    int64_t now;
    bool for_show;
    struct report_mail mail; /* .body NULL: not made yet */
    unsigned served, later;  /* destinations */
    const char *why;         /* of the last that must wait, or was refused */
    bool store_failed;
    char error[SQL_ERROR_SIZE];
};

static void tell(struct sending *s, const struct destination *d, enum report_state state,
                 bool taken, const char *why)
{
    const struct sender_event event = {
        .report = s->report,
        .destination = d,
        .file_name = s->mail.file_name,
        .state = state,
        .taken = taken,
        .why = why,
    };

    s->sender->tell(s->sender->context, &event);
}

static void note(struct sending *s, const struct destination *d, enum delivery_state state,
                 const char *why)
{
    if (!s->for_show && !store_note_delivery(s->sender->store, s->report->id, d->address, state,
                                             s->now, why))
        s->store_failed = true;
    tell(s, d, REPORT_DUE, state == DELIVERY_SENT, why);
    if (state == DELIVERY_SENT)
        s->served++;
    else
        s->why = text_dup(s->region, text_of(why));
    if (state == DELIVERY_OPEN)
        s->later++;
}

/* --- one destination ---------------------------------------------------- */

static bool make_body(struct sending *s)
{
    return s->mail.body || report_mail_open(&s->mail, s->region, s->sender->store, s->report,
                                            &s->sender->reporter, s->error);
}

static void send_to(struct sending *s, const struct destination *d)
{
    char why[SUBMIT_ERROR_SIZE] = "";
    const char *header = NULL;

    if (make_body(s))
        header = report_mail_header(&s->mail, s->region, s->report, &s->sender->reporter,
                                    d->address, s->now, s->error);
    if (!header) {
        note(s, d, DELIVERY_OPEN, s->error);
        return;
    }
    switch ((enum submit_result)s->sender->submit(s->sender->context, d->address, header, &s->mail,
                                                  why, sizeof why)) {
    case SUBMIT_TAKEN:
        note(s, d, DELIVERY_SENT, "");
        break;
    case SUBMIT_LATER:
        note(s, d, DELIVERY_OPEN, why);
        break;
    case SUBMIT_REFUSED:
        note(s, d, DELIVERY_REFUSED, why);
        break;
    }
}

static void serve(struct sending *s, const struct destination *d)
{
    bool served;

    if (!store_is_delivered(s->sender->store, s->report->id, d->address, &served)) {
        s->store_failed = true;
        return;
    }
    if (served) {
        s->served++;
        return;
    }
    if (text_equal_nocase(text_of(d->address), text_of(s->sender->reporter.email))) {
        note(s, d, DELIVERY_REFUSED, "that is our own address: the report would report itself");
        return;
    }
    switch (d->state) {
    case DESTINATION_READY:
        send_to(s, d);
        break;
    case DESTINATION_LATER:
        note(s, d, DELIVERY_OPEN, d->why);
        break;
    case DESTINATION_REFUSED:
        note(s, d, DELIVERY_REFUSED, d->why);
        break;
    }
}

/* --- one report --------------------------------------------------------- */

/* Why nobody is to have it; NULL: they may. */
static const char *unwanted(struct sending *s)
{
    const struct config *config = s->sender->config;
    const char *domain = s->report->policy.domain;
    uint64_t before;

    if (domains_cover(&config->reports.skip_domains, domain) ||
        (config->reports.only_domains.count &&
         !domains_cover(&config->reports.only_domains, domain)))
        return "the configuration wants no reports about this domain";
    if (s->report->messages < config->reports.minimum_messages)
        return "too few messages";
    if (!store_policies_of_day(s->sender->store, s->report, &before)) {
        s->store_failed = true;
        return NULL;
    }
    return before >= SENDER_POLICIES_MAX ? "the domain changed its record too often that day" : NULL;
}

static void serve_all(struct sending *s)
{
    const struct dns_scope_limits limits = { .questions_max = QUESTIONS_MAX,
                                             .deadline_ms = clock_ms() + DNS_WAIT_MS };
    struct dns_scope *dns = dns_scope_new(s->sender->resolver, &limits);
    struct destination found[DESTINATIONS_MAX];
    size_t count = 0;

    s->why = "its record names no address that could be used";
    if (dns)
        count = destinations_find(s->region, dns, s->report->policy.domain, DESTINATION_RUA,
                                  s->report->policy.rua, found);
    else
        s->later++;
    for (size_t i = 0; i < count && !s->store_failed; i++)
        serve(s, &found[i]);
    if (dns)
        dns_scope_close(dns);
    dns_scope_unref(dns);
}

static int64_t pause_s(unsigned attempts)
{
    unsigned doubled = attempts > PAUSES_DOUBLED_MAX ? PAUSES_DOUBLED_MAX
                       : attempts > 0                ? attempts - 1
                                                     : 0;

    return (int64_t)FIRST_PAUSE_S << doubled;
}

static void settle(struct sending *s, enum report_state state, const char *why)
{
    int64_t due = state == REPORT_DUE ? s->now + pause_s(s->report->attempts) : s->report->due;

    if (!s->for_show &&
        !store_settle(s->sender->store, s->report->id, state, s->now, due, why ? why : ""))
        s->store_failed = true;
    tell(s, NULL, state, false, why ? why : "");
}

static void conclude(struct sending *s)
{
    if (s->later && s->now - s->report->closed >= GIVE_UP_S && s->report->closed)
        settle(s, s->served ? REPORT_SENT : REPORT_GIVEN_UP, s->why);
    else if (s->later)
        settle(s, REPORT_DUE, s->why);
    else if (s->served)
        settle(s, REPORT_SENT, "");
    else
        settle(s, REPORT_UNWANTED, s->why);
}

static bool run(struct sender *sender, const struct store_report *report, int64_t now,
                bool for_show)
{
    struct sending s = { .sender = sender,
                         .region = region_new(0),
                         .report = report,
                         .now = now,
                         .for_show = for_show };
    const char *why;

    if (!s.region)
        return true; /* it stays claimed, and is due again when that is over */
    why = unwanted(&s);
    if (why) {
        settle(&s, REPORT_UNWANTED, why);
    } else if (!s.store_failed) {
        serve_all(&s);
        if (!s.store_failed)
            conclude(&s);
    }
    report_mail_close(&s.mail);
    region_free(s.region);
    return !s.store_failed;
}

bool sender_send(struct sender *sender, const struct store_report *report, int64_t now)
{
    return run(sender, report, now, false);
}

bool sender_try(struct sender *sender, const struct store_report *report, int64_t now)
{
    return run(sender, report, now, true);
}
