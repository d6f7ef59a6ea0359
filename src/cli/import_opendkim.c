/* import_opendkim.c: opendkim.conf (OpenDKIM 2.11, and what older ones knew).
 * What it signs with is in import_sign.c. */
#include "cli/import_translate.h"

#include <string.h>

#include "cli/import_dataset.h"
#include "cli/import_sign.h"

/* --- reasons -------------------------------------------------------------- */

static const char adsp[] = "ADSP (RFC 5617) is historic; DMARC took its place.";
static const char atps[] = "ATPS (RFC 6541) plays no part in DMARC: only the author's own domain "
                           "counts.";
static const char by_rule[] = "One bad, missing or unknown signature is no reason to act (RFC "
                              "6376 section 6.3); DMARC decides: dmarc { enforce }.";
static const char dmarc_only[] = "Signatures of others than the author's domain never count for "
                                 "DMARC; for lists and forwarders see trusted-lists, "
                                 "trusted-forwarders and arc { trusted-sealers }.";
static const char dnssec[] = "A key that DNSSEC proves wrong is a temporary error; an unsigned "
                             "one counts.";
static const char fields_chosen[] = "vidimus signs what a reader sees and a mail program acts "
                                    "upon, never trace fields; more-fields adds to that.";
static const char ldap[] = "vidimus asks no directory: export what it holds into a key-table.";
static const char log_line[] = "vidimusd logs a line a message with every result; `vidimus check "
                               "--explain' tells all there is to tell of one.";
static const char lua[] = "vidimus runs no scripts.  REVIEW what this one decided: see override, "
                          "trusted-networks, sign-networks and the sign sections.";
static const char no_length[] = "vidimus never signs a part of the body (l=): anybody could add "
                                "the rest.";
static const char no_reports[] = "vidimus sends no RFC 6651 reports, and asks for none.";
static const char no_rewriting[] = "Messages are signed as the MTA hands them over: let it "
                                   "rewrite before the milter sees them.";
static const char no_scratch[] = "There are no temporary files; `vidimus check --explain' tells "
                                 "what broke a signature.";
static const char statistics[] = "`vidimus status' shows counters; there is no statistics file.";
static const char test_data[] = "`vidimus check --zone FILE' answers from a file.";
static const char vbr[] = "VBR (RFC 5518) is not evaluated.";
static const char whom[] = "REVIEW: signed is the mail of authenticated clients and of "
                           "sign-networks; nothing else tells who is ours.";

/* --- translators ---------------------------------------------------------- */

static void trust_anchor(struct import *import, const struct import_row *row,
                         const struct foreign_setting *s)
{
    import_option(import, s, row->section, "dnssec", "\"validate\"", row->note);
    import_option(import, s, row->section, row->option, import_quoted(import, s->value), NULL);
}

static void mode(struct import *import, const struct import_row *row,
                 const struct foreign_setting *s)
{
    (void)row;
    if (!import_signs(import))
        import_none(import, s, "It only verified; nothing of what follows signs.");
    else if (text_find(s->value, 'v') < s->value.len)
        import_none(import, s, "vidimus does both: what is ours is signed, what comes in is "
                               "judged.");
    else
        import_none(import, s, "REVIEW: it only signed.  vidimus judges what comes in, too, and "
                               "writes it into a field; with dmarc { enforce = \"none\" } it acts "
                               "on nothing.");
}

/* RFC 6376's own verifier may ask for more than 1024 bits, not for fewer. */
static void minimum_bits(struct import *import, const struct import_row *row,
                         const struct foreign_setting *s)
{
    long long bits = 0;

    import_integer(s->value, &bits);
    if (bits < 1024)
        import_none(import, s, "RSA keys of less than 1024 bits never count (RFC 8301).");
    else
        import_number(import, row, s);
}

