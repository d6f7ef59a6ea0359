/* dmarc.h: DMARC (RFC 9989; with the PSL as in RFC 7489 on request).
 *
 * Reads findings of SPF and DKIM as structs, never header text.  A DNS error
 * on a lookup that the outcome depends on is temperror: never "no policy".
 */
#ifndef VIDIMUS_AUTH_DMARC_H
#define VIDIMUS_AUTH_DMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/finding.h"
#include "mail/author.h"

struct dns_scope;
struct region;

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
enum dmarc_discovery { DMARC_TREE_WALK, DMARC_PSL };
enum dmarc_policy_source { DMARC_SOURCE_P, DMARC_SOURCE_SP, DMARC_SOURCE_NP, DMARC_SOURCE_PSD };

extern const struct name dmarc_policy_names[];        /* "none", "quarantine", "reject" */
extern const struct name dmarc_discovery_names[];     /* "treewalk", "psl" */
extern const struct name dmarc_policy_source_names[]; /* "p", "sp", "np", "psd" */

enum { DMARC_QUERIES_MAX = 8 * AUTHOR_DOMAINS_MAX + 8, DMARC_IDENTIFIERS_MAX = 10 };

struct dmarc_request {
    struct region *region;
    struct dns_scope *dns;
    const struct author *author;
    enum dmarc_discovery discovery;
    /* The MAIL FROM identity ("" domain: none). */
    enum result spf_result;
    const char *spf_domain;
    /* DKIM signatures, any result. */
    size_t dkim_count;
    const struct dmarc_dkim {
        enum result result;
        const char *domain;
    } *dkim;
};

/* A parsed DMARC record. */
struct dmarc_record {
    enum dmarc_policy p;
    bool has_sp, has_np;
    enum dmarc_policy sp, np;
    bool strict_dkim, strict_spf; /* adkim=s, aspf=s */
    bool testing;                 /* t=y */
    enum dmarc_psd { PSD_UNKNOWN, PSD_YES, PSD_NO } psd;
    struct text fo;  /* as written, or empty */
    struct text rua; /* as written, or empty */
    struct text ruf;
    struct text text; /* the whole record */
};

enum dmarc_record_kind {
    DMARC_RECORD_NONE,    /* not a DMARC record: another's TXT */
    DMARC_RECORD_INVALID, /* v=DMARC1, but a tag stands twice: as if nothing
                             were published at the name */
    DMARC_RECORD_OK,
    DMARC_RECORD_UNUSABLE /* v=DMARC1 but no valid policy and no rua: no DMARC
                             processing for the message (§4.10.1) */
};

/* Parses one TXT record (RFC 9989 §4.7, §4.8). */
enum dmarc_record_kind dmarc_record_parse(struct text t, struct dmarc_record *record);

struct dmarc_outcome {
    enum result result; /* pass, fail, none, temperror, permerror */
    const char *reason; /* NULL or short text */
    const char *from_domain;           /* normalised; NULL: no author domain */
    const char *policy_domain;         /* where the record was found, or NULL */
    const char *organizational_domain; /* or NULL */
    bool has_policy;
    enum dmarc_policy policy; /* after sp, np and t */
    enum dmarc_policy_source policy_source;
    bool testing;
    const char *aligned_spf;  /* the identifier that aligned and passed, or NULL */
    const char *aligned_dkim;
    enum dmarc_discovery discovery;
    const struct dmarc_record *record; /* or NULL */
    size_t query_count;
    const char *queries[DMARC_QUERIES_MAX]; /* _dmarc names in the order of the author walk */
};

/* Starts all lookups that the tree walk of the author domain DOMAIN may need, at once;
 * whether DOMAIN exists is asked as soon as it shows that np matters. */
void dmarc_prefetch(struct dns_scope *dns, const char *domain, enum dmarc_discovery discovery);

/* The same for the identifier DOMAIN, if it may align with an author domain by its
 * organizational domain; its policy, and so its existence, does not matter. */
void dmarc_prefetch_identifier(struct dns_scope *dns, const struct author *author,
                               const char *domain, enum dmarc_discovery discovery);

/* Starts what check_dmarc() of this request will ask beside the authors' walks, which it
 * waits for. */
void dmarc_prefetch_alignment(const struct dmarc_request *request);

/* Judges and appends the finding (header.from, policy.dmarc). */
void check_dmarc(struct findings *findings, const struct dmarc_request *request,
                 struct dmarc_outcome *outcome);

#endif
