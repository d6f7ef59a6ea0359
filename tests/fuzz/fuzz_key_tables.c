/* fuzz_key_tables: the tables of keys.  The first octet says which: k our own, f
 * and r OpenDKIM's (file:, refile:; upper case: MultipleSignatures), the KeyTable
 * before a line "--", the SigningTable behind it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "config/opendkim_keys_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *text)
{
    (void)context;
    if (strncmp(text, "input:", 6) != 0 && strncmp(text, "configuration: ", 15) != 0)
        abort(); /* an error without a place */
}

static void read_opendkim(struct rules *rules, char kind, struct text text)
{
    static const char between[] = "\n--\n";
    const char *found =
        text.len ? memmem(text.data, text.len, between, sizeof between - 1) : NULL;
    size_t cut = found ? (size_t)(found - text.data) : text.len;
    struct dataset keys = { .patterns = kind == 'R' };
    struct dataset signing = { .patterns = kind == 'r' || kind == 'R' };

    dataset_read_text(&keys, rules, "input", text_head(text, cut));
    dataset_read_text(&signing, rules, "input", text_tail(text, cut + sizeof between - 1));
    opendkim_tables_take(rules, &keys, &signing, kind == 'F' || kind == 'R');
}

static void check(const struct config *config)
{
    domain_name name;

    for (size_t i = 0; i < config->sign_rule_count; i++) {
        const struct sign_rule *rule = &config->sign_rules[i];

        if (!*rule->pattern || rule->key_count == 0 || rule->key_count > SIGN_KEYS_MAX)
            abort();
        for (size_t k = 0; k < rule->key_count; k++) {
            const struct key_source *key = &rule->keys[k];

            if (!*key->file || !domain_normalise(text_of(key->selector), name) ||
                (strcmp(key->domain, AUTHOR_DOMAIN) != 0 &&
                 !domain_normalise(text_of(key->domain), name)))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct region *region = region_new(0), *scratch = region_new(0);
    struct text text = { (const char *)data, size };
    struct config config = { .file = "input" };
    struct errors errors;
    struct rules rules;

    errors_init(&errors, scratch);
    rules_init(&rules, region, scratch, &errors);
    if (size > 0 && data[0] == 'k')
        key_table_read(&rules, "input", text_tail(text, 1));
    else if (size > 0)
        read_opendkim(&rules, (char)data[0], text_tail(text, 1));
    rules_store(&rules, &config);
    if (!errors_report(&errors, ignore, NULL))
        check(&config);
    region_free(scratch);
    region_free(region);
    return 0;
}
