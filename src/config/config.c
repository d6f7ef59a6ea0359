/* config.c: reading the configuration.
 *
 * 1. tokens.c turns the files into tokens that know their place.
 * 2. libconfuse parses the tokens.  It is handed one token a line, so the line
 *    that it counts is the number of the token: that gives every value, and
 *    every error, its own file and line.  Strings go as the number of their
 *    token in quotes; their octets stay here.
 * 3. What it accepted is walked along the option table, defaults filled in,
 *    and checked; all errors of that are told in one run.
 *
 * libconfuse's scanner is one global; a lock keeps readers apart.
 */
#include "config/config.h"

#include <confuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/region.h"
#include "config/sections_private.h"
#include "config/statements_private.h"
#include "config/table_private.h"
#include "config/tokens_private.h"
#include "config/values_private.h"

struct holder {
    struct config config; /* first: what users hold points here */
    atomic_uint references;
    struct region *region; /* all memory of the configuration, this too */
};

struct reading {
    struct region *region; /* the configuration's */
    struct region *scratch;
    struct errors errors;
    struct tokens tokens;
    struct config *config;
    struct rules rules;
    bool reads_tables;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct reading *current; /* what libconfuse is working on, under the lock */

/* The token that libconfuse has just read. */
static const struct token *token_now(const cfg_t *cfg)
{
    size_t number = cfg->line > 0 ? (size_t)cfg->line : 1;

    if (number > current->tokens.count)
        number = current->tokens.count;
    return &current->tokens.items[number - 1];
}

static int keep_token(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    const struct token *token = token_now(cfg);

    (void)opt;
    (void)value;
    memcpy(result, &token, sizeof token);
    return 0;
}

/* What is wrong where libconfuse did not expect a token of KIND. */
static const char *unexpected(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_WORD:
    case TOKEN_STRING:
        return "in a list a comma stands before the next value";
    case TOKEN_OPEN:
        return "this option takes one value, not a list";
    case TOKEN_EQUAL:
        return "the option before it has no value";
    case TOKEN_COMMA:
    case TOKEN_CLOSE:
        return "a value is missing before it";
    }
    return "";
}

/* Only its first complaint is about the file; the rest follows from it. */
__attribute__((format(printf, 2, 0)))
static void complain(cfg_t *cfg, const char *format, va_list args)
{
    const struct token *token = token_now(cfg);
    const char *section;
    char message[256], quoted[LOG_QUOTED_MAX], hint[128];

    if (!cfg->name) /* libconfuse had no memory for it */
        region_fail(current->scratch);
    if (!cfg->name || current->errors.count)
        return;
    section = strcmp(cfg->name, "root") == 0 ? NULL : cfg->name;
    vsnprintf(message, sizeof message, format, args);
    log_quote(token->text, quoted);
    if (strncmp(message, "no such option", 14) == 0) {
        option_hint(section, token->text, hint, sizeof hint);
        errors_add(&current->errors, token->place, "%s%s%s is not an option here%s",
                   section ? section : "", section ? " " : "", quoted, hint);
    } else if (strncmp(message, "unexpected token", 16) == 0) {
        errors_add(&current->errors, token->place, "unexpected %s: %s", quoted,
                   unexpected(token->kind));
    } else {
        errors_add(&current->errors, token->place, "%s", message);
    }
}

static cfg_opt_t list_end(void)
{
    return (cfg_opt_t)CFG_END();
}

/* The options of SECTION for libconfuse, with ROOM for more at the end. */
static cfg_opt_t *confuse_options(struct region *scratch, const char *section, size_t room,
                                  size_t *count)
{
    cfg_opt_t *opts = region_array(scratch, option_count + room + 1, sizeof *opts);

    *count = 0;
    for (size_t i = 0; opts && i < option_count; i++) {
        const struct option *o = &options[i];

        if (!option_is_in(o, section))
            continue;
        opts[*count] = (cfg_opt_t)CFG_PTR_CB(o->name, NULL, CFGF_NODEFAULT, keep_token, NULL);
        if (option_is_list(o))
            opts[*count].flags |= CFGF_LIST;
        (*count)++;
    }
    if (opts)
        opts[*count] = list_end();
    return opts;
}

