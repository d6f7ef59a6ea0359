/* cmd_domain.c: `vidimus domain`: what DNS says of a domain, ours or another's
 * (survey.h); with --keys, every configured key beside its record. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#include "auth/key_publish.h"
#include "base/region.h"
#include "cli/cli.h"
#include "cli/survey.h"
#include "cli/tell.h"
#include "config/config.h"
#include "core/key_survey.h"
#include "core/snapshot.h"

static const char help[] =
    "usage: vidimus domain NAME [OPTION]...\n"
    "       vidimus domain [NAME] --keys [OPTION]...\n\n"
    "Says what a receiver of mail sees of NAME in DNS: MX, SPF, DKIM, DMARC, MTA-STS,\n"
    "TLS-RPT, DANE, BIMI; what is wrong with it, and what is to be done.\n\n"
    "      --keys             compare the keys of the configuration that sign for NAME\n"
    "                         (without it: all) with DNS\n"
    "      --selector NAME    look at this DKIM key (several: once for each)\n"
    "      --seen DIR|MBOX    and at those that this mail of the domain is signed with\n"
    "      --dnssec           validate the answers, whatever the configuration says\n"
    "      --fetch            fetch the MTA-STS policy by HTTPS\n"
    "      --connect HOST:PORT  from there, whatever DNS says\n"
    "      --ca-file FILE     and trust these certificates, not the system's\n"
    "  -c, --config FILE      configuration (default: the installed one)\n"
    "      --resolver A@PORT  ask this DNS server\n"
    "      --zone FILE        answer DNS questions from this zone file alone\n"
    "      --json             print one JSON object\n"
    "  -h, --help             print this\n\n"
    "Exit status: 0 all is right; 1 something is to be done; 64 usage; 65 bad zone\n"
    "file; 66 no such mail; 75 DNS does not answer, the rest is right; 78\n"
    "configuration.\n";

enum { TO_DO = 1, SLACK_MS = 1000 };
enum { SURVEY_QUESTIONS_MAX = 1000, SURVEY_MEMORY_MAX = 16 * 1024 * 1024 };

struct domain_options {
    bool keys, json;
    bool dnssec, fetch;
    const char *config, *zone, *resolver; /* NULL: not given */
    const char *seen, *connect, *ca_file; /* likewise */
    const char *selectors[SURVEY_SELECTORS_MAX];
    size_t selector_count;
    domain_name name; /* "": all */
};

struct answer {
    const struct domain_options *options;
    json_t *keys; /* NULL: for people */
    size_t count, right, wrong, unknown;
    bool unanswered; /* DNS failed for one */
    bool failed;     /* memory */
};

static int complain(const char *why, int status)
{
    fprintf(stderr, "vidimus domain: %s\n", why);
    return status;
}

/* ---- one key */

/* What a key is told as. */
struct shown {
    const struct keyring_entry *entry;
    const char *name;                /* "": not one in particular */
    const struct key_check *check;   /* NULL then */
    const char *advice;              /* NULL: none */
    const char *record;              /* that belongs into DNS; NULL: not known */
};

static const char *use_of(const struct keyring_entry *entry)
{
    return entry->rule ? entry->rule->pattern : "seal";
}

static void tell_check(const struct teller *to, const struct shown *s)
{
    const struct key_check *check = s->check;
    char owner[sizeof(domain_name) + 1];
    const char *line;

    tell(to, 2, "DNS: %s%s%s.", name_of(key_finding_names, (int)check->finding),
         check->detail ? ": " : "", check->detail ? check->detail : "");
    if (s->advice)
        tell(to, 2, "%s: %s.", check->wrong ? "To do" : "Next", s->advice);
    if (!key_check_wants_record(check) || !s->record)
        return;
    snprintf(owner, sizeof owner, "%s.", s->name);
    line = key_zone_line(to->region, owner, s->record);
    fprintf(to->out, "\n%s\n", line ? line : "");
}

static void tell_key(struct region *region, const struct shown *s)
{
    const struct teller to = { .out = stdout, .region = region };
    const struct key_source *source = s->entry->source;

    fprintf(stdout, "%s%s%s\n", *s->name ? s->name : source->selector,
            *s->name ? "" : "._domainkey.", *s->name ? "" : "(author domain)");
    tell(&to, 2, "%s key of %s %s, %s", name_of(key_state_names, (int)source->state),
         s->entry->rule ? "the rule for" : "the section", told(&to, text_of(use_of(s->entry))),
         source->file);
    if (s->check)
        tell_check(&to, s);
    else
        tell(&to, 2, "It signs as whatever domain the author has: give a NAME to have it looked "
                     "up there.");
    putchar('\n');
}

static void set_string(json_t *object, const char *name, const char *value)
{
    json_object_set_new(object, name, value ? json_string(value) : json_null());
}

