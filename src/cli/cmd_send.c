/* cmd_send.c: `vidimus send`: speaks SMTP to a server and shows the dialogue, to try
 * out what a mail server does with a message.
 *
 * What the server says is a stranger's text: escaped before it is shown.  What
 * authenticates us is never shown. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/file.h"

static const char help[] =
    "usage: vidimus send --server HOST[:PORT] --rcpt ADDRESS [OPTION]... [FILE]\n\n"
    "Sends a message (standard input without FILE) by SMTP, with the envelope given, and\n"
    "shows the dialogue.\n\n"
    "      --server HOST[:PORT]  port 25 unless given\n"
    "      --mail-from ADDRESS   <> or nothing: the null sender\n"
    "      --rcpt ADDRESS        several: once for each\n"
    "      --helo NAME           default: this host's name\n"
    "      --starttls            not without STARTTLS\n"
    "      --tls                 TLS from the first octet (port 465)\n"
    "      --insecure            take any certificate\n"
    "      --ca-file FILE        trust these certificates, not the system's\n"
    "      --user NAME           authenticate\n"
    "      --password-file FILE  with its first line\n"
    "      --timeout SECONDS     for the whole (default: 60)\n"
    "  -h, --help                print this\n\n"
    "Lines that end with LF alone are sent with CRLF.\n\n"
    "Exit status: 0 the server took the message; 1 it refused; 64 usage; 66 no such file;\n"
    "75 not now (no connection, or 4xx).\n";

enum { REFUSED = 1, RECIPIENTS_MAX = 100, TIMEOUT_S = 60, TIMEOUT_MAX_S = 3600 };
enum { MESSAGE_OCTETS_MAX = 100 * 1024 * 1024, PASSWORD_FILE_MAX = 4096, URL_SIZE = 800 };

struct send_options {
    const char *server, *mail_from, *helo, *ca_file, *user, *password_file; /* NULL: not given */
    const char *recipients[RECIPIENTS_MAX];
    size_t recipient_count;
    bool starttls, tls, insecure;
    long timeout_s;
};

/* ---- showing */

struct dialogue {
    const char *left; /* of the message */
    size_t left_len;
    size_t sent;      /* octets of the message, as they went */
    bool secret;      /* the client's lines authenticate it, until the server answers */
};

static void show_line(const char *who, struct text line)
{
    fputs(who, stdout);
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.data[i];

        if (c < ' ' || c > '~' || c == '\\')
            printf("\\%03o", c);
        else
            putchar(c);
    }
    putchar('\n');
}

static void show_lines(const char *who, struct text t)
{
    while (t.len > 0) {
        struct text line = text_head(t, text_find(t, '\n'));

        t = text_tail(t, line.len + 1);
        show_line(who, text_trim(line));
    }
}

/* What we say: after AUTH, all of it is secret until the server ends that. */
static void show_ours(struct dialogue *d, struct text t)
{
    if (d->secret) {
        show_line("C: ", TEXT("(credentials)"));
    } else if (text_starts_nocase(t, TEXT("AUTH "))) {
        struct text rest = text_trim(text_tail(t, strlen("AUTH ")));

        printf("C: AUTH %.*s (credentials)\n", TEXT_ARGS(text_head(rest, text_find(rest, ' '))));
        d->secret = true;
    } else {
        show_lines("C: ", t);
    }
}

static void show_theirs(struct dialogue *d, struct text t)
{
    if (d->sent > 0)
        printf("C: (%zu octets of message, and the final dot)\n", d->sent);
    d->sent = 0;
    d->secret &= text_starts_nocase(t, TEXT("334"));
    show_lines("S: ", t);
}

static int show(CURL *curl, curl_infotype type, char *octets, size_t len, void *context)
{
    struct dialogue *d = context;
    struct text t = { octets, len };

    (void)curl;
    if (type == CURLINFO_HEADER_OUT)
        show_ours(d, t);
    else if (type == CURLINFO_HEADER_IN)
        show_theirs(d, t);
    else if (type == CURLINFO_DATA_OUT)
        d->sent += len;
    else if (type == CURLINFO_TEXT && text_starts_nocase(t, TEXT("SSL connection")))
        show_lines("   ", t);
    return 0;
}

/* ---- sending */

static size_t give(char *out, size_t size, size_t count, void *context)
{
    struct dialogue *d = context;
    size_t len = size * count < d->left_len ? size * count : d->left_len;

    if (len > 0)
        memcpy(out, d->left, len);
    d->left += len;
    d->left_len -= len;
    return len;
}

