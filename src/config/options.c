#include "config/options_private.h"

#include <stdio.h>
#include <string.h>

#include "config/sections_private.h"

const struct name enforcement_names[] = {
    { ENFORCE_NONE, "none" },
    { ENFORCE_QUARANTINE, "quarantine" },
    { ENFORCE_REJECT, "reject" },
    { 0, NULL },
};
/* Without a word of it, an override that says nothing else enforces nothing. */
static const struct name override_enforcement_names[] = {
    { ENFORCE_AUTO, "auto" },
    { ENFORCE_NONE, "none" },
    { ENFORCE_QUARANTINE, "quarantine" },
    { ENFORCE_REJECT, "reject" },
    { 0, NULL },
};
static const struct name spf_on_fail_names[] = {
    { SPF_FAIL_ACCEPT, "accept" },
    { SPF_FAIL_REJECT, "reject" },
    { 0, NULL },
};
static const struct name spf_reject_at_names[] = {
    { SPF_REJECT_AT_MAIL, "mail" },
    { SPF_REJECT_AT_END, "end" },
    { 0, NULL },
};
static const struct name quarantine_mode_names[] = {
    { QUARANTINE_TAG, "tag" },
    { QUARANTINE_HOLD, "hold" },
    { 0, NULL },
};
static const struct name soft_action_names[] = {
    { SOFT_REJECT, "reject" },
    { SOFT_QUARANTINE, "quarantine" },
    { SOFT_ACCEPT, "accept" },
    { 0, NULL },
};
/* A list's own signature is evidence that anybody can make: never accept. */
static const struct name indirect_mail_names[] = {
    { SOFT_REJECT, "reject" },
    { SOFT_QUARANTINE, "quarantine" },
    { 0, NULL },
};
static const struct name temperror_action_names[] = {
    { TEMPERROR_ACCEPT, "accept" },
    { TEMPERROR_TEMPFAIL, "tempfail" },
    { 0, NULL },
};
static const struct name organizational_domain_names[] = {
    { ORGDOM_TREE_WALK, "tree-walk" },
    { ORGDOM_PSL, "psl" },
    { 0, NULL },
};

static const struct name unsignable_names[] = {
    { UNSIGNABLE_SEND, "send" },
    { UNSIGNABLE_REJECT, "reject" },
    { 0, NULL },
};
const struct name key_state_names[] = {
    { KEY_PUBLISH, "publish" },
    { KEY_ACTIVE, "active" },
    { KEY_RETIRED, "retired" },
    { 0, NULL },
};

/* The first name of a value is the one that is printed. */
static const struct name bool_names[] = {
    { true, "true" }, { false, "false" }, { true, "yes" }, { false, "no" },
    { true, "on" },   { false, "off" },   { 0, NULL },
};
static const struct name dnssec_names[] = { { false, "off" }, { true, "validate" }, { 0, NULL } };
static const struct name null_mx_names[] = { { false, "accept" }, { true, "reject" }, { 0, NULL } };

/* Of these only the name is stored. */
static const struct name log_names[] = {
    { 0, "auto" }, { 1, "stderr" }, { 2, "syslog" }, { 3, "journal" }, { 0, NULL },
};
static const struct name spf_engine_names[] = { { 0, "native" }, { 1, "libspf2" }, { 0, NULL } };
static const struct name dkim_engine_names[] = {
    { 0, "native" },
    { 1, "libopendkim" },
    { 0, NULL },
};
static const struct name override_spf_names[] = {
    { 0, "usual" }, { 1, "native" }, { 2, "libspf2" }, { 0, NULL },
};
static const struct name override_dkim_names[] = {
    { 0, "usual" }, { 1, "native" }, { 2, "libopendkim" }, { 0, NULL },
};

#define IN(field) .offset = offsetof(struct config, field)
#define IN_OVERRIDE(field) .section = "override", .offset = offsetof(struct override, field)
#define IN_SIGN(field) .section = "sign", .offset = offsetof(struct sign_rule, field)
#define IN_KEY(field) .section = "key", .offset = offsetof(struct key_source, field)

#define ITEMS(container, count_field, items_field)   \
    .count = offsetof(struct container, count_field), \
    .items = offsetof(struct container, items_field)
#define EACH(item, title_field) \
    .size = sizeof(struct item), .title = offsetof(struct item, title_field)

