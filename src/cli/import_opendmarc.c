/* import_opendmarc.c: opendmarc.conf (OpenDMARC 1.4.2, and what older ones knew). */
#include "cli/import_dataset.h"
#include "cli/import_translate.h"

#include "base/region.h"

static const char by_itself[] =
    "vidimus reads no results of others: it evaluates SPF itself, always.  An SPF policy server "
    "can go out of the MTA.";
static const char report_failures[] =
    "REVIEW: to domains that ask for it in their record (ruf, fo), whatever their policy; with "
    "the header alone, redacted (RFC 9991).  reports { email } says who sends them.";
static const char report_address[] = "Aggregate reports come from it, too.";
static const char no_copies[] = "Failure reports go to the domain alone.";
static const char any_policy[] = "fo in the record says which failures are reported, whatever the "
                                 "policy is.";

static void history(struct import *import, const struct import_row *row,
                    const struct foreign_setting *s)
{
    import_option(import, s, row->section, row->option, "true", row->note);
}

static void failure_reports(struct import *import, const struct import_row *row,
                            const struct foreign_setting *s)
{
    bool wanted = import_boolean(import, row->name, false);

    import_option(import, s, row->section, row->option, wanted ? "true" : "false",
                  wanted ? row->note : NULL);
}

static void sent_by(struct import *import, const struct import_row *row,
                    const struct foreign_setting *s)
{
    import_option(import, s, row->section, row->option, import_quoted(import, s->value),
                  row->note);
}

/* A shell command; its first word is the program. */
static void report_command(struct import *import, const struct import_row *row,
                           const struct foreign_setting *s)
{
    struct text program, arguments;

    import_split(s->value, &program, &arguments);
    import_choice(import, s, row->section, row->option,
                  import_quoted(import, text_of(import_printf(import, "sendmail:%.*s",
                                                              TEXT_ARGS(program)))),
                  row->note);
}

static void psl(struct import *import, const struct import_row *row,
                const struct foreign_setting *s)
{
    import_option(import, s, row->section, row->option, "\"psl\"", row->note);
}

/* Our other hosts: what is neither our own id nor a word for it. */
static void trusted_ids(struct import *import, const struct import_row *row,
                        const struct foreign_setting *s)
{
    const struct foreign_setting *own = import_setting(import, "AuthservID");
    struct texts items = import_split_list(import, s->value);
    const char *value, *left;
    size_t count = 0;

    for (size_t i = 0; i < items.count; i++)
        if (!text_equal(items.items[i], TEXT("HOSTNAME")) &&
            !(own && text_equal_nocase(items.items[i], own->value)))
            items.items[count++] = items.items[i];
    items.count = count;
    value = import_list(import, NULL, row->option, &items, &left);
    if (count)
        import_option(import, s, NULL, row->option, value, import_joined(import, row->note, left));
    else
        import_none(import, s, "vidimus does not read what OpenDKIM or others wrote on this host: "
                               "it evaluates DKIM and SPF itself.");
}

static void ignored_authors(struct import *import, const struct import_row *row,
                            const struct foreign_setting *s)
{
    static const char section[] = "override \"ignored by OpenDMARC\"";
    struct texts items = import_split_list(import, s->value);
    const char *left;
    const char *value = import_list(import, section, "from-domains", &items, &left);

    import_sections(import, s,
                    import_printf(import, "%s {\n    from-domains = %s\n    enforce = \"none\"\n"
                                          "}\n", section, value),
                    import_joined(import, row->note, left));
}

/* The domains of the file named NAME behind those of *ITEMS; what went wrong. */
static const char *add_file(struct import *import, struct text name, struct texts *items)
{
    const char *spec = import_printf(import, "file:%s", import_path(import, name));
    struct import_dataset dataset = import_dataset_read(import, text_of(spec));
    struct texts more = import_keys(import, &dataset);
    struct texts all = { 0, region_array(import->region, items->count + more.count,
                                         sizeof(struct text)) };

    for (size_t i = 0; all.items && i < items->count + more.count; i++)
        all.items[all.count++] =
            i < items->count ? items->items[i] : more.items[i - items->count];
    *items = all;
    return dataset.trouble;
}

