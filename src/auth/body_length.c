#include "auth/body_length.h"

enum { CRLF_OCTETS = 2 };

void body_length_init(struct body_length *length, enum canonicalisation canon)
{
    *length = (struct body_length){ .canon = canon };
}

/* An octet that counts. */
static void content(struct body_length *b)
{
    b->total += b->empties * CRLF_OCTETS;
    b->empties = 0;
    b->line += b->blanks ? 2 : 1;
    b->blanks = false;
}

static void end_of_line(struct body_length *b)
{
    if (b->line > 0)
        b->total += b->line + CRLF_OCTETS;
    else
        b->empties++;
    b->line = 0;
    b->blanks = false;
}

void body_length_add(struct body_length *b, struct text chunk)
{
    for (size_t i = 0; i < chunk.len; i++) {
        char c = chunk.data[i];
        bool after_cr = b->cr;

        b->cr = c == '\r';
        if (after_cr && c == '\n') {
            end_of_line(b);
            continue;
        }
        if (after_cr) /* a bare CR is content */
            content(b);
        if (c == '\r')
            continue;
        if (b->canon == CANON_RELAXED && octet_is_wsp(c))
            b->blanks = true;
        else
            content(b);
    }
}

uint64_t body_length_end(struct body_length *b)
{
    if (b->cr)
        content(b);
    if (b->line > 0)
        end_of_line(b);
    if (b->total == 0 && b->canon == CANON_SIMPLE)
        return CRLF_OCTETS;
    return b->total;
}
