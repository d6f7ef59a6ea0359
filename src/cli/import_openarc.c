/* import_openarc.c: openarc.conf, as the manuals and samples of both lines of
 * OpenARC have it (The Trusted Domain Project; flowerysong). */
#include "cli/import_translate.h"

#include <string.h>

#include "base/buf.h"

static const char replies[] =
    "vidimus accepts what it does not judge, and defers what it cannot finish.";

/* "s" or neither letter: it sealed. */
static bool seals(const struct import *import)
{
    const struct foreign_setting *mode = import_setting(import, "Mode");

    return !mode || text_find(mode->value, 's') < mode->value.len ||
           text_find(mode->value, 'v') == mode->value.len;
}

static void mode(struct import *import, const struct import_row *row,
                 const struct foreign_setting *s)
{
    (void)row;
    import_none(import, s,
                seals(import)
                    ? "What comes in is always judged, its ARC chain with the rest; what is "
                      "sealed, seal says."
                    : "It only verified; without seal, so does vidimus.");
}

/* Needs From, which OpenARC adds by itself. */
static const char *fields(struct import *import, const struct foreign_setting *s)
{
    struct texts names = import_split_list(import, s->value);
    bool from = false;
    struct buf buf;

    for (size_t i = 0; i < names.count; i++)
        from = from || text_equal_nocase(names.items[i], TEXT("from"));
    if (!names.items)
        return "";
    buf_init(&buf, import->region, IMPORT_OCTETS_MAX);
    buf_printf(&buf, "    fields = {%s", from ? "" : "\"from\"");
    for (size_t i = 0; i < names.count; i++)
        buf_printf(&buf, "%s%s", i || !from ? ", " : "", import_quoted(import, names.items[i]));
    buf_add(&buf, "}\n");
    return buf_str(&buf) ? buf_str(&buf) : "";
}

static const char *seal_text(struct import *import, const struct foreign_setting *domain,
                             const struct foreign_setting *selector,
                             const struct foreign_setting *key)
{
    const struct foreign_setting *headers = import_setting(import, "SignHeaders");

    return import_printf(import,
                         "seal {\n"
                         "    all = true\n"
                         "%s"
                         "    key %s {\n"
                         "        file = %s\n"
                         "        domain = %s\n"
                         "    }\n"
                         "}\n",
                         headers ? fields(import, headers) : "",
                         import_quoted(import, selector->value),
                         import_quoted(import, text_of(import_path(import, key->value))),
                         import_quoted(import, domain->value));
}

static void also_seal(struct import *import)
{
    import_also(import, "Domain");
    import_also(import, "Selector");
    import_also(import, "KeyFile");
    import_also(import, "SignHeaders");
}

static void seal(struct import *import)
{
    const struct foreign_setting *domain = import_setting(import, "Domain");
    const struct foreign_setting *selector = import_setting(import, "Selector");
    const struct foreign_setting *key = import_setting(import, "KeyFile");

    if (!domain && !selector && !key && !import_setting(import, "SignHeaders"))
        return;
    if (!seals(import))
        import_none(import, NULL, "They are for sealing, which Mode leaves out.");
    else if (!domain || !selector || !key)
        import_none(import, NULL, "REVIEW: a seal needs Domain, Selector and KeyFile, all three.");
    else
        import_sections(import, NULL, seal_text(import, domain, selector, key),
                        "REVIEW: OpenARC sealed every message.  A seal is of use on mail that "
                        "leaves again, to lists' members and forwarding addresses: instead of "
                        "all, recipient-domains = {...}.  vidimusd needs to read the key: chgrp "
                        "vidimus FILE; chmod 640 FILE.");
    also_seal(import);
}

/* Both lists are of hosts whose mail is not judged. */
static void trusted_networks(struct import *import)
{
    const struct foreign_setting *peers = import_setting(import, "PeerList");
    const struct foreign_setting *internal = import_setting(import, "InternalHosts");
    const struct host_source sources[] = {
        { internal, internal ? internal->value : TEXT("127.0.0.1") },
        { peers, peers ? peers->value : TEXT("") },
    };

    if (internal || peers)
        import_hosts(import, "trusted-networks",
                     "Their mail is not judged, and fields with our id (own-authserv-ids) stay on "
                     "it: name none but your own hosts.", sources, peers ? 2 : 1);
}

static void finish(struct import *import)
{
    trusted_networks(import);
    seal(import);
    import_verifier_only(import, false);
}

static const struct import_row rows[] = {
    { "AuthResIP", FOREIGN_BOOLEAN,
      .note = "iprev in the field has the client's address (policy.iprev), always." },
    { "Canonicalization", FOREIGN_TEXT, .note = "Seals are made relaxed/relaxed: what a relay "
                                                "folds anew breaks nothing." },
    { "Domain", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "DomainWhitelist", FOREIGN_TEXT, import_strings, "arc", "trusted-sealers", NULL },
    { "FinalReceiver", FOREIGN_BOOLEAN,
      .note = "The sealers of the chain stand in the log (arc=pass:...), and DMARC looks at them "
              "itself: arc { trusted-sealers }." },
    { "FixedTimestamp", FOREIGN_TEXT, .note = "`vidimus check --now' has a time of its own." },
    { "Include", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "InternalHosts", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "KeepTemporaryFiles", FOREIGN_BOOLEAN, .note = "There are none; `vidimus check --explain' "
                                                     "tells what broke a seal." },
    { "KeyFile", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "MaximumHeaders", FOREIGN_INTEGER, .note = "Bounds of its own: 64 kB a field, 1000 fields." },
    { "MinimumKeySizeRSA", FOREIGN_INTEGER, import_number, "dkim", "min-rsa-bits",
      "For ARC as for DKIM." },
    { "Mode", FOREIGN_TEXT, mode, NULL, NULL, NULL },
    { "OversignHeaders", FOREIGN_TEXT,
      .note = "What may stand once and no MTA adds later is oversigned, unless seal { fields } is "
              "given." },
    { "PeerList", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "PermitAuthenticationOverrides", FOREIGN_BOOLEAN,
      .note = "Fields with our id are believed from trusted-networks, and removed from what comes "
              "from anybody else." },
    { "RequireSafeKeys", FOREIGN_BOOLEAN, .note = "Let root own key files, and vidimus's group "
                                                  "read them (0640)." },
    { "ResponseDisabled", FOREIGN_TEXT, .note = replies },
    { "ResponseUnable", FOREIGN_TEXT, .note = replies },
    { "ResponseUnwilling", FOREIGN_TEXT, .note = replies },
    { "SealHeaderChecks", FOREIGN_TEXT,
      .note = "REVIEW: what is sealed depends on the recipients alone: seal "
              "{ recipient-domains }." },
    { "Selector", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "SignatureAlgorithm", FOREIGN_TEXT, .note = "ARC has rsa-sha256 alone." },
    { "SignatureTTL", FOREIGN_INTEGER, .note = "Seals do not expire: RFC 8617 gives their "
                                               "signatures no x= that counts." },
    { "SignHeaders", FOREIGN_TEXT, import_elsewhere, NULL, NULL, NULL },
    { "TemporaryDirectory", FOREIGN_TEXT, .note = "There are no temporary files." },
    { "TestKeys", FOREIGN_TEXT, .note = "`vidimus check --zone FILE' answers from a file." },
    { NULL, FOREIGN_TEXT, NULL, NULL, NULL, NULL },
};

const struct import_program import_openarc = {
    .command = "import-openarc",
    .name = "OpenARC",
    .manual = "openarc.conf(5)",
    .includes = true,
    .rows = rows,
    .finish = finish,
};
