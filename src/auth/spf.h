/* spf.h: SPF (RFC 7208): request, outcome, and the interface that each engine
 * implements.  The engine evaluates one identity; check_spf() wraps it into
 * findings for MAIL FROM and HELO.
 */
#ifndef VIDIMUS_AUTH_SPF_H
#define VIDIMUS_AUTH_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/finding.h"
#include "base/ip.h"
#include "mail/path.h"

struct dns_scope;
struct region;
struct spf_explanation;
struct spf_macros;
struct spf_record;

struct spf_request {
    struct region *region;
    struct dns_scope *dns;
    struct ip_address client;
    const char *helo;        /* for %{h}: the domain, normalised; what is none, as it
                                came, if it is printable ASCII; else NULL */
    struct text local_part;  /* of the identity; "postmaster" where absent */
    const char *domain;      /* of the identity, normalised */
    const char *receiver;    /* our name, for %{r} */
    int64_t now;             /* epoch seconds, for %{t} */
    bool explain;            /* the explanation of a fail is wanted */
};

struct spf_outcome {
    enum result result;
    const char *reason;      /* NULL or short static/region text */
    struct spf_explanation *explanation; /* of a fail, asked for; or NULL */
    const char *mechanism;   /* the directive that decided, as written, or NULL */
    const char *trail;       /* that directive with the redirects before it and what
                                matched in its includes, " > "-joined; or NULL */
    unsigned lookups;        /* DNS terms counted */
    unsigned voids;
    bool limit_hit;          /* of RFC 7208 §4.6.4: that ended it */
    const char *include_path; /* domains walked, ">"-joined, for people; or NULL */
};

struct spf_engine {
    const char *name;
    /* Evaluates *REQUEST.  May wait for DNS through the request's scope. */
    void (*evaluate)(const struct spf_request *request, struct spf_outcome *outcome);
};

extern const struct spf_engine spf_engine_libspf2;
extern const struct spf_engine spf_engine_native;

/* The engine named NAME ("libspf2", …), or NULL. */
const struct spf_engine *spf_engine_named(const char *name);

/* Starts the DNS lookups that evaluating *REQUEST will need: the record, then,
 * as answers arrive, what its terms name (includes, a, mx, redirect…), without
 * waiting and within RFC 7208's limits.  Nothing of *REQUEST is kept but copies
 * and a reference on its scope; its region may be NULL. */
void spf_prefetch(const struct spf_request *request);

/* Likewise, of RECORD, what names the client (macro p): MACROS may wait for that. */
void spf_prefetch_named(const struct spf_macros *macros, const struct spf_record *record);

struct spf_params {
    const struct spf_engine *engine;
    struct dns_scope *dns;
    struct ip_address client;
    struct text helo;             /* as the client sent it; may be empty */
    const struct path *mail_from; /* PATH_NULL: postmaster@HELO */
    const char *receiver;
    int64_t now;
    bool explain; /* of MAIL FROM */
};

/* What DMARC and the verdict need of SPF. */
struct spf_identity {
    enum result result;
    domain_name domain; /* of the MAIL FROM identity; for a null sender the HELO
                           domain (RFC 7208 §2.4); "" when there is none */
    struct spf_explanation *asked; /* for spf_identity_explain() */
    const char *explanation;       /* of a fail, printable ASCII; or NULL */
    const char *reason;
    bool limit_hit; /* this identity's, or that of HELO */
};

/* Starts the lookups that check_spf() will need, without waiting. */
void prefetch_spf(const struct spf_params *params);

/* Evaluates MAIL FROM, then HELO; appends a finding for each (the HELO finding
 * is left out when it is none).  A malformed MAIL FROM gives none and HELO is not
 * looked at.  *IDENTITY gets the MAIL FROM identity. */
void check_spf(struct findings *findings, const struct spf_params *params,
               struct spf_identity *identity);

/* Waits for the explanation that check_spf() asked for, if it did. */
void spf_identity_explain(struct spf_identity *identity);

#endif
