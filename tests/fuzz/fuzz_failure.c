/* Fuzzes failure_read(): whatever the file is, and whatever stands behind a first line that
 * fits it.  A failure that was read can be written, and is read as the same; and the header
 * that it shows is one: redact_header() of any text gives what failure_write() takes. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"
#include "report/crc32.h"
#include "report/failure.h"
#include "report/redact_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct redactor redactor = { .key = "key", .keyed = true };

static struct text written(struct region *region, const struct failure *failure)
{
    struct buf out;

    buf_init(&out, region, FAILURE_OCTETS_MAX);
    failure_write(&out, failure);
    return buf_text(&out);
}

/* In memory of just that size. */
static void read_file(const char *octets, size_t len)
{
    struct region *region = region_new(0);
    char *copy = malloc(len ? len : 1);
    struct failure failure, again;
    struct text text;

    if (!region || !copy)
        abort();
    memcpy(copy, octets, len);
    if (failure_read(region, (struct text){ copy, len }, &failure) == FAILURE_READ_OK) {
        text = written(region, &failure);
        if (text.len == 0 && len < FAILURE_VALUE_MAX)
            abort();
        if (text.len > 0 && (failure_read(region, text, &again) != FAILURE_READ_OK ||
                             !text_equal(written(region, &again), text)))
            abort();
    }
    free(copy);
    region_free(region);
}

static void show_header(struct text t)
{
    static const char *const names[] = { "From", "Received", "DKIM-Signature", "References",
                                         "Content-Type", "Subject" };
    struct message *m = message_new(0);
    struct failure failure = { .time = 1, .source = { .family = IP_V4 }, .ruf = "r",
                               .reported_domain = "a.example", .policy_domain = "a.example",
                               .mail_from = "", .results = "", .dkim_domain = "",
                               .dkim_selector = "", .spf_domain = "", .spf_record = "",
                               .served = "" };

    if (!m)
        abort();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        message_add_field(m, text_of(names[i]), t);
    failure.header = text_of(redact_header(m->region, &redactor, m->fields, true));
    if (written(m->region, &failure).len == 0)
        abort();
    message_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *sealed = malloc(size + 64);
    size_t head;

    if (!sealed)
        abort();
    read_file((const char *)data, size);
    head = (size_t)sprintf(sealed, "vidimus-failure 1 %08" PRIx32 "\n",
                           crc32_of((struct text){ (const char *)data, size }));
    if (size)
        memcpy(sealed + head, data, size);
    read_file(sealed, head + size);
    free(sealed);
    show_header((struct text){ (const char *)data, size });
    return 0;
}
