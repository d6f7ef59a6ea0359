#include "auth/header_hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "mail/message.h"

/* A line of a message cannot be longer (RFC 5322 §2.1.1); what is has no name
 * that could be compared cheaply, and is never selected. */
enum { NAME_OCTETS_MAX = 998 };

struct place {
    const struct field *field;
    size_t position; /* in the header */
};

/* All fields of one name. */
struct named {
    const struct place *places; /* in order of appearance */
    size_t count;
    size_t left;     /* not selected yet */
    unsigned serial; /* of the selection that `left` belongs to */
};

/* Fields that were digested. */
struct selection {
    enum canonicalisation canon;
    const struct text *names;
    size_t count;
    struct crypt_digest *digest; /* NULL: none yet */
};

struct header_index {
    struct region *region;
    struct named *names; /* in the order of compare_names() */
    size_t count;
    unsigned serial;
    struct selection last; /* signatures of one signer mostly cover the same */
};

/* Any order will do, as long as names that differ in length need no further look. */
static int compare_names(struct text a, struct text b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    for (size_t i = 0; i < a.len; i++) {
        int x = (unsigned char)octet_lower(a.data[i]), y = (unsigned char)octet_lower(b.data[i]);

        if (x != y)
            return x - y;
    }
    return 0;
}

/* By name, then by order of appearance. */
static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = compare_names(a->field->name, b->field->name);

    if (order != 0)
        return order;
    return a->position < b->position ? -1 : a->position > b->position;
}

/* Cuts the sorted PLACES into runs of one name. */
static void gather_names(struct header_index *index, const struct place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_names(places[i - 1].field->name, places[i].field->name) != 0)
            index->names[index->count++] = (struct named){ .places = &places[i] };
        index->names[index->count - 1].count++;
    }
}

struct header_index *header_index_of(struct region *region, const struct field *const *fields,
                                     size_t count)
{
    struct header_index *index = region_alloc(region, sizeof *index);
    struct place *places = region_array(region, count, sizeof places[0]);
    size_t placed = 0;

    if (!index || !places)
        return NULL;
    index->region = region;
    index->names = region_array(region, count, sizeof index->names[0]);
    if (!index->names)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (fields[i]->name.len <= NAME_OCTETS_MAX)
            places[placed++] = (struct place){ fields[i], i };
    qsort(places, placed, sizeof places[0], compare_places);
    gather_names(index, places, placed);
    return index;
}

struct header_index *header_index_new(const struct message *message)
{
    const struct field **fields =
        region_array(message->region, message->field_count, sizeof fields[0]);
    size_t count = 0;

    if (!fields)
        return NULL;
    for (const struct field *f = message->fields; f; f = f->next)
        fields[count++] = f;
    return header_index_of(message->region, fields, count);
}

static int compare_to_named(const void *key, const void *member)
{
    const struct text *name = key;
    const struct named *named = member;

    return compare_names(*name, named->places[0].field->name);
}

static struct named *find(const struct header_index *index, struct text name)
{
    return bsearch(&name, index->names, index->count, sizeof index->names[0], compare_to_named);
}

size_t header_index_count(const struct header_index *index, struct text name)
{
    const struct named *named = find(index, name);

    return named ? named->count : 0;
}

static const char *const once_only[] = {
    "From",        "Sender",       "Reply-To",     "To",      "Cc",
    "Bcc",         "Message-ID",   "In-Reply-To",  "References", "Subject",
    "Date",        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
};

static size_t times_covered(const struct signature *s, struct text name)
{
    size_t count = 0;

    for (size_t i = 0; i < s->signed_name_count; i++)
        count += text_equal_nocase(s->signed_names[i], name);
    return count;
}

bool header_surplus(const struct header_index *index, const struct signature *signature,
                    struct header_surplus *surplus)
{
    for (size_t i = 0; i < sizeof once_only / sizeof once_only[0]; i++) {
        struct text name = text_of(once_only[i]);
        size_t present = header_index_count(index, name);
        size_t covered = present > 1 ? times_covered(signature, name) : 0;

        *surplus = (struct header_surplus){ once_only[i], present, covered };
        if (covered > 0 && covered < present)
            return true;
    }
    return false;
}

/* The next field from the end up, other than OWN; NULL when there is none. */
static const struct field *take_last(struct named *named, unsigned serial,
                                     const struct field *own)
{
    if (named->serial != serial) {
        named->serial = serial;
        named->left = named->count;
    }
    if (named->left > 0 && named->places[named->left - 1].field == own)
        named->left--;
    return named->left > 0 ? named->places[--named->left].field : NULL;
}

void header_select(struct header_index *index, const struct text *names, size_t count,
                   const struct field *own, void (*visit)(void *context, const struct field *f),
                   void *context)
{
    index->serial++;
    for (size_t i = 0; i < count; i++) {
        struct named *named = find(index, names[i]);
        const struct field *field = named ? take_last(named, index->serial, own) : NULL;

        if (field)
            visit(context, field);
    }
}

struct hashing {
    enum canonicalisation canon;
    struct octet_sink sink;
};

static void hash_field(void *context, const struct field *field)
{
    const struct hashing *hashing = context;

    canon_field(hashing->canon, field, hashing->sink);
}

/* Whether SELECTION is what SIGNATURE, in OWN, signs; not where OWN might be
 * selected itself, which is another field for every signature. */
static bool is_selected(const struct selection *selection, const struct signature *signature,
                        const struct field *own)
{
    if (!selection->digest || selection->canon != signature->header_canon ||
        selection->count != signature->signed_name_count)
        return false;
    for (size_t i = 0; i < selection->count; i++)
        if (!text_equal_nocase(selection->names[i], signature->signed_names[i]) ||
            text_equal_nocase(selection->names[i], own->name))
            return false;
    return true;
}

/* The digest of the selected fields, nothing behind them yet; NULL: memory. */
static struct crypt_digest *hash_selected(struct header_index *index,
                                          const struct signature *signature,
                                          const struct field *own)
{
    struct hashing hashing = { .canon = signature->header_canon };
    struct crypt_digest *digest;

    if (is_selected(&index->last, signature, own))
        return index->last.digest;
    digest = crypt_digest_new(index->region);
    if (!digest)
        return NULL;
    hashing.sink = crypt_digest_sink(digest);
    header_select(index, signature->signed_names, signature->signed_name_count, own, hash_field,
                  &hashing);
    index->last = (struct selection){ signature->header_canon, signature->signed_names,
                                      signature->signed_name_count, digest };
    return digest;
}

bool header_hash(struct header_index *index, const struct signature *signature,
                 const struct field *own, sha256_value out)
{
    struct crypt_digest *selected = hash_selected(index, signature, own);
    struct crypt_digest *digest = crypt_digest_new(index->region);

    if (!selected || !digest)
        return false;
    crypt_digest_copy(digest, selected);
    canon_signature_field(signature->header_canon, own, signature->hole,
                          crypt_digest_sink(digest));
    crypt_digest_value(digest, out);
    return !region_failed(index->region);
}
