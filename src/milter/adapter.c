#include "milter/adapter.h"

#include <libmilter/mfapi.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/region.h"
#include "core/logline.h"
#include "core/snapshot.h"
#include "core/transaction.h"
#include "milter/counters.h"
#include "milter/inflight.h"
#include "milter/reply.h"
#include "milter/reporting.h"
#include "milter/running.h"

enum { LOG_LINE_OCTETS = 16384 };

/* What libmilter's own functions return to have a connection closed (its _SMFIS_ABORT):
 * the only answer to MAIL for an MTA that expects none. */
enum { SMFIS_HANG_UP = 21 };

/* SMFIP_NOEOH: the first chunk of the body, or the end, says as much.
 * Not SMFIP_NR_BODY: with it libmilter drops our SMFIS_SKIP, and a client that
 * sends the last chunk along with the end would never see the end callback run. */
static const unsigned long wanted_steps = SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOUNKNOWN |
                                          SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_RCPT |
                                          SMFIP_NR_HDR;
static const unsigned long needed_actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;

static bool replies_at_mail;

/* Our own name, for an MTA that does not tell its own. */
static char own_name[HOST_NAME_MAX + 1];

/* What the MTA last agreed to: for a connection that follows SMFIC_QUIT_NC,
 * which negotiates no more and whose private data is gone. */
static atomic_bool last_leading_space, last_skip;

struct connection {
    struct session *session;         /* NULL: no connect yet, or no memory */
    struct transaction *transaction; /* NULL: outside a message, or no memory */
    bool leading_space;              /* SMFIP_HDR_LEADSPC: values exactly as written */
    bool skip;                       /* SMFIP_SKIP: the MTA understands SMFIS_SKIP */
    bool failed;                     /* memory ran out within this message */
    bool receiving;                  /* header or body came, not yet the end */
    struct inflight inflight;
};

static struct connection *connection_new(SMFICTX *ctx)
{
    struct connection *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->leading_space = atomic_load(&last_leading_space);
    c->skip = atomic_load(&last_skip);
    if (smfi_setpriv(ctx, c) != MI_SUCCESS) {
        free(c);
        return NULL;
    }
    return c;
}

static struct connection *connection_of(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);

    inflight_touch();
    return c ? c : connection_new(ctx);
}

static void note_content(struct connection *c, bool receiving)
{
    if (c->receiving != receiving)
        inflight_content(receiving);
    c->receiving = receiving;
}

static void drop_transaction(struct connection *c)
{
    note_content(c, false);
    transaction_free(c->transaction);
    c->transaction = NULL;
    c->failed = false;
}

static void drop_session(struct connection *c)
{
    drop_transaction(c);
    session_free(c->session);
    c->session = NULL;
}

/* libmilter's parameters are char * that it only reads. */
static char *lent(const char *s)
{
    return (char *)s;
}

/* The value of an MTA macro; empty when the MTA did not send it. */
static struct text macro(SMFICTX *ctx, const char *name)
{
    return text_of(smfi_getsymval(ctx, lent(name)));
}

static const struct {
    int stage;
    const char *macros;
} macro_lists[] = {
    { SMFIM_CONNECT, "j {daemon_name} {client_addr} v" },
    { SMFIM_HELO, "j {tls_version} {cipher} {cert_subject}" },
    { SMFIM_ENVFROM, "j i {auth_authen} {auth_type} {mail_addr} {tls_version} {cipher} "
                     "{cert_subject}" },
    { SMFIM_EOM, "i" },
};

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long unused_a, unsigned long unused_b,
                             unsigned long *our_actions, unsigned long *our_steps,
                             unsigned long *our_a, unsigned long *our_b)
{
    (void)unused_a, (void)unused_b;
    *our_a = *our_b = 0;
    if ((actions & needed_actions) != needed_actions) {
        log_line(LOG_LEVEL_FAULT, "the MTA does not let a milter add and delete header fields "
                                  "(actions=0x%lx): connection refused", actions);
        return SMFIS_REJECT;
    }
    *our_actions = actions & (needed_actions | SMFIF_QUARANTINE | SMFIF_SETSYMLIST);
    *our_steps = wanted_steps | (steps & (SMFIP_HDR_LEADSPC | SMFIP_SKIP));
    if (!replies_at_mail)
        *our_steps |= SMFIP_NR_MAIL;
    atomic_store(&last_leading_space, (steps & SMFIP_HDR_LEADSPC) != 0);
    atomic_store(&last_skip, (steps & SMFIP_SKIP) != 0);
    if (actions & SMFIF_SETSYMLIST) {
        for (size_t i = 0; i < sizeof macro_lists / sizeof macro_lists[0]; i++)
            (void)smfi_setsymlist(ctx, macro_lists[i].stage, lent(macro_lists[i].macros));
    }
    (void)connection_of(ctx); /* no memory: the first callback tries again */
    return SMFIS_CONTINUE;
}