/* A response that libcurl takes for a header is shown by show() alone. */
static size_t ignore(char *octets, size_t size, size_t count, void *context)
{
    (void)octets;
    (void)context;
    return size * count;
}

static bool set_message(CURL *curl, const struct send_options *o, struct dialogue *d,
                        struct curl_slist *to)
{
    char url[URL_SIZE], sender[400];
    const char *from = o->mail_from ? o->mail_from : "";
    bool bracketed = *from == '<' || !*from;

    snprintf(url, sizeof url, "%s://%s/%s", o->tls ? "smtps" : "smtp", o->server,
             o->helo ? o->helo : "");
    snprintf(sender, sizeof sender, bracketed ? "%s" : "<%s>", strcmp(from, "<>") == 0 ? "" : from);
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, o->timeout_s) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, give) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, d) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, ignore) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, show) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGDATA, d) == CURLE_OK;
}

static bool set_security(CURL *curl, const struct send_options *o, const char *password)
{
    bool good = true;

    if (o->starttls)
        good &= curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL) == CURLE_OK;
    if (o->insecure)
        good &= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    if (o->ca_file)
        good &= curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file) == CURLE_OK;
    if (o->user)
        good &= curl_easy_setopt(curl, CURLOPT_USERNAME, o->user) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_PASSWORD, password) == CURLE_OK;
    return good;
}

static struct curl_slist *recipient_list(const struct send_options *o)
{
    struct curl_slist *list = NULL;

