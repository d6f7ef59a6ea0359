#include "config/values_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/region.h"

struct store {
    const struct option *option;
    void *field;
    struct region *region;
    struct errors *errors;
};

static void refuse(const struct store *s, const struct value *value, const char *remedy)
{
    const struct option *o = s->option;
    char quoted[LOG_QUOTED_MAX];

    errors_add(s->errors, value->place, "%s%s%s: %s %s", o->section ? o->section : "",
               o->section ? " " : "", o->name, log_quote(value->text, quoted), remedy);
}

static void refuse_name(const struct store *s, const struct value *value)
{
    struct buf remedy;

    buf_init(&remedy, s->errors->region, 1024);
    buf_add(&remedy, "is not one of");
    for (const struct name *n = s->option->names; n->name; n++)
        buf_printf(&remedy, "%s %s", n == s->option->names ? "" : ",", n->name);
    refuse(s, value, buf_str(&remedy) ? buf_str(&remedy) : "is not known");
}

/* The name that VALUE means, or NULL after an error. */
static const struct name *take_name(const struct store *s, const struct value *value)
{
    for (const struct name *n = s->option->names; n->name; n++)
        if (text_equal(text_of(n->name), value->text))
            return n;
    refuse_name(s, value);
    return NULL;
}

/* A copy that passed the option's check, or NULL after an error. */
static const char *take_string(const struct store *s, const struct value *value)
{
    const char *copy = text_dup(s->region, value->text);
    const char *remedy = copy && s->option->check ? s->option->check(copy) : NULL;

    if (!remedy)
        return copy;
    refuse(s, value, remedy);
    return NULL;
}

static void store_string(const struct store *s, const struct value *value, size_t count)
{
    const char **field = s->field;
    const struct name *name;

    (void)count;
    if (!s->option->names) {
        *field = take_string(s, value);
        return;
    }
    name = take_name(s, value);
    if (name)
        *field = name->name;
}

static void store_bool(const struct store *s, const struct value *value, size_t count)
{
    const struct name *name = take_name(s, value);

    (void)count;
    if (name)
        *(bool *)s->field = name->value != 0;
}

_Static_assert(sizeof(enum enforcement) == sizeof(int) && sizeof(enum soft_action) == sizeof(int),
               "enums are stored through int");

static void store_enum(const struct store *s, const struct value *value, size_t count)
{
    const struct name *name = take_name(s, value);

    (void)count;
    if (name)
        memcpy(s->field, &name->value, sizeof name->value);
}

static void store_number(const struct store *s, const struct value *value, size_t count)
{
    const struct option *o = s->option;
    unsigned long long number;
    char remedy[160];

    (void)count;
    if (text_to_uint(value->text, o->max, &number) && number >= o->min &&
        (value->text.len == 1 || value->text.data[0] != '0')) {
        *(unsigned *)s->field = (unsigned)number;
        return;
    }
    snprintf(remedy, sizeof remedy,
             "is not a number from %u to %u (decimal digits, no sign, no leading zero)", o->min,
             o->max);
    refuse(s, value, remedy);
}

/* "0660": octal, as chmod(1) has it. */
static void store_mode(const struct store *s, const struct value *value, size_t count)
{
    struct text t = value->text;
    unsigned mode = 0;
    bool good = t.len == 3 || (t.len == 4 && t.data[0] == '0');

    (void)count;
    for (size_t i = 0; good && i < t.len; i++) {
        good = t.data[i] >= '0' && t.data[i] <= '7';
        mode = mode * 8 + (unsigned)(unsigned char)(t.data[i] - '0');
    }
    if (good && mode <= s->option->max)
        *(unsigned *)s->field = mode;
    else
        refuse(s, value, "is not a mode; write three octal digits after a 0, such as \"0660\"");
}

static bool is_field_name_octet(char c) { return c > 0x20 && c < 0x7f && c != ':'; }
static bool is_field_value_octet(char c) { return c >= 0x20 && c < 0x7f; }

