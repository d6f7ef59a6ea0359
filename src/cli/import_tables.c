/* import_tables.c: OpenDKIM's KeyTable and SigningTable as they are: vidimus reads
 * them, but refuses what OpenDKIM lets pass without a word. */
#include "cli/import_sign.h"

#include "base/buf.h"
#include "cli/import_dataset.h"
#include "cli/import_translate.h"
#include "config/config.h"

enum { ERRORS_SHOWN = 5 };

/* A private key may stand in the table itself, instead of the name of its file. */
static bool holds_keys(const struct import_dataset *key_table)
{
    for (size_t i = 0; i < key_table->count; i++)
        if (import_key_file(key_table->entries[i].value).len == 0)
            return true;
    return false;
}

/* Both can be named to our reader, and no key comes out on the way. */
static bool can_be_named(struct import *import, const struct foreign_setting *keys,
                         const struct foreign_setting *signing)
{
    struct import_dataset key_table = import_dataset_read(import, keys->value);
    struct import_dataset signing_table = import_dataset_named(import, signing->value);

    if (key_table.kind == DATASET_ELSEWHERE)
        import_unreadable(import, NULL, "opendkim-key-table", keys, key_table.trouble);
    else if (holds_keys(&key_table))
        import_none(import, keys, "REVIEW: it holds private keys; write each into a file of its "
                                  "own, and the name of the file in its place.");
    else if (signing_table.kind != DATASET_ELSEWHERE)
        return true;
    if (signing_table.kind == DATASET_ELSEWHERE)
        import_unreadable(import, NULL, "opendkim-signing-table", signing, signing_table.trouble);
    else
        import_also_setting(import, signing);
    return false;
}

/* SPEC as our options have it. */
static const char *table_spec(struct import *import, struct text spec)
{
    struct import_dataset dataset = import_dataset_named(import, spec);
    const char *prefix = dataset.kind == DATASET_PATTERNS ? "refile"
                         : dataset.kind == DATASET_FILE   ? "file"
                                                          : "csl";

    if (text_starts_nocase(spec, TEXT("csl:")))
        spec = text_tail(spec, 4);
    return import_quoted(import, text_of(import_printf(import, "%s:%.*s", prefix,
                                                       TEXT_ARGS(dataset.path
                                                                     ? text_of(dataset.path)
                                                                     : spec))));
}

struct errors_told {
    struct import *import;
    struct buf text;
    size_t count;
};

static void keep_error(void *context, const char *text)
{
    struct errors_told *told = context;

    if (told->count++ < ERRORS_SHOWN)
        buf_printf(&told->text, "%s%s", told->count > 1 ? "; " : "",
                   import_shown(told->import, text_of(text)));
}

/* What our reader says against the tables that TEXT names; NULL: nothing. */
static const char *table_errors(struct import *import, const char *text)
{
    struct errors_told told = { .import = import };
    struct config *config;

    if (import->disk != &import_real_disk)
        return NULL;
    buf_init(&told.text, import->region, IMPORT_OCTETS_MAX);
    config = config_read_text("import", text_of(text), true, keep_error, &told);
    config_unref(config);
    if (config || !buf_str(&told.text))
        return NULL;
    if (told.count > ERRORS_SHOWN)
        buf_printf(&told.text, "; and %zu more", told.count - ERRORS_SHOWN);
    return buf_str(&told.text);
}

static const char *note(struct import *import, const char *errors)
{
    if (errors)
        return import_printf(import, "REVIEW: vidimus reads such tables, but not these: %s.  Mend "
                                     "them, or import with --expand.", errors);
    if (import_sign_is_told_how(import))
        return import_printf(import, "%s  REVIEW: what the tables sign is relaxed/relaxed and "
                                     "without x=; to have it otherwise, import with --expand.",
                             import_keys_readable);
    return import_keys_readable;
}

static void name_tables(struct import *import, const struct foreign_setting *keys,
                        const struct foreign_setting *signing)
{
    const char *value = import_printf(
        import, "%s\nopendkim-signing-table = %s%s", table_spec(import, keys->value),
        table_spec(import, signing->value),
        import_boolean(import, "MultipleSignatures", false)
            ? "\nopendkim-multiple-signatures = true" : "");
    const char *errors =
        table_errors(import, import_printf(import, "opendkim-key-table = %s", value));

    if (errors)
        import_choice(import, keys, NULL, "opendkim-key-table", value, note(import, errors));
    else
        import_option(import, keys, NULL, "opendkim-key-table", value, note(import, NULL));
    import_also_setting(import, signing);
    import_also(import, "MultipleSignatures");
    import_sign_also_how(import);
}

void import_sign_by_tables(struct import *import)
{
    static const char *const instead[] = { "Domain", "SubDomains", "Selector", "KeyFile" };
    const struct foreign_setting *keys = import_setting(import, "KeyTable");
    const struct foreign_setting *signing = import_setting(import, "SigningTable");

    if (!keys || !signing)
        import_none(import, keys ? keys : signing,
                    "REVIEW: KeyTable and SigningTable work together; one of them is missing.");
    else if (import->expand)
        import_expand_tables(import);
    else if (can_be_named(import, keys, signing))
        name_tables(import, keys, signing);
    for (size_t i = 0; keys && i < sizeof instead / sizeof *instead; i++)
        if (import_setting(import, instead[i]))
            import_none(import, import_setting(import, instead[i]),
                        "OpenDKIM did not look at this beside KeyTable.");
}
