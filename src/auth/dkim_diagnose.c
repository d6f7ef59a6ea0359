#include "auth/dkim_diagnose.h"

#include <string.h>

#include "auth/copied_fields.h"
#include "auth/dkim.h"
#include "auth/header_hash.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"

struct trial {
    const struct message *message;
    const struct dkim_candidate *candidate;
    unsigned tries;
};

bool can_diagnose_dkim(const struct dkim_candidate *c)
{
    return c->result == RESULT_FAIL && c->well_formed && c->keys.count > 0;
}

/* --- the header with edits taken back --- */

static const struct header_edit *edit_of(const struct field *field,
                                         const struct header_edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (edits[i].field == field)
            return &edits[i];
    return NULL;
}

/* MESSAGE's fields as they were, into FIELDS, linked; OWN becomes its own copy. */
static size_t restore(const struct message *message, const struct header_edit *edits,
                      size_t edit_count, struct field *fields, const struct field **own)
{
    const struct field *signature = *own;
    size_t count = 0;

    for (const struct field *f = message->fields; f; f = f->next) {
        const struct header_edit *edit = edit_of(f, edits, edit_count);

        if (edit && edit->change == CHANGE_ADDED)
            continue;
        fields[count] = *f;
        if (edit)
            fields[count].value = edit->value;
        if (f == signature)
            *own = &fields[count];
        count++;
    }
    for (size_t i = 0; i < edit_count; i++)
        if (edits[i].change == CHANGE_REMOVED)
            fields[count++] = (struct field){
                .name = edits[i].name, .label = edits[i].name, .value = edits[i].value
            };
    for (size_t i = 0; i < count; i++)
        fields[i].next = i + 1 < count ? &fields[i + 1] : NULL;
    return count;
}

static bool verifies(struct region *scratch, const struct trial *t,
                     const struct header_edit *edits, size_t count)
{
    const struct signature *signature = &t->candidate->signature;
    const struct field *own = t->candidate->field;
    struct field *fields =
        region_array(scratch, t->message->field_count + count, sizeof fields[0]);
    struct message restored = { .region = scratch, .fields = fields };
    struct header_index *index;
    sha256_value digest;

    if (!fields)
        return false;
    restored.field_count = restore(t->message, edits, count, fields, &own);
    index = header_index_new(&restored);
    return index && header_hash(index, signature, own, digest) &&
           key_choice_verify(scratch, &t->candidate->keys, signature, digest);
}

/* Whether the signature is good without EDITS. */
static bool try(struct trial *t, const struct header_edit *edits, size_t count)
{
    struct region *scratch;
    bool good;

    if (t->tries >= DIAGNOSIS_TRIES_MAX)
        return false;
    t->tries++;
    scratch = region_new(0);
    good = scratch && verifies(scratch, t, edits, count);
    region_free(scratch);
    return good;
}

/* --- what z= says --- */

static bool is_signed(const struct signature *s, struct text name)
{
    for (size_t i = 0; i < s->signed_name_count; i++)
        if (text_equal_nocase(s->signed_names[i], name))
            return true;
    return false;
}

/* The value with the blank after the colon that everybody writes. */
static struct text spaced(struct region *region, struct text value)
{
    struct buf out;

    if (value.len > 0 && octet_is_wsp(value.data[0]))
        return value;
    buf_init(&out, region, value.len + 2);
    buf_char(&out, ' ');
    buf_text_add(&out, value);
    return buf_text(&out);
}

/* The last field called NAME that no edit takes back already. */
static const struct field *free_field(const struct message *message, struct text name,
                                      const struct dkim_diagnosis *d)
{
    const struct field *last = NULL;

    for (const struct field *f = message->fields; f; f = f->next)
        if (field_is(f, name) && !edit_of(f, d->edits, d->count))
            last = f;
    return last;
}

static void compare_copies(struct region *region, const struct trial *t,
                           struct dkim_diagnosis *d)
{
    struct text copies = t->candidate->signature.copies;
    struct copied_field copy;

    for (size_t i = 0; copies.len > 0 && i < COPIED_FIELDS_MAX; i++) {
        const struct field *field;

        if (!copied_field_next(region, &copies, &copy) || d->count == DIAGNOSIS_EDITS_MAX)
            return;
        if (!is_signed(&t->candidate->signature, copy.name) ||
            copied_field_stands(t->message, &copy))
            continue;
        field = free_field(t->message, copy.name, d);
        d->edits[d->count++] = (struct header_edit){
            .change = field ? CHANGE_VALUE : CHANGE_REMOVED,
            .field = field,
            .name = copy.name,
            .value = spaced(region, copy.value),
        };
    }
}

/* --- guesses --- */

static bool prove(struct trial *t, const struct header_edit *edits, size_t count,
                  struct dkim_diagnosis *d)
{
    if (!try(t, edits, count))
        return false;
    d->kind = DIAGNOSIS_PROVEN;
    d->count = count;
    memcpy(d->edits, edits, count * sizeof edits[0]);
    return true;
}

/* Each guess, then each two of different fields. */
static bool prove_guess(struct trial *t, const struct header_edit *guesses, size_t count,
                        struct dkim_diagnosis *d)
{
    for (size_t i = 0; i < count; i++)
        if (prove(t, &guesses[i], 1, d))
            return true;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            const struct header_edit two[] = { guesses[i], guesses[k] };

            if (two[0].field != two[1].field && prove(t, two, 2, d))
                return true;
        }
    return false;
}

void diagnose_dkim(struct region *region, const struct message *message,
                   const struct dkim_candidate *candidate, struct dkim_diagnosis *d)
{
    struct trial t = { message, candidate, 0 };
    struct header_edit guesses[HEADER_GUESSES_MAX];
    size_t count;

    *d = (struct dkim_diagnosis){ .kind = DIAGNOSIS_NONE };
    if (try(&t, NULL, 0)) {
        d->kind = DIAGNOSIS_INTACT;
        return;
    }
    compare_copies(region, &t, d);
    if (d->count > 0) {
        d->kind = DIAGNOSIS_COPIES;
        if (try(&t, d->edits, d->count)) {
            d->kind = DIAGNOSIS_PROVEN;
            return;
        }
    }
    count = header_guesses(region, message, &candidate->signature, guesses);
    prove_guess(&t, guesses, count, d);
}
