/* Unit tests of src/config: defaults, every kind of value, and one by one what
 * libconfuse by itself would let through or blur. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/options_private.h"

enum { NAME_SIZE = 512, TEXT_SIZE = 65536 };

static char folder[] = "/tmp/vidimus-config-XXXXXX";

/* Everything reported, a line each, the test's folder left out. */
static struct {
    char text[TEXT_SIZE];
    unsigned lines;
} reported;

static void take_report(void *context, const char *text)
{
    assert_ptr_equal(context, &reported);
    if (strncmp(text, folder, strlen(folder)) == 0)
        text += strlen(folder) + 1;
    snprintf(reported.text + strlen(reported.text), TEXT_SIZE - strlen(reported.text), "%s\n",
             text);
    reported.lines++;
}

static void ignore_report(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static const char *path_of(const char *name)
{
    static char path[NAME_SIZE];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_octets(const char *name, const char *octets, size_t len)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct config *read_named(const char *name)
{
    reported.text[0] = '\0';
    reported.lines = 0;
    return config_read(name, take_report, &reported);
}

/* Reads TEXT from a file "c". */
static struct config *read_text(const char *text)
{
    write_octets("c", text, strlen(text));
    return read_named(path_of("c"));
}

static void assert_refused(const char *text, const char *report)
{
    struct config *config = read_text(text);

    if (config || !strstr(reported.text, report))
        print_error("text:\n%s\nwanted: %s\nreported: %s\n", text, report, reported.text);
    assert_null(config);
    assert_non_null(strstr(reported.text, report));
}

static struct config *assert_accepted(const char *text)
{
    struct config *config = read_text(text);

    if (!config)
        print_error("text:\n%s\nreported: %s\n", text, reported.text);
    assert_non_null(config);
    return config;
}

static char *print(const struct config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    config_print(config, out);
    fclose(out);
    return text;
}

static bool has(const struct networks *networks, const char *address)
{
    struct ip_address ip;

    assert_true(ip_parse(text_of(address), &ip));
    return networks_have(networks, &ip);
}

static void assert_defaults(const struct config *c)
{
    assert_string_equal(c->authserv_id, "");
    assert_int_equal(c->own_authserv_ids.count, 0);
    assert_string_equal(c->listen, "inet:8891@127.0.0.1");
    assert_false(c->allow_remote);
    assert_string_equal(c->user, "vidimus");
    assert_string_equal(c->socket_group, "");
    assert_int_equal(c->socket_mode, 0660);
    assert_string_equal(c->log, "auto");
    assert_string_equal(c->control, RUNSTATEDIR "/vidimus/control");
    assert_string_equal(c->pid_file, "");
    assert_true(c->sandbox);
    assert_int_equal(c->trusted_networks.count, 2);
    assert_true(has(&c->trusted_networks, "127.9.9.9"));
    assert_true(has(&c->trusted_networks, "::1"));
    assert_false(has(&c->trusted_networks, "192.0.2.1"));
    assert_int_equal(c->trusted_forwarders.count, 0);
    assert_int_equal(c->trusted_lists.count, 0);
    assert_true(c->reject_null_mx);
    assert_false(c->show_auth_name);
    assert_int_equal(c->resolver.servers.count, 0);
    assert_null(c->resolver.servers.items[0]);
    assert_int_equal(c->resolver.timeout, 5);
    assert_int_equal(c->resolver.message_timeout, 20);
    assert_int_equal(c->resolver.questions, 100);
    assert_int_equal(c->resolver.cache, 10000);
    assert_false(c->resolver.dnssec);
    assert_string_equal(c->resolver.trust_anchors, "/usr/share/dns/root.key");
    assert_string_equal(c->spf.engine, "native");
    assert_int_equal(c->spf.on_fail, SPF_FAIL_ACCEPT);
    assert_int_equal(c->spf.reject_at, SPF_REJECT_AT_END);
    assert_string_equal(c->dkim.engine, "native");
    assert_int_equal(c->dkim.min_rsa_bits, 1024);
    assert_int_equal(c->dkim.max_signatures, 8);
    assert_true(c->arc.verify);
    assert_int_equal(c->arc.trusted_sealers.count, 0);
    assert_int_equal(c->dmarc.enforce, ENFORCE_QUARANTINE);
    assert_int_equal(c->dmarc.quarantine, QUARANTINE_TAG);
    assert_string_equal(c->dmarc.quarantine_header_name, "X-Spam-Flag");
    assert_string_equal(c->dmarc.quarantine_header_value, "YES");
    assert_int_equal(c->dmarc.indirect_mail, SOFT_QUARANTINE);
    assert_int_equal(c->dmarc.bad_from, SOFT_REJECT);
    assert_int_equal(c->dmarc.temperror, TEMPERROR_ACCEPT);
    assert_int_equal(c->dmarc.organizational_domain, ORGDOM_TREE_WALK);
    assert_int_equal(c->override_count, 0);
    assert_int_equal(c->sign_networks.count, 2);
    assert_true(has(&c->sign_networks, "127.9.9.9"));
    assert_true(has(&c->sign_networks, "::1"));
    assert_false(c->require_alignment);
    assert_int_equal(c->unsignable, UNSIGNABLE_SEND);
    assert_int_equal(c->sign_min_rsa_bits, 2048);
    assert_string_equal(c->key_table, "");
    assert_string_equal(c->opendkim_key_table, "");
    assert_string_equal(c->opendkim_signing_table, "");
    assert_false(c->opendkim_multiple_signatures);
    assert_int_equal(c->sign_section_count, 0);
    assert_int_equal(c->sign_rule_count, 0);
    assert_false(c->seal.all);
    assert_int_equal(c->seal.recipient_domains.count, 0);
    assert_int_equal(c->seal.fields.count, 0);
    assert_int_equal(c->seal.key_count, 0);
    assert_false(c->reports.enabled);
    assert_string_equal(c->reports.spool, LOCALSTATEDIR "/lib/vidimus/spool");
    assert_int_equal(c->reports.spool_max, 1024);
    assert_false(c->reports.failure);
    assert_int_equal(c->reports.failure_rate, 60);
    assert_int_equal(c->reports.failure_domain_rate, 5);
    assert_false(c->reports.failure_subject);
    assert_string_equal(c->reports.store, LOCALSTATEDIR "/lib/vidimus/reports.sqlite");
    assert_string_equal(c->reports.email, "");
    assert_string_equal(c->reports.submit, "smtp:127.0.0.1:25");
    assert_false(c->reports.sign);
    assert_int_equal(c->reports.rate, 300);
    assert_int_equal(c->reports.minimum_messages, 1);
    assert_int_equal(c->reports.skip_domains.count, 0);
}

static void no_file_and_empty_file_are_defaults(void **state)
{
    static const char *const empty[] = { "", "\n", "# nothing\n", "// no line end", "/* a\nb */" };
    struct config *config = read_named(NULL);

    (void)state;
    assert_non_null(config);
    assert_defaults(config);
    config_unref(config);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        config = assert_accepted(empty[i]);
        assert_defaults(config);
        config_unref(config);
    }
    config = read_named("/dev/null");
    assert_non_null(config);
    assert_string_equal(config->file, "/dev/null");
    config_unref(config);
}

static const char everything[] =
    "authserv-id = \"mx.example.org\"\n"
    "own-authserv-ids = {\"mx1.example.org\", \"mx2.example.org\"}\n"
    "listen = \"inet6:8891@[2001:db8::25]\"  allow-remote = true\n"
    "user = \"mail\" socket-group = \"postfix\" socket-mode = \"0666\" log = \"syslog\"\n"
    "sandbox = no\n"
    "control = \"\"  pid-file = '/run/v.pid'\n"
    "trusted-networks = {\"192.0.2.7/24\", \"2001:DB8::/32\",}\n"
    "trusted-forwarders = \"198.51.100.1\"\n"
    "trusted-lists = {\"Lists.Example.ORG.\", \"b\xc3\xbc" "cher.example\"}\n"
    "null-mx-sender = accept  show-auth-name = yes\n"
    "resolver {\n servers = {\"127.0.0.1@5353\", \"::1\"}\n timeout = 60\n message-timeout = 1\n"
    " dnssec = \"validate\" trust-anchors = \"/etc/anchors\" questions = 1000 cache = 0 }\n"
    "spf { engine = \"libspf2\" on-fail = \"reject\" reject-at = \"mail\" }\n"
    "dkim { engine = 'libopendkim' min-rsa-bits = 4096 max-signatures = 50 }\n"
    "arc { verify = false trusted-sealers = {\"Lists.Example.org\"} }\n"
    "dmarc { enforce = \"none\" quarantine = \"hold\"\n"
    " quarantine-header = \"X-Junk:  it's a \\\"spoof\\\" \\\\o/ \"\n"
    " indirect-mail = \"reject\" bad-from = \"quarantine\" temperror = \"tempfail\"\n"
    " organizational-domain = \"psl\" }\n"
    "override \"the \\\"old\\\" printer\" { networks = {\"192.0.2.9\"}\n"
    " from-domains = {\"example.org\"} mail-from-domains = {\"example.net\"}\n"
    " recipient-domains = {\"example.com\"} enforce = \"quarantine\" }\n"
    "override \"b\" { from-domains = \"b.example\" }\n"
    "sign-networks = {\"192.0.2.0/24\"} require-alignment = true unsignable = reject\n"
    "sign-min-rsa-bits = 1024\n"
    "sign \"Example.ORG.\" {\n identity = \"@Mail.example.org\"\n"
    " canonicalization = \"simple/relaxed\" lifetime = 3600 more-fields = {\"List-Id\"}\n"
    " key \"2026A\" { file = \"/keys/a.pem\" state = \"publish\" }\n"
    " key \"2026e\" { file = 'credential:e.pem' domain = \"Example.org\" state = \"retired\" } }\n"
    "sign \".b\xc3\xbc" "cher.example\" { identity = \"list@%\" key \"a\" { file = \"/k\" }\n"
    " key \"b\" { file = \"/k\" domain = \"%\" } }\n"
    "sign \"*\" { key \"a.b\" { file = \"/k\" }\n"
    " key \"c\" { file = \"/k\" domain = \"esp.example\" } }\n"
    "seal { recipient-domains = {\"lists.example\"} all = true fields = {\"From\", \"To\"}\n"
    " key \"s\" { file = \"/k\" domain = \"Example.org\" } }\n"
    "reports { enabled = true spool = \"/srv/spool\" spool-max = 16 store = \"postgresql://h/d\"\n"
    "  org-name = \"B\xc3\xbc" "cher\" email = \"dmarc@example.org\" contact = \"https://x.example/\"\n"
    "  submit = \"smtp:[::1]:2525\" sign = true rate = 5 minimum-messages = 2\n"
    "  skip-domains = {\"a.example\"} only-domains = {\"b.example\", \"c.example\"}\n"
    "  failure = true failure-rate = 7 failure-domain-rate = 3 failure-subject = true }\n";

static void every_option_is_read(void **state)
{
    struct config *c = assert_accepted(everything);
    const struct override *o = c->overrides;

    (void)state;
    assert_string_equal(c->authserv_id, "mx.example.org");
    assert_int_equal(c->own_authserv_ids.count, 2);
    assert_string_equal(c->own_authserv_ids.items[1], "mx2.example.org");
    assert_string_equal(c->listen, "inet6:8891@[2001:db8::25]");
    assert_true(c->allow_remote);
    assert_string_equal(c->user, "mail");
    assert_string_equal(c->socket_group, "postfix");
    assert_int_equal(c->socket_mode, 0666);
    assert_string_equal(c->log, "syslog");
    assert_string_equal(c->control, "");
    assert_string_equal(c->pid_file, "/run/v.pid");
    assert_false(c->sandbox);
    assert_true(has(&c->trusted_networks, "192.0.2.200"));
    assert_false(has(&c->trusted_networks, "127.0.0.1"));
    assert_true(has(&c->trusted_forwarders, "198.51.100.1"));
    assert_false(has(&c->trusted_forwarders, "198.51.100.2"));
    assert_true(domains_cover(&c->trusted_lists, "lists.example.org"));
    assert_true(domains_cover(&c->trusted_lists, "dev.lists.example.org"));
    assert_true(domains_cover(&c->trusted_lists, "xn--bcher-kva.example"));
    assert_false(domains_cover(&c->trusted_lists, "xlists.example.org"));
    assert_false(c->reject_null_mx);
    assert_true(c->show_auth_name);
    assert_string_equal(c->resolver.servers.items[0], "127.0.0.1@5353");
    assert_null(c->resolver.servers.items[2]);
    assert_int_equal(c->resolver.timeout, 60);
    assert_int_equal(c->resolver.message_timeout, 1);
    assert_true(c->resolver.dnssec);
    assert_string_equal(c->resolver.trust_anchors, "/etc/anchors");
    assert_int_equal(c->resolver.questions, 1000);
    assert_int_equal(c->resolver.cache, 0);
    assert_int_equal(c->spf.on_fail, SPF_FAIL_REJECT);
    assert_int_equal(c->spf.reject_at, SPF_REJECT_AT_MAIL);
    assert_int_equal(c->dkim.min_rsa_bits, 4096);
    assert_int_equal(c->dkim.max_signatures, 50);
    assert_false(c->arc.verify);
    assert_true(domains_have(&c->arc.trusted_sealers, "lists.example.org"));
    assert_false(domains_have(&c->arc.trusted_sealers, "a.lists.example.org"));
    assert_false(domains_have(&c->arc.trusted_sealers, "example.org"));
    assert_int_equal(c->dmarc.enforce, ENFORCE_NONE);
    assert_int_equal(c->dmarc.quarantine, QUARANTINE_HOLD);
    assert_string_equal(c->dmarc.quarantine_header_name, "X-Junk");
    assert_string_equal(c->dmarc.quarantine_header_value, "it's a \"spoof\" \\o/");
    assert_int_equal(c->dmarc.indirect_mail, SOFT_REJECT);
    assert_int_equal(c->dmarc.bad_from, SOFT_QUARANTINE);
    assert_int_equal(c->dmarc.temperror, TEMPERROR_TEMPFAIL);
    assert_int_equal(c->dmarc.organizational_domain, ORGDOM_PSL);
    assert_int_equal(c->override_count, 2);
    assert_string_equal(o[0].name, "the \"old\" printer");
    assert_true(has(&o[0].networks, "192.0.2.9"));
    assert_string_equal(o[0].from_domains.items[0], "example.org");
    assert_string_equal(o[0].mail_from_domains.items[0], "example.net");
    assert_string_equal(o[0].recipient_domains.items[0], "example.com");
    assert_int_equal(o[0].enforce, ENFORCE_QUARANTINE);
    assert_string_equal(o[1].name, "b");
    assert_int_equal(o[1].enforce, ENFORCE_AUTO);
    assert_true(override_caps(&o[1], &(enum enforcement){ 0 }));
    assert_int_equal(o[1].networks.count, 0);
    assert_true(c->reports.enabled);
    assert_string_equal(c->reports.spool, "/srv/spool");
    assert_int_equal(c->reports.spool_max, 16);
    assert_true(c->reports.failure);
    assert_int_equal(c->reports.failure_rate, 7);
    assert_int_equal(c->reports.failure_domain_rate, 3);
    assert_true(c->reports.failure_subject);
    assert_string_equal(c->reports.store, "postgresql://h/d");
    assert_string_equal(c->reports.org_name, "B\xc3\xbc" "cher");
    assert_string_equal(c->reports.email, "dmarc@example.org");
    assert_string_equal(c->reports.contact, "https://x.example/");
    assert_string_equal(c->reports.submit, "smtp:[::1]:2525");
    assert_true(c->reports.sign);
    assert_int_equal(c->reports.rate, 5);
    assert_int_equal(c->reports.minimum_messages, 2);
    assert_string_equal(c->reports.skip_domains.items[0], "a.example");
    assert_int_equal(c->reports.only_domains.count, 2);
    config_unref(c);
}

static void assert_key(const struct key_source *key, const char *selector, const char *domain,
                       const char *file, enum key_state key_state)
{
    assert_string_equal(key->selector, selector);
    assert_string_equal(key->domain, domain);
    assert_string_equal(key->file, file);
    assert_int_equal(key->state, key_state);
}

static void every_signing_option_is_read(void **state)
{
    struct config *c = assert_accepted(everything);
    const struct sign_rule *r = c->sign_rules;

    (void)state;
    assert_true(has(&c->sign_networks, "192.0.2.7"));
    assert_false(has(&c->sign_networks, "127.0.0.1"));
    assert_true(c->require_alignment);
    assert_int_equal(c->unsignable, UNSIGNABLE_REJECT);
    assert_int_equal(c->sign_min_rsa_bits, 1024);
    assert_int_equal(c->sign_section_count, 3);
    assert_int_equal(c->sign_rule_count, 3);

    assert_int_equal(r[0].kind, SIGN_DOMAIN);
    assert_string_equal(r[0].pattern, "example.org");
    assert_string_equal(r[0].identity, "@mail.example.org");
    assert_int_equal(r[0].header_canon, CANON_SIMPLE);
    assert_int_equal(r[0].body_canon, CANON_RELAXED);
    assert_int_equal(r[0].lifetime, 3600);
    assert_int_equal(r[0].more_fields.count, 1);
    assert_string_equal(r[0].more_fields.items[0], "List-Id");
    assert_int_equal(r[0].key_count, 2);
    assert_key(&r[0].keys[0], "2026a", "example.org", "/keys/a.pem", KEY_PUBLISH);
    assert_key(&r[0].keys[1], "2026e", "example.org", "credential:e.pem", KEY_RETIRED);
    assert_non_null(strstr(r[0].keys[0].place, "/c:"));

    assert_int_equal(r[1].kind, SIGN_BELOW);
    assert_string_equal(r[1].pattern, ".xn--bcher-kva.example");
    assert_string_equal(r[1].identity, "list@%");
    assert_int_equal(r[1].header_canon, CANON_RELAXED);
    assert_int_equal(r[1].body_canon, CANON_RELAXED);
    assert_int_equal(r[1].lifetime, 0);
    assert_key(&r[1].keys[0], "a", "xn--bcher-kva.example", "/k", KEY_ACTIVE);
    assert_key(&r[1].keys[1], "b", "%", "/k", KEY_ACTIVE);

    assert_int_equal(r[2].kind, SIGN_ANY);
    assert_string_equal(r[2].identity, "");
    assert_key(&r[2].keys[0], "a.b", "%", "/k", KEY_ACTIVE);
    assert_key(&r[2].keys[1], "c", "esp.example", "/k", KEY_ACTIVE);

    assert_true(c->seal.all);
    assert_string_equal(c->seal.recipient_domains.items[0], "lists.example");
    assert_int_equal(c->seal.fields.count, 2);
    assert_int_equal(c->seal.key_count, 1);
    assert_key(&c->seal.keys[0], "s", "example.org", "/k", KEY_ACTIVE);
    config_unref(c);
}

static void an_empty_list_is_not_the_default(void **state)
{
    struct config *config = assert_accepted("trusted-networks = {}");

    (void)state;
    assert_int_equal(config->trusted_networks.count, 0);
    config_unref(config);
}

static void printed_text_reads_back(void **state)
{
    static const char *const texts[] = { "", everything };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct config *first = assert_accepted(texts[i]);
        char *before = print(first);
        struct config *second = assert_accepted(before);
        char *after = print(second);

        assert_string_equal(before, after);
        if (i == 1)
            assert_non_null(strstr(before, "\"X-Junk: it's a \\\"spoof\\\" \\\\o/\"\n"));
        free(before);
        free(after);
        config_unref(first);
        config_unref(second);
    }
}

