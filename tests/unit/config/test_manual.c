/* vidimus.conf(5) against the option table: every option stands there once, under
 * the heading of its section, with its default, its text, its bounds, and whether
 * it takes a restart.  What is wrong is printed as it should be. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options_private.h"

enum { MANUAL_SIZE = 256 * 1024, HEADING_SIZE = 64, ENTRY_SIZE = 1024 };

static char manual[MANUAL_SIZE];

static int read_manual(void **state)
{
    const char *top = getenv("top_builddir");
    char name[512];
    FILE *file;
    size_t len;

    (void)state;
    snprintf(name, sizeof name, "%s/conf/vidimus.conf.5", top ? top : ".");
    file = fopen(name, "r");
    if (!file)
        return -1;
    len = fread(manual, 1, sizeof manual - 1, file);
    fclose(file);
    return len < sizeof manual - 1 ? 0 : -1;
}

/* TEXT as mdoc takes it in a line: characters that would be read, or printed, as
 * something else are spelled. */
static void put_mdoc(const char *text, FILE *out)
{
    for (; *text; text++)
        switch (*text) {
        case '"':
            fputs("\\(dq", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '\\':
            fputs("\\e", out);
            break;
        default:
            putc(*text, out);
        }
}

/* --- an entry as it should be -------------------------------------------- */

static bool is_word(const struct option *o)
{
    return o->type == OPTION_NUMBER ||
           (o->type == OPTION_BOOL &&
            (strcmp(o->fallback, "true") == 0 || strcmp(o->fallback, "false") == 0));
}

static void put_default(const struct option *o, FILE *out)
{
    if (is_word(o)) {
        fputs(o->fallback, out);
    } else if (!option_is_list(o)) {
        put_mdoc("\"", out);
        put_mdoc(o->fallback, out);
        put_mdoc("\"", out);
    } else {
        putc('{', out);
        for (const char *at = o->fallback; *at;) {
            size_t len = strcspn(at, " ");

            fprintf(out, "%s\\(dq%.*s\\(dq", at == o->fallback ? "" : ", ", (int)len, at);
            at += len + strspn(at + len, " ");
        }
        putc('}', out);
    }
}

static void put_names(const struct name *names, FILE *out)
{
    bool boolean = strcmp(names[0].name, "true") == 0; /* and its synonyms */

    for (size_t i = 0; names[i].name && !(boolean && i == 2); i++) {
        bool last = !names[i + 1].name || (boolean && i == 1);

        fprintf(out, "%s%s", i == 0 ? "" : last ? " or " : ", ", names[i].name);
    }
}

static void put_type(const struct option *o, FILE *out)
{
    static const char *const words[] = {
        [OPTION_STRING] = "text",
        [OPTION_FIELD] = "\\(dqName: value\\(dq",
        [OPTION_CANON] = "two of simple and relaxed",
        [OPTION_STRINGS] = "list of texts",
        [OPTION_NETWORKS] = "list of networks",
        [OPTION_DOMAINS] = "list of domains",
    };

    if (o->names)
        put_names(o->names, out);
    else if (o->type == OPTION_NUMBER)
        fprintf(out, "number from %u to %u", o->min, o->max);
    else if (o->type == OPTION_MODE)
        fprintf(out, "octal number up to %04o, in quotes", o->max);
    else
        fputs(words[o->type], out);
}

/* The text as a sentence; "d=..." stays as it is. */
static void put_help(const struct option *o, FILE *out)
{
    char help[ENTRY_SIZE];

    snprintf(help, sizeof help, "%s", o->help);
    if (help[1] != '=')
        help[0] = (char)toupper((unsigned char)help[0]);
    put_mdoc(help, out);
}

static void entry_of(const struct option *o, char *entry, size_t size)
{
    FILE *out = fmemopen(entry, size, "w");

    assert_non_null(out);
    fprintf(out, ".It Ic %s No = ", o->name);
    put_default(o, out);
    putc('\n', out);
    put_help(o, out);
    fputs(".\n.Pq ", out);
    put_type(o, out);
    fputs(o->fixed ? "; takes a restart\n" : "\n", out);
    assert_int_equal(fclose(out), 0);
}

/* --- the manual --------------------------------------------------------- */

/* What stands under the heading of SECTION (NULL: outside of any), up to the next
 * one; empty when there is none. */
static struct text part_of(const char *section)
{
    char heading[HEADING_SIZE];
    const char *start, *end;

    snprintf(heading, sizeof heading, section ? "\n.Ss %s\n" : "\n.Sh OPTIONS OUTSIDE OF SECTIONS\n",
             section);
    start = strstr(manual, heading);
    if (!start)
        return (struct text){ "", 0 };
    start += strlen(heading) - 1;
    end = strstr(start, "\n.Sh ");
    if (section) {
        const char *next = strstr(start, "\n.Ss ");

        if (next && (!end || next < end))
            end = next;
    }
    return (struct text){ start, end ? (size_t)(end + 1 - start) : strlen(start) };
}

static bool part_has(struct text part, const char *entry)
{
    size_t len = strlen(entry);

    for (const char *at = part.data; (size_t)(at - part.data) + len <= part.len; at++)
        if (memcmp(at, entry, len) == 0)
            return true;
    return false;
}

static void every_option_is_in_the_manual(void **state)
{
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        char entry[ENTRY_SIZE] = "\n";

        entry_of(o, entry + 1, sizeof entry - 1);
        if (part_has(part_of(o->section), entry))
            continue;
        missing++;
        print_error("conf/vidimus.conf.5.in lacks, under %s:%s", o->section ? o->section : "OPTIONS",
                    entry);
    }
    assert_int_equal(missing, 0);
}

static void the_manual_has_nothing_else(void **state)
{
    size_t entries = 0;

    (void)state;
    for (const char *at = manual; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
        entries++;
    assert_int_equal(entries, option_count);
    for (const char *at = manual; (at = strstr(at, "\n.Ss ")) != NULL; at++) {
        const char *name = at + strlen("\n.Ss ");
        bool known = false;

        for (const struct section *s = sections; s->name; s++)
            known |= strncmp(name, s->name, strlen(s->name)) == 0 && name[strlen(s->name)] == '\n';
        if (!known)
            fail_msg("there is no section %.*s", (int)strcspn(name, "\n"), name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_in_the_manual),
        cmocka_unit_test(the_manual_has_nothing_else),
    };

    return cmocka_run_group_tests_name("the manual", tests, read_manual, NULL);
}
