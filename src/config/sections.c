#include "config/sections_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/region.h"
#include "config/rules_private.h"

enum { LIFETIME_MIN = 3600 };

/* ---- override */

static bool is_override_name(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] < 0x20 || t.data[i] > 0x7e)
            return false;
    return t.len > 0 && t.len <= 64;
}

static const char *named(const char *engine)
{
    return engine && strcmp(engine, "usual") != 0 ? engine : NULL;
}

const char *override_spf_engine(const struct override *o)
{
    return named(o->spf_engine);
}

const char *override_dkim_engine(const struct override *o)
{
    return named(o->dkim_engine);
}

static bool has_engine(const struct override *o)
{
    return override_spf_engine(o) || override_dkim_engine(o);
}

bool override_caps(const struct override *o, enum enforcement *enforce)
{
    *enforce = o->enforce == ENFORCE_AUTO ? ENFORCE_NONE : o->enforce;
    return o->allow || o->enforce != ENFORCE_AUTO || (o->reports && !has_engine(o));
}

static void check_override_settings(const struct section_item *item, const struct override *o,
                                    const char *quoted)
{
    if (o->allow && o->enforce != ENFORCE_AUTO)
        errors_add(item->errors, item->place,
                   "override %s: allow = true takes mail whatever is found, so enforce has no "
                   "meaning beside it", quoted);
    if (has_engine(o) && (o->from_domains.count || o->recipient_domains.count))
        errors_add(item->errors, item->place,
                   "override %s: spf-engine and dkim-engine are chosen at MAIL FROM, before "
                   "authors and recipients are known; use other conditions", quoted);
}

void check_override(const struct section_item *item)
{
    const struct override *o = item->item;
    char quoted[LOG_QUOTED_MAX];

    log_quote(text_of(o->name), quoted);
    if (!is_override_name(text_of(o->name)))
        errors_add(item->errors, item->place,
                   "override %s: a name has 1 to 64 octets of plain ASCII", quoted);
    check_override_settings(item, o, quoted);
    if (!o->networks.count && !o->from_domains.count && !o->mail_from_domains.count &&
        !o->recipient_domains.count && !o->listeners.count)
        errors_add(item->errors, item->place,
                   "override %s has no condition, so it would hold for all mail; "
                   "set dmarc { enforce } for that", quoted);
}

/* ---- keys */

static void refuse_key(const struct section_item *item, const struct key_source *key,
                       const char *why)
{
    char quoted[LOG_QUOTED_MAX];

    errors_add(item->errors, item->place, "key %s %s", log_quote(text_of(key->selector), quoted),
               why);
}

/* What holds for every key section; the title becomes the selector. */
static void check_key(const struct section_item *item)
{
    struct key_source *key = item->item;
    domain_name selector;

    key->place = place_text(item->place, item->region);
    if (!domain_normalise(text_of(key->selector), selector))
        refuse_key(item, key, "is not a selector; write letters, digits, - and .");
    else
        key->selector = text_dup(item->region, text_of(selector));
    if (key->file && !*key->file)
        refuse_key(item, key, "has no file; set file = \"/PATH\" to its private key in PEM");
}

void check_sign_key(const struct section_item *item)
{
    check_key(item);
}

void check_seal_key(const struct section_item *item)
{
    struct key_source *key = item->item;
    const struct sign_rule none = { .kind = SIGN_ANY };
    const char *why;

    check_key(item);
    if (!key->domain)
        return;
    why = rule_check_key(&none, key, item->region);
    if (key->domain && strcmp(key->domain, AUTHOR_DOMAIN) == 0)
        why = "has no domain; a seal is ours, whoever wrote the message: set domain = "
              "\"example.org\"";
    if (why)
        refuse_key(item, key, why);
}

/* ---- sign */

static void refuse_sign(const struct section_item *item, struct text written, const char *why)
{
    char quoted[LOG_QUOTED_MAX];

    errors_add(item->errors, item->place, "sign %s %s", log_quote(written, quoted), why);
}

/* Two titles of one meaning, such as a U-label and its A-label. */
static void check_pattern_twice(const struct section_item *item, const struct rule *first,
                                struct text written)
{
    char why[LOG_QUOTED_MAX];

    if (text_equal_nocase(first->written, written))
        return; /* statements.c tells it */
    snprintf(why, sizeof why, "is given twice; first at %s:%u", first->place.file,
             first->place.line);
    refuse_sign(item, written, why);
}

