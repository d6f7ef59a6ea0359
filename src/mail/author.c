#include "mail/author.h"

#include <string.h>

#include "mail/lexer.h"
#include "mail/message.h"

/* The parser goes from separator to separator.  It does not tell groups from
 * lists: the mailboxes of a group are authors like others (RFC 6854), so a
 * group's name is skipped and its ';' separates like ','.  A mailbox is found
 * in two steps: scan() finds where the text before '<' or a separator ends,
 * then that text is parsed as what it then must be, a display name or an
 * addr-spec. */

const struct name author_status_names[] = {
    { AUTHOR_OK, "ok" },
    { AUTHOR_SEVERAL, "several-domains" },
    { AUTHOR_TOO_MANY, "too-many-domains" },
    { AUTHOR_NO_FIELD, "no-from-field" },
    { AUTHOR_MANY_FIELDS, "several-from-fields" },
    { AUTHOR_NO_MAILBOX, "no-mailbox" },
    { AUTHOR_NO_DOMAIN, "no-domain" },
    { AUTHOR_UNPARSABLE, "unparsable" },
    { 0, NULL },
};

/* What the field holds so far. */
struct list {
    struct author *author;
    size_t mailboxes;
    bool too_many;  /* domains */
    bool no_domain; /* a mailbox without a usable domain */
};

/* The octets of a domain as written, without CFWS.  U-labels may be longer
 * than what they become. */
struct raw_domain {
    char octets[4 * DOMAIN_MAX];
    size_t len;
    bool too_long;
};

static void append(struct raw_domain *domain, struct text t)
{
    if (t.len > sizeof domain->octets - domain->len) {
        domain->too_long = true;
        return;
    }
    memcpy(domain->octets + domain->len, t.data, t.len);
    domain->len += t.len;
}

/* Normalises and notes a domain, unless the outcome is settled already.  False
 * if it is none. */
static bool note_domain(struct list *list, struct text raw)
{
    struct author *author = list->author;
    domain_name domain;

    if (list->too_many || list->no_domain)
        return true;
    if (!domain_normalise(raw, domain))
        return false;
    for (size_t i = 0; i < author->count; i++)
        if (strcmp(author->domains[i], domain) == 0)
            return true;
    if (author->count < AUTHOR_DOMAINS_MAX)
        memcpy(author->domains[author->count++], domain, sizeof domain);
    else
        list->too_many = true;
    return true;
}

/* domain = dot-atom / obs-domain, and a dot at the end. */
static bool dotted_name(struct lexer *lexer, struct raw_domain *domain)
{
    struct lexer ahead = *lexer;
    struct token token = lexer_next(&ahead);

    domain->len = 0;
    domain->too_long = false;
    while (token.kind == TOKEN_ATOM) {
        append(domain, token.text);
        *lexer = ahead;
        if (!token_is(lexer_next(&ahead), '.'))
            break;
        *lexer = ahead;
        token = lexer_next(&ahead);
        if (token.kind == TOKEN_ATOM)
            append(domain, TEXT("."));
    }
    return domain->len > 0 || domain->too_long;
}

/* T holds what a mail reader might decode as an encoded-word. */
static bool has_encoded_word(struct text t)
{
    bool opened = false;

    for (size_t i = 1; i < t.len; i++) {
        if (opened && t.data[i - 1] == '?' && t.data[i] == '=')
            return true;
        opened |= t.data[i - 1] == '=' && t.data[i] == '?';
    }
    return false;
}

/* A word of a local part: no control octets, no broken UTF-8. */
static bool local_word(struct token token)
{
    if (token.kind != TOKEN_ATOM && token.kind != TOKEN_QUOTED)
        return false;
    for (size_t i = 0; i < token.text.len; i++) {
        char c = token.text.data[i];

        if (octet_is_control(c) && c != '\t' && c != '\r' && c != '\n')
            return false;
    }
    return text_is_utf8(token.text);
}

/* local-part = word *("." word), with dots anywhere (in use in Japan). */
static bool local_part(struct lexer *lexer)
{
    const char *start = lexer->c.at;
    bool any = false, after_word = false;

    for (;;) {
        struct lexer ahead = *lexer;
        struct token token = lexer_next(&ahead);

        if (token_is(token, '.'))
            after_word = false;
        else if (!after_word && local_word(token))
            any = after_word = true;
        else
            return any && !has_encoded_word(cursor_since(&lexer->c, start));
        *lexer = ahead;
    }
}

/* addr-spec, or a local part alone.  False: neither. */
static bool addr_spec(struct lexer *lexer, struct list *list)
{
    struct raw_domain domain;
    struct lexer ahead;
    const char *start;

    if (!lexer_cfws(lexer))
        return false;
    start = lexer->c.at;
    if (!local_part(lexer))
        return false;
    list->mailboxes++;
    list->author->local_part = cursor_since(&lexer->c, start);
    if (!lexer_take(lexer, '@')) {
        list->no_domain = true;
        return true;
    }
    ahead = *lexer;
    if (lexer_next(&ahead).kind == TOKEN_LITERAL) {
        *lexer = ahead;
        list->no_domain = true;
        return true;
    }
    if (!dotted_name(lexer, &domain))
        return false;
    if (domain.too_long || !note_domain(list, (struct text){ domain.octets, domain.len }))
        list->no_domain = true;
    return true;
}

/* obs-route = obs-domain-list ":".  Its domains relay, they are no authors. */
static bool obs_route(struct lexer *lexer)
{
    for (;;) {
        struct token token = lexer_next(lexer);

        if (token_is(token, ':'))
            return true;
        if (token.kind != TOKEN_ATOM && token.kind != TOKEN_LITERAL && !token_is(token, '@') &&
            !token_is(token, ',') && !token_is(token, '.'))
            return false;
    }
}