/* The grammar of SECTION (NULL: of the file), with the sections in it. */
static cfg_opt_t *confuse_grammar(struct region *scratch, const char *section)
{
    size_t count, inner = 0;
    cfg_opt_t *opts;

    for (const struct section *s = sections; s->name; s++)
        inner += section_is_in(s, section);
    opts = confuse_options(scratch, section, inner, &count);
    for (const struct section *s = sections; opts && s->name; s++) {
        cfg_opt_t *nested;

        if (!section_is_in(s, section))
            continue;
        nested = confuse_grammar(scratch, s->name);
        if (!nested)
            return NULL;
        opts[count++] =
            (cfg_opt_t)CFG_SEC(s->name, nested, s->titled ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE);
        opts[count] = list_end();
    }
    return opts;
}

/* The tokens as text, one a line. */
static const char *confuse_text(const struct tokens *tokens, struct region *scratch)
{
    struct buf buf;

    buf_init(&buf, scratch, (size_t)-1 / 2);
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *t = &tokens->items[i];

        if (t->kind == TOKEN_STRING)
            buf_printf(&buf, "\"%zu\"\n", i);
        else
            buf_printf(&buf, "%.*s\n", TEXT_ARGS(t->text));
    }
    return buf_str(&buf);
}

static void store_option(struct reading *r, const struct option *o, cfg_opt_t *opt, void *target)
{
    size_t count = opt ? cfg_opt_size(opt) : 0;
    struct value *values = region_array(r->scratch, count, sizeof *values);

    if (!opt) /* libconfuse had no memory for it */
        region_fail(r->scratch);
    if (!opt || !values)
        return;
    for (unsigned i = 0; i < count; i++) {
        const struct token *token = cfg_opt_getnptr(opt, i);

        if (!token) { /* nor for that */
            region_fail(r->scratch);
            return;
        }
        values[i] = (struct value){ token->text, token->place };
    }
    /* An empty list is a value, too. */
    if (count || (opt->flags & CFGF_MODIFIED))
        value_store(o, values, count, target, r->region, &r->errors);
    else
        value_store_default(o, target, r->region, &r->errors);
}

static void store_sections(struct reading *r, const char *parent, cfg_t *cfg, void *container);

static void store_section(struct reading *r, const char *section, cfg_t *cfg, void *target)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_is_in(&options[i], section))
            store_option(r, &options[i], cfg_getopt(cfg, options[i].name), target);
    store_sections(r, section, cfg, target);
}

static void check_section(struct reading *r, const struct section *s, struct place place,
                          void *item)
{
    if (s->check)
        s->check(&(struct section_item){ item, place, r->region, &r->errors, &r->rules });
}

static void store_item(struct reading *r, const struct section *s, cfg_t *cfg, char *item)
{
    /* The title is the number of its token: statements.c saw to it. */
    const struct token *title = &r->tokens.items[strtoul(cfg_title(cfg), NULL, 10)];
    const char *copy = text_dup(r->region, title->text);

    memcpy(item + s->title, &copy, sizeof copy);
    store_section(r, s->name, cfg, item);
    if (copy)
        check_section(r, s, title->place, item);
}

static void store_items(struct reading *r, const struct section *s, cfg_t *cfg, char *container)
{
    size_t count = cfg_size(cfg, s->name);
    char *items = region_array(r->region, count, s->size);

    if (!items)
        return;
    for (unsigned i = 0; i < count; i++)
        store_item(r, s, cfg_getnsec(cfg, s->name, i), items + i * s->size);
    memcpy(container + s->count, &count, sizeof count);
    memcpy(container + s->items, &items, sizeof items);
}

/* Where the section NAME begins, or would. */
static struct place section_place(const struct reading *r, const char *name)
{
    const struct tokens *t = &r->tokens;

    for (size_t i = 0; i + 1 < t->count; i++)
        if (t->items[i].kind == TOKEN_WORD && t->items[i + 1].kind == TOKEN_OPEN &&
            text_equal(t->items[i].text, text_of(name)))
            return t->items[i].place;
    return (struct place){ r->config->file, 1, 0 };
}

