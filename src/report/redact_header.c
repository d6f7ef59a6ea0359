#include "report/redact_header.h"

#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "mail/domain.h"
#include "mail/lexer.h"
#include "mail/message.h"

enum { LINE_OCTETS = 76, WORD_MAX = 900, ADDRESSES_MAX = 50 };

struct redaction {
    const struct redactor *redactor;
    struct buf *out; /* of one field's value, without folding */
};

/* --- addresses -------------------------------------------------------------- */

/* What stands after an '@', as far as it is a name. */
static struct text domain_at(struct lexer *lexer)
{
    const char *start = NULL, *end = NULL;
    struct lexer ahead = *lexer;
    struct token token = lexer_next(&ahead);

    while (token.kind == TOKEN_ATOM || token_is(token, '.')) {
        if (!start)
            start = token.text.data;
        end = token.text.data + token.text.len;
        *lexer = ahead;
        token = lexer_next(&ahead);
    }
    return start ? (struct text){ start, (size_t)(end - start) } : (struct text){ NULL, 0 };
}

static void add_address(const struct redaction *r, struct text local, struct text name, bool first)
{
    char shown[REDACTED_SIZE];
    domain_name domain;

    buf_add(r->out, first ? "" : ", ");
    buf_printf(r->out, "<%s@%s>", redact_local_part(r->redactor, local, shown),
               domain_normalise(name, domain) ? domain : "invalid");
}

/* The addresses of a list; names, groups and comments are left behind. */
static void show_addresses(const struct redaction *r, struct text value)
{
    struct lexer lexer = lexer_over(value);
    struct text local = { NULL, 0 };
    bool joins = false; /* the next word belongs to LOCAL */
    size_t count = 0;

    for (;;) {
        struct token token = lexer_next(&lexer);
        bool dot = token_is(token, '.');

        if (token.kind == TOKEN_END || token.kind == TOKEN_BAD || count == ADDRESSES_MAX)
            return;
        if (token_is(token, '@')) {
            add_address(r, local, domain_at(&lexer), count++ == 0);
            local.len = 0;
        } else if (local.len > 0 && (dot || joins)) {
            local.len = (size_t)(token.text.data + token.text.len - local.data);
        } else if (token.kind == TOKEN_SPECIAL) {
            local.len = 0;
        } else {
            local = token.text;
        }
        joins = dot;
    }
}

/* --- other values ----------------------------------------------------------- */

static void show_ids(const struct redaction *r, struct text value)
{
    redact_addresses(r->out, r->redactor, value);
}

static void show_as_it_is(const struct redaction *r, struct text value)
{
    buf_text_add(r->out, value);
}

/* "text/plain" of "text/plain; name=..." */
static void show_type(const struct redaction *r, struct text value)
{
    redact_addresses(r->out, r->redactor, text_head(value, text_find(value, ';')));
}

/* A signature but for its copies of fields (z=), and who signed (in i=). */
static void show_signature(const struct redaction *r, struct text value)
{
    while (value.len > 0) {
        struct text tag = text_head(value, text_find(value, ';'));
        struct text name = text_trim(text_head(tag, text_find(tag, '=')));
        struct text tag_value = text_tail(tag, text_find(tag, '=') + 1);

        value = text_tail(value, tag.len + 1);
        if (text_equal_nocase(name, TEXT("z")) || name.len == 0)
            continue;
        buf_char(r->out, ' ');
        buf_text_add(r->out, name);
        buf_char(r->out, '=');
        redact_addresses(r->out, r->redactor, tag_value);
        buf_char(r->out, ';');
    }
}

/* --- Received --------------------------------------------------------------- */

static bool is_no_blank(char c)
{
    return !octet_is_fws(c) && c != '(';
}

/* A comment with what is nested in it. */
static struct text comment(struct cursor *c)
{
    const char *start = c->at;
    size_t depth = 0;

    while (!cursor_done(c)) {
        char octet = *c->at++;

        if (octet == '\\' && !cursor_done(c))
            c->at++;
        else if (octet == '(')
            depth++;
        else if (octet == ')' && --depth == 0)
            break;
    }
    return cursor_since(c, start);
}

/* "from joe by ...": a local user is no host. */
static bool is_host(struct text word)
{
    return text_find(word, '.') < word.len || text_find(word, ':') < word.len;
}

