/* opendkim_tables.c: OpenDKIM's KeyTable and SigningTable as sign rules.
 *
 * Every line of the SigningTable becomes a rule with a glob over the address, in
 * the order in which OpenDKIM looks: that of the file for refile:, else
 * user@host, host, then for each domain above it user@.domain and .domain, then
 * user@*, *.  What opendkim.conf(5) leaves open is as opendkim 2.11 does it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/glob.h"
#include "base/log.h"
#include "base/region.h"
#include "config/opendkim_keys_private.h"

/* Whom a line signs for. */
struct pattern {
    struct text glob;          /* over the address */
    struct text local, domain; /* its parts */
};

/* One line of the SigningTable. */
struct signing {
    const struct dataset_entry *entry;
    struct pattern pattern;
    struct text key;      /* its name; "%": the author domain */
    struct text identity; /* i=; empty: none */
    unsigned rank;        /* in a plain file: the kind of its name */
};

struct reading {
    struct rules *rules;
    bool multiple;
    bool patterns; /* the SigningTable is a refile */
    struct opendkim_keys keys;
    struct rule *last; /* that was added */
};

static bool refuse(const struct reading *r, const struct signing *s, struct text what,
                   const char *why)
{
    char quoted[LOG_QUOTED_MAX];

    return errors_add(r->rules->errors, s->entry->place, "%s %s", log_quote(what, quoted), why);
}

/* ---- patterns */

static bool has_star(struct text t)
{
    return text_find(t, '*') < t.len;
}

static bool is_domain_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || (c && strchr("-_.*", c)) ||
           (unsigned char)c >= 0x80;
}

static bool is_local_octet(char c)
{
    return c && !octet_is_control(c) && !strchr("()[]\\<>,;: ", c);
}

/* Where the literal end of T begins: behind its last *, or at its start. */
static size_t literal_end(struct text t)
{
    size_t from = t.len;

    while (from > 0 && t.data[from - 1] != '*')
        from--;
    return from;
}

/* DOMAIN, whose end is compared with normalised names, in their form. */
static bool normalise_domain(const struct reading *r, struct text *domain)
{
    size_t from = literal_end(*domain);
    struct text end = text_tail(*domain, from);
    domain_name name;
    struct buf buf;

    if (!text_all(*domain, is_domain_octet))
        return false;
    if (from > 0 && (end.len == 0 || end.data[0] != '.'))
        return true; /* no whole labels */
    if (from > 0)
        from++;
    if (!domain_normalise(text_tail(*domain, from), name))
        return false;
    buf_init(&buf, r->rules->scratch, (size_t)-1 / 2);
    buf_text_add(&buf, text_head(*domain, from));
    buf_add(&buf, name);
    *domain = buf_text(&buf);
    return true;
}

static struct text address_glob(const struct reading *r, struct text local, struct text domain)
{
    struct buf buf;

    buf_init(&buf, r->rules->scratch, (size_t)-1 / 2);
    buf_text_add(&buf, local);
    buf_char(&buf, '@');
    buf_text_add(&buf, domain);
    return buf_text(&buf);
}

/* The last @ of T, or T.len. */
static size_t last_at(struct text t)
{
    for (size_t i = t.len; i > 0; i--)
        if (t.data[i - 1] == '@')
            return i - 1;
    return t.len;
}

static bool set_pattern(const struct reading *r, struct signing *s, struct text local,
                        struct text domain)
{
    if (!text_all(local, is_local_octet) || local.len == 0 || !normalise_domain(r, &domain))
        return refuse(r, s, s->entry->name,
                      "is not a pattern of addresses; only * stands for other text");
    s->pattern = (struct pattern){ address_glob(r, local, domain), local, domain };
    return true;
}

/* A name of a refile: a glob. */
static bool refile_pattern(const struct reading *r, struct signing *s)
{
    struct text name = s->entry->name;
    size_t at = last_at(name);
    size_t end = literal_end(name);

    if (at < name.len)
        return set_pattern(r, s, text_head(name, at), text_tail(name, at + 1));
    if (end == 0)
        return refuse(r, s, name, "never matches: in a refile: it is compared with the whole "
                                  "address; write *@ before it");
    if (!set_pattern(r, s, text_head(name, end), text_tail(name, end - 1)))
        return false;
    s->pattern.glob = name;
    return true;
}

enum rank { RANK_ADDRESS, RANK_DOMAIN, RANK_BELOW, RANK_USER, RANK_ANY };