static void store_sections(struct reading *r, const char *parent, cfg_t *cfg, void *container)
{
    for (const struct section *s = sections; s->name; s++) {
        if (!section_is_in(s, parent))
            continue;
        if (s->titled) {
            store_items(r, s, cfg, container);
        } else {
            store_section(r, s->name, cfg_getsec(cfg, s->name), container);
            check_section(r, s, section_place(r, s->name), container);
        }
    }
}

static void check_metrics(struct reading *r, cfg_t *cfg)
{
    const struct config *c = r->config;
    cfg_t *section = cfg_getsec(cfg, "metrics");
    const struct token *listen = section ? cfg_getnptr(section, "listen", 0) : NULL;

    if (listen && c->metrics.listen && !metrics_listen_is_local(c->metrics.listen) &&
        !c->allow_remote)
        errors_add(&r->errors, listen->place,
                   "metrics listen: %s can be reached from other hosts, and anybody may ask; use "
                   "a loopback address, or set allow-remote = true", c->metrics.listen);
}

/* What concerns more than one option. */
static void check_together(struct reading *r, cfg_t *cfg)
{
    const struct config *c = r->config;
    const struct token *listen = cfg_getnptr(cfg, "listen", 0);

    if (listen && c->listen && !listen_is_local(c->listen) && !c->allow_remote)
        errors_add(&r->errors, listen->place,
                   "listen: %s can be reached from other hosts, and the milter protocol knows no "
                   "password; use a loopback address, or set allow-remote = true", c->listen);
    check_metrics(r, cfg);
}

static struct place option_place(const struct reading *r, cfg_t *cfg, const char *name)
{
    const struct token *token = cfg_getnptr(cfg, name, 0);

    return token ? token->place : (struct place){ r->config->file, 1, 0 };
}

/* The rules of OpenDKIM's tables, which go together. */
static void read_opendkim_tables(struct reading *r, cfg_t *cfg)
{
    const struct opendkim_tables tables = {
        .keys = r->config->opendkim_key_table,
        .signing = r->config->opendkim_signing_table,
        .keys_place = option_place(r, cfg, "opendkim-key-table"),
        .signing_place = option_place(r, cfg, "opendkim-signing-table"),
        .multiple = r->config->opendkim_multiple_signatures,
    };

    if (!tables.keys || !tables.signing || (!*tables.keys && !*tables.signing))
        return;
    if (!*tables.keys)
        errors_add(&r->errors, tables.signing_place,
                   "opendkim-signing-table names keys of a KeyTable: set opendkim-key-table");
    else if (!*tables.signing)
        errors_add(&r->errors, tables.keys_place,
                   "opendkim-key-table is of no use alone: set opendkim-signing-table, or name the "
                   "keys in sign sections");
    else
        opendkim_tables_read(&r->rules, &tables);
}

static void read_tables(struct reading *r, cfg_t *cfg)
{
    const char *key_table = r->config->key_table;

    r->rules.order = r->tokens.count;
    if (key_table && *key_table)
        key_table_file(&r->rules, key_table, option_place(r, cfg, "key-table"));
    read_opendkim_tables(r, cfg);
}

static void store_all(struct reading *r, cfg_t *cfg)
{
    rules_init(&r->rules, r->region, r->scratch, &r->errors);
    store_section(r, NULL, cfg, r->config);
    check_together(r, cfg);
    if (r->reads_tables)
        read_tables(r, cfg);
    rules_store(&r->rules, r->config);
}

/* What libconfuse certainly has enough of. */
enum { PARSER_OCTETS = 2 << 20, PARSER_TOKEN_OCTETS = 1024 };

/* libconfuse follows its own NULLs, or exits: so it is asked for nothing when memory is
 * short.  (What other threads take meanwhile cannot be known.) */
static bool memory_is_at_hand(const struct tokens *tokens)
{
    struct region *region = region_new(0);
    size_t wanted = PARSER_OCTETS + tokens->count * PARSER_TOKEN_OCTETS;
    bool enough = region && region_alloc(region, wanted);

    region_free(region);
    return enough;
}