/* Fields that mean something by themselves: to add one, or to delete it from
 * incoming mail, would break mail.  A trailing '-' stands for a prefix. */
static bool is_reserved_field(struct text name)
{
    static const char *const reserved[] = {
        "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID",
        "In-Reply-To", "References", "Comments", "Keywords", "Return-Path", "Received",
        "Received-SPF", "Delivered-To", "MIME-Version", "Auto-Submitted",
        "Authentication-Results", "DKIM-Signature", "DomainKey-Signature",
        "Disposition-Notification-To", "Resent-", "Content-", "List-", "ARC-", "BIMI-",
    };

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        struct text r = text_of(reserved[i]);

        if (r.data[r.len - 1] == '-' ? text_starts_nocase(name, r) : text_equal_nocase(name, r))
            return true;
    }
    return false;
}

static void store_field(const struct store *s, const struct value *value, size_t count)
{
    const char **field = s->field;
    struct cursor c = cursor_over(value->text);
    struct text name = cursor_run(&c, is_field_name_octet);
    bool colon = cursor_take(&c, ':');
    struct text content = text_trim(cursor_run(&c, is_field_value_octet));

    (void)count;
    if (!name.len || name.len > 76 || !colon || !content.len || content.len > 500 ||
        !cursor_done(&c)) {
        refuse(s, value, "is not a header field; write \"Name: value\" in plain ASCII");
    } else if (is_reserved_field(name)) {
        refuse(s, value, "is a field that mail needs itself; write one of your own, such as "
                         "\"X-Spam-Flag: YES\"");
    } else {
        field[0] = text_dup(s->region, name);
        field[1] = text_dup(s->region, content);
    }
}

/* Both parts are asked for: RFC 6376 reads a single "relaxed" as relaxed/simple. */
static void store_canon(const struct store *s, const struct value *value, size_t count)
{
    enum canonicalisation *field = s->field;
    size_t slash = text_find(value->text, '/');
    int header, body;

    (void)count;
    if (name_value(canonicalisation_names, text_head(value->text, slash), &header) &&
        name_value(canonicalisation_names, text_tail(value->text, slash + 1), &body)) {
        field[0] = (enum canonicalisation)header;
        field[1] = (enum canonicalisation)body;
    } else {
        refuse(s, value, "is not a canonicalization; write HEADER/BODY, each relaxed or simple, "
                         "such as \"relaxed/simple\"");
    }
}

static void store_strings(const struct store *s, const struct value *values, size_t count)
{
    const char **items = region_array(s->region, count + 1, sizeof *items);

    if (!items)
        return;
    for (size_t i = 0; i < count; i++)
        items[i] = take_string(s, &values[i]);
    *(struct strings *)s->field = (struct strings){ count, items };
}

static void store_networks(const struct store *s, const struct value *values, size_t count)
{
    struct ip_network *items = region_array(s->region, count, sizeof *items);

    if (!items)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!ip_network_parse(values[i].text, &items[i]))
            refuse(s, &values[i], "is not a network; write ADDRESS or ADDRESS/BITS");
        else if (items[i].prefix < s->option->min)
            refuse(s, &values[i], "would trust everybody; name networks of your own");
    }
    *(struct networks *)s->field = (struct networks){ count, items };
}

static void store_domains(const struct store *s, const struct value *values, size_t count)
{
    const char **items = region_array(s->region, count, sizeof *items);
    domain_name name;

    if (!items)
        return;
    for (size_t i = 0; i < count; i++) {
        if (domain_normalise(values[i].text, name))
            items[i] = text_dup(s->region, text_of(name));
        else
            refuse(s, &values[i], "is not a domain; write it as example.org, without @ or *");
    }
    *(struct domains *)s->field = (struct domains){ count, items };
}

void value_print_string(const char *s, FILE *out)
{
    putc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            putc('\\', out);
        putc(*s, out);
    }
    putc('"', out);
}

static void print_string(const struct option *o, const void *field, FILE *out)
{
    (void)o;
    value_print_string(*(const char *const *)field, out);
}

