/* print.c: the effective configuration in its own syntax, and what a reload
 * cannot change. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/values_private.h"

static void print_options(const char *section, const void *target, FILE *out)
{
    for (size_t i = 0; i < option_count; i++) {
        if (!option_is_in(&options[i], section))
            continue;
        fprintf(out, "%s%s = ", section ? "    " : "", options[i].name);
        value_print(&options[i], target, out);
        putc('\n', out);
    }
}

void config_print(const struct config *config, FILE *out)
{
    print_options(NULL, config, out);
    for (const struct section *s = sections; s->name; s++) {
        if (s->titled)
            continue;
        fprintf(out, "\n%s {\n", s->name);
        print_options(s->name, config, out);
        fputs("}\n", out);
    }
    for (size_t i = 0; i < config->override_count; i++) {
        fputs("\noverride ", out);
        value_print_string(config->overrides[i].name, out);
        fputs(" {\n", out);
        print_options("override", &config->overrides[i], out);
        fputs("}\n", out);
    }
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
