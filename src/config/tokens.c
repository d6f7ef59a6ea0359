#include "config/tokens_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/region.h"

enum {
    OCTETS_MAX = 1024 * 1024, /* of all files together */
    FILES_MAX = 64,
    DEPTH_MAX = 8,   /* of includes */
    NESTING_MAX = 8, /* of braces */
    VALUE_MAX = 1024
};

struct reader {
    struct tokens *tokens;
    struct errors *errors;
    unsigned files;
    size_t octets;
};

/* A file being read. */
struct source {
    struct reader *reader;
    const char *name;
    struct cursor at;
    unsigned line;
    unsigned depth;
    bool is_file;
    dev_t device;
    ino_t inode;
    const struct source *includer;
    unsigned nesting;
    unsigned opened[NESTING_MAX]; /* lines of the open braces */
};

void tokens_init(struct tokens *tokens, struct region *region)
{
    *tokens = (struct tokens){ .region = region };
}

static struct place place_of(const struct source *s)
{
    return (struct place){ s->name, s->line, s->reader->tokens->count };
}

/* False, after an error at the place where SOURCE is. */
#define fail(source, ...) errors_add((source)->reader->errors, place_of(source), __VA_ARGS__)

static bool push(struct source *s, enum token_kind kind, struct text text)
{
    struct tokens *t = s->reader->tokens;

    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        struct token *grown = region_array(t->region, capacity, sizeof *grown);

        if (!grown)
            return fail(s, "out of memory");
        if (t->count)
            memcpy(grown, t->items, t->count * sizeof *grown);
        t->items = grown;
        t->capacity = capacity;
    }
    t->items[t->count] = (struct token){ kind, text, place_of(s) };
    t->count++;
    return true;
}

/* The tokens so far end where a statement may begin. */
static bool at_statement(const struct tokens *t)
{
    enum token_kind before;

    if (t->count == 0)
        return true;
    before = t->count > 1 ? t->items[t->count - 2].kind : TOKEN_CLOSE;
    switch (t->items[t->count - 1].kind) {
    case TOKEN_CLOSE:
        return true;
    case TOKEN_OPEN: /* of a section, not of a list */
        return before != TOKEN_EQUAL;
    case TOKEN_WORD:
    case TOKEN_STRING:
        return before == TOKEN_EQUAL;
    case TOKEN_EQUAL:
    case TOKEN_COMMA:
        break;
    }
    return false;
}

static bool is_word(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '_' || c == '-' || c == '.';
}

static bool is_not_line_end(char c) { return c != '\n'; }

static bool long_comment(struct source *s)
{
    struct source begin = *s;

    s->at.at += 2;
    while (!cursor_done(&s->at)) {
        if (cursor_take(&s->at, '*')) {
            if (cursor_take(&s->at, '/'))
                return true;
        } else if (cursor_take(&s->at, '\n')) {
            s->line++;
        } else {
            s->at.at++;
        }
    }
    return fail(&begin, "this comment is not closed: add */");
}

/* Skips blanks and comments. */
static bool skip_blank(struct source *s)
{
    while (!cursor_done(&s->at)) {
        struct text rest = cursor_rest(&s->at);

        if (cursor_take(&s->at, '\n')) {
            s->line++;
        } else if (octet_is_wsp(rest.data[0]) || rest.data[0] == '\r') {
            s->at.at++;
        } else if (rest.data[0] == '#' || text_starts_nocase(rest, TEXT("//"))) {
            cursor_run(&s->at, is_not_line_end);
        } else if (text_starts_nocase(rest, TEXT("/*"))) {
            if (!long_comment(s))
                return false;
        } else {
            break;
        }
    }
    return true;
}

/* An octet of a string that is not allowed there. */
static bool string_octet(struct source *s, char c)
{
    if (c == '\n' || c == '\r')
        return fail(s, "the quote is not closed on its line; a value holds no line break");
    if (octet_is_control(c))
        return fail(s, "a control octet in a value");
    if (c == '$' && cursor_peek(&s->at) == '{')
        return fail(s, "${...} is not expanded: the environment plays no part here; "
                       "write the value itself");
    return true;
}