    for (size_t i = 0; i < o->recipient_count; i++) {
        struct curl_slist *longer;
        char address[400];

        snprintf(address, sizeof address, o->recipients[i][0] == '<' ? "%s" : "<%s>",
                 o->recipients[i]);
        longer = curl_slist_append(list, address);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static int tell_end(CURLcode code, long reply)
{
    if (code == CURLE_OK)
        return EX_OK;
    fprintf(stderr, "vidimus send: %s\n", curl_easy_strerror(code));
    return reply >= 500 && reply <= 599 ? REFUSED : EX_TEMPFAIL;
}

static int submit(const struct send_options *o, struct text message, const char *password)
{
    struct dialogue d = { .left = message.data, .left_len = message.len };
    struct curl_slist *to = recipient_list(o);
    CURL *curl = curl_easy_init();
    int status = EX_OSERR;
    long reply = 0;

    if (curl && to && set_message(curl, o, &d, to) && set_security(curl, o, password)) {
        CURLcode code = curl_easy_perform(curl);

        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
        status = tell_end(code, reply);
    } else {
        fputs("vidimus send: libcurl cannot be set up\n", stderr);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return status;
}

/* ---- preparing */

/* FILE with CRLF line ends, on the heap; NULL data: no memory. */
static struct text with_crlf(struct text file)
{
    char *out = malloc(2 * file.len + 1);
    size_t len = 0;

    for (size_t i = 0; out && i < file.len; i++) {
        if (file.data[i] == '\n' && (i == 0 || file.data[i - 1] != '\r'))
            out[len++] = '\r';
        out[len++] = file.data[i];
    }
    return (struct text){ out, len };
}

/* The first line of the password file into OUT, which has room for the file. */
static bool read_password(const char *name, char out[PASSWORD_FILE_MAX + 1])
{
    struct text file;
    size_t len;

    out[0] = '\0';
    if (!name)
        return true;
    if (!file_read(name, PASSWORD_FILE_MAX, &file)) {
        fprintf(stderr, "vidimus send: %s: %s\n", name, strerror(errno));
        return false;
    }
    len = text_find(file, '\n');
    memcpy(out, file.data, len);
    out[len] = '\0';
    explicit_bzero((char *)file.data, file.len);
    free((char *)file.data);
    return true;
}

static int run(const struct send_options *o, const char *name)
{
    char password[PASSWORD_FILE_MAX + 1];
    struct text file, message;
    int status;

    if (!file_read(name && strcmp(name, "-") != 0 ? name : NULL, MESSAGE_OCTETS_MAX, &file)) {
        fprintf(stderr, "vidimus send: %s: %s\n", name ? name : "standard input", strerror(errno));
        return EX_NOINPUT;
    }
    message = with_crlf(file);
    free((char *)file.data);
    if (!message.data) {
        fputs("vidimus send: out of memory\n", stderr);
        return EX_OSERR;
    }
    status = read_password(o->password_file, password) ? submit(o, message, password) : EX_NOINPUT;
    explicit_bzero(password, sizeof password);
    free((char *)message.data);
    return fflush(stdout) == 0 ? status : EX_IOERR;
}

/* ---- options */

enum { OPTION_SERVER = 256, OPTION_FROM, OPTION_RCPT, OPTION_HELO, OPTION_STARTTLS, OPTION_TLS,
       OPTION_INSECURE, OPTION_CA, OPTION_USER, OPTION_PASSWORD, OPTION_TIMEOUT };

static int set_timeout(struct send_options *o, const char *argument)
{
    char *end;

    errno = 0;
    o->timeout_s = strtol(argument, &end, 10);
    if (errno || *end || o->timeout_s < 1 || o->timeout_s > TIMEOUT_MAX_S)
        return cli_usage("send", "--timeout: 1 to %d seconds", (int)TIMEOUT_MAX_S);
    return EX_OK;
}

static int add_recipient(struct send_options *o, const char *argument)
{
    if (o->recipient_count == RECIPIENTS_MAX)
        return cli_usage("send", "more than %d recipients", (int)RECIPIENTS_MAX);
    o->recipients[o->recipient_count++] = argument;
    return EX_OK;
}

static int set(struct send_options *o, int option, const char *argument)
{
    switch (option) {
    case OPTION_SERVER:
        o->server = argument;
        break;
    case OPTION_FROM:
        o->mail_from = argument;
        break;
    case OPTION_RCPT:
        return add_recipient(o, argument);
    case OPTION_HELO:
        o->helo = argument;
        break;
    case OPTION_STARTTLS:
        o->starttls = true;
        break;
    case OPTION_TLS:
        o->tls = true;
        break;
    case OPTION_INSECURE:
        o->insecure = true;
        break;
    case OPTION_CA:
        o->ca_file = argument;
        break;
    case OPTION_USER:
        o->user = argument;
        break;
    case OPTION_PASSWORD:
        o->password_file = argument;
        break;
    case OPTION_TIMEOUT:
        return set_timeout(o, argument);
    }
    return EX_OK;
}

/* What goes into a command of SMTP, or the URL, holds neither blanks nor controls. */
static bool is_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    return strlen(text) < 300;
}

static int check_options(const struct send_options *o, int count, char **arguments)
{
    if (count > 1)
        return cli_usage("send", "\"%s\" is one argument too many", arguments[1]);
    if (!o->server || o->recipient_count == 0)
        return cli_usage("send", "give --server and --rcpt");
    if (!is_word(o->server) || strpbrk(o->server, "/?#@"))
        return cli_usage("send", "--server: HOST or HOST:PORT");
    if (o->helo && (!is_word(o->helo) || strpbrk(o->helo, "/?#@%")))
        return cli_usage("send", "--helo: the name of a host");
    if (o->mail_from && !is_word(o->mail_from))
        return cli_usage("send", "--mail-from: an address");
    for (size_t i = 0; i < o->recipient_count; i++)
        if (!*o->recipients[i] || !is_word(o->recipients[i]))
            return cli_usage("send", "--rcpt: an address");
    if (o->tls && o->starttls)
        return cli_usage("send", "--tls or --starttls, not both");
    if (!o->user != !o->password_file)
        return cli_usage("send", "--user and --password-file go together");
    return EX_OK;
}

int cmd_send(int argc, char **argv)
{
    static const struct option options[] = {
        { "server", required_argument, NULL, OPTION_SERVER },
        { "mail-from", required_argument, NULL, OPTION_FROM },
        { "rcpt", required_argument, NULL, OPTION_RCPT },
        { "helo", required_argument, NULL, OPTION_HELO },
        { "starttls", no_argument, NULL, OPTION_STARTTLS },
        { "tls", no_argument, NULL, OPTION_TLS },
        { "insecure", no_argument, NULL, OPTION_INSECURE },
        { "ca-file", required_argument, NULL, OPTION_CA },
        { "user", required_argument, NULL, OPTION_USER },
        { "password-file", required_argument, NULL, OPTION_PASSWORD },
        { "timeout", required_argument, NULL, OPTION_TIMEOUT },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct send_options o = { .timeout_s = TIMEOUT_S };
    int status = EX_OK;

    for (int c; status == EX_OK &&
                (c = cli_option(argc, argv, "h", options, help, &status)) != -1;)
        status = set(&o, c, optarg);
    if (status == EX_OK)
        status = check_options(&o, argc - optind, argv + optind);
    return status == EX_OK ? run(&o, argc > optind ? argv[optind] : NULL) : status;
}
