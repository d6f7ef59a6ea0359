/* Fuzzes author_parse().  Whatever the value is: domains are distinct, normal
 * and as many as the status says; and one more mailbox after a value that has
 * an author domain is seen, so nothing in a value hides what follows it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/author.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_domains(const struct author *author)
{
    for (size_t i = 0; i < author->count; i++) {
        domain_name again;

        if (!domain_normalise(text_of(author->domains[i]), again) ||
            strcmp(author->domains[i], again) != 0)
            abort();
        for (size_t j = 0; j < i; j++)
            if (strcmp(author->domains[i], author->domains[j]) == 0)
                abort();
    }
}

static void check_count(const struct author *author)
{
    size_t least = 0, most = 0;

    switch (author->status) {
    case AUTHOR_OK:
        least = most = 1;
        break;
    case AUTHOR_SEVERAL:
        least = 2;
        most = AUTHOR_DOMAINS_MAX;
        break;
    case AUTHOR_TOO_MANY:
        least = most = AUTHOR_DOMAINS_MAX;
        break;
    case AUTHOR_NO_MAILBOX:
    case AUTHOR_NO_DOMAIN:
    case AUTHOR_UNPARSABLE:
        break;
    case AUTHOR_NO_FIELD:
    case AUTHOR_MANY_FIELDS:
        abort();
    }
    if (author->count < least || author->count > most)
        abort();
}

static void check_one_more(struct text value, const struct author *before)
{
    static const char more[] = ", x@one-more.example";
    char *longer = malloc(value.len + sizeof more);
    struct author after;

    if (!longer)
        return;
    memcpy(longer, value.data, value.len);
    memcpy(longer + value.len, more, sizeof more);
    author_parse((struct text){ longer, value.len + sizeof more - 1 }, &after);
    free(longer);
    if (strcmp(before->domains[0], "one-more.example") != 0 &&
        (after.status != AUTHOR_SEVERAL || strcmp(after.domains[0], before->domains[0]) != 0 ||
         strcmp(after.domains[1], "one-more.example") != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text value = { (const char *)data, size };
    struct author author;

    author_parse(value, &author);
    check_count(&author);
    check_domains(&author);
    if (author.status == AUTHOR_OK)
        check_one_more(text_trim(value), &author);
    return 0;
}
