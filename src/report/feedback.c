#include "report/feedback.h"

#include <libxml/xmlreader.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/region.h"

enum { DEPTH_MAX = 16, PATH_MAX_OCTETS = 200 };

/* Where reading stands: the names of the open elements, joined by '/'. */
struct reading {
    struct region *head_region; /* the caller's */
    struct region *row_region;  /* of the row at hand */
    const struct feedback_reader *reader;
    struct feedback_head head;
    struct feedback_row row;
    size_t rows;
    struct feedback_dkim dkim; /* the result at hand */
    char path[PATH_MAX_OCTETS];
    size_t path_len;
    char text[FEEDBACK_TEXT_MAX];
    size_t text_len;
    char *error;
};

static bool complain(struct reading *r, xmlTextReader *xml, const char *what)
{
    if (!*r->error)
        snprintf(r->error, FEEDBACK_ERROR_SIZE, "line %d: %s", xmlTextReaderGetParserLineNumber(xml),
                 what);
    return false;
}

/* --- what stands where ---------------------------------------------------- */

struct place {
    const char *path;
    size_t offset; /* of a struct text */
};

#define IN_HEAD(field) offsetof(struct feedback_head, field)
#define IN_ROW(field) offsetof(struct feedback_row, field)
#define IN_DKIM(field) offsetof(struct feedback_dkim, field)

static const struct place head_places[] = {
    { "feedback/report_metadata/org_name", IN_HEAD(org_name) },
    { "feedback/report_metadata/email", IN_HEAD(email) },
    { "feedback/report_metadata/report_id", IN_HEAD(report_id) },
    { "feedback/report_metadata/error", IN_HEAD(error) },
    { "feedback/policy_published/domain", IN_HEAD(domain) },
    { "feedback/policy_published/p", IN_HEAD(p) },
    { "feedback/policy_published/sp", IN_HEAD(sp) },
    { "feedback/policy_published/np", IN_HEAD(np) },
    { "feedback/policy_published/adkim", IN_HEAD(adkim) },
    { "feedback/policy_published/aspf", IN_HEAD(aspf) },
    { "feedback/policy_published/testing", IN_HEAD(testing) },
    { "feedback/policy_published/discovery_method", IN_HEAD(discovery_method) },
    { NULL, 0 },
};

static const struct place row_places[] = {
    { "feedback/record/row/policy_evaluated/disposition", IN_ROW(disposition) },
    { "feedback/record/row/policy_evaluated/dkim", IN_ROW(dkim) },
    { "feedback/record/row/policy_evaluated/spf", IN_ROW(spf) },
    { "feedback/record/row/policy_evaluated/reason/type", IN_ROW(reason) },
    { "feedback/record/identifiers/header_from", IN_ROW(header_from) },
    { "feedback/record/identifiers/envelope_from", IN_ROW(envelope_from) },
    { "feedback/record/identifiers/envelope_to", IN_ROW(envelope_to) },
    { "feedback/record/auth_results/spf/domain", IN_ROW(spf_domain) },
    { "feedback/record/auth_results/spf/result", IN_ROW(spf_result) },
    { NULL, 0 },
};

static const struct place dkim_places[] = {
    { "feedback/record/auth_results/dkim/domain", IN_DKIM(domain) },
    { "feedback/record/auth_results/dkim/selector", IN_DKIM(selector) },
    { "feedback/record/auth_results/dkim/result", IN_DKIM(result) },
    { NULL, 0 },
};

/* Keeps VALUE if PLACES has the path; the first of a name counts. */
static bool keep(const struct place *places, const char *path, void *base, struct region *region,
                 struct text value)
{
    for (const struct place *p = places; p->path; p++) {
        struct text *field = (struct text *)(void *)((char *)base + p->offset);

        if (strcmp(p->path, path) != 0)
            continue;
        if (field->len == 0)
            field->data = text_dup(region, value);
        if (field->len == 0 && field->data)
            field->len = value.len;
        return true;
    }
    return false;
}

static void keep_number(const char *path, const char *wanted, struct text value, int64_t *number)
{
    unsigned long long n;

    if (strcmp(path, wanted) == 0 && text_to_uint(value, INT64_MAX, &n))
        *number = (int64_t)n;
}

/* The element at r->path ends, and held VALUE. */
static void element_holds(struct reading *r, struct text value)
{
    static const char count[] = "feedback/record/row/count";
    static const char source[] = "feedback/record/row/source_ip";
    unsigned long long n;

    keep_number(r->path, "feedback/report_metadata/date_range/begin", value, &r->head.begin);
    keep_number(r->path, "feedback/report_metadata/date_range/end", value, &r->head.end);
    if (strcmp(r->path, source) == 0)
        ip_parse(value, &r->row.source);
    else if (strcmp(r->path, count) == 0 && text_to_uint(value, UINT32_MAX, &n))
        r->row.count = n;
    else if (!keep(head_places, r->path, &r->head, r->head_region, value) &&
             !keep(row_places, r->path, &r->row, r->row_region, value))
        keep(dkim_places, r->path, &r->dkim, r->row_region, value);
}

/* --- elements ----------------------------------------------------------- */

