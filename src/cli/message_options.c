#include "cli/message_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char formats_help[] =
    "      --json            print one JSON object\n"
    "      --explain         tell every step in words\n";

static const char options_help[] =
    "  -c, --config FILE     configuration (default: the installed one)\n"
    "      --ip ADDR         address of the client\n"
    "      --ptr NAME        name that the client's address shall have in DNS\n"
    "      --helo NAME       what the client said in HELO\n"
    "      --mail-from ADDR  envelope sender; \"<>\" or \"\" is the null sender\n"
    "      --rcpt ADDR       envelope recipient; may be repeated\n"
    "      --listener NAME   which of the MTA's listeners it came to\n"
    "      --auth USER       the client is authenticated as USER\n"
    "      --resolver A@PORT ask this DNS server\n"
    "      --zone FILE       answer DNS questions from this zone file alone\n"
    "      --now EPOCH       judge as at this time, in seconds since 1970\n"
    "      --authserv-id ID  name of this host in the field (default: host name)\n"
    "  -h, --help            print this\n";

enum { OPT_JSON = 256, OPT_EXPLAIN, OPT_IP, OPT_PTR, OPT_HELO, OPT_MAIL_FROM, OPT_RCPT, OPT_LISTENER, OPT_AUTH,
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
    { "listener", required_argument, NULL, OPT_LISTENER },
    { "auth", required_argument, NULL, OPT_AUTH },
    { "resolver", required_argument, NULL, OPT_RESOLVER },
    { "zone", required_argument, NULL, OPT_ZONE },
    { "now", required_argument, NULL, OPT_NOW },
    { "authserv-id", required_argument, NULL, OPT_AUTHSERV_ID },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* ARGUMENT NULL: no single one is to blame. */
static enum options_parse usage(const struct message_options *o, const char *argument,
                                const char *why)
{
    if (argument)
        cli_usage(o->command->name, "\"%s\" %s", argument, why);
    else
        cli_usage(o->command->name, "%s", why);
    return OPTIONS_USAGE;
}

static void print_help(const struct message_command *command)
{
    printf("%s\n%s%s\n%s", command->summary, command->has_formats ? formats_help : "",
           options_help, command->statuses);
}

static enum options_parse set_now(struct message_options *o, const char *argument)
{
    unsigned long long now;

    if (!text_to_uint(text_of(argument), INT64_MAX, &now))
        return usage(o, argument, "is no number of seconds");
    o->now = (int64_t)now;
    return OPTIONS_GO_ON;
}

static enum options_parse set_format(struct message_options *o, enum message_format format)
{
    if (!o->command->has_formats)
        return usage(o, NULL, "--json and --explain are of `vidimus check'");
    if (o->format != FORMAT_TEXT && o->format != format)
        return usage(o, NULL, "--json or --explain, not both");
    o->format = format;
    return OPTIONS_GO_ON;
}

/* Options whose argument is kept as it is. */
static const char **place_of(struct message_options *o, int option)
{
    const struct {
        int option;
        const char **place;
    } places[] = {
        { 'c', &o->config },           { OPT_PTR, &o->ptr },
        { OPT_HELO, &o->helo },        { OPT_MAIL_FROM, &o->mail_from },
        { OPT_AUTH, &o->auth },        { OPT_RESOLVER, &o->resolver },
        { OPT_ZONE, &o->zone },        { OPT_AUTHSERV_ID, &o->authserv_id },
        { OPT_LISTENER, &o->listener },
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].option == option)
            return places[i].place;
    return NULL;
}

static enum options_parse set(struct message_options *o, int option, const char *argument)
{
    const char **place = place_of(o, option);

    if (place) {
        *place = argument;
        return OPTIONS_GO_ON;
    }
    switch (option) {
    case OPT_JSON:
        return set_format(o, FORMAT_JSON);
    case OPT_EXPLAIN:
        return set_format(o, FORMAT_EXPLAIN);
    case OPT_IP:
        if (!ip_parse(text_of(argument), &o->ip))
            return usage(o, argument, "is no IP address");
        return OPTIONS_GO_ON;
    case OPT_RCPT:
        o->rcpts[o->rcpt_count++] = argument;
        return OPTIONS_GO_ON;
    case OPT_NOW:
        return set_now(o, argument);
    case 'h':
        print_help(o->command);
        return OPTIONS_HELP;
    default: /* getopt has printed what is wrong */
        return OPTIONS_USAGE;
    }
}

enum options_parse message_options_parse(struct message_options *o,
                                         const struct message_command *command, int argc,
                                         char **argv)
{
    enum options_parse parsed = OPTIONS_GO_ON;

    *o = (struct message_options){ .command = command, .now = -1 };
    o->rcpts = calloc((size_t)argc, sizeof *o->rcpts);
    if (!o->rcpts)
        return usage(o, NULL, "out of memory");
    for (int c; parsed == OPTIONS_GO_ON &&
                (c = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1;)
        parsed = set(o, c, optarg);
    if (parsed != OPTIONS_GO_ON)
        return parsed;
    if (argc - optind > 1)
        return usage(o, argv[optind + 1], "is one message too many");
    if (o->zone && o->resolver)
        return usage(o, NULL, "--zone or --resolver, not both");
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        o->file = argv[optind];
    return OPTIONS_GO_ON;
}

void message_options_free(struct message_options *o)
{
    free(o->rcpts);
}
