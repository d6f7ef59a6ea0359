#include "milter/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/region.h"
#include "milter/metrics_text.h"
#include "milter/status.h"

enum { TEXT_MAX = 256 * 1024, BACKLOG = 16 };
enum { CONNECTIONS_MAX = 16, IDLE_S = 10, CONNECTION_OCTETS = 16 * 1024 };

static struct {
    int fd;
    struct MHD_Daemon *server;
} listener = { .fd = -1 };

bool metrics_open(const char *listen_text, char *error, size_t error_size)
{
    struct sockaddr_storage address;
    struct ip_address ip;
    const int on = 1;
    unsigned port = 0;
    socklen_t size = 0;
    int fd;

    if (ip_port_parse(text_of(listen_text), &ip, &port))
        size = (socklen_t)ip_to_sockaddr(&ip, port, &address);
    fd = socket(ip.family == IP_V6 ? AF_INET6 : AF_INET,
                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0) {
        listener.fd = fd;
        return true;
    }
    snprintf(error, error_size, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct text body, const char *media_type)
{
    /* Its type in 0.9.75 lacks a const; the octets are copied. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, (void *)body.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              struct text words)
{
    return answer(connection, status, words, "text/plain");
}

static enum MHD_Result give_metrics(struct MHD_Connection *connection)
{
    const char *accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    enum metrics_format format = accept && strstr(accept, "application/openmetrics-text")
                                     ? METRICS_OPENMETRICS
                                     : METRICS_PLAIN;
    struct region *region = region_new(0);
    enum MHD_Result result = MHD_NO;
    struct status status;
    struct buf out;

    if (!region)
        return MHD_NO;
    status_take(&status);
    buf_init(&out, region, TEXT_MAX);
    metrics_write(&out, format, &status);
    if (!buf_failed(&out))
        result = answer(connection, MHD_HTTP_OK, buf_text(&out), metrics_media_type(format));
    region_free(region);
    return result;
}

/* Called once for the head of a request, and for each piece of a body that comes
 * with it; *SEEN is the request's own. */
static enum MHD_Result on_request(void *unused, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **seen)
{
    static char head;

    (void)unused, (void)version, (void)upload;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, TEXT("GET only\n"));
    if (!*seen) {
        *seen = &head;
        return MHD_YES;
    }
    if (*upload_size > 0) { /* a GET with a body: thrown away */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") == 0)
        return give_metrics(connection);
    return refuse(connection, MHD_HTTP_NOT_FOUND, TEXT("see /metrics\n"));
}

/* What the library would print on stderr: scanners' requests are no news. */
static void drop_message(void *unused, const char *format, va_list args)
{
    (void)unused, (void)format, (void)args;
}

bool metrics_start(void)
{
    if (listener.fd < 0)
        return true;
    listener.server = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, on_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener.fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_OCTETS, MHD_OPTION_END);
    return listener.server;
}

void metrics_stop(void)
{
    if (listener.server)
        MHD_stop_daemon(listener.server); /* closes the listener as well */
    else if (listener.fd >= 0)
        close(listener.fd);
    listener.server = NULL;
    listener.fd = -1;
}
