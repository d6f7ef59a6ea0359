#include "auth/spf_record.h"

#include "base/region.h"
#include "dns/answer.h"

/* The whole-record scan runs once to count the words and once to read them:
 * linear, whatever the record holds. */

const struct name spf_mechanism_names[] = {
    { MECHANISM_ALL, "all" }, { MECHANISM_INCLUDE, "include" }, { MECHANISM_A, "a" },
    { MECHANISM_MX, "mx" },   { MECHANISM_PTR, "ptr" },         { MECHANISM_IP4, "ip4" },
    { MECHANISM_IP6, "ip6" }, { MECHANISM_EXISTS, "exists" },   { 0, NULL },
};

/* What may follow each mechanism's name (§5). */
static const struct mechanism_shape {
    bool asks; /* counts as a DNS term (§4.6.4) */
    enum { TARGET_NONE, TARGET_OPTIONAL, TARGET_REQUIRED, TARGET_NETWORK } target;
    bool dual_cidr;
} shapes[] = {
    [MECHANISM_ALL] = { false, TARGET_NONE, false },
    [MECHANISM_INCLUDE] = { true, TARGET_REQUIRED, false },
    [MECHANISM_A] = { true, TARGET_OPTIONAL, true },
    [MECHANISM_MX] = { true, TARGET_OPTIONAL, true },
    [MECHANISM_PTR] = { true, TARGET_OPTIONAL, false },
    [MECHANISM_IP4] = { false, TARGET_NETWORK, false },
    [MECHANISM_IP6] = { false, TARGET_NETWORK, false },
    [MECHANISM_EXISTS] = { true, TARGET_REQUIRED, false },
};

static const char version[] = "v=spf1";

bool spf_mechanism_asks(enum spf_mechanism mechanism)
{
    return shapes[mechanism].asks;
}

bool spf_term_matches(const struct spf_term *term, const struct ip_address *client)
{
    return term->mechanism == MECHANISM_ALL ||
           (!shapes[term->mechanism].asks && ip_network_has(&term->network, client));
}

bool spf_record_has_all(const struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->terms[i].mechanism == MECHANISM_ALL)
            return true;
    return false;
}

/* Takes the version; true if SP or the end follows. */
static bool take_version(struct cursor *c)
{
    struct text rest = cursor_rest(c);

    if (!text_starts_nocase(rest, text_of(version)))
        return false;
    c->at += sizeof version - 1;
    return cursor_done(c) || cursor_peek(c) == ' ';
}

enum spf_selection spf_record_select(const struct dns_answer *answer, struct text *record)
{
    size_t found = 0;

    *record = (struct text){ NULL, 0 };
    for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++) {
        struct cursor c = cursor_over(answer->records[i].data);

        if (!take_version(&c))
            continue;
        *record = answer->records[i].data;
        found++;
    }
    return found == 0 ? RECORD_NONE : found == 1 ? RECORD_ONE : RECORD_MANY;
}

/* --- macro-string and domain-spec (§7.1) --- */

static bool is_alphanum(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c);
}

static bool is_visible(char c)
{
    return c >= 0x21 && c <= 0x7e;
}

static bool is_macro_literal(char c)
{
    return is_visible(c) && c != '%';
}

static bool is_delimiter(char c)
{
    return text_find(TEXT(".-+,/_="), c) < 7;
}

static bool is_macro_letter(char c)
{
    return text_find(TEXT("slodiphvcrt"), octet_lower(c)) < 11;
}

/* "{" macro-letter transformers *delimiter "}".  A count of labels must not be
 * zero (§7.3); one beyond what a name can hold keeps them all. */
static bool macro(struct cursor *c, struct spf_macro_part *part)
{
    struct text digits;
    unsigned long long keep = 0;

    if (!cursor_take(c, '{') || cursor_done(c) || !is_macro_letter(*c->at))
        return false;
    part->letter = octet_lower(*c->at);
    part->escape = part->letter != *c->at;
    c->at++;
    digits = cursor_run(c, octet_is_digit);
    if (digits.len > 0) {
        if (!text_to_uint(digits, DOMAIN_MAX, &keep))
            keep = DOMAIN_MAX;
        if (keep == 0)
            return false;
        part->keep = (unsigned)keep;
    }
    part->reverse = cursor_take(c, 'r') || cursor_take(c, 'R');
    part->delimiters = cursor_run(c, is_delimiter);
    return cursor_take(c, '}');
}