static void check_sign_keys(const struct section_item *item, struct text written)
{
    struct sign_rule *rule = item->item;
    struct key_source *keys = (struct key_source *)rule->keys; /* ours till the end */

    if (rule->key_count == 0)
        refuse_sign(item, written, "has no key; add key \"SELECTOR\" { file = \"/PATH\" }");
    if (rule->key_count > SIGN_KEYS_MAX)
        refuse_sign(item, written, "has more than 8 keys");
    for (size_t i = 0; i < rule->key_count; i++) {
        const char *why = rule_check_key(rule, &keys[i], item->region);

        if (why)
            refuse_key(item, &keys[i], why);
    }
}

/* Whether i= in DOMAIN is at or below the d= of KEY, for all that RULE signs. */
static bool identity_fits(const struct sign_rule *rule, const struct key_source *key,
                          const char *domain)
{
    bool authors_own = strcmp(key->domain, AUTHOR_DOMAIN) == 0;

    if (strcmp(domain, AUTHOR_DOMAIN) != 0)
        return !authors_own && domain_is_within(domain, key->domain);
    switch (rule->kind) {
    case SIGN_DOMAIN:
        return authors_own || domain_is_within(rule->pattern, key->domain);
    case SIGN_BELOW:
        return authors_own || domain_is_within(rule->pattern + 1, key->domain);
    case SIGN_ANY:
    case SIGN_ADDRESS:
        break;
    }
    return authors_own;
}

/* The domain of i= normalised; a key that it does not fit is an error. */
static void check_sign_identity(const struct section_item *item, struct text written)
{
    struct sign_rule *rule = item->item;
    const char *at = rule->identity ? strrchr(rule->identity, '@') : NULL;
    domain_name domain = AUTHOR_DOMAIN;
    struct buf buf;

    if (!at || (strcmp(at + 1, AUTHOR_DOMAIN) != 0 && !domain_normalise(text_of(at + 1), domain)))
        return;
    buf_init(&buf, item->region, (size_t)-1 / 2);
    buf_printf(&buf, "%.*s@%s", (int)(at - rule->identity), rule->identity, domain);
    rule->identity = buf_str(&buf);
    for (size_t i = 0; i < rule->key_count; i++) {
        const struct key_source *key = &rule->keys[i];

        if (!key->domain || !key->selector || identity_fits(rule, key, domain))
            continue;
        errors_add(item->errors, item->place,
                   "sign %.*s: identity %s is not at or below the domain (d=%s) of key %s",
                   TEXT_ARGS(written), rule->identity, key->domain, key->selector);
    }
}

void check_sign(const struct section_item *item)
{
    struct sign_rule *rule = item->item;
    struct text written = text_of(rule->pattern);
    const char *why = rule_set_pattern(rule, written, item->region);
    const struct rule *first;

    if (why)
        refuse_sign(item, written, why);
    if (why || !rule->pattern)
        return;
    check_sign_keys(item, written);
    check_sign_identity(item, written);
    if (rule->lifetime > 0 && rule->lifetime < LIFETIME_MIN)
        refuse_sign(item, written, "has a lifetime of less than an hour (3600): mail that waits "
                                   "in a queue would arrive expired");
    first = rules_find(item->rules, rule->pattern);
    if (first)
        check_pattern_twice(item, first, written);
    else
        rules_add(item->rules, rule, written, item->place);
}

/* ---- seal */

static bool has_active(const struct config *config)
{
    for (size_t i = 0; i < config->seal.key_count; i++)
        if (config->seal.keys[i].state == KEY_ACTIVE)
            return true;
    return false;
}

static bool has_field(const struct strings *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i] && text_equal_nocase(text_of(fields->items[i]), text_of(name)))
            return true;
    return false;
}

void check_seal(const struct section_item *item)
{
    const struct config *config = item->item;
    bool wanted = config->seal.all || config->seal.recipient_domains.count > 0;

    if (wanted && config->seal.key_count == 0)
        errors_add(item->errors, item->place,
                   "seal has no key; add key \"SELECTOR\" { file = \"/PATH\" domain = "
                   "\"example.org\" }");
    if (!wanted && has_active(config))
        errors_add(item->errors, item->place,
                   "seal would seal nothing; set recipient-domains, or all = true");
    if (config->seal.fields.count > 0 && !has_field(&config->seal.fields, "From"))
        errors_add(item->errors, item->place, "seal fields: From must be among them (RFC 6376)");
}