_Static_assert(offsetof(struct config, dmarc.quarantine_header_value) ==
                   offsetof(struct config, dmarc.quarantine_header_name) + sizeof(char *),
               "OPTION_FIELD stores name and value side by side");
_Static_assert(offsetof(struct sign_rule, body_canon) ==
                   offsetof(struct sign_rule, header_canon) + sizeof(enum canonicalisation),
               "OPTION_CANON stores both side by side");

enum { YEAR_S = 365 * 24 * 3600 };

const struct section sections[] = {
    { .name = "resolver" },
    { .name = "spf" },
    { .name = "dkim" },
    { .name = "arc" },
    { .name = "dmarc" },
    { .name = "seal", .check = check_seal },
    { .name = "key", .parent = "seal", .titled = true, ITEMS(config, seal.key_count, seal.keys),
      EACH(key_source, selector), .check = check_seal_key },
    { .name = "reports" },
    { .name = "metrics" },
    { .name = "override", .titled = true, ITEMS(config, override_count, overrides),
      EACH(override, name), .check = check_override },
    { .name = "sign", .titled = true, ITEMS(config, sign_section_count, sign_rules),
      EACH(sign_rule, pattern), .check = check_sign },
    { .name = "key", .parent = "sign", .titled = true, ITEMS(sign_rule, key_count, keys),
      EACH(key_source, selector), .check = check_sign_key },
    { .name = NULL },
};