/* angle-addr after its "<", and that nothing but a separator follows it.
 * Comments with specials inside could be shown as part of the address. */
static bool angle_addr(struct lexer *lexer, struct list *list)
{
    struct lexer ahead;
    struct token token;

    lexer->comment_specials = false;
    ahead = *lexer;
    token = lexer_next(&ahead);
    if (token_is(token, '>'))
        list->no_domain = true;
    else if ((token_is(token, '@') && !obs_route(lexer)) || !addr_spec(lexer, list))
        return false;
    if (!lexer_take(lexer, '>') || lexer->comment_specials)
        return false;
    token = lexer_next(lexer);
    return token.kind == TOKEN_END || token_is(token, ',') || token_is(token, ';');
}

/* The whole of T is an addr-spec.  Comments around it hold anything. */
static bool bare_addr_spec(struct text t, struct list *list)
{
    struct lexer lexer = lexer_over(t);

    if (!lexer_cfws(&lexer))
        return false;
    lexer.comment_specials = false;
    return addr_spec(&lexer, list) && !lexer.comment_specials &&
           lexer_next(&lexer).kind == TOKEN_END;
}

static bool is_domain_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_' || c == '.' ||
           (unsigned char)c >= 0x80;
}

/* A display name with '@' outside quotes, as in "a@b.org <a@b.org>", is no
 * phrase, and readers differ in what they show.  So each domain in it counts
 * as an author's.  Without a dot ("John @ Work") it is no domain. */
static bool display_name_domains(struct text t, struct list *list)
{
    struct lexer lexer = lexer_over(t);
    struct token token;

    while ((token = lexer_next(&lexer)).kind != TOKEN_END) {
        struct raw_domain domain;
        struct cursor c;
        struct text name;

        if (!token_is(token, '@') || !dotted_name(&lexer, &domain))
            continue;
        c = cursor_over((struct text){ domain.octets, domain.len });
        name = cursor_run(&c, is_domain_octet);
        if (domain.too_long)
            return false;
        if (text_find(name, '.') < name.len && !note_domain(list, name))
            return false;
    }
    return true;
}

/* The text before '<', ':', a separator or the end. */
struct element {
    struct text text;
    size_t tokens;
    bool has_at;        /* outside quotes and encoded words */
    struct token stop;  /* the special that ended it, or TOKEN_END */
};

/* Specials that may stand in what becomes a display name.  A backslash outside
 * quotes or a lone '>' is read differently by everyone. */
static bool is_display_special(char c)
{
    return c == '.' || c == '[' || c == ']' || c == ')' || c == '@';
}

static bool scan(struct lexer *lexer, struct element *element)
{
    const char *start = lexer->c.at;

    *element = (struct element){ .tokens = 0 };
    for (;; element->tokens++) {
        struct token token = lexer_next(lexer);

        if (token.kind == TOKEN_BAD)
            return false;
        if (token.kind == TOKEN_END ||
            (token.kind == TOKEN_SPECIAL && !is_display_special(token.text.data[0]))) {
            element->text = (struct text){ start, (size_t)(token.text.data - start) };
            element->stop = token;
            return !token_is(token, '\\') && !token_is(token, '>');
        }
        element->has_at |= token_is(token, '@');
    }
}

/* mailbox, the name of a group, or nothing (obs-mbox-list). */
static bool list_element(struct lexer *lexer, struct list *list)
{
    struct element element;

    if (!scan(lexer, &element))
        return false;
    if (token_is(element.stop, '<'))
        return (!element.has_at || display_name_domains(element.text, list)) &&
               angle_addr(lexer, list);
    if (token_is(element.stop, ':'))
        return element.tokens > 0 && !element.has_at;
    return element.tokens == 0 || bare_addr_spec(element.text, list);
}

/* Line ends only as folding.  T is trimmed. */
static bool is_folded_text(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        char next = i + 1 < t.len ? t.data[i + 1] : ' ';

        if ((t.data[i] == '\r' && next != '\n') || (t.data[i] == '\n' && !octet_is_wsp(next)))
            return false;
    }
    return true;
}

static bool mailbox_list(struct text value, struct list *list)
{
    struct lexer lexer = lexer_over(value);

    while (!cursor_done(&lexer.c))
        if (!list_element(&lexer, list))
            return false;
    return !lexer.comment_address;
}

static enum author_status status_of(const struct list *list)
{
    if (list->no_domain)
        return AUTHOR_NO_DOMAIN;
    if (list->too_many)
        return AUTHOR_TOO_MANY;
    switch (list->author->count) {
    case 0:
        return AUTHOR_NO_MAILBOX;
    case 1:
        return AUTHOR_OK;
    }
    return AUTHOR_SEVERAL;
}

void author_parse(struct text value, struct author *author)
{
    struct list list = { .author = author };

    memset(author, 0, sizeof *author);
    value = text_trim(value);
    author->status = is_folded_text(value) && mailbox_list(value, &list) ? status_of(&list)
                                                                         : AUTHOR_UNPARSABLE;
    if (author->status == AUTHOR_UNPARSABLE || author->status == AUTHOR_NO_DOMAIN)
        author->count = 0;
    if (author->count == 0 || list.mailboxes != 1)
        author->local_part = TEXT("");
}

void author_of(const struct message *message, struct author *author)
{
    const struct field *from = field_find(message->fields, TEXT("From"));

    memset(author, 0, sizeof *author);
    if (message->from_count == 0)
        author->status = AUTHOR_NO_FIELD;
    else if (message->from_count > 1)
        author->status = AUTHOR_MANY_FIELDS;
    else if (!from || from->cut)
        author->status = AUTHOR_UNPARSABLE;
    else
        author_parse(from->value, author);
}
