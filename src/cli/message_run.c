#include "cli/message_run.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/authres.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "config/config.h"
#include "core/session.h"
#include "core/snapshot.h"
#include "core/transaction.h"

enum { HOST_NAME_SIZE = 256, MESSAGE_OCTETS_MAX = 256 << 20 };

int message_run_complain(const struct message_run *run, const char *what, const char *why,
                         int status)
{
    fprintf(stderr, "vidimus %s: %s%s%s\n", run->options.command->name, what, why ? ": " : "",
            why ? why : "");
    return status;
}

/* --- preparing ---------------------------------------------------------- */

/* Whether the field can be written with ID in front.  So it is, for all that is
 * known, when memory runs out. */
static bool id_is_writable(const char *id)
{
    struct region *region = region_new(0);
    struct findings none;
    struct buf field;
    bool writable;

    if (!region)
        return true;
    findings_init(&none, region);
    buf_init(&field, region, 4096);
    authres_write(&field, id, &none);
    writable = !buf_failed(&field) || region_failed(region);
    region_free(region);
    return writable;
}

static int check_names(const struct message_options *o)
{
    domain_name name;

    if (o->ptr && !domain_normalise(text_of(o->ptr), name))
        return cli_usage(o->command->name, "--ptr %s is no domain name", o->ptr);
    if (o->authserv_id && !id_is_writable(o->authserv_id))
        return cli_usage(o->command->name, "--authserv-id cannot be written in a field");
    return EX_OK;
}

static int read_message(struct message_run *run)
{
    const char *name = run->options.file;

    if (file_read(name, MESSAGE_OCTETS_MAX, &run->octets))
        return EX_OK;
    return message_run_complain(run, name ? name : "standard input", strerror(errno), EX_NOINPUT);
}

static struct resolver *choose_resolver(const struct message_options *o,
                                        const struct config *config, char *error,
                                        size_t error_size)
{
    const char *servers[] = { o->resolver, NULL };

    if (o->zone)
        return resolver_new_zone(o->zone, error, error_size);
    return resolver_configured(config, servers, error, error_size);
}

static int make_snapshot(struct message_run *run)
{
    const struct message_options *o = &run->options;
    struct config *config = cli_config(o->config);
    struct resolver *resolver = NULL;
    char error[512] = "";

    if (!config)
        return EX_CONFIG;
    if (o->zone || o->resolver) {
        resolver = choose_resolver(o, config, error, sizeof error);
        if (!resolver) {
            config_unref(config);
            return message_run_complain(run, error, NULL, o->zone ? EX_DATAERR : EX_USAGE);
        }
    }
    run->snapshot = snapshot_new(config, resolver, NULL, error, sizeof error);
    return run->snapshot ? EX_OK : message_run_complain(run, error, NULL, EX_CONFIG);
}

static struct session *make_session(const struct message_run *run, bool submitted_here)
{
    const struct message_options *o = &run->options;
    struct session *session = session_new(run->snapshot, &o->ip);
    char host[HOST_NAME_SIZE] = "";

    if (!session)
        return NULL;
    if (o->ip.family == IP_NONE && !submitted_here)
        session_judge_unknown(session);
    if (gethostname(host, sizeof host - 1) == 0)
        session_set_hostname(session, text_of(host));
    session_set_authserv_id(session, text_of(o->authserv_id));
    session->wants_explanation = true;
    session_set_helo(session, text_of(o->helo));
    session_set_listener(session, text_of(o->listener));
    session_set_auth(session, text_of(o->auth));
    if (o->ptr)
        session_set_client_name(session, text_of(o->ptr));
    return session;
}

static struct text sender_of(const struct message_options *o)
{
    if (!o->mail_from)
        return (struct text){ NULL, 0 };
    return *o->mail_from ? text_of(o->mail_from) : TEXT("<>");
}

static int begin(struct message_run *run, bool submitted_here)
{
    int64_t now = run->options.now >= 0 ? run->options.now : clock_epoch();

    run->session = make_session(run, submitted_here);
    if (run->session)
        run->transaction = transaction_begin(run->session, run->snapshot,
                                             sender_of(&run->options), NULL, now);
    return run->transaction ? EX_OK : message_run_complain(run, "out of memory", NULL, EX_OSERR);
}

static void judge(struct message_run *run)
{
    transaction_mail_verdict(run->transaction); /* the end remembers it */
    for (size_t i = 0; i < run->options.rcpt_count; i++)
        transaction_recipient(run->transaction, text_of(run->options.rcpts[i]));
    transaction_message(run->transaction, run->octets);
    run->judgement = transaction_end(run->transaction);
}

/* --- all together ------------------------------------------------------- */

static int run_on(struct message_run *run, bool submitted_here, message_use *use)
{
    int status = check_names(&run->options);

    if (status == EX_OK)
        status = read_message(run);
    if (status == EX_OK)
        status = make_snapshot(run);
    if (status == EX_OK)
        status = begin(run, submitted_here);
    if (status != EX_OK)
        return status;
    judge(run);
    return use(run);
}

static void end(struct message_run *run)
{
    transaction_free(run->transaction);
    session_free(run->session);
    snapshot_unref(run->snapshot);
    free((char *)run->octets.data);
    message_options_free(&run->options);
}

int message_run(const struct message_command *command, bool submitted_here, message_use *use,
                int argc, char **argv)
{
    struct message_run run = { .octets = { NULL, 0 } };
    int status = EX_USAGE;

    switch (message_options_parse(&run.options, command, argc, argv)) {
    case OPTIONS_GO_ON:
        status = run_on(&run, submitted_here, use);
        break;
    case OPTIONS_HELP:
        status = EX_OK;
        break;
    case OPTIONS_USAGE:
        break;
    }
    end(&run);
    return status;
}
