#include "report/aggregate.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>

/* The order of the elements is that of the schema in RFC 9990, Appendix A. */

#define GENERATOR "vidimus " PACKAGE_VERSION

struct aggregate {
    xmlTextWriter *xml; /* owns its output, which calls `out` */
    struct octet_sink out;
    bool failed;
};

/* --- the writer, with an error that latches -------------------------------- */

static int give_out(void *context, const char *octets, int len)
{
    struct aggregate *a = context;

    a->out.take(a->out.context, (struct text){ octets, (size_t)len });
    return len;
}

static void note(struct aggregate *a, int written)
{
    if (written < 0)
        a->failed = true;
}

static void open_element(struct aggregate *a, const char *name)
{
    note(a, xmlTextWriterStartElement(a->xml, BAD_CAST name));
}

static void close_element(struct aggregate *a)
{
    note(a, xmlTextWriterEndElement(a->xml));
}

static void element(struct aggregate *a, const char *name, const char *value)
{
    note(a, xmlTextWriterWriteElement(a->xml, BAD_CAST name, BAD_CAST value));
}

/* Elements that the schema lets out. */
static void element_if(struct aggregate *a, bool present, const char *name, const char *value)
{
    if (present)
        element(a, name, value);
}

static void number(struct aggregate *a, const char *name, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    element(a, name, digits);
}

/* --- what stands before the records ---------------------------------------- */

static void write_metadata(struct aggregate *a, const struct aggregate_head *head)
{
    open_element(a, "report_metadata");
    element(a, "org_name", head->org_name);
    element(a, "email", head->email);
    element_if(a, *head->extra_contact, "extra_contact_info", head->extra_contact);
    element(a, "report_id", head->report_id);
    open_element(a, "date_range");
    number(a, "begin", (uint64_t)head->begin);
    number(a, "end", (uint64_t)head->end);
    close_element(a);
    element(a, "generator", GENERATOR);
    close_element(a);
}

static const char *alignment(bool strict)
{
    return strict ? "s" : "r";
}

static void write_policy(struct aggregate *a, const struct row_policy *p)
{
    open_element(a, "policy_published");
    element(a, "domain", p->domain);
    element(a, "p", name_of(dmarc_policy_names, (int)p->p));
    element_if(a, p->has_sp, "sp", name_of(dmarc_policy_names, (int)p->sp));
    element_if(a, p->has_np, "np", name_of(dmarc_policy_names, (int)p->np));
    element(a, "adkim", alignment(p->strict_dkim));
    element(a, "aspf", alignment(p->strict_spf));
    element(a, "discovery_method", name_of(dmarc_discovery_names, (int)p->discovery));
    element_if(a, *p->fo, "fo", p->fo);
    element(a, "testing", p->testing ? "y" : "n");
    close_element(a);
}

struct aggregate *aggregate_new(const struct aggregate_head *head, struct octet_sink out)
{
    struct aggregate *a = calloc(1, sizeof *a);
    xmlOutputBuffer *buffer = a ? xmlOutputBufferCreateIO(give_out, NULL, a, NULL) : NULL;

    if (buffer)
        a->xml = xmlNewTextWriter(buffer);
    if (!buffer || !a->xml) {
        if (buffer)
            xmlOutputBufferClose(buffer);
        free(a);
        return NULL;
    }
    a->out = out;
    xmlTextWriterSetIndent(a->xml, 1);
    note(a, xmlTextWriterStartDocument(a->xml, "1.0", "UTF-8", NULL));
    note(a, xmlTextWriterStartElementNS(a->xml, NULL, BAD_CAST "feedback",
                                        BAD_CAST "urn:ietf:params:xml:ns:dmarc-2.0"));
    element(a, "version", "1.0");
    write_metadata(a, head);
    write_policy(a, head->policy);
    return a;
}

/* --- records ------------------------------------------------------------ */

static const char *pass_or_fail(bool aligned)
{
    return aligned ? "pass" : "fail";
}

static void write_row(struct aggregate *a, const struct row *row, uint64_t count)
{
    char ip[IP_TEXT_SIZE];

    open_element(a, "row");
    element(a, "source_ip", ip_format(&row->source, ip));
    number(a, "count", count);
    open_element(a, "policy_evaluated");
    element(a, "disposition", name_of(disposition_names, (int)row->disposition));
    element(a, "dkim", pass_or_fail(row->dkim_aligned));
    element(a, "spf", pass_or_fail(row->spf_aligned));
    for (size_t i = 0; i < row->reason_count; i++) {
        open_element(a, "reason");
        element(a, "type", name_of(override_reason_names, (int)row->reasons[i].type));
        element_if(a, *row->reasons[i].comment, "comment", row->reasons[i].comment);
        close_element(a);
    }
    close_element(a);
    close_element(a);
}

/* An empty envelope_from is the null sender (RFC 9990 §3.1.1.7). */
static void write_identifiers(struct aggregate *a, const struct row *row)
{
    open_element(a, "identifiers");
    element(a, "header_from", row->header_from);
    element(a, "envelope_from", row->envelope_from);
    element_if(a, *row->envelope_to, "envelope_to", row->envelope_to);
    close_element(a);
}

static void write_results(struct aggregate *a, const struct row *row)
{
    open_element(a, "auth_results");
    for (size_t i = 0; i < row->dkim_count; i++) {
        const struct row_dkim *d = &row->dkim[i];

        open_element(a, "dkim");
        element(a, "domain", d->domain);
        element(a, "selector", d->selector);
        element(a, "result", name_of(result_names, (int)d->result));
        element_if(a, *d->human, "human_result", d->human);
        close_element(a);
    }
    if (*row->spf.domain) {
        open_element(a, "spf");
        element(a, "domain", row->spf.domain);
        element(a, "scope", "mfrom");
        element(a, "result", name_of(result_names, (int)row->spf.result));
        element_if(a, *row->spf.human, "human_result", row->spf.human);
        close_element(a);
    }
    close_element(a);
}

void aggregate_add(struct aggregate *a, const struct row *row, uint64_t count)
{
    open_element(a, "record");
    write_row(a, row, count);
    write_identifiers(a, row);
    write_results(a, row);
    close_element(a);
}

bool aggregate_end(struct aggregate *a)
{
    bool good;

    if (!a)
        return false;
    note(a, xmlTextWriterEndDocument(a->xml));
    note(a, xmlTextWriterFlush(a->xml));
    good = !a->failed;
    xmlFreeTextWriter(a->xml);
    free(a);
    return good;
}
