#include "mail/message.h"

#include <stdint.h>
#include <string.h>

#include "base/region.h"

/* Counters stand in chains of a fixed table.  Only names that are stored or
 * kept get one, so there are hardly more than MESSAGE_FIELDS_MAX of them and
 * chosen collisions cannot make counting slow enough to matter. */
enum { COUNTER_BUCKETS = 256 };

struct field_counter {
    struct text name;
    uint32_t hash;
    bool kept;
    size_t count;
    struct field_counter *next;
};

/* What vidimus deletes, and what decides who the author is or which chain of
 * custody a message has. */
static const char *const kept_names[] = {
    "From",
    "Authentication-Results",
    "ARC-Authentication-Results",
    "ARC-Message-Signature",
    "ARC-Seal",
    "BIMI-Indicator",
    "BIMI-Location",
};

/* FNV-1a of the name in lower case. */
static uint32_t name_hash(struct text name)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)octet_lower(name.data[i])) * 16777619U;
    return hash;
}

static struct field_counter *counter_find(const struct message *message, struct text name)
{
    uint32_t hash = name_hash(name);

    for (struct field_counter *c = message->counters[hash % COUNTER_BUCKETS]; c; c = c->next)
        if (c->hash == hash && text_equal_nocase(c->name, name))
            return c;
    return NULL;
}

/* A new counter; NAME must live as long as MESSAGE. */
static struct field_counter *counter_add(struct message *message, struct text name)
{
    struct field_counter *counter = region_alloc(message->region, sizeof *counter);
    struct field_counter **bucket;

    if (!counter)
        return NULL;
    counter->name = name;
    counter->hash = name_hash(name);
    bucket = &message->counters[counter->hash % COUNTER_BUCKETS];
    counter->next = *bucket;
    *bucket = counter;
    return counter;
}

struct message *message_new(size_t memory_max)
{
    struct region *region = region_new(memory_max);
    struct message *message = region ? region_alloc(region, sizeof *message) : NULL;

    if (!message) {
        region_free(region);
        return NULL;
    }
    message->region = region;
    message->mail_from.kind = PATH_MALFORMED;
    message->fields_end = &message->fields;
    message->recipients_end = &message->recipients;
    message->counters = region_array(region, COUNTER_BUCKETS, sizeof(struct field_counter *));
    for (size_t i = 0; message->counters && i < sizeof kept_names / sizeof *kept_names; i++)
        message_keep(message, text_of(kept_names[i]));
    if (region_failed(region)) {
        region_free(region);
        return NULL;
    }
    return message;
}

void message_free(struct message *message)
{
    if (message)
        region_free(message->region);
}

void message_keep(struct message *message, struct text name)
{
    struct field_counter *counter = counter_find(message, name);

    if (!counter)
        counter = counter_add(message, name);
    if (counter)
        counter->kept = true;
}

/* Whether a field of COUNTER's name (NULL: a name never stored) may be stored;
 * notes the bound that forbids it. */
static bool may_store(struct message *message, const struct field_counter *counter)
{
    if (message->field_count < MESSAGE_FIELDS_MAX)
        return true;
    message->fields_capped = true;
    if (!counter || !counter->kept)
        return false;
    if (message->field_count < MESSAGE_FIELDS_MAX + MESSAGE_KEPT_MAX)
        return true;
    message->fields_flooded = true;
    return false;
}

static bool is_bare_line_feed(struct text t, size_t i)
{
    return t.data[i] == '\n' && (i == 0 || t.data[i - 1] != '\r');
}

static size_t bare_line_feeds(struct text t)
{
    size_t bare = 0;

    for (size_t i = 0; (i += text_find(text_tail(t, i), '\n')) < t.len; i++)
        bare += is_bare_line_feed(t, i);
    return bare;
}

/* Copies VALUE, with CR added before each LF that lacks it. */
static bool copy_value(struct region *region, struct text value, struct text *out)
{
    size_t bare = bare_line_feeds(value), len = 0;
    char *copy = region_alloc(region, value.len + bare);

    if (!copy)
        return false;
    *out = (struct text){ copy, value.len + bare };
    if (bare == 0 && value.len > 0)
        memcpy(copy, value.data, value.len);
    if (bare == 0)
        return true;
    for (size_t i = 0; i < value.len; i++) {
        if (is_bare_line_feed(value, i))
            copy[len++] = '\r';
        copy[len++] = value.data[i];
    }
    return true;
}

static struct text without_end_blanks(struct text name)
{
    while (name.len > 0 && octet_is_wsp(name.data[name.len - 1]))
        name.len--;
    return name;
}

static struct field *field_new(struct region *region, struct text label, struct text value)
{
    struct field *field = region_alloc(region, sizeof *field);
    char *label_copy;

    if (!field)
        return NULL;
    field->cut = label.len > FIELD_OCTETS_MAX || value.len > FIELD_OCTETS_MAX - label.len;
    label = text_head(label, FIELD_OCTETS_MAX);
    label_copy = text_dup(region, label);
    if (!label_copy ||
        !copy_value(region, text_head(value, FIELD_OCTETS_MAX - label.len), &field->value))
        return NULL;
    field->label = (struct text){ label_copy, label.len };
    field->name = without_end_blanks(field->label);
    return field;
}

struct field *field_inserted(struct region *region, struct text name, struct text value)
{
    char *spaced = region_alloc(region, value.len + 1);

    if (!spaced)
        return NULL;
    spaced[0] = ' ';
    if (value.len > 0)
        memcpy(spaced + 1, value.data, value.len);
    return field_new(region, name, (struct text){ spaced, value.len + 1 });
}

struct field *message_add_field(struct message *message, struct text label, struct text value)
{
    struct text name = without_end_blanks(label);
    struct field_counter *counter;
    struct field *field;

    if (text_equal_nocase(name, TEXT("From")))
        message->from_count++;
    counter = counter_find(message, name);
    if (counter)
        counter->count++;
    if (!may_store(message, counter))
        return NULL;
    field = field_new(message->region, label, value);
    if (!field)
        return NULL;
    if (!counter) {
        counter = counter_add(message, field->name);
        if (!counter)
            return NULL;
        counter->count = 1;
    }
    field->index = counter->count;
    *message->fields_end = field;
    message->fields_end = &field->next;
    message->field_count++;
    return field;
}

/* Parses a copy of RAW, because a path points into what was parsed. */
static bool parse_copy(struct region *region, struct text raw, struct path *path)
{
    char *copy = text_dup(region, raw);

    if (!copy)
        return false;
    path_parse((struct text){ copy, raw.len }, path);
    return true;
}

void message_set_mail_from(struct message *message, struct text raw)
{
    if (!parse_copy(message->region, raw, &message->mail_from))
        message->mail_from = (struct path){ .kind = PATH_MALFORMED };
}

void message_add_recipient(struct message *message, struct text raw)
{
    struct recipient *recipient = region_alloc(message->region, sizeof *recipient);

    if (!recipient || !parse_copy(message->region, raw, &recipient->path))
        return;
    *message->recipients_end = recipient;
    message->recipients_end = &recipient->next;
    message->recipient_count++;
}

bool field_is(const struct field *field, struct text name)
{
    return text_equal_nocase(field->name, name);
}

struct field *field_find(struct field *field, struct text name)
{
    while (field && !field_is(field, name))
        field = field->next;
    return field;
}