/* What follows '%' in a macro-expand. */
static bool macro_expand(struct cursor *c, struct spf_macro_part *part)
{
    if (cursor_peek(c) == '{')
        return macro(c, part);
    if (cursor_take(c, '%'))
        part->literal = TEXT("%");
    else if (cursor_take(c, '_'))
        part->literal = TEXT(" ");
    else if (cursor_take(c, '-'))
        part->literal = TEXT("%20");
    return part->literal.len > 0;
}

enum spf_macro_result spf_macro_next(struct cursor *c, struct spf_macro_part *part)
{
    const char *start = c->at;

    *part = (struct spf_macro_part){ .letter = 0 };
    if (cursor_done(c))
        return MACRO_END;
    part->literal = cursor_run(c, is_macro_literal);
    if (part->literal.len > 0)
        return MACRO_PART;
    if (cursor_take(c, '%') && macro_expand(c, part))
        return MACRO_PART;
    c->at = start;
    return MACRO_ERROR;
}

/* The letters c, r and t stand for what only an explanation may tell (§7.2). */
static bool is_explanation_letter(char letter)
{
    return letter == 'c' || letter == 'r' || letter == 't';
}

static bool is_macro_string(struct text t, bool explanation_letters)
{
    struct cursor c = cursor_over(t);
    struct spf_macro_part part;
    enum spf_macro_result got;

    while ((got = spf_macro_next(&c, &part)) == MACRO_PART)
        if (is_explanation_letter(part.letter) && !explanation_letters)
            return false;
    return got == MACRO_END;
}

/* alphanum and "-", neither first nor last "-", not digits alone. */
static bool is_toplabel(struct text t)
{
    bool only_digits = true;

    if (t.len == 0 || t.data[0] == '-' || t.data[t.len - 1] == '-')
        return false;
    for (size_t i = 0; i < t.len; i++) {
        if (!is_alphanum(t.data[i]) && t.data[i] != '-')
            return false;
        only_digits = only_digits && octet_is_digit(t.data[i]);
    }
    return !only_digits;
}

/* Whether the literal T, which ends a domain-spec, ends in "." toplabel ["."]. */
static bool ends_in_toplabel(struct text t)
{
    size_t end = t.len, start;

    if (end > 0 && t.data[end - 1] == '.')
        end--;
    for (start = end; start > 0 && t.data[start - 1] != '.'; start--)
        continue;
    return start > 0 && is_toplabel((struct text){ t.data + start, end - start });
}

/* domain-spec = macro-string domain-end, over the whole of T. */
static bool domain_spec(struct text t, struct spf_domain_spec *spec)
{
    struct cursor c = cursor_over(t);
    struct spf_macro_part part = { .letter = 0 };
    struct text last = { NULL, 0 }; /* the literal at the end, if one is */

    if (t.len == 0 || !is_macro_string(t, false))
        return false;
    *spec = (struct spf_domain_spec){ .text = t, .macros = text_find(t, '%') < t.len };
    while (!cursor_done(&c)) {
        const char *start = c.at;

        spf_macro_next(&c, &part);
        last = *start == '%' ? (struct text){ NULL, 0 } : part.literal;
    }
    return last.len == 0 || ends_in_toplabel(last);
}

/* An octet of a label to ask for: more than a host's name has, since §7.1
 * allows more ("%_" is SP), but nothing that a name in text form needs an escape
 * for. */
static bool is_target_octet(char c)
{
    return (is_visible(c) || c == ' ') && c != '.' && c != '\\';
}

