#include "cli/import_sign.h"

#include <string.h>

#include "auth/sign_fields.h"
#include "base/region.h"
#include "cli/import_dataset.h"
#include "cli/import_translate.h"

enum {
    SECTIONS_OCTETS_MAX = 8 * IMPORT_OCTETS_MAX,
    RSA_BITS_DEFAULT = 2048,
    RSA_BITS_LEAST = 1024
};

static const char *const how[] = { "Canonicalization", "SignatureTTL", "SignHeaders",
                                   "OversignHeaders" };

enum { HOW = sizeof how / sizeof how[0] };

bool import_signs(const struct import *import)
{
    const struct foreign_setting *mode = import_setting(import, "Mode");

    return !mode || text_find(mode->value, 's') < mode->value.len;
}

/* --- sections ------------------------------------------------------------- */

struct import_sign_sections import_sign_sections_new(struct import *import)
{
    struct import_sign_sections sections = { .import = import };

    buf_init(&sections.text, import->region, SECTIONS_OCTETS_MAX);
    buf_init(&sections.refused, import->region, SECTIONS_OCTETS_MAX);
    return sections;
}

void import_sign_refuse(struct import_sign_sections *sections, struct text what, const char *why)
{
    buf_printf(&sections->refused, "%s%s (%s)", sections->refused.len ? "; " : "",
               import_shown(sections->import, what), why);
}

static void write_key(struct import *import, struct buf *text, const struct import_key *key)
{
    const char *file = import_quoted(import, text_of(import_path(import, key->file)));

    buf_printf(text, "    key %s {\n        file = %s\n", import_quoted(import, key->selector),
               file);
    if (key->domain)
        buf_printf(text, "        domain = %s\n", import_quoted(import, text_of(key->domain)));
    buf_add(text, "    }\n");
}

void import_sign_section(struct import_sign_sections *sections,
                         const struct import_signer *signer)
{
    struct import *import = sections->import;
    const char *refusal;
    struct buf text;

    buf_init(&text, import->region, SECTIONS_OCTETS_MAX);
    buf_printf(&text, "sign %s {\n%s", import_quoted(import, text_of(signer->pattern)),
               signer->properties);
    if (signer->identity)
        buf_printf(&text, "    identity = %s\n", import_quoted(import, text_of(signer->identity)));
    for (size_t i = 0; i < signer->key_count; i++)
        write_key(import, &text, &signer->keys[i]);
    buf_add(&text, "}\n");
    if (!buf_str(&text))
        return;
    refusal = import_refusal(import, NULL, buf_str(&text));
    if (refusal) {
        import_sign_refuse(sections, text_of(signer->pattern), refusal);
        return;
    }
    buf_printf(&sections->text, "%s%s", sections->count ? "\n" : "", buf_str(&text));
    sections->count++;
}

void import_sign_sections_print(struct import_sign_sections *sections, const char *note)
{
    struct import *import = sections->import;
    const char *refused = buf_str(&sections->refused);

    if (refused && *refused)
        note = import_printf(import, "%s  REVIEW: not taken over: %s.", note, refused);
    if (sections->count && buf_str(&sections->text))
        import_sections(import, NULL, buf_str(&sections->text), note);
    else
        import_none(import, NULL, note);
}

/* --- how it signs --------------------------------------------------------- */

/* A line of a section that our reader takes; else a comment on SETTING. */
static void property(struct import *import, struct buf *lines,
                     const struct foreign_setting *setting, const char *option, const char *value)
{
    static const char key[] = "key \"s\" { file = \"/k\" }";
    const char *why = import_refusal(import, "sign \"example.org\"",
                                     import_printf(import, "%s = %s\n%s", option, value, key));

    if (!why)
        buf_printf(lines, "    %s = %s\n", option, value);
    else
        import_none(import, setting, import_printf(import, "REVIEW: not taken over: %s.", why));
}

