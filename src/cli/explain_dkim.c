/* explain_dkim.c: one signature, and where it broke. */
#include <inttypes.h>

#include "auth/dkim.h"
#include "auth/dkim_diagnose.h"
#include "base/buf.h"
#include "cli/explain_part.h"
#include "core/transaction.h"
#include "mail/message.h"

enum { SIGNED_TEXT_MAX = 65536 };

static void tell_coverage(const struct teller *teller, const struct dkim_candidate *c)
{
    const struct signature *s = &c->signature;
    struct buf names;

    buf_init(&names, teller->region, SIGNED_TEXT_MAX);
    for (size_t i = 0; i < s->signed_name_count; i++) {
        buf_add(&names, i > 0 ? " " : "");
        buf_text_add(&names, s->signed_names[i]);
    }
    tell(teller, DETAIL_INDENT, "signs %s and %s, canonicalised %s/%s",
         told(teller, buf_text(&names)), s->has_length ? "the beginning of the body" : "the body",
         name_of(canonicalisation_names, (int)s->header_canon),
         name_of(canonicalisation_names, (int)s->body_canon));
    if (s->has_length && c->unsigned_octets > 0)
        tell(teller, DETAIL_INDENT, "l=%" PRIu64 " leaves %" PRIu64 " octets of the body unsigned",
             s->length, c->unsigned_octets);
    if (c->key)
        tell(teller, DETAIL_INDENT, "key of %u bits%s", c->key_bits,
             c->key->testing ? "; the signer says that he is testing (t=y)" : "");
    else if (c->key_bits)
        tell(teller, DETAIL_INDENT, "key of %u bits", c->key_bits);
}

/* --- the body --- */

static void tell_body(const struct explanation *x, const struct dkim_candidate *c)
{
    const struct teller *teller = &x->teller;

    if (!c->body_hash_mismatch)
        return;
    tell(teller, DETAIL_INDENT,
         "the body changed after signing. What commonly does that: a mailing list or gateway that "
         "adds a footer or a banner, a virus or spam filter that rewrites links or drops "
         "attachments, a server that re-encodes 8-bit text or wraps long lines, lines added at "
         "the end");
    if (*x->judgement->list.domain)
        tell(teller, DETAIL_INDENT, "this mail says that it came through the list %s: lists add "
                                    "footers",
             told(teller, text_of(x->judgement->list.domain)));
    if (c->signature.body_canon == CANON_SIMPLE)
        tell(teller, DETAIL_INDENT, "simple canonicalisation: one blank more or less breaks it; "
                                    "with c=relaxed/relaxed white space may change");
}

/* --- the header --- */

static const char *value_told(const struct teller *teller, struct text value)
{
    return quoted(teller, text_trim(value));
}

/* Whether the tag that EDIT takes back begins the value. */
static bool is_in_front(const struct header_edit *edit)
{
    return edit->prefix.data == text_trim(edit->field->value).data;
}

/* One change, ending in how the signature takes it. */
static void tell_edit(const struct teller *teller, const struct header_edit *edit,
                      const char *outcome)
{
    const char *name = told(teller, edit->name);

    switch (edit->change) {
    case CHANGE_PREFIX:
        tell(teller, DETAIL_INDENT, "the %s was changed after signing: without the %s %s%s", name,
             quoted(teller, edit->prefix), is_in_front(edit) ? "in front" : "in it", outcome);
        break;
    case CHANGE_VALUE:
        tell(teller, DETAIL_INDENT, "the %s was changed after signing: it says %s; with %s%s",
             name, value_told(teller, edit->field->value), value_told(teller, edit->value),
             outcome);
        break;
    case CHANGE_ADDED:
        tell(teller, DETAIL_INDENT, "a %s field was added after signing: without it (%s)%s", name,
             value_told(teller, edit->field->value), outcome);
        break;
    case CHANGE_REMOVED:
        tell(teller, DETAIL_INDENT, "the %s was removed after signing: with %s%s", name,
             value_told(teller, edit->value), outcome);
        break;
    }
}

static void tell_proof(const struct teller *teller, const struct dkim_diagnosis *d)
{
    for (size_t i = 0; i < d->count; i++)
        tell_edit(teller, &d->edits[i],
                  d->count == 1
                      ? " the signature verifies"
                      : ", and the other changes named here taken back, the signature verifies");
}

/* What z= says where it does not suffice. */
static void tell_copies(const struct teller *teller, const struct dkim_diagnosis *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct header_edit *edit = &d->edits[i];

        if (edit->field)
            tell(teller, DETAIL_INDENT,
                 "the %s was %s for the signer (his copy in z=), here it is %s",
                 told(teller, edit->name), value_told(teller, edit->value),
                 value_told(teller, edit->field->value));
        else
            tell(teller, DETAIL_INDENT, "the signer had a %s field, %s (his copy in z=)",
                 told(teller, edit->name), value_told(teller, edit->value));
    }
    tell(teller, DETAIL_INDENT, "that is not all: with these values the signature does not "
                                "verify either");
}

static void tell_header(const struct explanation *x, const struct dkim_candidate *c)
{
    const struct teller *teller = &x->teller;
    struct dkim_diagnosis d;

    diagnose_dkim(teller->region, x->judgement->message, c, &d);
    switch (d.kind) {
    case DIAGNOSIS_INTACT:
        tell(teller, DETAIL_INDENT, "the signed header fields are as they were");
        break;
    case DIAGNOSIS_PROVEN:
        tell_proof(teller, &d);
        break;
    case DIAGNOSIS_COPIES:
        tell_copies(teller, &d);
        break;
    case DIAGNOSIS_NONE:
        tell(teller, DETAIL_INDENT,
             "the signed header fields, or the signature itself, are not what was signed, or "
             "another key signed; which field cannot be told: neither without a tag in the "
             "Subject, nor with the author that a list keeps aside, nor without one of the other "
             "signed fields does it verify");
        break;
    }
}

void explain_dkim(const struct explanation *x, const struct dkim_candidate *c)
{
    if (!c->well_formed)
        return;
    tell_coverage(&x->teller, c);
    tell_body(x, c);
    if (can_diagnose_dkim(c))
        tell_header(x, c);
}
