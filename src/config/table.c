#include "config/table_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"

void table_init(struct table *table, struct rules *rules, const char *name, struct text text)
{
    *table = (struct table){
        .rules = rules,
        .name = name,
        .rest = text,
        .place = { name, 0, rules->order },
    };
}

/* All octets of FD, or false with errno. */
static bool slurp(int fd, struct region *scratch, struct text *text)
{
    struct buf buf;

    buf_init(&buf, scratch, TABLE_OCTETS_MAX);
    if (!buf_read(&buf, fd))
        return false;
    *text = buf_text(&buf);
    return true;
}

bool table_open(struct table *table, struct rules *rules, const char *name, struct place asked)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct text text = { NULL, 0 };
    struct stat st;
    bool opened = false;

    if (fd < 0 || fstat(fd, &st) != 0)
        errors_add(rules->errors, asked, "cannot open %s: %s", name, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        errors_add(rules->errors, asked, "%s is not a file", name);
    else if (!slurp(fd, rules->scratch, &text))
        errors_add(rules->errors, asked, "cannot read %s: %s", name, strerror(errno));
    else
        opened = true;
    if (fd >= 0)
        close(fd);
    table_init(table, rules, name, text);
    return opened;
}

static struct text without_comment(struct text line, bool (*comment)(struct text before))
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '#' && comment(text_head(line, i)))
            return text_head(line, i);
    return line;
}

static bool is_text(char c)
{
    return octet_is_wsp(c) || !octet_is_control(c);
}

bool table_line(struct table *table, bool (*comment)(struct text before), struct text *line)
{
    while (table->rest.len > 0) {
        size_t end = text_find(table->rest, '\n');

        *line = text_trim(without_comment(text_head(table->rest, end), comment));
        table->rest = text_tail(table->rest, end + 1);
        table->place.line++;
        table->place.order = table->rules->order++;
        if (line->len > TABLE_LINE_MAX)
            table_error(table, "a line of more than %d octets", TABLE_LINE_MAX);
        else if (!text_all(*line, is_text))
            table_error(table, "a control octet: this is not a text file");
        else if (line->len > 0)
            return true;
    }
    return false;
}

static bool is_word(char c)
{
    return !octet_is_wsp(c);
}

struct text table_word(struct text *line)
{
    struct cursor c = cursor_over(*line);
    struct text word = cursor_run(&c, is_word);

    *line = text_trim(cursor_rest(&c));
    return word;
}
