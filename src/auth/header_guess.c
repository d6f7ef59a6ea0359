#include "auth/header_guess.h"

#include "auth/signature.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"

enum {
    TAG_OCTETS_MAX = 80, /* "[a list]" */
    WORD_OCTETS_MAX = 12, /* "Re:" */
    ADDED_MAX = 10
};

struct guessing {
    struct region *region;
    const struct message *message;
    const struct signature *signature;
    struct header_edit *guesses;
    size_t count;
};

static void guess(struct guessing *g, struct header_edit edit)
{
    if (g->count < HEADER_GUESSES_MAX)
        g->guesses[g->count++] = edit;
}

static bool is_signed(const struct signature *s, struct text name)
{
    for (size_t i = 0; i < s->signed_name_count; i++)
        if (text_equal_nocase(s->signed_names[i], name))
            return true;
    return false;
}

/* The field called NAME that a signature takes first: the last one. */
static const struct field *last_field(const struct message *message, struct text name)
{
    const struct field *last = NULL;

    for (const struct field *f = message->fields; f; f = f->next)
        if (field_is(f, name))
            last = f;
    return last;
}

static size_t blanks(struct text t)
{
    size_t len = 0;

    while (len < t.len && octet_is_fws(t.data[len]))
        len++;
    return len;
}

/* --- tags in a Subject --- */

static size_t stars(struct text t)
{
    size_t len = 0;

    while (len < t.len && t.data[len] == '*')
        len++;
    return len;
}

/* "[list]", "(list)", "{list}" */
static size_t bracketed(struct text t)
{
    static const char open[] = "[({", closed[] = "])}";

    for (size_t i = 0; t.len > 0 && open[i]; i++)
        if (t.data[0] == open[i])
            return text_find(t, closed[i]) + 1;
    return 0;
}

/* "***SPAM***" */
static size_t starred(struct text t)
{
    size_t before = stars(t);
    struct text rest = text_tail(t, before);
    size_t word = text_find(rest, '*');

    if (before == 0 || word == 0 || word == rest.len)
        return 0;
    return before + word + stars(text_tail(rest, word));
}

/* "Re:" */
static size_t word(struct text t)
{
    size_t len = 0;

    while (len < t.len && len < WORD_OCTETS_MAX && octet_is_alpha(t.data[len]))
        len++;
    return len > 0 && len < t.len && t.data[len] == ':' ? len + 1 : 0;
}

/* The octets of a tag that T begins with, and of the blanks after it; 0: none. */
static size_t tag(struct text t)
{
    struct text head = text_head(t, TAG_OCTETS_MAX);
    size_t len = bracketed(head);

    if (len == 0)
        len = starred(head);
    if (len == 0)
        len = word(head);
    if (len == 0 || len > head.len)
        return 0;
    return len + blanks(text_tail(t, len));
}

/* PARTS in a row. */
static struct text joined(struct region *region, const struct text *parts, size_t count)
{
    size_t len = 1;
    struct buf out;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    buf_init(&out, region, len);
    for (size_t i = 0; i < count; i++)
        buf_text_add(&out, parts[i]);
    return buf_text(&out);
}

/* The value of FIELD without its octets from FROM to END was signed. */
static void guess_tag(struct guessing *g, const struct field *field, size_t from, size_t end)
{
    const struct text parts[] = { text_head(field->value, from), text_tail(field->value, end) };

    guess(g, (struct header_edit){
                 .change = CHANGE_PREFIX,
                 .field = field,
                 .name = field->name,
                 .value = joined(g->region, parts, 2),
                 .prefix = text_head(text_tail(field->value, from), end - from),
             });
}

/* Lists that find "Re: [list] x" make "[list] Re: x" of it. */
static void guess_moved_tag(struct guessing *g, const struct field *field, size_t from,
                            size_t middle, size_t end)
{
    const struct text v = field->value;
    const struct text parts[] = { text_head(v, from),
                                  text_head(text_tail(v, middle), end - middle),
                                  text_head(text_tail(v, from), middle - from),
                                  text_tail(v, end) };

    guess(g, (struct header_edit){ .change = CHANGE_VALUE,
                                   .field = field,
                                   .name = field->name,
                                   .value = joined(g->region, parts, 4) });
}

static void guess_subject(struct guessing *g)
{
    const struct field *field = last_field(g->message, TEXT("Subject"));
    size_t from, first, second;

    if (!field || !is_signed(g->signature, field->name))
        return;
    from = blanks(field->value);
    first = tag(text_tail(field->value, from));
    if (first == 0)
        return;
    guess_tag(g, field, from, from + first);
    second = tag(text_tail(field->value, from + first));
    if (second == 0)
        return;
    guess_tag(g, field, from, from + first + second);
    guess_tag(g, field, from + first, from + first + second);
    guess_moved_tag(g, field, from, from + first, from + first + second);
}

/* --- other values --- */

/* Lists that write their own address into From keep the author in another field. */
static void guess_author(struct guessing *g)
{
    static const char *const keepers[] = { "X-Original-From", "Original-From", "Reply-To" };
    const struct field *from = last_field(g->message, TEXT("From"));

    for (size_t i = 0; from && i < sizeof keepers / sizeof keepers[0]; i++) {
        const struct field *kept = last_field(g->message, text_of(keepers[i]));

        if (kept)
            guess(g, (struct header_edit){ .change = CHANGE_VALUE,
                                           .field = from,
                                           .name = from->name,
                                           .value = kept->value });
    }
}

/* Who re-encodes a body says so. */
static void guess_encoding(struct guessing *g)
{
    static const char *const encodings[] = { " 8bit", " 7bit", " quoted-printable", " base64" };
    const struct field *field = last_field(g->message, TEXT("Content-Transfer-Encoding"));

    if (!field || !is_signed(g->signature, field->name))
        return;
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
        if (!text_equal_nocase(text_trim(field->value), text_trim(text_of(encodings[i]))))
            guess(g, (struct header_edit){ .change = CHANGE_VALUE,
                                           .field = field,
                                           .name = field->name,
                                           .value = text_of(encodings[i]) });
}

/* --- fields that were not there --- */

/* What no message is sent without: alone, it was not added. */
static bool is_usual(struct text name)
{
    static const char *const usual[] = { "From", "To", "Subject", "Date", "Message-ID" };

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (text_equal_nocase(name, text_of(usual[i])))
            return true;
    return false;
}

static bool is_alone(const struct message *message, struct text name)
{
    size_t count = 0;

    for (const struct field *f = message->fields; f && count < 2; f = f->next)
        count += field_is(f, name);
    return count == 1;
}

/* A name in h= covers one more field than was there: adding it breaks the
 * signature (RFC 6376 §5.4). */
static void guess_added(struct guessing *g)
{
    size_t count = 0;

    for (const struct field *f = g->message->fields; f && count < ADDED_MAX; f = f->next) {
        if (!is_signed(g->signature, f->name) ||
            (is_usual(f->name) && is_alone(g->message, f->name)))
            continue;
        guess(g, (struct header_edit){ .change = CHANGE_ADDED, .field = f, .name = f->name });
        count++;
    }
}

size_t header_guesses(struct region *region, const struct message *message,
                      const struct signature *signature,
                      struct header_edit guesses[HEADER_GUESSES_MAX])
{
    struct guessing g = { region, message, signature, guesses, 0 };

    guess_subject(&g);
    guess_author(&g);
    guess_encoding(&g);
    guess_added(&g);
    return g.count;
}