static void exempt_domains(struct import *import, const struct import_row *row,
                           const struct foreign_setting *s)
{
    static const char section[] = "override \"exempt in OpenDKIM\"";
    struct import_dataset dataset = import_dataset_read(import, s->value);
    struct texts items = import_keys(import, &dataset);
    const char *left, *value;

    if (dataset.trouble) {
        import_unreadable(import, "override", "from-domains", s, dataset.trouble);
        return;
    }
    value = import_list(import, section, "from-domains", &items, &left);
    import_sections(import, s,
                    import_printf(import, "%s {\n    from-domains = %s\n    enforce = \"none\"\n"
                                          "}\n", section, value),
                    import_joined(import, row->note, left));
}

/* The action of On-DNSError, On-InternalError and so on. */
static char action(const struct foreign_setting *s) { return octet_lower(s->value.data[0]); }

static void on_dns_error(struct import *import, const struct import_row *row,
                         const struct foreign_setting *s)
{
    if (action(s) == 't')
        import_option(import, s, row->section, row->option, "\"tempfail\"",
                      "Only where the outcome of DMARC depends on the answer.");
    else if (action(s) == 'a')
        import_option(import, s, row->section, row->option, "\"accept\"", NULL);
    else
        import_none(import, s, "REVIEW: what DNS does not answer can be accepted or deferred "
                               "(dmarc { temperror }).");
}

static void on_signature_error(struct import *import, const struct import_row *row,
                               const struct foreign_setting *s)
{
    if (action(s) == 'r')
        import_option(import, s, NULL, row->option, "\"reject\"", NULL);
    else if (action(s) == 'a')
        import_option(import, s, NULL, row->option, "\"send\"", NULL);
    else
        import_none(import, s, "REVIEW: our own mail that cannot be signed is sent or refused "
                               "(unsignable).");
}

static void finish(struct import *import)
{
    static const char *const required[] = { "RequiredHeaders", "StrictHeaders",
                                            "IgnoreMalformedMail" };

    import_signing(import);
    import_verifier_only(import, import_boolean(import, "RequiredHeaders", false) ||
                                     import_boolean(import, "StrictHeaders", false));
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        import_also(import, required[i]);
}

/* --- the table ------------------------------------------------------------ */

#define NONE(name, type, reason) { name, type, NULL, NULL, NULL, reason }
#define LATER(name, type) { name, type, import_elsewhere, NULL, NULL, NULL }