static bool begin_row(struct reading *r)
{
    if (r->rows == 0)
        r->reader->head(r->reader->context, &r->head);
    region_free(r->row_region);
    r->row_region = region_new(0);
    memset(&r->row, 0, sizeof r->row);
    return r->row_region && r->rows++ < FEEDBACK_ROWS_MAX;
}

static bool begin_element(struct reading *r, xmlTextReader *xml)
{
    const char *name = (const char *)xmlTextReaderConstLocalName(xml);
    size_t len = strlen(name);

    if (xmlTextReaderDepth(xml) > DEPTH_MAX || len + 2 > sizeof r->path - r->path_len)
        return complain(r, xml, "elements are nested too deeply");
    if (r->path_len > 0)
        r->path[r->path_len++] = '/';
    memcpy(r->path + r->path_len, name, len + 1);
    r->path_len += len;
    r->text_len = 0;
    if (r->path_len == len && strcmp(r->path, "feedback") != 0)
        return complain(r, xml, "it is no aggregate report: the root is not <feedback>");
    if (strcmp(r->path, "feedback/record") == 0 && !begin_row(r))
        return complain(r, xml, "it has too many records");
    if (strcmp(r->path, "feedback/record/auth_results/dkim") == 0)
        memset(&r->dkim, 0, sizeof r->dkim);
    return true;
}

static void end_element(struct reading *r)
{
    const char *slash;

    element_holds(r, text_trim((struct text){ r->text, r->text_len }));
    r->text_len = 0;
    if (strcmp(r->path, "feedback/record/auth_results/dkim") == 0 &&
        r->row.dkim_count < FEEDBACK_RESULTS_MAX)
        r->row.dkim_results[r->row.dkim_count++] = r->dkim;
    if (strcmp(r->path, "feedback/record") == 0)
        r->reader->row(r->reader->context, &r->row);
    slash = strrchr(r->path, '/');
    r->path_len = slash ? (size_t)(slash - r->path) : 0;
    r->path[r->path_len] = '\0';
}

static void add_text(struct reading *r, xmlTextReader *xml)
{
    const char *value = (const char *)xmlTextReaderConstValue(xml);
    size_t len = value ? strlen(value) : 0;

    if (len > sizeof r->text - r->text_len)
        len = sizeof r->text - r->text_len;
    if (len)
        memcpy(r->text + r->text_len, value, len);
    r->text_len += len;
}

static bool take_node(struct reading *r, xmlTextReader *xml)
{
    switch (xmlTextReaderNodeType(xml)) {
    case XML_READER_TYPE_ELEMENT:
        if (!begin_element(r, xml))
            return false;
        if (xmlTextReaderIsEmptyElement(xml) == 1)
            end_element(r);
        return true;
    case XML_READER_TYPE_END_ELEMENT:
        end_element(r);
        return true;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
        add_text(r, xml);
        return true;
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return complain(r, xml, "it declares a document type or entities, which no report needs");
    default: /* white space, comments, processing instructions */
        return true;
    }
}

/* --- the document ------------------------------------------------------- */

/* libxml2's own words are for programmers, but better than none. */
static void on_error(void *context, const char *message, xmlParserSeverities severity,
                     xmlTextReaderLocatorPtr locator)
{
    struct reading *r = context;
    int length = message ? (int)strcspn(message, "\n") : 0;

    (void)severity;
    if (*r->error)
        return;
    snprintf(r->error, FEEDBACK_ERROR_SIZE, "line %d: it is no well-formed XML: ",
             xmlTextReaderLocatorLineNumber(locator));
    for (size_t at = strlen(r->error); length-- > 0 && at + 1 < FEEDBACK_ERROR_SIZE; at++) {
        r->error[at] = octet_is_control(*message) || (unsigned char)*message > 0x7e ? '?' : *message;
        r->error[at + 1] = '\0';
        message++;
    }
}

static bool read_nodes(struct reading *r, xmlTextReader *xml)
{
    int more;

    while ((more = xmlTextReaderRead(xml)) == 1)
        if (!take_node(r, xml))
            return false;
    if (more != 0)
        return complain(r, xml, "it is no well-formed XML");
    if (r->rows == 0)
        return complain(r, xml, "it holds no record");
    r->reader->head(r->reader->context, &r->head);
    return true;
}

bool feedback_read(struct region *region, struct text xml, const struct feedback_reader *reader,
                   char error[FEEDBACK_ERROR_SIZE])
{
    struct reading *r = region_alloc(region, sizeof *r);
    xmlTextReader *document = NULL;
    bool good = false;

    *error = '\0';
    if (r && xml.len <= INT32_MAX)
        document = xmlReaderForMemory(xml.data, (int)xml.len, NULL, NULL, XML_PARSE_NONET);
    if (document) {
        r->head_region = region;
        r->reader = reader;
        r->error = error;
        xmlTextReaderSetErrorHandler(document, on_error, r);
        good = read_nodes(r, document);
        region_free(r->row_region);
        xmlFreeTextReader(document);
    }
    if (!good && !*error)
        snprintf(error, FEEDBACK_ERROR_SIZE, "out of memory");
    return good;
}
