/* nothing.c: a milter that does nothing: the floor under every milter.  It takes
 * headers and body, as a verifier must, and has the replies negotiated away: each
 * step needs its function then, or libmilter replies and complains.
 *
 *   nothing PORT [VALUE]    with a value: adds a field of it to each message */
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

static char *field_value;

static sfsistat negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                          unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                          unsigned long *pf2, unsigned long *pf3)
{
    (void)ctx;
    (void)f0;
    (void)f2;
    (void)f3;
    *pf0 = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
    *pf1 = f1 & (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |
                 SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NR_UNKN | SMFIP_NOUNKNOWN |
                 SMFIP_HDR_LEADSPC);
    *pf2 = *pf3 = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
    (void)ctx;
    (void)host;
    (void)address;
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    (void)ctx;
    (void)name;
    return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *octets, size_t len)
{
    (void)ctx;
    (void)octets;
    (void)len;
    return SMFIS_NOREPLY;
}

static sfsistat on_words(SMFICTX *ctx, char **words)
{
    (void)ctx;
    (void)words;
    return SMFIS_NOREPLY;
}

static sfsistat on_step(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
}

static sfsistat on_end(SMFICTX *ctx)
{
    if (field_value && smfi_insheader(ctx, 0, (char *)"Authentication-Results", field_value) != MI_SUCCESS)
        return SMFIS_TEMPFAIL;
    return SMFIS_ACCEPT;
}

/* Without it the field would keep the verdict waiting until the client has acknowledged
 * it, 40 ms.  Connections take the option over from the listener, whatever its number. */
static void send_at_once(void)
{
    const int on = 1;

    for (int fd = 3; fd < 16; fd++)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int main(int argc, char **argv)
{
    struct smfiDesc filter = {
        .xxfi_name = (char *)"nothing",
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_words,
        .xxfi_envrcpt = on_words,
        .xxfi_header = on_header,
        .xxfi_data = on_step,
        .xxfi_eoh = on_step,
        .xxfi_body = on_body,
        .xxfi_eom = on_end,
        .xxfi_negotiate = negotiate,
    };
    char where[64];

    if (argc != 2 && argc != 3)
        return 64;
    field_value = argv[2];
    snprintf(where, sizeof where, "inet:%d@127.0.0.1", atoi(argv[1]));
    if (smfi_setconn(where) == MI_FAILURE || smfi_register(filter) == MI_FAILURE ||
        smfi_opensocket(0) == MI_FAILURE)
        return 1;
    send_at_once();
    return smfi_main() == MI_FAILURE;
}
