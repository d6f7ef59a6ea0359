/* config.h: the configuration (DESIGN §4): one option table, one parsed,
 * immutable, reference-counted snapshot.
 *
 * libconfuse is seen by config.c alone.  The same table (options.c) drives
 * parsing, defaults, bounds, printing and the sample file's test.
 */
#ifndef VIDIMUS_CONFIG_CONFIG_H
#define VIDIMUS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/ip.h"
#include "base/names.h"
#include "mail/canonicalise.h"
#include "mail/domain.h"

struct strings { size_t count; const char *const *items; }; /* items[count] is NULL */
struct networks { size_t count; const struct ip_network *items; };
struct domains { size_t count; const char *const *items; }; /* normalised */

enum enforcement {
    ENFORCE_NONE,
    ENFORCE_QUARANTINE,
    ENFORCE_REJECT,
    ENFORCE_AUTO /* of overrides alone: override_caps() */
};
enum spf_on_fail { SPF_FAIL_ACCEPT, SPF_FAIL_REJECT };
enum spf_reject_at { SPF_REJECT_AT_MAIL, SPF_REJECT_AT_END };
enum quarantine_mode { QUARANTINE_TAG, QUARANTINE_HOLD };
enum soft_action { SOFT_REJECT, SOFT_QUARANTINE, SOFT_ACCEPT };
enum temperror_action { TEMPERROR_ACCEPT, TEMPERROR_TEMPFAIL };
enum organizational_domain { ORGDOM_TREE_WALK, ORGDOM_PSL };

extern const struct name enforcement_names[];

/* Every condition that is not empty must hold.  What an override says nothing of, it
 * leaves to the next one that holds. */
struct override {
    const char *name;
    struct networks networks;
    struct strings listeners; /* names that the MTA gives its listeners */
    struct domains from_domains;      /* author domain or below it */
    struct domains mail_from_domains; /* likewise */
    struct domains recipient_domains; /* must hold for every recipient to soften */
    enum enforcement enforce;         /* strongest action for matching mail */
    bool allow;                       /* taken, whatever is found */
    bool reports;                     /* false: in no report */
    const char *spf_engine, *dkim_engine; /* or "usual" */
};

/* Whether O says what may be enforced: *ENFORCE. */
bool override_caps(const struct override *o, enum enforcement *enforce);

/* The engine that O names, or NULL. */
const char *override_spf_engine(const struct override *o);
const char *override_dkim_engine(const struct override *o);

/* A key's life: published so that DNS knows it, then signed with, then kept in
 * DNS until what it signed has been read.  Only active keys sign. */
enum key_state { KEY_PUBLISH, KEY_ACTIVE, KEY_RETIRED };

extern const struct name key_state_names[];

/* One `key` section of `sign` or `seal`, or one line of a key table. */
struct key_source {
    const char *selector; /* normalised */
    const char *domain;   /* d=, normalised; "%": the author domain, whatever it is */
    const char *file;     /* PEM: a path, or "credential:NAME" of systemd */
    enum key_state state;
    const char *place;    /* "FILE:LINE", for messages */
};

/* Whose mail a rule signs: what the pattern says of the address in From.  Of all
 * DOMAIN, BELOW and ANY rules the most specific counts (the first kind here, the
 * longest pattern of it); what none of them covers goes to the ADDRESS rules, of
 * which the first that matches counts. */
enum sign_pattern_kind {
    SIGN_DOMAIN, /* "example.org": that domain */
    SIGN_BELOW,  /* ".example.org": every domain below it */
    SIGN_ANY,    /* "*" */
    SIGN_ADDRESS /* a glob over the whole address; of OpenDKIM tables only */
};

enum { SIGN_KEYS_MAX = 8 }; /* of one rule */

/* One `sign` section, or the lines of a table that have one pattern. */
struct sign_rule {
    enum sign_pattern_kind kind;
    const char *pattern;  /* as written, but the domain in it normalised */
    const char *identity; /* i=; % stands for the author domain; "": none */
    enum canonicalisation header_canon, body_canon;
    unsigned lifetime;    /* seconds to x=; 0: none */
    struct strings more_fields;
    size_t key_count;
    const struct key_source *keys;
};

/* What becomes of our own mail that cannot be signed (two From fields, …). */
enum unsignable_action { UNSIGNABLE_SEND, UNSIGNABLE_REJECT };

struct config {
    const char *file; /* as given; for messages */

    const char *authserv_id;          /* "" = the MTA's {j} macro */
    struct strings own_authserv_ids;
    const char *listen;
    bool allow_remote;
    const char *user;                 /* "" = stay who we are */
    const char *socket_group;         /* "" = the user's own */
    unsigned socket_mode;             /* permission bits */
    bool sandbox;                     /* no system call but those we know */
    const char *log;                  /* "auto", "stderr", "syslog", "journal" */
    const char *control;              /* UNIX path for `vidimus status`; "" = none */
    const char *pid_file;             /* "" = none */

