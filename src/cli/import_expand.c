/* import_expand.c: OpenDKIM's KeyTable and SigningTable as `sign` sections.
 *
 *   KeyTable      NAME      DOMAIN:SELECTOR:FILE
 *   SigningTable  PATTERN   NAME[:IDENTITY]    (or a blank between them)
 *
 * "%" stands for the domain of the author: as NAME, as DOMAIN, within FILE and
 * IDENTITY.  The patterns of a "refile:" are wildcards over the whole address,
 * of which the first that matches counts; those of other tables are an address,
 * a domain, ".domain" or "*", of which the most specific counts, as here.
 */
#include "cli/import_sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/region.h"
#include "cli/import_dataset.h"
#include "cli/import_translate.h"
#include "mail/domain.h"

/* Takes what stands before the next colon off VALUE. */
static struct text take_part(struct text *value)
{
    size_t colon = text_find(*value, ':');
    struct text part = text_trim(text_head(*value, colon));

    *value = text_tail(*value, colon + 1);
    return part;
}

struct text import_key_file(struct text value)
{
    struct text file;

    take_part(&value);
    take_part(&value);
    file = text_trim(value);

    if (text_starts_nocase(file, TEXT("/")) || text_starts_nocase(file, TEXT("./")) ||
        text_starts_nocase(file, TEXT("../")))
        return file;
    return TEXT("");
}

/* A line of the SigningTable. */
struct assignment {
    const char *pattern; /* ours */
    struct text written;
    struct text key_name;
    struct text identity; /* may be empty */
    size_t order;
};

struct expansion {
    struct import *import;
    struct import_sign_sections sections;
    bool patterns; /* the SigningTable is a "refile:" */
    bool key_patterns; /* the KeyTable is */
    bool many;     /* MultipleSignatures */
    const char *properties;
    size_t key_count;
    const struct import_entry **keys; /* by name */
    size_t count;
    struct assignment *assignments; /* by pattern, then as they stand there */
};

/* --- keys ----------------------------------------------------------------- */

static int compare(struct text a, struct text b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    const struct import_entry *const *x = a, *const *y = b;
    int order = compare((*x)->key, (*y)->key);

    return order ? order : (*x > *y) - (*x < *y);
}

static void sort_keys(struct expansion *x, const struct import_dataset *keys)
{
    x->keys = region_array(x->import->region, keys->count, sizeof *x->keys);
    for (; x->keys && x->key_count < keys->count; x->key_count++)
        x->keys[x->key_count] = &keys->entries[x->key_count];
    x->key_patterns = keys->kind == DATASET_PATTERNS;
    if (x->key_count && !x->key_patterns)
        qsort(x->keys, x->key_count, sizeof *x->keys, by_name);
}

