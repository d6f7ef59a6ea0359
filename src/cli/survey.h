/* survey.h: `vidimus domain NAME`: what a receiver sees of a domain in DNS.
 *
 * A survey is a list of aspects (MX, SPF, DKIM, …).  Each is filled by one
 * function below with facts and judgements, asks DNS through the survey's scope,
 * and is printed when all are there: for people, or as one JSON object. */
#ifndef VIDIMUS_CLI_SURVEY_H
#define VIDIMUS_CLI_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/names.h"
#include "cli/tell.h"
#include "dns/scope.h"
#include "mail/domain.h"

struct config;
struct taglist;

/* In the order of their weight: an aspect has the heaviest of its lines. */
enum grade {
    GRADE_GOOD,
    GRADE_ABSENT,  /* not published, and nobody must */
    GRADE_ADVICE,  /* works; better is possible */
    GRADE_UNKNOWN, /* DNS did not answer */
    GRADE_WRONG
};

extern const struct name grade_names[]; /* "good", "absent", … */

enum { SURVEY_HOSTS_MAX = 20, SURVEY_SELECTORS_MAX = 32 };

/* One line of an aspect. */
struct survey_line {
    struct survey_line *next;
    unsigned depth;
    bool judged;
    enum grade grade;   /* when judged */
    const char *text;   /* printable ASCII */
    const char *remedy; /* NULL: none */
};

struct survey_number {
    struct survey_number *next;
    const char *name;
    double value;
};

struct aspect {
    struct aspect *next;
    struct survey *survey;
    const char *name;
    enum grade grade;
    struct survey_line *lines, **lines_end;
    struct survey_number *numbers, **numbers_end;
};

struct survey {
    struct teller teller; /* its region holds everything */
    struct dns_scope *dns;
    const char *domain;
    const struct config *config;
    const char *selectors[SURVEY_SELECTORS_MAX]; /* given by hand */
    size_t selector_count;
    const char *seen[SURVEY_SELECTORS_MAX]; /* survey_mail() */
    size_t seen_count;
    bool validates; /* DNSSEC: the resolver tells what is secure */
    /* of the MTA-STS policy: */
    bool fetch;
    const char *connect; /* HOST:PORT to fetch it from; NULL: as DNS says */
    const char *ca_file; /* NULL: the system's */

    struct aspect *aspects, **aspects_end;
    /* what survey_mx() found */
    domain_name hosts[SURVEY_HOSTS_MAX];
    size_t host_count;
    bool hosts_secure; /* validated by DNSSEC */
    bool enforced;     /* survey_dmarc(): quarantine or reject, for all mail */
};

/* A new aspect at the end of SURVEY.  NULL when memory is exhausted; the functions
 * that take an aspect do nothing then. */
struct aspect *survey_aspect(struct survey *survey, const char *name);

/* A fact.  What FORMAT takes is printable: told(), quoted(), or our own. */
void aspect_fact(struct aspect *aspect, unsigned depth, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A judgement, with what to do about it (static or in the region; NULL: nothing). */
void aspect_judge(struct aspect *aspect, enum grade grade, const char *remedy,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A figure for scripts; NAME is static. */
void aspect_number(struct aspect *aspect, const char *name, double value);

/* The answer to a question, waiting for it; a failure is judged as unknown and gives
 * NULL. */
const struct dns_answer *survey_ask(struct aspect *aspect, const char *name, enum dns_type type);

/* The one TXT record at NAME that begins with VERSION ("v=STSv1"), at its end or
 * before a separator.  None, or more than one, is judged, and gives false: none as
 * absent. */
bool survey_record(struct aspect *aspect, const char *name, const char *version,
                   struct text *record);

/* The tags of RECORD, and the value of one; NULL: it is no list of tags, or has none. */
const struct taglist *survey_tags(const struct survey *survey, struct text record);
const struct text *survey_tag(const struct survey *survey, struct text record, const char *name);

/* "LABEL.DOMAIN" into OUT; false when that is too long for DNS. */
bool survey_name(const char *label, const char *domain, domain_name out);

/* Before survey_run(): notes the selectors that the mail stored at PATH is signed with
 * by the domain.  False: errno. */
bool survey_mail(struct survey *survey, const char *path);

/* The aspects, in the order in which they are to be called. */
void survey_mx(struct survey *survey);      /* MX, its hosts and their reverse names */
void survey_dane(struct survey *survey);    /* TLSA of the MX hosts */
void survey_spf(struct survey *survey);
void survey_dkim(struct survey *survey);
void survey_dmarc(struct survey *survey);
void survey_mta_sts(struct survey *survey);
void survey_tls_rpt(struct survey *survey);
void survey_bimi(struct survey *survey);

/* All of them. */
void survey_run(struct survey *survey);

/* The heaviest grade of all; what is absent is no fault. */
enum grade survey_grade(const struct survey *survey);

/* For people, on stdout. */
void survey_tell(const struct survey *survey);

/* False: memory, or stdout. */
bool survey_print_json(const struct survey *survey);

#endif
