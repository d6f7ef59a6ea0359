#include "cli/import_items.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "cli/import.h"
#include "cli/import_dataset.h"
#include "cli/tell.h"
#include "config/config.h"

enum { TEXT_MAX = 4 * IMPORT_OCTETS_MAX, SHOWN_MAX = 160, NOTE_INDENT = 4 };

/* --- texts ---------------------------------------------------------------- */

static const char *text_or_nothing(struct buf *buf)
{
    const char *text = buf_str(buf);

    return text ? text : "";
}

const char *import_printf(struct import *import, const char *format, ...)
{
    char *text;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = len < 0 ? NULL : region_alloc(import->region, (size_t)len + 1);
    if (!text)
        return "";
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

const char *import_quoted(struct import *import, struct text text)
{
    struct buf buf;

    buf_init(&buf, import->region, TEXT_MAX);
    buf_char(&buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_char(&buf, '\\');
        buf_char(&buf, text.data[i]);
    }
    buf_char(&buf, '"');
    return text_or_nothing(&buf);
}

const char *import_shown(struct import *import, struct text text)
{
    struct buf buf;

    buf_init(&buf, import->region, 4 * SHOWN_MAX + sizeof "...");
    for (size_t i = 0; i < text.len && i < SHOWN_MAX; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~')
            buf_printf(&buf, "\\%03o", (unsigned)(unsigned char)text.data[i]);
        else
            buf_char(&buf, text.data[i]);
    }
    if (text.len > SHOWN_MAX)
        buf_add(&buf, "...");
    return text_or_nothing(&buf);
}

/* --- gathering ------------------------------------------------------------ */

static void add_origin(struct import *import, struct import_item *item,
                       const struct foreign_setting *setting)
{
    struct import_origin *origin = setting ? region_alloc(import->region, sizeof *origin) : NULL;

    if (!origin)
        return;
    import->settings.items[setting - import->settings.items].told = true;
    origin->setting = setting;
    *item->last_origin = origin;
    item->last_origin = &origin->next;
}

static void add(struct import *import, const struct import_item *what,
                const struct foreign_setting *setting)
{
    struct import_item *item = region_alloc(import->region, sizeof *item);

    if (!item)
        return;
    *item = *what;
    item->last_origin = &item->origins;
    add_origin(import, item, setting);
    if (import->last_item)
        import->last_item->next = item;
    else
        import->items = item;
    import->last_item = item;
    import->latest = item;
}

void import_also_setting(struct import *import, const struct foreign_setting *setting)
{
    if (import->latest)
        add_origin(import, import->latest, setting);
}

void import_also(struct import *import, const char *name)
{
    import_also_setting(import, import_setting(import, name));
}

/* What is said of several settings alike is said once. */
void import_none(struct import *import, const struct foreign_setting *setting, const char *note)
{
    for (struct import_item *item = import->items; item; item = item->next) {
        if (item->kind != ITEM_NONE || strcmp(item->note, note) != 0)
            continue;
        add_origin(import, item, setting);
        import->latest = item;
        return;
    }
    add(import, &(struct import_item){ .kind = ITEM_NONE, .note = note }, setting);
}

struct refusal {
    struct import *import;
    const char *why;
};

/* The place of the error is in a text that nobody sees. */
static void keep_refusal(void *context, const char *text)
{
    struct refusal *refusal = context;
    struct text rest = text_of(text);

    if (refusal->why)
        return;
    rest = text_tail(rest, text_find(rest, ' ') + 1);
    refusal->why = import_shown(refusal->import, rest);
}

const char *import_refusal(struct import *import, const char *section, const char *text)
{
    struct refusal refusal = { import, NULL };
    const char *whole = section ? import_printf(import, "%s {\n%s\n}\n", section, text) : text;
    struct config *config = config_read_text("import", text_of(whole), false, keep_refusal,
                                             &refusal);

    config_unref(config);
    return config ? NULL : refusal.why ? refusal.why : "out of memory";
}

/* A NOTE on TEXT, which our reader does not take. */
static const char *refused(struct import *import, const char *why, const char *note)
{
    return import_printf(import, "REVIEW: not taken over: %s.%s%s", why, note ? "  " : "",
                         note ? note : "");
}

static bool is_of(const struct import_item *item, enum import_item_kind kind, const char *section)
{
    if (item->kind != kind)
        return false;
    return section && item->section ? strcmp(section, item->section) == 0
                                    : section == item->section;
}

static bool is_same_option(const struct import_item *a, const struct import_item *b)
{
    struct text x = text_of(a->text), y = text_of(b->text);

    if (a->kind != ITEM_OPTION || b->kind != ITEM_OPTION || a->choice || b->choice)
        return false;
    return is_of(a, ITEM_OPTION, b->section) &&
           text_equal(text_head(x, text_find(x, ' ')), text_head(y, text_find(y, ' ')));
}

/* Two names of one setting, an old and a new one. */
static bool is_set(const struct import *import, const struct import_item *item)
{
    for (const struct import_item *i = import->items; i; i = i->next)
        if (is_same_option(i, item))
            return true;
    return false;
}

static void add_option(struct import *import, const struct foreign_setting *setting,
                       const struct import_item *item)
{
    const char *why = import_refusal(import, item->section, item->text);

    if (is_set(import, item))
        import_none(import, setting, "REVIEW: another setting has said this already.");
    else if (why)
        import_none(import, setting, refused(import, why, item->note));
    else
        add(import, item, setting);
}

void import_option(struct import *import, const struct foreign_setting *setting,
                   const char *section, const char *option, const char *value, const char *note)
{
    add_option(import, setting,
               &(struct import_item){ .kind = ITEM_OPTION, .section = section, .note = note,
                                      .text = import_printf(import, "%s = %s", option, value) });
}

void import_choice(struct import *import, const struct foreign_setting *setting,
                   const char *section, const char *option, const char *value, const char *note)
{
    add_option(import, setting,
               &(struct import_item){ .kind = ITEM_OPTION, .section = section, .note = note,
                                      .choice = true,
                                      .text = import_printf(import, "%s = %s", option, value) });
}

void import_sections(struct import *import, const struct foreign_setting *setting,
                     const char *text, const char *note)
{
    add_option(import, setting,
               &(struct import_item){ .kind = ITEM_SECTIONS, .note = note, .text = text });
}

void import_sections_choice(struct import *import, const struct foreign_setting *setting,
                            const char *text, const char *note)
{
    add_option(import, setting,
               &(struct import_item){ .kind = ITEM_SECTIONS, .note = note, .text = text,
                                      .choice = true });
}

/* --- printing ------------------------------------------------------------- */

/* What may be a password, or a private key, is not repeated. */
static bool is_secret(const struct foreign_setting *s)
{
    static const char *const telling[] = { "passw", "pasw", "secret", "credential" };

    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        for (size_t at = 0; at < s->name.len; at++)
            if (text_starts_nocase(text_tail(s->name, at), text_of(telling[i])))
                return true;
    return text_equal_nocase(s->name, TEXT("KeyTable")) && !import_dataset_is_file(s->value);
}

/* The value of S, for a comment. */
static const char *shown_value(struct import *import, const struct foreign_setting *s)
{
    if (is_secret(s))
        return "(not shown)";
    if (import_dataset_is_elsewhere(s->value))
        return import_printf(import, "%s:(not shown)",
                             import_shown(import,
                                          text_head(s->value, text_find(s->value, ':'))));
    return import_shown(import, s->value);
}

/* A comment; an empty line where the margin is all of it. */
static void print_comment(struct import *import, const char *margin,
                          const struct import_item *item, FILE *out)
{
    struct teller teller = { .out = out, .region = import->region, .margin = margin };

    for (const struct import_origin *o = item->origins; o; o = o->next) {
        const struct foreign_setting *s = o->setting;

        tell(&teller, 0, "%s:%u: %s %s", import_shown(import, text_of(s->file)), s->line,
             import_shown(import, s->name), shown_value(import, s));
    }
    if (item->note)
        tell(&teller, item->origins ? NOTE_INDENT : 0, "%s", item->note);
}

/* TEXT, each line behind INDENT. */
static void print_lines(const char *indent, const char *text, FILE *out)
{
    struct text rest = text_of(text);

    while (rest.len) {
        size_t end = text_find(rest, '\n');

        fprintf(out, "%s%.*s\n", end ? indent : "", TEXT_ARGS(text_head(rest, end)));
        rest = text_tail(rest, end + 1);
    }
}

static bool have(const struct import *import, enum import_item_kind kind, const char *section)
{
    for (const struct import_item *item = import->items; item; item = item->next)
        if (is_of(item, kind, section))
            return true;
    return false;
}

static void print_items(struct import *import, enum import_item_kind kind, const char *section,
                        FILE *out)
{
    const char *margin = section ? "    # " : "# ";
    bool first = true;

    for (const struct import_item *item = import->items; item; item = item->next) {
        if (!is_of(item, kind, section))
            continue;
        if (!first || !section)
            putc('\n', out);
        first = false;
        print_comment(import, margin, item, out);
        if (item->text)
            print_lines(item->choice ? section ? "    #" : "#" : section ? "    " : "",
                        item->text, out);
    }
}

static void print_section(struct import *import, const char *section, FILE *out)
{
    if (!have(import, ITEM_OPTION, section))
        return;
    fprintf(out, "\n%s {\n", section);
    print_items(import, ITEM_OPTION, section, out);
    fputs("}\n", out);
}

/* Whether no setting before number I is of its file. */
static bool begins_file(const struct import *import, size_t i)
{
    const struct foreign_setting *items = import->settings.items;

    for (size_t j = 0; j < i; j++)
        if (items[j].file == items[i].file)
            return false;
    return strcmp(items[i].file, import->file) != 0;
}

static void print_files(struct import *import, FILE *out)
{
    struct teller teller = { .out = out, .region = import->region, .margin = "# " };

    tell(&teller, 0, "Read: %s", import_shown(import, text_of(import->file)));
    for (size_t i = 0; i < import->settings.count; i++)
        if (begins_file(import, i))
            tell(&teller, NOTE_INDENT, "and %s",
                 import_shown(import, text_of(import->settings.items[i].file)));
}

static void print_head(struct import *import, FILE *out)
{
    const struct import_program *p = import->program;

    fprintf(out, "# vidimus.conf, made by `vidimus %s' of the settings of %s.\n", p->command,
            p->name);
    print_files(import, out);
    fputs("#\n"
          "# Above each option stands the line that it comes from and, where it differs, how.\n"
          "# What has no counterpart is at the end, with what does the job instead.  What is\n"
          "# not here has the default of vidimus.  Read it, what says REVIEW above all; then\n"
          "#\n"
          "#     vidimus config --check -c FILE\n", out);
}

void import_items_print(struct import *import, FILE *out)
{
    static const char *const sections[] = { "resolver", "spf", "dkim", "arc", "dmarc",
                                            "reports" };

    print_head(import, out);
    print_items(import, ITEM_OPTION, NULL, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        print_section(import, sections[i], out);
    print_items(import, ITEM_SECTIONS, NULL, out);
    if (have(import, ITEM_NONE, NULL))
        fputs("\n# --- settings without a counterpart ---------------------------------------\n", out);
    print_items(import, ITEM_NONE, NULL, out);
}