static struct ip_address client_address(SMFICTX *ctx, const _SOCK_ADDR *address)
{
    struct ip_address ip = ip_from_sockaddr(address);

    if (ip.family == IP_NONE)
        (void)ip_parse(macro(ctx, "{client_addr}"), &ip);
    return ip;
}

static void note_hostname(SMFICTX *ctx, struct connection *c)
{
    struct text name = macro(ctx, "j");

    if (c->session)
        session_set_hostname(c->session, name.len ? name : text_of(own_name));
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
    struct connection *c = connection_of(ctx);
    struct snapshot *snapshot = running_get();
    struct ip_address client = client_address(ctx, address);
    char ip[IP_TEXT_SIZE];

    (void)hostname; /* what the MTA believes; iprev finds out by itself */
    counter_add(COUNTER_CONNECTIONS, 1);
    log_line(LOG_LEVEL_DEBUG, "connect: ip=%s leading_space=%d skip=%d",
             ip_format(&client, ip), c && c->leading_space, c && c->skip);
    if (c && snapshot) {
        drop_session(c);
        c->session = session_new(snapshot, &client);
        note_hostname(ctx, c);
        if (c->session)
            session_set_listener(c->session, macro(ctx, "{daemon_name}"));
    }
    snapshot_unref(snapshot);
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    struct connection *c = connection_of(ctx);

    if (c && c->session) {
        session_set_helo(c->session, text_of(name));
        note_hostname(ctx, c);
    }
    return SMFIS_NOREPLY;
}

static void begin_transaction(SMFICTX *ctx, struct connection *c, struct text mail_from)
{
    struct snapshot *snapshot = running_get();
    struct text mail_addr = macro(ctx, "{mail_addr}");

    note_hostname(ctx, c);
    session_set_auth(c->session, macro(ctx, "{auth_authen}"));
    if (snapshot)
        c->transaction =
            transaction_begin(c->session, snapshot, mail_from, &mail_addr, clock_epoch());
    snapshot_unref(snapshot);
}

/* Hands REPLY to the MTA as the text of the status that is returned next. */
static void set_reply(SMFICTX *ctx, const struct reply *reply)
{
    struct milter_reply out;

    milter_reply_make(reply, &out);
    if (smfi_setreply(ctx, out.code, out.enhanced[0] ? out.enhanced : NULL, out.text) !=
        MI_SUCCESS) {
        counter_add(COUNTER_MTA_FAILED, 1);
        log_line(LOG_LEVEL_WARN, "reply text not taken: code=%s enhanced=%s", out.code,
                 out.enhanced);
    }
}

static sfsistat status_of(enum action action)
{
    switch (action) {
    case ACTION_ACCEPT:
    case ACTION_QUARANTINE:
        return SMFIS_CONTINUE;
    case ACTION_TEMPFAIL:
        return SMFIS_TEMPFAIL;
    case ACTION_REJECT:
        return SMFIS_REJECT;
    }
    return SMFIS_TEMPFAIL;
}

/* There is no judgement of a message that never came: a line of its own. */
static void log_refused_at_mail(const struct session *session, const struct verdict *verdict)
{
    char reason[LOG_QUOTED_MAX], helo[LOG_QUOTED_MAX], ip[IP_TEXT_SIZE];
    struct region *region = log_has_fields() ? region_new(0) : NULL;
    struct journal_field fields[LOG_FIELDS_MAX];
    size_t count = region ? logline_fields_at_mail(region, session, verdict, fields) : 0;

    log_event(LOG_LEVEL_MAIL, fields, count,
              "NOQUEUE: action=%s stage=mail reply=%u reason=%s ip=%s helo=%s",
              name_of(action_names, (int)verdict->action), verdict->reply.code,
              log_quote(text_of(verdict->reason), reason), ip_format(&session->client, ip),
              log_quote(session->helo, helo));
    region_free(region);
}

