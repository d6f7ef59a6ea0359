/* Fuzz target: reading a zone file, and looking names up in what was read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/zone_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum dns_type types[] = { DNS_A, DNS_CNAME, DNS_MX, DNS_TXT };

static void look_up(const struct zone *zone, struct text t)
{
    struct dns_name name;

    if (!dns_name_from_text(t, &name))
        return;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct dns_answer *answer = zone_lookup(zone, &name, types[i]);

        if (!answer || answer->type != types[i] || answer->count > DNS_RECORDS_MAX)
            abort();
        if ((answer->status == DNS_OK) != (answer->count > 0))
            abort();
        dns_answer_unref(answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = { (const char *)data, size };
    char error[200] = "";
    struct zone *zone = zone_read(text, "zone", error, sizeof error);

    if (!zone && strncmp(error, "zone:", 5) != 0)
        abort();
    if (!zone)
        return 0;
    look_up(zone, TEXT("example.org"));
    look_up(zone, TEXT("a.b.example.org"));
    look_up(zone, TEXT("x"));
    look_up(zone, text_head(text, text_find(text, ' ')));
    zone_free(zone);
    return 0;
}