/* Of one name the first line counts. */
static const struct import_entry *key_named(const struct expansion *x, struct text name)
{
    size_t low = 0, high = x->key_count;

    for (size_t i = 0; x->key_patterns && i < x->key_count; i++)
        if (glob_matches(x->keys[i]->key, name))
            return x->keys[i];
    while (!x->key_patterns && low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(x->keys[middle]->key, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (x->key_patterns || low == x->key_count || !text_equal(x->keys[low]->key, name))
        return NULL;
    return x->keys[low];
}

/* --- patterns ------------------------------------------------------------- */

/* A domain, or a dot and a domain, as `sign` has it; else NULL. */
static const char *sign_pattern(struct import *import, struct text domain)
{
    bool below = domain.len && domain.data[0] == '.';
    domain_name name;

    if (!domain_normalise(text_tail(domain, below), name))
        return NULL;
    return import_printf(import, "%s%s", below ? "." : "", name);
}

/* What `sign` has for a wildcard over the address; NULL with *WHY: nothing. */
static const char *pattern_of_wildcard(const struct expansion *x, struct text wildcard,
                                       const char **why)
{
    struct text domain = text_tail(wildcard, 2);

    if (text_equal(wildcard, TEXT("*")) || text_equal(wildcard, TEXT("*@*")))
        return "*";
    if (!text_starts_nocase(wildcard, TEXT("*@"))) {
        *why = text_find(wildcard, '@') < wildcard.len
                   ? "it is for some addresses, and sign is for domains"
                   : "it is not for a domain, with what is below it or without";
        return NULL;
    }
    *why = "it is not for a domain, with what is below it or without";
    return sign_pattern(x->import,
                        text_starts_nocase(domain, TEXT("*.")) ? text_tail(domain, 1) : domain);
}

/* The same for a name of another table. */
static const char *pattern_of_name(const struct expansion *x, struct text name, const char **why)
{
    if (text_equal(name, TEXT("*")))
        return "*";
    *why = text_find(name, '*') < name.len    ? "it matched nothing: this is no refile:"
           : text_find(name, '@') < name.len  ? "it is for one address, and sign is for domains"
                                              : "it is no domain";
    return text_find(name, '@') < name.len ? NULL : sign_pattern(x->import, name);
}

static int by_pattern(const void *a, const void *b)
{
    const struct assignment *x = a, *y = b;
    int order = strcmp(x->pattern, y->pattern);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* The parts of A's line. */
static void take_value(struct assignment *a, struct text value)
{
    struct text word, rest;

    import_split(value, &word, &rest);
    a->key_name = take_part(&word);
    a->identity = word.len ? text_trim(word) : rest;
}

static void sort_assignments(struct expansion *x, const struct import_dataset *signing)
{
    x->assignments = region_array(x->import->region, signing->count, sizeof *x->assignments);
    for (size_t i = 0; x->assignments && i < signing->count; i++) {
        struct assignment *a = &x->assignments[x->count];
        const char *why = NULL;

        a->written = signing->entries[i].key;
        a->order = i;
        a->pattern = x->patterns ? pattern_of_wildcard(x, a->written, &why)
                                 : pattern_of_name(x, a->written, &why);
        take_value(a, signing->entries[i].value);
        if (a->pattern)
            x->count++;
        else
            import_sign_refuse(&x->sections, a->written, why);
    }
    if (x->count)
        qsort(x->assignments, x->count, sizeof *x->assignments, by_pattern);
}

/* --- sections ------------------------------------------------------------- */

/* The author domain where the pattern leaves no doubt; else NULL. */
static const char *author_of(const char *pattern)
{
    return *pattern == '.' || *pattern == '*' ? NULL : pattern;
}

/* TEXT with AUTHOR for each "%"; NULL: there is one, but no author. */
static const char *filled(struct import *import, struct text text, const char *author)
{
    struct buf buf;

    if (!author && text_find(text, '%') < text.len)
        return NULL;
    buf_init(&buf, import->region, IMPORT_OCTETS_MAX);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '%')
            buf_add(&buf, author);
        else
            buf_char(&buf, text.data[i]);
    return buf_str(&buf);
}

/* The key of A, or why it has none. */
static const char *find_key(const struct expansion *x, const struct assignment *a,
                            struct import_key *key)
{
    static const char many[] = "its key has % for the author domain, of which there may be many";
    const char *author = author_of(a->pattern);
    const char *name = text_equal(a->key_name, TEXT("%"))
                           ? author
                           : import_printf(x->import, "%.*s", TEXT_ARGS(a->key_name));
    const struct import_entry *entry = name ? key_named(x, text_of(name)) : NULL;
    struct text value, domain;
    const char *file;

    if (!entry)
        return name ? "KeyTable has no key of that name" : many;
    if (import_key_file(entry->value).len == 0)
        return "KeyTable holds the private key itself: write it into a file";
    file = filled(x->import, import_key_file(entry->value), author);
    if (!file)
        return many;
    value = entry->value;
    domain = take_part(&value);
    *key = (struct import_key){
        .selector = take_part(&value),
        .file = text_of(file),
        .domain = import_printf(x->import, "%.*s", TEXT_ARGS(domain)),
    };
    if (text_equal(text_of(key->domain), text_of(a->pattern + (*a->pattern == '.'))))
        key->domain = NULL;
    return NULL;
}

/* COUNT lines of one pattern; without MultipleSignatures the first alone counts. */
static void add_section(struct expansion *x, const struct assignment *a, size_t count)
{
    size_t wanted = x->many ? count : 1;
    struct import_key *keys = region_array(x->import->region, wanted, sizeof *keys);
    struct import_signer signer = {
        .pattern = a->pattern,
        .properties = x->properties,
        .keys = keys,
    };

    for (size_t i = 0; keys && i < wanted; i++) {
        const char *why = find_key(x, &a[i], &keys[signer.key_count]);

        if (why)
            import_sign_refuse(&x->sections, a[i].written, why);
        else
            signer.key_count++;
    }
    if (a->identity.len)
        signer.identity = import_printf(x->import, "%.*s", TEXT_ARGS(a->identity));
    if (signer.key_count)
        import_sign_section(&x->sections, &signer);
    if (wanted < count)
        import_sign_refuse(&x->sections, a->written,
                           "the first line of it alone counts without MultipleSignatures");
}

static void add_sections(struct expansion *x)
{
    for (size_t i = 0, count; i < x->count; i += count) {
        for (count = 1; i + count < x->count; count++)
            if (strcmp(x->assignments[i].pattern, x->assignments[i + count].pattern) != 0)
                break;
        add_section(x, &x->assignments[i], count);
    }
}

static const char *note(const struct expansion *x)
{
    return import_printf(x->import, "%s  REVIEW: of several patterns that match the most specific "
                                    "counts%s.", import_keys_readable,
                         x->many       ? ", not all of them"
                         : x->patterns ? ", not the one that stands first"
                                       : "");
}

void import_expand_tables(struct import *import)
{
    const struct foreign_setting *key_table = import_setting(import, "KeyTable");
    const struct foreign_setting *signing_table = import_setting(import, "SigningTable");
    struct import_dataset keys = import_dataset_read(import, key_table->value);
    struct import_dataset signing = import_dataset_read(import, signing_table->value);
    struct expansion x = {
        .import = import,
        .sections = import_sign_sections_new(import),
        .patterns = signing.kind == DATASET_PATTERNS,
        .many = import_boolean(import, "MultipleSignatures", false),
    };

    if (keys.trouble)
        import_unreadable(import, NULL, "sign", key_table, keys.trouble);
    if (signing.trouble)
        import_unreadable(import, NULL, "sign", signing_table, signing.trouble);
    if (keys.trouble || signing.trouble)
        return;
    x.properties = import_sign_properties(import);
    sort_keys(&x, &keys);
    sort_assignments(&x, &signing);
    add_sections(&x);
    import_sign_sections_print(&x.sections, note(&x));
    import_also_setting(import, key_table);
    import_also_setting(import, signing_table);
    import_also(import, "MultipleSignatures");
    import_sign_also_how(import);
}