/* DomainWhitelist and the file beside it are one list. */
static void trusted_sealers(struct import *import)
{
    const struct foreign_setting *list = import_setting(import, "DomainWhitelist");
    const struct foreign_setting *file = import_setting(import, "DomainWhitelistFile");
    struct texts items = import_split_list(import, list ? list->value : TEXT(""));
    const char *left = NULL, *unread = NULL, *value;

    if (!list && !file)
        return;
    if (file)
        unread = add_file(import, file->value, &items);
    if (unread && !list) {
        import_unreadable(import, "arc", "trusted-sealers", file, unread);
        return;
    }
    value = import_list(import, "arc", "trusted-sealers", &items, &left);
    if (unread)
        left = import_joined(import, left, import_printf(import, "REVIEW: %s.", unread));
    import_option(import, NULL, "arc", "trusted-sealers", value,
                  import_joined(import, "Every seal of the chain must be of one of these, from "
                                        "the newest back to one that saw the author authenticated; "
                                        "for OpenDMARC one of them anywhere was enough.", left));
    import_also(import, "DomainWhitelist");
    import_also(import, "DomainWhitelistFile");
}

static void enforcement(struct import *import, bool reject, bool hold)
{
    static const char *const notes[2][2] = {
        { "REVIEW: OpenDMARC only wrote its result into the field, and so it stays.  Look at the "
          "log (policy=, action=), then set \"quarantine\" or \"reject\".",
          "REVIEW: OpenDMARC held mail for p=quarantine and let it through for p=reject; vidimus "
          "holds both." },
        { "What OpenDMARC delivered for p=quarantine gets quarantine-header, for a Sieve rule.  "
          "For p=reject, mail of a list whose own signature passes is quarantined; to refuse "
          "that, too, as OpenDMARC did: indirect-mail = \"reject\".",
          "For p=reject, mail of a list whose own signature passes is held; to refuse that, too, "
          "as OpenDMARC did: indirect-mail = \"reject\"." },
    };

    import_option(import, NULL, "dmarc", "enforce",
                  reject ? "\"reject\"" : hold ? "\"quarantine\"" : "\"none\"",
                  notes[reject][hold]);
    import_also(import, "RejectFailures");
    if (hold || import_setting(import, "HoldQuarantinedMessages")) {
        import_option(import, NULL, "dmarc", "quarantine", hold ? "\"hold\"" : "\"tag\"", NULL);
        import_also(import, "HoldQuarantinedMessages");
    }
    if (reject)
        import_option(import, NULL, "dmarc", "temperror", "\"tempfail\"",
                      "What RejectFailures does when DNS does not answer.");
}

/* Without RequiredHeaders OpenDMARC let pass what has no usable From.  That is
 * kept where it acted on nothing anyway; else it would be the way around. */
static void bad_from(struct import *import, bool reject)
{
    bool required = import_boolean(import, "RequiredHeaders", false) ||
                    import_boolean(import, "RequiredFrom", false);

    import_option(import, NULL, "dmarc", "bad-from",
                  required || reject ? "\"reject\"" : "\"accept\"",
                  required ? "Only From is looked at; the other fields are the MTA's business.  "
                             "Authors of several domains are no usable From unless each is "
                             "authenticated."
                  : reject ? "REVIEW: OpenDMARC let mail without a usable From pass, which would "
                             "be a way around every policy."
                           : "As it was: OpenDMARC let mail without a usable From pass.");
    import_also(import, "RequiredHeaders");
    import_also(import, "RequiredFrom");
    import_also(import, "RejectMultiValueFrom");
}

static void finish(struct import *import)
{
    bool reject = import_boolean(import, "RejectFailures", false);
    bool hold = import_boolean(import, "HoldQuarantinedMessages", false);

    trusted_sealers(import);
    enforcement(import, reject, hold);
    bad_from(import, reject);
    import_option(import, NULL, NULL, "null-mx-sender", "\"accept\"",
                  "OpenDMARC did not look at this; \"reject\" is worth having.");
}