/* true and false are words, names of our own are strings. */
static void print_bool(const struct option *o, const void *field, FILE *out)
{
    const char *name = name_of(o->names, *(const bool *)field);

    if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0)
        fputs(name, out);
    else
        value_print_string(name, out);
}

static void print_enum(const struct option *o, const void *field, FILE *out)
{
    int number;

    memcpy(&number, field, sizeof number);
    value_print_string(name_of(o->names, number), out);
}

static void print_number(const struct option *o, const void *field, FILE *out)
{
    (void)o;
    fprintf(out, "%u", *(const unsigned *)field);
}

static void print_mode(const struct option *o, const void *field, FILE *out)
{
    (void)o;
    fprintf(out, "\"0%03o\"", *(const unsigned *)field);
}

static void print_field(const struct option *o, const void *field, FILE *out)
{
    const char *const *f = field;
    char joined[640];

    (void)o;
    snprintf(joined, sizeof joined, "%s: %s", f[0], f[1]);
    value_print_string(joined, out);
}

static void print_canon(const struct option *o, const void *field, FILE *out)
{
    const enum canonicalisation *f = field;

    (void)o;
    fprintf(out, "\"%s/%s\"", name_of(canonicalisation_names, (int)f[0]),
            name_of(canonicalisation_names, (int)f[1]));
}

/* struct strings and struct domains are of one shape. */
_Static_assert(sizeof(struct strings) == sizeof(struct domains) &&
                   offsetof(struct strings, items) == offsetof(struct domains, items),
               "print_strings() prints both");

static void print_strings(const struct option *o, const void *field, FILE *out)
{
    const struct strings *strings = field;

    (void)o;
    putc('{', out);
    for (size_t i = 0; i < strings->count; i++) {
        fputs(i ? ", " : "", out);
        value_print_string(strings->items[i], out);
    }
    putc('}', out);
}

static void print_networks(const struct option *o, const void *field, FILE *out)
{
    const struct networks *networks = field;
    char address[IP_TEXT_SIZE];

    (void)o;
    putc('{', out);
    for (size_t i = 0; i < networks->count; i++)
        fprintf(out, "%s\"%s/%u\"", i ? ", " : "",
                ip_format(&networks->items[i].address, address), networks->items[i].prefix);
    putc('}', out);
}

static const struct {
    void (*store)(const struct store *s, const struct value *values, size_t count);
    void (*print)(const struct option *option, const void *field, FILE *out);
} types[] = {
    [OPTION_STRING] = { store_string, print_string },
    [OPTION_BOOL] = { store_bool, print_bool },
    [OPTION_ENUM] = { store_enum, print_enum },
    [OPTION_NUMBER] = { store_number, print_number },
    [OPTION_MODE] = { store_mode, print_mode },
    [OPTION_FIELD] = { store_field, print_field },
    [OPTION_CANON] = { store_canon, print_canon },
    [OPTION_STRINGS] = { store_strings, print_strings },
    [OPTION_NETWORKS] = { store_networks, print_networks },
    [OPTION_DOMAINS] = { store_domains, print_strings },
};

void value_store(const struct option *option, const struct value *values, size_t count,
                 void *target, struct region *region, struct errors *errors)
{
    struct store s = { option, (char *)target + option->offset, region, errors };

    types[option->type].store(&s, values, count);
}

void value_store_default(const struct option *option, void *target, struct region *region,
                         struct errors *errors)
{
    struct value values[8];
    struct text rest = text_of(option->fallback);
    size_t count = 0;

    values[0] = (struct value){ rest, { .file = "default" } };
    if (option_is_list(option)) {
        for (; rest.len && count < sizeof values / sizeof values[0]; count++) {
            size_t space = text_find(rest, ' ');

            values[count] = (struct value){ text_head(rest, space), { .file = "default" } };
            rest = text_tail(rest, space + 1);
        }
    }
    value_store(option, values, count, target, region, errors);
}

void value_print(const struct option *option, const void *target, FILE *out)
{
    types[option->type].print(option, (const char *)target + option->offset, out);
}
