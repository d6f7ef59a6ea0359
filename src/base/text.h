/* text.h: a slice of octets that somebody else owns.
 *
 * Mail and DNS hand us octets that may hold NUL, so nothing on the message
 * path is measured with strlen().  A text never owns its octets and lives as
 * long as what it points into (usually the message's region).
 */
#ifndef VIDIMUS_BASE_TEXT_H
#define VIDIMUS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct region;

struct text {
    const char *data; /* may be NULL only if len is 0 */
    size_t len;       /* octets */
};

/* A text over a string literal, without its closing NUL. */
#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })

/* Arguments for "%.*s".  Only for octets already known to be printable. */
#define TEXT_ARGS(t) (int)(t).len, ((t).len ? (t).data : "")

/* A text over the C string S; NULL gives the empty text. */
static inline struct text text_of(const char *s)
{
    return (struct text){ s, s ? strlen(s) : 0 };
}

bool text_equal(struct text a, struct text b);

/* ASCII case is ignored; other octets compare as they are. */
bool text_equal_nocase(struct text a, struct text b);

/* Below 0, 0 or above: orders as memcmp() does, ASCII letters as if lower case. */
int text_compare_nocase(struct text a, struct text b);

bool text_starts_nocase(struct text t, struct text prefix);

/* Whether ACCEPT is true for every octet of T (for the empty text: true). */
bool text_all(struct text t, bool (*accept)(char));

/* T without SP, TAB, CR and LF at both ends. */
struct text text_trim(struct text t);

/* Position of the first octet C in T, or T.len when there is none. */
size_t text_find(struct text t, char c);

/* First LEN octets (or fewer), and what stands from FROM on (or nothing). */
static inline struct text text_head(struct text t, size_t len)
{
    return (struct text){ t.data, len < t.len ? len : t.len };
}

static inline struct text text_tail(struct text t, size_t from)
{
    if (from >= t.len)
        return (struct text){ NULL, 0 };
    return (struct text){ t.data + from, t.len - from };
}

/* NUL-terminated copy in REGION; NULL when memory is exhausted (the region
 * latches it).  Octets after an embedded NUL are copied too, but no C string
 * function will see them: refuse such text first where it matters. */
char *text_dup(struct region *region, struct text t);

/* Unsigned decimal number of the whole of T, at most MAX.  False when T is
 * empty, holds anything but digits, or exceeds MAX.  Leading zeros count. */
bool text_to_uint(struct text t, unsigned long long max, unsigned long long *value);

/* T is well-formed UTF-8 (RFC 3629: shortest form, no surrogates). */
bool text_is_utf8(struct text t);

bool text_is_ascii(struct text t);

/* True for an octet below 0x20 or 0x7f. */
static inline bool octet_is_control(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0x20 || u == 0x7f;
}

static inline bool octet_is_wsp(char c) { return c == ' ' || c == '\t'; }

/* WSP, or part of a folding. */
static inline bool octet_is_fws(char c) { return octet_is_wsp(c) || c == '\r' || c == '\n'; }

static inline bool octet_is_digit(char c) { return c >= '0' && c <= '9'; }

static inline bool octet_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit, or -1. */
static inline int octet_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline char octet_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
}

#endif
