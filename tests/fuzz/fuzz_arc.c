/* Fuzzes the ARC fields of a header, one a line (continuation lines begin with a
 * blank): whatever is called a chain is whole. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/arc_set.h"
#include "base/region.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The length of the first field in T, its LF included where there is one. */
static size_t field_length(struct text t)
{
    size_t len = 0;

    do
        len += text_find(text_tail(t, len), '\n') + 1;
    while (len < t.len && octet_is_wsp(t.data[len]));
    return len < t.len ? len : t.len;
}

static void add_fields(struct arc_chain *chain, struct message *message, struct text t)
{
    while (t.len > 0) {
        struct text line = text_head(t, field_length(t));
        size_t colon = text_find(line, ':');
        struct text value = text_tail(line, colon + 1);
        const struct field *field;

        if (value.len > 0 && value.data[value.len - 1] == '\n')
            value.len--;
        field = message_add_field(message, text_head(line, colon), value);
        if (field)
            arc_chain_field(chain, field);
        t = text_tail(t, line.len);
    }
}

static void require_signature(const struct signature *s, unsigned instance)
{
    domain_name again;

    require(s->instance == instance && s->algorithm == SIGN_RSA_SHA256 && s->value.len > 0);
    require(domain_normalise(text_of(s->domain), again) && domain_labels(again) >= 2);
    require(domain_normalise(text_of(s->selector), again));
    require(s->signed_name_count <= SIGNED_NAMES_MAX);
    for (size_t i = 0; i < s->signed_name_count; i++)
        require(s->signed_names[i].len > 0 &&
                !text_equal_nocase(s->signed_names[i], TEXT("ARC-Seal")));
}

static void require_whole(const struct arc_chain *chain)
{
    require(chain->newest <= ARC_INSTANCE_MAX && chain->field_count == 3 * chain->newest);
    for (unsigned i = 1; i <= ARC_INSTANCE_MAX; i++) {
        const struct arc_set *set = chain->sets[i];

        require((set != NULL) == (i <= chain->newest));
        if (!set)
            continue;
        for (int part = 0; part < ARC_PARTS; part++)
            require(set->fields[part] != NULL);
        require_signature(&set->message, i);
        require_signature(&set->seal, i);
        require(set->message.hash.len == 32 && set->seal.hash.len == 0);
        require(set->seal.chain == (i == 1 ? CHAIN_NONE : CHAIN_PASS));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message *message = message_new(8 << 20);
    struct arc_chain chain;

    if (!message)
        return 0;
    arc_chain_init(&chain, message->region);
    add_fields(&chain, message, (struct text){ (const char *)data, size });
    if (arc_chain_end(&chain))
        require_whole(&chain);
    else
        require(chain.fault != NULL);
    message_free(message);
    return 0;
}
