/* dmarc_record.c: the DMARC policy record (RFC 9989 §4.7, §4.8, §4.10.1).
 *
 * Not the strict tag list of DKIM: after "v=DMARC1" a broken tag is ignored and
 * its default stands, as §4.7 demands.  Only a duplicate tag spoils the record,
 * because which of two policies the owner meant cannot be known.
 */
#include "auth/dmarc.h"

#include "base/cursor.h"

const struct name dmarc_policy_names[] = {
    { DMARC_NONE, "none" },
    { DMARC_QUARANTINE, "quarantine" },
    { DMARC_REJECT, "reject" },
    { 0, NULL },
};

const struct name dmarc_discovery_names[] = {
    { DMARC_TREE_WALK, "treewalk" },
    { DMARC_PSL, "psl" },
    { 0, NULL },
};

const struct name dmarc_policy_source_names[] = {
    { DMARC_SOURCE_P, "p" },
    { DMARC_SOURCE_SP, "sp" },
    { DMARC_SOURCE_NP, "np" },
    { DMARC_SOURCE_PSD, "psd" },
    { 0, NULL },
};

static const struct name psd_names[] = {
    { PSD_UNKNOWN, "u" },
    { PSD_YES, "y" },
    { PSD_NO, "n" },
    { 0, NULL },
};

enum tag {
    TAG_P,
    TAG_SP,
    TAG_NP,
    TAG_ADKIM,
    TAG_ASPF,
    TAG_T,
    TAG_PSD,
    TAG_FO,
    TAG_RUA,
    TAG_RUF,
    TAG_COUNT
};

static const struct name tag_names[] = {
    { TAG_P, "p" },       { TAG_SP, "sp" }, { TAG_NP, "np" },   { TAG_ADKIM, "adkim" },
    { TAG_ASPF, "aspf" }, { TAG_T, "t" },   { TAG_PSD, "psd" }, { TAG_FO, "fo" },
    { TAG_RUA, "rua" },   { TAG_RUF, "ruf" }, { 0, NULL },
};

/* The tags that mean something to us, as written. */
struct tags {
    bool given[TAG_COUNT];
    struct text value[TAG_COUNT];
};

/* dmarc-value, and the blanks around it. */
static bool is_value_octet(char c)
{
    return (c >= 0x20 && c <= 0x7e && c != ';') || c == '\t';
}

/* What stands before the next ';' (taken), or up to the end. */
static struct text segment(struct cursor *c)
{
    struct text rest = cursor_rest(c);
    struct text taken = text_head(rest, text_find(rest, ';'));

    c->at += taken.len;
    cursor_take(c, ';');
    return taken;
}

static struct text trim_wsp(struct text t)
{
    while (t.len > 0 && octet_is_wsp(t.data[0]))
        t = text_tail(t, 1);
    while (t.len > 0 && octet_is_wsp(t.data[t.len - 1]))
        t.len--;
    return t;
}

/* dmarc-tag = 1*ALPHA equals 1*dmarc-value */
static bool dmarc_tag(struct text t, struct text *name, struct text *value)
{
    size_t equals = text_find(t, '=');

    if (equals == t.len)
        return false;
    *name = trim_wsp(text_head(t, equals));
    *value = trim_wsp(text_tail(t, equals + 1));
    return name->len > 0 && text_all(*name, octet_is_alpha) && value->len > 0 &&
           text_all(*value, is_value_octet);
}

/* dmarc-version = "v" equals %s"DMARC1", the first tag */
static bool dmarc_version(struct cursor *c)
{
    struct text name, value;

    return dmarc_tag(segment(c), &name, &value) && text_equal(name, TEXT("v")) &&
           text_equal(value, TEXT("DMARC1"));
}

/* Tag names are case-sensitive (RFC 6376 §3.2). */
static int tag_named(struct text name)
{
    for (const struct name *row = tag_names; row->name; row++)
        if (text_equal(text_of(row->name), name))
            return row->value;
    return -1;
}

/* Whether a tag NAME stands in RECORD before the one that NAME points to. */
static bool stands_before(struct text record, struct text name)
{
    struct text before = { record.data, (size_t)(name.data - record.data) };
    struct cursor c = cursor_over(before);
    struct text other, value;

    while (!cursor_done(&c))
        if (dmarc_tag(segment(&c), &other, &value) && text_equal(other, name))
            return true;
    return false;
}

enum { UNKNOWN_TAGS_MAX = 64 };

/* The tags after the version.  False for a duplicate, also of an unknown tag
 * (RFC 6376 §3.2), and for more unknown tags than anybody needs, which bounds
 * the search for duplicates. */