static const struct import_row rows[] = {
    { "AuthservIDWithJobID", FOREIGN_BOOLEAN,
      .note = "By our id alone are our fields found and forged ones removed; the log line has the "
              "queue id." },
    { "CopyFailuresTo", FOREIGN_TEXT,
      .note = "vidimus adds no recipients.  To look at such mail: dmarc { quarantine = \"hold\" }, "
              "or a Sieve rule on quarantine-header." },
    { "DNSTimeout", FOREIGN_INTEGER, import_number, "resolver", "timeout",
      "A question; message-timeout bounds all questions of a message." },
    { "DomainWhitelist", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "DomainWhitelistFile", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "DomainWhitelistSize", FOREIGN_INTEGER, .note = "The list may have any length." },
    { "FailureReports", FOREIGN_BOOLEAN, failure_reports, "reports", "failure", report_failures },
    { "FailureReportsBcc", FOREIGN_TEXT, .note = no_copies },
    { "FailureReportsOnNone", FOREIGN_BOOLEAN, .note = any_policy },
    { "FailureReportsSentBy", FOREIGN_TEXT, sent_by, "reports", "email", report_address },
    { "ForensicReports", FOREIGN_BOOLEAN, failure_reports, "reports", "failure", report_failures },
    { "ForensicReportsBcc", FOREIGN_TEXT, .note = no_copies },
    { "ForensicReportsOnNone", FOREIGN_BOOLEAN, .note = any_policy },
    { "ForensicReportsSentBy", FOREIGN_TEXT, sent_by, "reports", "email", report_address },
    { "HistoryFile", FOREIGN_TEXT, history, "reports", "enabled",
      "REVIEW: what a report needs is noted in reports { spool }.  `vidimus report' and its timers "
      "take the place of opendmarc-import, -reports, -expire and MySQL; they send nothing before "
      "reports { email } is set." },
    { "HoldQuarantinedMessages", FOREIGN_BOOLEAN, import_elsewhere, NULL, NULL, NULL },
    { "IgnoreAuthenticatedClients", FOREIGN_BOOLEAN,
      .note = "Mail of authenticated clients is never judged." },
    { "IgnoreHosts", FOREIGN_TEXT, import_network_file, NULL, "trusted-networks",
      "Their mail is not judged, and a field with our id stays on it: name none but your own "
      "hosts." },
    { "IgnoreMailFrom", FOREIGN_TEXT, ignored_authors, NULL, NULL,
      "The field still tells the result; domains include what is below them." },
    { "IgnoreMailTo", FOREIGN_TEXT, .note = "Mail to whomever counts in reports; see reports "
                                            "{ skip-domains }." },
    { "PublicSuffixList", FOREIGN_TEXT, psl, "dmarc", "organizational-domain",
      "The list is the one that libpsl brings, not this file.  RFC 9989 finds the domain without "
      "a list (\"tree-walk\", the default of vidimus)." },
    { "RecordAllMessages", FOREIGN_BOOLEAN,
      .note = "Mail of domains without a DMARC record stands in no report." },
    { "RejectFailures", FOREIGN_BOOLEAN, import_elsewhere, NULL, NULL, NULL },
    { "RejectMultiValueFrom", FOREIGN_BOOLEAN, import_elsewhere, NULL, NULL, NULL },
    { "RejectString", FOREIGN_TEXT,
      .note = "The reply is fixed: 550 5.7.26, with \"DMARC\" and the domain in its text." },
    { "ReportCommand", FOREIGN_TEXT, report_command, "reports", "submit",
      "By itself vidimus hands reports to the MTA by SMTP (smtp:127.0.0.1:25), as its hardened "
      "unit has to: it cannot run Postfix's postdrop." },
    { "RequiredFrom", FOREIGN_BOOLEAN, import_elsewhere, NULL, NULL, NULL },
    { "RequiredHeaders", FOREIGN_BOOLEAN, import_elsewhere, NULL, NULL, NULL },
    { "SPFIgnoreResults", FOREIGN_BOOLEAN, .note = by_itself },
    { "SPFSelfValidate", FOREIGN_BOOLEAN, .note = by_itself },
    { "TestDNSData", FOREIGN_TEXT, .note = "`vidimus check --zone FILE' answers from a file." },
    { "TrustedAuthservIDs", FOREIGN_TEXT, trusted_ids, NULL, "own-authserv-ids",
      "Their fields count, and stay, only on mail from trusted-networks; anyone else's with these "
      "ids are removed." },
    { NULL, FOREIGN_TEXT, NULL, NULL, NULL, NULL },
};

const struct import_program import_opendmarc = {
    .command = "import-opendmarc",
    .name = "OpenDMARC",
    .manual = "opendmarc.conf(5)",
    .rows = rows,
    .finish = finish,
};
