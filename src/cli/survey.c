#include "cli/survey.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/region.h"
#include "mail/taglist.h"

enum { LINE_OCTETS_MAX = 4096, INDENT = 2 };

const struct name grade_names[] = {
    { GRADE_GOOD, "good" },
    { GRADE_ABSENT, "absent" },
    { GRADE_ADVICE, "advice" },
    { GRADE_UNKNOWN, "unknown" },
    { GRADE_WRONG, "wrong" },
    { 0, NULL },
};

/* ---- gathering */

struct aspect *survey_aspect(struct survey *survey, const char *name)
{
    struct aspect *a = region_alloc(survey->teller.region, sizeof *a);

    if (!a)
        return NULL;
    *a = (struct aspect){ .survey = survey, .name = name };
    a->lines_end = &a->lines;
    a->numbers_end = &a->numbers;
    *survey->aspects_end = a;
    survey->aspects_end = &a->next;
    return a;
}

__attribute__((format(printf, 2, 0)))
static struct survey_line *add_line(struct aspect *a, const char *format, va_list args)
{
    struct region *region = a->survey->teller.region;
    struct survey_line *line = region_alloc(region, sizeof *line);
    char *text = NULL;

    if (!line || vasprintf(&text, format, args) < 0)
        return NULL;
    *line = (struct survey_line){ .text = text_dup(region, text_of(text)) };
    free(text);
    if (!line->text)
        return NULL;
    *a->lines_end = line;
    a->lines_end = &line->next;
    return line;
}

void aspect_fact(struct aspect *a, unsigned depth, const char *format, ...)
{
    struct survey_line *line;
    va_list args;

    if (!a)
        return;
    va_start(args, format);
    line = add_line(a, format, args);
    va_end(args);
    if (line)
        line->depth = depth;
}

void aspect_judge(struct aspect *a, enum grade grade, const char *remedy, const char *format, ...)
{
    struct survey_line *line;
    va_list args;

    if (!a)
        return;
    va_start(args, format);
    line = add_line(a, format, args);
    va_end(args);
    if (a->grade < grade)
        a->grade = grade;
    if (!line)
        return;
    line->judged = true;
    line->grade = grade;
    line->remedy = remedy;
}

void aspect_number(struct aspect *a, const char *name, double value)
{
    struct survey_number *number =
        a ? region_alloc(a->survey->teller.region, sizeof *number) : NULL;

    if (!number)
        return;
    *number = (struct survey_number){ .name = name, .value = value };
    *a->numbers_end = number;
    a->numbers_end = &number->next;
}

/* ---- asking */

const struct dns_answer *survey_ask(struct aspect *a, const char *name, enum dns_type type)
{
    const struct dns_answer *answer = a ? dns_scope_lookup(a->survey->dns, name, type) : NULL;

    if (!answer || !dns_failed(answer))
        return answer;
    aspect_judge(a, GRADE_UNKNOWN,
                 answer->status == DNS_BOGUS ? "DNSSEC says that the answer is forged: have the "
                                               "zone signed anew, or its DS record corrected"
                                             : "try again later; else look at the name servers",
                 "%s %s: %s", name, name_of(dns_type_names, (int)type),
                 answer->why ? answer->why : name_of(dns_status_names, (int)answer->status));
    return NULL;
}

static bool begins_with_version(struct text record, const char *version)
{
    struct text rest = text_tail(record, strlen(version));

    return text_starts_nocase(record, text_of(version)) &&
           (rest.len == 0 || rest.data[0] == ';' || octet_is_wsp(rest.data[0]));
}

bool survey_record(struct aspect *a, const char *name, const char *version, struct text *record)
{
    const struct dns_answer *answer = survey_ask(a, name, DNS_TXT);
    unsigned found = 0;

    if (!answer)
        return false;
    for (size_t i = 0; i < answer->count; i++)
        if (begins_with_version(answer->records[i].data, version) && found++ == 0)
            *record = answer->records[i].data;
    if (found == 0)
        aspect_judge(a, GRADE_ABSENT, NULL, "no record at %s", name);
    else if (found > 1)
        aspect_judge(a, GRADE_WRONG, "leave one of them: with several, receivers take none",
                     "%u records at %s", found, name);
    else
        aspect_fact(a, 0, "%s: %s", name, quoted(&a->survey->teller, *record));
    return found == 1;
}