static bool read_tags(struct text record, struct cursor *c, struct tags *tags)
{
    unsigned unknown = 0;

    while (!cursor_done(c)) {
        struct text name, value;
        int tag;

        if (!dmarc_tag(segment(c), &name, &value))
            continue;
        tag = tag_named(name);
        if (tag < 0) {
            if (++unknown > UNKNOWN_TAGS_MAX || stands_before(record, name))
                return false;
            continue;
        }
        if (tags->given[tag])
            return false;
        tags->given[tag] = true;
        tags->value[tag] = value;
    }
    return true;
}

static bool is_scheme_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '+' || c == '-' || c == '.';
}

static bool is_hex(char c)
{
    return octet_is_digit(c) || (octet_lower(c) >= 'a' && octet_lower(c) <= 'f');
}

/* unreserved, gen-delims and sub-delims of RFC 3986 */
static bool is_uri_octet(char c)
{
    struct text marks = TEXT("-._~:/?#[]@!$&'()*+,;=");

    return octet_is_alpha(c) || octet_is_digit(c) || text_find(marks, c) < marks.len;
}

/* The part of a URI after "scheme:", percent-encoding checked. */
static bool uri_rest(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '%' && t.len - i > 2 && is_hex(t.data[i + 1]) && is_hex(t.data[i + 2]))
            i += 2;
        else if (!is_uri_octet(t.data[i]))
            return false;
    }
    return t.len > 0;
}

/* A reporting URI: a scheme and something behind it; of mailto, an address. */
static bool dmarc_uri(struct text t)
{
    size_t colon = text_find(t, ':');
    struct text scheme = text_head(t, colon);
    struct text rest = text_tail(t, colon + 1);
    size_t at = text_find(rest, '@');

    if (scheme.len == 0 || !octet_is_alpha(scheme.data[0]) ||
        !text_all(scheme, is_scheme_octet) || !uri_rest(rest))
        return false;
    return !text_equal_nocase(scheme, TEXT("mailto")) || (at > 0 && at + 1 < rest.len);
}

/* Whether the dmarc-urilist T holds at least one valid URI. */
static bool has_uri(struct text t)
{
    while (t.len > 0) {
        size_t comma = text_find(t, ',');

        if (dmarc_uri(trim_wsp(text_head(t, comma))))
            return true;
        t = text_tail(t, comma + 1);
    }
    return false;
}

/* Reads the policy of TAG.  False when it is given and not valid. */
static bool read_policy(const struct tags *tags, enum tag tag, bool *has, enum dmarc_policy *policy)
{
    int value;

    *has = tags->given[tag] && name_value(dmarc_policy_names, tags->value[tag], &value);
    if (*has)
        *policy = (enum dmarc_policy)value;
    return *has || !tags->given[tag];
}

static bool tag_is(const struct tags *tags, enum tag tag, struct text value)
{
    return tags->given[tag] && text_equal_nocase(tags->value[tag], value);
}

static void read_settings(const struct tags *tags, struct dmarc_record *record)
{
    int psd;

    record->strict_dkim = tag_is(tags, TAG_ADKIM, TEXT("s"));
    record->strict_spf = tag_is(tags, TAG_ASPF, TEXT("s"));
    record->testing = tag_is(tags, TAG_T, TEXT("y"));
    if (tags->given[TAG_PSD] && name_value(psd_names, tags->value[TAG_PSD], &psd))
        record->psd = (enum dmarc_psd)psd;
    record->fo = tags->value[TAG_FO];
    record->rua = tags->value[TAG_RUA];
    record->ruf = tags->value[TAG_RUF];
}

/* §4.10.1: without a valid p, or with an invalid sp or np, the record acts as
 * p=none if it asks for reports, and is of no use otherwise. */
static enum dmarc_record_kind read_policies(const struct tags *tags, struct dmarc_record *record)
{
    bool has_p;
    bool p = read_policy(tags, TAG_P, &has_p, &record->p);
    bool sp = read_policy(tags, TAG_SP, &record->has_sp, &record->sp);
    bool np = read_policy(tags, TAG_NP, &record->has_np, &record->np);

    if (has_p && p && sp && np)
        return DMARC_RECORD_OK;
    record->p = DMARC_NONE;
    record->has_sp = record->has_np = false;
    return has_uri(record->rua) ? DMARC_RECORD_OK : DMARC_RECORD_UNUSABLE;
}

enum dmarc_record_kind dmarc_record_parse(struct text t, struct dmarc_record *record)
{
    struct cursor c = cursor_over(t);
    struct tags tags = { 0 };

    *record = (struct dmarc_record){ .text = t };
    if (!dmarc_version(&c))
        return DMARC_RECORD_NONE;
    if (!read_tags(t, &c, &tags))
        return DMARC_RECORD_INVALID;
    read_settings(&tags, record);
    return read_policies(&tags, record);
}
