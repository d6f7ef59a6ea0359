/* dkim.h: DKIM verification (RFC 6376, 8301, 8463, 8616).
 *
 * A verifier takes the fields as they arrive, so key lookups start early,
 * then streams the body.  Our parsers judge the DKIM-Signature fields and the
 * key records; what remains (canonicalise, digest, verify) is the engine's.
 */
#ifndef VIDIMUS_AUTH_DKIM_H
#define VIDIMUS_AUTH_DKIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/finding.h"
#include "auth/key_record.h"
#include "auth/signature.h"

struct body_digests;
struct dns_scope;
struct header_index;
struct message;
struct field;
struct region;

/* One DKIM-Signature field on its way to a result. */
struct dkim_candidate {
    const struct field *field;
    struct signature signature;
    bool well_formed;           /* signature_parse() took it: all of `signature` holds */
    struct key_choice keys;     /* usable ones, once the engine is asked to finish */
    const struct key_record *key; /* that verified it, or the first usable; NULL: none */
    bool settled;               /* result is known without the engine */
    enum result result;
    const char *reason;         /* static, or in the region */
    unsigned key_bits;          /* 0: unknown */
    uint64_t unsigned_octets;   /* of the canonical body, beyond l= */
    bool body_hash_mismatch;
    bool header_verified;       /* what b= signs is intact, whatever the body (native) */
};

/* Gives CANDIDATE its result: nothing later changes it. */
void settle_dkim_candidate(struct dkim_candidate *candidate, enum result result,
                           const char *reason);

struct dkim_job {
    struct region *region;
    const struct message *message;
    struct body_digests *body;          /* NULL: memory */
    struct header_index *index;         /* once the header is complete */
    struct dkim_candidate **candidates; /* in order of appearance */
    size_t count;
    int64_t now;
};

struct dkim_engine {
    const char *name;
    /* All fields are there.  Returns the engine's state (freed through the
     * region) or NULL: memory (the region latches).  Settles the candidates
     * that it cannot judge: permerror, DKIM_REASON_ENGINE. */
    void *(*begin)(struct dkim_job *job);
    /* NULL: what the engine wanted of job->body is enough. */
    void (*body)(void *state, struct text chunk);
    /* The body is over, its digests too.  Settles every candidate that is not
     * settled: pass, fail or permerror, with unsigned_octets, body_hash_mismatch
     * and the key that verified it.  Their keys are in place. */
    void (*finish)(void *state);
};

/* The reason where the engine, not the message, is at fault. */
#define DKIM_REASON_ENGINE "engine"

extern const struct dkim_engine engine_dkim_libopendkim;
extern const struct dkim_engine engine_dkim_native;

const struct dkim_engine *engine_dkim_named(const char *name);

struct dkim_params {
    const struct dkim_engine *engine;
    struct dns_scope *dns;
    unsigned min_rsa_bits;   /* at least 1024 (RFC 8301) */
    unsigned max_signatures; /* evaluated; unparsable ones count */
    unsigned clock_skew;     /* seconds that our clock and the signer's may differ */
    int64_t now;
    /* The digests of the message's body, shared with ARC.  The owner feeds it,
     * and ends it before check_dkim(). */
    struct body_digests *body;
};

struct dkim_verifier;

/* A verifier in MESSAGE's region; NULL: memory. */
struct dkim_verifier *verify_dkim_new(struct message *message, const struct dkim_params *params);

/* A field has arrived (as stored in the message): parses a DKIM-Signature and
 * starts its key lookup.  Fields beyond max_signatures are only counted. */
void verify_dkim_field(struct dkim_verifier *verifier, const struct field *field);

/* INDEX of the whole header; NULL (memory) leaves everything unjudged. */
void verify_dkim_end_of_header(struct dkim_verifier *verifier, struct header_index *index);

/* Whether the engine itself wants the body (beside params->body). */
bool verify_dkim_wants_body(const struct dkim_verifier *verifier);
void verify_dkim_body(struct dkim_verifier *verifier, struct text chunk);

/* Candidates so far, for starting their DMARC lookups. */
size_t verify_dkim_count(const struct dkim_verifier *verifier);
const struct dkim_candidate *verify_dkim_candidate(const struct dkim_verifier *verifier,
                                                   size_t i);

/* DKIM-Signature fields beyond max_signatures. */
size_t verify_dkim_left_out(const struct dkim_verifier *verifier);

/* Waits for keys, finishes, appends one finding a signature (or one `none`). */
void check_dkim(struct findings *findings, struct dkim_verifier *verifier);

#endif