static sfsistat reply_at_mail(SMFICTX *ctx, struct connection *c)
{
    const struct verdict *verdict;
    sfsistat status;

    if (!c->transaction)
        return SMFIS_TEMPFAIL;
    verdict = transaction_mail_verdict(c->transaction);
    if (!verdict)
        return SMFIS_CONTINUE;
    status = status_of(verdict->action);
    if (status == SMFIS_CONTINUE)
        return status;
    set_reply(ctx, &verdict->reply);
    log_refused_at_mail(c->session, verdict);
    counter_add(COUNTER_AT_MAIL, 1);
    drop_transaction(c);
    return status;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
    struct connection *c = connection_of(ctx);

    if (c)
        drop_transaction(c);
    if (!inflight_may_begin()) /* the MTA keeps it, and does not send the rest */
        return replies_at_mail ? SMFIS_TEMPFAIL : SMFIS_HANG_UP;
    if (c && c->session)
        begin_transaction(ctx, c, text_of(argv ? argv[0] : NULL));
    if (!replies_at_mail)
        return SMFIS_NOREPLY; /* a failure shows at the end of the message */
    return c ? reply_at_mail(ctx, c) : SMFIS_TEMPFAIL;
}

static sfsistat on_recipient(SMFICTX *ctx, char **argv)
{
    struct connection *c = connection_of(ctx);

    if (c && c->transaction)
        transaction_recipient(c->transaction, text_of(argv ? argv[0] : NULL));
    return SMFIS_NOREPLY;
}

/* An MTA without SMFIP_HDR_LEADSPC took the blank after the colon away: it is
 * put back, since nearly every field has one and signatures cover it. */
static char *with_blank(const char *value)
{
    size_t len = strlen(value);
    char *out = malloc(len + 2);

    if (!out)
        return NULL;
    out[0] = ' ';
    memcpy(out + 1, value, len + 1);
    return out;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    struct connection *c = connection_of(ctx);
    char *spaced = NULL;

    if (!c || !c->transaction || !name)
        return SMFIS_NOREPLY;
    note_content(c, true);
    if (!value)
        value = lent("");
    if (!c->leading_space) {
        spaced = with_blank(value);
        if (!spaced)
            c->failed = true;
    }
    if (c->leading_space || spaced)
        transaction_field(c->transaction, text_of(name), text_of(spaced ? spaced : value));
    free(spaced);
    return SMFIS_NOREPLY;
}

/* SMFIS_SKIP only after a full chunk: a shorter one is the last anyway, and
 * maybe came with the end of the message, which must go on. */
static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t len)
{
    struct connection *c = connection_of(ctx);

    if (!c || !c->transaction)
        return SMFIS_CONTINUE;
    transaction_end_of_header(c->transaction);
    if (transaction_wants_body(c->transaction))
        transaction_body(c->transaction, (struct text){ (const char *)chunk, len });
    else if (c->skip && len >= MILTER_CHUNK_SIZE)
        return SMFIS_SKIP;
    return SMFIS_CONTINUE;
}

static bool delete_field(SMFICTX *ctx, const struct plan_step *step)
{
    if (step->index == 0 || step->index > INT_MAX)
        return false;
    counter_add(COUNTER_DELETED, 1);
    return smfi_chgheader(ctx, lent(step->name), (int)step->index, NULL) == MI_SUCCESS;
}

static bool insert_field(SMFICTX *ctx, const struct connection *c, const struct plan_step *step)
{
    char *value = c->leading_space ? with_blank(step->value) : lent(step->value);
    bool done = value && step->index <= INT_MAX &&
                smfi_insheader(ctx, (int)step->index, lent(step->name), value) == MI_SUCCESS;

    if (c->leading_space)
        free(value);
    counter_add(COUNTER_INSERTED, 1);
    return done;
}

static bool carry_out_step(SMFICTX *ctx, const struct connection *c, const struct plan_step *step)
{
    switch (step->kind) {
    case PLAN_DELETE:
        return delete_field(ctx, step);
    case PLAN_INSERT:
        return insert_field(ctx, c, step);
    case PLAN_HOLD:
        counter_add(COUNTER_HELD, 1);
        return smfi_quarantine(ctx, lent(step->value)) == MI_SUCCESS;
    }
    return false;
}

