/* Fuzzes taglist_parse(): tags are distinct and lie in the input in order. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/taglist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct text t, const struct taglist *list)
{
    const char *at = t.data;

    for (size_t i = 0; i < list->count; i++) {
        const struct tag *tag = &list->tags[i];
        char name[64] = "";

        if (tag->name.data < at || tag->value.data < tag->name.data + tag->name.len ||
            tag->value.data + tag->value.len > t.data + t.len ||
            text_find(tag->value, ';') < tag->value.len ||
            text_trim(tag->value).len != tag->value.len)
            abort();
        at = tag->value.data + tag->value.len;
        if (tag->name.len >= sizeof name)
            continue;
        memcpy(name, tag->name.data, tag->name.len);
        if (taglist_get(list, name) != &tag->value)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text t = { (const char *)data, size };
    struct taglist list;
    enum taglist_error plain = taglist_parse(t, false, &list);

    check(t, &list);
    if ((plain == TAGLIST_OK) != (list.count > 0))
        abort();
    if (taglist_parse(t, true, &list) != TAGLIST_OK && plain == TAGLIST_OK)
        abort();
    check(t, &list);
    return 0;
}
