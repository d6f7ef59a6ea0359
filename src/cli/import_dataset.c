#include "cli/import_dataset.h"

#include <string.h>

#include "base/region.h"
#include "cli/import.h"

static const struct scheme {
    const char *prefix;
    enum import_dataset_kind kind;
    const char *what; /* of one that is elsewhere */
} schemes[] = {
    { "csl:", DATASET_LIST, NULL },
    { "file:", DATASET_FILE, NULL },
    { "refile:", DATASET_PATTERNS, NULL },
    { "db:", DATASET_ELSEWHERE, "a Berkeley DB" },
    { "dsn:", DATASET_ELSEWHERE, "an SQL database" },
    { "ldap:", DATASET_ELSEWHERE, "an LDAP directory" },
    { "ldaps:", DATASET_ELSEWHERE, "an LDAP directory" },
    { "ldapi:", DATASET_ELSEWHERE, "an LDAP directory" },
    { "lua:", DATASET_ELSEWHERE, "a Lua script" },
    { "memcache:", DATASET_ELSEWHERE, "a memcached" },
    { "erlang:", DATASET_ELSEWHERE, "an Erlang function" },
    { "mdb:", DATASET_ELSEWHERE, "an LMDB" },
};

/* The row of SPEC's prefix, or NULL. */
static const struct scheme *scheme_of(struct text spec)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (text_starts_nocase(spec, text_of(schemes[i].prefix)))
            return &schemes[i];
    return NULL;
}

static bool ends_in_db(struct text t)
{
    return t.len > 3 && text_equal(text_tail(t, t.len - 3), TEXT(".db"));
}

static struct import_dataset elsewhere(struct import *import, const char *what)
{
    return (struct import_dataset){
        .kind = DATASET_ELSEWHERE,
        .trouble = import_printf(import, "it is in %s, which vidimus does not ask: export it "
                                         "into a file", what),
    };
}

/* The kind of SPEC, whose prefix goes. */
static struct import_dataset classify(struct import *import, struct text *spec)
{
    const struct scheme *scheme = scheme_of(*spec);

    if (scheme) {
        *spec = text_trim(text_tail(*spec, strlen(scheme->prefix)));
        return scheme->what ? elsewhere(import, scheme->what)
                            : (struct import_dataset){ .kind = scheme->kind };
    }
    if (ends_in_db(*spec))
        return elsewhere(import, "a Berkeley DB");
    return (struct import_dataset){
        .kind = import_dataset_is_file(*spec) ? DATASET_FILE : DATASET_LIST,
    };
}

static bool is_file(const struct import_dataset *d)
{
    return d->kind == DATASET_FILE || d->kind == DATASET_PATTERNS;
}

struct import_dataset import_dataset_named(struct import *import, struct text spec)
{
    struct import_dataset d = classify(import, &spec);

    if (is_file(&d))
        d.path = import_path(import, spec);
    return d;
}

bool import_dataset_is_file(struct text spec)
{
    const struct scheme *scheme = scheme_of(spec);

    return scheme ? scheme->kind == DATASET_FILE || scheme->kind == DATASET_PATTERNS
                  : spec.len && spec.data[0] == '/';
}

bool import_dataset_is_elsewhere(struct text spec)
{
    const struct scheme *scheme = scheme_of(spec);

    return scheme && scheme->what;
}

static struct import_entry *room_for(struct import *import, struct text octets, char separator)
{
    size_t count = 1;

    for (size_t i = 0; i < octets.len; i++)
        count += octets.data[i] == separator;
    return region_array(import->region, count, sizeof(struct import_entry));
}

static void read_list(struct import *import, struct text list, struct import_dataset *d)
{
    struct import_entry *entries = room_for(import, list, ',');

    while (entries && list.len) {
        struct text item = text_trim(text_head(list, text_find(list, ',')));
        size_t equal = text_find(item, '=');

        list = text_tail(list, text_find(list, ',') + 1);
        if (item.len)
            entries[d->count++] = (struct import_entry){ text_trim(text_head(item, equal)),
                                                          text_trim(text_tail(item, equal + 1)) };
    }
    d->entries = entries;
}

static void read_file(struct import *import, struct import_dataset *d)
{
    struct text octets = { NULL, 0 };
    const char *trouble = d->path ? import->disk->read(import->disk->context, d->path,
                                                       import->region, &octets)
                                  : "its name cannot be read";
    struct import_lines lines = { .rest = octets };
    struct import_entry *entries = room_for(import, octets, '\n');
    struct text line;

    if (trouble) {
        d->trouble = import_printf(import, "%s: %s", import_shown(import, text_of(d->path)),
                                   trouble);
        return;
    }
    while (entries && import_next_line(&lines, &line)) {
        struct import_entry *e = &entries[d->count];

        import_split(line, &e->key, &e->value);
        d->count += e->key.len > 0;
    }
    d->entries = entries;
}

struct import_dataset import_dataset_read(struct import *import, struct text spec)
{
    struct import_dataset d = classify(import, &spec);

    if (is_file(&d)) {
        d.path = import_path(import, spec);
        read_file(import, &d);
    } else if (d.kind == DATASET_LIST) {
        read_list(import, spec, &d);
    }
    return d;
}