/* The body's is simple where only one is named. */
static void canonicalisation(struct import *import, struct buf *lines)
{
    const struct foreign_setting *s = import_setting(import, how[0]);
    const char *more;

    if (!s)
        return;
    more = text_find(s->value, '/') < s->value.len ? "" : "/simple";
    property(import, lines, s, "canonicalization",
             import_quoted(import, text_of(import_printf(import, "%.*s%s", TEXT_ARGS(s->value),
                                                         more))));
}

static void lifetime(struct import *import, struct buf *lines)
{
    const struct foreign_setting *s = import_setting(import, how[1]);
    long long seconds = 0;

    if (!s)
        return;
    import_integer(s->value, &seconds);
    property(import, lines, s, "lifetime", import_printf(import, "%lld", seconds));
}

static bool has(const struct texts *names, struct text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal_nocase(names->items[i], name))
            return true;
    return false;
}

/* "+name" goes with "*", the default; what "-name" takes from that is signed all
 * the same. */
static struct text field_name(struct text entry)
{
    if (entry.data[0] == '+')
        return text_tail(entry, 1);
    return entry.data[0] == '*' || entry.data[0] == '-' ? TEXT("") : entry;
}

/* The names in SETTING that are worth a word; those of OversignHeaders shall not be
 * added later. */
static void add_names(struct import *import, const char *setting, bool alone, struct texts *names)
{
    const struct foreign_setting *s = import_setting(import, setting);
    struct import_dataset dataset = import_dataset_read(import, s ? s->value : TEXT(""));
    struct text *items = region_array(import->region, names->count + dataset.count,
                                      sizeof *items);

    if (dataset.trouble)
        import_unreadable(import, "sign", "more-fields", s, dataset.trouble);
    if (!items || !dataset.count)
        return;
    if (names->count)
        memcpy(items, names->items, names->count * sizeof *items);
    names->items = items;
    for (size_t i = 0; i < dataset.count; i++) {
        struct text name = field_name(dataset.entries[i].key);

        if (sign_may_cover(name) && !sign_fields_usual(name, alone) && !has(names, name))
            names->items[names->count++] = name;
    }
}

static void more_fields(struct import *import, struct buf *lines)
{
    struct texts names = { 0, NULL };

    add_names(import, how[2], false, &names);
    add_names(import, how[3], true, &names);
    if (names.count)
        property(import, lines, import_setting(import, how[2]), "more-fields",
                 import_braced(import, &names));
}

const char *import_sign_properties(struct import *import)
{
    struct buf lines;

    buf_init(&lines, import->region, SECTIONS_OCTETS_MAX);
    canonicalisation(import, &lines);
    lifetime(import, &lines);
    more_fields(import, &lines);
    return buf_str(&lines) ? buf_str(&lines) : "";
}

/* --- one key -------------------------------------------------------------- */

const char import_keys_readable[] =
    "vidimusd reads keys as its own account: chgrp vidimus FILE; chmod 640 FILE.";

/* A name of Domain as a pattern of ours, and the d= that goes with it. */
static struct import_signer signer_for(struct import *import, struct text name,
                                       struct import_key *key)
{
    struct import_signer signer = { .key_count = 1, .keys = key };

    key->domain = NULL;
    if (text_starts_nocase(name, TEXT("*."))) {
        name = text_tail(name, 1);
        key->domain = "%";
    }
    signer.pattern = import_printf(import, "%.*s", TEXT_ARGS(name));
    return signer;
}

/* The name itself and, with SubDomains, what is below it, with the same d=. */
static void sign_domain(struct import_sign_sections *sections, struct text name,
                        const char *properties, struct import_key *key)
{
    struct import *import = sections->import;
    struct import_signer signer = signer_for(import, name, key);

    signer.properties = properties;
    import_sign_section(sections, &signer);
    if (!import_boolean(import, "SubDomains", false) || key->domain || text_equal(name, TEXT("*")))
        return;
    signer.pattern = import_printf(import, ".%s", signer.pattern);
    import_sign_section(sections, &signer);
}