/* Rows of: text, what the report must contain. */
struct refusal {
    const char *text, *report;
};

static void refuse_rows(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_refused(rows[i].text, rows[i].report);
}

#define REFUSE(rows) refuse_rows(rows, sizeof rows / sizeof rows[0])

static void sections_of_one_title_are_refused(void **state)
{
    struct config *config;

    (void)state;
    assert_refused("override \"a\" { networks = {\"192.0.2.1\"} }\n\n"
                   "override \"a\" { networks = {\"192.0.2.2\"} }\n",
                   "c:3: override a is given twice; first at ");
    assert_non_null(strstr(reported.text, "/c:1\n"));
    config = assert_accepted("override \"a\" { networks = {\"192.0.2.1\"} }\n"
                             "override \"b\" { networks = {\"192.0.2.1\"} }\n");
    assert_int_equal(config->override_count, 2);
    config_unref(config);
}

static void untitled_sections_given_twice_are_refused(void **state)
{
    static const struct refusal rows[] = {
        { "dmarc { enforce = \"none\" }\nspf {}\ndmarc { }\n", "c:3: dmarc is given twice; first" },
        { "spf {}\nspf {}\n", "c:2: spf is given twice; first" },
    };

    (void)state;
    REFUSE(rows);
}

static void overrides_say_something_of_something(void **state)
{
    static const struct {
        const char *settings;
        bool caps;
        enum enforcement enforce;
        const char *spf_engine;
    } cases[] = {
        { "", true, ENFORCE_NONE, NULL },
        { "enforce = quarantine", true, ENFORCE_QUARANTINE, NULL },
        { "allow = true", true, ENFORCE_NONE, NULL },
        { "reports = false", false, ENFORCE_NONE, NULL },
        { "reports = false enforce = none", true, ENFORCE_NONE, NULL },
        { "reports = false allow = true", true, ENFORCE_NONE, NULL },
        { "spf-engine = libspf2", false, ENFORCE_NONE, "libspf2" },
        { "dkim-engine = native enforce = reject", true, ENFORCE_REJECT, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        struct config *config;
        enum enforcement enforce;

        snprintf(text, sizeof text, "override \"a\" { listeners = {\"x\"} %s }", cases[i].settings);
        config = assert_accepted(text);
        assert_int_equal(override_caps(&config->overrides[0], &enforce), cases[i].caps);
        assert_int_equal(enforce, cases[i].enforce);
        assert_int_equal(override_spf_engine(&config->overrides[0]) != NULL,
                         cases[i].spf_engine != NULL);
        config_unref(config);
    }
}

static void metrics_stay_on_this_host(void **state)
{
    static const struct refusal rows[] = {
        { "metrics { listen = \"9891\" }", "is not an address and a port" },
        { "metrics { listen = \"127.0.0.1:0\" }", "is not an address and a port" },
        { "metrics { listen = \"::1:9891\" }", "is not an address and a port" },
        { "metrics { listen = \"127.0.0.1:99999\" }", "is not an address and a port" },
        { "\nmetrics { listen = \"0.0.0.0:9891\" }", "c:2: metrics listen: 0.0.0.0:9891 can be" },
        { "metrics { listen = \"[2001:db8::1]:1\" }", "can be reached from other hosts" },
    };
    static const char *const good[] = {
        "metrics { listen = \"\" }", "metrics { listen = \"[::1]:9891\" }",
        "allow-remote = true metrics { listen = \"0.0.0.0:9891\" }",
    };

    (void)state;
    REFUSE(rows);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        config_unref(assert_accepted(good[i]));
}

static void options_set_twice_are_refused(void **state)
{
    static const struct refusal rows[] = {
        { "user = \"a\"\nuser = \"b\"\n", "c:2: user is given twice; first at " },
        { "dmarc {\n enforce = none\n\n enforce = none\n}\n",
          "c:4: enforce is given twice; first at " },
        { "trusted-lists = {\"a.example\"}\ntrusted-lists = {}\n",
          "c:2: trusted-lists is given twice" },
        { "trusted-lists = {}\ntrusted-lists = {}\n", "c:2: trusted-lists is given twice" },
        { "override \"a\" { enforce = none\nenforce = none from-domains = {\"a.example\"} }",
          "c:2: enforce is given twice" },
    };
    struct config *config;

    (void)state;
    REFUSE(rows);
    /* The same name in two sections, and after a bare value, is fine. */
    config = assert_accepted("spf { engine = libspf2 }\ndkim { engine = libopendkim }\n"
                             "show-auth-name = true resolver { timeout = 1 }\n"
                             "override \"a\" { enforce = none from-domains = \"a.example\" }\n"
                             "override \"b\" { enforce = none from-domains = \"a.example\" }\n");
    config_unref(config);
}

static void errors_inside_a_section_name_file_and_line(void **state)
{
    (void)state;
    assert_refused("spf {\n}\ndmarc {\n  enforce = \"none\"\n  enforse = \"none\"\n}\n",
                   "c:5: dmarc enforse is not an option here; did you mean enforce?\n");
    assert_refused("\ndmarc {\n\n  enforce = \"strictly\"\n}\n",
                   "c:4: dmarc enforce: strictly is not one of none, quarantine, reject\n");
    assert_refused("override \"x\" {\n from-domains = {\"a.example\",\n \"b..example\"}\n}\n",
                   "c:3: override from-domains: b..example is not a domain");
    assert_refused("dmarc {\n enforce \"none\"\n}\n",
                   "c:2: missing equal sign after option 'enforce'");
}

static void all_semantic_errors_are_told_in_the_order_of_the_file(void **state)
{
    (void)state;
    assert_refused("dkim {\n max-signatures = 51\n}\n"
                   "authserv-id = \"a b\"\n"
                   "trusted-networks = {\"10.0.0.0/8\",\n \"10.0.0.0/33\",\n \"x\"}\n"
                   "log = \"file\"\nlog = \"auto\"\n",
                   "c:2: dkim max-signatures: 51 is not a number from 1 to 50 "
                   "(decimal digits, no sign, no leading zero)\n"
                   "c:4: authserv-id: \"a b\" is not an authserv-id; write a host name, ASCII, "
                   "without spaces, @ or quotes\n"
                   "c:6: trusted-networks: 10.0.0.0/33 is not a network; write ADDRESS or "
                   "ADDRESS/BITS\n"
                   "c:7: trusted-networks: x is not a network; write ADDRESS or ADDRESS/BITS\n"
                   "c:9: log is given twice; first at ");
    assert_int_equal(reported.lines, 5);
}

static void one_syntax_error_stops(void **state)
{
    (void)state;
    assert_refused("user = \nlisten = \"x\"\nfoo = 1\nbar = 2\n", "c:2: unexpected \"=\": the option before it has no value");
    assert_int_equal(reported.lines, 1);
    assert_refused("foo = 1\nbar = 2\n", "c:1: foo is not an option here\n");
    assert_int_equal(reported.lines, 1);
}

static void many_errors_are_bounded(void **state)
{
    char text[8192] = "trusted-networks = {\"a\"";

    (void)state;
    for (int i = 0; i < 500; i++)
        strcat(text, ",\n\"a\"");
    strcat(text, "}\n");
    assert_refused(text, "c:100: trusted-networks: a is not a network");
    assert_int_equal(reported.lines, 101);
    assert_non_null(strstr(reported.text, "there are more errors"));
}

static void the_environment_plays_no_part(void **state)
{
    static const struct refusal rows[] = {
        { "\nuser = \"${HOME}\"\n", "c:2: ${...} is not expanded" },
        { "user = \"a${NO_SUCH:-b}\"\n", "c:1: ${...} is not expanded" },
        { "user = '${HOME}'\n", "c:1: ${...} is not expanded" },
        { "user = ${HOME}\n", "c:1: $ has no meaning here: the environment" },
        { "user = $HOME\n", "c:1: $ has no meaning here: the environment" },
        { "${HOME} = 1\n", "c:1: $ has no meaning here" },
        { "include(\"~/x\")\n", "c:1: include needs a file name; ~ is not expanded" },
        { "include(\"${HOME}/x\")\n", "c:1: ${...} is not expanded" },
        { "control = \"~/control\"\n", "c:1: control: ~/control is not a whole path" },
    };
    struct config *config;

    (void)state;
    setenv("HOME", "/nonexistent", 1);
    REFUSE(rows);
    config = assert_accepted("dmarc { quarantine-header = \"X-Price: $5 {x}\" }");
    assert_string_equal(config->dmarc.quarantine_header_value, "$5 {x}");
    config_unref(config);
}

static void numbers_are_plain_decimal(void **state)
{
    static const char *const bad[] = {
        "010", "00", "0x10", "-5", "\"+5\"", "5s", "\"5 \"", "\" 5\"", "\"\"", "5.0", "1e1",
        "0", "61", "4294967301", "18446744073709551621", "99999999999999999999999999", "five",
    };
    char text[128];
    struct config *config;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "resolver {\n timeout = %s\n}\n", bad[i]);
        assert_refused(text, "c:2: resolver timeout: ");
        assert_non_null(strstr(reported.text, "is not a number from 1 to 60"));
    }
    assert_refused("resolver { timeout = +5 }", "c:1: + has no meaning here");
    config = assert_accepted("resolver { timeout = 10 message-timeout = \"30\" cache = 0 }");
    assert_int_equal(config->resolver.timeout, 10);
    assert_int_equal(config->resolver.message_timeout, 30);
    config_unref(config);
}

