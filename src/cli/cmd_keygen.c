/* cmd_keygen.c: `vidimus keygen`: a private key in a file, its record for DNS, and
 * the lines of the configuration that sign with it. */
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "auth/key_publish.h"
#include "base/clock.h"
#include "base/region.h"
#include "cli/cli.h"
#include "cli/keygen_file.h"
#include "config/config.h"
#include "core/key_file.h"

static const char help[] =
    "usage: vidimus keygen [OPTION]...\n"
    "       vidimus keygen --from FILE [OPTION]...\n\n"
    "Makes a key to sign with, and says what belongs into DNS and into the\n"
    "configuration; --from says that of a key that is there.\n\n"
    "      --type TYPE        rsa (the default) or ed25519\n"
    "      --bits N           of an RSA key (2048)\n"
    "      --domain DOMAIN    whose mail it will sign\n"
    "      --selector NAME    its name below the domain (this month, such as 202611;\n"
    "                         with an e behind it for ed25519)\n"
    "      --out FILE         where the key goes; what is there is never overwritten\n"
    "                         (" SYSCONFDIR "/vidimus/keys/DOMAIN.SELECTOR.pem)\n"
    "      --from FILE        the key that is there\n"
    "      --json             print one JSON object\n"
    "  -c, --config FILE      configuration, for the user who will read the key\n"
    "  -h, --help             print this\n\n"
    "Exit status: 0; 64 usage; 65 FILE is no key; 66 it cannot be read; 73 the key\n"
    "cannot be written; 78 configuration.\n";

enum { BITS_MIN = 1024, BITS_MAX = 8192, BITS_DEFAULT = 2048, PATH_OCTETS = 1024 };

static const struct name type_names[] = {
    { KEY_RSA, "rsa" },
    { KEY_ED25519, "ed25519" },
    { 0, NULL },
};

struct keygen {
    int type;
    unsigned bits;
    bool type_given, bits_given, json;
    const char *config, *domain, *selector, *out, *from; /* NULL: not given */
    domain_name domain_text, selector_text, name;
    char path[PATH_OCTETS];   /* of the key */
    struct keygen_file file;  /* how it was written */
    struct crypt_signer *key;
    struct region *region;
};

static int complain(const char *what, const char *why, int status)
{
    fprintf(stderr, "vidimus keygen: %s%s%s\n", what, why ? " " : "", why ? why : "");
    return status;
}

/* ---- options */

static const char **place_of(struct keygen *k, int option)
{
    switch (option) {
    case 'c':
        return &k->config;
    case 'd':
        return &k->domain;
    case 's':
        return &k->selector;
    case 'o':
        return &k->out;
    case 'f':
        return &k->from;
    default:
        return NULL;
    }
}

static int set(struct keygen *k, int option, const char *argument)
{
    const char **place = place_of(k, option);
    unsigned long long bits;

    if (place) {
        *place = argument;
    } else if (option == 't') {
        k->type_given = true;
        if (!name_value(type_names, text_of(argument), &k->type))
            return cli_usage("keygen", "--type is rsa or ed25519");
    } else if (option == 'b') {
        k->bits_given = true;
        if (!text_to_uint(text_of(argument), BITS_MAX, &bits) || bits < BITS_MIN)
            return cli_usage("keygen", "--bits is a number from %d to %d", BITS_MIN, BITS_MAX);
        k->bits = (unsigned)bits;
    } else {
        k->json = true;
    }
    return EX_OK;
}

/* The names, as they stand in DNS. */
static int check_names(struct keygen *k)
{
    const char *domain = k->domain ? k->domain_text : "";

    if (k->domain && !domain_normalise(text_of(k->domain), k->domain_text))
        return cli_usage("keygen", "--domain: that is no domain");
    if (k->selector && !domain_normalise(text_of(k->selector), k->selector_text))
        return cli_usage("keygen", "--selector: write letters, digits, - and .");
    if (!key_record_name(k->selector_text, domain, k->name))
        return cli_usage("keygen", "selector and domain make too long a name");
    if (!k->domain)
        k->name[strlen(k->name) - 1] = '\0'; /* relative: without the last dot */
    return EX_OK;
}

/* What DNS calls a key that nobody has named. */
static void default_selector(struct keygen *k)
{
    time_t now = (time_t)clock_epoch();
    struct tm tm;

    if (k->selector)
        return;
    if (k->from || !gmtime_r(&now, &tm))
        strcpy(k->selector_text, "selector");
    else
        snprintf(k->selector_text, sizeof k->selector_text, "%04d%02d%s", tm.tm_year + 1900,
                 tm.tm_mon + 1, k->type == KEY_ED25519 ? "e" : "");
}

static int check_options(struct keygen *k)
{
    if (k->from && (k->out || k->type_given || k->bits_given))
        return cli_usage("keygen", "--from takes a key that is there: no --out, --type, --bits");
    if (k->bits_given && k->type == KEY_ED25519)
        return cli_usage("keygen", "--bits is for rsa alone");
    default_selector(k);
    return check_names(k);
}

/* The configuration wants whole paths. */
static void whole_path(struct keygen *k)
{
    char *whole = realpath(k->path, NULL);

    if (whole && strlen(whole) < sizeof k->path)
        strcpy(k->path, whole);
    free(whole);
}