bool import_sign_is_told_how(const struct import *import)
{
    for (size_t i = 0; i < HOW; i++)
        if (import_setting(import, how[i]))
            return true;
    return false;
}

void import_sign_also_how(struct import *import)
{
    for (size_t i = 0; i < HOW; i++)
        import_also(import, how[i]);
}

static void sign_domains(struct import *import, const struct foreign_setting *domain,
                         const struct foreign_setting *selector,
                         const struct foreign_setting *file)
{
    static const char *const names[] = { "Domain", "SubDomains", "Selector", "KeyFile" };
    struct import_sign_sections sections = import_sign_sections_new(import);
    struct import_key key = { .selector = selector->value, .file = file->value };
    struct import_dataset domains = import_dataset_read(import, domain->value);
    const char *properties = import_sign_properties(import);

    if (domains.trouble) {
        import_unreadable(import, NULL, "sign", domain, domains.trouble);
        return;
    }
    for (size_t i = 0; i < domains.count; i++)
        sign_domain(&sections, domains.entries[i].key, properties, &key);
    import_sign_sections_print(&sections, import_keys_readable);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        import_also(import, names[i]);
    import_sign_also_how(import);
}

/* There is no key yet, but there is a say in how it shall sign. */
static void propose_section(struct import *import)
{
    if (!import_sign_is_told_how(import))
        return;
    import_sections_choice(import, NULL,
                           import_printf(import,
                                         "sign \"example.org\" {\n"
                                         "%s"
                                         "    key \"2026a\" {\n"
                                         "        file = \"/etc/vidimus/keys/"
                                         "example.org.2026a.pem\"\n"
                                         "    }\n"
                                         "}\n",
                                         import_sign_properties(import)),
                           "There was no key.  `vidimus keygen' makes one, and this is how it "
                           "would sign:");
    import_sign_also_how(import);
}

static void sign_with_one_key(struct import *import)
{
    const struct foreign_setting *domain = import_setting(import, "Domain");
    const struct foreign_setting *selector = import_setting(import, "Selector");
    const struct foreign_setting *file = import_setting(import, "KeyFile");

    if (domain && selector && file) {
        sign_domains(import, domain, selector, file);
    } else if (domain || selector || file) {
        import_none(import, domain, "REVIEW: to sign takes Domain, Selector and KeyFile, all "
                                    "three.");
        import_also_setting(import, selector);
        import_also_setting(import, file);
    } else {
        propose_section(import);
    }
}

/* --- all of it ------------------------------------------------------------ */

/* OpenDKIM's default was 1024, for signing, too. */
static void shortest_key(struct import *import)
{
    const struct foreign_setting *s = import_setting(import, "MinimumKeyBits");
    long long bits = RSA_BITS_LEAST;

    if (s && import_integer(s->value, &bits) && bits < RSA_BITS_LEAST)
        bits = RSA_BITS_LEAST;
    if (bits == RSA_BITS_DEFAULT)
        return;
    import_option(import, s, NULL, "sign-min-rsa-bits", import_printf(import, "%lld", bits),
                  bits < RSA_BITS_DEFAULT
                      ? "As before.  By itself vidimus signs with 2048 bits or more: where a key "
                        "is shorter, make a new one (`vidimus keygen'), then take this line away."
                      : NULL);
}

void import_signing(struct import *import)
{
    static const char *const all[] = { "Domain",       "SubDomains",        "Selector",
                                       "KeyFile",      "KeyTable",          "SigningTable",
                                       "SignatureTTL", "MultipleSignatures", "Canonicalization",
                                       "SignHeaders",  "OversignHeaders" };
    bool tables = import_setting(import, "KeyTable") || import_setting(import, "SigningTable");

    if (!import_signs(import)) {
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            if (import_setting(import, all[i]))
                import_none(import, import_setting(import, all[i]),
                            "Mode leaves signing out, so it had no effect.");
        return;
    }
    if (tables || import_setting(import, "KeyFile"))
        shortest_key(import);
    if (tables)
        import_sign_by_tables(import);
    else
        sign_with_one_key(import);
}