static void modes_are_octal(void **state)
{
    static const char *const bad[] = { "\"0888\"", "\"1777\"", "\"066\\\"\"", "\"\"", "\"66\"",
                                       "\"06600\"", "\"u=rw\"", "\"0o66\"" };
    char text[64];
    struct config *config;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "\nsocket-mode = %s\n", bad[i]);
        assert_refused(text, "c:2: socket-mode: ");
    }
    config = assert_accepted("socket-mode = \"600\"");
    assert_int_equal(config->socket_mode, 0600);
    config_unref(config);
    config = assert_accepted("socket-mode = 0640");
    assert_int_equal(config->socket_mode, 0640);
    config_unref(config);
}

static void values_hold_no_line_break_and_no_control(void **state)
{
    static const struct refusal rows[] = {
        { "user = \"a\nb\"\n", "c:1: the quote is not closed on its line" },
        { "user = 'a\nb'\n", "c:1: the quote is not closed on its line" },
        { "user = \"a\\\nb\"\n", "c:1: a backslash stands only before" },
        { "user = \"a\\nb\"\n", "c:1: a backslash stands only before" },
        { "user = \"a\\x0ab\"\n", "c:1: a backslash stands only before" },
        { "user = \"a\\012b\"\n", "c:1: a backslash stands only before" },
        { "user = \"a\rb\"\n", "c:1: the quote is not closed on its line" },
        { "user = \"a\tb\"\n", "c:1: a control octet" },
        { "user = \"a\x7f\"\n", "c:1: a control octet" },
        { "\nuser = \"a", "c:2: the file ends inside a quoted value" },
        { "\nuser = 'a\\", "c:2: a backslash stands only before" },
        { "user = \"a\"b\"\n", "c:1: " },
    };

    (void)state;
    REFUSE(rows);
}