/* The tokens to the configuration; under the lock. */
static void parse(struct reading *r)
{
    cfg_opt_t *grammar = confuse_grammar(r->scratch, NULL);
    const char *text = confuse_text(&r->tokens, r->scratch);
    cfg_t *cfg = NULL;

    if (grammar && text && memory_is_at_hand(&r->tokens))
        cfg = cfg_init(grammar, CFGF_NONE);
    if (!cfg) {
        region_fail(r->scratch);
        return;
    }
    cfg_set_error_function(cfg, complain);
    if (r->tokens.count && cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
        if (!r->errors.count)
            region_fail(r->scratch);
    } else if (statements_check(&r->tokens, r->scratch, &r->errors)) {
        store_all(r, cfg);
    }
    cfg_free(cfg);
}

static struct config *new_config(struct region *region, const char *file)
{
    struct holder *holder = region ? region_alloc(region, sizeof *holder) : NULL;

    if (!holder)
        return NULL;
    holder->region = region;
    atomic_init(&holder->references, 1);
    holder->config.file = text_dup(region, text_of(file ? file : ""));
    return holder->config.file ? &holder->config : NULL;
}

/* FILE_NAME, or TEXT when that is not NULL. */
static struct config *read_config(const char *file_name, const struct text *text, bool tables,
                                  config_report_fn *report, void *context)
{
    struct reading r = { .region = region_new(0), .scratch = region_new(0), .reads_tables = tables };
    bool good;

    r.config = new_config(r.region, file_name);
    if (!r.config || !r.scratch) {
        report(context, "configuration: out of memory");
        region_free(r.scratch);
        region_free(r.region);
        return NULL;
    }
    errors_init(&r.errors, r.scratch);
    tokens_init(&r.tokens, r.scratch);
    if (text)
        good = tokens_read_text(&r.tokens, &r.errors, r.config->file, *text);
    else
        good = !file_name || tokens_read_file(&r.tokens, &r.errors, r.config->file);
    if (good) {
        pthread_mutex_lock(&lock);
        current = &r;
        parse(&r);
        current = NULL;
        pthread_mutex_unlock(&lock);
    }
    good = false;
    if (region_failed(r.scratch) || region_failed(r.region)) /* errors may follow from it */
        report(context, "configuration: out of memory");
    else
        good = !errors_report(&r.errors, report, context);
    region_free(r.scratch);
    if (good)
        return r.config;
    region_free(r.region);
    return NULL;
}

struct config *config_read(const char *file_name, config_report_fn *report, void *context)
{
    return read_config(file_name, NULL, true, report, context);
}

struct config *config_read_text(const char *name, struct text text, bool tables,
                                config_report_fn *report, void *context)
{
    return read_config(name, &text, tables, report, context);
}

struct config *config_ref(struct config *config)
{
    struct holder *holder = (struct holder *)config;

    atomic_fetch_add_explicit(&holder->references, 1, memory_order_relaxed);
    return config;
}

void config_unref(struct config *config)
{
    struct holder *holder = (struct holder *)config;

    if (holder && atomic_fetch_sub_explicit(&holder->references, 1, memory_order_acq_rel) == 1)
        region_free(holder->region);
}

bool strings_have(const struct strings *strings, struct text t)
{
    for (size_t i = 0; i < strings->count; i++)
        if (text_equal_nocase(text_of(strings->items[i]), t))
            return true;
    return false;
}

bool networks_have(const struct networks *networks, const struct ip_address *ip)
{
    for (size_t i = 0; i < networks->count; i++)
        if (ip_network_has(&networks->items[i], ip))
            return true;
    return false;
}

bool domains_have(const struct domains *domains, const char *domain)
{
    for (size_t i = 0; i < domains->count; i++)
        if (strcmp(domain, domains->items[i]) == 0)
            return true;
    return false;
}

bool domains_cover(const struct domains *domains, const char *domain)
{
    for (size_t i = 0; i < domains->count; i++)
        if (domain_is_within(domain, domains->items[i]))
            return true;
    return false;
}