/* label *( "." label ), in lower case to OUT. */
static bool target_labels(struct text t, domain_name out)
{
    struct cursor c = cursor_over(t);

    do {
        struct text label = cursor_run(&c, is_target_octet);

        if (label.len == 0 || label.len > LABEL_MAX)
            return false;
    } while (cursor_take(&c, '.'));
    if (!cursor_done(&c) || t.len > DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++)
        out[i] = octet_lower(t.data[i]);
    out[t.len] = '\0';
    return true;
}

bool spf_target_name(struct text expanded, domain_name out)
{
    out[0] = '\0';
    if (expanded.len > 0 && expanded.data[expanded.len - 1] == '.')
        expanded.len--;
    while (expanded.len > DOMAIN_MAX) {
        size_t dot = text_find(expanded, '.');

        if (dot == expanded.len)
            break;
        expanded = text_tail(expanded, dot + 1);
    }
    return target_labels(expanded, out);
}

/* --- networks and prefix lengths (§5.3, §5.6) --- */

/* "0", or digits without a leading zero, at most MAX. */
static bool cidr_length(struct text t, unsigned max, unsigned *length)
{
    unsigned long long value;

    if ((t.len > 1 && t.data[0] == '0') || !text_to_uint(t, max, &value))
        return false;
    *length = (unsigned)value;
    return true;
}

/* Cuts MARK (1 or 2 slashes) and the digits after it from the end of *T.
 * False when it ends otherwise. */
static bool cut_cidr(struct text *t, size_t mark, struct text *digits)
{
    size_t at = t->len;

    while (at > 0 && octet_is_digit(t->data[at - 1]))
        at--;
    if (at < mark || t->data[at - 1] != '/' || t->data[at - mark] != '/')
        return false;
    *digits = text_tail(*t, at);
    t->len = at - mark;
    return true;
}

/* Cuts a dual-cidr-length from the end of *T.  A domain-spec cannot end in
 * "/" and digits, so nothing of it is taken. */
static bool dual_cidr_length(struct text *t, struct spf_term *term)
{
    struct text digits;

    term->prefix4 = 32;
    term->prefix6 = 128;
    if (cut_cidr(t, 2, &digits) && !cidr_length(digits, 128, &term->prefix6))
        return false;
    if (cut_cidr(t, 1, &digits) && !cidr_length(digits, 32, &term->prefix4))
        return false;
    return true;
}

static bool is_ip4_octet(char c)
{
    return octet_is_digit(c) || c == '.';
}

static bool is_ip6_octet(char c)
{
    return octet_is_digit(c) || (octet_lower(c) >= 'a' && octet_lower(c) <= 'f') || c == ':' ||
           c == '.';
}

/* An IPv6 network of mapped addresses: ip_parse() folded it, but "ip6" never
 * matches an IPv4 client (§5). */
static void unfold_mapped(struct ip_address *ip)
{
    struct ip_address v6 = { .family = IP_V6, .octets = { [10] = 0xff, [11] = 0xff } };

    for (size_t i = 0; i < 4; i++)
        v6.octets[12 + i] = ip->octets[i];
    *ip = v6;
}

/* ip4-network or ip6-network with its optional prefix length. */
static const char *network(struct text t, struct spf_term *term)
{
    bool v4 = term->mechanism == MECHANISM_IP4;
    unsigned max = v4 ? 32 : 128;
    struct cursor c = cursor_over(t);
    struct text address = cursor_run(&c, v4 ? is_ip4_octet : is_ip6_octet);
    const char *bad = v4 ? "not an IPv4 network" : "not an IPv6 network";

    term->network.prefix = max;
    if (!ip_parse(address, &term->network.address) ||
        (text_find(address, ':') < address.len) == v4)
        return bad;
    if (!v4 && term->network.address.family == IP_V4)
        unfold_mapped(&term->network.address);
    if (cursor_done(&c))
        return NULL;
    if (!cursor_take(&c, '/'))
        return bad;
    return cidr_length(cursor_rest(&c), max, &term->network.prefix) ? NULL : "bad prefix length";
}

/* --- terms (§4.6.1) --- */