static void quotes_and_escapes(void **state)
{
    static const struct {
        const char *written, *value;
    } rows[] = {
        { "\"X: a\\\"b\\\\\"", "a\"b\\" },   { "'X: a\"b'", "a\"b" }, { "'X: it\\'s'", "it's" },
        { "\"X: it's # no // comment\"", "it's # no // comment" }, { "'X: /* a */'", "/* a */" },
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config *config;

        snprintf(text, sizeof text, "dmarc { quarantine-header = %s }", rows[i].written);
        config = assert_accepted(text);
        assert_string_equal(config->dmarc.quarantine_header_value, rows[i].value);
        config_unref(config);
    }
}

static void octets_that_are_no_text(void **state)
{
    static const char nul_outside[] = "user = \"a\"\n\0listen = \"x\"\n";
    static const char nul_inside[] = "user = \"a\0b\"\n";

    (void)state;
    write_octets("c", nul_outside, sizeof nul_outside - 1);
    assert_null(read_named(path_of("c")));
    assert_string_equal(reported.text, "c:2: a NUL octet: this is not a text file\n");
    write_octets("c", nul_inside, sizeof nul_inside - 1);
    assert_null(read_named(path_of("c")));
    assert_string_equal(reported.text, "c:1: a control octet in a value\n");
    assert_refused("\xef\xbb\xbfuser = \"a\"\n", "c:1: unexpected octet 0xef: outside of quotes");
    assert_refused("user = \"us\xc3\xa9r\"\n", "c:1: user: ");
    assert_refused("trusted-lists = {\"\xff\xfe.example\"}\n", "c:1: trusted-lists: ");
    assert_refused("override \"n\xc3\xa9\" { from-domains = \"a.example\" }\n",
                   "a name has 1 to 64 octets of plain ASCII");
    config_unref(assert_accepted("# gr\xc3\xbc\xdf""e \xff\nuser = \"a\"\r\n"));
}

static void comments_of_every_kind(void **state)
{
    struct config *config = assert_accepted("# user = \"x\"\n"
                                            "// user = \"y\"\n"
                                            "/* user = \"z\" # \" ' \n ** / */ user /**/ = # 1\n"
                                            "  /***/ \"real\" // end");

    (void)state;
    assert_string_equal(config->user, "real");
    config_unref(config);
    assert_refused("/* a\nb */ /*\n c *", "c:2: this comment is not closed");
    assert_refused("/* a\n*/ x\n= 1", "c:2: x is not an option here");
    assert_refused("user / \"a\"", "c:1: unexpected '/'");
}

