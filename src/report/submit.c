#include "report/submit.h"

#include <curl/curl.h>
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

enum { CONNECT_S = 30, WHOLE_S = 600, REPLY_SIZE = 256 };

/* --- the mail as a stream ------------------------------------------------- */

struct stream {
    const char *header; /* what is left of it */
    FILE *body;
    char reply[REPLY_SIZE]; /* the last line that the MTA said */
};

static size_t give(char *out, size_t size, size_t count, void *context)
{
    struct stream *s = context;
    size_t room = size * count, len = strlen(s->header);

    if (len == 0)
        return fread(out, 1, room, s->body);
    if (len > room)
        len = room;
    memcpy(out, s->header, len);
    s->header += len;
    return len;
}

static void printable(char *out, size_t size, const char *in, size_t len)
{
    size_t n = 0;

    while (n < len && n + 1 < size && in[n] != '\r' && in[n] != '\n') {
        out[n] = (unsigned char)in[n] < 0x20 || (unsigned char)in[n] > 0x7e ? '?' : in[n];
        n++;
    }
    out[n] = '\0';
}

/* --- SMTP --------------------------------------------------------------- */

static size_t note_reply(char *line, size_t size, size_t count, void *context)
{
    struct stream *s = context;

    printable(s->reply, sizeof s->reply, line, size * count);
    return size * count;
}

/* An answer of 5xx is final; anything else may go away by itself. */
static enum submit_result result_of(CURLcode code, long reply)
{
    if (code == CURLE_OK)
        return SUBMIT_TAKEN;
    return reply >= 500 && reply <= 599 ? SUBMIT_REFUSED : SUBMIT_LATER;
}

static bool set_up(CURL *curl, const struct submission *mail, struct stream *stream,
                   struct curl_slist *to)
{
    char url[300], sender[400];

    if (snprintf(url, sizeof url, "smtp://%s", mail->how + strlen("smtp:")) >= (int)sizeof url ||
        snprintf(sender, sizeof sender, "<%s>", mail->from) >= (int)sizeof sender)
        return false;
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, give) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, stream) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, note_reply) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, stream) == CURLE_OK;
}

static enum submit_result by_smtp(const struct submission *mail, struct stream *stream,
                                  char error[SUBMIT_ERROR_SIZE])
{
    CURL *curl = curl_easy_init();
    char address[400];
    struct curl_slist *to = NULL;
    CURLcode code = CURLE_FAILED_INIT;
    long reply = 0;

    snprintf(address, sizeof address, "<%s>", mail->to);
    if (curl)
        to = curl_slist_append(NULL, address);
    if (to && set_up(curl, mail, stream, to)) {
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
    }
    if (reply >= 400)
        snprintf(error, SUBMIT_ERROR_SIZE, "%s", stream->reply);
    else
        printable(error, SUBMIT_ERROR_SIZE, curl_easy_strerror(code),
                  strlen(curl_easy_strerror(code)));
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return result_of(code, reply);
}

/* --- sendmail ----------------------------------------------------------- */

/* Header and body as sendmail's standard input wants them: LF line ends. */
static FILE *as_input(struct stream *stream)
{
    FILE *input = tmpfile();
    char chunk[16384];
    size_t len;

    while (input && (len = give(chunk, 1, sizeof chunk, stream)) > 0)
        for (size_t i = 0; i < len; i++)
            if (chunk[i] != '\r')
                putc(chunk[i], input);
    if (!input || (fflush(input) == 0 && !ferror(input) && !ferror(stream->body)))
        return input;
    fclose(input);
    return NULL;
}

static int run(const char *path, const struct submission *mail, int input)
{
    char *const argv[] = { (char *)"sendmail", (char *)"-i", (char *)"-f", (char *)mail->from,
                           (char *)"--",       (char *)mail->to, NULL };
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return EX_TEMPFAIL;
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (posix_spawn(&pid, path, &actions, NULL, argv, environ) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
    posix_spawn_file_actions_destroy(&actions);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

static enum submit_result by_sendmail(const struct submission *mail, struct stream *stream,
                                      char error[SUBMIT_ERROR_SIZE])
{
    FILE *input = as_input(stream);
    int status = EX_TEMPFAIL;

    if (input) {
        rewind(input);
        lseek(fileno(input), 0, SEEK_SET);
        status = run(mail->how + strlen("sendmail:"), mail, fileno(input));
        fclose(input);
    }
    snprintf(error, SUBMIT_ERROR_SIZE, "sendmail ended with status %d", status);
    switch (status) {
    case EX_OK:
        return SUBMIT_TAKEN;
    case EX_NOUSER:
    case EX_NOHOST:
        return SUBMIT_REFUSED;
    default:
        return SUBMIT_LATER;
    }
}

enum submit_result submit_mail(const struct submission *mail, char error[SUBMIT_ERROR_SIZE])
{
    struct stream stream = { .header = mail->header, .body = mail->body };

    rewind(mail->body);
    *error = '\0';
    if (strncmp(mail->how, "sendmail:", 9) == 0)
        return by_sendmail(mail, &stream, error);
    return by_smtp(mail, &stream, error);
}
