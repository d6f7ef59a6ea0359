/* import_common.c: the settings that all three programs share. */
#include "cli/import_translate.h"

#include <limits.h>
#include <unistd.h>

#include "base/ip.h"

enum { SOCKET_PERMISSIONS = 0666 };

void import_elsewhere(struct import *import, const struct import_row *row,
                      const struct foreign_setting *s)
{
    (void)import;
    (void)row;
    (void)s;
}

void import_number(struct import *import, const struct import_row *row,
                   const struct foreign_setting *s)
{
    long long number = 0;

    import_integer(s->value, &number);
    import_option(import, s, row->section, row->option, import_printf(import, "%lld", number),
                  row->note);
}

static void authserv_id(struct import *import, const struct import_row *row,
                        const struct foreign_setting *s)
{
    char name[HOST_NAME_MAX + 1] = "";

    if (!text_equal(s->value, TEXT("HOSTNAME"))) {
        import_option(import, s, NULL, row->option, import_quoted(import, s->value), NULL);
        return;
    }
    gethostname(name, sizeof name - 1);
    import_option(import, s, NULL, row->option, import_quoted(import, text_of(name)),
                  "HOSTNAME is the name of the host where the program runs; this is the one of "
                  "the host where it was imported.");
}

void import_verifier_only(struct import *import, bool required)
{
    const char *name = import->program->name;

    import_option(import, NULL, NULL, "null-mx-sender", "\"accept\"",
                  import_printf(import, "%s did not look at this; \"reject\" is worth having.",
                                name));
    import_option(import, NULL, "dmarc", "enforce", "\"none\"",
                  import_printf(import, "%s did nothing about DMARC, so vidimus only tells what "
                                        "it sees.  Where opendmarc.conf was imported, too, its "
                                        "dmarc section counts instead.", name));
    import_option(import, NULL, "dmarc", "bad-from", required ? "\"reject\"" : "\"accept\"",
                  required ? "Only From is looked at; the other fields are the MTA's business."
                           : "As it was; \"reject\" refuses mail without a usable From.");
}

/* --- the socket ----------------------------------------------------------- */

static const char all_interfaces[] =
    "REVIEW: it listened on all interfaces.  The milter protocol knows no password, so this is "
    "the loopback address alone; for an MTA on another host, name the address here and set "
    "allow-remote = true.";
static const char remote[] =
    "Other hosts can reach this address, and the milter protocol knows no password: let a "
    "packet filter admit the MTA alone.";
static const char unix_socket[] =
    "The MTA finds it where it was.  vidimusd.service lets it write below /run/vidimus and "
    "/var/spool/postfix/vidimus: put the socket there, and tell the MTA; or allow its folder "
    "with ReadWritePaths= (systemctl edit vidimusd).";

/* The prefix of a UNIX socket's path; "" where the path stands alone. */
static const char *unix_prefix(struct text spec)
{
    static const char *const prefixes[] = { "local:", "unix:" };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (text_starts_nocase(spec, text_of(prefixes[i])))
            return prefixes[i];
    return text_find(spec, ':') == spec.len ? "" : NULL;
}

/* Host names are not looked up: what they mean may differ tomorrow. */
static struct text host_address(struct text host, bool v6)
{
    if (text_equal_nocase(host, TEXT("localhost")) || host.len == 0)
        return v6 ? TEXT("::1") : TEXT("127.0.0.1");
    if (host.data[0] == '[' && host.data[host.len - 1] == ']')
        return text_head(text_tail(host, 1), host.len - 2);
    return host;
}

/* inet:PORT[@HOST] or inet6:PORT[@HOST]. */
static void listen_on_port(struct import *import, const struct import_row *row,
                           const struct foreign_setting *s)
{
    bool v6 = text_starts_nocase(s->value, TEXT("inet6:"));
    struct text rest = text_tail(s->value, text_find(s->value, ':') + 1);
    struct text port = text_head(rest, text_find(rest, '@'));
    struct text host = text_tail(rest, port.len + 1);
    struct text address = host_address(host, v6);
    const char *listen;
    struct ip_address ip;
    bool is_remote = ip_parse(address, &ip) && !ip_is_loopback(&ip);

    listen = v6 ? import_printf(import, "inet6:%.*s@[%.*s]", TEXT_ARGS(port), TEXT_ARGS(address))
                : import_printf(import, "inet:%.*s@%.*s", TEXT_ARGS(port), TEXT_ARGS(address));
    import_option(import, s, NULL, row->option,
                  import_printf(import, "%s%s", import_quoted(import, text_of(listen)),
                                is_remote ? "\nallow-remote = true" : ""),
                  host.len == 0 ? all_interfaces : is_remote ? remote : NULL);
}

static void milter_socket(struct import *import, const struct import_row *row,
                          const struct foreign_setting *s)
{
    const char *prefix = unix_prefix(s->value);
    struct text path;

    if (!prefix) {
        listen_on_port(import, row, s);
        return;
    }
    path = text_of(import_path(import, text_tail(s->value, text_of(prefix).len)));
    import_option(import, s, NULL, row->option,
                  import_quoted(import, text_of(import_printf(import, "unix:%.*s",
                                                              TEXT_ARGS(path)))),
                  unix_socket);
}

