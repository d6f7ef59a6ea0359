#include "cli/import_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/region.h"
#include "cli/file.h"

enum {
    LEVELS_MAX = 5, /* of Include */
    FILES_MAX = 64,
    LINE_OCTETS_MAX = 16384,
    SETTINGS_MAX = 5000,
    TOLD_MAX = 100 /* errors */
};

static const char *read_from_disk(void *context, const char *name, struct region *region,
                                  struct text *octets)
{
    struct text read;

    (void)context;
    if (!file_read(name, IMPORT_OCTETS_MAX, &read))
        return strerror(errno);
    octets->data = text_dup(region, read);
    octets->len = octets->data ? read.len : 0;
    free((char *)read.data);
    return octets->data ? NULL : "out of memory";
}

const struct import_disk import_real_disk = { read_from_disk, NULL };

bool import_next_line(struct import_lines *lines, struct text *line)
{
    size_t end = text_find(lines->rest, '\n');
    struct text whole = text_head(lines->rest, end);

    if (lines->rest.len == 0)
        return false;
    lines->rest = text_tail(lines->rest, end + 1);
    lines->number++;
    whole = text_head(whole, text_find(whole, '#'));
    *line = text_trim(text_head(whole, text_find(whole, '\r')));
    return true;
}

static bool is_not_blank(char c) { return !octet_is_wsp(c); }

void import_split(struct text line, struct text *word, struct text *rest)
{
    struct cursor c = cursor_over(text_trim(line));

    *word = cursor_run(&c, is_not_blank);
    *rest = text_trim(cursor_rest(&c));
}

struct reader {
    struct foreign_settings *settings;
    const struct import_disk *disk;
    struct region *region;
    FILE *errors;
    bool includes;
    unsigned files;
    unsigned told;
    enum import_reading outcome;
};

__attribute__((format(printf, 5, 6)))
static void complain(struct reader *r, enum import_reading outcome, const char *file,
                     unsigned line, const char *format, ...)
{
    char quoted[LOG_QUOTED_MAX];
    va_list args;

    if (outcome > r->outcome)
        r->outcome = outcome;
    if (++r->told > TOLD_MAX)
        return;
    fputs(log_quote(text_of(file), quoted), r->errors);
    if (line)
        fprintf(r->errors, ":%u", line);
    fputs(": ", r->errors);
    va_start(args, format);
    vfprintf(r->errors, format, args);
    va_end(args);
    putc('\n', r->errors);
}

static bool grow(struct foreign_settings *s, struct region *region)
{
    size_t capacity = s->capacity ? 2 * s->capacity : 64;
    struct foreign_setting *grown = region_array(region, capacity, sizeof *grown);

    if (!grown)
        return false;
    if (s->count)
        memcpy(grown, s->items, s->count * sizeof *grown);
    s->items = grown;
    s->capacity = capacity;
    return true;
}

static void push(struct reader *r, const struct foreign_setting *setting)
{
    struct foreign_settings *s = r->settings;

    if (s->count == SETTINGS_MAX)
        complain(r, IMPORT_BAD, setting->file, setting->line, "more than %d settings",
                 SETTINGS_MAX);
    else if (s->count < s->capacity || grow(s, r->region))
        s->items[s->count++] = *setting;
}

static void read_file(struct reader *r, const char *name, unsigned level,
                      const struct foreign_setting *asked);

/* A relative name is looked for beside the file that includes it. */
static void include(struct reader *r, const struct foreign_setting *setting, unsigned level)
{
    const char *slash = strrchr(setting->file, '/');
    struct buf name;

    buf_init(&name, r->region, IMPORT_OCTETS_MAX);
    if (setting->value.data[0] != '/' && slash)
        buf_text_add(&name, (struct text){ setting->file, (size_t)(slash - setting->file) + 1 });
    buf_text_add(&name, setting->value);
    if (level == LEVELS_MAX)
        complain(r, IMPORT_BAD, setting->file, setting->line,
                 "Include nested deeper than %d levels", LEVELS_MAX);
    else if (++r->files > FILES_MAX)
        complain(r, IMPORT_BAD, setting->file, setting->line, "more than %d files", FILES_MAX);
    else if (buf_str(&name))
        read_file(r, buf_str(&name), level + 1, setting);
}

static void read_setting(struct reader *r, const struct foreign_setting *setting, unsigned level)
{
    char quoted[LOG_QUOTED_MAX];

    if (setting->value.len == 0)
        complain(r, IMPORT_BAD, setting->file, setting->line, "%s has no value",
                 log_quote(setting->name, quoted));
    else if (r->includes && text_equal_nocase(setting->name, TEXT("Include")))
        include(r, setting, level);
    else
        push(r, setting);
}

static void read_lines(struct reader *r, struct text octets, const char *file, unsigned level)
{
    struct import_lines lines = { .rest = octets };
    struct text line;

    while (import_next_line(&lines, &line)) {
        struct foreign_setting setting = { .file = file, .line = lines.number };

        import_split(line, &setting.name, &setting.value);
        if (line.len > LINE_OCTETS_MAX)
            complain(r, IMPORT_BAD, file, lines.number, "a line of more than %d octets",
                     LINE_OCTETS_MAX);
        else if (setting.name.len)
            read_setting(r, &setting, level);
    }
}

/* ASKED: the Include that names it; NULL: the command line does. */
static void read_file(struct reader *r, const char *name, unsigned level,
                      const struct foreign_setting *asked)
{
    struct text octets = { NULL, 0 };
    const char *trouble = r->disk->read(r->disk->context, name, r->region, &octets);
    char quoted[LOG_QUOTED_MAX];

    if (trouble)
        complain(r, IMPORT_NO_FILE, asked ? asked->file : name, asked ? asked->line : 0,
                 "cannot read %s: %s", log_quote(text_of(name), quoted), trouble);
    else if (text_find(octets, '\0') < octets.len)
        complain(r, IMPORT_BAD, name, 0, "holds a NUL octet: this is not a text file");
    else
        read_lines(r, octets, name, level);
}

enum import_reading import_read(struct foreign_settings *settings, const char *file, bool includes,
                                const struct import_disk *disk, struct region *region,
                                FILE *errors)
{
    struct reader r = {
        .settings = settings,
        .disk = disk,
        .region = region,
        .errors = errors,
        .includes = includes,
    };

    read_file(&r, file, 0, NULL);
    if (r.told > TOLD_MAX)
        fprintf(errors, "%s: there are more errors; mend these first\n", file);
    return r.outcome;
}
