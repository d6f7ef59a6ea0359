/* authres.h: writes and reads Authentication-Results (RFC 8601). */
#ifndef VIDIMUS_AUTH_AUTHRES_H
#define VIDIMUS_AUTH_AUTHRES_H

#include <stdbool.h>

#include "auth/finding.h"
#include "base/text.h"

struct buf;

/* Writes the field body "id; method=result prop=value; …" (no leading space)
 * into OUT, methods in A-R order, folded with LF TAB between results and
 * within long ones.  Without findings: "id; none".  Results and properties that
 * are not registered are left out.  Values that are not MIME tokens (nor
 * addresses of such) are quoted; a value with control octets or invalid UTF-8,
 * or over 255 octets, drops its property.  An id of that kind fails OUT. */
void authres_write(struct buf *out, const char *authserv_id, const struct findings *findings);

/* The results alone, what follows "id; ": "none", or some, as above. */
void authres_write_results(struct buf *out, const struct findings *findings);

/* Writes an authserv-id as a value (RFC 8601 §2.2).  One that authres_write() would
 * refuse fails OUT. */
void authres_write_id(struct buf *out, const char *authserv_id);

enum authres_claim {
    AUTHRES_OTHER, /* well-formed and another host's, or does not hold the id at all */
    AUTHRES_OURS   /* claims the id: same id in any spelling (case, comments,
                      quoted-string, quoted-pair, folding, version), becomes it
                      when comments, blanks and quotes inside of it are dropped,
                      or cannot be parsed and holds the id as a word */
};

/* Whether the Authentication-Results body VALUE claims AUTHSERV_ID (RFC 8601
 * §5).  Compared without case, after A-label/U-label folding of both. */
enum authres_claim authres_claims(struct text value, const char *authserv_id);

/* Reads the results of a field body into FINDINGS (only registered methods and
 * results; unknown ones are skipped, RFC 8601 §2.6).  Texts are copied into
 * the findings' region.  False when the body cannot be parsed; what was read
 * before the error must not be used then.  *ID gets the authserv-id. */
bool authres_read(struct text value, struct text *id, struct findings *findings);

/* The results of a field body as they stand there, in VALUE, those that we do not
 * know and comments included; empty for "none".  False when it cannot be parsed, or
 * holds what no field of ours may: invalid UTF-8, a control character. */
bool authres_results_of(struct text value, struct text *results);

#endif