/* What stands between the quotes that begin here. */
static bool quoted(struct source *s, struct text *value)
{
    char quote = *s->at.at++;
    struct buf buf;
    char c;

    buf_init(&buf, s->reader->tokens->region, VALUE_MAX);
    for (;;) {
        if (cursor_done(&s->at))
            return fail(s, "the file ends inside a quoted value");
        c = *s->at.at++;
        if (c == quote)
            break;
        if (!string_octet(s, c))
            return false;
        if (c == '\\') {
            if (cursor_peek(&s->at) != '\\' && cursor_peek(&s->at) != quote)
                return fail(s, "a backslash stands only before a backslash or the closing "
                               "kind of quote: write \\\\");
            c = *s->at.at++;
        }
        buf_char(&buf, c);
    }
    if (buf_failed(&buf))
        return fail(s, "a value of more than %d octets", VALUE_MAX);
    *value = buf_text(&buf);
    return true;
}

static bool string(struct source *s)
{
    struct text value;

    if (!quoted(s, &value))
        return false;
    if (at_statement(s->reader->tokens))
        return fail(s, "an option name is expected here, and names are written without quotes");
    return push(s, TOKEN_STRING, value);
}

static bool at_quote(const struct source *s)
{
    return cursor_peek(&s->at) == '"' || cursor_peek(&s->at) == '\'';
}

static bool punctuation(struct source *s)
{
    char c = *s->at.at++;

    switch (c) {
    case '{':
        if (s->nesting == NESTING_MAX)
            return fail(s, "braces nested deeper than %d", NESTING_MAX);
        s->opened[s->nesting++] = s->line;
        return push(s, TOKEN_OPEN, TEXT("{"));
    case '}':
        if (s->nesting == 0)
            return fail(s, "} without a { before it in this file");
        s->nesting--;
        return push(s, TOKEN_CLOSE, TEXT("}"));
    case '=':
        return push(s, TOKEN_EQUAL, TEXT("="));
    case ',':
        return push(s, TOKEN_COMMA, TEXT(","));
    case '+':
        return fail(s, "+ has no meaning here (+= is not supported): set an option once, "
                       "with its whole value");
    case '$':
        return fail(s, "$ has no meaning here: the environment plays no part; "
                       "write the value itself");
    case '\0':
        return fail(s, "a NUL octet: this is not a text file");
    default:
        if (c < 0x20 || c > 0x7e)
            return fail(s, "unexpected octet 0x%02x: outside of quotes everything is ASCII "
                           "(so are the quotes; and no byte order mark)",
                        (unsigned)(unsigned char)c);
        return fail(s, "unexpected '%c': a value other than a number or a word is written in "
                       "double quotes", c);
    }
}

static bool read_file(struct reader *reader, const struct source *includer, const char *name);

/* NAME as seen from the folder of the file that includes it. */
static const char *beside(const struct source *s, struct text name)
{
    const char *slash = strrchr(s->name, '/');
    struct buf buf;

    buf_init(&buf, s->reader->tokens->region, 2 * VALUE_MAX + DEPTH_MAX);
    if (name.data[0] != '/' && slash)
        buf_text_add(&buf, (struct text){ s->name, (size_t)(slash - s->name) + 1 });
    buf_text_add(&buf, name);
    return buf_str(&buf);
}

/* `include` was read: takes ("FILE"). */
static bool include_argument(struct source *s, struct text *file)
{
    if (!skip_blank(s) || !cursor_take(&s->at, '(') || !skip_blank(s) || !at_quote(s))
        return fail(s, "include is written include(\"FILE\")");
    if (!quoted(s, file) || !skip_blank(s))
        return false;
    if (!cursor_take(&s->at, ')'))
        return fail(s, "include is written include(\"FILE\")");
    return true;
}

