#include "cli/replay_judge.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/stored_envelope.h"
#include "core/snapshot.h"
#include "core/transaction.h"
#include "mail/eml.h"

enum { HOST_NAME_SIZE = 256 };

const struct name fate_names[] = {
    { FATE_ACCEPT, "accept" },     { FATE_TAG, "quarantine" }, { FATE_HOLD, "hold" },
    { FATE_TEMPFAIL, "tempfail" }, { FATE_REJECT, "reject" },  { 0, NULL },
};

static enum fate fate_of(const struct verdict *v)
{
    switch (v->action) {
    case ACTION_ACCEPT:
        return FATE_ACCEPT;
    case ACTION_QUARANTINE:
        return v->quarantine == QUARANTINE_HOLD ? FATE_HOLD : FATE_TAG;
    case ACTION_TEMPFAIL:
        return FATE_TEMPFAIL;
    case ACTION_REJECT:
        return FATE_REJECT;
    }
    return FATE_TEMPFAIL;
}

static void take_outcome(const struct judgement *j, struct outcome *outcome)
{
    *outcome = (struct outcome){ .fate = fate_of(&j->verdict) };
    for (const struct finding *f = j->findings->first; f; f = f->next)
        outcome->results[f->method] |= 1u << f->result;
    if (j->author->count > 0)
        memcpy(outcome->author, j->author->domains[0], sizeof outcome->author);
    snprintf(outcome->reason, sizeof outcome->reason, "%s", j->verdict.reason);
}

/* --- the message as it was when it came in ----------------------------------- */

struct feed {
    struct transaction *transaction;
    size_t skipped; /* fields on top that are still to be passed over */
};

static void on_field(void *context, struct text name, struct text value)
{
    struct feed *feed = context;

    if (feed->skipped > 0)
        feed->skipped--;
    else
        transaction_field(feed->transaction, name, value);
}

static void on_end_of_header(void *context)
{
    transaction_end_of_header(((struct feed *)context)->transaction);
}

static void on_body(void *context, struct text chunk)
{
    transaction_body(((struct feed *)context)->transaction, chunk);
}

static struct session *make_session(struct snapshot *snapshot, const struct stored_envelope *e)
{
    struct session *session = session_new(snapshot, &e->client);
    char host[HOST_NAME_SIZE] = "";

    if (!session)
        return NULL;
    if (e->client.family == IP_NONE)
        session_judge_unknown(session);
    if (gethostname(host, sizeof host - 1) == 0)
        session_set_hostname(session, text_of(host));
    session_set_helo(session, e->helo);
    if (e->authenticated)
        session_set_auth(session, TEXT("somebody"));
    return session;
}

static bool judge(struct session *session, struct snapshot *snapshot, struct text message,
                  const struct stored_envelope *e, int64_t now, struct outcome *outcome)
{
    struct feed feed = { .skipped = e->ours };
    const struct eml_handler handler = { &feed, on_field, on_end_of_header, on_body };

    feed.transaction = transaction_begin(session, snapshot, e->mail_from, NULL, now);
    if (!feed.transaction)
        return false;
    (void)transaction_mail_verdict(feed.transaction); /* the end remembers it */
    if (e->recipient.data)
        transaction_recipient(feed.transaction, e->recipient);
    eml_read(message, &handler);
    take_outcome(transaction_end(feed.transaction), outcome);
    transaction_free(feed.transaction);
    return true;
}

enum replayed replay_judge(struct snapshot *snapshot, struct text message, int64_t now,
                           struct outcome *outcome)
{
    struct stored_envelope envelope;
    struct session *session;
    bool done;

    stored_envelope_read(message, &snapshot->config->trusted_networks, &envelope);
    if (envelope.fields == 0)
        return REPLAY_EMPTY;
    if (envelope.inside) {
        *outcome = (struct outcome){ .fate = FATE_ACCEPT, .reason = "from our own hosts" };
        return REPLAY_INSIDE;
    }
    if (now < 0)
        now = envelope.received >= 0 ? envelope.received : clock_epoch();
    session = make_session(snapshot, &envelope);
    if (!session)
        return REPLAY_MEMORY;
    done = judge(session, snapshot, message, &envelope, now, outcome);
    session_free(session);
    return done ? REPLAYED : REPLAY_MEMORY;
}
