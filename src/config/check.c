/* check.c: what the values of single options must look like. */
#include "config/options_private.h"

#include <string.h>

#include "base/cursor.h"
#include "base/ip.h"
#include "mail/domain.h"

enum { SUN_PATH_MAX = 107, ACCOUNT_MAX = 32, TOKEN_MAX = 255 };
enum { FIELD_NAME_MAX = 76, CREDENTIAL_MAX = 128, LOCAL_MAX = 64, WORDS_MAX = 1000 };

static bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

/* RFC 2045 §5.1: what needs no quotes in Authentication-Results. */
static bool is_token_octet(char c)
{
    return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static bool is_account_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '_' || c == '-' || c == '.';
}

static bool all(const char *value, size_t max, bool (*accept)(char))
{
    struct cursor c = cursor_over(text_of(value));

    return cursor_run(&c, accept).len <= max && cursor_done(&c);
}

const char *check_token(const char *value)
{
    if (!*value || !all(value, TOKEN_MAX, is_token_octet))
        return "is not an authserv-id; write a host name, ASCII, without spaces, @ or quotes";
    return NULL;
}

const char *check_authserv_id(const char *value)
{
    return *value ? check_token(value) : NULL;
}

const char *check_account(const char *value)
{
    if (value[0] == '-' || !all(value, ACCOUNT_MAX, is_account_octet))
        return "is not the name of an account";
    return NULL;
}

const char *check_path(const char *value)
{
    if (*value && (value[0] != '/' || !all(value, (size_t)-1, is_printable)))
        return "is not a whole path; write one that begins with / and is plain ASCII";
    return NULL;
}

const char *check_directory(const char *value)
{
    return check_path(*value ? value : ".");
}

const char *check_store(const char *value)
{
    if (strncmp(value, "postgresql:", 11) == 0)
        return all(value, WORDS_MAX, is_printable) ? NULL : "is not plain ASCII";
    return check_directory(value);
}

const char *check_words(const char *value)
{
    if (!text_is_utf8(text_of(value)) || strlen(value) > WORDS_MAX)
        return "is too long, or no UTF-8";
    for (; *value; value++)
        if (octet_is_control(*value))
            return "holds control characters";
    return NULL;
}

/* RFC 5322 §3.2.3: what a local part holds without quotes. */
static bool is_local_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || (c && strchr("!#$&'*+-/=?^_`{|}~.", c));
}

const char *check_address(const char *value)
{
    struct text t = text_of(value), local = text_head(t, text_find(t, '@'));
    domain_name domain;
    bool good = local.len > 0 && local.len <= LOCAL_MAX && text_all(local, is_local_octet) &&
                local.data[0] != '-' && local.data[0] != '.' &&
                domain_normalise(text_tail(t, local.len + 1), domain);

    if (!*value || (good && domain_labels(domain) > 1 && text_is_ascii(t)))
        return NULL;
    return "is not a mail address; write one like dmarc@example.org, without name or brackets";
}

static bool is_host_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || strchr(".-:[]", c);
}

const char *check_submit(const char *value)
{
    static const char remedy[] = "is not a way to the MTA; write smtp:HOST:PORT, or sendmail: "
                                 "and the whole path of the program";
    struct text rest, host;
    unsigned long long port;

    if (!all(value, WORDS_MAX, is_printable))
        return remedy;
    if (strncmp(value, "sendmail:/", 10) == 0)
        return NULL;
    if (strncmp(value, "smtp:", 5) != 0)
        return remedy;
    rest = text_of(value + 5);
    host = rest.len && rest.data[0] == '[' ? text_head(rest, text_find(rest, ']') + 1)
                                           : text_head(rest, text_find(rest, ':'));
    if (host.len == 0 || !text_all(host, is_host_octet) ||
        !text_to_uint(text_tail(rest, host.len + 1), 65535, &port) || port == 0)
        return remedy;
    return NULL;
}

const char *check_socket_path(const char *value)
{
    if (strlen(value) > SUN_PATH_MAX)
        return "is longer than a socket's path may be (107 octets)";
    return check_path(value);
}

/* RFC 5322 §3.6.8, but no ';': it would end h= (RFC 6376 §3.5). */
static bool is_field_name_octet(char c) { return c > 0x20 && c < 0x7f && c != ':' && c != ';'; }

const char *check_field_name(const char *value)
{
    if (!*value || !all(value, FIELD_NAME_MAX, is_field_name_octet))
        return "is not the name of a header field; write it as List-Id, without a colon";
    return NULL;
}

static bool is_credential_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || (c && strchr("._-@+", c));
}

const char *check_key_file(const char *value)
{
    static const char credential[] = "credential:";
    const char *name = value + strlen(credential);

    if (strncmp(value, credential, strlen(credential)) != 0)
        return check_path(value);
    if (!*name || *name == '.' || !all(name, CREDENTIAL_MAX, is_credential_octet))
        return "is not a credential of systemd; write credential:NAME, with the NAME of "
               "LoadCredential=";
    return NULL;
}