static enum result qualifier(struct cursor *c)
{
    if (cursor_take(c, '-'))
        return RESULT_FAIL;
    if (cursor_take(c, '~'))
        return RESULT_SOFTFAIL;
    if (cursor_take(c, '?'))
        return RESULT_NEUTRAL;
    cursor_take(c, '+');
    return RESULT_PASS;
}

static bool is_name_octet(char c)
{
    return is_alphanum(c) || c == '-' || c == '_' || c == '.';
}

/* What stands after a mechanism's name: [":" domain-spec] [dual-cidr-length],
 * or ":" and a network. */
static const char *argument(struct text t, struct spf_term *term)
{
    const struct mechanism_shape *shape = &shapes[term->mechanism];
    bool colon = t.len > 0 && t.data[0] == ':';

    if (shape->target == TARGET_NETWORK)
        return colon ? network(text_tail(t, 1), term) : "network missing";
    if (shape->dual_cidr && !dual_cidr_length(&t, term))
        return "bad prefix length";
    if (t.len == 0)
        return shape->target == TARGET_REQUIRED ? "domain missing" : NULL;
    if (!colon || shape->target == TARGET_NONE)
        return "unexpected text after mechanism";
    return domain_spec(text_tail(t, 1), &term->target) ? NULL : "bad domain-spec";
}

/* directive = [ qualifier ] mechanism, over the whole WORD. */
static const char *directive(struct text word, struct spf_term *term)
{
    struct cursor c = cursor_over(word);
    struct text name;
    int mechanism;

    *term = (struct spf_term){ .text = word, .result = qualifier(&c) };
    name = cursor_run(&c, is_alphanum);
    if (!name_value(spf_mechanism_names, name, &mechanism))
        return "unknown mechanism";
    term->mechanism = (enum spf_mechanism)mechanism;
    return argument(cursor_rest(&c), term);
}

/* Whether WORD is a modifier: name "=" macro-string.  *VALUE gets what stands
 * after "=". */
static bool is_modifier(struct text word, struct text *name, struct text *value)
{
    struct cursor c = cursor_over(word);

    *name = cursor_run(&c, is_name_octet);
    if (name->len == 0 || !octet_is_alpha(name->data[0]) || !cursor_take(&c, '='))
        return false;
    *value = cursor_rest(&c);
    return true;
}

/* A modifier that must not stand twice (§6). */
static const char *once(struct text value, struct spf_domain_spec *spec)
{
    if (spec->text.len > 0)
        return "modifier given twice";
    return domain_spec(value, spec) ? NULL : "bad domain-spec";
}

static const char *modifier(struct text name, struct text value, struct spf_record *record)
{
    if (text_equal_nocase(name, TEXT("redirect")))
        return once(value, &record->redirect);
    if (text_equal_nocase(name, TEXT("exp")))
        return once(value, &record->explanation);
    return is_macro_string(value, true) ? NULL : "bad macro-string";
}

/* The next word, after any blanks; empty at the end. */
static struct text next_word(struct cursor *c)
{
    const char *start;

    while (cursor_take(c, ' '))
        continue;
    start = c->at;
    while (!cursor_done(c) && *c->at != ' ')
        c->at++;
    return cursor_since(c, start);
}

static size_t count_words(struct cursor c)
{
    size_t count = 0;

    while (next_word(&c).len > 0)
        count++;
    return count;
}

const char *spf_record_parse(struct region *region, struct text t, struct spf_record *record)
{
    struct cursor c = cursor_over(t);
    struct spf_term *terms;
    struct text word;

    *record = (struct spf_record){ .text = t };
    for (size_t i = 0; i < t.len; i++)
        if (!is_visible(t.data[i]) && t.data[i] != ' ')
            return "octet that is not printable ASCII";
    if (!take_version(&c))
        return "not an SPF record";
    terms = region_array(region, count_words(c), sizeof *terms);
    if (!terms)
        return "memory";
    record->terms = terms;
    while ((word = next_word(&c)).len > 0) {
        struct text name, value;
        const char *error;

        if (is_modifier(word, &name, &value))
            error = modifier(name, value, record);
        else
            error = directive(word, &terms[record->count++]);
        if (error)
            return error;
    }
    return NULL;
}
