#include "cli/import.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/region.h"
#include "cli/import_items.h"
#include "config/config.h"

static bool is_named(const struct foreign_setting *s, const char *name)
{
    return text_equal_nocase(s->name, text_of(name));
}

const struct foreign_setting *import_setting(const struct import *import, const char *name)
{
    const struct foreign_settings *all = &import->settings;

    for (size_t i = all->count; i > 0; i--)
        if (is_named(&all->items[i - 1], name))
            return &all->items[i - 1];
    return NULL;
}

/* Only the first octet counts: 1, 0, or -1 for neither. */
static int boolean(struct text value)
{
    if (value.len == 0 || value.data[0] == '\0')
        return -1;
    if (strchr("TtYy1", value.data[0]))
        return 1;
    return strchr("FfNn0", value.data[0]) ? 0 : -1;
}

bool import_boolean(const struct import *import, const char *name, bool fallback)
{
    const struct foreign_setting *s = import_setting(import, name);

    return s ? boolean(s->value) == 1 : fallback;
}

/* As strtol(3) with base 0 has it: 022 is octal, 0x12 hexadecimal. */
bool import_integer(struct text value, long long *number)
{
    char copy[24];
    char *end;

    if (value.len == 0 || value.len >= sizeof copy)
        return false;
    memcpy(copy, value.data, value.len);
    copy[value.len] = '\0';
    *number = strtoll(copy, &end, 0);
    return end == copy + value.len;
}

const char *import_path(struct import *import, struct text name)
{
    const struct foreign_setting *base = import_setting(import, "BaseDirectory");
    struct buf buf;

    buf_init(&buf, import->region, IMPORT_OCTETS_MAX);
    if (base && name.len && name.data[0] != '/') {
        buf_text_add(&buf, base->value);
        buf_char(&buf, '/');
    }
    buf_text_add(&buf, name);
    return buf_str(&buf) ? buf_str(&buf) : "";
}

/* --- tables --------------------------------------------------------------- */

static const struct import_row *row_in(const struct import_row *rows,
                                       const struct foreign_setting *setting)
{
    for (; rows->name; rows++)
        if (is_named(setting, rows->name))
            return rows;
    return NULL;
}

static const struct import_row *row_of(const struct import *import,
                                       const struct foreign_setting *setting)
{
    const struct import_row *row = row_in(import->program->rows, setting);

    return row ? row : row_in(import_common_rows, setting);
}

/* The program itself would not start with a value of the wrong type. */
static bool check_type(const struct import_row *row, const struct foreign_setting *s, FILE *errors)
{
    const char *wanted = NULL;
    char file[LOG_QUOTED_MAX], quoted[LOG_QUOTED_MAX];
    long long number;

    switch (row->type) {
    case FOREIGN_TEXT:
        break;
    case FOREIGN_BOOLEAN:
        if (boolean(s->value) < 0)
            wanted = "yes or no";
        break;
    case FOREIGN_INTEGER:
        if (!import_integer(s->value, &number))
            wanted = "a number";
        break;
    }
    if (wanted)
        fprintf(errors, "%s:%u: %s wants %s, not %s\n", log_quote(text_of(s->file), file), s->line,
                row->name, wanted, log_quote(s->value, quoted));
    return !wanted;
}

static bool check_types(const struct import *import, FILE *errors)
{
    bool good = true;

    for (size_t i = 0; i < import->settings.count; i++) {
        const struct foreign_setting *s = &import->settings.items[i];
        const struct import_row *row = row_of(import, s);

        if (row && !check_type(row, s, errors))
            good = false;
    }
    return good;
}

static void translate(struct import *import, const struct foreign_setting *s)
{
    const struct import_row *row = row_of(import, s);
    const struct foreign_setting *last;
    char name[LOG_QUOTED_MAX];

    if (!row) {
        import_none(import, s, import_printf(import, "unknown to %s", import->program->manual));
        return;
    }
    last = import_setting(import, row->name);
    if (last != s)
        import_none(import, s,
                    import_printf(import, "Given again at %s:%u, and the last one counts.",
                                  log_quote(text_of(last->file), name), last->line));
    else if (row->translate)
        row->translate(import, row, s);
    else
        import_none(import, s, row->note);
}

/* Every setting is told of, whatever the translators made of it. */
static void tell_the_rest(struct import *import)
{
    for (size_t i = 0; i < import->settings.count; i++)
        if (!import->settings.items[i].told)
            import_none(import, &import->settings.items[i],
                        "It changes nothing beside the other settings.");
}

/* --- all of it ------------------------------------------------------------ */

static int out_of_memory(const struct import *import, FILE *errors)
{
    fprintf(errors, "vidimus %s: out of memory\n", import->program->command);
    return EX_OSERR;
}

static void print_refusal(void *context, const char *text)
{
    fprintf(context, "%s\n", text);
}

/* Its parts were checked one by one; what does not fit together is our fault. */
static int print(const struct import *import, struct text result, FILE *out, FILE *errors)
{
    bool tables = import->disk == &import_real_disk;
    struct config *config = config_read_text("the result", result, tables, print_refusal, errors);

    if (!config)
        return EX_SOFTWARE;
    config_unref(config);
    return fwrite(result.data, 1, result.len, out) == result.len && fflush(out) == 0 ? EX_OK
                                                                                     : EX_IOERR;
}

static int print_items(struct import *import, FILE *out, FILE *errors)
{
    char *data = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&data, &size);
    int status;

    if (!memory)
        return out_of_memory(import, errors);
    import_items_print(import, memory);
    if (fclose(memory) == 0 && !region_failed(import->region))
        status = print(import, (struct text){ data, size }, out, errors);
    else
        status = out_of_memory(import, errors);
    free(data);
    return status;
}

static int run(struct import *import, FILE *out, FILE *errors)
{
    const struct import_program *program = import->program;

    switch (import_read(&import->settings, import->file, program->includes, import->disk,
                        import->region, errors)) {
    case IMPORT_READ:
        break;
    case IMPORT_BAD:
        return EX_DATAERR;
    case IMPORT_NO_FILE:
        return EX_NOINPUT;
    }
    if (!check_types(import, errors))
        return EX_DATAERR;
    for (size_t i = 0; i < import->settings.count; i++)
        translate(import, &import->settings.items[i]);
    program->finish(import);
    tell_the_rest(import);
    return region_failed(import->region) ? out_of_memory(import, errors)
                                         : print_items(import, out, errors);
}

int import_run(const struct import_program *program, const struct import_options *options,
               FILE *out, FILE *errors)
{
    struct import import = {
        .program = program,
        .file = options->file,
        .region = region_new(0),
        .disk = options->disk,
        .expand = options->expand,
    };
    int status;

    if (!import.region)
        return out_of_memory(&import, errors);
    status = run(&import, out, errors);
    region_free(import.region);
    return status;
}