static void lists_are_not_appended_to(void **state)
{
    (void)state;
    assert_refused("trusted-lists = {\"a.example\"}\ntrusted-lists += {\"b.example\"}\n",
                   "c:2: + has no meaning here (+= is not supported)");
    assert_refused("user += \"b\"\n", "c:1: + has no meaning here");
}

static void names_are_bare_words(void **state)
{
    static const struct refusal rows[] = {
        { "\"user\" = \"x\"\n", "c:1: an option name is expected here" },
        { "\"dmarc|enforce\" = \"none\"\n", "c:1: an option name is expected here" },
        { "\"=\" = 1\n", "c:1: an option name is expected here" },
        { "user = a \"listen\" = \"b\"\n", "c:1: an option name is expected here" },
        { "dmarc|enforce = none\n", "c:1: unexpected '|'" },
        { "spf { \"engine\" = \"x\" }\n", "c:1: an option name is expected here" },
        { "spf \"a\" { }\n", "c:1: missing opening brace for section 'spf'" },
        { "override { }\n", "c:1: missing title for section 'override'" },
        { "override x { }\n", "c:1: write the title in quotes: override \"x\" { ... }" },
        { "override 1 { }\n", "c:1: write the title in quotes: override \"1\" { ... }" },
        { "override \"\" { from-domains = \"a.example\" }\n", "a name has 1 to 64 octets" },
        { "User = \"x\"\n", "c:1: User is not an option here; did you mean user?" },
        { "enforce = none\n", "c:1: enforce is not an option here; it belongs into " },
        { "dmarc { listen = \"x\" }\n", "it belongs outside of any section" },
        { "dmark { }\n", "c:1: dmark is not an option here; did you mean dmarc?" },
        { "key \"a\" { }\n", "c:1: key is not an option here" },
        { "signs \"a\" { }\n", "c:1: signs is not an option here; did you mean sign?" },
        { "trusted-sealers = {}\n",
          "c:1: trusted-sealers is not an option here; it belongs into arc { ... }" },
    };

    (void)state;
    REFUSE(rows);
}

static void statements_are_whole(void **state)
{
    static const struct refusal rows[] = {
        { "user\n", "c:2: the file ends in the middle of a statement" },
        { "user =", "c:1: the file ends in the middle of a statement" },
        { "user = a b = c", "c:1: b is not an option here" },
        { "user = {\"a\"}", "c:1: unexpected {: this option takes one value" },
        { "dmarc = {\"a\"}", "c:1: missing opening brace for section 'dmarc'" },
        { "trusted-lists = {\"a.example\" \"b.example\"}", "c:1: unexpected b.example: in a list a comma" },
        { "trusted-lists = {,}", "c:1: unexpected ,: a value is missing" },
        { "dmarc {\n enforce = none\n", "c:1: this { is not closed in its file" },
        { "spf {\n}\n}\n", "c:3: } without a {" },
        { "{{{{{{{{{", "c:1: braces nested deeper than 8" },
        { "user = \"a\";\n", "c:1: unexpected ';': a value other than" },
        { "listen = inet:8891@127.0.0.1\n", "c:1: unexpected ':': a value other than" },
    };

    (void)state;
    REFUSE(rows);
    config_unref(assert_accepted("user = \"a\"")); /* no line end */
}

static void long_values_are_refused(void **state)
{
    static char text[4000];

    (void)state;
    memset(text, 0, sizeof text);
    strcpy(text, "\nuser = \"");
    memset(text + strlen(text), 'a', 1025);
    strcat(text, "\"");
    assert_refused(text, "c:2: a value of more than 1024 octets");
    memset(text, 0, sizeof text);
    strcpy(text, "user = ");
    memset(text + strlen(text), 'a', 1025);
    assert_refused(text, "c:1: a value of more than 1024 octets");
    memset(text, 0, sizeof text);
    strcpy(text, "user = ");
    memset(text + strlen(text), 'a', 33);
    assert_refused(text, "c:1: user: aaa");
    memset(text, 0, sizeof text);
    strcpy(text, "control = \"/");
    memset(text + strlen(text), 'a', 107);
    strcat(text, "\"");
    assert_refused(text, "is longer than a socket's path may be");
}

static void includes_name_the_right_file(void **state)
{
    struct config *config;

    (void)state;
    mkdir(path_of("d"), 0700);
    write_octets("d/one", "user = \"one\"\ninclude('two')\n", 28);
    write_octets("d/two", "dmarc {\n enforce = \"none\"\n}\n", 28);
    config = assert_accepted("include(\"d/one\")\nlog = \"syslog\"\n");
    assert_string_equal(config->user, "one");
    assert_string_equal(config->log, "syslog");
    assert_int_equal(config->dmarc.enforce, ENFORCE_NONE);
    config_unref(config);

    assert_refused("include(\"d/one\")\n\nlisten = \"x\"\n", "c:3: listen: x is not a listener");
    assert_refused("\nuser = \"x\" include(\"d/one\")\n",
                   "d/one:1: user is given twice; first at ");
    assert_non_null(strstr(reported.text, "/c:2\n"));
    write_octets("d/two", "dmarc {\n enforse = 1\n}\n", 23);
    assert_refused("include(\"d/one\")\n", "d/two:2: dmarc enforse is not an option here");
    write_octets("d/two", "\ndmarc {\n", 9);
    assert_refused("include(\"d/one\")\n}\n", "d/two:2: this { is not closed in its file");
    write_octets("d/two", "}\n", 2);
    assert_refused("include(\"d/two\")\n", "d/two:1: } without a { before it in this file");
    write_octets("d/two", "listen =\n", 9);
    assert_refused("include(\"d/two\")\n\"fd:3\"\n",
                   "d/two:2: the file ends in the middle of a statement");
}

static void includes_that_cannot_be(void **state)
{
    static const struct refusal rows[] = {
        { "\ninclude(\"missing\")\n", "c:2: cannot open " },
        { "include(\".\")\n", " is a directory; name a file" },
        { "include(\"\")\n", "c:1: include needs a file name" },
        { "\n\ninclude(\"c\")\n", "c:3: " },
        { "include \"c\"\n", "c:1: include is written include(\"FILE\")" },
        { "include(c)\n", "c:1: include is written include(\"FILE\")" },
        { "include(\"c\", \"d\")\n", "c:1: include is written include(\"FILE\")" },
        { "include(\"c\"", "c:1: include is written include(\"FILE\")" },
        { "dmarc {\n include(\"x\") }\n", "c:2: unexpected '('" },
        { "user = include(\"x\")\n", "c:1: unexpected '('" },
    };

    (void)state;
    REFUSE(rows);
    assert_refused("\n\ninclude(\"c\")\n", "/c includes itself\n");
    write_octets("a", "\ninclude(\"b\")\n", 14);
    write_octets("b", "include(\"a\")\n", 13);
    assert_refused("include(\"a\")\n", "b:1: ");
    assert_non_null(strstr(reported.text, "/a includes itself\n"));
}

static void includes_are_bounded(void **state)
{
    char name[16], text[64];
    static char many[4096];

    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(text, sizeof text, "include(\"n%d\")\n", i + 1);
        write_octets(name, text, strlen(text));
    }
    assert_refused("include(\"n0\")\n", "n7:1: includes nested deeper than 8");
    write_octets("empty", "", 0);
    for (int i = 0; i < 70; i++)
        strcat(many, "include(\"empty\")\n");
    assert_refused(many, "c:64: more than 64 files");
}

static void files_that_are_none(void **state)
{
    static char big[1100000];

    (void)state;
    assert_null(read_named(path_of("missing")));
    assert_string_equal(reported.text + strlen("missing:1: cannot open ") + strlen(folder),
                        "/missing: No such file or directory\n");
    assert_null(read_named(folder));
    assert_non_null(strstr(reported.text, " is a directory; name a file\n"));
    memset(big, '\n', sizeof big);
    write_octets("big", big, sizeof big);
    assert_null(read_named(path_of("big")));
    assert_non_null(strstr(reported.text, "big:1: cannot read "));
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_null(read_named(path_of("fifo")));
    assert_non_null(strstr(reported.text, "fifo:1: cannot read "));
    write_octets("c", "", 0);
    assert_null(read_named(path_of("c/under")));
    assert_non_null(strstr(reported.text, "c/under:1: cannot open "));
    if (geteuid() != 0) {
        write_octets("secret", "", 0);
        chmod(path_of("secret"), 0);
        assert_null(read_named(path_of("secret")));
        assert_non_null(strstr(reported.text, "secret:1: cannot open "));
    }
}

