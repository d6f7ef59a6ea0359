#include "core/key_check.h"

#include <string.h>

#include "auth/base64.h"
#include "auth/key_publish.h"
#include "auth/key_record.h"
#include "base/buf.h"
#include "dns/answer.h"
#include "mail/taglist.h"

enum { END_SHOWN = 16, SHOWN_MAX = 100 };

const struct name key_finding_names[] = {
    { KEY_FOUND, "found" },           { KEY_MISSING, "missing" },
    { KEY_REVOKED, "revoked" },       { KEY_SEVERAL, "several-records" },
    { KEY_SYNTAX, "syntax-error" },   { KEY_OTHER_TYPE, "wrong-type" },
    { KEY_OTHER_USE, "wrong-use" },   { KEY_OTHER_HASH, "wrong-hash" },
    { KEY_DIFFERENT, "different" },   { KEY_STRICT, "strict" },
    { KEY_TESTING, "testing" },       { KEY_UNREADABLE, "unreadable" },
    { KEY_UNKNOWN, "no-answer" },     { 0, NULL },
};

/* ---- which name */

/* The author domain of a rule that is for one alone, or AUTHOR. */
static const char *author_of(const struct keyring_entry *entry, const char *author)
{
    const char *at;

    if (*author || !entry->rule || entry->rule->kind != SIGN_ADDRESS)
        return author;
    at = strrchr(entry->rule->pattern, '@');
    return at && !strchr(at, '*') ? at + 1 : author;
}

bool key_check_name(const struct keyring_entry *entry, const char *author, domain_name name)
{
    const char *domain = keyring_domain(entry->source, author_of(entry, author));

    return *domain && key_record_name(entry->source->selector, domain, name);
}

/* ---- the record */

struct looking {
    struct region *region;
    const struct keyring_entry *entry;
    const char *author;
    struct text text; /* of the record */
    struct key_check *check;
};

static void find(struct looking *l, enum key_finding finding, const char *detail)
{
    l->check->finding = finding;
    l->check->detail = detail;
}

