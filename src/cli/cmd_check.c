/* cmd_check.c: `vidimus check`: the daemon's core on a message in a file.
 *
 * The only differences to the daemon are who fills in the session and that the
 * plan is printed instead of carried out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/authres.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/region.h"
#include "cli/check_options.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/json.h"
#include "config/config.h"
#include "core/session.h"
#include "core/snapshot.h"
#include "core/transaction.h"
#include "mail/eml.h"

enum { HOST_NAME_SIZE = 256 };

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "vidimus check: %s%s%s\n", what, why ? ": " : "", why ? why : "");
    return status;
}

/* --- reading the message ------------------------------------------------ */

/* All of IN; data is NULL on error (errno). */
static struct text read_all(FILE *in)
{
    size_t capacity = 65536, len = 0;
    char *data = malloc(capacity);

    while (data) {
        char *grown;

        len += fread(data + len, 1, capacity - len, in);
        if (len < capacity)
            break;
        capacity *= 2;
        grown = realloc(data, capacity);
        if (!grown)
            free(data);
        data = grown;
    }
    if (data && ferror(in)) {
        free(data);
        data = NULL;
    }
    return (struct text){ data, data ? len : 0 };
}

static int read_message(const char *file_name, struct text *message)
{
    FILE *in = file_name ? fopen(file_name, "rb") : stdin;
    int error;

    if (!in)
        return complain(file_name, strerror(errno), EX_NOINPUT);
    *message = read_all(in);
    error = errno;
    if (file_name)
        fclose(in);
    if (!message->data)
        return complain(file_name ? file_name : "standard input", strerror(error), EX_NOINPUT);
    return EX_OK;
}

/* --- preparing ---------------------------------------------------------- */

static struct resolver *choose_resolver(const struct check_options *o, const struct config *config,
                                        char *error, size_t error_size)
{
    const char *servers[] = { o->resolver, NULL };

    if (o->zone)
        return resolver_new_zone(o->zone, error, error_size);
    return resolver_configured(config, servers, error, error_size);
}

static int make_snapshot(const struct check_options *o, struct snapshot **snapshot)
{
    struct config *config = cli_config(o->config);
    struct resolver *resolver = NULL;
    char error[512] = "";

    if (!config)
        return EX_CONFIG;
    if (o->zone || o->resolver) {
        resolver = choose_resolver(o, config, error, sizeof error);
        if (!resolver) {
            config_unref(config);
            return complain(error, NULL, o->zone ? EX_DATAERR : EX_USAGE);
        }
    }
    *snapshot = snapshot_new(config, resolver, NULL, error, sizeof error);
    return *snapshot ? EX_OK : complain(error, NULL, EX_CONFIG);
}

static struct session *make_session(const struct check_options *o, struct snapshot *snapshot)
{
    struct session *session = session_new(snapshot, &o->ip);
    char host[HOST_NAME_SIZE] = "";

    if (!session)
        return NULL;
    if (o->ip.family == IP_NONE)
        session_judge_unknown(session);
    if (gethostname(host, sizeof host - 1) == 0)
        session_set_hostname(session, text_of(host));
    session_set_authserv_id(session, text_of(o->authserv_id));
    session->wants_explanation = true;
    session_set_helo(session, text_of(o->helo));
    session_set_auth(session, text_of(o->auth));
    if (o->ptr)
        session_set_client_name(session, text_of(o->ptr));
    return session;
}

/* --- feeding the transaction -------------------------------------------- */

static void on_field(void *context, struct text name, struct text value)
{
    transaction_field(context, name, value);
}

static void on_end_of_header(void *context)
{
    transaction_end_of_header(context);
}

static void on_body(void *context, struct text chunk)
{
    transaction_body(context, chunk);
}

static struct text sender_of(const struct check_options *o)
{
    if (!o->mail_from)
        return (struct text){ NULL, 0 };
    return *o->mail_from ? text_of(o->mail_from) : TEXT("<>");
}

static void feed(struct transaction *transaction, const struct check_options *o,
                 struct text message)
{
    const struct eml_handler handler = { transaction, on_field, on_end_of_header, on_body };

    for (size_t i = 0; i < o->rcpt_count; i++)
        transaction_recipient(transaction, text_of(o->rcpts[i]));
    eml_read(message, &handler);
}

/* --- the answer --------------------------------------------------------- */

static void print_text(const struct judgement *j)
{
    const struct reply *reply = &j->verdict.reply;

    if (j->header)
        printf("Authentication-Results: %s\n", j->header);
    printf("verdict: %s (%s)\n", name_of(action_names, (int)j->verdict.action), j->verdict.reason);
    if (reply->code)
        printf("reply: %u %s %s\n", reply->code, reply->enhanced, reply->text);
}

static int print(const struct check_options *o, const struct session *session,
                 struct transaction *transaction)
{
    const struct judgement *judgement = transaction_end(transaction);

    switch (o->format) {
    case CHECK_JSON:
        return print_json(judgement, stdout) ? EX_OK : complain("cannot write", NULL, EX_IOERR);
    case CHECK_EXPLAIN:
        if (!explain(session, judgement, transaction_dns(transaction), stdout))
            return complain("out of memory", NULL, EX_OSERR);
        break;
    case CHECK_TEXT:
        print_text(judgement);
        break;
    }
    return fflush(stdout) == 0 ? EX_OK : complain("cannot write", strerror(errno), EX_IOERR);
}

static int judge(const struct check_options *o, struct snapshot *snapshot, struct text message)
{
    struct session *session = make_session(o, snapshot);
    int64_t now = o->now >= 0 ? o->now : clock_epoch();
    struct transaction *transaction =
        session ? transaction_begin(session, snapshot, sender_of(o), NULL, now) : NULL;
    int status = EX_OSERR;

    if (transaction) {
        transaction_mail_verdict(transaction); /* the end remembers it */
        feed(transaction, o, message);
        status = print(o, session, transaction);
    } else {
        complain("out of memory", NULL, status);
    }
    transaction_free(transaction);
    session_free(session);
    return status;
}

/* Whether the field can be written with ID in front. */
static bool id_is_writable(const char *id)
{
    struct region *region = region_new(0);
    struct findings none;
    struct buf field;
    bool writable;

    if (!region)
        return false;
    findings_init(&none, region);
    buf_init(&field, region, 4096);
    authres_write(&field, id, &none);
    writable = !buf_failed(&field);
    region_free(region);
    return writable;
}

static int check_names(const struct check_options *o)
{
    domain_name name;

    if (o->ptr && !domain_normalise(text_of(o->ptr), name))
        return cli_usage("check", "--ptr %s is no domain name", o->ptr);
    if (o->authserv_id && !id_is_writable(o->authserv_id))
        return cli_usage("check", "--authserv-id cannot be written in a field");
    return EX_OK;
}

int cmd_check(int argc, char **argv)
{
    struct check_options options;
    struct snapshot *snapshot = NULL;
    struct text message = { NULL, 0 };
    int status;

    switch (check_options_parse(&options, argc, argv)) {
    case CHECK_GO_ON:
        break;
    case CHECK_HELP:
        check_options_free(&options);
        return EX_OK;
    case CHECK_USAGE:
        check_options_free(&options);
        return EX_USAGE;
    }
    status = check_names(&options);
    if (status == EX_OK)
        status = read_message(options.file, &message);
    if (status == EX_OK)
        status = make_snapshot(&options, &snapshot);
    if (status == EX_OK)
        status = judge(&options, snapshot, message);
    free((char *)message.data);
    snapshot_unref(snapshot);
    check_options_free(&options);
    return status;
}
