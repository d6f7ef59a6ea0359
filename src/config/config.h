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
#include "mail/domain.h"

struct strings { size_t count; const char *const *items; }; /* items[count] is NULL */
struct networks { size_t count; const struct ip_network *items; };
struct domains { size_t count; const char *const *items; }; /* normalised */

enum enforcement { ENFORCE_NONE, ENFORCE_QUARANTINE, ENFORCE_REJECT };
enum spf_on_fail { SPF_FAIL_ACCEPT, SPF_FAIL_REJECT };
enum spf_reject_at { SPF_REJECT_AT_MAIL, SPF_REJECT_AT_END };
enum quarantine_mode { QUARANTINE_TAG, QUARANTINE_HOLD };
enum soft_action { SOFT_REJECT, SOFT_QUARANTINE, SOFT_ACCEPT };
enum temperror_action { TEMPERROR_ACCEPT, TEMPERROR_TEMPFAIL };
enum organizational_domain { ORGDOM_TREE_WALK, ORGDOM_PSL };

extern const struct name enforcement_names[];

/* Every condition that is not empty must hold. */
struct override {
    const char *name;
    struct networks networks;
    struct domains from_domains;      /* author domain or below it */
    struct domains mail_from_domains; /* likewise */
    struct domains recipient_domains; /* must hold for every recipient to soften */
    enum enforcement enforce;         /* strongest action for matching mail */
};

struct config {
    const char *file; /* as given; for messages */

    const char *authserv_id;          /* "" = the MTA's {j} macro */
    struct strings own_authserv_ids;
    const char *listen;
    bool allow_remote;
    const char *user;                 /* "" = stay who we are */
    const char *socket_group;         /* "" = the user's own */
    unsigned socket_mode;             /* permission bits */
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
};

/* One error or warning: "FILE:LINE: message". */
typedef void config_report_fn(void *context, const char *text);

/* Reads FILE_NAME; NULL stands for an empty file (all defaults).  On success a
 * new configuration with one reference.  On error NULL, after REPORT was called
 * for the first syntax error, or for every semantic error of the run. */
struct config *config_read(const char *file_name, config_report_fn *report, void *context);

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* NULL allowed */

/* Prints the effective configuration in its own syntax; reading that back
 * gives the same configuration. */
void config_print(const struct config *config, FILE *out);

/* Names of the options that differ and cannot change without a restart
 * (listen, user, control, spf reject-at, …), comma-separated, into OUT; "" when none. */
void config_fixed_differences(const struct config *running, const struct config *wanted, char *out,
                              size_t out_size);

bool networks_have(const struct networks *networks, const struct ip_address *ip);
bool domains_have(const struct domains *domains, const char *domain);
/* DOMAIN is one of DOMAINS, or below one. */
bool domains_cover(const struct domains *domains, const char *domain);

#endif