    struct networks trusted_networks;
    struct networks trusted_forwarders;
    struct domains trusted_lists;

    struct {
        struct strings servers;
        unsigned timeout;         /* s */
        unsigned message_timeout; /* s */
        unsigned questions;       /* a message */
        unsigned cache;           /* answers */
        bool dnssec;
        const char *trust_anchors; /* for dnssec */
    } resolver;
    struct {
        const char *engine;
        enum spf_on_fail on_fail;
        enum spf_reject_at reject_at;
    } spf;
    struct {
        const char *engine;
        unsigned min_rsa_bits;
        unsigned max_signatures;
        unsigned clock_skew; /* seconds */
    } dkim;
    struct {
        bool verify;
        struct domains trusted_sealers; /* d= of their seals, exactly */
    } arc;
    struct {
        enum enforcement enforce;
        enum quarantine_mode quarantine;
        const char *quarantine_header_name; /* "X-Spam-Flag" */
        const char *quarantine_header_value;
        enum soft_action indirect_mail; /* never SOFT_ACCEPT */
        enum soft_action bad_from;
        enum temperror_action temperror;
        enum organizational_domain organizational_domain;
    } dmarc;
    bool reject_null_mx;  /* option `null-mx-sender`: refuse a sender domain with a null MX */
    bool show_auth_name;  /* smtp.auth in A-R */

    size_t override_count;
    const struct override *overrides;

    struct networks sign_networks; /* whose mail is signed, with authenticated clients' */
    bool require_alignment;        /* refuse our mail whose author domain no key covers */
    enum unsignable_action unsignable;
    unsigned sign_min_rsa_bits;
    const char *key_table;             /* "" = none; its rules are in sign_rules */
    const char *opendkim_key_table;    /* "" = none; with … */
    const char *opendkim_signing_table;
    bool opendkim_multiple_signatures; /* its MultipleSignatures */
    size_t sign_section_count; /* those of sign_rules that are sections */
    size_t sign_rule_count;
    const struct sign_rule *sign_rules; /* sections, then tables, each in file order */

    struct {
        bool all;                        /* every message that is accepted */
        struct domains recipient_domains; /* or those to one of these, or below */
        struct strings fields;           /* h= of the AMS, exactly; empty: our choice */
        size_t key_count;                /* 0: nothing is sealed */
        const struct key_source *keys;   /* the first that covers the recipient, else the first */
    } seal;

    struct {
        bool enabled;       /* the daemon writes rows */
        const char *spool;  /* directory */
        unsigned spool_max; /* MiB */
        const char *store;  /* URI: report/sql.h */
        const char *org_name; /* "" = the domain of email */
        const char *email;    /* From of the reports; "" = none are sent */
        const char *contact;
        const char *submit; /* report/submit.h */
        bool sign;
        unsigned rate;             /* mails a minute */
        unsigned minimum_messages; /* fewer are not reported */
        struct domains skip_domains, only_domains; /* policy domains */
        bool failure;                 /* the daemon notes failures for reports of their own */
        unsigned failure_rate;        /* an hour */
        unsigned failure_domain_rate; /* an hour, of one policy domain */
        bool failure_subject;         /* Subject is shown */
    } reports;

    struct {
        const char *listen; /* ADDRESS:PORT; "" = none */
    } metrics;
};

/* One error or warning: "FILE:LINE: message". */
typedef void config_report_fn(void *context, const char *text);

/* Reads FILE_NAME; NULL stands for an empty file (all defaults).  On success a
 * new configuration with one reference.  On error NULL, after REPORT was called
 * for the first syntax error, or for every semantic error of the run. */
struct config *config_read(const char *file_name, config_report_fn *report, void *context);

/* The same of TEXT instead of a file; it may include nothing, and the TABLES that
 * it names are read only if asked for.  NAME is for messages. */
struct config *config_read_text(const char *name, struct text text, bool tables,
                                config_report_fn *report, void *context);

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* NULL allowed */

/* Prints the effective configuration in its own syntax; reading that back
 * gives the same configuration. */
void config_print(const struct config *config, FILE *out);

/* Names of the options that differ and cannot change without a restart
 * (listen, user, control, spf reject-at, …), comma-separated, into OUT; "" when none. */
void config_fixed_differences(const struct config *running, const struct config *wanted, char *out,
                              size_t out_size);

/* ASCII case is ignored. */
bool strings_have(const struct strings *strings, struct text t);
bool networks_have(const struct networks *networks, const struct ip_address *ip);
bool domains_have(const struct domains *domains, const char *domain);
/* DOMAIN is one of DOMAINS, or below one. */
bool domains_cover(const struct domains *domains, const char *domain);

#endif