static void add_json(struct answer *a, const struct shown *s)
{
    const struct key_source *source = s->entry->source;
    json_t *key = json_object();

    set_string(key, "name", *s->name ? s->name : NULL);
    set_string(key, "selector", source->selector);
    set_string(key, "use", s->entry->rule ? "sign" : "seal");
    set_string(key, "pattern", s->entry->rule ? s->entry->rule->pattern : NULL);
    set_string(key, "state", name_of(key_state_names, (int)source->state));
    set_string(key, "file", source->file);
    set_string(key, "place", source->place);
    json_object_set_new(key, "loaded", json_boolean(s->entry->key));
    set_string(key, "finding",
               s->check ? name_of(key_finding_names, (int)s->check->finding) : NULL);
    json_object_set_new(key, "wrong", json_boolean(s->check && s->check->wrong));
    set_string(key, "detail", s->check ? s->check->detail : NULL);
    set_string(key, "advice", s->advice);
    set_string(key, "record", s->record);
    a->failed |= json_array_append_new(a->keys, key) != 0;
}

static void count_key(struct answer *a, const struct key_check *check)
{
    a->count++;
    if (!check || (check->wrong && check->finding == KEY_UNKNOWN))
        a->unknown++;
    else if (check->wrong)
        a->wrong++;
    else
        a->right++;
    a->unanswered |= check && check->wrong && check->finding == KEY_UNKNOWN;
}

static bool see(void *context, struct region *region, const struct keyring_entry *entry,
                const char *name, const struct key_check *check)
{
    struct answer *a = context;
    struct shown s = { .entry = entry, .name = name, .check = check };

    if (check)
        s.advice = key_check_advice(region, check, entry->source->state);
    if (entry->key)
        s.record = key_record_text(region, entry->key);
    count_key(a, check);
    if (a->keys)
        add_json(a, &s);
    else
        tell_key(region, &s);
    return !a->failed;
}

/* ---- all of them */

static int status_of(const struct answer *a)
{
    if (a->wrong > 0 || (a->count == 0 && a->options->name[0]))
        return TO_DO;
    return a->unanswered ? EX_TEMPFAIL : EX_OK;
}

static void print_sum(const struct answer *a)
{
    const char *name = a->options->name;

    if (a->count > 0)
        printf("right: %zu, wrong: %zu, not known: %zu\n", a->right, a->wrong, a->unknown);
    else if (*name)
        printf("No key signs for %s: vidimus keygen --domain %s makes one.\n", name, name);
    else
        puts("No keys are configured.");
}

static bool print_json(const struct answer *a)
{
    json_t *object = json_pack("{s:i, s:s?, s:O, s:i, s:i, s:i}", "schema", 1, "domain",
                               a->options->name[0] ? a->options->name : NULL, "keys", a->keys,
                               "right", (int)a->right, "wrong", (int)a->wrong, "unknown",
                               (int)a->unknown);
    bool printed = object && json_dumpf(object, stdout, JSON_INDENT(1)) == 0;

    putchar('\n');
    json_decref(object);
    return printed;
}

static int survey(const struct domain_options *o, const struct config *config,
                  const struct keyring *keyring, struct resolver *resolver)
{
    struct answer a = { .options = o, .keys = o->json ? json_array() : NULL };
    bool good = key_survey(&(struct key_survey){
        .keyring = keyring,
        .resolver = resolver,
        .author = o->name,
        .timeout_ms = (int64_t)config->resolver.timeout * 1000 + SLACK_MS,
        .see = see,
        .context = &a,
    });

    if (good && !a.failed && a.keys)
        a.failed = !print_json(&a);
    else if (good && !a.failed)
        print_sum(&a);
    json_decref(a.keys);
    if (!good || a.failed)
        return complain("out of memory", EX_OSERR);
    return fflush(stdout) == 0 ? status_of(&a) : complain("cannot write", EX_IOERR);
}

/* ---- a survey */

static int print_survey(const struct domain_options *o, const struct survey *s)
{
    bool printed = true;

    if (region_failed(s->teller.region))
        return complain("out of memory", EX_OSERR);
    if (o->json)
        printed = survey_print_json(s);
    else
        survey_tell(s);
    if (!printed || fflush(stdout) != 0)
        return complain("cannot write", EX_IOERR);
    switch (survey_grade(s)) {
    case GRADE_WRONG:
        return TO_DO;
    case GRADE_UNKNOWN:
        return EX_TEMPFAIL;
    case GRADE_GOOD:
    case GRADE_ABSENT:
    case GRADE_ADVICE:
        break;
    }
    return EX_OK;
}

static int survey_domain(const struct domain_options *o, const struct config *config,
                         struct resolver *resolver)
{
    const struct dns_scope_limits limits = { .questions_max = SURVEY_QUESTIONS_MAX };
    struct region *region = region_new(SURVEY_MEMORY_MAX);
    struct dns_scope *dns = dns_scope_new(resolver, &limits);
    struct survey s = {
        .teller = { .out = stdout, .region = region },
        .dns = dns,
        .domain = o->name,
        .config = config,
        .selector_count = o->selector_count,
        .validates = config->resolver.dnssec && !o->zone,
        .fetch = o->fetch,
        .connect = o->connect,
        .ca_file = o->ca_file,
    };
    int status = EX_OSERR;

