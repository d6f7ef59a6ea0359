/* print.c: the effective configuration in its own syntax, and what a reload
 * cannot change. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/values_private.h"

enum { INDENT = 4 };

static void print_options(const char *section, const void *target, int indent, FILE *out)
{
    for (size_t i = 0; i < option_count; i++) {
        if (!option_is_in(&options[i], section))
            continue;
        fprintf(out, "%*s%s = ", indent, "", options[i].name);
        value_print(&options[i], target, out);
        putc('\n', out);
    }
}

static void print_sections(const char *parent, const void *container, int indent, FILE *out);

/* One section S over ITEM. */
static void print_section(const struct section *s, const void *item, int indent, FILE *out)
{
    const char *title;

    fprintf(out, "%s%*s%s ", indent ? "" : "\n", indent, "", s->name);
    if (s->titled) {
        memcpy(&title, (const char *)item + s->title, sizeof title);
        value_print_string(title, out);
        putc(' ', out);
    }
    fputs("{\n", out);
    print_options(s->name, item, indent + INDENT, out);
    print_sections(s->name, item, indent + INDENT, out);
    fprintf(out, "%*s}\n", indent, "");
}

static void print_items(const struct section *s, const char *container, int indent, FILE *out)
{
    const char *items;
    size_t count;

    memcpy(&count, container + s->count, sizeof count);
    memcpy(&items, container + s->items, sizeof items);
    for (size_t i = 0; i < count; i++)
        print_section(s, items + i * s->size, indent, out);
}

static void print_sections(const char *parent, const void *container, int indent, FILE *out)
{
    for (const struct section *s = sections; s->name; s++) {
        if (!section_is_in(s, parent))
            continue;
        if (s->titled)
            print_items(s, container, indent, out);
        else
            print_section(s, container, indent, out);
    }
}

void config_print(const struct config *config, FILE *out)
{
    print_options(NULL, config, 0, out);
    print_sections(NULL, config, 0, out);
}

/* The printed value, to be freed; NULL when memory is exhausted. */
static char *printed(const struct option *option, const struct config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    value_print(option, config, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static bool differs(const struct option *option, const struct config *a, const struct config *b)
{
    char *x = printed(option, a);
    char *y = printed(option, b);
    bool different = x && y && strcmp(x, y) != 0;

    free(x);
    free(y);
    return different;
}

void config_fixed_differences(const struct config *running, const struct config *wanted, char *out,
                              size_t out_size)
{
    size_t used = 0;

    if (out_size)
        out[0] = '\0';
    for (size_t i = 0; i < option_count && used < out_size; i++) {
        const struct option *o = &options[i];

        if (o->fixed && differs(o, running, wanted))
            used += (size_t)snprintf(out + used, out_size - used, "%s%s%s%s", used ? ", " : "",
                                     o->section ? o->section : "", o->section ? " " : "",
                                     o->name);
    }
}