static const struct import_row rows[] = {
    NONE("AddAllSignatureResults", FOREIGN_BOOLEAN, "Every signature has its result in the field."),
    NONE("ADSPAction", FOREIGN_TEXT, adsp),
    NONE("ADSPDiscard", FOREIGN_BOOLEAN, adsp),
    NONE("ADSPNoSuchDomain", FOREIGN_BOOLEAN, adsp),
    NONE("AllowSHA1Only", FOREIGN_BOOLEAN, "rsa-sha1 never counts (RFC 8301)."),
    NONE("AlwaysAddARHeader", FOREIGN_BOOLEAN, "The field is always added."),
    NONE("ATPSDomains", FOREIGN_TEXT, atps),
    NONE("ATPSHashAlgorithm", FOREIGN_TEXT, atps),
    NONE("AuthservIDWithJobID", FOREIGN_BOOLEAN,
         "By our id alone are our fields found and forged ones removed; the log line has the "
         "queue id."),
    NONE("BodyLengthDB", FOREIGN_TEXT, no_length),
    NONE("BogusKey", FOREIGN_TEXT, dnssec),
    NONE("BogusPolicy", FOREIGN_TEXT, dnssec),
    LATER("Canonicalization", FOREIGN_TEXT),
    NONE("CaptureUnknownErrors", FOREIGN_BOOLEAN,
         "An internal error is a temporary failure: the sender tries again."),
    { "ClockDrift", FOREIGN_INTEGER, import_number, "dkim", "clock-skew",
      "For expired signatures; a t= in the future does no harm." },
    NONE("DefaultSender", FOREIGN_TEXT, whom),
    NONE("DiagnosticDirectory", FOREIGN_TEXT, no_scratch),
    NONE("Diagnostics", FOREIGN_BOOLEAN, "Signatures are made without z=."),
    NONE("DisableADSP", FOREIGN_BOOLEAN, adsp),
    NONE("DisableCryptoInit", FOREIGN_BOOLEAN, "Nothing of the kind is needed."),
    NONE("DNSConnect", FOREIGN_BOOLEAN, "libunbound goes over to TCP where it has to."),
    { "DNSTimeout", FOREIGN_INTEGER, import_number, "resolver", "timeout",
      "A question; message-timeout bounds all questions of a message." },
    LATER("Domain", FOREIGN_TEXT),
    NONE("DomainKeysCompat", FOREIGN_BOOLEAN, "DomainKeys (RFC 4870) is historic."),
    NONE("DontSignMailTo", FOREIGN_TEXT,
         "What is signed depends on the author and the client alone; a signature that nobody "
         "asked for does no harm."),
    { "ExemptDomains", FOREIGN_TEXT, exempt_domains, NULL, NULL,
      "The field still tells the result, and a sign section still signs; domains include what is "
      "below them." },
    NONE("ExternalIgnoreList", FOREIGN_TEXT,
         "It kept a message out of the log that vidimus does not write.  It let nobody sign: that "
         "is sign-networks (InternalHosts)."),
    NONE("FinalPolicyScript", FOREIGN_TEXT, lua),
    NONE("FixCRLF", FOREIGN_BOOLEAN, no_rewriting),
    NONE("FlowData", FOREIGN_TEXT, statistics),
    NONE("FlowDataFactor", FOREIGN_INTEGER, statistics),
    NONE("FlowDataTTL", FOREIGN_INTEGER, statistics),
    NONE("IdentityHeader", FOREIGN_TEXT, "i= is what sign { identity } says."),
    NONE("IdentityHeaderRemove", FOREIGN_BOOLEAN, "i= is what sign { identity } says."),
    LATER("IgnoreMalformedMail", FOREIGN_BOOLEAN),
    LATER("Include", FOREIGN_TEXT),
    { "InternalHosts", FOREIGN_TEXT, import_networks, NULL, "sign-networks",
      "With authenticated clients: whose mail is signed.  It is not judged, whoever wrote it." },
    NONE("KeepAuthResults", FOREIGN_BOOLEAN,
         "Fields with our id are removed, or anybody could write them; on mail from "
         "trusted-networks they stay."),
    NONE("KeepTemporaryFiles", FOREIGN_BOOLEAN, no_scratch),
    LATER("KeyFile", FOREIGN_TEXT),
    LATER("KeyTable", FOREIGN_TEXT),
    NONE("LDAPAuthMechanism", FOREIGN_TEXT, ldap),
    NONE("LDAPAuthName", FOREIGN_TEXT, ldap),
    NONE("LDAPAuthRealm", FOREIGN_TEXT, ldap),
    NONE("LDAPAuthUser", FOREIGN_TEXT, ldap),
    NONE("LDAPBindPassword", FOREIGN_TEXT, ldap),
    NONE("LDAPBindUser", FOREIGN_TEXT, ldap),
    NONE("LDAPDisableCache", FOREIGN_BOOLEAN, ldap),
    NONE("LDAPKeepaliveIdle", FOREIGN_TEXT, ldap),
    NONE("LDAPKeepaliveInterval", FOREIGN_TEXT, ldap),
    NONE("LDAPKeepaliveProbes", FOREIGN_TEXT, ldap),
    NONE("LDAPSoftStart", FOREIGN_BOOLEAN, ldap),
    NONE("LDAPTimeout", FOREIGN_TEXT, ldap),
    NONE("LDAPUseTLS", FOREIGN_BOOLEAN, ldap),
    NONE("LocalADSP", FOREIGN_TEXT, adsp),
    NONE("LogResults", FOREIGN_BOOLEAN, log_line),
    NONE("LogWhy", FOREIGN_BOOLEAN, log_line),
    NONE("MacroList", FOREIGN_TEXT, whom),
    NONE("MaximumHeaders", FOREIGN_INTEGER, "Bounds of its own: 64 kB a field, 1000 fields."),
    { "MaximumSignaturesToVerify", FOREIGN_INTEGER, import_number, "dkim", "max-signatures",
      NULL },
    NONE("MaximumSignedBytes", FOREIGN_INTEGER, no_length),
    NONE("Minimum", FOREIGN_TEXT, "A signature that leaves a part of the body unsigned does not "
                                  "count."),
    { "MinimumKeyBits", FOREIGN_INTEGER, minimum_bits, "dkim", "min-rsa-bits", NULL },
    { "Mode", FOREIGN_TEXT, mode, NULL, NULL, NULL },
    NONE("MTA", FOREIGN_TEXT, whom),
    NONE("MTACommand", FOREIGN_TEXT, no_reports),
    LATER("MultipleSignatures", FOREIGN_BOOLEAN),
    NONE("MustBeSigned", FOREIGN_TEXT, "A signature counts if From is signed, and nobody added "
                                       "a field of a kind that it signs."),
    { "Nameservers", FOREIGN_TEXT, import_strings, "resolver", "servers", NULL },
    NONE("NoDiscardableMailTo", FOREIGN_TEXT, adsp),
    NONE("NoHeaderB", FOREIGN_BOOLEAN, "header.b always stands in the field."),
    NONE("OmitHeaders", FOREIGN_TEXT, fields_chosen),
    NONE("On-BadSignature", FOREIGN_TEXT, by_rule),
    NONE("On-Default", FOREIGN_TEXT, by_rule),
    { "On-DNSError", FOREIGN_TEXT, on_dns_error, "dmarc", "temperror", NULL },
    NONE("On-InternalError", FOREIGN_TEXT, "An internal error is a temporary failure, always."),
    NONE("On-KeyNotFound", FOREIGN_TEXT, by_rule),
    NONE("On-NoSignature", FOREIGN_TEXT, by_rule),
    NONE("On-PolicyError", FOREIGN_TEXT, adsp),
    NONE("On-ReputationError", FOREIGN_TEXT, statistics),
    NONE("On-Security", FOREIGN_TEXT, by_rule),
    { "On-SignatureError", FOREIGN_TEXT, on_signature_error, NULL, "unsignable", NULL },
    LATER("OversignHeaders", FOREIGN_TEXT),
    { "PeerList", FOREIGN_TEXT, import_networks, NULL, "trusted-networks",
      "Their mail is not judged, and a field with our id stays on it: name none but your own "
      "hosts." },
    NONE("POPDBFile", FOREIGN_TEXT, whom),
    NONE("Quarantine", FOREIGN_BOOLEAN, by_rule),
    NONE("QueryCache", FOREIGN_BOOLEAN, "Answers are always kept (resolver { cache })."),
    NONE("RateLimits", FOREIGN_TEXT, statistics),
    NONE("RedirectFailuresTo", FOREIGN_TEXT, "Recipients are never changed; to look at what fails: "
                                             "dmarc { quarantine = \"hold\" }."),
    NONE("RemoveARAll", FOREIGN_BOOLEAN, "A field with our id goes with all that is in it."),
    { "RemoveARFrom", FOREIGN_TEXT, import_domains, NULL, "own-authserv-ids",
      "Fields with our own id are removed anyway; with these, too, except from "
      "trusted-networks." },
    NONE("RemoveOldSignatures", FOREIGN_BOOLEAN, "Signatures that are there stay: one that no "
                                                 "longer verifies does no harm."),
    NONE("ReplaceHeaders", FOREIGN_TEXT, no_rewriting),
    NONE("ReplaceRules", FOREIGN_TEXT, no_rewriting),
    NONE("ReportAddress", FOREIGN_TEXT, no_reports),
    NONE("ReportBccAddress", FOREIGN_TEXT, no_reports),
    NONE("RequestReports", FOREIGN_BOOLEAN, no_reports),
    LATER("RequiredHeaders", FOREIGN_BOOLEAN),
    NONE("RequireSafeKeys", FOREIGN_BOOLEAN, "A key file that others can read is refused, "
                                             "always."),
    NONE("ResignAll", FOREIGN_BOOLEAN, "Mail that leaves again is sealed: see seal."),
    NONE("ResignMailTo", FOREIGN_TEXT, "REVIEW: mail that leaves again is sealed: see seal "
                                       "{ recipient-domains }."),
    NONE("ResolverConfiguration", FOREIGN_TEXT, "REVIEW: no configuration of libunbound is read; "
                                                "see resolver."),
    NONE("ResolverTracing", FOREIGN_BOOLEAN, log_line),
    NONE("ScreenPolicyScript", FOREIGN_TEXT, lua),
    NONE("SelectCanonicalizationHeader", FOREIGN_TEXT, "The sign section says how its mail is "
                                                       "signed; no field of a message does."),
    LATER("Selector", FOREIGN_TEXT),
    NONE("SendADSPReports", FOREIGN_BOOLEAN, adsp),
    NONE("SenderHeaders", FOREIGN_TEXT, "REVIEW: the author is who stands in From: a signature "
                                        "for another does not help DMARC."),
    NONE("SenderMacro", FOREIGN_TEXT, whom),
    NONE("SendReports", FOREIGN_BOOLEAN, no_reports),
    NONE("SetupPolicyScript", FOREIGN_TEXT, lua),
    NONE("SignatureAlgorithm", FOREIGN_TEXT, "The kind of the key says it: rsa-sha256 or "
                                             "ed25519-sha256; rsa-sha1 is not made (RFC 8301)."),
    LATER("SignatureTTL", FOREIGN_INTEGER),
    LATER("SignHeaders", FOREIGN_TEXT),
    LATER("SigningTable", FOREIGN_TEXT),
    NONE("SingleAuthResult", FOREIGN_BOOLEAN, "Every signature has its result in the field."),
    NONE("SMTPURI", FOREIGN_TEXT, no_reports),
    NONE("SoftStart", FOREIGN_BOOLEAN, ldap),
    NONE("Statistics", FOREIGN_TEXT, statistics),
    NONE("StatisticsName", FOREIGN_TEXT, statistics),
    NONE("StatisticsPolicyScript", FOREIGN_TEXT, lua),
    NONE("StatisticsPrefix", FOREIGN_TEXT, statistics),
    LATER("StrictHeaders", FOREIGN_BOOLEAN),
    NONE("StrictTestMode", FOREIGN_BOOLEAN, test_data),
    LATER("SubDomains", FOREIGN_BOOLEAN),
    NONE("SyslogName", FOREIGN_TEXT, "The name in the log is vidimusd."),
    NONE("SyslogSuccess", FOREIGN_BOOLEAN, log_line),
    NONE("TemporaryDirectory", FOREIGN_TEXT, no_scratch),
    NONE("TestDNSData", FOREIGN_TEXT, test_data),
    NONE("TestPublicKeys", FOREIGN_TEXT, test_data),
    { "TrustAnchorFile", FOREIGN_TEXT, trust_anchor, "resolver", "trust-anchors", NULL },
    NONE("TrustSignaturesFrom", FOREIGN_TEXT, dmarc_only),
    NONE("UnboundConfigFile", FOREIGN_TEXT, "REVIEW: no configuration of libunbound is read; see "
                                            "resolver."),
    NONE("UnprotectedKey", FOREIGN_TEXT, dnssec),
    NONE("UnprotectedPolicy", FOREIGN_TEXT, dnssec),
    NONE("VBR-Certifiers", FOREIGN_TEXT, vbr),
    NONE("VBR-PurgeFields", FOREIGN_TEXT, vbr),
    NONE("VBR-TrustedCertifiers", FOREIGN_TEXT, vbr),
    NONE("VBR-TrustedCertifiersOnly", FOREIGN_BOOLEAN, vbr),
    NONE("VBR-Type", FOREIGN_TEXT, vbr),
    NONE("WeakSyntaxChecks", FOREIGN_BOOLEAN, "A signature is verified whatever the rest of the "
                                              "message is like; its own syntax must be right."),
    NONE("X-Header", FOREIGN_BOOLEAN, "vidimus adds no field that names it."),
    { NULL, FOREIGN_TEXT, NULL, NULL, NULL, NULL },
};

const struct import_program import_opendkim = {
    .command = "import-opendkim",
    .name = "OpenDKIM",
    .manual = "opendkim.conf(5)",
    .includes = true,
    .rows = rows,
    .finish = finish,
};
