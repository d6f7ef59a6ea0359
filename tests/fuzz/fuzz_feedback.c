/* Fuzzes what reads a report that a stranger sent: mail, zip, gzip, XML.  What
 * is told keeps its bounds, and a report that is refused adds nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "base/region.h"
#include "report/attachment.h"
#include "report/pack.h"
#include "report/summary.h"

enum { XML_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sources(struct summary *summary)
{
    size_t count;
    const struct summary_source *sources = summary_sources(summary, &count);

    for (size_t i = 0; sources && i < count; i++)
        if (sources[i].domain.len > FEEDBACK_TEXT_MAX || sources[i].counts.passed >
            sources[i].counts.messages || sources[i].signer_count > SUMMARY_SIGNERS_MAX)
            abort();
}

static void add(struct region *region, struct text xml)
{
    struct summary *summary = summary_new(region);
    char error[FEEDBACK_ERROR_SIZE];

    if (!summary)
        return;
    if (summary_add(summary, xml, error) == SUMMARY_REFUSED &&
        (summary_total(summary)->messages != 0 || !*error))
        abort();
    check_sources(summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text octets = { (const char *)data, size };
    struct octets plain = { NULL, 0 };
    struct region *region = region_new(256u << 20);

    if (attachment_kind(octets) == ATTACHMENT_OTHER)
        attachment_find(region, octets, &octets);
    if (attachment_kind(octets) == ATTACHMENT_GZIP)
        unpack_gzip(octets, XML_MAX, &plain);
    else if (attachment_kind(octets) == ATTACHMENT_ZIP)
        unpack_zip(octets, XML_MAX, &plain);
    if (plain.len > XML_MAX)
        abort();
    add(region, plain.data ? (struct text){ plain.data, plain.len } : octets);
    free(plain.data);
    region_free(region);
    return 0;
}
