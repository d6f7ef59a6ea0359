#include "cli/check_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char help[] =
    "usage: vidimus check [OPTION]... [FILE|-]\n\n"
    "Judges the message in FILE (or on standard input) as the daemon would.\n\n"
    "  -c, --config FILE     configuration (default: the installed one)\n"
    "      --json            print one JSON object\n"
    "      --explain         tell every step in words\n"
    "      --ip ADDR         address of the client\n"
    "      --ptr NAME        name that the client's address shall have in DNS\n"
    "      --helo NAME       what the client said in HELO\n"
    "      --mail-from ADDR  envelope sender; \"<>\" or \"\" is the null sender\n"
    "      --rcpt ADDR       envelope recipient; may be repeated\n"
    "      --auth USER       the client is authenticated as USER\n"
    "      --resolver A@PORT ask this DNS server\n"
    "      --zone FILE       answer DNS questions from this zone file alone\n"
    "      --now EPOCH       judge as at this time, in seconds since 1970\n"
    "      --authserv-id ID  name of this host in the field (default: host name)\n"
    "  -h, --help            print this\n\n"
    "Exit status: 0 judged, whatever the verdict; 64 usage; 66 no such file;\n"
    "78 configuration.\n";

enum { OPT_JSON = 256, OPT_EXPLAIN, OPT_IP, OPT_PTR, OPT_HELO, OPT_MAIL_FROM, OPT_RCPT, OPT_AUTH,
       OPT_RESOLVER, OPT_ZONE, OPT_NOW, OPT_AUTHSERV_ID };

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "json", no_argument, NULL, OPT_JSON },
    { "explain", no_argument, NULL, OPT_EXPLAIN },
    { "ip", required_argument, NULL, OPT_IP },
    { "ptr", required_argument, NULL, OPT_PTR },
    { "helo", required_argument, NULL, OPT_HELO },
    { "mail-from", required_argument, NULL, OPT_MAIL_FROM },
    { "rcpt", required_argument, NULL, OPT_RCPT },
    { "auth", required_argument, NULL, OPT_AUTH },
    { "resolver", required_argument, NULL, OPT_RESOLVER },
    { "zone", required_argument, NULL, OPT_ZONE },
    { "now", required_argument, NULL, OPT_NOW },
    { "authserv-id", required_argument, NULL, OPT_AUTHSERV_ID },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* ARGUMENT NULL: no single one is to blame. */
static enum check_parse usage(const char *argument, const char *why)
{
    if (argument)
        cli_usage("check", "\"%s\" %s", argument, why);
    else
        cli_usage("check", "%s", why);
    return CHECK_USAGE;
}

static enum check_parse set_now(struct check_options *o, const char *argument)
{
    unsigned long long now;

    if (!text_to_uint(text_of(argument), INT64_MAX, &now))
        return usage(argument, "is no number of seconds");
    o->now = (int64_t)now;
    return CHECK_GO_ON;
}

static enum check_parse set_format(struct check_options *o, enum check_format format)
{
    if (o->format != CHECK_TEXT && o->format != format)
        return usage(NULL, "--json or --explain, not both");
    o->format = format;
    return CHECK_GO_ON;
}

/* Options whose argument is kept as it is. */
static const char **place_of(struct check_options *o, int option)
{
    const struct {
        int option;
        const char **place;
    } places[] = {
        { 'c', &o->config },           { OPT_PTR, &o->ptr },
        { OPT_HELO, &o->helo },        { OPT_MAIL_FROM, &o->mail_from },
        { OPT_AUTH, &o->auth },        { OPT_RESOLVER, &o->resolver },
        { OPT_ZONE, &o->zone },        { OPT_AUTHSERV_ID, &o->authserv_id },
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].option == option)
            return places[i].place;
    return NULL;
}

static enum check_parse set(struct check_options *o, int option, const char *argument)
{
    const char **place = place_of(o, option);

    if (place) {
        *place = argument;
        return CHECK_GO_ON;
    }
    switch (option) {
    case OPT_JSON:
        return set_format(o, CHECK_JSON);
    case OPT_EXPLAIN:
        return set_format(o, CHECK_EXPLAIN);
    case OPT_IP:
        if (!ip_parse(text_of(argument), &o->ip))
            return usage(argument, "is no IP address");
        return CHECK_GO_ON;
    case OPT_RCPT:
        o->rcpts[o->rcpt_count++] = argument;
        return CHECK_GO_ON;
    case OPT_NOW:
        return set_now(o, argument);
    case 'h':
        fputs(help, stdout);
        return CHECK_HELP;
    default: /* getopt has printed what is wrong */
        return CHECK_USAGE;
    }
}

enum check_parse check_options_parse(struct check_options *o, int argc, char **argv)
{
    enum check_parse parsed = CHECK_GO_ON;

    *o = (struct check_options){ .now = -1 };
    o->rcpts = calloc((size_t)argc, sizeof *o->rcpts);
    if (!o->rcpts)
        return usage(NULL, "out of memory");
    for (int c; parsed == CHECK_GO_ON &&
                (c = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1;)
        parsed = set(o, c, optarg);
    if (parsed != CHECK_GO_ON)
        return parsed;
    if (argc - optind > 1)
        return usage(argv[optind + 1], "is one message too many");
    if (o->zone && o->resolver)
        return usage(NULL, "--zone or --resolver, not both");
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        o->file = argv[optind];
    return CHECK_GO_ON;
}

void check_options_free(struct check_options *o)
{
    free(o->rcpts);
}