const struct option options[] = {
    { .name = "authserv-id", .type = OPTION_STRING, .fallback = "", IN(authserv_id),
      .check = check_authserv_id,
      .help = "our name in Authentication-Results; empty: the MTA's own name (macro j)" },
    { .name = "own-authserv-ids", .type = OPTION_STRINGS, .fallback = "", IN(own_authserv_ids),
      .check = check_token,
      .help = "our other hosts' ids: their fields count only from trusted-networks" },
    { .name = "listen", .type = OPTION_STRING, .fallback = "inet:8891@127.0.0.1", IN(listen),
      .check = check_listen, .fixed = true,
      .help = "where the MTA connects: inet:PORT@ADDR, inet6:PORT@[ADDR], unix:/PATH or fd:N" },
    { .name = "allow-remote", .type = OPTION_BOOL, .fallback = "false", IN(allow_remote),
      .names = bool_names, .help = "listen on an address that other hosts can reach" },
    { .name = "user", .type = OPTION_STRING, .fallback = "vidimus", IN(user),
      .check = check_account, .fixed = true,
      .help = "who to become when started as root; empty: stay" },
    { .name = "socket-group", .type = OPTION_STRING, .fallback = "", IN(socket_group),
      .check = check_account, .fixed = true,
      .help = "group of a UNIX socket; empty: the user's own" },
    { .name = "socket-mode", .type = OPTION_MODE, .fallback = "0660", IN(socket_mode),
      .max = 0777, .fixed = true, .help = "permissions of a UNIX socket, octal in quotes" },
    { .name = "sandbox", .type = OPTION_BOOL, .fallback = "true", IN(sandbox),
      .names = bool_names, .fixed = true,
      .help = "end at a system call that vidimusd never makes" },
    { .name = "log", .type = OPTION_STRING, .fallback = "auto", IN(log), .names = log_names,
      .fixed = true, .help = "where log lines go; auto: journal, stderr with -f, else syslog" },
    { .name = "control", .type = OPTION_STRING, .fallback = RUNSTATEDIR "/vidimus/control",
      IN(control), .check = check_socket_path, .fixed = true,
      .help = "UNIX socket that `vidimus status` asks; empty: none" },
    { .name = "pid-file", .type = OPTION_STRING, .fallback = "", IN(pid_file),
      .check = check_path, .fixed = true, .help = "file for the process id; empty: none" },
    { .name = "trusted-networks", .type = OPTION_NETWORKS, .fallback = "127.0.0.0/8 ::1/128",
      IN(trusted_networks), .min = 1,
      .help = "our own hosts, relays and backup MX: their mail is not judged" },
    { .name = "trusted-forwarders", .type = OPTION_NETWORKS, .fallback = "",
      IN(trusted_forwarders), .min = 1,
      .help = "networks whose forwarded mail may fail DMARC without harm" },
    { .name = "trusted-lists", .type = OPTION_DOMAINS, .fallback = "", IN(trusted_lists),
      .help = "List-Id domains likewise, when their own signature passes" },
    { .name = "null-mx-sender", .type = OPTION_BOOL, .fallback = "reject", IN(reject_null_mx),
      .names = null_mx_names,
      .help = "a sender whose domain says that it takes no mail: accept or reject" },
    { .name = "show-auth-name", .type = OPTION_BOOL, .fallback = "false", IN(show_auth_name),
      .names = bool_names, .help = "show the SASL login name in Authentication-Results" },
    { .name = "sign-networks", .type = OPTION_NETWORKS, .fallback = "127.0.0.0/8 ::1/128",
      IN(sign_networks), .min = 1,
      .help = "whose mail is signed, with that of authenticated clients" },
    { .name = "require-alignment", .type = OPTION_BOOL, .fallback = "false",
      IN(require_alignment), .names = bool_names,
      .help = "refuse our own mail whose author domain no key covers" },
    { .name = "unsignable", .type = OPTION_ENUM, .fallback = "send", IN(unsignable),
      .names = unsignable_names,
      .help = "our own mail that cannot be signed (two From fields, ...): send or reject" },
    { .name = "sign-min-rsa-bits", .type = OPTION_NUMBER, .fallback = "2048",
      IN(sign_min_rsa_bits), .min = 1024, .max = 8192,
      .help = "shorter RSA keys are not signed with" },
    { .name = "key-table", .type = OPTION_STRING, .fallback = "", IN(key_table),
      .check = check_path, .help = "file of signing keys, one a line; empty: none" },
    { .name = "opendkim-key-table", .type = OPTION_STRING, .fallback = "",
      IN(opendkim_key_table), .check = check_opendkim_table,
      .help = "OpenDKIM's KeyTable, with opendkim-signing-table; empty: none" },
    { .name = "opendkim-signing-table", .type = OPTION_STRING, .fallback = "",
      IN(opendkim_signing_table), .check = check_opendkim_table,
      .help = "OpenDKIM's SigningTable: file:, refile: or csl:; empty: none" },
    { .name = "opendkim-multiple-signatures", .type = OPTION_BOOL, .fallback = "false",
      IN(opendkim_multiple_signatures), .names = bool_names,
      .help = "every line of the SigningTable that matches signs, not the first alone" },

    { .section = "resolver", .name = "servers", .type = OPTION_STRINGS, .fallback = "",
      IN(resolver.servers), .check = check_server,
      .help = "name servers, ADDRESS or ADDRESS@PORT; empty: resolv.conf" },
    { .section = "resolver", .name = "timeout", .type = OPTION_NUMBER, .fallback = "5",
      IN(resolver.timeout), .min = 1, .max = 60, .help = "seconds a question" },
    { .section = "resolver", .name = "message-timeout", .type = OPTION_NUMBER,
      .fallback = "20", IN(resolver.message_timeout), .min = 1, .max = 240,
      .help = "seconds a message, over all its questions" },
    { .section = "resolver", .name = "dnssec", .type = OPTION_BOOL, .fallback = "off",
      IN(resolver.dnssec), .names = dnssec_names,
      .help = "whether DNSSEC validates signed answers" },
    { .section = "resolver", .name = "trust-anchors", .type = OPTION_STRING,
      .fallback = "/usr/share/dns/root.key", IN(resolver.trust_anchors), .check = check_path,
      .help = "file of DNSKEY or DS records that DNSSEC begins with" },
    { .section = "resolver", .name = "questions", .type = OPTION_NUMBER, .fallback = "100",
      IN(resolver.questions), .min = 10, .max = 1000, .help = "most questions a message" },
    { .section = "resolver", .name = "cache", .type = OPTION_NUMBER, .fallback = "10000",
      IN(resolver.cache), .max = 1000000, .help = "answers kept in memory; 0: none" },

    { .section = "spf", .name = "engine", .type = OPTION_STRING, .fallback = "native",
      IN(spf.engine), .names = spf_engine_names, .help = "who evaluates records" },
    { .section = "spf", .name = "on-fail", .type = OPTION_ENUM, .fallback = "accept",
      IN(spf.on_fail), .names = spf_on_fail_names,
      .help = "what becomes of an SPF fail: accept leaves it to DMARC" },
    { .section = "spf", .name = "reject-at", .type = OPTION_ENUM, .fallback = "end",
      IN(spf.reject_at), .names = spf_reject_at_names, .fixed = true,
      .help = "where on-fail rejects: at MAIL FROM (mail) or after the message (end)" },

    { .section = "dkim", .name = "engine", .type = OPTION_STRING, .fallback = "native",
      IN(dkim.engine), .names = dkim_engine_names, .help = "who verifies signatures" },
    { .section = "dkim", .name = "min-rsa-bits", .type = OPTION_NUMBER, .fallback = "1024",
      IN(dkim.min_rsa_bits), .min = 1024, .max = 4096,
      .help = "shorter RSA keys do not count (RFC 8301)" },
    { .section = "dkim", .name = "max-signatures", .type = OPTION_NUMBER, .fallback = "8",
      IN(dkim.max_signatures), .min = 1, .max = 50, .help = "signatures evaluated a message" },
    { .section = "dkim", .name = "clock-skew", .type = OPTION_NUMBER, .fallback = "0",
      IN(dkim.clock_skew), .min = 0, .max = 86400,
      .help = "seconds that an expired signature still counts" },

    { .section = "arc", .name = "verify", .type = OPTION_BOOL, .fallback = "true",
      IN(arc.verify), .names = bool_names, .help = "validate ARC chains" },
    { .section = "arc", .name = "trusted-sealers", .type = OPTION_DOMAINS, .fallback = "",
      IN(arc.trusted_sealers),
      .help = "d= of seals whose word lets mail fail DMARC without harm" },

    { .section = "dmarc", .name = "enforce", .type = OPTION_ENUM, .fallback = "quarantine",
      IN(dmarc.enforce), .names = enforcement_names,
      .help = "strongest action taken: none, quarantine or reject" },
    { .section = "dmarc", .name = "quarantine", .type = OPTION_ENUM, .fallback = "tag",
      IN(dmarc.quarantine), .names = quarantine_mode_names,
      .help = "how: tag by quarantine-header, or hold in the MTA's quarantine" },
    { .section = "dmarc", .name = "quarantine-header", .type = OPTION_FIELD,
      .fallback = "X-Spam-Flag: YES", IN(dmarc.quarantine_header_name),
      .help = "field added by tag; the same field is deleted from incoming mail" },
    { .section = "dmarc", .name = "indirect-mail", .type = OPTION_ENUM,
      .fallback = "quarantine", IN(dmarc.indirect_mail), .names = indirect_mail_names,
      .help = "what reject becomes when an unlisted list's own signature passes" },
    { .section = "dmarc", .name = "bad-from", .type = OPTION_ENUM, .fallback = "reject",
      IN(dmarc.bad_from), .names = soft_action_names,
      .help = "no usable author domain: reject, quarantine or accept" },
    { .section = "dmarc", .name = "temperror", .type = OPTION_ENUM, .fallback = "accept",
      IN(dmarc.temperror), .names = temperror_action_names,
      .help = "DNS does not answer: accept or tempfail" },
    { .section = "dmarc", .name = "organizational-domain", .type = OPTION_ENUM,
      .fallback = "tree-walk", IN(dmarc.organizational_domain),
      .names = organizational_domain_names,
      .help = "how it is found: tree-walk (RFC 9989), psl (Public Suffix List)" },

    { IN_OVERRIDE(networks), .name = "networks", .type = OPTION_NETWORKS, .fallback = "",
      .help = "condition: the client is in one of these" },
    { IN_OVERRIDE(from_domains), .name = "from-domains", .type = OPTION_DOMAINS,
      .fallback = "", .help = "condition: the author domain is one of these or below" },
    { IN_OVERRIDE(mail_from_domains), .name = "mail-from-domains", .type = OPTION_DOMAINS,
      .fallback = "", .help = "condition: the envelope sender's domain likewise" },
    { IN_OVERRIDE(recipient_domains), .name = "recipient-domains", .type = OPTION_DOMAINS,
      .fallback = "", .help = "condition: every recipient's domain likewise" },
    { IN_OVERRIDE(listeners), .name = "listeners", .type = OPTION_STRINGS, .fallback = "",
      .check = check_words,
      .help = "condition: the MTA's listener has one of these names (macro daemon_name)" },
    { IN_OVERRIDE(enforce), .name = "enforce", .type = OPTION_ENUM, .fallback = "auto",
      .names = override_enforcement_names,
      .help = "strongest action when all conditions hold; auto: none, if it says nothing else" },
    { IN_OVERRIDE(allow), .name = "allow", .type = OPTION_BOOL, .fallback = "false",
      .names = bool_names, .help = "take the mail whatever is found" },
    { IN_OVERRIDE(reports), .name = "reports", .type = OPTION_BOOL, .fallback = "true",
      .names = bool_names, .help = "false: the mail stands in no report to its domain" },
    { IN_OVERRIDE(spf_engine), .name = "spf-engine", .type = OPTION_STRING, .fallback = "usual",
      .names = override_spf_names, .help = "who evaluates SPF; usual: engine of spf" },
    { IN_OVERRIDE(dkim_engine), .name = "dkim-engine", .type = OPTION_STRING, .fallback = "usual",
      .names = override_dkim_names, .help = "who verifies signatures; usual: engine of dkim" },

    { IN_SIGN(identity), .name = "identity", .type = OPTION_STRING, .fallback = "",
      .check = check_identity,
      .help = "i=, such as @example.org; % stands for the author domain; empty: none" },
    { IN_SIGN(header_canon), .name = "canonicalization", .type = OPTION_CANON,
      .fallback = "relaxed/relaxed", .help = "of header and body, each relaxed or simple" },
    { IN_SIGN(lifetime), .name = "lifetime", .type = OPTION_NUMBER, .fallback = "0",
      .max = YEAR_S, .help = "seconds until the signature expires (x=); 0: never" },
    { IN_SIGN(more_fields), .name = "more-fields", .type = OPTION_STRINGS, .fallback = "",
      .check = check_field_name, .help = "header fields to sign besides the usual ones" },

    { IN_KEY(domain), .name = "domain", .type = OPTION_STRING, .fallback = "",
      .check = check_key_domain,
      .help = "d=; empty: the domain of the pattern; %: the author domain" },
    { IN_KEY(file), .name = "file", .type = OPTION_STRING, .fallback = "",
      .check = check_key_file, .help = "the private key in PEM: a path, or credential:NAME" },
    { IN_KEY(state), .name = "state", .type = OPTION_ENUM, .fallback = "active",
      .names = key_state_names,
      .help = "in DNS and not used yet, signing, or in DNS for what it has signed" },

    { .section = "seal", .name = "recipient-domains", .type = OPTION_DOMAINS, .fallback = "",
      IN(seal.recipient_domains), .help = "mail to these domains, or below, is sealed" },
    { .section = "seal", .name = "all", .type = OPTION_BOOL, .fallback = "false", IN(seal.all),
      .names = bool_names, .help = "every message that is accepted is sealed" },
    { .section = "seal", .name = "fields", .type = OPTION_STRINGS, .fallback = "",
      IN(seal.fields), .check = check_field_name,
      .help = "header fields that the seal covers, exactly; empty: a good choice" },

    { .section = "reports", .name = "enabled", .type = OPTION_BOOL, .fallback = "false",
      IN(reports.enabled), .names = bool_names, .fixed = true,
      .help = "note what aggregate reports need of every message" },
    { .section = "reports", .name = "spool", .type = OPTION_STRING,
      .fallback = LOCALSTATEDIR "/lib/vidimus/spool", IN(reports.spool), .check = check_directory,
      .fixed = true, .help = "directory where the notes wait for `vidimus report import`" },
    { .section = "reports", .name = "spool-max", .type = OPTION_NUMBER, .fallback = "1024",
      IN(reports.spool_max), .min = 16, .max = 1048576, .fixed = true,
      .help = "most megabytes of notes; more are not taken until import makes room" },
    { .section = "reports", .name = "store", .type = OPTION_STRING,
      .fallback = LOCALSTATEDIR "/lib/vidimus/reports.sqlite", IN(reports.store),
      .check = check_store,
      .help = "where reports are made: the path of an SQLite file, or a postgresql: URI" },
    { .section = "reports", .name = "org-name", .type = OPTION_STRING, .fallback = "",
      IN(reports.org_name), .check = check_words,
      .help = "our organization as reports name it; empty: the domain of email" },
    { .section = "reports", .name = "email", .type = OPTION_STRING, .fallback = "",
      IN(reports.email), .check = check_address,
      .help = "sender of the reports, and whom to ask; empty: none are sent" },
    { .section = "reports", .name = "contact", .type = OPTION_STRING, .fallback = "",
      IN(reports.contact), .check = check_words,
      .help = "another way to reach us, such as a URL; empty: none" },
    { .section = "reports", .name = "submit", .type = OPTION_STRING,
      .fallback = "smtp:127.0.0.1:25", IN(reports.submit), .check = check_submit,
      .help = "how reports reach the MTA: smtp:HOST:PORT, or sendmail:/PATH" },
    { .section = "reports", .name = "sign", .type = OPTION_BOOL, .fallback = "false",
      IN(reports.sign), .names = bool_names,
      .help = "sign reports with the keys of sign sections, if nobody does it on the way" },
    { .section = "reports", .name = "rate", .type = OPTION_NUMBER, .fallback = "300",
      IN(reports.rate), .min = 1, .max = 100000, .help = "most report mails a minute" },
    { .section = "reports", .name = "minimum-messages", .type = OPTION_NUMBER, .fallback = "1",
      IN(reports.minimum_messages), .min = 1, .max = 1000000,
      .help = "a day with fewer messages of a domain is not reported" },
    { .section = "reports", .name = "skip-domains", .type = OPTION_DOMAINS, .fallback = "",
      IN(reports.skip_domains), .help = "no reports about these domains, or below" },
    { .section = "reports", .name = "only-domains", .type = OPTION_DOMAINS, .fallback = "",
      IN(reports.only_domains),
      .help = "reports about these domains, or below, alone; empty: about all" },
    { .section = "reports", .name = "failure", .type = OPTION_BOOL, .fallback = "false",
      IN(reports.failure), .names = bool_names, .fixed = true,
      .help = "report messages that fail, one by one, to domains that ask for it" },
    { .section = "reports", .name = "failure-rate", .type = OPTION_NUMBER, .fallback = "60",
      IN(reports.failure_rate), .min = 1, .max = 3600, .fixed = true,
      .help = "most failures an hour that are reported" },
    { .section = "reports", .name = "failure-domain-rate", .type = OPTION_NUMBER,
      .fallback = "5", IN(reports.failure_domain_rate), .min = 1, .max = 3600, .fixed = true,
      .help = "most failures an hour of one domain that are reported" },
    { .section = "reports", .name = "failure-subject", .type = OPTION_BOOL,
      .fallback = "false", IN(reports.failure_subject), .names = bool_names, .fixed = true,
      .help = "failure reports show the Subject field" },

    { .section = "metrics", .name = "listen", .type = OPTION_STRING,
      .fallback = "127.0.0.1:9891", IN(metrics.listen), .check = check_metrics_listen,
      .fixed = true,
      .help = "ADDRESS:PORT where Prometheus finds http://.../metrics; empty: none" },
};

