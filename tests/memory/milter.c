/* milter.c: the daemon's callbacks on a message file, without a daemon: libmilter is
 * played here, and what it is told is printed.
 *
 *   milter CONF ZONE CLIENT HELO MAIL-FROM AUTH FILE [RCPT...]
 *
 * As the command line's arguments; AUTH may be empty.  CONF says where the spool is.
 * Log lines go to standard error. */
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/file.h"
#include "config/config.h"
#include "core/snapshot.h"
#include "dns/resolver.h"
#include "mail/eml.h"
#include "milter/adapter.h"
#include "milter/reporting.h"
#include "milter/running.h"

enum { NOW = 1760000000, SPOOL_MS = 20000, FIELD_MAX = 1 << 20 };

int64_t __wrap_clock_epoch(void);

int64_t __wrap_clock_epoch(void)
{
    return NOW;
}

/* --- libmilter ------------------------------------------------------------- */

struct smfi_str {
    void *priv;
    const char *auth;
};

static struct smfiDesc callbacks;
static struct sockaddr_storage client;

int smfi_register(struct smfiDesc description)
{
    callbacks = description;
    return MI_SUCCESS;
}

int smfi_setpriv(SMFICTX *ctx, void *priv)
{
    ctx->priv = priv;
    return MI_SUCCESS;
}

void *smfi_getpriv(SMFICTX *ctx)
{
    return ctx->priv;
}

char *smfi_getsymval(SMFICTX *ctx, char *name)
{
    static char host[] = "mx.example.net", queue_id[] = "4Tz0aQ1xyz";

    if (strcmp(name, "j") == 0)
        return host;
    if (strcmp(name, "i") == 0)
        return queue_id;
    return strcmp(name, "{auth_authen}") == 0 && *ctx->auth ? (char *)ctx->auth : NULL;
}

int smfi_setsymlist(SMFICTX *ctx, int stage, char *macros)
{
    (void)ctx, (void)stage, (void)macros;
    return MI_SUCCESS;
}

int smfi_setreply(SMFICTX *ctx, char *code, char *enhanced, char *text)
{
    (void)ctx;
    printf("reply %s %s %s\n", code, enhanced ? enhanced : "-", text);
    return MI_SUCCESS;
}

int smfi_chgheader(SMFICTX *ctx, char *name, int index, char *value)
{
    (void)ctx, (void)value;
    printf("delete %s %d\n", name, index);
    return MI_SUCCESS;
}

int smfi_insheader(SMFICTX *ctx, int index, char *name, char *value)
{
    (void)ctx;
    printf("insert %d %s:%s\n", index, name, value);
    return MI_SUCCESS;
}

int smfi_quarantine(SMFICTX *ctx, char *reason)
{
    (void)ctx;
    printf("quarantine %s\n", reason);
    return MI_SUCCESS;
}

/* --- one message ----------------------------------------------------------- */

/* A copy that needs no memory. */
static char *terminated(char *out, struct text t)
{
    size_t len = t.len < FIELD_MAX ? t.len : FIELD_MAX - 1;

    memcpy(out, t.data, len);
    out[len] = '\0';
    return out;
}

static void on_field(void *ctx, struct text label, struct text value)
{
    static char name_copy[FIELD_MAX], value_copy[FIELD_MAX];

    callbacks.xxfi_header(ctx, terminated(name_copy, label), terminated(value_copy, value));
}

/* Negotiated away. */
static void on_end_of_header(void *ctx)
{
    (void)ctx;
}

static void on_body(void *ctx, struct text chunk)
{
    callbacks.xxfi_body(ctx, (unsigned char *)(uintptr_t)chunk.data, chunk.len);
}

/* Whether the message may go on after MAIL. */
static bool begin(SMFICTX *ctx, char **argv)
{
    unsigned long actions, steps, unused;
    char *mail[] = { argv[5], NULL };
    sfsistat status;

    callbacks.xxfi_negotiate(ctx, SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
                             SMFIP_HDR_LEADSPC, 0, 0, &actions, &steps, &unused, &unused);
    callbacks.xxfi_connect(ctx, argv[3], (_SOCK_ADDR *)&client);
    callbacks.xxfi_helo(ctx, argv[4]);
    status = callbacks.xxfi_envfrom(ctx, mail);
    if (status != SMFIS_CONTINUE && status != SMFIS_NOREPLY)
        printf("status %d\n", (int)status);
    return status == SMFIS_CONTINUE || status == SMFIS_NOREPLY;
}

static void play(struct text message, int argc, char **argv)
{
    SMFICTX ctx = { .auth = argv[6] };
    const struct eml_handler handler = { &ctx, on_field, on_end_of_header, on_body };

    if (begin(&ctx, argv)) {
        for (int i = 8; i < argc; i++) {
            char *rcpt[] = { argv[i], NULL };

            callbacks.xxfi_envrcpt(&ctx, rcpt);
        }
        eml_read(message, &handler);
        printf("status %d\n", (int)callbacks.xxfi_eom(&ctx));
    }
    callbacks.xxfi_close(&ctx);
}

/* --- all together ---------------------------------------------------------- */

static void complain(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static bool find_client(const char *address)
{
    struct addrinfo *found, hints = { .ai_flags = AI_NUMERICHOST };

    if (getaddrinfo(address, NULL, &hints, &found) != 0) {
        fprintf(stderr, "%s is no address, or out of memory\n", address);
        return false;
    }
    memcpy(&client, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static bool prepare(char **argv)
{
    char error[512] = "";
    struct config *config = config_read(argv[1], complain, NULL);
    struct resolver *resolver = config ? resolver_new_zone(argv[2], error, sizeof error) : NULL;
    struct snapshot *snapshot = NULL;

    if (config)
        reporting_prepare(config, getuid(), getgid());
    if (resolver && reporting_start(config, error, sizeof error) == SPOOL_STARTED)
        snapshot = snapshot_new(config, resolver, NULL, error, sizeof error);
    if (!snapshot)
        fprintf(stderr, "%s\n", error);
    running_set(snapshot);
    return snapshot && adapter_register(snapshot->config->spf.reject_at == SPF_REJECT_AT_MAIL);
}

int main(int argc, char **argv)
{
    struct reporting_counters counters;
    struct text message;

    if (argc < 8)
        return EX_USAGE;
    if (!find_client(argv[3]) || !prepare(argv))
        return EX_OSERR;
    if (!file_read(argv[7], SIZE_MAX / 2, &message)) {
        perror(argv[7]);
        return EX_OSERR;
    }
    printf("begin\n"); /* before, the daemon would not have started */
    play(message, argc, argv);
    reporting_stop(SPOOL_MS);
    reporting_count(&counters);
    printf("rows %ju lost %ju failures %ju lost %ju\n", (uintmax_t)counters.spool.written,
           (uintmax_t)counters.spool.lost, (uintmax_t)counters.failures.written,
           (uintmax_t)counters.failures.lost);
    reporting_free();
    running_set(NULL);
    free((char *)message.data);
    return EX_OK;
}