/* A message that is refused keeps its fields: nobody will see them. */
static sfsistat carry_out(SMFICTX *ctx, const struct connection *c,
                          const struct judgement *judgement, const char *queue_id)
{
    sfsistat status = status_of(judgement->verdict.action);

    if (status != SMFIS_CONTINUE) {
        set_reply(ctx, &judgement->verdict.reply);
        return status;
    }
    for (const struct plan_step *step = judgement->plan.steps; step; step = step->next) {
        if (carry_out_step(ctx, c, step))
            continue;
        counter_add(COUNTER_MTA_FAILED, 1);
        log_line(LOG_LEVEL_WARN, "%s: the MTA did not take step=%s name=%s: tempfail", queue_id,
                 name_of(plan_kind_names, (int)step->kind), step->name ? step->name : "-");
        return SMFIS_TEMPFAIL;
    }
    return SMFIS_CONTINUE;
}

static void log_judgement(const struct connection *c, const struct judgement *judgement,
                          const char *queue_id, int64_t began_ms)
{
    struct region *region = region_new(0);
    struct journal_field fields[LOG_FIELDS_MAX];
    const char *text = NULL;
    size_t count = 0;
    struct buf line;

    if (region) {
        buf_init(&line, region, LOG_LINE_OCTETS);
        logline_write(&line, queue_id, c->session, judgement, clock_ms() - began_ms);
        if (log_has_fields())
            count = logline_fields(region, queue_id, c->session, judgement, fields);
        text = buf_str(&line);
    }
    if (text)
        log_event(LOG_LEVEL_MAIL, fields, count, "%s", text);
    else
        log_line(LOG_LEVEL_MAIL, "%s: action=%s unsaid=\"out of memory, or too much\"", queue_id,
                 name_of(action_names, (int)judgement->verdict.action));
    region_free(region);
}

/* A key that is not there was told when keys were loaded; this is news. */
static void log_key_failure(const struct judgement *judgement, const char *queue_id)
{
    const struct signing *signing = judgement->signing;

    if (signing && (signing->state == SIGNING_FAILED ||
                    (signing->state == SIGNING_SIGNED && signing->why)))
        log_line(LOG_LEVEL_FAULT, "%s: a key does not sign: %s", queue_id, signing->why);
}

static const char *queue_id_of(SMFICTX *ctx, char out[LOG_QUOTED_MAX])
{
    struct text id = macro(ctx, "i");

    return id.len ? log_quote(id, out) : "NOQUEUE";
}

static sfsistat judge(SMFICTX *ctx, struct connection *c)
{
    int64_t began_us = clock_us();
    char queue_id[LOG_QUOTED_MAX];
    const char *id = queue_id_of(ctx, queue_id);
    const struct judgement *judgement = transaction_end(c->transaction);
    sfsistat status;

    inflight_judged(&c->inflight);
    counters_judgement(judgement);
    status = carry_out(ctx, c, judgement, id);
    counters_end_of_message(clock_us() - began_us);
    log_judgement(c, judgement, id, began_us / 1000);
    log_key_failure(judgement, id);
    reporting_note(judgement, transaction_dns(c->transaction), &c->session->client,
                   status == SMFIS_TEMPFAIL);
    return status;
}

static sfsistat on_end(SMFICTX *ctx)
{
    struct connection *c = connection_of(ctx);
    sfsistat status;

    counter_add(COUNTER_MESSAGES, 1);
    if (!c || !c->transaction || c->failed) {
        counter_add(COUNTER_MEMORY, 1);
        log_line(LOG_LEVEL_FAULT,
                 "NOQUEUE: out of memory, or a message on no connection: tempfail");
        if (c)
            drop_transaction(c);
        return SMFIS_TEMPFAIL;
    }
    inflight_begin(&c->inflight);
    note_content(c, false);
    status = judge(ctx, c);
    drop_transaction(c);
    inflight_end(&c->inflight);
    return status;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);

    inflight_touch();
    if (c) {
        if (c->transaction) {
            counter_add(COUNTER_ABORTED, 1);
            log_line(LOG_LEVEL_DEBUG, "message given up before its end");
        }
        drop_transaction(c);
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);

    if (c) {
        drop_session(c);
        free(c);
        (void)smfi_setpriv(ctx, NULL);
    }
    return SMFIS_CONTINUE;
}

bool adapter_register(bool with_reply_at_mail)
{
    struct smfiDesc description = {
        .xxfi_name = lent("vidimus"),
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_recipient,
        .xxfi_header = on_header,
        .xxfi_body = on_body,
        .xxfi_eom = on_end,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    replies_at_mail = with_reply_at_mail;
    if (gethostname(own_name, sizeof own_name - 1) != 0)
        own_name[0] = '\0';
    return smfi_register(description) == MI_SUCCESS;
}