static void listeners(void **state)
{
    static const struct {
        const char *value, *report; /* NULL: good */
    } rows[] = {
        { "inet:8891@127.0.0.1", NULL },
        { "inet6:8891@[::1]", NULL },
        { "inet6:8891@::1", NULL },
        { "unix:/run/vidimus/milter.sock", NULL },
        { "local:/run/vidimus/milter.sock", NULL },
        { "fd:3", NULL },
        { "inet:8891@192.0.2.1", "can be reached from other hosts" },
        { "inet:8891@0.0.0.0", "can be reached from other hosts" },
        { "inet6:8891@[::]", "set allow-remote = true" },
        { "inet:8891", "is not an IPv4 listener" },
        { "inet:8891@localhost", "is not an IPv4 listener" },
        { "inet:0@127.0.0.1", "is not an IPv4 listener" },
        { "inet:65536@127.0.0.1", "is not an IPv4 listener" },
        { "inet:08891@127.0.0.1", "is not an IPv4 listener" },
        { "inet:8891@::1", "is not an IPv4 listener" },
        { "inet6:8891@127.0.0.1", "is not an IPv6 listener" },
        { "inet6:8891@[::ffff:127.0.0.1]", "is not an IPv6 listener" },
        { "inet6:8891@[]", "is not an IPv6 listener" },
        { "unix:run/x", "needs a whole path" },
        { "unix:", "needs a whole path" },
        { "fd:2", "is not an inherited descriptor" },
        { "fd:03", "is not an inherited descriptor" },
        { "fd:", "is not an inherited descriptor" },
        { "/run/x", "is not a listener" },
        { "INET:8891@127.0.0.1", "is not a listener" },
        { "", "is not a listener" },
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "listen = \"%s\"", rows[i].value);
        if (rows[i].report)
            assert_refused(text, rows[i].report);
        else
            config_unref(assert_accepted(text));
        snprintf(text, sizeof text, "allow-remote = true listen = \"%s\"", rows[i].value);
        if (!rows[i].report || strstr(rows[i].report, "remote") ||
            strstr(rows[i].report, "reached"))
            config_unref(assert_accepted(text));
        else
            assert_refused(text, rows[i].report);
    }
}

static void single_values(void **state)
{
    static const struct refusal rows[] = {
        { "authserv-id = \"mx@example.org\"", "is not an authserv-id" },
        { "authserv-id = \"mx;example\"", "is not an authserv-id" },
        { "own-authserv-ids = {\"\"}", "is not an authserv-id" },
        { "user = \"-x\"", "is not the name of an account" },
        { "user = \"a b\"", "is not the name of an account" },
        { "socket-group = \"a:b\"", "is not the name of an account" },
        { "pid-file = \"run/x\"", "is not a whole path" },
        { "reports { spool = \"\" }", "is not a whole path" },
        { "reports { spool = \"spool\" }", "reports spool: spool is not a whole path" },
        { "reports { spool-max = 15 }", "is not a number from 16" },
        { "reports { failure-rate = 3601 }", "is not a number from 1" },
        { "reports { failure-domain-rate = 0 }", "is not a number from 1" },
        { "reports { store = \"\" }", "is not a whole path" },
        { "reports { store = \"mysql://x\" }", "is not a whole path" },
        { "reports { email = \"dmarc\" }", "is not a mail address" },
        { "reports { email = \"dmarc@localhost\" }", "is not a mail address" },
        { "reports { email = \"<dmarc@example.org>\" }", "is not a mail address" },
        { "reports { email = \"-f@example.org\" }", "is not a mail address" },
        { "reports { email = \"a b@example.org\" }", "is not a mail address" },
        { "reports { submit = \"127.0.0.1:25\" }", "is not a way to the MTA" },
        { "reports { submit = \"smtp:127.0.0.1\" }", "is not a way to the MTA" },
        { "reports { submit = \"smtp:127.0.0.1:0\" }", "is not a way to the MTA" },
        { "reports { submit = \"smtp:h/x:25\" }", "is not a way to the MTA" },
        { "reports { submit = \"sendmail:x\" }", "is not a way to the MTA" },
        { "reports { contact = \"\xff\" }", "is too long, or no UTF-8" },
        { "reports { rate = 0 }", "is not a number from 1" },
        { "allow-remote = maybe", "is not one of true, false, yes, no, on, off" },
        { "null-mx-sender = true", "is not one of accept, reject" },
        { "trusted-networks = {\"0.0.0.0/0\"}", "would trust everybody" },
        { "trusted-forwarders = {\"::/0\"}", "would trust everybody" },
        { "trusted-lists = {\"*.example.org\"}", "is not a domain" },
        { "trusted-lists = {\"\"}", "is not a domain" },
        { "resolver { servers = {\"localhost\"} }", "is not a name server" },
        { "resolver { servers = {\"127.0.0.1:53\"} }", "is not a name server" },
        { "resolver { servers = {\"127.0.0.1@0\"} }", "is not a name server" },
        { "resolver { servers = {\"127.0.0.1@\"} }", "is not a name server" },
        { "resolver { dnssec = true }", "is not one of off, validate" },
        { "resolver { message-timeout = 241 }", "from 1 to 240" },
        { "resolver { questions = 9 }", "from 10 to 1000" },
        { "spf { engine = \"pyspf\" }", "is not one of native, libspf2" },
        { "dkim { engine = \"\" }", "is not one of native, libopendkim" },
        { "dkim { min-rsa-bits = 1023 }", "from 1024 to 4096" },
        { "dkim { max-signatures = 0 }", "from 1 to 50" },
        { "arc { verify = perhaps }", "is not one of true, false, yes, no, on, off" },
        { "arc { trusted-sealers = {\"*.example.org\"} }", "is not a domain" },
        { "dmarc { enforce = \"Reject\" }", "is not one of none, quarantine, reject" },
        { "dmarc { indirect-mail = \"accept\" }", "accept is not one of reject, quarantine" },
        { "override \"a\" { }", "override a has no condition" },
        { "override \"a\" { networks = {} }", "override a has no condition" },
        { "override \"a\" { listeners = {\"x\"} allow = true enforce = none }",
          "override a: allow = true takes mail whatever is found" },
        { "override \"a\" { from-domains = {\"a.example\"} spf-engine = libspf2 }",
          "override a: spf-engine and dkim-engine are chosen at MAIL FROM" },
        { "override \"a\" { recipient-domains = {\"a.example\"} dkim-engine = native }",
          "override a: spf-engine and dkim-engine are chosen at MAIL FROM" },
    };

    (void)state;
    REFUSE(rows);
}

static void quarantine_headers(void **state)
{
    static const char *const bad[] = {
        "X-Spam-Flag", ":", "X:", "X: ", ": YES", "X Y: a", "X-\xc3\xbc: a", "X: \xc3\xbc",
    };
    static const char *const reserved[] = {
        "From", "to", "SUBJECT", "Date", "Message-ID", "Received", "received-spf",
        "Authentication-Results", "DKIM-Signature", "ARC-Seal", "List-Id", "Content-Type",
        "Resent-From", "Return-Path", "BIMI-Location", "Sender", "MIME-Version",
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "dmarc {\nquarantine-header = \"%s\" }", bad[i]);
        assert_refused(text, "c:2: dmarc quarantine-header: ");
    }
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        snprintf(text, sizeof text, "dmarc {\nquarantine-header = \"%s: a\" }", reserved[i]);
        assert_refused(text, "is a field that mail needs itself");
    }
    config_unref(assert_accepted("dmarc { quarantine-header = \"Lists-Junk: a\" }"));
}