/* T as it may be shown: what is not printable becomes a question mark. */
static const char *shown(struct looking *l, struct text t)
{
    char *copy = text_dup(l->region, text_head(t, SHOWN_MAX));

    for (char *c = copy; copy && *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy ? copy : "";
}

__attribute__((format(printf, 3, 4)))
static void find_exactly(struct looking *l, enum key_finding finding, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    find(l, finding, text_dup(l->region, text_of(text)));
}

static const char *type_name(enum key_type type)
{
    return type == KEY_RSA ? "rsa" : "ed25519";
}

static bool list_has(struct text list, const char *item)
{
    for (;;) {
        size_t colon = text_find(list, ':');

        if (text_equal_nocase(text_trim(text_head(list, colon)), text_of(item)))
            return true;
        if (colon == list.len)
            return false;
        list = text_tail(list, colon + 1);
    }
}

/* What the tags alone tell; true when that is enough. */
static bool look_at_tags(struct looking *l)
{
    const struct crypt_signer *key = l->entry->key;
    const struct text *v, *p, *k, *s;
    struct taglist tags;
    struct text type = TEXT("rsa");

    if (taglist_parse(l->text, true, &tags) != TAGLIST_OK) {
        find_exactly(l, KEY_SYNTAX, "it is not a list of tags: %s", shown(l, l->text));
        return true;
    }
    v = taglist_get(&tags, "v");
    p = taglist_get(&tags, "p");
    k = taglist_get(&tags, "k");
    s = taglist_get(&tags, "s");
    if (!p || (v && !text_equal(*v, TEXT("DKIM1"))))
        return false; /* whatever it is, it is not a key record */
    if (k)
        type = *k;
    if (p->len == 0)
        find(l, KEY_REVOKED, NULL);
    else if (key && !text_equal_nocase(type, text_of(type_name(crypt_signer_type(key)))))
        find_exactly(l, KEY_OTHER_TYPE, "%s, but the key is %s",
                     k ? shown(l, *k) : "without k= it is rsa", type_name(crypt_signer_type(key)));
    else if (s && !list_has(*s, "*") && !list_has(*s, "email"))
        find_exactly(l, KEY_OTHER_USE, "s=%s", shown(l, *s));
    else
        return false;
    return true;
}

/* t=s: i= must be in d= itself. */
static bool is_below(struct looking *l)
{
    const struct key_source *source = l->entry->source;
    const struct signer signer = { NULL, keyring_domain(source, l->author), source->selector };
    const char *identity =
        l->entry->rule ? keyring_identity(l->region, l->entry->rule, &signer, l->author) : NULL;

    return identity && strcmp(strrchr(identity, '@') + 1, signer.domain) != 0;
}

/* The end of p=: the beginning is the same for all RSA keys. */
static const char *end_of(struct looking *l, struct text published)
{
    struct text p = base64_encode(l->region, published);

    return shown(l, text_tail(p, p.len > END_SHOWN ? p.len - END_SHOWN : 0));
}

static void compare(struct looking *l, const struct key_record *record)
{
    const struct crypt_signer *key = l->entry->key;
    struct text ours, theirs;

    if (!key) {
        find(l, KEY_UNREADABLE, NULL);
        return;
    }
    if (!crypt_signer_publish(l->region, key, &ours) ||
        !crypt_key_publish(l->region, record->key, &theirs))
        find(l, KEY_UNKNOWN, "out of memory");
    else if (!text_equal(ours, theirs))
        find_exactly(l, KEY_DIFFERENT,
                     "in DNS is another %s key, of %u bits, p=...%s; ours has %u, p=...%s",
                     type_name(record->type), record->bits, end_of(l, theirs),
                     crypt_signer_bits(key), end_of(l, ours));
}

static void look_at_record(struct looking *l)
{
    struct key_record record;
    const char *reason;

    if (look_at_tags(l))
        return;
    reason = key_record_parse(l->region, l->text, &record);
    if (reason) {
        find(l, KEY_SYNTAX, reason);
        return;
    }
    compare(l, &record);
    if (l->check->finding != KEY_FOUND && l->check->finding != KEY_UNREADABLE)
        return;
    if (!record.sha256)
        find(l, KEY_OTHER_HASH, "h= does not list sha256");
    else if (record.same_domain && is_below(l))
        find(l, KEY_STRICT, "t=s, and i= of the rule is below d=");
    else if (record.testing && l->check->finding == KEY_FOUND)
        find(l, KEY_TESTING, "t=y");
}

static void look_at_answer(struct looking *l, const struct dns_answer *answer)
{
    switch (answer->status) {
    case DNS_TEMPFAIL:
    case DNS_BOGUS:
        find(l, KEY_UNKNOWN, answer->why);
        break;
    case DNS_NXDOMAIN:
        find(l, KEY_MISSING, answer->through_cname ? "the name is an alias (CNAME) to one that "
                                                     "does not exist"
                                                   : "the name does not exist");
        break;
    case DNS_NODATA:
        find(l, answer->capped ? KEY_SYNTAX : KEY_MISSING,
             answer->capped ? "the record is too large" : "the name exists, without a TXT record");
        break;
    case DNS_OK:
        l->text = answer->records[0].data;
        if (answer->count > 1)
            find_exactly(l, KEY_SEVERAL, "%zu TXT records", answer->count);
        else
            look_at_record(l);
        break;
    }
}

/* ---- what it means */

/* In which states of the key something is to be done; whether signatures fail
 * until then; what is to be done. */
static const struct {
    bool publish, active, retired;
    bool fails;
    const char *remedy;
} meanings[] = {
    [KEY_FOUND] = { false, false, false, false, NULL },
    [KEY_MISSING] = { true, true, false, true, "publish the record" },
    [KEY_REVOKED] = { true, true, false, true,
                      "make another key, with another selector: this one is revoked for ever" },
    [KEY_SEVERAL] = { true, true, true, true, "leave the right record alone there" },
    [KEY_SYNTAX] = { true, true, true, true, "publish the right record in its place" },
    [KEY_OTHER_TYPE] = { true, true, true, true, "publish the right record in its place" },
    [KEY_OTHER_USE] = { true, true, true, true, "take s= out of the record" },
    [KEY_OTHER_HASH] = { true, true, true, true, "take h= out of the record" },
    [KEY_DIFFERENT] = { true, true, true, true,
                        "publish the right record in its place, or name the file of the key that "
                        "DNS has" },
    [KEY_STRICT] = { true, true, false, true,
                     "take s out of t=, or set identity to the domain itself" },
    [KEY_TESTING] = { true, true, false, false,
                      "take y out of t=: verifiers may treat the mail as unsigned" },
    [KEY_UNREADABLE] = { true, true, false, false, "see why its file could not be loaded" },
    [KEY_UNKNOWN] = { true, true, true, false, "try again later" },
};

static bool is_wrong(enum key_finding finding, enum key_state state)
{
    switch (state) {
    case KEY_PUBLISH:
        return meanings[finding].publish;
    case KEY_ACTIVE:
        return meanings[finding].active;
    case KEY_RETIRED:
        return meanings[finding].retired;
    }
    return true;
}

/* Nothing is wrong: the next step in the life of the key. */
static const char *next_step(enum key_finding finding, enum key_state state)
{
    if (state == KEY_PUBLISH && finding == KEY_FOUND)
        return "it can be made active (wait for the TTL of answers without it)";
    if (state == KEY_RETIRED && (finding == KEY_MISSING || finding == KEY_REVOKED))
        return "remove the key from the configuration, and its file";
    if (state == KEY_RETIRED)
        return "when what it signed has been delivered, a week or two, revoke it (p= empty) or "
               "remove its record";
    return NULL;
}

const char *key_check_advice(struct region *region, const struct key_check *check,
                             enum key_state state)
{
    const char *consequence = "";
    struct buf buf;

    if (!check->wrong)
        return next_step(check->finding, state);
    if (meanings[check->finding].fails && state == KEY_ACTIVE)
        consequence = "its signatures fail: ";
    if (meanings[check->finding].fails && state == KEY_RETIRED)
        consequence = "what it signed fails: ";
    buf_init(&buf, region, (size_t)-1 / 2);
    buf_printf(&buf, "%s%s", consequence, meanings[check->finding].remedy);
    return buf_str(&buf);
}

bool key_check_wants_record(const struct key_check *check)
{
    static const bool wanted[] = {
        [KEY_MISSING] = true,   [KEY_SEVERAL] = true,   [KEY_SYNTAX] = true,
        [KEY_OTHER_TYPE] = true, [KEY_OTHER_USE] = true, [KEY_OTHER_HASH] = true,
        [KEY_DIFFERENT] = true, [KEY_TESTING] = true,   [KEY_UNKNOWN] = false,
    };

    return check->wrong && wanted[check->finding];
}

void key_check(struct region *region, const struct keyring_entry *entry, const char *author,
               const struct dns_answer *answer, struct key_check *check)
{
    struct looking l = {
        .region = region,
        .entry = entry,
        .author = author_of(entry, author),
        .check = check,
    };

    *check = (struct key_check){ .finding = KEY_FOUND };
    look_at_answer(&l, answer);
    check->wrong = is_wrong(check->finding, entry->source->state);
}