    memcpy(s.selectors, o->selectors, sizeof s.selectors);
    if (!region || !dns) {
        status = complain("out of memory", status);
    } else if (o->seen && !survey_mail(&s, o->seen)) {
        status = complain(strerror(errno), EX_NOINPUT);
    } else {
        survey_run(&s);
        status = print_survey(o, &s);
    }
    dns_scope_unref(dns);
    region_free(region);
    return status;
}

/* ---- preparing */

static void report_key(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static struct resolver *choose_resolver(const struct domain_options *o,
                                        const struct config *config, char *error,
                                        size_t error_size)
{
    const char *given[] = { o->resolver, NULL };

    if (o->zone)
        return resolver_new_zone(o->zone, error, error_size);
    return resolver_configured(config, o->resolver ? given : config->resolver.servers.items,
                               error, error_size);
}

static int run(const struct domain_options *o, struct config *config)
{
    char error[512] = "";
    struct resolver *resolver;
    struct keyring *keyring;
    int status;

    config->resolver.dnssec |= o->dnssec;
    resolver = choose_resolver(o, config, error, sizeof error);
    keyring = resolver && o->keys ? keyring_new(config, NULL, report_key, NULL) : NULL;
    if (!resolver)
        status = complain(error, o->zone ? EX_DATAERR : o->resolver ? EX_USAGE : EX_CONFIG);
    else if (!o->keys)
        status = survey_domain(o, config, resolver);
    else if (!keyring)
        status = complain("out of memory", EX_OSERR);
    else
        status = survey(o, config, keyring, resolver);
    keyring_free(keyring);
    resolver_unref(resolver);
    return status;
}

/* ---- options */

static int set(struct domain_options *o, int option, const char *argument)
{
    switch (option) {
    case 'k':
        o->keys = true;
        break;
    case 'j':
        o->json = true;
        break;
    case 'c':
        o->config = argument;
        break;
    case 'z':
        o->zone = argument;
        break;
    case 'r':
        o->resolver = argument;
        break;
    case 's':
        if (o->selector_count == SURVEY_SELECTORS_MAX)
            return cli_usage("domain", "more than %d selectors", (int)SURVEY_SELECTORS_MAX);
        o->selectors[o->selector_count++] = argument;
        break;
    case 'm':
        o->seen = argument;
        break;
    case 'd':
        o->dnssec = true;
        break;
    case 'f':
        o->fetch = true;
        break;
    case 'C':
        o->connect = argument;
        break;
    case 'A':
        o->ca_file = argument;
        break;
    }
    return EX_OK;
}

static int check_options(struct domain_options *o, int count, char **arguments)
{
    if (count > 1)
        return cli_usage("domain", "\"%s\" is one argument too many", arguments[1]);
    if (count == 1 && !domain_normalise(text_of(arguments[0]), o->name))
        return cli_usage("domain", "\"%s\" is no domain", arguments[0]);
    if (!o->keys && !o->name[0])
        return cli_usage("domain", "give the NAME of a domain, or --keys");
    if (o->keys && (o->selector_count > 0 || o->seen || o->fetch))
        return cli_usage("domain", "--keys goes by the configuration alone");
    if (!o->fetch && (o->connect || o->ca_file))
        return cli_usage("domain", "--connect and --ca-file are for --fetch");
    for (size_t i = 0; i < o->selector_count; i++) {
        domain_name selector;

        if (!domain_normalise(text_of(o->selectors[i]), selector))
            return cli_usage("domain", "\"%s\" is no selector", o->selectors[i]);
    }
    if (o->zone && o->resolver)
        return cli_usage("domain", "--zone or --resolver, not both");
    if (o->zone && o->dnssec)
        return cli_usage("domain", "nothing in a zone file is validated: --zone or --dnssec");
    return EX_OK;
}

int cmd_domain(int argc, char **argv)
{
    static const struct option options[] = {
        { "keys", no_argument, NULL, 'k' },
        { "config", required_argument, NULL, 'c' },
        { "zone", required_argument, NULL, 'z' },
        { "resolver", required_argument, NULL, 'r' },
        { "json", no_argument, NULL, 'j' },
        { "selector", required_argument, NULL, 's' },
        { "seen", required_argument, NULL, 'm' },
        { "dnssec", no_argument, NULL, 'd' },
        { "fetch", no_argument, NULL, 'f' },
        { "connect", required_argument, NULL, 'C' },
        { "ca-file", required_argument, NULL, 'A' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct domain_options o = { .keys = false };
    struct config *config;
    int status = EX_OK;

    for (int c; status == EX_OK &&
                (c = cli_option(argc, argv, "c:h", options, help, &status)) != -1;)
        status = set(&o, c, optarg);
    if (status == EX_OK)
        status = check_options(&o, argc - optind, argv + optind);
    if (status != EX_OK)
        return status;
    config = cli_config(o.config);
    if (!config)
        return EX_CONFIG;
    status = run(&o, config);
    config_unref(config);
    return status;
}