static void signing_sections_make_sense(void **state)
{
    static const struct refusal rows[] = {
        { "\nsign \"a.example\" { }", "c:2: sign a.example has no key; add key \"SELECTOR\"" },
        { "sign \"a.example\" { key \"a\" { } }", "c:1: key a has no file; set file = " },
        { "sign \"a.example\" { key \"a\" { file = \"k\" } }", "key file: k is not a whole path" },
        { "sign \"a.example\" { key \"a b\" { file = \"/k\" } }", "key \"a b\" is not a selector" },
        { "sign \"a.example\" { key \"\" { file = \"/k\" } }", "is not a selector" },
        { "sign \"a.example\" { key a { file = \"/k\" } }",
          "write the title in quotes: key \"a\"" },
        { "sign \"a.example\" { kee \"a\" { } }",
          "sign kee is not an option here; did you mean key" },
        { "sign \"a.example\" {\n key \"a\" { files = 1 } }",
          "c:2: key files is not an option here; did you mean file?" },
        { "sign \"a.example\" { canonicalisation = \"relaxed/relaxed\" }",
          "did you mean canonicalization?" },
        { "sign \"a.example\" { canonicalization = \"relaxed\" }",
          "sign canonicalization: relaxed is not a canonicalization; write HEADER/BODY" },
        { "sign \"a.example\" { canonicalization = \"relaxed/simple/\" }", "write HEADER/BODY" },
        { "sign \"a.example\" { lifetime = 3599 key \"a\" { file = \"/k\" } }",
          "c:1: sign a.example has a lifetime of less than an hour" },
        { "sign \"a.example\" { lifetime = 31536001 }", "from 0 to 31536000" },
        { "sign \"a.example\" { more-fields = {\"List-Id:\"} }",
          "is not the name of a header field" },
        { "sign \"a.example\" { more-fields = {\"a;b\"} }", "is not the name of a header field" },
        { "sign \"a.example\" { more-fields = {\"\"} }", "is not the name of a header field" },
        { "sign \"\" { key \"a\" { file = \"/k\" } }", "is not a pattern; write a domain" },
        { "sign \"u@a.example\" { key \"a\" { file = \"/k\" } }", "is not a pattern" },
        { "sign \"*.a.example\" { key \"a\" { file = \"/k\" } }", "a dot and a domain for all" },
        { "sign \".\" { key \"a\" { file = \"/k\" } }", "is not a pattern" },
        { "sign \"..a.example\" { key \"a\" { file = \"/k\" } }", "is not a pattern" },
        { "sign \"a.example\" { key \"a\" { file = \"/k\" domain = \"a b\" } }",
          "key domain: \"a b\" is not a domain" },
        { "sign \"a.example\" { key \"a\" { file = \"/k\" state = \"old\" } }",
          "key state: old is not one of publish, active, retired" },
        { "sign \"a.example\" { key \"a\" { file = \"credential:\" } }", "is not a credential" },
        { "sign \"a.example\" { key \"a\" { file = \"credential:../k\" } }",
          "is not a credential" },
        { "sign \"localhost\" { key \"a\" { file = \"/k\" } }",
          "key a has a domain of one label, which d= cannot be" },
        { "sign \".org\" { key \"a\" { file = \"/k\" } }", "key a has a domain of one label" },
        { "sign-min-rsa-bits = 1023", "from 1024 to 8192" },
        { "sign-networks = {\"0.0.0.0/0\"}", "would trust everybody" },
        { "key-table = \"keys\"", "key-table: keys is not a whole path" },
        { "opendkim-key-table = \"dsn:mysql://x/y\"", "is not a table that can be read here" },
        { "opendkim-key-table = \"refile:x\"", "is not a table that can be read here" },
    };

    (void)state;
    REFUSE(rows);
}

static void one_pattern_and_one_selector_each(void **state)
{
    static const struct refusal rows[] = {
        { "sign \"a.example\" { key \"a\" { file = \"/k\" } }\n"
          "sign \"a.example\" { key \"a\" { file = \"/k\" } }\n",
          "c:2: sign a.example is given twice; first at " },
        { "sign \"a.example\" { key \"a\" { file = \"/k\" } }\n"
          "sign \"A.Example\" { key \"a\" { file = \"/k\" } }\n",
          "c:2: sign A.Example is given twice; first at " },
        { "sign \"b\xc3\xbc" "cher.example\" { key \"a\" { file = \"/k\" } }\n"
          "sign \"xn--bcher-kva.example.\" { key \"a\" { file = \"/k\" } }\n",
          "c:2: sign xn--bcher-kva.example. is given twice; first at " },
        { "sign \"a.example\" { key \"a\" { file = \"/k\" }\n key \"A\" { file = \"/l\" } }\n",
          "c:2: key A is given twice; first at " },
    };
    char text[2048] = "sign \"a.example\" {\n";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_refused(rows[i].text, rows[i].report);
        assert_int_equal(reported.lines, 1);
    }
    config_unref(assert_accepted("sign \"a.example\" { key \"a\" { file = \"/k\" } }\n"
                                 "sign \".a.example\" { key \"a\" { file = \"/k\" } }\n"
                                 "sign \"*\" { key \"a\" { file = \"/k\" } }\n"));
    for (int i = 0; i < 9; i++)
        snprintf(text + strlen(text), 64, " key \"k%d\" { file = \"/k\" }\n", i);
    assert_refused(strcat(text, "}\n"), "c:1: sign a.example has more than 8 keys");
}

/* Rows of: pattern, key domain, identity, whether it fits. */
static void identities_are_within_the_signing_domain(void **state)
{
    static const struct {
        const char *pattern, *domain, *identity;
        bool fits;
    } rows[] = {
        { "a.example", "", "@a.example", true },
        { "a.example", "", "u.v+w@b.a.example", true },
        { "a.example", "", "@%", true },
        { "a.example", "%", "@%", true },
        { "a.b.example", "", "@b.example", false },
        { "a.example", "", "@ba.example", false },
        { "a.example", "b.example", "@a.example", false },
        { "a.b.example", "b.example", "@%", true },
        { "a.example", "b.example", "@%", false },
        { ".a.example", "", "@a.example", true },
        { ".a.example", "", "@%", true },
        { ".a.example", "%", "@%", true },
        { ".a.example", "%", "@a.example", false },
        { ".a.example", "b.a.example", "@%", false },
        { "*", "", "@%", true },
        { "*", "", "@a.example", false },
        { "*", "a.example", "@b.a.example", true },
        { "*", "a.example", "@%", false },
    };
    static const char *const malformed[] = { "a.example", "@", "@a..example", "u%@a.example",
                                             "u v@a.example", "\\\"u\\\"@a.example", "@%.example" };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text,
                 "sign \"%s\" { identity = \"%s\" key \"k\" { file = \"/k\" domain = \"%s\" } }",
                 rows[i].pattern, rows[i].identity, rows[i].domain);
        if (rows[i].fits)
            config_unref(assert_accepted(text));
        else
            assert_refused(text, " is not at or below the domain (d=");
    }
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        snprintf(text, sizeof text, "sign \"a.example\" {\n identity = \"%s\" }", malformed[i]);
        assert_refused(text, "c:2: sign identity: ");
        assert_non_null(strstr(reported.text, "is not an identity"));
    }
}

static void seals_make_sense(void **state)
{
    static const struct refusal rows[] = {
        { "\nseal { all = true }", "c:2: seal has no key; add key \"SELECTOR\"" },
        { "seal { recipient-domains = {\"a.example\"} }", "c:1: seal has no key" },
        { "seal { key \"a\" { file = \"/k\" domain = \"a.example\" } }",
          "c:1: seal would seal nothing; set recipient-domains, or all = true" },
        { "seal { all = true\n key \"a\" { file = \"/k\" } }", "c:2: key a has no domain; a seal" },
        { "seal { all = true key \"a\" { file = \"/k\" domain = \"%\" } }", "key a has no domain" },
        { "seal { all = true key \"a\" { domain = \"a.example\" } }", "key a has no file" },
        { "seal { fields = {\"To\"} }", "seal fields: From must be among them" },
        { "seal { fields = {\"from \"} }", "is not the name of a header field" },
        { "override \"seal\" { from-domains = {\"a.example\"} }\nseal { all = true }",
          "c:2: seal" },
        { "seal \"x\" { }", "missing opening brace for section 'seal'" },
    };

    (void)state;
    REFUSE(rows);
    config_unref(assert_accepted("seal { key \"a\" { file = \"/k\" domain = \"a.example\" "
                                 "state = \"publish\" } fields = {\"FROM\"} }"));
}

