/* import_lists.c: values that are lists. */
#include "cli/import_translate.h"


#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"
#include "cli/import_dataset.h"

enum { LINE_OCTETS = 60, LIST_OCTETS_MAX = 2 * IMPORT_OCTETS_MAX };

const char *import_joined(struct import *import, const char *a, const char *b)
{
    if (!a || !b)
        return a ? a : b;
    return import_printf(import, "%s  %s", a, b);
}

static bool is_in_item(char c) { return c != ',' && !octet_is_wsp(c); }

struct texts import_split_list(struct import *import, struct text list)
{
    struct texts texts = { 0, region_array(import->region, list.len / 2 + 1, sizeof(struct text)) };
    struct cursor c = cursor_over(list);

    while (texts.items && !cursor_done(&c)) {
        struct text item = cursor_run(&c, is_in_item);

        if (item.len)
            texts.items[texts.count++] = item;
        else
            c.at++;
    }
    return texts;
}

struct texts import_keys(struct import *import, const struct import_dataset *dataset)
{
    struct texts texts = { 0, region_array(import->region, dataset->count, sizeof(struct text)) };

    for (; texts.items && texts.count < dataset->count; texts.count++)
        texts.items[texts.count] = dataset->entries[texts.count].key;
    return texts;
}

/* --- lists of ours -------------------------------------------------------- */

/* On one line where that is short, else an item a line. */
const char *import_braced(struct import *import, const struct texts *items)
{
    const char *separator = ", ", *end = "";
    size_t octets = 0;
    struct buf buf;

    for (size_t i = 0; i < items->count; i++)
        octets += items->items[i].len + 4;
    if (octets > LINE_OCTETS && items->count > 1) {
        separator = ",\n    ";
        end = "\n";
    }
    buf_init(&buf, import->region, LIST_OCTETS_MAX);
    buf_char(&buf, '{');
    for (size_t i = 0; i < items->count; i++) {
        buf_add(&buf, i ? separator : *end ? "\n    " : "");
        buf_add(&buf, import_quoted(import, items->items[i]));
    }
    buf_printf(&buf, "%s}", end);
    return buf_str(&buf) ? buf_str(&buf) : "{}";
}

static const char *refusal_of(struct import *import, const char *section, const char *option,
                              const struct texts *items)
{
    return import_refusal(import, section,
                          import_printf(import, "%s = %s", option, import_braced(import, items)));
}

const char *import_list(struct import *import, const char *section, const char *option,
                        const struct texts *items, const char **left)
{
    struct texts good = { 0, region_array(import->region, items->count, sizeof(struct text)) };
    const char *first = NULL;
    struct buf names;

    *left = NULL;
    if (!good.items || !refusal_of(import, section, option, items))
        return import_braced(import, items);
    buf_init(&names, import->region, IMPORT_OCTETS_MAX);
    for (size_t i = 0; i < items->count; i++) {
        const struct texts one = { 1, &items->items[i] };
        const char *why = refusal_of(import, section, option, &one);

        if (!why) {
            good.items[good.count++] = items->items[i];
            continue;
        }
        if (first)
            buf_printf(&names, ", %s", import_shown(import, items->items[i]));
        else
            first = why;
    }
    *left = import_printf(import, "REVIEW: not taken over: %s.", first);
    if (buf_str(&names) && *buf_str(&names))
        *left = import_printf(import, "%s  Likewise: %s.", *left,
                              import_shown(import, text_tail(buf_text(&names), 2)));
    return import_braced(import, &good);
}

void import_strings(struct import *import, const struct import_row *row,
                    const struct foreign_setting *s)
{
    struct texts items = import_split_list(import, s->value);
    const char *left;
    const char *value = import_list(import, row->section, row->option, &items, &left);

    import_option(import, s, row->section, row->option, value,
                  import_joined(import, row->note, left));
}

void import_unreadable(struct import *import, const char *section, const char *option,
                       const struct foreign_setting *s, const char *why)
{
    import_none(import, s,
                import_printf(import, "REVIEW: not taken over into %s%s%s: %s.",
                              section ? section : "", section ? " " : "", option, why));
}

void import_domains(struct import *import, const struct import_row *row,
                    const struct foreign_setting *s)
{
    struct import_dataset dataset = import_dataset_read(import, s->value);
    struct texts items = import_keys(import, &dataset);
    const char *left;
    const char *value;

    if (dataset.trouble) {
        import_unreadable(import, row->section, row->option, s, dataset.trouble);
        return;
    }
    value = import_list(import, row->section, row->option, &items, &left);
    import_option(import, s, row->section, row->option, value,
                  import_joined(import, row->note, left));
}