static bool set_path(struct keygen *k)
{
    const char *given = k->from ? k->from : k->out;
    int len;

    if (given)
        len = snprintf(k->path, sizeof k->path, "%s", given);
    else
        len = snprintf(k->path, sizeof k->path, "%s/vidimus/keys/%s%s%s.pem", SYSCONFDIR,
                       k->domain_text, k->domain ? "." : "", k->selector_text);
    return len > 0 && (size_t)len < sizeof k->path;
}

/* ---- the key */

static int make_key(struct keygen *k, const struct config *config)
{
    if (k->type == KEY_RSA && k->bits < config->sign_min_rsa_bits)
        return cli_usage("keygen", "--bits: sign-min-rsa-bits is %u", config->sign_min_rsa_bits);
    k->key = crypt_signer_generate((enum key_type)k->type, k->bits);
    if (!k->key)
        return complain("libcrypto made no key", NULL, EX_SOFTWARE);
    k->file = (struct keygen_file){
        .path = k->path,
        .user = config->user,
        .make_folder = !k->out,
    };
    if (keygen_file_write(&k->file, k->key))
        return EX_OK;
    return complain(k->file.error, NULL, EX_CANTCREAT);
}

/* A file that the daemon will refuse is a key all the same. */
static int read_key(struct keygen *k, const struct config *config)
{
    const struct key_owner owner = key_owner_of(config->user);
    struct key_file file;
    const char *why = NULL;

    key_file_read(k->path, &owner, NULL, &file);
    if (!file.octets) {
        complain(k->path, file.why, EX_OK);
        key_file_read(k->path, NULL, NULL, &file);
    }
    if (!file.octets)
        return EX_NOINPUT;
    k->key = crypt_signer_new((struct text){ file.octets, file.len }, &why);
    crypt_wipe_free(file.octets, file.len);
    return k->key ? EX_OK : complain(k->path, why, EX_DATAERR);
}

static int get_key(struct keygen *k)
{
    struct config *config = cli_config(k->config);
    int status;

    if (!config)
        return EX_CONFIG;
    if (!set_path(k))
        status = complain("the name of the file is too long", NULL, EX_USAGE);
    else
        status = k->from ? read_key(k, config) : make_key(k, config);
    config_unref(config);
    if (status == EX_OK)
        whole_path(k);
    return status;
}

/* ---- what it prints */

static void print_lines(const struct keygen *k, const char *record, const char *zone)
{
    const char *domain = k->domain ? k->domain_text : "example.org";

    if (!k->from)
        printf("; the private key is in %s (%s)\n\n", k->path, k->file.owner);
    printf("; for the zone file%s%s\n%s\n\n", k->domain ? " of " : "", k->domain_text, zone);
    printf("; the same for a form: type TXT, name %s, value\n%s\n\n", k->name, record);
    printf("# for vidimus.conf; \"publish\" becomes \"active\" when DNS has the record, which\n"
           "# `vidimus domain %s --keys` tells\n"
           "sign \"%s\" {\n    key \"%s\" {\n        file = \"%s\"\n"
           "        state = \"publish\"\n    }\n}\n",
           domain, domain, k->selector_text, k->path);
}

static bool print_json(const struct keygen *k, const char *record, const char *zone)
{
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:i, s:s*, s:s, s:s, s:s, s:s}", "schema", 1, "file", k->path, "type",
        name_of(type_names, (int)crypt_signer_type(k->key)), "bits",
        (int)crypt_signer_bits(k->key), "domain", k->domain ? k->domain_text : NULL, "selector",
        k->selector_text, "name", k->name, "value", record, "zone", zone);

    bool printed = object && json_dumpf(object, stdout, JSON_INDENT(1)) == 0;

    putchar('\n');
    json_decref(object);
    return printed;
}

static int print(const struct keygen *k)
{
    const char *record = key_record_text(k->region, k->key);
    char owner[sizeof k->name + 1];
    const char *zone;

    snprintf(owner, sizeof owner, "%s%s", k->name, k->domain ? "." : "");
    zone = record ? key_zone_line(k->region, owner, record) : NULL;
    if (!zone)
        return complain("out of memory", NULL, EX_OSERR);
    if (k->json && !print_json(k, record, zone))
        return complain("out of memory, or the name of the file is not UTF-8", NULL, EX_OSERR);
    if (!k->json)
        print_lines(k, record, zone);
    return fflush(stdout) == 0 ? EX_OK : complain("cannot write", NULL, EX_IOERR);
}

int cmd_keygen(int argc, char **argv)
{
    static const struct option options[] = {
        { "type", required_argument, NULL, 't' },   { "bits", required_argument, NULL, 'b' },
        { "domain", required_argument, NULL, 'd' }, { "selector", required_argument, NULL, 's' },
        { "out", required_argument, NULL, 'o' },    { "from", required_argument, NULL, 'f' },
        { "json", no_argument, NULL, 'j' },         { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 },
    };
    struct keygen k = { .type = KEY_RSA, .bits = BITS_DEFAULT };
    int status = EX_OK;

    for (int c; status == EX_OK &&
                (c = cli_option(argc, argv, "c:h", options, help, &status)) != -1;)
        status = set(&k, c, optarg);
    if (status == EX_OK && optind < argc)
        status = cli_usage("keygen", "no argument \"%s\"", argv[optind]);
    if (status == EX_OK)
        status = check_options(&k);
    k.region = region_new(0);
    if (!k.region)
        return complain("out of memory", NULL, EX_OSERR);
    if (status == EX_OK)
        status = get_key(&k);
    if (status == EX_OK)
        status = print(&k);
    crypt_signer_unref(k.key);
    region_free(k.region);
    return status;
}