static void long_key_names_are_refused(void **state)
{
    char label[64] = "", domain[256] = "", text[1024];

    (void)state;
    memset(label, 'a', 59);
    snprintf(domain, sizeof domain, "%s.%s.%s.%s", label, label, label, label); /* 239 */
    snprintf(text, sizeof text, "sign \"%s\" { key \"s\" { file = \"/k\" } }", domain);
    config_unref(assert_accepted(text)); /* 1 + 12 + 239 */
    snprintf(text, sizeof text, "sign \"%s\" { key \"s23\" { file = \"/k\" } }", domain);
    assert_refused(text, "key s23 makes a name of more than 253 octets with its domain");
}

static void fixed_differences_are_named(void **state)
{
    struct config *a = read_named(NULL);
    struct config *b = assert_accepted(everything);
    struct config *c = assert_accepted("dmarc { enforce = \"none\" } resolver { timeout = 9 }");
    char out[256];

    (void)state;
    config_fixed_differences(a, b, out, sizeof out);
    assert_string_equal(out, "listen, user, socket-group, socket-mode, sandbox, log, control, "
                             "pid-file, "
                             "spf reject-at, reports enabled, reports spool, "
                             "reports spool-max, reports failure, reports failure-rate, "
                             "reports failure-domain-rate, reports failure-subject");
    config_fixed_differences(a, c, out, sizeof out);
    assert_string_equal(out, "");
    config_fixed_differences(a, b, out, 10);
    assert_string_equal(out, "listen, u");
    config_unref(a);
    config_unref(b);
    config_unref(c);
}

static void references_are_counted(void **state)
{
    struct config *config = assert_accepted("user = \"x\"");

    (void)state;
    assert_ptr_equal(config_ref(config), config);
    config_unref(config);
    assert_string_equal(config->user, "x");
    config_unref(config);
    config_unref(NULL);
}

/* A failed reading leaves nothing behind for the next one. */
static void a_good_reading_follows_a_bad_one(void **state)
{
    static const char *const bad[] = { "user = \"", "/*", "dmarc { enforce =", "override \"a\" {",
                                       "user = \"a\nb\"", "trusted-lists = {\"a.example\"," };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config *config;

        assert_refused(bad[i], "c:");
        config = assert_accepted(everything);
        assert_string_equal(config->user, "mail");
        config_unref(config);
    }
}

/* Puts WANTED in place of WRITTEN, wherever it stands in TEXT. */
static void replace(char *text, const char *written, const char *wanted)
{
    char *rest = malloc(TEXT_SIZE);
    char *at = strstr(text, written);

    assert_non_null(at);
    for (; at; at = strstr(at + strlen(wanted), written)) {
        strcpy(rest, at + strlen(written));
        snprintf(at, (size_t)(TEXT_SIZE - (at - text)), "%s%s", wanted, rest);
    }
    free(rest);
}

/* The sample, with the directories of this build as `make install` writes it. */
static char *sample(void)
{
    const char *top = getenv("top_srcdir");
    char *text = calloc(1, TEXT_SIZE);
    char name[NAME_SIZE];
    FILE *file;

    snprintf(name, sizeof name, "%s/conf/vidimus.conf", top ? top : ".");
    file = fopen(name, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, TEXT_SIZE - 1, file) < TEXT_SIZE / 2);
    fclose(file);
    replace(text, "/run/vidimus/", RUNSTATEDIR "/vidimus/");
    replace(text, "/var/lib/", LOCALSTATEDIR "/lib/");
    return text;
}

/* Takes the # from every line that shows an option: no space follows it. */
static void uncomment(char *text)
{
    for (char *line = text; line && *line; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (line[0] == '#' && line[1] != ' ' && line[1] != '\n')
            line[0] = ' ';
    }
}

static void the_sample_is_the_defaults_with_reject(void **state)
{
    char *text = sample();
    struct config *defaults = assert_accepted("dmarc { enforce = \"reject\" }");
    struct config *config = assert_accepted(text);
    char *wanted = print(defaults);
    char *printed = print(config);

    (void)state;
    assert_int_equal(config->dmarc.enforce, ENFORCE_REJECT);
    assert_string_equal(printed, wanted);
    free(text);
    free(wanted);
    free(printed);
    config_unref(config);
    config_unref(defaults);
}

static void the_sample_shows_every_option_with_its_default(void **state)
{
    char *text = sample();
    struct config *defaults = assert_accepted("dmarc { enforce = \"reject\" }");
    struct config *config;
    char *wanted = print(defaults);
    char *printed;

    (void)state;
    uncomment(text);
    config = assert_accepted(text);
    assert_int_equal(config->override_count, 1);
    assert_int_equal(config->sign_rule_count, 1);
    printed = print(config);
    assert_memory_equal(printed, wanted, strlen(wanted));
    for (size_t i = 0; i < option_count; i++) {
        char line[64];

        snprintf(line, sizeof line, " %s = ", options[i].name);
        if (!strstr(text, line))
            fail_msg("the sample does not show %s", options[i].name);
    }
    free(text);
    free(wanted);
    free(printed);
    config_unref(config);
    config_unref(defaults);
}

/* libconfuse's scanner is one for the whole process. */
static void *read_many(void *arg)
{
    const char *name = arg;
    size_t failed = 0;

    for (int i = 0; i < 40; i++) {
        struct config *config = config_read(name, ignore_report, NULL);

        if ((config != NULL) != (strstr(name, "good") != NULL) ||
            (config && strcmp(config->user, "mail") != 0))
            failed++;
        config_unref(config);
    }
    return (void *)failed;
}

static void readers_do_not_disturb_each_other(void **state)
{
    char names[4][NAME_SIZE];
    pthread_t threads[4];
    void *failed;

    (void)state;
    write_octets("good", everything, strlen(everything));
    write_octets("bad", "dmarc { enforce = none\n", 23);
    for (size_t i = 0; i < 4; i++) {
        strcpy(names[i], path_of(i % 2 ? "good" : "bad"));
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, names[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void the_table_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];

        assert_non_null(o->help);
        assert_in_range(strlen(o->help), 10, 90);
        assert_non_null(o->fallback);
        for (size_t j = 0; j < i; j++)
            assert_false(option_is_in(o, options[j].section) &&
                         strcmp(o->name, options[j].name) == 0);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_and_empty_file_are_defaults),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(every_signing_option_is_read),
        cmocka_unit_test(an_empty_list_is_not_the_default),
        cmocka_unit_test(printed_text_reads_back),
        cmocka_unit_test(sections_of_one_title_are_refused),
        cmocka_unit_test(untitled_sections_given_twice_are_refused),
        cmocka_unit_test(overrides_say_something_of_something),
        cmocka_unit_test(metrics_stay_on_this_host),
        cmocka_unit_test(options_set_twice_are_refused),
        cmocka_unit_test(errors_inside_a_section_name_file_and_line),
        cmocka_unit_test(all_semantic_errors_are_told_in_the_order_of_the_file),
        cmocka_unit_test(one_syntax_error_stops),
        cmocka_unit_test(many_errors_are_bounded),
        cmocka_unit_test(the_environment_plays_no_part),
        cmocka_unit_test(numbers_are_plain_decimal),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(values_hold_no_line_break_and_no_control),
        cmocka_unit_test(quotes_and_escapes),
        cmocka_unit_test(octets_that_are_no_text),
        cmocka_unit_test(comments_of_every_kind),
        cmocka_unit_test(lists_are_not_appended_to),
        cmocka_unit_test(names_are_bare_words),
        cmocka_unit_test(statements_are_whole),
        cmocka_unit_test(long_values_are_refused),
        cmocka_unit_test(includes_name_the_right_file),
        cmocka_unit_test(includes_that_cannot_be),
        cmocka_unit_test(includes_are_bounded),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(listeners),
        cmocka_unit_test(single_values),
        cmocka_unit_test(quarantine_headers),
        cmocka_unit_test(signing_sections_make_sense),
        cmocka_unit_test(one_pattern_and_one_selector_each),
        cmocka_unit_test(identities_are_within_the_signing_domain),
        cmocka_unit_test(seals_make_sense),
        cmocka_unit_test(long_key_names_are_refused),
        cmocka_unit_test(fixed_differences_are_named),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(a_good_reading_follows_a_bad_one),
        cmocka_unit_test(readers_do_not_disturb_each_other),
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(the_sample_is_the_defaults_with_reject),
        cmocka_unit_test(the_sample_shows_every_option_with_its_default),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