/* Of comments only those with an address of a host; of the clauses all but users. */
static void show_received(const struct redaction *r, struct text value)
{
    struct cursor c = cursor_over(value);
    bool after_from = false;

    for (;;) {
        struct text word;

        (void)cursor_run(&c, octet_is_fws);
        if (cursor_done(&c))
            return;
        if (cursor_peek(&c) == '(') {
            word = comment(&c);
            if (text_find(word, '[') == word.len)
                continue;
        } else {
            word = cursor_run(&c, is_no_blank);
        }
        buf_char(r->out, ' ');
        if (after_from && !is_host(word))
            buf_add(r->out, "redacted");
        else
            redact_addresses(r->out, r->redactor, word);
        after_from = text_equal_nocase(word, TEXT("from"));
    }
}

/* --- fields ----------------------------------------------------------------- */

typedef void show_fn(const struct redaction *redaction, struct text value);

static const struct shown {
    const char *name;
    show_fn *show;
} shown[] = {
    { "Received", show_received },
    { "Return-Path", show_addresses },
    { "DKIM-Signature", show_signature },
    { "ARC-Seal", show_signature },
    { "ARC-Message-Signature", show_signature },
    { "Date", show_ids },
    { "From", show_addresses },
    { "Sender", show_addresses },
    { "Reply-To", show_addresses },
    { "To", show_addresses },
    { "Cc", show_addresses },
    { "Resent-Date", show_ids },
    { "Resent-From", show_addresses },
    { "Resent-Sender", show_addresses },
    { "Resent-To", show_addresses },
    { "Resent-Cc", show_addresses },
    { "Message-ID", show_ids },
    { "In-Reply-To", show_ids },
    { "References", show_ids },
    { "Resent-Message-ID", show_ids },
    { "List-Id", show_ids },
    { "Precedence", show_ids },
    { "MIME-Version", show_ids },
    { "Content-Type", show_type },
    { "Content-Transfer-Encoding", show_ids },
    { "Subject", show_as_it_is }, /* the last: left out unless wanted */
};

enum { SHOWN = sizeof shown / sizeof shown[0] };

static const struct shown *shown_as(struct text name, bool subject)
{
    const size_t count = subject ? SHOWN : SHOWN - 1;

    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(text_of(shown[i].name), name))
            return &shown[i];
    return NULL;
}

/* Adds VALUE word by word; what is not printable as '?'. */
static void fold(struct buf *out, size_t column, struct text value)
{
    struct cursor c = cursor_over(value);

    for (;;) {
        struct text word;

        (void)cursor_run(&c, octet_is_fws);
        if (cursor_done(&c))
            return;
        word.data = c.at;
        while (!cursor_done(&c) && !octet_is_fws(*c.at))
            c.at++;
        word = text_head(cursor_since(&c, word.data), WORD_MAX);
        if (column + 1 + word.len > LINE_OCTETS) {
            buf_add(out, "\n\t");
            column = 8;
        } else {
            buf_char(out, ' ');
            column++;
        }
        for (size_t i = 0; i < word.len; i++)
            buf_char(out, word.data[i] > 0x20 && word.data[i] < 0x7f ? word.data[i] : '?');
        column += word.len;
    }
}

static void add_field(struct buf *out, struct region *region, const struct redactor *redactor,
                      const struct shown *as, struct text value)
{
    struct buf plain, folded;
    const struct redaction redaction = { redactor, &plain };

    buf_init(&plain, region, REDACTED_FIELD_MAX);
    buf_init(&folded, region, 2 * REDACTED_FIELD_MAX);
    as->show(&redaction, value);
    if (buf_failed(&plain))
        return;
    buf_printf(&folded, "%s:", as->name);
    fold(&folded, folded.len, buf_text(&plain));
    buf_char(&folded, '\n');
    if (folded.len <= out->max - out->len)
        buf_text_add(out, buf_text(&folded));
}

const char *redact_header(struct region *region, const struct redactor *redactor,
                          const struct field *first, bool subject)
{
    size_t count = 0;
    struct buf out;

    buf_init(&out, region, REDACTED_HEADER_MAX);
    for (const struct field *f = first; f && count < REDACTED_FIELDS_MAX; f = f->next) {
        const struct shown *as = shown_as(f->name, subject);

        if (!as || f->cut)
            continue;
        add_field(&out, region, redactor, as, f->value);
        count++;
    }
    return region_failed(region) ? NULL : out.len > 0 ? buf_str(&out) : "";
}