static bool has_unix_socket(const struct import *import)
{
    const struct foreign_setting *s = import_setting(import, "Socket");

    return s && unix_prefix(s->value);
}

static void socket_mode(struct import *import, const struct import_row *row,
                        const struct foreign_setting *s)
{
    long long mask = 0;

    import_integer(s->value, &mask);
    if (!has_unix_socket(import))
        import_none(import, s, "It was for a UNIX socket (socket-mode) and files; there is none.");
    else if (mask < 0 || mask > 0777)
        import_none(import, s, "REVIEW: not a umask; see socket-mode.");
    else
        import_option(import, s, NULL, row->option,
                      import_printf(import, "\"0%03llo\"",
                                    (unsigned long long)(SOCKET_PERMISSIONS & ~mask)),
                      "To connect takes the permission to write.");
}

/* USER[:GROUP]: the group was that of the socket, too. */
static void user(struct import *import, const struct import_row *row,
                 const struct foreign_setting *s)
{
    size_t colon = text_find(s->value, ':');
    struct text group = text_tail(s->value, colon + 1);

    import_choice(import, s, NULL, row->option,
                  import_quoted(import, text_head(s->value, colon)),
                  "vidimusd has an account of its own, vidimus.");
    if (has_unix_socket(import) && group.len)
        import_option(import, s, NULL, "socket-group", import_quoted(import, group),
                      "REVIEW: only a member can give the socket to that group: adduser vidimus "
                      "GROUP; or let it be vidimus-milter, and adduser postfix vidimus-milter.");
    else if (has_unix_socket(import))
        import_choice(import, NULL, NULL, "socket-group", "\"vidimus-milter\"",
                      "The socket belongs to vidimus's group, no longer to that of the account "
                      "above: adduser postfix vidimus-milter lets Postfix in.");
}

/* --- the rest ------------------------------------------------------------- */

static void pid_file(struct import *import, const struct import_row *row,
                     const struct foreign_setting *s)
{
    import_choice(import, s, NULL, row->option,
                  import_quoted(import, text_of(import_path(import, s->value))),
                  "systemd needs none.  For something else that does, let it lie below "
                  "/run/vidimus.");
}

static void to_syslog(struct import *import, const struct import_row *row,
                      const struct foreign_setting *s)
{
    if (import_boolean(import, row->name, false))
        import_option(import, s, NULL, row->option, "\"syslog\"", NULL);
    else
        import_none(import, s, "vidimusd always logs, a line a message; where to, see log.");
}

static void facility(struct import *import, const struct import_row *row,
                     const struct foreign_setting *s)
{
    (void)row;
    import_none(import, s,
                text_equal_nocase(s->value, TEXT("mail"))
                    ? "log = \"syslog\" has the facility mail."
                    : "REVIEW: log = \"syslog\" has the facility mail, always; select by the "
                      "program name vidimusd.");
}

static const char by_systemd[] = "vidimusd.service does this (Restart=on-failure).";

const struct import_row import_common_rows[] = {
    { "AuthservID", FOREIGN_TEXT, authserv_id, NULL, "authserv-id", NULL },
    { "AutoRestart", FOREIGN_BOOLEAN, .note = by_systemd },
    { "AutoRestartCount", FOREIGN_INTEGER, .note = by_systemd },
    { "AutoRestartRate", FOREIGN_TEXT, .note = by_systemd },
    { "Background", FOREIGN_BOOLEAN, .note = "vidimusd goes into the background without -f; "
                                             "vidimusd.service keeps it in the foreground." },
    { "BaseDirectory", FOREIGN_TEXT, .note = "It stands in front of the relative file names of "
                                             "this import; those of vidimus are whole." },
    { "ChangeRootDirectory", FOREIGN_TEXT,
      .note = "REVIEW: file names count from / now.  What the chroot was for, "
              "vidimusd.service does (ProtectSystem=strict and more)." },
    { "EnableCoredumps", FOREIGN_BOOLEAN, .note = "LimitCORE= of the unit, coredumpctl(1)." },
    { "MilterDebug", FOREIGN_INTEGER, .note = "vidimusd -v tells what happens." },
    { "PidFile", FOREIGN_TEXT, pid_file, NULL, "pid-file", NULL },
    { "Socket", FOREIGN_TEXT, milter_socket, NULL, "listen", NULL },
    { "SoftwareHeader", FOREIGN_BOOLEAN, .note = "vidimus adds no field that names it: "
                                                 "Authentication-Results and log are enough." },
    { "Syslog", FOREIGN_BOOLEAN, to_syslog, NULL, "log", NULL },
    { "SyslogFacility", FOREIGN_TEXT, facility, NULL, NULL, NULL },
    { "UMask", FOREIGN_INTEGER, socket_mode, NULL, "socket-mode", NULL },
    { "UserID", FOREIGN_TEXT, user, NULL, "user", NULL },
    { NULL, FOREIGN_TEXT, NULL, NULL, NULL, NULL },
};
