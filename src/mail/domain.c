#include "mail/domain.h"

#include <idn2.h>
#include <string.h>

#include "base/cursor.h"

/* A U-label name longer than this cannot become a name of DOMAIN_MAX octets
 * (UTF-8 takes at most 4 octets a character, IDNA at least one), and libidn2
 * is slow on long input. */
enum { UNICODE_NAME_MAX = 4 * DOMAIN_MAX };

static bool is_label_octet(char c)
{
    return octet_is_alpha(c) || octet_is_digit(c) || c == '-' || c == '_';
}

/* An A-label is "xn--" and a Punycode string, which is not empty, does not end
 * in its own delimiter and holds no '_' (RFC 5890 §2.3.2.1, RFC 3492 §3).
 * What the string decodes to is not looked at: names registered under older
 * rules are in use and DNS compares octets. */
static bool is_sane_a_label(struct text label)
{
    struct text punycode = text_tail(label, 4);

    return punycode.len > 0 && punycode.data[punycode.len - 1] != '-' &&
           text_find(punycode, '_') == punycode.len;
}

/* Takes the next label, 1 to LABEL_MAX octets. */
static bool label(struct cursor *c)
{
    struct text run = cursor_run(c, is_label_octet);

    if (run.len == 0 || run.len > LABEL_MAX)
        return false;
    return !text_starts_nocase(run, TEXT("xn--")) || is_sane_a_label(run);
}

/* Copies the ASCII name T to OUT in lower case if it is one. */
static bool normalise_ascii(struct text t, domain_name out)
{
    struct cursor c;

    if (t.len > 0 && t.data[t.len - 1] == '.')
        t.len--;
    if (t.len == 0 || t.len > DOMAIN_MAX)
        return false;
    c = cursor_over(t);
    do {
        if (!label(&c))
            return false;
    } while (cursor_take(&c, '.'));
    if (!cursor_done(&c))
        return false;
    for (size_t i = 0; i < t.len; i++)
        out[i] = octet_lower(t.data[i]);
    out[t.len] = '\0';
    return true;
}

static bool has_control(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (octet_is_control(t.data[i]))
            return true;
    return false;
}

/* IDNA2008 with the mappings of UTS 46, non-transitional. */
static bool normalise_unicode(struct text t, domain_name out)
{
    char name[UNICODE_NAME_MAX + 1];
    uint8_t *ascii = NULL;
    bool ok;

    if (t.len > UNICODE_NAME_MAX || has_control(t) || !text_is_utf8(t))
        return false;
    memcpy(name, t.data, t.len);
    name[t.len] = '\0';
    if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
        IDN2_OK)
        return false;
    /* The mappings make '@', ',' and the like of their wide forms. */
    ok = normalise_ascii(text_of((const char *)ascii), out);
    idn2_free(ascii);
    return ok;
}

bool domain_normalise(struct text t, domain_name out)
{
    out[0] = '\0';
    return text_is_ascii(t) ? normalise_ascii(t, out) : normalise_unicode(t, out);
}

size_t domain_labels(const char *name)
{
    size_t count = name[0] != '\0';

    for (; *name; name++)
        count += *name == '.';
    return count;
}

const char *domain_parent(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot ? dot + 1 : NULL;
}

const char *domain_last_labels(const char *name, size_t count)
{
    for (size_t labels = domain_labels(name); labels > count; labels--) {
        const char *parent = domain_parent(name);

        if (!parent)
            return name + strlen(name);
        name = parent;
    }
    return name;
}

bool domain_is_within(const char *name, const char *ancestor)
{
    size_t length = strlen(name), suffix = strlen(ancestor);

    if (suffix == 0 || length < suffix || strcmp(name + length - suffix, ancestor) != 0)
        return false;
    return length == suffix || name[length - suffix - 1] == '.';
}
