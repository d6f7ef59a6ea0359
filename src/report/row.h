/* row.h: the report row: what one judged message adds to an aggregate report
 * (RFC 9990), and nothing beyond it: no local part, no queue id, no header.
 *
 * row_of() makes one from a judgement; row_write() is its one line of printable
 * text (README has the format); row_read() takes such a line back, of this and of
 * every earlier version, and refuses whatever is not exactly such a line.
 */
#ifndef VIDIMUS_REPORT_ROW_H
#define VIDIMUS_REPORT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/dmarc.h"
#include "auth/finding.h"
#include "base/ip.h"
#include "base/names.h"
#include "core/verdict.h"

struct buf;
struct judgement;
struct region;

enum {
    ROW_DKIM_MAX = 100, /* RFC 9990: results a record */
    ROW_REASONS_MAX = 8,
    ROW_COMMENT_MAX = 1024, /* octets of a reason's comment */
    ROW_HUMAN_MAX = 128,   /* octets of a human result */
    ROW_URIS_MAX = 4096,   /* octets of rua, of ruf */
    ROW_OPTIONS_MAX = 64,  /* octets of fo */
    ROW_LINE_MAX = 131072  /* octets of the line, its LF included */
};

/* The record that was found, and where: rows that differ in it belong into
 * different reports. */
struct row_policy {
    const char *domain; /* where the record was found */
    enum dmarc_policy p;
    bool has_sp, has_np;
    enum dmarc_policy sp, np;
    bool strict_dkim, strict_spf; /* adkim=s, aspf=s */
    bool testing;                 /* t=y */
    enum dmarc_psd psd;
    enum dmarc_discovery discovery;
    const char *fo;  /* as written; "": not given */
    const char *rua; /* as written, cut after a whole URI if longer than the bound */
    const char *ruf; /* likewise; "": not given */
};

/* One signature that names a domain and a selector. */
struct row_dkim {
    const char *domain, *selector;
    enum result result;
    const char *human; /* or "" */
};

struct row_reason {
    enum override_reason type; /* never OVERRIDE_NONE */
    const char *comment;       /* or "" */
};

/* Texts are printable ASCII and never NULL; names are normalised domains. */
struct row {
    int64_t time; /* of the verdict, epoch seconds */
    struct ip_address source;
    const char *header_from;
    const char *envelope_from; /* "": null sender, or no domain in it */
    const char *envelope_to;   /* "": several domains, or none */
    struct row_policy policy;
    enum disposition disposition;
    bool dkim_aligned, spf_aligned; /* as DMARC saw them: pass or fail */
    size_t reason_count;
    struct row_reason reasons[ROW_REASONS_MAX];
    /* Aligned ones that passed first: the author's own domain, then others; then
     * others that passed, then the rest: the order that RFC 9990 wants. */
    size_t dkim_count;
    struct row_dkim dkim[ROW_DKIM_MAX];
    struct {
        const char *domain; /* of the MAIL FROM identity (scope mfrom); "": none */
        enum result result;
        const char *human; /* or "" */
    } spf;
};

/* What a message is to the reports. */
enum row_case {
    ROW_REPORTED,   /* gives a row */
    ROW_NOT_JUDGED, /* ours, or trusted: DMARC was not looked at */
    ROW_NO_RECORD,  /* no DMARC record, or none that can be used */
    ROW_UNDECIDED,  /* neither pass nor fail: errors, several authors */
    ROW_DEFERRED,   /* a temporary failure: the message comes again */
    ROW_NOT_WANTED, /* the record asks for no reports (no mailto: in rua) */
    ROW_LEFT_OUT    /* an override says so */
};

extern const struct name row_case_names[]; /* "reported", "not_judged", … */

/* Fills *ROW (only then meaningful) if the answer is ROW_REPORTED.  Its texts point
 * into JUDGEMENT, or live in REGION; when that runs out of memory they are "". */
enum row_case row_of(struct row *row, struct region *region, const struct judgement *judgement,
                     const struct ip_address *client, int64_t now);

/* Of the tags rua and ruf: whether a mailto: is among the URIS, and as many of them as
 * ROW_URIS_MAX octets hold, printable, in REGION ("": memory). */
bool row_has_mailto(struct text uris);
const char *row_uris(struct region *region, struct text uris);

/* Appends the line of ROW, its LF included.  A row that does not fit ROW_LINE_MAX
 * or holds what no row may latches OUT. */
void row_write(struct buf *out, const struct row *row);

enum row_reading {
    ROW_READ_OK,
    ROW_READ_DAMAGED, /* not a line that row_write() made */
    ROW_READ_NEWER    /* intact, of a later version: read it with a later vidimus */
};

/* Reads LINE (LEN octets, without LF), which it changes: the texts of *ROW point
 * into it.  LINE[LEN], where the LF was, must be there to be overwritten too. */
enum row_reading row_read(char *line, size_t len, struct row *row);

#endif