const struct taglist *survey_tags(const struct survey *survey, struct text record)
{
    struct taglist *tags = region_alloc(survey->teller.region, sizeof *tags);

    return tags && taglist_parse(record, true, tags) == TAGLIST_OK ? tags : NULL;
}

const struct text *survey_tag(const struct survey *survey, struct text record, const char *name)
{
    const struct taglist *tags = survey_tags(survey, record);

    return tags ? taglist_get(tags, name) : NULL;
}

bool survey_name(const char *label, const char *domain, domain_name out)
{
    char name[2 * sizeof(domain_name)];

    snprintf(name, sizeof name, "%s.%s", label, domain);
    return domain_normalise(text_of(name), out);
}

void survey_run(struct survey *survey)
{
    static void (*const aspects[])(struct survey *) = {
        survey_mx,    survey_dane,    survey_spf,     survey_dkim,
        survey_dmarc, survey_mta_sts, survey_tls_rpt, survey_bimi,
    };

    survey->aspects_end = &survey->aspects;
    for (size_t i = 0; i < sizeof aspects / sizeof *aspects; i++)
        aspects[i](survey);
}

enum grade survey_grade(const struct survey *survey)
{
    enum grade grade = GRADE_GOOD;

    for (const struct aspect *a = survey->aspects; a; a = a->next)
        if (grade < a->grade && a->grade != GRADE_ABSENT)
            grade = a->grade;
    return grade;
}

/* ---- for people */

static const char *const colours[] = {
    [GRADE_GOOD] = "\033[32m",    [GRADE_ABSENT] = "\033[2m", [GRADE_ADVICE] = "\033[33m",
    [GRADE_UNKNOWN] = "\033[35m", [GRADE_WRONG] = "\033[1;31m",
};

static bool wants_colour(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal &&
           strcmp(terminal, "dumb") != 0;
}

static void tell_aspect(const struct teller *to, const struct aspect *a, bool colour)
{
    fprintf(to->out, "%s%s: %s%s\n", colour ? colours[a->grade] : "", a->name,
            name_of(grade_names, (int)a->grade), colour ? "\033[0m" : "");
    for (const struct survey_line *line = a->lines; line; line = line->next) {
        tell(to, INDENT * (line->depth + 1), "%s%s%s",
             line->judged ? name_of(grade_names, (int)line->grade) : "", line->judged ? ": " : "",
             line->text);
        if (line->remedy)
            tell(to, 2 * INDENT, "To do: %s.", line->remedy);
    }
    fputc('\n', to->out);
}

void survey_tell(const struct survey *survey)
{
    bool colour = wants_colour();

    for (const struct aspect *a = survey->aspects; a; a = a->next)
        tell_aspect(&survey->teller, a, colour);
    fprintf(survey->teller.out, "%s: %s\n", survey->domain,
            name_of(grade_names, (int)survey_grade(survey)));
}

/* ---- as JSON */

static json_t *lines_json(const struct aspect *a)
{
    json_t *lines = json_array();

    for (const struct survey_line *line = a->lines; line; line = line->next)
        (void)json_array_append_new(
            lines, json_pack("{s:i, s:s?, s:s, s:s?}", "depth", (int)line->depth, "grade",
                             line->judged ? name_of(grade_names, (int)line->grade) : NULL, "text",
                             line->text, "remedy", line->remedy));
    return lines;
}

static json_t *numbers_json(const struct aspect *a)
{
    json_t *numbers = json_object();

    for (const struct survey_number *n = a->numbers; n; n = n->next)
        (void)json_object_set_new(numbers, n->name, json_real(n->value));
    return numbers;
}

bool survey_print_json(const struct survey *survey)
{
    json_t *aspects = json_array(), *object;
    bool printed;

    for (const struct aspect *a = survey->aspects; a; a = a->next)
        (void)json_array_append_new(
            aspects, json_pack("{s:s, s:s, s:o, s:o}", "aspect", a->name, "grade",
                               name_of(grade_names, (int)a->grade), "numbers", numbers_json(a),
                               "lines", lines_json(a)));
    object = json_pack("{s:i, s:s, s:s, s:o}", "schema", 1, "domain", survey->domain, "grade",
                       name_of(grade_names, (int)survey_grade(survey)), "aspects", aspects);
    printed = object && json_dumpf(object, survey->teller.out, JSON_INDENT(1)) == 0 &&
              fputc('\n', survey->teller.out) != EOF;
    json_decref(object);
    return printed;
}