const char *check_key_domain(const char *value)
{
    domain_name name;

    if (!*value || strcmp(value, "%") == 0 || domain_normalise(text_of(value), name))
        return NULL;
    return "is not a domain; write it as example.org, or % for the author domain";
}

const char *check_identity(const char *value)
{
    struct cursor c = cursor_over(text_of(value));
    domain_name name;

    if (!*value)
        return NULL;
    if (cursor_run(&c, is_local_octet).len > LOCAL_MAX || !cursor_take(&c, '@') ||
        (!text_equal(cursor_rest(&c), TEXT("%")) && !domain_normalise(cursor_rest(&c), name)))
        return "is not an identity; write @example.org or user@example.org, with % for the "
               "author domain";
    return NULL;
}

const char *check_opendkim_table(const char *value)
{
    static const char *const files[] = { "file:", "refile:" };
    size_t colon = text_find(text_of(value), ':');

    if (!*value || strncmp(value, "csl:", 4) == 0)
        return text_is_utf8(text_of(value)) ? NULL : "is no UTF-8";
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strncmp(value, files[i], colon + 1) == 0 && value[colon] == ':')
            value += colon + 1;
    if (value[0] == '/')
        return check_path(value);
    return "is not a table that can be read here; write file:/PATH, refile:/PATH or csl:NAME=VALUE "
           "(convert a database or directory to such a file first)";
}

static bool is_port(struct text t)
{
    unsigned long long port;

    return t.len > 0 && t.data[0] != '0' && text_to_uint(t, 65535, &port);
}

const char *check_server(const char *value)
{
    struct text t = text_of(value);
    size_t at = text_find(t, '@');
    struct ip_address ip;

    if (text_starts_nocase(t, TEXT("IPv6:")) || !ip_parse(text_head(t, at), &ip) ||
        (at < t.len && !is_port(text_tail(t, at + 1))))
        return "is not a name server; write ADDRESS or ADDRESS@PORT, such as 127.0.0.1@5353";
    return NULL;
}

/* The address of inet:PORT@ADDRESS or inet6:PORT@[ADDRESS]. */
static bool listen_address(struct text t, enum ip_family family, struct ip_address *ip)
{
    size_t at = text_find(t, '@');
    struct text address = text_tail(t, at + 1);

    if (!is_port(text_head(t, at)) || text_starts_nocase(address, TEXT("IPv6:")))
        return false;
    if (family == IP_V6 && address.len > 1 && address.data[0] == '[' &&
        address.data[address.len - 1] == ']')
        address = text_head(text_tail(address, 1), address.len - 2);
    return ip_parse(address, ip) && ip->family == family;
}

static bool begins(const char *value, const char *prefix)
{
    return strncmp(value, prefix, strlen(prefix)) == 0;
}

static bool is_inherited_fd(struct text t)
{
    unsigned long long fd;

    return t.len > 0 && t.data[0] != '0' && text_to_uint(t, 1023, &fd) && fd > 2;
}

const char *check_listen(const char *value)
{
    struct text t = text_of(value);
    struct text rest = text_tail(t, text_find(t, ':') + 1);
    struct ip_address ip;

    if (begins(value, "inet:"))
        return listen_address(rest, IP_V4, &ip)
                   ? NULL
                   : "is not an IPv4 listener; write inet:PORT@ADDRESS, such as "
                     "inet:8891@127.0.0.1";
    if (begins(value, "inet6:"))
        return listen_address(rest, IP_V6, &ip)
                   ? NULL
                   : "is not an IPv6 listener; write inet6:PORT@[ADDRESS], such as "
                     "inet6:8891@[::1]";
    if (begins(value, "unix:") || begins(value, "local:"))
        return rest.len == 0 || rest.data[0] != '/' ? "needs a whole path: unix:/PATH"
                                                    : check_socket_path(rest.data);
    if (begins(value, "fd:"))
        return is_inherited_fd(rest)
                   ? NULL
                   : "is not an inherited descriptor; write fd:3 with a systemd socket unit";
    return "is not a listener; write inet:PORT@ADDRESS, inet6:PORT@[ADDRESS], unix:/PATH or fd:N";
}

bool listen_is_local(const char *value)
{
    struct text t = text_of(value);
    struct text rest = text_tail(t, text_find(t, ':') + 1);
    struct ip_address ip;

    if (listen_address(rest, IP_V4, &ip) || listen_address(rest, IP_V6, &ip))
        return ip_is_loopback(&ip);
    return true;
}

const char *check_metrics_listen(const char *value)
{
    struct ip_address ip;
    unsigned port;

    if (!*value || ip_port_parse(text_of(value), &ip, &port))
        return NULL;
    return "is not an address and a port; write 127.0.0.1:9891, or [::1]:9891";
}

bool metrics_listen_is_local(const char *value)
{
    struct ip_address ip;
    unsigned port;

    return !ip_port_parse(text_of(value), &ip, &port) || ip_is_loopback(&ip);
}