/* A name of a plain file: user@host, host, user@.domain, .domain, user@*, *. */
static bool file_pattern(const struct reading *r, struct signing *s)
{
    struct text name = s->entry->name;
    size_t at = last_at(name);
    bool of_user = at < name.len;
    struct text local = of_user ? text_head(name, at) : TEXT("*");
    struct text domain = of_user ? text_tail(name, at + 1) : name;
    bool any = text_equal(domain, TEXT("*"));
    bool below = domain.len > 1 && domain.data[0] == '.';
    struct buf buf;

    if ((of_user && (has_star(local) || local.len == 0)) || (!any && has_star(domain)))
        return refuse(r, s, name, "is a pattern, and in a file: it matches nothing; write refile: "
                                  "before the name of the table");
    buf_init(&buf, r->rules->scratch, (size_t)-1 / 2);
    buf_add(&buf, below ? "*" : "");
    buf_text_add(&buf, domain);
    if (any)
        s->rank = of_user ? RANK_USER : RANK_ANY;
    else if (below)
        s->rank = RANK_BELOW;
    else
        s->rank = of_user ? RANK_ADDRESS : RANK_DOMAIN;
    return set_pattern(r, s, local, buf_text(&buf));
}

/* As OpenDKIM looks. */
static int by_rank(const void *a, const void *b)
{
    const struct signing *x = a, *y = b;
    size_t x_len = x->pattern.domain.len, y_len = y->pattern.domain.len;
    bool x_any = text_equal(x->pattern.local, TEXT("*"));
    bool y_any = text_equal(y->pattern.local, TEXT("*"));

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->rank == RANK_BELOW && x_len != y_len)
        return x_len > y_len ? -1 : 1;
    if (x_any != y_any)
        return x_any ? 1 : -1;
    return (x->entry > y->entry) - (x->entry < y->entry);
}

/* ---- rules */

/* T with DOMAIN for each %. */
static const char *with_domain(const struct reading *r, struct text t, struct text domain)
{
    struct buf buf;

    buf_init(&buf, r->rules->region, (size_t)-1 / 2);
    while (t.len > 0) {
        size_t percent = text_find(t, '%');

        buf_text_add(&buf, text_head(t, percent));
        if (percent < t.len)
            buf_text_add(&buf, domain);
        t = text_tail(t, percent + 1);
    }
    return buf_str(&buf);
}

/* The rule of the line before, if GLOB and i= are the same. */
static struct sign_rule *same_as_last(const struct reading *r, struct text glob,
                                      struct text identity)
{
    struct sign_rule *last = r->last ? &r->last->rule : NULL;

    if (last && text_equal_nocase(text_of(last->pattern), glob) &&
        text_equal(text_of(last->identity), identity))
        return last;
    return NULL;
}

static struct sign_rule *new_rule(struct reading *r, const struct signing *s, struct text glob)
{
    struct sign_rule rule = r->rules->fallback;

    rule.kind = SIGN_ADDRESS;
    rule.pattern = text_dup(r->rules->region, glob);
    rule.identity = text_dup(r->rules->region, s->identity);
    r->last = rule.identity ? rules_add(r->rules, &rule, s->entry->name, s->entry->place) : NULL;
    return r->last ? &r->last->rule : NULL;
}

static void add_rule(struct reading *r, const struct signing *s, const struct pattern *pattern,
                     const struct opendkim_key *key, const char *file)
{
    struct sign_rule *rule = same_as_last(r, pattern->glob, s->identity);
    struct key_source source = {
        .selector = key->selector,
        .domain = key->domain,
        .file = file,
        .state = KEY_ACTIVE,
        .place = place_text(key->place, r->rules->region),
    };
    const char *why;

    if (rule && (!r->multiple || !r->patterns))
        return; /* OpenDKIM never gets so far */
    if (!rule)
        rule = new_rule(r, s, pattern->glob);
    if (!rule || !file)
        return;
    why = rule_check_key(rule, &source, r->rules->region);
    if (!why && !rule_has_key(rule, &source))
        why = rule_add_key(rule, &source, r->rules->region);
    if (why)
        refuse(r, s, key->name, why);
}

/* PATTERN for DOMAIN alone. */
static struct pattern narrowed(const struct reading *r, const struct pattern *pattern,
                               struct text domain)
{
    return (struct pattern){ address_glob(r, pattern->local, domain), pattern->local, domain };
}

/* ---- a % in the path: one key a domain */

struct folder {
    struct text path;           /* of the folder, with the slash */
    struct text before, behind; /* what surrounds the domain in the names there */
};

static bool find_folder(struct text file, struct folder *folder)
{
    size_t percent = text_find(file, '%');
    size_t start = percent;
    struct text name;

    while (start > 0 && file.data[start - 1] != '/')
        start--;
    name = text_head(text_tail(file, start), text_find(text_tail(file, start), '/'));
    folder->path = text_head(file, start);
    folder->before = text_head(name, percent - start);
    folder->behind = text_tail(name, percent - start + 1);
    return text_find(folder->behind, '%') == folder->behind.len;
}

/* The domain in NAME of FOLDER that PATTERN covers; empty: none. */
static struct text domain_in(const struct folder *folder, const struct pattern *pattern,
                             const char *name)
{
    struct text t = text_of(name);
    size_t around = folder->before.len + folder->behind.len;
    struct text domain = text_head(text_tail(t, folder->before.len), t.len - around);
    domain_name normal;

    if (t.len <= around || !text_equal(text_head(t, folder->before.len), folder->before) ||
        !text_equal(text_tail(t, t.len - folder->behind.len), folder->behind) ||
        !domain_normalise(domain, normal) || !text_equal(domain, text_of(normal)) ||
        domain_labels(normal) < 2 || !glob_matches(pattern->domain, domain))
        return TEXT("");
    return domain;
}

