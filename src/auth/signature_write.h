/* signature_write.h: writes DKIM-Signature and its two relatives of ARC: a folded
 * tag list, and at its end the signature.
 *
 * Lines are folded with LF TAB where both canonicalisations and every tag's
 * grammar allow it: between tags, behind a ':' of h=, within base64.  What is
 * signed is digested by what verifies signatures, from the field as the MTA will
 * make it (field_inserted()), and only if our own strict parser takes that: a
 * signature that it would refuse is never made.
 */
#ifndef VIDIMUS_AUTH_SIGNATURE_WRITE_H
#define VIDIMUS_AUTH_SIGNATURE_WRITE_H

#include <stddef.h>

#include "auth/crypt.h"
#include "auth/signature.h"
#include "auth/signer.h"
#include "base/buf.h"
#include "base/text.h"

struct field;
struct region;

struct signature_writer {
    struct region *region;
    struct text field_name;
    struct buf buf;
    size_t column; /* octets of the line so far, the name of the field counted */
};

void signature_write_begin(struct signature_writer *w, struct region *region,
                           const char *field_name);

/* One tag each; buf's errors latch. */
void signature_write_text(struct signature_writer *w, const char *tag, struct text value);
void signature_write_number(struct signature_writer *w, const char *tag, unsigned long long value);
void signature_write_names(struct signature_writer *w, const char *tag, const struct text *names,
                           size_t count);
void signature_write_base64(struct signature_writer *w, const char *tag, struct text octets);

/* a=, d= and s=: who signs, and how. */
void signature_write_signer(struct signature_writer *w, const struct signer *signer);

/* The field without its signature, as it signs itself. */
struct signature_draft {
    const struct field *field;  /* with something in place of the signature */
    struct signature signature; /* whose hole it is */
};

/* All other tags are written: begins b=.  NULL, or why there can be no such
 * signature. */
const char *signature_write_draft(struct signature_writer *w, enum signature_kind kind,
                                  struct signature_draft *draft);

/* Ends the field with SIGNER's signature of DIGEST.  NULL, or why not. */
const char *signature_write_end(struct signature_writer *w, const struct signer *signer,
                                const sha256_value digest);

#endif