static bool include(struct source *s)
{
    struct text file;
    const char *name;

    if (!include_argument(s, &file))
        return false;
    if (!s->is_file)
        return fail(s, "include is not possible here");
    if (file.len == 0 || file.data[0] == '~')
        return fail(s, "include needs a file name; ~ is not expanded: write the whole path");
    name = beside(s, file);
    if (!name)
        return fail(s, "the name of this include is too long");
    return read_file(s->reader, s, name);
}

static bool next_token(struct source *s)
{
    struct tokens *t = s->reader->tokens;
    struct text word = cursor_run(&s->at, is_word);

    if (word.len > VALUE_MAX)
        return fail(s, "a value of more than %d octets", VALUE_MAX);
    if (text_equal(word, TEXT("include")) && s->nesting == 0 && at_statement(t))
        return include(s);
    if (word.len)
        return push(s, TOKEN_WORD, word);
    return at_quote(s) ? string(s) : punctuation(s);
}

static bool read_source(struct source *s)
{
    for (;;) {
        if (!skip_blank(s))
            return false;
        if (cursor_done(&s->at))
            break;
        if (!next_token(s))
            return false;
    }
    if (s->nesting) {
        s->line = s->opened[s->nesting - 1];
        return fail(s, "this { is not closed in its file: add }");
    }
    if (!at_statement(s->reader->tokens))
        return fail(s, "the file ends in the middle of a statement: NAME = VALUE");
    return true;
}

/* All octets of FD, or false with errno. */
static bool slurp(int fd, struct reader *reader, struct text *text)
{
    struct buf buf;

    buf_init(&buf, reader->tokens->region, OCTETS_MAX - reader->octets);
    if (!buf_read(&buf, fd))
        return false;
    *text = buf_text(&buf);
    reader->octets += text->len;
    return true;
}

static bool includes_itself(const struct source *s, const struct stat *st)
{
    for (; s; s = s->includer)
        if (s->device == st->st_dev && s->inode == st->st_ino && S_ISREG(st->st_mode))
            return true;
    return false;
}

/* Opens and reads the file of S; errors are told at ASKED, the place that
 * names it. */
static bool load(struct source *s, const struct source *asked)
{
    struct stat st;
    struct text text;
    int fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool loaded = false;

    if (fd < 0 || fstat(fd, &st) != 0)
        fail(asked, "cannot open %s: %s", s->name, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        fail(asked, "%s is a directory; name a file", s->name);
    else if (includes_itself(s->includer, &st))
        fail(asked, "%s includes itself", s->name);
    else if (!slurp(fd, s->reader, &text))
        fail(asked, "cannot read %s: %s", s->name, strerror(errno));
    else
        loaded = true;
    if (loaded) {
        s->at = cursor_over(text);
        s->device = st.st_dev;
        s->inode = st.st_ino;
    }
    if (fd >= 0)
        close(fd);
    return loaded;
}

static bool read_file(struct reader *reader, const struct source *includer, const char *name)
{
    struct source s = {
        .reader = reader,
        .name = name,
        .line = 1,
        .depth = includer ? includer->depth + 1 : 0,
        .is_file = true,
        .includer = includer,
    };
    const struct source *asked = includer ? includer : &s;

    if (s.depth > DEPTH_MAX)
        return fail(asked, "includes nested deeper than %d", DEPTH_MAX);
    if (++reader->files > FILES_MAX)
        return fail(asked, "more than %d files", FILES_MAX);
    return load(&s, asked) && read_source(&s);
}

bool tokens_read_file(struct tokens *tokens, struct errors *errors, const char *name)
{
    struct reader reader = { .tokens = tokens, .errors = errors };

    return read_file(&reader, NULL, name);
}

bool tokens_read_text(struct tokens *tokens, struct errors *errors, const char *name,
                      struct text text)
{
    struct reader reader = { .tokens = tokens, .errors = errors };
    struct source s = { .reader = &reader, .name = name, .line = 1, .at = cursor_over(text) };

    if (text.len > OCTETS_MAX)
        return fail(&s, "more than %d octets", OCTETS_MAX);
    return read_source(&s);
}