/* A rule for each domain that has a key in the folder, as it is now. */
static void add_each_in_folder(struct reading *r, const struct signing *s,
                               const struct pattern *pattern, const struct opendkim_key *key)
{
    struct folder folder;
    struct dirent **names = NULL;
    int count = -1;
    char why[160];

    if (!find_folder(key->file, &folder)) {
        refuse(r, s, key->file, "has more than one % in a name: that cannot be looked up");
        return;
    }
    if (text_dup(r->rules->scratch, folder.path))
        count = scandir(text_dup(r->rules->scratch, folder.path), &names, NULL, alphasort);
    if (count < 0) {
        snprintf(why, sizeof why, "cannot be listed (%s), to find the domains that %% stands for",
                 strerror(errno));
        refuse(r, s, folder.path, why);
    }
    for (int i = 0; i < count; i++) {
        struct text domain = domain_in(&folder, pattern, names[i]->d_name);
        struct pattern one = narrowed(r, pattern, domain);

        const char *file = domain.len > 0 ? with_domain(r, key->file, domain) : NULL;

        if (file && (access(file, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
            add_rule(r, s, &one, key, file);
        free(names[i]);
    }
    free(names);
}

/* In the path % is d=, whatever the manual says. */
static void add_key(struct reading *r, const struct signing *s, const struct pattern *pattern,
                    const struct opendkim_key *key)
{
    bool of_author = strcmp(key->domain, AUTHOR_DOMAIN) == 0;
    struct text domain = of_author ? pattern->domain : text_of(key->domain);

    if (text_find(key->file, '%') < key->file.len && has_star(domain))
        add_each_in_folder(r, s, pattern, key);
    else
        add_rule(r, s, pattern, key, with_domain(r, key->file, domain));
}

/* ---- a line */

/* NAME[:IDENTITY], or with a blank between them. */
static bool take_value(const struct reading *r, struct signing *s)
{
    struct text value = s->entry->value;
    struct text word = table_word(&value);
    size_t colon = text_find(word, ':');

    s->key = text_head(word, colon);
    s->identity = colon < word.len ? text_tail(word, colon + 1) : value;
    if (s->key.len == 0)
        return refuse(r, s, s->entry->name, "names no key");
    if (s->identity.len > 0 &&
        (last_at(s->identity) == s->identity.len || !text_all(s->identity, is_local_octet)))
        return refuse(r, s, s->identity, "is not an identity; write @example.org or "
                                         "user@example.org, with % for the author domain");
    return true;
}

/* The keys that are called as the author domain is. */
static void add_named_keys(struct reading *r, const struct signing *s)
{
    domain_name name;

    for (size_t i = 0; i < r->keys.count; i++) {
        const struct opendkim_key *key = &r->keys.items[i];
        struct pattern one;

        if (!domain_normalise(key->name, name) ||
            !glob_matches(s->pattern.domain, text_of(name)))
            continue;
        one = narrowed(r, &s->pattern, text_of(name));
        add_key(r, s, &one, key);
    }
}

static void add_signing(struct reading *r, const struct signing *s)
{
    bool of_author = text_equal(s->key, TEXT("%"));
    const struct opendkim_key *key;

    if (of_author && has_star(s->pattern.domain)) {
        add_named_keys(r, s);
        return;
    }
    key = opendkim_keys_find(&r->keys, of_author ? s->pattern.domain : s->key);
    if (key)
        add_key(r, s, &s->pattern, key);
    else
        refuse(r, s, of_author ? s->pattern.domain : s->key, "is not in the key table");
}

static void take_signings(struct reading *r, const struct dataset *set)
{
    struct signing *all = region_array(r->rules->scratch, set->count + 1, sizeof *all);
    size_t count = 0;

    r->patterns = set->patterns;
    for (size_t i = 0; all && i < set->count; i++) {
        struct signing *s = &all[count];

        s->entry = &set->items[i];
        count += take_value(r, s) && (r->patterns ? refile_pattern(r, s) : file_pattern(r, s));
    }
    if (!r->patterns && count > 0)
        qsort(all, count, sizeof *all, by_rank);
    for (size_t i = 0; i < count; i++)
        add_signing(r, &all[i]);
}

void opendkim_tables_take(struct rules *rules, const struct dataset *keys,
                          const struct dataset *signing, bool multiple)
{
    struct reading r = { .rules = rules, .multiple = multiple };

    opendkim_keys_take(&r.keys, keys, rules);
    take_signings(&r, signing);
}

void opendkim_tables_read(struct rules *rules, const struct opendkim_tables *tables)
{
    struct dataset keys, signing;

    if (dataset_read(&keys, rules, tables->keys, tables->keys_place) &&
        dataset_read(&signing, rules, tables->signing, tables->signing_place))
        opendkim_tables_take(rules, &keys, &signing, tables->multiple);
}