const size_t option_count = sizeof options / sizeof options[0];

bool option_is_list(const struct option *option)
{
    return option->type == OPTION_STRINGS || option->type == OPTION_NETWORKS ||
           option->type == OPTION_DOMAINS;
}

static bool same_name(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool option_is_in(const struct option *option, const char *section)
{
    return same_name(option->section, section);
}

bool section_is_in(const struct section *section, const char *parent)
{
    return same_name(section->parent, parent);
}

enum { NAME_MAX_COMPARED = 40 };

/* Levenshtein distance; names here are short. */
static unsigned distance(struct text a, struct text b)
{
    unsigned row[NAME_MAX_COMPARED + 1];

    if (a.len > NAME_MAX_COMPARED || b.len > NAME_MAX_COMPARED)
        return NAME_MAX_COMPARED;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned above = row[j];
            unsigned best = diagonal + (octet_lower(a.data[i - 1]) != octet_lower(b.data[j - 1]));

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[b.len];
}

static void say_where(const struct option *option, char *hint, size_t hint_size)
{
    if (option->section)
        snprintf(hint, hint_size, "; it belongs into %s { ... }", option->section);
    else
        snprintf(hint, hint_size, "; it belongs outside of any section");
}

void option_hint(const char *section, struct text name, char *hint, size_t hint_size)
{
    const char *nearest = NULL;
    unsigned least = (unsigned)(name.len < 6 ? (name.len + 1) / 2 : 3); /* not less alike */

    hint[0] = '\0';
    for (size_t i = 0; i < option_count; i++) {
        if (!hint[0] && text_equal(name, text_of(options[i].name)))
            say_where(&options[i], hint, hint_size);
        if (option_is_in(&options[i], section) &&
            distance(name, text_of(options[i].name)) < least) {
            least = distance(name, text_of(options[i].name));
            nearest = options[i].name;
        }
    }
    for (const struct section *s = sections; s->name; s++)
        if (section_is_in(s, section) && distance(name, text_of(s->name)) < least) {
            least = distance(name, text_of(s->name));
            nearest = s->name;
        }
    if (nearest)
        snprintf(hint, hint_size, "; did you mean %s?", nearest);
}
