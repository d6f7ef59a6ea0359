/* Fuzzes canonicalisation against a plain one: the first octets say where the
 * body is cut, the rest is the body, and the value of a field. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/plain_canon.h"
#include "base/region.h"
#include "mail/canonicalise.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUT_OCTETS = 4, SIZE_MAX_TRIED = 1 << 16 };

struct output {
    char *data;
    size_t len, room;
};

static void take(void *context, struct text octets)
{
    struct output *out = context;

    if (octets.len == 0 || octets.len > out->room - out->len)
        abort();
    memcpy(out->data + out->len, octets.data, octets.len);
    out->len += octets.len;
}

static void expect(const struct output *got, const char *wanted, size_t len)
{
    if (got->len != len || memcmp(got->data, wanted, len) != 0)
        abort();
}

/* Pieces of lengths that CUTS says, over and over. */
static void feed(struct canon_body *canon, struct text body, const uint8_t cuts[CUT_OCTETS])
{
    for (size_t i = 0; body.len > 0; i++) {
        size_t len = (size_t)cuts[i % CUT_OCTETS] + 1;

        canon_body_add(canon, text_head(body, len));
        body = text_tail(body, len);
    }
    canon_body_end(canon);
}

static void check_body(struct text body, const uint8_t *cuts, struct output *out, char *plain)
{
    const struct octet_sink sink = { take, out };

    for (int i = 0; i < CANONICALISATIONS; i++) {
        struct canon_body canon;

        out->len = 0;
        canon_body_init(&canon, (enum canonicalisation)i, sink);
        feed(&canon, body, cuts);
        expect(out, plain, plain_body((enum canonicalisation)i, body, plain));
    }
}

/* A field whole, and with a hole that takes nothing out. */
static void check_field(struct text value, struct output *out, char *unfolded, char *plain)
{
    const struct octet_sink sink = { take, out };
    struct message *message = message_new(0);
    const struct field *field;
    size_t len;

    if (!message || !(field = message_add_field(message, TEXT("X"), value)))
        abort();
    len = plain_field(field->value, unfolded, plain);
    out->len = 0;
    canon_signature_field(CANON_RELAXED, field,
                          (struct text){ field->value.data + field->value.len / 2, 0 }, sink);
    /* A hole between CR and LF, which no parser makes, hides the CRLF. */
    if (field->value.len < 2 ||
        !plain_is_crlf(field->value.data, field->value.len, field->value.len / 2 - 1))
        expect(out, plain, len);
    memcpy(plain + len, "\r\n", 2);
    out->len = 0;
    canon_field(CANON_RELAXED, field, sink);
    expect(out, plain, len + 2);
    message_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest;
    struct output out = { NULL, 0, 0 };
    char *room;

    if (size < CUT_OCTETS || size > SIZE_MAX_TRIED / 2)
        return 0;
    rest = (struct text){ (const char *)data + CUT_OCTETS, size - CUT_OCTETS };
    out.room = 2 * size + PLAIN_EXTRA; /* LF becomes CRLF in fields */
    room = malloc(3 * out.room);
    if (!room)
        return 0;
    out.data = room;
    check_body(rest, data, &out, room + out.room);
    check_field(rest, &out, room + 2 * out.room, room + out.room);
    free(room);
    return 0;
}
